//! What the user fills in: the protected alias, a reason, and what else the plan shall do.

use egui::{Key, TextEdit, Ui, vec2};

use super::add::AddView;
use crate::state::command::Commands;
use crate::state::registry::plan::{Answers, Blocker, PREVIOUS, Plan};
use crate::state::registry::{PlanEdit, Registry, RegistryCommand};
use crate::theme::{self, Themed as _, size};

/// Longest reason in characters: it goes into a journal, and perhaps into a tag.
const LONGEST_REASON: usize = 500;
const NAME_WIDTH: f32 = 240.0;

/// What is typed and ticked.
#[derive(Default)]
pub(super) struct AnswersView {
    answers: Answers,
    opened: bool,
}

impl AnswersView {
    /// As it is filled in.
    pub(super) fn get(&self) -> Answers {
        self.answers.clone()
    }

    /// Draws the fields and the options.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        plan: &Plan,
        add: &mut AddView,
        registry: &Registry,
        out: &mut Commands,
    ) {
        ui.add_space(size::SPACE_S);
        self.fields_ui(ui, plan);
        ui.horizontal(|ui| {
            ui.add_enabled_ui(plan.is_open(), |ui| {
                add.show(ui, plan, registry, out);
                keep_ui(ui, plan, out);
            });
            if plan.principal().count() > 1 {
                ui.add_enabled_ui(!plan.is_busy(), |ui| {
                    ui.checkbox(&mut self.answers.all_or_nothing, "All or nothing")
                        .on_hover_text("When a change fails, what was done before it is taken back");
                });
            }
        });
    }

    fn fields_ui(&mut self, ui: &mut Ui, plan: &Plan) {
        let names = plan.names_to_type().join(" ");
        ui.add_enabled_ui(!plan.is_busy(), |ui| {
            ui.horizontal(|ui| {
                let mut name_field = None;
                if !names.is_empty() {
                    let hint = format!("Type {names}");
                    let field = TextEdit::singleline(&mut self.answers.name).hint_text(hint);
                    let response = ui.add_sized(vec2(NAME_WIDTH, size::CONTROL), field);
                    name_field = Some(response.accessible_name("Alias to confirm"));
                }
                let needed = plan.needs_reason();
                let hint = if needed { "Reason" } else { "Reason, if you like" };
                let field = TextEdit::singleline(&mut self.answers.reason)
                    .hint_text(hint)
                    .char_limit(LONGEST_REASON)
                    .desired_width(f32::INFINITY);
                let reason_field = ui.add(field).accessible_name("Reason");
                // Of a plan that asks for it, the first field has the cursor.
                let first = name_field.as_ref().unwrap_or(&reason_field);
                let asks = name_field.is_some() || needed;
                if asks && !std::mem::replace(&mut self.opened, true) {
                    first.request_focus();
                }
                let entered = |field: &egui::Response| {
                    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
                };
                if name_field.as_ref().is_some_and(entered) || entered(&reason_field) {
                    // Enter leads to what is missing.
                    match plan.blocker(&self.answers) {
                        Some(Blocker::Name) => first.request_focus(),
                        Some(Blocker::Reason) => reason_field.request_focus(),
                        _ => {}
                    }
                }
            });
        });
        ui.add_space(size::SPACE_XS);
    }
}

/// `Keep previous on v3`: as the user wishes, or because the policy asks for it.
fn keep_ui(ui: &mut Ui, plan: &Plan, out: &mut Commands) {
    if !plan.can_keep() {
        return;
    }
    let (wished, asked) = plan.keeps();
    let alias = asked.unwrap_or(PREVIOUS);
    let label = match (plan.principal().count(), plan.shown().change.from) {
        (1, _) => match plan.principal().next().and_then(|planned| planned.change.from) {
            Some(from) => format!("Keep {alias} on v{from}"),
            None => format!("Keep {alias}"),
        },
        _ => format!("Keep {alias} where each alias was"),
    };
    let mut keep = wished || asked.is_some();
    let hint = if asked.is_some() {
        "The policy asks for it"
    } else {
        "Sets this alias on the version that is left: a way back that others see too"
    };
    let response = ui
        .add_enabled_ui(asked.is_none(), |ui| ui.checkbox(&mut keep, label))
        .inner
        .on_hover_text(hint)
        .on_disabled_hover_text(hint);
    if response.changed() {
        out.push(RegistryCommand::EditPlan(PlanEdit::KeepPrevious(keep)));
    }
    if asked.is_some() {
        let tint = ui.tokens().text_weak;
        ui.add(theme::Icon::Lock.sized(size::ICON_SMALL).tint(tint).alt_text("asked for by the policy"));
    }
}
