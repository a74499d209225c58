//! Settings: how it looks, which aliases it guards, which servers it remembers.

mod policy;

use egui::{ScrollArea, Ui};

use super::Cx;
use super::widgets::{fact_ui, facts_ui, switch_ui, text_with_copy_ui};
use crate::state::chat::ChatCommand;
use crate::state::command::Commands;
use crate::state::journal::JournalCommand;
use crate::state::settings::{Density, ThemeChoice};
use crate::state::{Command, format};
use crate::theme::{self, Icon, size};

/// Draws the screen.
pub fn show(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    egui::Frame::new().inner_margin(size::SPACE_XL).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(size::PROSE_MAX);
            ui.label(theme::text::heading("Settings"));
            ui.add_space(size::SPACE_L);
            look_ui(ui, cx, out);
            ui.add_space(size::SPACE_XL);
            policy::show(ui, cx, out);
            ui.add_space(size::SPACE_XL);
            conversations_ui(ui, cx, out);
            ui.add_space(size::SPACE_XL);
            journal_ui(ui, cx, out);
            ui.add_space(size::SPACE_XL);
            servers_ui(ui, cx, out);
            ui.add_space(size::SPACE_XL);
            about_ui(ui, out);
        });
    });
}

fn look_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let settings = cx.state.settings.get();
    ui.label(theme::text::title("Appearance"));
    ui.add_space(size::SPACE_S);
    facts_ui(ui, "appearance", |ui| {
        fact_ui(ui, "Theme", |ui| {
            let choices =
                [(ThemeChoice::System, "System"), (ThemeChoice::Light, "Light"), (ThemeChoice::Dark, "Dark")];
            if let Some(choice) = switch_ui(ui, "", settings.theme, &choices) {
                out.push(Command::SetTheme(choice));
            }
        });
        fact_ui(ui, "Rows", |ui| {
            let choices = [(Density::Regular, "Regular"), (Density::Compact, "Compact")];
            if let Some(density) = switch_ui(ui, "", settings.density, &choices) {
                out.push(Command::SetDensity(density));
            }
        });
    });
}

fn conversations_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    ui.label(theme::text::title("Conversations"));
    ui.label(theme::text::weak(
        "Kept on this machine alone, as files that only you can read. Tokens are never kept",
    ));
    ui.add_space(size::SPACE_S);
    let mut keep = cx.state.settings.get().keep_conversations;
    if ui.checkbox(&mut keep, "Keep conversations with agents").changed() {
        out.push(ChatCommand::Keep(keep));
    }
    let count = cx.state.chat.all().len();
    if count > 0 {
        ui.add_space(size::SPACE_S);
        let text = format!("Delete {}", format::counted(count, "conversation", "conversations"));
        if ui.add(theme::button::default((Icon::Delete.image(), text))).clicked() {
            out.push(ChatCommand::DeleteAll);
        }
    }
}

fn journal_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let settings = &cx.state.settings.get().journal;
    ui.label(theme::text::title("Journal"));
    ui.label(theme::text::weak(
        "What was moved here and by others. MLflow itself keeps no history of aliases",
    ));
    ui.add_space(size::SPACE_S);
    let mut notify = settings.notify_desktop;
    if ui.checkbox(&mut notify, "Tell me on the desktop when others move an alias").changed() {
        out.push(JournalCommand::NotifyDesktop(notify));
    }
    let mut tell = settings.tell_colleagues;
    let hover = "Written after the move as flowdeck.promotion.<alias>: from, to, who, when and why";
    if ui.checkbox(&mut tell, "Tell colleagues: write a tag on the model").on_hover_text(hover).changed() {
        out.push(JournalCommand::TellColleagues(tell));
    }
    ui.add_space(size::SPACE_XS);
    match cx.state.journal.place() {
        Some(place) => {
            let place = place.display().to_string();
            facts_ui(ui, "journal", |ui| {
                fact_ui(ui, "File", |ui| text_with_copy_ui(ui, &place, "path", out));
            });
        }
        None => {
            ui.label(theme::text::weak("Kept nowhere: this machine has no folder for it"));
        }
    }
}

fn servers_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    ui.label(theme::text::title("Servers"));
    ui.label(theme::text::weak("Logins are never kept: they come from the environment or are typed anew"));
    ui.add_space(size::SPACE_S);
    for server in &cx.state.settings.get().servers {
        ui.horizontal(|ui| {
            ui.add(egui::Label::new(&server.uri).selectable(true));
            if ui
                .add(theme::button::icon(Icon::Close, "Forget"))
                .on_hover_text("Forget this server")
                .clicked()
            {
                out.push(Command::ForgetServer(server.uri.clone()));
            }
        });
    }
    if cx.workspace().is_some() {
        ui.add_space(size::SPACE_S);
        if ui.button("Choose another server…").clicked() {
            out.push(Command::Disconnect);
        }
    }
}

fn about_ui(ui: &mut Ui, out: &mut Commands) {
    ui.label(theme::text::title("About"));
    ui.add_space(size::SPACE_S);
    ui.label(format!("Flowdeck {}", env!("CARGO_PKG_VERSION")));
    ui.label(theme::text::weak("MIT or Apache-2.0. Inter and JetBrains Mono: OFL. Icons: Lucide, ISC"));
    ui.add_space(size::SPACE_S);
    if ui.add(theme::button::default((Icon::Keyboard.image(), "Keys"))).clicked() {
        out.push(Command::ShowShortcuts);
    }
}
