//! One cell of the table by its column.

use egui::{Label, RichText, Role, Sense, Ui, WidgetInfo};

use super::grid::Grid;
use crate::entities::TraceState;
use crate::state::format;
use crate::state::navigation::{ModelKind, Route};
use crate::state::traces::{TraceColumn, TraceRow};
use crate::theme::{self, Icon, Themed as _, Tint, Tokens, size};
use crate::ui::widgets::cells::{number_ui, padded_ui, text_ui};

/// A state's icon and colour.
pub(in crate::ui) fn state_look(state: TraceState, tokens: &Tokens) -> (Icon, Tint) {
    match state {
        TraceState::Ok => (Icon::Success, tokens.success),
        TraceState::Error => (Icon::Failure, tokens.failure),
        TraceState::InProgress => (Icon::Running, tokens.info),
        TraceState::Unspecified => (Icon::Help, tokens.neutral_chip),
    }
}

impl Grid<'_> {
    pub(super) fn column_cell_ui(&mut self, ui: &mut Ui, column: TraceColumn, place: usize) {
        let Some(row) = self.listing.row(place) else { return };
        match column {
            TraceColumn::Time => self.time_ui(ui, row, place),
            TraceColumn::State => state_ui(ui, row.state),
            TraceColumn::Name => text_ui(ui, &row.name),
            TraceColumn::Request => preview_ui(ui, &row.request),
            TraceColumn::Response => preview_ui(ui, &row.response),
            TraceColumn::Duration => {
                if let Some(duration) = row.duration {
                    let exact = format!("{} ms", format::count(duration.unsigned_abs() as usize));
                    number_ui(ui, &format::duration(duration), Some(&exact));
                }
            }
            TraceColumn::Tokens => {
                if let Some(tokens) = row.tokens {
                    let count = |count: u64| format::count(count as usize);
                    let exact = format!("{} in, {} out", count(tokens.input), count(tokens.output));
                    number_ui(ui, &count(tokens.total), Some(&exact));
                }
            }
            TraceColumn::Model => self.model_ui(ui, row),
            TraceColumn::Session => text_ui(ui, row.session.as_deref().unwrap_or_default()),
            TraceColumn::User => text_ui(ui, row.user.as_deref().unwrap_or_default()),
            TraceColumn::Assessments => thumbs_ui(ui, row),
            TraceColumn::Tags => tags_ui(ui, &row.tags),
        }
    }

    /// The row is called by what was asked, and by its id where nothing was.
    fn time_ui(&mut self, ui: &mut Ui, row: &TraceRow, place: usize) {
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("time"), Sense::CLICK);
        let name = if row.request.is_empty() { &row.trace_id } else { &row.request };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("trace {name}")));
        self.row_interact_ui(&response, place);
        if let Some(at) = row.time {
            padded_ui(ui, false, |ui| {
                let text = format::relative_time(at, self.now);
                ui.add(Label::new(text).truncate().selectable(false))
                    .on_hover_ui(|ui| drop(ui.label(format::exact_time(at))));
            });
        }
    }

    /// The registered version if there is one, else the logged model's name; its id until that is known.
    fn model_ui(&mut self, ui: &mut Ui, row: &TraceRow) {
        let Some(id) = &row.model_id else { return };
        let label = self.models.get(id);
        let version = label.and_then(|label| label.registered_as.last());
        let link = padded_ui(ui, false, |ui| match (version, label) {
            (Some((name, number)), _) => {
                let text = RichText::new(format!("{name} v{number}")).color(ui.tokens().accent.text);
                let link = ui.add(Label::new(text).truncate().sense(Sense::CLICK));
                link.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
            }
            (None, Some(label)) => {
                ui.add(Label::new(&label.name).truncate().selectable(false)).on_hover_text(id);
                false
            }
            (None, None) => {
                ui.add(Label::new(theme::text::small_mono(id)).truncate().selectable(false));
                false
            }
        });
        if let Some((name, version)) = version.filter(|_| link) {
            let (kind, name) = (ModelKind::Model, name.clone());
            self.out.push(Route::Version { kind, name, version: *version });
        }
    }
}

fn state_ui(ui: &mut Ui, state: TraceState) {
    let (icon, tint) = state_look(state, ui.tokens());
    padded_ui(ui, false, |ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(""));
        // As it should be needs no colour.
        let text = RichText::new(state.label());
        let text = if state == TraceState::Ok { text.weak() } else { text.color(tint.fg) };
        ui.add(Label::new(text).truncate().selectable(false));
    });
}

fn preview_ui(ui: &mut Ui, text: &str) {
    padded_ui(ui, false, |ui| {
        ui.add(Label::new(text).truncate().selectable(false)).on_hover_ui(|ui| {
            ui.set_max_width(size::DIALOG);
            ui.label(text);
        });
    });
}

fn thumbs_ui(ui: &mut Ui, row: &TraceRow) {
    if row.assessments == 0 {
        return;
    }
    let tokens = ui.tokens();
    let (good, bad) = row.thumbs;
    padded_ui(ui, false, |ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        for (icon, count, tint, name) in
            [(Icon::Good, good, tokens.success, "good"), (Icon::Bad, bad, tokens.failure, "bad")]
        {
            if count > 0 {
                let name = format!("{count} {name}");
                ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(&name)).on_hover_text(&name);
                ui.label(theme::text::small(count.to_string()));
            }
        }
        let others = row.assessments.saturating_sub(good + bad);
        if others > 0 {
            ui.label(theme::text::small(if good + bad > 0 {
                format!("+{others}")
            } else {
                others.to_string()
            }))
            .on_hover_text(format::counted(
                others as usize,
                "other assessment",
                "other assessments",
            ));
        }
    });
}

fn tags_ui(ui: &mut Ui, tags: &[(String, String)]) {
    if tags.is_empty() {
        return;
    }
    let text: Vec<String> = tags.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    padded_ui(ui, false, |ui| {
        ui.add(Label::new(theme::text::weak(text.join(" · "))).truncate().selectable(false))
            .on_hover_ui(|ui| drop(ui.label(text.join("\n"))));
    });
}
