//! What a run logged, registering it, and what was registered from it.

use egui::{Align, Label, Layout, Response, Sense, Ui, WidgetInfo};

use crate::entities::{LoggedModel, LoggedModelStatus, VersionNumber};
use crate::state::command::Commands;
use crate::state::compare::{CompareCommand, Subject};
use crate::state::navigation::ModelKind;
use crate::state::registry::life::write::Registrable;
use crate::state::run::{RunCommand, ShownRun};
use crate::state::{Command, Route, TraceScope};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::registry::life::{carry_ui, register};
use crate::ui::widgets::{alias_chip_ui, failure_bar_ui, heading_ui, rows_ui};

/// What a logged model's id leaves to its status and its buttons, in points.
const BUTTONS_WIDTH: f32 = 300.0;

/// The header's button: registers the one thing there is, or asks which. Nothing where nothing was logged.
pub(super) fn button_ui(ui: &mut Ui, shown: &ShownRun, out: &mut Commands) {
    let logged = shown.registrable();
    let [one] = &logged[..] else {
        if !logged.is_empty() {
            ui.menu_button("Register…", |ui| {
                for it in &logged {
                    if ui.button(format!("{}…", it.label)).on_hover_text(&it.version.source).clicked() {
                        out.push(register(it, None));
                        ui.close();
                    }
                }
            });
        }
        return;
    };
    let button = ui.add(theme::button::default("Register…"));
    if button.on_hover_text(format!("Register {} as a version of a model", one.label)).clicked() {
        out.push(register(one, None));
    }
}

/// What was logged can be dragged by its whole row. Draw the row's content after it.
fn grip_ui(ui: &mut Ui, logged: &Registrable) -> Response {
    let rect = ui.max_rect();
    let row = ui.interact(rect, ui.scope_id().with("carry"), Sense::DRAG);
    row.widget_info(|| WidgetInfo::labeled(egui::Role::Row, true, format!("logged model {}", logged.label)));
    let row = carry_ui(row, logged);
    ui.add(Icon::Grip.sized(size::ICON_SMALL).tint(ui.tokens().text_disabled).alt_text(""));
    row
}

fn register_button_ui(ui: &mut Ui, logged: &Registrable, out: &mut Commands) {
    let button = ui.add(theme::button::quiet("Register…").small());
    if button.accessible_name(format!("Register {}", logged.label)).clicked() {
        out.push(register(logged, None));
    }
}

/// A folder with a model among the run's artifacts (MLflow 2).
fn folder_ui(ui: &mut Ui, logged: &Registrable, out: &mut Commands) {
    grip_ui(ui, logged);
    ui.add(Icon::Model.tinted(ui.tokens().text_weak).alt_text(""));
    ui.label(&logged.label).on_hover_text("A model among the run's artifacts");
    ui.label(theme::text::small("artifact"));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| register_button_ui(ui, logged, out));
}

/// The logged models, the models among the artifacts, and the versions registered from them.
pub(super) fn models_ui(ui: &mut Ui, shown: &ShownRun, out: &mut Commands) {
    let registered = shown.registered();
    if shown.models.is_empty()
        && shown.model_folders.is_empty()
        && registered.is_empty()
        && shown.versions.error().is_none()
    {
        return;
    }
    let folders: Vec<_> =
        shown.registrable().into_iter().filter(|it| it.version.model_id.is_none()).collect();
    let logged = shown.models.len() + folders.len();
    heading_ui(ui, "Models", Some(logged.max(registered.len())));
    let models: Vec<_> = shown.models.iter().collect();
    rows_ui(ui, "logged models", models.len(), |ui, index| {
        let (model_id, model) = models[index];
        match (model.value(), model.error()) {
            (Some(model), _) => logged_model_ui(ui, model, &shown.run_id, out),
            (None, Some(error)) => {
                ui.label(theme::text::mono(model_id));
                ui.colored_label(ui.tokens().failure.fg, error.to_string());
            }
            (None, None) => drop(ui.label(theme::text::weak(format!("Loading {model_id}…")))),
        }
    });
    if !folders.is_empty() {
        rows_ui(ui, "model folders", folders.len(), |ui, index| folder_ui(ui, &folders[index], out));
    }
    if let Some(error) = shown.versions.error() {
        failure_bar_ui(ui, "Could not load its registered versions", error, RunCommand::Reload.into(), out);
    }
    rows_ui(ui, "registered versions", registered.len(), |ui, index| {
        version_ui(ui, shown, registered[index], out);
    });
}

fn logged_model_ui(ui: &mut Ui, model: &LoggedModel, run_id: &str, out: &mut Commands) {
    let registrable = Registrable::of_logged_model(model, run_id);
    if let Some(it) = &registrable {
        let row = grip_ui(ui, it);
        row.context_menu(|ui| menu_ui(ui, model, it, out));
    }
    ui.add(Icon::Model.tinted(ui.tokens().text_weak).alt_text(""));
    ui.label(&model.name).on_hover_text("A logged model");
    if !model.model_type.is_empty() {
        ui.label(theme::text::small(&model.model_type));
    }
    let what = "logged model id";
    let room = (ui.available_width() - BUTTONS_WIDTH).max(40.0);
    let id = ui
        .scope(|ui| {
            ui.set_max_width(room);
            let text = Label::new(theme::text::small_mono(&model.model_id));
            ui.add(text.truncate().sense(Sense::click()))
        })
        .inner;
    let id = id.on_hover_cursor(egui::CursorIcon::PointingHand);
    if id.on_hover_text(format!("{}\nClick to copy", model.model_id)).clicked() {
        out.push(Command::Copy(model.model_id.clone(), what));
    }
    if ui.link("Traces").on_hover_text("Traces of this model").clicked() {
        out.push(Route::Traces(TraceScope::Model(model.model_id.clone())));
    }
    if model.status != LoggedModelStatus::Ready {
        ui.label(theme::text::small(model.status.label()));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if let Some(it) = &registrable {
            register_button_ui(ui, it, out);
        }
        let button = ui.add(theme::button::quiet("Compare…").small());
        if button.accessible_name(format!("Compare {} with…", model.name)).clicked() {
            out.push(compare(model));
        }
    });
}

fn compare(model: &LoggedModel) -> CompareCommand {
    CompareCommand::Choose(Some(Subject::LoggedModel { model_id: model.model_id.clone() }))
}

/// Of a logged model's row.
fn menu_ui(ui: &mut Ui, model: &LoggedModel, logged: &Registrable, out: &mut Commands) {
    let entries: [(&str, Command); 4] = [
        ("Compare with…", compare(model).into()),
        ("Register…", register(logged, None).into()),
        ("Open traces", Route::Traces(TraceScope::Model(model.model_id.clone())).into()),
        ("Copy URI", Command::Copy(format!("models:/{}", model.model_id), "URI")),
    ];
    for (label, command) in entries {
        if ui.button(label).clicked() {
            out.push(command);
            ui.close();
        }
    }
}

fn version_ui(ui: &mut Ui, shown: &ShownRun, (name, version): (&str, VersionNumber), out: &mut Commands) {
    ui.add(Icon::Tag.tinted(ui.tokens().text_weak).alt_text(""));
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    let kind = ModelKind::Model;
    if ui.link(name).on_hover_text("Open the model's versions").clicked() {
        out.push(Route::Model { kind, name: name.to_owned() });
    }
    if ui.link(format!("version {version}")).clicked() {
        out.push(Route::Version { kind, name: name.to_owned(), version });
    }
    for alias in shown.aliases_of(name, version) {
        alias_chip_ui(ui, alias, Sense::hover());
    }
}
