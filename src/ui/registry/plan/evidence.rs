//! What speaks for the version of the change that is shown, or that nothing does.

use egui::{Label, Layout, RichText, ScrollArea, Ui};

use crate::entities::Millis;
use crate::state::command::{Command, Commands};
use crate::state::endpoints::EndpointsCommand;
use crate::state::evidence::{EvidenceItem, tag};
use crate::state::registry::RegistryCommand;
use crate::state::registry::plan::Plan;
use crate::state::registry::planned::Planned;
use crate::state::registry::version::{EditOf, VersionEdit};
use crate::state::{ModelKind, format, serve};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;

/// What opens both side by side.
const COMPARE: &str = "Compare with the one it would replace";
/// More than these scroll, in points.
const ROOM: f32 = 3.0 * size::ROW;

/// Draws it. As high while it is read as afterwards, as a rule.
pub(super) fn show(ui: &mut Ui, plan: &Plan, now: Millis, out: &mut Commands) {
    let planned = plan.shown();
    let change = &planned.change;
    let Some(to) = change.to.filter(|_| change.kind == ModelKind::Model && !planned.keeps) else { return };
    let tokens = ui.tokens();
    if planned.evidence.is_empty() {
        row_ui(ui, |ui| {
            if planned.lacks_evidence() {
                ui.add(Icon::Warning.sized(size::ICON_SMALL).tint(tokens.warning.fg).alt_text("warning"));
                let text = format!("No evidence: no bench of exactly this v{to} is known");
                ui.add(Label::new(RichText::new(text).color(tokens.warning.fg)).truncate());
            } else {
                ui.label(theme::text::weak("Looking for evidence…"));
            }
        });
        return;
    }
    ScrollArea::vertical().id_salt("evidence").max_height(ROOM).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for item in &planned.evidence {
            row_ui(ui, |ui| item_ui(ui, planned, item, now, out));
        }
    });
}

/// Talking to the version beside the one that it would replace, or which of them is served nowhere.
pub(super) fn ask_both_ui(ui: &mut Ui, cx: &Cx<'_>, plan: &Plan, out: &mut Commands) {
    let planned = plan.shown();
    let change = &planned.change;
    let (Some(from), Some(to)) = (change.from, change.to) else { return };
    let asks = change.kind == ModelKind::Model && !planned.keeps && plan.is_open() && from != to;
    if !asks {
        return;
    }
    let found = cx.state.beside(&change.name, [from, to]);
    row_ui(ui, |ui| {
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let (text, command) = match found {
                Ok(_) => {
                    let hint =
                        format!("Closes the plan, and opens v{from} and v{to} side by side in the chat");
                    let (model, versions) = (change.name.clone(), [from, to]);
                    let clicked = ui.link(COMPARE).on_hover_text(hint).clicked();
                    let command = Command::from(EndpointsCommand::CompareAnswers { model, versions });
                    (format!("v{from} and v{to} can be asked side by side"), clicked.then_some(command))
                }
                Err(missing) => {
                    let hint = "Closes the plan, and asks how to serve it";
                    let clicked = ui.link(format!("Serve v{} here…", missing.version)).on_hover_text(hint);
                    let text = missing.sentence();
                    (text, clicked.clicked().then(|| serve::ask(missing.uri)))
                }
            };
            if let Some(command) = command {
                out.push(RegistryCommand::ClosePlan);
                out.push(command);
            }
            ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                let tint = ui.tokens().text_weak;
                ui.add(Icon::Agent.sized(size::ICON_SMALL).tint(tint).alt_text(""));
                ui.add(Label::new(text).truncate());
            });
        });
    });
}

fn row_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_height(size::ROW);
        add(ui);
    });
}

fn item_ui(ui: &mut Ui, planned: &Planned, item: &EvidenceItem, now: Millis, out: &mut Commands) {
    let tokens = ui.tokens();
    let (icon, tint) = match item {
        EvidenceItem::Bench(bench) if bench.passed == bench.prompts => (Icon::Success, tokens.success.fg),
        EvidenceItem::Bench(_) => (Icon::Info, tokens.text_weak),
        EvidenceItem::Shared(_) => (Icon::Tag, tokens.text_weak),
        EvidenceItem::Conversation(_) => (Icon::Chat, tokens.text_weak),
    };
    let sentence = item.sentence(now);
    ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
        if let EvidenceItem::Bench(bench) = item
            && planned.unshared_bench() == Some(bench)
        {
            let hint =
                format!("Writes the tag {} on the version, for who works with this server", tag::BENCH_TAG);
            if ui.button("Share as tag").on_hover_text(hint).clicked() {
                out.push(share(planned, tag::value_of(bench)));
            }
        }
        let open = item.open();
        if !open.is_empty() && ui.link("Open").on_hover_text("Closes the plan and shows it").clicked() {
            out.push(RegistryCommand::ClosePlan);
            for command in open {
                out.push(command);
            }
        }
        ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
            ui.add(icon.sized(size::ICON_SMALL).tint(tint).alt_text(""));
            ui.add(Label::new(&sentence).truncate()).on_hover_text(format::exact_time(item.at()));
        });
    });
}

fn share(planned: &Planned, value: String) -> RegistryCommand {
    let change = &planned.change;
    RegistryCommand::Edit(VersionEdit {
        name: change.name.clone(),
        version: change.to.unwrap_or_default(),
        what: EditOf::SetTag { key: tag::BENCH_TAG.to_owned(), value },
    })
}
