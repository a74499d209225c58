//! More changes for a plan: another alias of this model, or the same alias on other models.

use std::collections::BTreeMap;

use egui::{Label, Layout, Popup, PopupCloseBehavior, Sense, TextEdit, Ui};

use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::command::Commands;
use crate::state::registry::board::parse_version;
use crate::state::registry::plan::Plan;
use crate::state::registry::promotion::AliasChange;
use crate::state::registry::{PlanEdit, Registry, RegistryCommand};
use crate::theme::{self, Icon, size};
use crate::ui::registry::chips;
use crate::ui::widgets::{alias_chip_ui, switch_ui};

const WIDTH: f32 = 420.0;
const TYPED_WIDTH: f32 = 40.0;
const ROOM: f32 = 8.0 * size::ROW;
/// The alias whose version other models take, where the version of the plan has no other alias.
const CANDIDATE: &str = "candidate";
/// More aliases of a version than these are not offered as a source.
const MOST_SOURCES: usize = 3;

/// Which changes are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Offer {
    #[default]
    Aliases,
    Models,
}

/// What is typed and chosen.
#[derive(Default)]
pub(super) struct AddView {
    offer: Offer,
    filter: String,
    /// Versions typed for aliases.
    versions: BTreeMap<String, String>,
    source: Option<String>,
}

impl AddView {
    /// The button, and what opens below it.
    pub(super) fn show(&mut self, ui: &mut Ui, plan: &Plan, registry: &Registry, out: &mut Commands) {
        let button = ui.add(theme::button::default((Icon::Add.image(), "Add to plan…")));
        let frame = egui::Frame::popup(ui.style()).inner_margin(size::SPACE_S);
        let popup = Popup::from_toggle_button_response(&button).frame(frame);
        popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(WIDTH).show(|ui| {
            ui.set_width(WIDTH);
            self.offers_ui(ui, plan, registry, out);
        });
    }

    fn offers_ui(&mut self, ui: &mut Ui, plan: &Plan, registry: &Registry, out: &mut Commands) {
        let change = &plan.shown().change;
        let others = format!("{} on others", change.alias);
        let choices = [(Offer::Aliases, "Another alias"), (Offer::Models, others.as_str())];
        if let Some(offer) = switch_ui(ui, "", self.offer, &choices) {
            self.offer = offer;
        }
        ui.add_space(size::SPACE_XS);
        match self.offer {
            Offer::Aliases => self.aliases_ui(ui, plan, registry, out),
            Offer::Models => self.models_ui(ui, plan, registry, out),
        }
    }

    fn aliases_ui(&mut self, ui: &mut Ui, plan: &Plan, registry: &Registry, out: &mut Commands) {
        let change = &plan.shown().change;
        let model = registry.list(change.kind).items().iter().find(|model| model.name == change.name);
        let model = model.or_else(|| registry.board.model.value().filter(|model| model.name == change.name));
        let aliases = model.map(chips::aliases).unwrap_or_default();
        let free: Vec<_> = aliases
            .into_iter()
            .filter(|(alias, _)| {
                let at = plan.position(change.kind, &change.name, alias);
                at.is_none_or(|at| plan.changes[at].keeps)
            })
            .collect();
        if free.is_empty() {
            ui.label(theme::text::weak(format!("{} has no other alias", change.name)));
            return;
        }
        ui.add(Label::new(theme::text::small(format!("Other aliases of {}", change.name))).truncate());
        egui::ScrollArea::vertical().id_salt("aliases to add").max_height(ROOM).show(ui, |ui| {
            for (alias, at) in free {
                ui.push_id(alias, |ui| self.alias_ui(ui, change, (alias, at), out));
            }
        });
    }

    fn alias_ui(
        &mut self,
        ui: &mut Ui,
        change: &AliasChange,
        (alias, at): (&str, VersionNumber),
        out: &mut Commands,
    ) {
        let suggested = change.to.filter(|to| *to != at).map(|to| format!("v{to}")).unwrap_or_default();
        let typed = self.versions.entry(alias.to_owned()).or_insert(suggested);
        let target = parse_version(typed).filter(|to| *to != at);
        let mut add = |to: Option<VersionNumber>| {
            let (name, alias) = (change.name.clone(), alias.to_owned());
            out.push(RegistryCommand::EditPlan(PlanEdit::Add { kind: change.kind, name, alias, to }));
        };
        ui.horizontal(|ui| {
            ui.set_min_height(size::ROW);
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                let name = format!("Delete {alias} in this plan");
                if ui
                    .add(theme::button::icon(Icon::Delete, &name))
                    .on_hover_text("Plan to delete it")
                    .clicked()
                {
                    add(None);
                }
                let button = ui.add_enabled(target.is_some(), theme::button::default("Move"));
                let clicked = button.accessible_name(format!("Move {alias} in this plan")).clicked();
                let field = TextEdit::singleline(typed).hint_text("v…").desired_width(TYPED_WIDTH);
                let response = ui.add(field).accessible_name(format!("Version for {alias}"));
                let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if (clicked || entered) && target.is_some() {
                    add(target);
                }
                ui.label(theme::text::weak("to"));
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    alias_chip_ui(ui, alias, Sense::HOVER);
                    ui.label(theme::text::weak(format!("on v{at}")));
                });
            });
        });
    }

    fn models_ui(&mut self, ui: &mut Ui, plan: &Plan, registry: &Registry, out: &mut Commands) {
        let change = &plan.shown().change;
        let source = self.source_ui(ui, change, registry);
        let field = TextEdit::singleline(&mut self.filter).hint_text("Filter models");
        ui.add(field.desired_width(f32::INFINITY)).accessible_name("Filter models to add");
        let wanted = self.filter.trim().to_lowercase();
        let offered: Vec<(&RegisteredModel, VersionNumber)> = registry
            .list(change.kind)
            .items()
            .iter()
            .filter(|model| model.name != change.name && model.name.to_lowercase().contains(&wanted))
            .filter_map(|model| Some((model, model.alias(&source)?)))
            .filter(|(model, to)| {
                model.alias(&change.alias) != Some(*to)
                    || plan.position(change.kind, &model.name, &change.alias).is_some()
            })
            .collect();
        if offered.is_empty() {
            let text = format!("No other model has {source} elsewhere than {}", change.alias);
            ui.add(Label::new(theme::text::weak(text)).wrap());
            return;
        }
        egui::ScrollArea::vertical()
            .id_salt("models to add")
            .max_height(ROOM)
            .auto_shrink([false, true])
            .show_rows(ui, size::ROW, offered.len(), |ui, visible| {
                for (model, to) in &offered[visible] {
                    model_ui(ui, plan, change, (model, *to), out);
                }
            });
    }

    /// The alias whose version other models take.
    fn source_ui(&mut self, ui: &mut Ui, change: &AliasChange, registry: &Registry) -> String {
        let board = &registry.board;
        let model = board.model.value().filter(|_| board.shows(change.kind, &change.name));
        let beside = change.to.zip(model).map(|(to, model)| chips::aliases_of(model, to)).unwrap_or_default();
        let mut sources: Vec<&str> = beside.into_iter().filter(|alias| *alias != change.alias).collect();
        if !sources.contains(&CANDIDATE) && change.alias != CANDIDATE {
            sources.push(CANDIDATE);
        }
        sources.truncate(MOST_SOURCES);
        let first = sources.first().copied().unwrap_or(CANDIDATE).to_owned();
        let chosen = self.source.clone().filter(|source| sources.contains(&source.as_str())).unwrap_or(first);
        ui.horizontal(|ui| {
            ui.label(theme::text::weak(format!("Moves {} to", change.alias)));
            let choices: Vec<_> = sources.iter().map(|source| (*source, *source)).collect();
            match choices.as_slice() {
                [_, _, ..] => {
                    if let Some(source) = switch_ui(ui, "as the source", chosen.as_str(), &choices) {
                        self.source = Some(source.to_owned());
                    }
                }
                _ => ui.label(theme::text::strong(&chosen)).widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::Label, true, format!("source {chosen}"))
                }),
            }
            ui.label(theme::text::weak("of each"));
        });
        self.source.clone().filter(|source| sources.contains(&source.as_str())).unwrap_or(chosen)
    }
}

/// One model, ticked while it is in the plan.
fn model_ui(
    ui: &mut Ui,
    plan: &Plan,
    change: &AliasChange,
    (model, to): (&RegisteredModel, VersionNumber),
    out: &mut Commands,
) {
    let at = plan.position(change.kind, &model.name, &change.alias);
    let mut ticked = at.is_some();
    let from = model.alias(&change.alias).map_or("new".to_owned(), |from| format!("v{from}"));
    ui.horizontal(|ui| {
        ui.set_min_height(size::ROW);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(theme::text::weak(format!("{from} → v{to}")));
            ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                let response =
                    ui.checkbox(&mut ticked, &model.name).accessible_name(format!("also {}", model.name));
                if !response.changed() {
                    return;
                }
                let edit = match at {
                    Some(at) => PlanEdit::Remove(at),
                    None => PlanEdit::Add {
                        kind: change.kind,
                        name: model.name.clone(),
                        alias: change.alias.clone(),
                        to: Some(to),
                    },
                };
                out.push(RegistryCommand::EditPlan(edit));
            });
        });
    });
}
