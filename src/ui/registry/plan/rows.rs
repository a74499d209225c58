//! The changes of a plan that holds several, and how far each of them is.

use egui::{Label, Layout, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use crate::state::command::Commands;
use crate::state::registry::plan::Plan;
use crate::state::registry::planned::{Planned, Step};
use crate::state::registry::{PlanEdit, RegistryCommand};
use crate::theme::{self, Icon, Themed as _, Tint, size};
use crate::ui::widgets::cells::{RowLook, row_background_ui};
use crate::ui::widgets::{alias_chip_ui, status_ui};

/// More rows than this scroll.
const ROOM: usize = 6;
const STATUS_WIDTH: f32 = 130.0;
const CHIP_WIDTH: f32 = 130.0;
const MOVE_WIDTH: f32 = 130.0;

/// Draws them, if there are several. A click shows what differs.
pub(super) fn show(ui: &mut Ui, plan: &Plan, out: &mut Commands) {
    let count = plan.changes.len();
    if count < 2 {
        return;
    }
    let height = size::ROW * count.min(ROOM) as f32;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        egui::ScrollArea::vertical()
            .id_salt("planned changes")
            .max_height(height)
            .auto_shrink([false, true])
            .show_rows(ui, size::ROW, count, |ui, visible| {
                for at in visible {
                    row_ui(ui, plan, at, out);
                }
            });
    });
    ui.add_space(size::SPACE_S);
}

fn row_ui(ui: &mut Ui, plan: &Plan, at: usize, out: &mut Commands) {
    let planned = &plan.changes[at];
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    let selected = plan.shown_at() == at;
    response.widget_info(|| WidgetInfo::selected(egui::Role::Row, true, selected, name_of(planned)));
    if response.clicked() {
        out.push(RegistryCommand::EditPlan(PlanEdit::Show(at)));
    }
    let layout = Layout::left_to_right(egui::Align::Center);
    let mut inner = ui.new_child(UiBuilder::new().id_salt(("planned", at)).max_rect(rect).layout(layout));
    row_background_ui(&inner, RowLook { selected: false, cursor: selected, drop_target: false });
    inner.set_clip_rect(inner.clip_rect().intersect(rect));
    cells_ui(&mut inner, plan, at, out);
}

/// `change prod of Churn: v3 → v7, Waiting`
fn name_of(planned: &Planned) -> String {
    let change = &planned.change;
    let title = change.title();
    let moved = title.split_once(": ").map_or(title.as_str(), |(_, moved)| moved);
    format!("change {} of {}: {moved}, {}", change.alias, change.name, planned.step.label())
}

fn cells_ui(ui: &mut Ui, plan: &Plan, at: usize, out: &mut Commands) {
    let planned = &plan.changes[at];
    let change = &planned.change;
    ui.add_space(size::SPACE_XS);
    column_ui(ui, CHIP_WIDTH, |ui| {
        alias_chip_ui(ui, &change.alias, Sense::HOVER);
    });
    column_ui(ui, MOVE_WIDTH, |ui| {
        let place = |at: Option<u32>, none: &str| at.map_or(none.to_owned(), |at| format!("v{at}"));
        let (from, to) = (place(change.from, "new"), place(change.to, "deleted"));
        ui.add(Label::new(theme::text::strong(format!("{from} → {to}"))).truncate());
    });
    ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_space(size::SPACE_XS);
        let removable = plan.is_open() && !planned.keeps && plan.principal().count() > 1;
        let (name, label) = (format!("Leave {} of {} out", change.alias, change.name), "Leave it out");
        let button = ui.add_visible(removable, theme::button::icon(Icon::Close, &name));
        if button.on_hover_text(label).clicked() {
            out.push(RegistryCommand::EditPlan(PlanEdit::Remove(at)));
        }
        let (status, _) = ui.allocate_exact_size(vec2(STATUS_WIDTH, size::ROW), Sense::HOVER);
        let layout = Layout::left_to_right(egui::Align::Center);
        let mut inner = ui.new_child(UiBuilder::new().max_rect(status).layout(layout));
        step_ui(&mut inner, planned);
        ui.with_layout(layout, |ui| {
            ui.add(Label::new(&change.name).truncate());
            if planned.keeps {
                ui.add(Label::new(theme::text::small("keeps where it was")).truncate());
            }
        });
    });
}

fn step_ui(ui: &mut Ui, planned: &Planned) {
    let tokens = ui.tokens();
    let quiet = Tint { fg: tokens.text_weak, ..tokens.neutral_chip };
    let (icon, tint) = match &planned.step {
        Step::Waiting => (Icon::Pending, quiet),
        Step::Doing(_) | Step::TakingBack(_) => (Icon::Running, tokens.info),
        Step::Done => (Icon::Success, tokens.success),
        Step::Already => (Icon::Check, quiet),
        Step::Failed(ending) if ending.changed_nothing() => (Icon::Failure, tokens.failure),
        Step::Failed(_) | Step::NotTakenBack(_) => (Icon::Warning, tokens.warning),
        Step::TakenBack => (Icon::Undo, quiet),
    };
    let response = status_ui(ui, icon, planned.step.label(), tint);
    if let Step::Failed(ending) = &planned.step {
        response.on_hover_text(ending.sentence(&planned.change));
    } else if let Step::NotTakenBack(ending) = &planned.step {
        response.on_hover_text(ending.undo_sentence(&planned.change.reversed()));
    }
}

fn column_ui(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) {
    let layout = Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(vec2(width, size::ROW), layout, |ui| {
        ui.set_min_width(width);
        ui.set_max_width(width);
        add(ui);
    });
}
