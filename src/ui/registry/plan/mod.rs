//! The plan: what a drop proposes, with what differs between the versions and what the policy asks for. Enter confirms,
//! Esc cancels.

mod add;
mod answers;
mod checks;
mod comparison;
mod evidence;
mod rows;

use add::AddView;
use answers::AnswersView;
use comparison::ComparisonView;
use egui::{Align2, Context, Event, Id, Key, Label, Layout, Modal, RichText, Ui, UiBuilder, vec2};

use super::chips;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::registry::RegistryCommand;
use crate::state::registry::links::alias_uri;
use crate::state::registry::plan::{Answers, Blocker, Plan};
use crate::state::registry::planned::Step;
use crate::state::registry::promotion::AliasChange;
use crate::theme::{self, Icon, Themed as _, Tint, size};
use crate::ui::Cx;
use crate::ui::registry::life::plan_line_ui;
use crate::ui::widgets::form;

/// The plan's dialog.
#[derive(Default)]
pub struct PlanView {
    /// Which plan the choices below belong to, and the alias that it is about.
    plan: Option<(u64, String, String)>,
    comparison: ComparisonView,
    answers: AnswersView,
    add: AddView,
    cancel_focused: bool,
    /// Height of everything but the comparison, as it was drawn last, in points.
    chrome: f32,
    last_input: LastInput,
}

/// What the user used last: the focus goes back to the chip only for who uses the keyboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LastInput {
    #[default]
    Pointer,
    Keys,
}

const WIDTH: f32 = 860.0;
/// Of the whole dialog, however many warnings there are: buttons must not move under the pointer.
const HEIGHT: f32 = 736.0;
const LEAST_COMPARISON: f32 = 160.0;
/// Height of everything but the comparison before it was drawn once, in points.
const CHROME: f32 = 240.0;

impl PlanView {
    /// Draws it, if there is a plan.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let Some(plan) = workspace.registry.plan() else {
            self.closed(ctx);
            return;
        };
        self.open(plan);
        let server = workspace.store.info().label.clone();
        let deletes = plan.changes.len() == 1 && plan.shown().change.to.is_none();
        // What is open above the plan takes Enter and Esc first, and is closed by the time the plan was drawn.
        let covered = egui::Popup::is_any_open(ctx);
        let whole = self.whole(ctx, deletes);
        let modal = placed(ctx, whole).show(ctx, |ui| {
            let top = ui.next_widget_position().y;
            let screen = ui.ctx().content_rect();
            ui.set_width(if deletes {
                size::DIALOG
            } else {
                WIDTH.min(screen.width() - 2.0 * size::SPACE_XXL)
            });
            title_ui(ui, plan, &server);
            messages_ui(ui, plan, &self.answers.get(), out);
            rows::show(ui, plan, out);
            checks::show(ui, plan);
            evidence::show(ui, plan, cx.now, out);
            evidence::ask_both_ui(ui, cx, plan, out);
            let mut compared = 0.0;
            if deletes {
                deletion_ui(ui, &plan.shown().change);
            } else {
                let room = whole - self.chrome;
                let before = ui.next_widget_position().y;
                self.comparison.show(ui, &plan.comparison, &plan.shown().change, (room, cx.now), out);
                compared = ui.next_widget_position().y - before;
            }
            // Under an id of its own: rows that come and go above must not take the focus, nor what is open, away.
            ui.scope_builder(UiBuilder::new().scope_id(Id::unique("plan's answers")), |ui| {
                plan_line_ui(ui, &workspace.registry, &plan.shown().change);
                self.answers.show(ui, plan, &mut self.add, &workspace.registry, out);
                self.end_ui(ui, plan, deletes, out);
            });
            let chrome = ui.next_widget_position().y - top - compared;
            if (chrome - self.chrome).abs() > 0.5 {
                self.chrome = chrome;
                ui.ctx().request_discard("the comparison takes the room that is left");
                if !ui.ctx().will_discard() {
                    ui.ctx().request_repaint();
                }
            }
        });
        // Who deletes by Enter alone has not read what it does; who typed the name has.
        let by_enter = !deletes || plan.shown().is_protected();
        if by_enter && !covered && self.blocker(plan).is_none() && enter_pressed(ctx) {
            out.push(RegistryCommand::Confirm(self.answers.get()));
        } else if modal.should_close() && !covered {
            out.push(RegistryCommand::ClosePlan);
        }
    }

    /// Height of what the dialog holds, in points.
    fn whole(&self, ctx: &Context, deletes: bool) -> f32 {
        if deletes {
            return self.chrome;
        }
        let room = (ctx.content_rect().height() - 4.0 * size::SPACE_XL).min(HEIGHT);
        room.max(self.chrome + LEAST_COMPARISON)
    }

    fn blocker(&self, plan: &Plan) -> Option<Blocker> {
        plan.blocker(&self.answers.get())
    }

    fn open(&mut self, plan: &Plan) {
        if self.plan.as_ref().is_none_or(|(id, ..)| *id != plan.id) {
            let change = &plan.shown().change;
            let plan = Some((plan.id, change.name.clone(), change.alias.clone()));
            *self = Self { plan, chrome: CHROME, last_input: self.last_input, ..Self::default() };
        }
    }

    /// Without a plan: what is used is noted, and after one the chip has the focus again.
    fn closed(&mut self, ctx: &Context) {
        if let Some((_, model, alias)) = self.plan.take() {
            if self.last_input == LastInput::Keys {
                chips::request_focus(ctx, &model, &alias);
            }
            *self = Self { last_input: self.last_input, ..Self::default() };
        }
        ctx.input(|input| {
            // Not `input.events`: whatever took a key has taken it out of there.
            for event in &input.raw.events {
                match event {
                    Event::Key { pressed: true, .. } => self.last_input = LastInput::Keys,
                    Event::PointerButton { .. } => self.last_input = LastInput::Pointer,
                    _ => {}
                }
            }
        });
    }

    fn end_ui(&mut self, ui: &mut Ui, plan: &Plan, deletes: bool, out: &mut Commands) {
        ui.add_space(size::SPACE_M);
        let blocker = self.blocker(plan);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                let label = confirm_label(plan);
                let confirm = if deletes {
                    ui.add_enabled(blocker.is_none(), theme::button::danger(label))
                } else {
                    ui.add_enabled(blocker.is_none(), theme::button::primary(label))
                };
                if confirm.clicked() {
                    out.push(RegistryCommand::Confirm(self.answers.get()));
                }
                self.cancel_ui(ui, plan, deletes, out);
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(Label::new(theme::text::small(note(plan, blocker))).wrap());
                });
            });
        });
    }

    fn cancel_ui(&mut self, ui: &mut Ui, plan: &Plan, deletes: bool, out: &mut Commands) {
        let done = !plan.done().is_empty();
        let journalled = !plan.lacks_journal;
        let undo = if journalled { "Undo what was done" } else { "Undo without journal" };
        if done && !plan.is_busy() && ui.add(theme::button::default(undo)).clicked() {
            out.push(RegistryCommand::UndoDone { journalled });
        }
        let label = if plan.is_busy() || done { "Close" } else { "Cancel" };
        let cancel = ui.add(theme::button::default(label));
        // Who deletes by Enter alone has not read what it does.
        let first = !std::mem::replace(&mut self.cancel_focused, true);
        if deletes && first && !plan.shown().is_protected() {
            cancel.request_focus();
        }
        if cancel.clicked() {
            out.push(RegistryCommand::ClosePlan);
        }
    }
}

/// The dialog in the middle of the window, by a height known beforehand: egui centres by that of the pass before, and
/// what comes in would move it for a frame.
fn placed(ctx: &Context, height: f32) -> Modal {
    let modal = form::modal(ctx, "plan");
    let margin = modal.frame.map_or(0.0, |frame| frame.total_margin().sum().y);
    let above = (ctx.content_rect().height() - height - margin) / 2.0;
    let area =
        Modal::default_area(modal.area.layer().id).anchor(Align2::CENTER_TOP, vec2(0.0, above.max(0.0)));
    modal.area(area)
}

/// What is being done, what has to happen first, or how it is made sure.
fn note(plan: &Plan, blocker: Option<Blocker>) -> String {
    let stage = plan.changes.iter().find_map(|planned| match planned.step {
        Step::Doing(stage) | Step::TakingBack(stage) => Some(stage.label().to_owned()),
        _ => None,
    });
    match (stage, blocker) {
        (Some(stage), _) => stage,
        (None, Some(Blocker::Name)) => format!("Type {} to confirm", plan.names_to_type().join(" ")),
        (None, Some(blocker)) => blocker.sentence().to_owned(),
        (None, None) => {
            "MLflow offers no compare-and-set: the alias is read right before it is written, and again after"
                .to_owned()
        }
    }
}

/// `Move prod to v7`
fn confirm_label(plan: &Plan) -> String {
    let left = plan.left().count();
    let AliasChange { alias, from, to, .. } = &plan.shown().change;
    if plan.changes.len() > 1 {
        return format!("Make {}", format::counted(left, "change", "changes"));
    }
    match (from, to) {
        (Some(_), Some(to)) => format!("Move {alias} to v{to}"),
        (None, Some(to)) => format!("Set {alias} on v{to}"),
        (_, None) => format!("Delete {alias}"),
    }
}

/// Enter, pressed anew: one that is held down since the drop or the field before does not confirm. A focused button
/// keeps its own Enter.
fn enter_pressed(ctx: &Context) -> bool {
    if ctx.memory(|memory| memory.focused().is_some()) {
        return false;
    }
    ctx.input(|input| {
        input.events.iter().any(|event| {
            matches!(event, Event::Key { key: Key::Enter, pressed: true, repeat: false, modifiers, .. } if modifiers.is_none())
        })
    })
}

fn title_ui(ui: &mut Ui, plan: &Plan, server: &str) {
    let change = &plan.shown().change;
    let several = plan.changes.len() > 1;
    let names = plan.changes.iter().map(|planned| planned.change.name.as_str());
    let models: std::collections::BTreeSet<&str> = names.collect();
    ui.horizontal(|ui| {
        let title = if several {
            format::counted(plan.changes.len(), "change", "changes")
        } else if change.to.is_some() {
            change.title()
        } else {
            format!("Delete the alias {}", change.alias)
        };
        ui.label(theme::text::heading(title));
    });
    ui.horizontal(|ui| {
        let of = if models.len() > 1 {
            format::counted(models.len(), "model", "models")
        } else {
            change.name.clone()
        };
        ui.add(Label::new(theme::text::strong(of)).truncate());
        ui.label(theme::text::weak(format!("on {server}")));
    });
    ui.add_space(size::SPACE_S);
}

fn messages_ui(ui: &mut Ui, plan: &Plan, answers: &Answers, out: &mut Commands) {
    let tokens = ui.tokens();
    if let Some(message) = &plan.message {
        bar_ui(ui, Icon::Error, tokens.failure, message);
    }
    if plan.lacks_journal && !plan.is_busy() && plan.left().next().is_some() {
        let note = "Flowdeck then forgets where the alias was, and cannot find out how a move ended that it did not live to end";
        let ready = plan.blocker(answers).is_none();
        let button = ui.add_enabled(ready, egui::Button::new("Move without journal"));
        if button.on_hover_text(note).clicked() {
            let answers = Answers { without_journal: true, ..answers.clone() };
            out.push(RegistryCommand::Confirm(answers));
        }
    }
    if let Some(error) = &plan.policy_error {
        let text = format!("The policy file does not count, and the usual protection holds. {error}");
        bar_ui(ui, Icon::Warning, tokens.warning, &text);
    }
    for warning in plan.warnings() {
        bar_ui(ui, Icon::Warning, tokens.warning, &warning);
    }
}

fn bar_ui(ui: &mut Ui, icon: Icon, tint: Tint, text: &str) {
    let margin = egui::Margin::symmetric(size::SPACE_S as i8, size::SPACE_XS as i8);
    egui::Frame::new().fill(tint.bg).corner_radius(size::RADIUS).inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.add(icon.tinted(tint.fg).alt_text(""));
            ui.add(Label::new(RichText::new(text).color(tint.fg)).wrap());
        });
    });
}

fn deletion_ui(ui: &mut Ui, change: &AliasChange) {
    let uri = alias_uri(change.kind, &change.name, &change.alias);
    let from = change.from.map(|from| format!(" It points at v{from} now.")).unwrap_or_default();
    ui.add(
        Label::new(format!("{uri} stops resolving: who loads it from then on gets an error.{from}")).wrap(),
    );
    let note = "An endpoint that runs keeps answering until it is restarted, and then does not start";
    ui.add(Label::new(theme::text::weak(note)).wrap());
}
