//! One cell of the table by its column.

use egui::{Label, RichText, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo};

use super::grid::Grid;
use crate::entities::RunStatus;
use crate::state::format;
use crate::state::navigation::{ModelKind, Route};
use crate::state::runs::{Attribute, ColumnKey, Entry, Field, KeyKind, RunsCommand};
use crate::theme::{self, Icon, Themed as _, Tint, Tokens, size};
use crate::ui::widgets::cells::{padded_ui, text_ui};

/// Each level of the tree stands this much further in.
const INDENT: f32 = 14.0;
/// Deeper ones stand no further in: the name must still be seen.
const MOST_INDENTS: u16 = 8;

impl Grid<'_> {
    pub(super) fn column_cell_ui(&mut self, ui: &mut Ui, column: usize, place: u64) {
        let (Some(shown), Some(entry)) = (self.columns.get(column), self.entry(place)) else { return };
        if !entry.matched {
            ui.set_opacity(0.55);
        }
        let (row, rows) = (entry.row, self.listing.table().rows());
        match (&shown.key, shown.id) {
            (ColumnKey::Attribute(Attribute::Name), _) => self.name_ui(ui, entry, place),
            (ColumnKey::Attribute(attribute), _) => self.attribute_ui(ui, *attribute, row),
            (ColumnKey::Metric(_), Some(id)) => {
                if let Some(value) = rows.metric(row, id) {
                    let text = format::number(value);
                    right_ui(ui, &text, || format::number_exact(value));
                }
            }
            (key @ (ColumnKey::Param(_) | ColumnKey::Tag(_)), Some(id)) => {
                let kind = if matches!(key, ColumnKey::Param(_)) { KeyKind::Param } else { KeyKind::Tag };
                if let Some(text) = rows.text(row, kind, id) {
                    if shown.numeric {
                        right_ui(ui, text, || text.to_owned());
                    } else {
                        text_ui(ui, first_line(text));
                    }
                }
            }
            (_, None) => {}
        }
    }

    fn name_ui(&mut self, ui: &mut Ui, entry: Entry, place: u64) {
        let rows = self.listing.table().rows();
        let tokens = ui.tokens();
        let name = rows.name(entry.row);
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("name"), Sense::CLICK);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("run {name}")));
        self.row_interact_ui(&response, place);
        padded_ui(ui, false, |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            self.fold_ui(ui, entry, name);
            let (icon, tint) = status_look(rows.status(entry.row), tokens);
            let status = rows.status(entry.row).label();
            ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(status)).on_hover_text(status);
            if rows.is_deleted(entry.row) {
                let deleted = Icon::Delete.sized(size::ICON_SMALL).tint(tokens.text_weak);
                ui.add(deleted.alt_text("Deleted")).on_hover_text("Deleted");
            }
            ui.add(Label::new(RichText::new(name).color(tokens.text_strong)).truncate());
        });
    }

    /// The place in the tree: indented, with a chevron where there is something below.
    fn fold_ui(&mut self, ui: &mut Ui, entry: Entry, name: &str) {
        if !self.listing.is_nested() || !self.listing.arrangement().has_children {
            return;
        }
        ui.add_space(f32::from(entry.depth.min(MOST_INDENTS)) * INDENT);
        let side = Vec2::splat(size::ICON);
        if entry.below == 0 {
            ui.allocate_space(side);
            return;
        }
        let open = self.listing.is_open(entry.row);
        let icon = if open { Icon::ChevronDown } else { Icon::ChevronRight };
        let label = format!("{} {name}", if open { "Fold" } else { "Unfold" });
        ui.spacing_mut().button_padding = Vec2::ZERO;
        let button = theme::button::quiet(icon.sized(size::ICON_SMALL).alt_text(label)).min_size(side);
        if ui.add(button.sense(Sense::CLICK)).clicked() {
            self.out.push(RunsCommand::Unfold(entry.row, !open));
        }
    }

    fn attribute_ui(&mut self, ui: &mut Ui, attribute: Attribute, row: u32) {
        let rows = self.listing.table().rows();
        let (start, end) = rows.times(row);
        match attribute {
            Attribute::Name => {}
            Attribute::Status => {
                let status = rows.status(row);
                let (_, tint) = status_look(status, ui.tokens());
                text_ui(ui, RichText::new(status.label()).color(tint.fg));
            }
            Attribute::Start | Attribute::End => {
                if let Some(at) = if attribute == Attribute::Start { start } else { end } {
                    left_ui(ui, format::relative_time(at, self.now), || format::exact_time(at));
                }
            }
            Attribute::Duration => {
                if let Some(duration) = rows.duration(row, self.now) {
                    let text = format::duration(duration);
                    right_ui(ui, &text, || format!("{} ms", format::count(duration.unsigned_abs() as usize)));
                }
            }
            Attribute::User => self.field_ui(ui, row, Field::User, |text| text),
            Attribute::Source => self.field_ui(ui, row, Field::Source, last_part),
            Attribute::Dataset => self.field_ui(ui, row, Field::Datasets, |text| text),
            Attribute::Commit => self.id_ui(ui, row, Field::Commit),
            Attribute::RunId => self.id_ui(ui, row, Field::RunId),
            Attribute::Model => self.model_ui(ui, row),
        }
    }

    fn field_ui(&self, ui: &mut Ui, row: u32, field: Field, short: impl FnOnce(&str) -> &str) {
        if let Some(text) = self.listing.table().rows().field(row, field) {
            left_ui(ui, short(text), || text.to_owned());
        }
    }

    fn id_ui(&self, ui: &mut Ui, row: u32, field: Field) {
        if let Some(id) = self.listing.table().rows().field(row, field) {
            left_ui(ui, RichText::new(format::short_id(id)).monospace(), || id.to_owned());
        }
    }

    /// The registered version if there is one, else the logged model's name; its id until that is known.
    fn model_ui(&mut self, ui: &mut Ui, row: u32) {
        let Some(models) = self.listing.table().rows().field(row, Field::Models) else { return };
        let Some(first) = models.split(' ').next() else { return };
        let more = models.split(' ').count() - 1;
        let label = self.models.get(first);
        let mut chosen = None;
        padded_ui(ui, false, |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            let weak = ui.tokens().text_weak;
            match label {
                Some(label) => {
                    let (icon, version) = (Icon::Model, label.registered_as.last());
                    ui.add(icon.sized(size::ICON_SMALL).tint(weak).alt_text(""));
                    if let Some((name, number)) = version {
                        let whole = format!("{name} v{number}");
                        let shown = elided(ui, name, &format!(" v{number}"));
                        let text = RichText::new(shown).color(ui.tokens().accent.text);
                        let link = ui.add(Label::new(text).truncate().sense(Sense::CLICK));
                        let link = link.accessible_name(&whole).on_hover_text(&whole);
                        let link = link.on_hover_cursor(egui::CursorIcon::PointingHand);
                        if link.clicked() {
                            chosen = Some((name.clone(), *number));
                        }
                    } else {
                        ui.add(Label::new(&label.name).truncate()).on_hover_text(first);
                    }
                }
                None => {
                    ui.add(Label::new(theme::text::small_mono(short_model(first))).truncate());
                }
            }
            if more > 0 {
                ui.add(Label::new(theme::text::small(format!("+{more}")))).on_hover_text(models);
            }
        });
        if let Some((name, version)) = chosen {
            self.out.push(Route::Version { kind: ModelKind::Model, name, version });
        }
    }
}

/// A model's name cut where the version behind it would have no room: the version is what one looks for.
fn elided(ui: &Ui, name: &str, version: &str) -> String {
    let (font, color) = (TextStyle::Body.resolve(ui.style()), ui.tokens().text);
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), color).size().x;
    let (all, room) = (width(name), ui.available_width() - width(version) - width("…"));
    if all <= room + width("…") {
        return format!("{name}{version}");
    }
    let kept = (name.chars().count() as f32 * (room / all).max(0.0)) as usize;
    let start: String = name.chars().take(kept).collect();
    format!("{start}…{version}")
}

/// A status's icon and colour.
fn status_look(status: RunStatus, tokens: &Tokens) -> (Icon, Tint) {
    match status {
        RunStatus::Running => (Icon::Running, tokens.info),
        RunStatus::Scheduled => (Icon::Pending, tokens.info),
        RunStatus::Finished => (Icon::Success, tokens.success),
        RunStatus::Failed => (Icon::Failure, tokens.failure),
        RunStatus::Killed => (Icon::Killed, tokens.warning),
    }
}

/// A number, with all its digits on hover. The text for that is made only when it is needed.
fn right_ui(ui: &mut Ui, text: &str, exact: impl FnOnce() -> String) {
    padded_ui(ui, true, |ui| {
        ui.add(Label::new(theme::text::number(text)).truncate()).on_hover_ui(|ui| {
            ui.label(exact());
        });
    });
}

fn left_ui(ui: &mut Ui, text: impl Into<RichText>, exact: impl FnOnce() -> String) {
    padded_ui(ui, false, |ui| {
        ui.add(Label::new(text.into()).truncate()).on_hover_ui(|ui| {
            ui.label(exact());
        });
    });
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The file of a path: `/home/anna/train.py` is `train.py`.
fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}

/// `m-231f04c2`: the start of a logged model's id.
fn short_model(id: &str) -> &str {
    let end = id.char_indices().nth(10).map_or(id.len(), |(at, _)| at);
    &id[..end]
}
