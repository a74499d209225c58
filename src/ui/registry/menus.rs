//! Context menus of models, versions and aliases.

use egui::Ui;

use super::dialogs::Dialog;
use super::{chips, life};
use crate::entities::{Millis, ModelVersion, RegisteredModel, VersionNumber};
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::compare::{self, CompareCommand};
use crate::state::endpoints::{EndpointsCommand, would_replace};
use crate::state::navigation::{ModelKind, Route, RunTab};
use crate::state::registry::board::Board;
use crate::state::registry::links::{alias_uri, python, version_uri};
use crate::state::registry::{Registry, RegistryCommand};
use crate::state::serve;
use crate::tracking::StoreInfo;

/// Versions that a menu lists; for more there is a field.
const MOST_VERSIONS: usize = 12;

/// The model that a menu is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Model or prompt.
    pub kind: ModelKind,
    /// Its name.
    pub name: &'a str,
    /// The server.
    pub store: &'a StoreInfo,
    /// What is known of the registry.
    pub registry: &'a Registry,
    /// What is known of the model.
    pub board: &'a Board,
    /// When this frame is drawn.
    pub now: Millis,
}

impl Subject<'_> {
    /// Proposes to point an alias at a version, or to delete it.
    pub fn plan(&self, alias: &str, to: Option<VersionNumber>) -> RegistryCommand {
        RegistryCommand::Plan { kind: self.kind, name: self.name.to_owned(), alias: alias.to_owned(), to }
    }

    /// A version as one side of a comparison.
    pub fn compared(&self, version: VersionNumber) -> compare::Subject {
        compare::Subject::Version { kind: self.kind, name: self.name.to_owned(), version }
    }

    fn copy_alias_uri_ui(&self, ui: &mut Ui, alias: &str, out: &mut Commands) {
        let uri = alias_uri(self.kind, self.name, alias);
        copy_ui(ui, &format!("Copy {uri}"), uri.clone(), "URI", out);
    }

    /// Prompts are not served. `what`: the alias or the version, briefly.
    fn serve_ui(&self, ui: &mut Ui, what: &str, uri: &str, out: &mut Commands) {
        if self.kind == ModelKind::Model && ui.button(format!("Serve {what} here…")).clicked() {
            out.push(serve::ask(uri.to_owned()));
            ui.close();
        }
    }

    /// `what`: the alias or the version, briefly.
    fn copy_python_ui(&self, ui: &mut Ui, what: &str, uri: &str, out: &mut Commands) {
        let label = format!("Copy Python that loads {what}");
        copy_ui(ui, &label, python(self.kind, uri, self.store), "Python", out);
    }
}

fn copy_ui(ui: &mut Ui, label: &str, text: String, what: &'static str, out: &mut Commands) {
    if ui.button(label).clicked() {
        out.push(Command::Copy(text, what));
        ui.close();
    }
}

/// Of a row in the list.
pub fn model_menu_ui(ui: &mut Ui, kind: ModelKind, model: &RegisteredModel, out: &mut Commands) {
    if ui.button("Open beside").clicked() {
        out.push(Command::OpenBeside(kind, model.name.clone()));
        ui.close();
    }
    ui.separator();
    copy_ui(ui, "Copy name", model.name.clone(), "name", out);
    for (alias, _) in chips::aliases(model) {
        let uri = alias_uri(kind, &model.name, alias);
        copy_ui(ui, &format!("Copy {uri}"), uri.clone(), "URI", out);
    }
    ui.separator();
    life::model_menu_ui(ui, kind, &model.name, out);
}

/// Of an alias chip.
pub fn alias_menu_ui(
    ui: &mut Ui,
    subject: Subject<'_>,
    (alias, version): (&str, VersionNumber),
    dialog: &mut Dialog,
    out: &mut Commands,
) {
    ui.menu_button(format!("Move {alias} to"), |ui| {
        let versions = subject.board.versions.items();
        for target in versions.iter().filter(|v| v.version != version).take(MOST_VERSIONS) {
            if ui.button(format!("v{}", target.version)).clicked() {
                out.push(subject.plan(alias, Some(target.version)));
                ui.close();
            }
        }
        if ui.button("Type a version…").clicked() {
            *dialog = Dialog::move_alias(subject.kind, subject.name, alias, version);
            ui.close();
        }
    });
    ui.separator();
    subject.copy_alias_uri_ui(ui, alias, out);
    subject.copy_python_ui(ui, &format!("@{alias}"), &alias_uri(subject.kind, subject.name, alias), out);
    subject.serve_ui(ui, &format!("@{alias}"), &alias_uri(subject.kind, subject.name, alias), out);
    ui.separator();
    if ui.button(format!("Delete {alias}…")).clicked() {
        out.push(subject.plan(alias, None));
        ui.close();
    }
}

/// Of a version's row.
pub fn version_menu_ui(
    ui: &mut Ui,
    subject: Subject<'_>,
    version: &ModelVersion,
    dialog: &mut Dialog,
    out: &mut Commands,
) {
    let number = version.version;
    let model = subject.board.model.value();
    if ui.button("Add alias…").clicked() {
        *dialog = Dialog::add_alias(subject.kind, subject.name, number);
        ui.close();
    }
    let elsewhere = model.map(chips::aliases).unwrap_or_default().into_iter().filter(|(_, at)| *at != number);
    for (alias, at) in elsewhere.take(MOST_VERSIONS) {
        if ui.button(format!("Move {alias} here from v{at}…")).clicked() {
            out.push(subject.plan(alias, Some(number)));
            ui.close();
        }
    }
    ui.separator();
    let uri = version_uri(subject.kind, subject.name, number);
    copy_ui(ui, &format!("Copy {uri}"), uri.clone(), "URI", out);
    subject.copy_python_ui(ui, &format!("v{number}"), &uri, out);
    for alias in model.map(|model| chips::aliases_of(model, number)).unwrap_or_default() {
        subject.copy_alias_uri_ui(ui, alias, out);
        subject.copy_python_ui(ui, &format!("@{alias}"), &alias_uri(subject.kind, subject.name, alias), out);
    }
    ui.separator();
    compare_menu_ui(ui, subject, number, out);
    ui.separator();
    subject.serve_ui(ui, &format!("v{number}"), &uri, out);
    for alias in model.map(|model| chips::aliases_of(model, number)).unwrap_or_default() {
        subject.serve_ui(ui, &format!("@{alias}"), &alias_uri(subject.kind, subject.name, alias), out);
    }
    if ui.button("Open version").clicked() {
        out.push(version_route(subject, number));
        ui.close();
    }
    if let Some(run_id) = version.run_id()
        && ui.button("Open source run").clicked()
    {
        out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::default() });
        ui.close();
    }
    life::version_menu_ui(ui, subject.kind, version, out);
}

/// Compares a version with what an alias points at, or with anything that is loaded.
fn compare_menu_ui(ui: &mut Ui, subject: Subject<'_>, number: VersionNumber, out: &mut Commands) {
    let model = subject.registry.board.model.value().filter(|model| model.name == subject.name);
    let elsewhere = model.map(chips::aliases).unwrap_or_default().into_iter().filter(|(_, at)| *at != number);
    for (alias, at) in elsewhere.take(MOST_VERSIONS) {
        if ui.button(format!("Compare with {alias} (v{at})")).clicked() {
            out.push(compare::route(subject.compared(at), subject.compared(number)));
            ui.close();
        }
    }
    if subject.kind == ModelKind::Model
        && let Some((alias, at)) = model.and_then(|model| would_replace(model, number))
    {
        let button = ui.button(format!("Compare answers with {alias} (v{at})"));
        let hint = "Talks to it and to the one it would replace, side by side";
        if button.on_hover_text(hint).clicked() {
            let (model, versions) = (subject.name.to_owned(), [at, number]);
            out.push(EndpointsCommand::CompareAnswers { model, versions });
            ui.close();
        }
    }
    if ui.button("Compare with…").clicked() {
        out.push(CompareCommand::Choose(Some(subject.compared(number))));
        ui.close();
    }
}

/// Where a version is shown.
pub fn version_route(subject: Subject<'_>, version: VersionNumber) -> Route {
    Route::Version { kind: subject.kind, name: subject.name.to_owned(), version }
}
