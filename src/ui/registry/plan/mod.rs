//! The plan: what a drop proposes, with what differs between the two versions. Enter confirms, Esc cancels.

mod comparison;

use comparison::ComparisonView;
use egui::{Context, Event, Key, Label, Layout, RichText, Ui};

use crate::state::command::Commands;
use crate::state::registry::RegistryCommand;
use crate::state::registry::links::alias_uri;
use crate::state::registry::plan::Plan;
use crate::state::registry::promotion::AliasChange;
use crate::theme::{self, Icon, Themed as _, Tint, size};
use crate::ui::Cx;

/// The plan's dialog.
#[derive(Default)]
pub struct PlanView {
    /// Which plan the choices below belong to.
    title: String,
    comparison: ComparisonView,
    cancel_focused: bool,
}

const WIDTH: f32 = 860.0;

impl PlanView {
    /// Draws it, if there is a plan.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let Some(plan) = workspace.registry.plan() else {
            self.title.clear();
            return;
        };
        self.open(plan);
        let server = workspace.store.info().label.clone();
        let deletes = plan.change.to.is_none();
        let modal = super::dialogs::modal(ctx, "plan").show(ctx, |ui| {
            let widest = ui.ctx().content_rect().width() - 2.0 * size::SPACE_XXL;
            ui.set_width(if deletes { size::DIALOG } else { WIDTH.min(widest) });
            title_ui(ui, &plan.change, &server);
            messages_ui(ui, plan);
            if deletes {
                deletion_ui(ui, &plan.change);
            } else {
                self.comparison.show(ui, &plan.comparison, &plan.change, cx.now);
            }
            self.end_ui(ui, plan, out);
        });
        let confirmed = !deletes && !plan.is_busy() && enter_pressed(ctx);
        if confirmed {
            out.push(RegistryCommand::Confirm);
        } else if modal.should_close() {
            out.push(RegistryCommand::ClosePlan);
        }
    }

    fn open(&mut self, plan: &Plan) {
        let title = format!("{} {}", plan.change.title(), plan.change.name);
        if self.title != title {
            *self = Self { title, ..Self::default() };
        }
    }

    fn end_ui(&mut self, ui: &mut Ui, plan: &Plan, out: &mut Commands) {
        ui.add_space(size::SPACE_M);
        ui.horizontal(|ui| {
            let note = "MLflow offers no compare-and-set: the alias is read right before it is written, and again after";
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                let change = &plan.change;
                let idle = !plan.is_busy();
                let label = confirm_label(change);
                let confirm = if change.to.is_some() {
                    ui.add_enabled(idle, theme::button::primary(label))
                } else {
                    ui.add_enabled(idle, theme::button::danger(label))
                };
                if confirm.clicked() {
                    out.push(RegistryCommand::Confirm);
                }
                let cancel =
                    ui.add(theme::button::default(if idle { "Cancel" } else { "Close" }));
                // Who deletes by Enter alone has not read what it does.
                if change.to.is_none() && !std::mem::replace(&mut self.cancel_focused, true) {
                    cancel.request_focus();
                }
                if cancel.clicked() {
                    out.push(RegistryCommand::ClosePlan);
                }
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    let text = plan.stage.map_or(note, crate::state::registry::promotion::Stage::label);
                    ui.add(Label::new(theme::text::small(text)).wrap());
                });
            });
        });
    }
}

/// `Move prod to v7`
fn confirm_label(change: &AliasChange) -> String {
    match (change.from, change.to) {
        (Some(_), Some(to)) => format!("Move {} to v{to}", change.alias),
        (None, Some(to)) => format!("Set {} on v{to}", change.alias),
        (_, None) => format!("Delete {}", change.alias),
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

fn title_ui(ui: &mut Ui, change: &AliasChange, server: &str) {
    ui.horizontal(|ui| {
        let title =
            if change.to.is_some() { change.title() } else { format!("Delete the alias {}", change.alias) };
        ui.label(theme::text::heading(title));
    });
    ui.horizontal(|ui| {
        ui.label(theme::text::strong(&change.name));
        ui.label(theme::text::weak(format!("on {server}")));
    });
    ui.add_space(size::SPACE_S);
}

fn messages_ui(ui: &mut Ui, plan: &Plan) {
    let tokens = ui.tokens();
    if let Some(message) = &plan.message {
        bar_ui(ui, Icon::Error, tokens.failure, message);
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
