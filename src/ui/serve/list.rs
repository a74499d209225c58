//! What is served here: on the status bar, and in the chat that talks to it.

use egui::containers::menu::MenuButton;
use egui::{Align, Layout, RichText, Ui, Vec2};

use crate::state::command::Commands;
use crate::state::format;
use crate::state::serve::{Phase, ServeCommand, Served};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;

/// Width of the list.
const WIDTH: f32 = 420.0;

/// The button of the status bar, if anything is served or was.
pub fn status_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let served = cx.state.serve.served();
    if served.is_empty() {
        return;
    }
    let running = served.iter().filter(|served| served.is_running()).count();
    let failed = served.iter().any(|served| matches!(served.phase, Phase::Failed(_)));
    let color = if failed { ui.tokens().failure.fg } else { ui.tokens().text_weak };
    let text = RichText::new(format!("Served here: {running}")).small().color(color);
    let icon = Icon::Play.sized(size::ICON_SMALL).alt_text("");
    let button = theme::button::quiet((icon, text)).min_size(Vec2::ZERO);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| list_ui(ui, cx, out));
    response.on_hover_text("Models that run on this machine");
}

/// In the chat's header, in the row that says how the endpoint is: which model answers here, or a way to have one.
pub fn bound_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let serve = &cx.state.serve;
    if let Some(served) = serve.bound(cx.state.chat.target.address()) {
        phase_ui(ui, served);
        ui.label(theme::text::small(served.title())).on_hover_text(version_hint(served));
    }
    if serve.served().is_empty() {
        let icon = Icon::Play.sized(size::ICON_SMALL).alt_text("");
        let button = theme::button::quiet((icon, RichText::new("Serve a model here…").small()));
        if ui
            .add(button.min_size(Vec2::ZERO))
            .on_hover_text("Run a model on this machine, and talk to it")
            .clicked()
        {
            out.push(ServeCommand::Ask { model: None, chat: true });
        }
    } else {
        let chevron = Icon::ChevronDown.sized(size::ICON_SMALL).alt_text("");
        let button = theme::button::quiet((RichText::new("Served here").small(), chevron));
        MenuButton::from_button(button.min_size(Vec2::ZERO)).ui(ui, |ui| list_ui(ui, cx, out));
    }
}

fn version_hint(served: &Served) -> String {
    match served.version {
        Some(version) => format!(
            "{} meant v{version} when it was started. It answers as that version until it is restarted",
            served.spec.model
        ),
        None => "Which version it resolved is not known for sure".to_owned(),
    }
}

fn list_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    ui.set_width(WIDTH);
    for served in cx.state.serve.served() {
        served_ui(ui, cx, served, out);
        ui.separator();
    }
    if ui.button("Serve another…").clicked() {
        out.push(ServeCommand::Ask { model: None, chat: false });
        ui.close();
    }
}

fn served_ui(ui: &mut Ui, cx: &Cx<'_>, served: &Served, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let age = format::relative_time(served.since, cx.now);
            ui.label(theme::text::small(age)).on_hover_text(format::exact_time(served.since));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                phase_ui(ui, served);
                ui.add(egui::Label::new(theme::text::strong(served.title())).truncate())
                    .on_hover_text(version_hint(served));
            });
        });
    });
    let line = match &served.phase {
        Phase::Failed(why) => RichText::new(&why.what).small().color(ui.tokens().failure.fg),
        _ => theme::text::small_mono(served.address()),
    };
    ui.add(egui::Label::new(line).truncate());
    buttons_ui(ui, served, true, out);
    if served.is_running() {
        let mut kept = served.kept;
        if ui.checkbox(&mut kept, "Keep it running when Flowdeck is closed").changed() {
            out.push(ServeCommand::SetKept(served.id, kept));
        }
    }
}

/// What can be done with one. Names say with which, so that a screen reader can tell them apart.
pub(super) fn buttons_ui(ui: &mut Ui, served: &Served, log: bool, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        let model = &served.spec.model;
        let mut button = |ui: &mut Ui, word: &str, enabled: bool, command: ServeCommand, closes: bool| {
            let response = ui.add_enabled(enabled, theme::button::default(word));
            if response.accessible_name(format!("{word} {model}")).clicked() {
                out.push(command);
                if closes {
                    ui.close();
                }
            }
        };
        let id = served.id;
        if served.is_running() {
            button(ui, "Chat", served.phase == Phase::Ready, ServeCommand::Talk(id), true);
            button(ui, "Stop", served.phase != Phase::Stopping, ServeCommand::Stop(id), false);
        }
        button(ui, "Restart", served.phase != Phase::Stopping, ServeCommand::Restart(id), false);
        if log {
            button(ui, "Log", true, ServeCommand::ShowLog(Some(id)), true);
        }
        if !served.is_running() {
            button(ui, "Forget", true, ServeCommand::Forget(id), false);
        }
    });
}

/// A dot and a word.
pub(super) fn phase_ui(ui: &mut Ui, served: &Served) {
    let tokens = ui.tokens();
    let color = match &served.phase {
        Phase::Starting | Phase::Stopping => tokens.warning.fg,
        Phase::Ready => tokens.success.fg,
        Phase::Stopped => tokens.text_disabled,
        Phase::Failed(_) => tokens.failure.fg,
    };
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(8.0), egui::Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, color);
    ui.label(RichText::new(served.phase.label()).small().color(color));
}
