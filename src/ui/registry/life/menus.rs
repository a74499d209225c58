//! Entries of menus, and buttons, that open the registry's questions.

use egui::{Response, Ui};

use super::drag::drop_ui;
use crate::entities::ModelVersion;
use crate::state::command::Commands;
use crate::state::navigation::ModelKind;
use crate::state::registry::RegistryCommand;
use crate::state::registry::life::write::{Registrable, VersionSource};
use crate::state::registry::life::{Ask, LifeCommand};
use crate::theme::{self, Icon};

/// Asks for the model that something logged is registered in.
pub fn register(logged: &Registrable, model: Option<&str>) -> RegistryCommand {
    let source = VersionSource::Logged(Box::new(logged.clone()));
    open(Ask::Register { source, model: model.map(str::to_owned) })
}

fn open(ask: Ask) -> RegistryCommand {
    RegistryCommand::Life(LifeCommand::Open(ask))
}

fn entry_ui(ui: &mut Ui, label: &str, ask: impl FnOnce() -> Ask, out: &mut Commands) {
    if ui.button(label).clicked() {
        out.push(open(ask()));
        ui.close();
    }
}

/// Of a model's or prompt's row, and of its board.
pub fn model_menu_ui(ui: &mut Ui, kind: ModelKind, name: &str, out: &mut Commands) {
    let name = || name.to_owned();
    entry_ui(ui, "Description and tags…", || Ask::Describe { kind, name: name() }, out);
    if kind == ModelKind::Model {
        entry_ui(ui, "Rename…", || Ask::Rename { name: name() }, out);
    }
    entry_ui(ui, "Webhooks", || Ask::Webhooks, out);
    ui.separator();
    let what = match kind {
        ModelKind::Model => "Delete model…",
        ModelKind::Prompt => "Delete prompt…",
    };
    entry_ui(ui, what, || Ask::DeleteModel { kind, name: name() }, out);
}

/// The button on a model's board that opens the menu of the model.
pub fn model_actions_ui(ui: &mut Ui, kind: ModelKind, name: &str, out: &mut Commands) -> Response {
    let label = match kind {
        ModelKind::Model => "Model actions",
        ModelKind::Prompt => "Prompt actions",
    };
    let button = theme::button::icon(Icon::More, label);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button)
        .ui(ui, |ui| model_menu_ui(ui, kind, name, out));
    response.on_hover_text(label)
}

/// Of a version's row and page.
pub fn version_menu_ui(ui: &mut Ui, kind: ModelKind, version: &ModelVersion, out: &mut Commands) {
    ui.separator();
    let name = || version.name.clone();
    if kind == ModelKind::Model {
        let source = || VersionSource::Version {
            name: name(),
            version: version.version,
            run_id: version.run_id().map(str::to_owned),
        };
        entry_ui(ui, "Copy to another model…", || Ask::Register { source: source(), model: None }, out);
    }
    let number = version.version;
    entry_ui(ui, "Delete version…", || Ask::DeleteVersion { kind, name: name(), version: number }, out);
}

/// The button above the models that makes a new one; what is dropped on it is registered in a new one.
pub fn create_button_ui(ui: &mut Ui, out: &mut Commands) {
    let button = ui.add(theme::button::icon(Icon::Add, "Create a model")).on_hover_text("Create a model…");
    if button.clicked() {
        out.push(open(Ask::Create));
    }
    drop_ui(&button, None, out);
}
