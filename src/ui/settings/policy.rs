//! The promotion policy in Settings: which file it is, and what is wrong with it.

use egui::{Label, RichText, Ui};

use crate::state::command::Commands;
use crate::state::format;
use crate::state::policy::{PolicyCommand, PolicyFile};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::text_with_copy_ui;

/// Draws the section.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let policy = &cx.state.policy;
    ui.label(theme::text::title("Promotion policy"));
    let text = "Which aliases move at once, which after a look at the plan, and which only with their name typed and a \
                reason given. It is a guard of this app: the server does not enforce it, and other clients do not \
                know it";
    ui.add(Label::new(theme::text::weak(text)).wrap());
    ui.add_space(size::SPACE_S);
    let Some(file) = policy.file() else {
        ui.label("prod*, champion and live are protected, every other alias takes a look and Enter");
        return;
    };
    text_with_copy_ui(ui, &file.display().to_string(), "path", out);
    state_ui(ui, policy);
    ui.add_space(size::SPACE_S);
    buttons_ui(ui, policy, out);
}

fn state_ui(ui: &mut Ui, policy: &PolicyFile) {
    let tokens = ui.tokens();
    let usual = "prod*, champion and live are protected, every other alias takes a look and Enter";
    if let Some(error) = policy.error() {
        ui.horizontal_top(|ui| {
            ui.add(Icon::Error.tinted(tokens.failure.fg).alt_text(""));
            ui.add(Label::new(RichText::new(error.to_string()).color(tokens.failure.fg)).wrap());
        });
        ui.add(Label::new(format!("Until then {usual}")).wrap());
        ui.label(theme::text::weak(error.next_step()));
    } else if policy.is_unread() {
        ui.label(theme::text::weak("Reading the file…"));
    } else if policy.exists() {
        let rules = format::counted(policy.policy().len(), "rule", "rules");
        ui.horizontal(|ui| {
            ui.add(Icon::Success.tinted(tokens.success.fg).alt_text(""));
            ui.label(format!("{rules} in force, read again whenever the file changes"));
        });
    } else {
        ui.add(Label::new(format!("There is no such file yet: {usual}")).wrap());
    }
}

fn buttons_ui(ui: &mut Ui, policy: &PolicyFile, out: &mut Commands) {
    ui.horizontal(|ui| {
        let write = theme::button::default((Icon::Edit.image(), "Write an example"));
        if !policy.exists() && !policy.is_unread() && ui.add(write).clicked() {
            out.push(PolicyCommand::WriteExample);
        }
        let choose = theme::button::default((Icon::FolderOpen.image(), "Choose a file…"));
        if ui.add(choose).on_hover_text("Of a team's repository, say").clicked() {
            out.push(PolicyCommand::Choose);
        }
        if policy.is_chosen() && ui.button("Back to my own file").clicked() {
            out.push(PolicyCommand::UseOwn);
        }
    });
}
