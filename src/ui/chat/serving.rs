//! What the workspace that is open serves, in the list of endpoints.

use egui::{Button, Color32, Label, ScrollArea, Ui};

use super::header::dot_ui;
use crate::agent::RequestDialect;
use crate::entities::{ServingEndpoint, ServingState};
use crate::state::command::Commands;
use crate::state::endpoints::EndpointsCommand;
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::filter_field_ui;

/// More endpoints than these have a filter above them.
const FEW: usize = 8;
/// Width of the list, in points.
const WIDTH: f32 = 380.0;
/// Height of the list at most, in points.
const ROOM: f32 = 10.0 * size::ROW;

/// Below the endpoints that are known: the workspace's own, each with its state. Nothing where the server is none.
pub(super) fn section_ui(ui: &mut Ui, cx: &Cx<'_>, filter: &mut String, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    let info = workspace.store.info();
    if !info.serves_endpoints {
        return;
    }
    let serving = &workspace.serving;
    ui.set_max_width(WIDTH);
    ui.label(theme::text::label(format!("Served by {}", info.label)));
    let all: Vec<&ServingEndpoint> = serving.listed().collect();
    if let Some(error) = serving.error() {
        let text = format!("{error}. {}", error.next_step());
        ui.add(Label::new(theme::text::small(text).color(ui.tokens().failure.fg)).wrap());
        if ui.add(theme::button::quiet("Try again")).clicked() {
            out.push(EndpointsCommand::Probe);
        }
    } else if all.is_empty() {
        let loading = serving.is_loading();
        ui.label(theme::text::weak(if loading {
            "Loading…"
        } else {
            "No endpoint to talk to is served here"
        }));
    }
    if all.len() > FEW {
        ui.add_space(size::SPACE_XS);
        filter_field_ui(ui, filter, "Filter endpoints");
    }
    let words = filter.to_lowercase();
    let fits = |listed: &&ServingEndpoint| {
        let text = format!("{} {} {}", listed.name, listed.task, listed.creator).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    ScrollArea::vertical().id_salt("serving endpoints").max_height(ROOM).show(ui, |ui| {
        for listed in all.into_iter().filter(fits) {
            entry_ui(ui, cx, listed, out);
        }
    });
}

fn entry_ui(ui: &mut Ui, cx: &Cx<'_>, listed: &ServingEndpoint, out: &mut Commands) {
    ui.horizontal(|ui| {
        dot_ui(ui, state_color(ui, listed.state));
        let current = cx.state.chat.target.address() == listed.url;
        let state = Some(listed.state).filter(|state| *state != ServingState::Ready);
        let state = state.map(|state| state.short().to_owned());
        let version = listed.version().map(|(_, version)| format!("v{version}"));
        let dialect = RequestDialect::of_task(&listed.task).map(|dialect| dialect.label().to_owned());
        let known: Vec<String> = [state, version, dialect].into_iter().flatten().collect();
        let entry = Button::selectable(current, listed.name.as_str());
        let entry = entry.right_text(theme::text::small(known.join(" · "))).truncate();
        // The scroll bar lies over what is at the right.
        let entry = ui.add_sized([ui.available_width() - size::SPACE_M, size::CONTROL], entry);
        let name = format!("{}, {}", listed.name, listed.state.label());
        if entry.accessible_name(name).on_hover_text(described(listed)).clicked() {
            out.push(EndpointsCommand::UseServing(listed.url.clone()));
            ui.close();
        }
    });
}

/// Its state, what it serves, what it takes and who made it, a line each.
pub(super) fn described(listed: &ServingEndpoint) -> String {
    let mut lines = vec![listed.url.clone(), listed.state.label().to_owned()];
    lines.extend(listed.served.iter().filter(|served| !served.name.is_empty()).map(|served| {
        match served.version {
            Some(version) => format!("Serves {} v{version}", served.name),
            None => format!("Serves {}", served.name),
        }
    }));
    lines.extend(Some(&listed.task).filter(|task| !task.is_empty()).map(|task| format!("Task {task}")));
    lines.extend(Some(&listed.creator).filter(|who| !who.is_empty()).map(|who| format!("Made by {who}")));
    lines.join("\n")
}

pub(super) fn state_color(ui: &Ui, state: ServingState) -> Color32 {
    let tokens = ui.tokens();
    match state {
        ServingState::Ready | ServingState::Updating => tokens.success.fg,
        ServingState::NotReady => tokens.warning.fg,
    }
}
