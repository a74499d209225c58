//! The trace of a turn: the link to it, or the way to find it.

use egui::containers::menu::MenuButton;
use egui::{Button, CursorIcon, Label, Sense, Ui};

use super::messages::Tools;
use crate::agent::AgentError;
use crate::entities::TraceInfo;
use crate::state::chat::Turn;
use crate::state::endpoints::{EndpointsCommand, TurnTrace};
use crate::state::{Command, Route, format};
use crate::theme::{self, Icon, Themed as _, size};

/// What a click on the button does.
const FINDS: &str = "Find the trace: looks on the server that is open for what the agent did";
/// Where nothing was found.
const NOTHING: &str = "No trace on the server that is open has these words and began at about that time.\n\
     Where the agent traces to it: edit the endpoint, say what it serves, and mark each message";
/// Where several were found.
const SEVERAL: &str = "These began at about that time, and nothing tells which it is.\n\
     Edit the endpoint and mark each message to be certain next time";
/// Traces that are offered at once.
const MOST_OFFERED: usize = 12;

/// Draws it.
pub(super) fn trace_ui(ui: &mut Ui, turn: &Turn, tools: &mut Tools<'_>) {
    if let Some(trace) = turn.trace_id() {
        ui.add_space(size::SPACE_XS);
        link_ui(ui, trace, tools);
        return;
    }
    let arrived = turn.report.is_some() && !turn.error().is_some_and(AgentError::is_unreachable);
    let traces = tools.traces.filter(|_| arrived && !tools.chat.is_of_sample(turn));
    let Some(traces) = traces else { return };
    match traces.sought.of(turn.id) {
        TurnTrace::NotSought => find_ui(ui, turn, "Find the trace", FINDS, tools),
        TurnTrace::Looking => {
            ui.label(theme::text::small("Looking for its trace…"));
        }
        TurnTrace::Nothing => {
            ui.label(theme::text::small("No trace found")).on_hover_text(NOTHING);
            find_ui(ui, turn, "Look again for the trace", "Look again for the trace", tools);
        }
        TurnTrace::Several(found) => several_ui(ui, turn, found, tools),
        TurnTrace::Failed(error) => {
            let text = theme::text::small("Could not look for its trace").color(ui.tokens().failure.fg);
            ui.label(text).on_hover_text(format!("{error}\n{}", error.next_step()));
            find_ui(ui, turn, "Look again for the trace", "Look again for the trace", tools);
        }
    }
}

fn find_ui(ui: &mut Ui, turn: &Turn, name: &str, hint: &str, tools: &mut Tools<'_>) {
    let button = theme::button::quiet(Icon::Tree.sized(size::ICON_SMALL).alt_text(name));
    if ui.add(button).on_hover_text(hint).clicked() {
        tools.out.push(EndpointsCommand::FindTrace(turn.id));
    }
}

/// Opens the trace beside the chat where a server is open, and copies its id where none is.
fn link_ui(ui: &mut Ui, trace: &str, tools: &mut Tools<'_>) {
    let short = format!("trace {}", format::short_id(trace.trim_start_matches("tr-")));
    let open = Command::Go(Route::Trace { trace_id: trace.to_owned(), beside_chat: true });
    let copy = Command::Copy(trace.to_owned(), "the trace id");
    let connected = tools.traces.is_some();
    let is_shown = tools.traces.is_some_and(|traces| traces.shown == Some(trace));
    let mut text = theme::text::small_mono(short);
    if is_shown {
        text = text.color(ui.tokens().accent.text);
    }
    let response = ui.add(Label::new(text).sense(Sense::click())).on_hover_cursor(CursorIcon::PointingHand);
    response.context_menu(|ui| {
        if connected && ui.button("Open trace").clicked() {
            tools.out.push(open.clone());
        }
        if ui.button("Copy trace id").clicked() {
            tools.out.push(copy.clone());
        }
    });
    let hint = if connected { "Click to see what the agent did" } else { "Click to copy" };
    if response.on_hover_text(format!("{trace}\n{hint}")).clicked() {
        tools.out.push(if connected { open } else { copy });
    }
}

/// Those that may be it; the one that is chosen is opened.
fn several_ui(ui: &mut Ui, turn: &Turn, found: &[TraceInfo], tools: &mut Tools<'_>) {
    let text = match found.len() {
        1 => "1 trace may be its".to_owned(),
        many => format!("{many} traces may be its"),
    };
    let button = theme::button::quiet(theme::text::small(text));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        for trace in found.iter().take(MOST_OFFERED) {
            if ui.add(Button::new(described(trace))).on_hover_text(&trace.trace_id).clicked() {
                let (turn, trace_id) = (turn.id, trace.trace_id.clone());
                tools.out.push(EndpointsCommand::ChooseTrace { turn, trace_id: trace_id.clone() });
                tools.out.push(Route::Trace { trace_id, beside_chat: true });
                ui.close();
            }
        }
        if found.len() > MOST_OFFERED {
            ui.label(theme::text::small(format!("and {} more", found.len() - MOST_OFFERED)));
        }
    });
    response.on_hover_text(SEVERAL);
}

/// `Nov 22, 14:03:07 · 1.2 s · ask · 3f2a9c1e`
fn described(trace: &TraceInfo) -> String {
    let at = trace.request_time.map(format::clock_time);
    let took = trace.execution_duration.map(format::duration);
    let name = Some(trace.name().to_owned()).filter(|name| !name.is_empty());
    let id = format::short_id(trace.trace_id.trim_start_matches("tr-")).to_owned();
    [at, took, name, Some(id)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
