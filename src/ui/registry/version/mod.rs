//! One version: what it is, what it takes and gives, its words, its files.

mod edit;
mod signature;

use egui::{Align, Frame, Label, Layout, Margin, Panel, Sense, Ui};

use self::edit::Editor;
use super::chips;
use super::dialogs::Dialog;
use super::menus::{Subject, alias_menu_ui, version_menu_ui};
use crate::entities::{MlModel, ModelVersion, ModelVersionStatus, VersionNumber, tag};
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route, RunTab, TraceScope};
use crate::state::registry::links::{python, version_uri};
use crate::state::{Command, format, serve};
use crate::theme::{self, Icon, Themed as _, Tint, size};
use crate::ui::Cx;
use crate::ui::artifacts::ArtifactsView;
use crate::ui::widgets::{
    columns_ui, copyable_id_ui, fact_ui, facts_ui, failure_bar_ui, failure_ui, heading_ui, loading_ui,
    status_ui, text_with_copy_ui, time_ui,
};

/// What is typed and chosen on a version's page.
pub struct VersionView {
    target: Option<(String, VersionNumber)>,
    tab: Tab,
    editor: Editor,
    files: ArtifactsView,
}

impl Default for VersionView {
    fn default() -> Self {
        Self {
            target: None,
            tab: Tab::default(),
            editor: Editor::default(),
            files: ArtifactsView::opening("MLmodel"),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Overview,
    Files,
}

impl VersionView {
    /// Draws the page.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (kind, name, number): (ModelKind, &str, VersionNumber),
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let Some(workspace) = cx.workspace() else { return };
        let registry = &workspace.registry;
        let store = workspace.store.info();
        let subject = Subject { kind, name, store: &store, registry, board: &registry.board, now: cx.now };
        self.retarget(name, number);
        let page = &registry.version;
        let Some(version) = page.version.value().filter(|_| page.shows(name, number)) else {
            match page.version.error() {
                Some(error) => {
                    failure_ui(ui, "The version could not be loaded", error, Command::Refresh, out);
                }
                None => loading_ui(ui, "the version"),
            }
            return;
        };
        let margin = Margin::symmetric(size::SPACE_L as i8, size::SPACE_S as i8);
        Panel::top("version header").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
            header_ui(ui, subject, version, dialog, out);
            if kind == ModelKind::Model {
                self.tabs_ui(ui);
            }
            if let Some(error) = page.version.error() {
                failure_bar_ui(ui, "What is shown may be old", error, Command::Refresh, out);
            }
        });
        match (self.tab, page.files()) {
            (Tab::Files, Some(root)) => self.files.show(ui, cx, root, out),
            (Tab::Files, None) => loading_ui(ui, "the files"),
            (Tab::Overview, _) => self.overview_ui(ui, subject, version, dialog, out),
        }
    }

    /// Typed text belongs to one version.
    fn retarget(&mut self, name: &str, number: VersionNumber) {
        if self.target.as_ref().is_none_or(|(n, v)| n != name || *v != number) {
            *self = Self { target: Some((name.to_owned(), number)), ..Self::default() };
        }
    }

    fn tabs_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            for (tab, label) in [(Tab::Overview, "Overview"), (Tab::Files, "Files")] {
                if ui.add(theme::button::quiet(label).selected(self.tab == tab)).clicked() {
                    self.tab = tab;
                }
            }
        });
    }

    fn overview_ui(
        &mut self,
        ui: &mut Ui,
        subject: Subject<'_>,
        version: &ModelVersion,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        columns_ui(ui, ("version", version.version), |columns| {
            if let Some(left) = columns.first_mut() {
                self.words_ui(left, subject, version, dialog, out);
            }
            if let Some(right) = columns.last_mut() {
                packaged_ui(right, subject, version, out);
            }
        });
    }

    fn words_ui(
        &mut self,
        ui: &mut Ui,
        subject: Subject<'_>,
        version: &ModelVersion,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        heading_ui(ui, "About", None);
        facts_ui(ui, "version facts", |ui| {
            fact_ui(ui, "Aliases", |ui| aliases_ui(ui, subject, version, dialog, out));
            fact_ui(ui, "Registered", |ui| drop(time_ui(ui, version.creation_timestamp, subject.now)));
            fact_ui(ui, "Changed", |ui| drop(time_ui(ui, version.last_updated_timestamp, subject.now)));
            if !version.user_id.is_empty() {
                fact_ui(ui, "By", |ui| drop(ui.label(&version.user_id)));
            }
            if let Some(run_id) = version.run_id() {
                fact_ui(ui, "Source run", |ui| run_ui(ui, run_id, out));
            }
            if let Some(model_id) = version.logged_model_id() {
                fact_ui(ui, "Logged model", |ui| {
                    copyable_id_ui(ui, model_id, "logged model id", out);
                    let traces = ui.link("Traces").on_hover_text("Traces of this model");
                    if traces.clicked() {
                        out.push(Route::Traces(TraceScope::Model(model_id.to_owned())));
                    }
                });
            }
            if subject.kind == ModelKind::Model {
                fact_ui(ui, "Source", |ui| text_with_copy_ui(ui, &version.source, "source", out));
            }
        });
        self.editor.show(ui, &subject.registry.version, version, out);
    }
}

fn header_ui(
    ui: &mut Ui,
    subject: Subject<'_>,
    version: &ModelVersion,
    dialog: &mut Dialog,
    out: &mut Commands,
) {
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.menu_button("Actions", |ui| version_menu_ui(ui, subject, version, dialog, out));
            let uri = version_uri(subject.kind, subject.name, version.version);
            if subject.kind == ModelKind::Model {
                let button = theme::button::default((Icon::Play.image().alt_text(""), "Serve…"));
                let hover = "Run it on this machine, to talk to it";
                if ui.add(button).on_hover_text(hover).clicked() {
                    out.push(serve::ask(uri.clone()));
                }
            }
            let button = theme::button::default((Icon::Copy.image().alt_text(""), "Copy Python"));
            let code = python(subject.kind, &uri, subject.store);
            if ui.add(button).on_hover_text(&code).clicked() {
                out.push(Command::Copy(code, "Python"));
            }
            let button = theme::button::default((Icon::Copy.image().alt_text(""), "Copy URI"));
            if ui.add(button).on_hover_text(&uri).clicked() {
                out.push(Command::Copy(uri, "URI"));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, subject, version, out));
        });
    });
}

fn title_ui(ui: &mut Ui, subject: Subject<'_>, version: &ModelVersion, out: &mut Commands) {
    let back = theme::button::quiet((Icon::ChevronLeft.image().alt_text(""), subject.name.to_owned()));
    // The name takes what the others leave.
    let others = 190.0;
    let back = ui.scope(|ui| {
        ui.set_max_width((ui.available_width() - others).max(60.0));
        ui.add(back.truncate())
    });
    let back = back.inner.on_hover_text(format!("All versions of {}", subject.name));
    if back.clicked() {
        out.push(Route::Model { kind: subject.kind, name: subject.name.to_owned() });
    }
    ui.add(Label::new(theme::text::heading(format!("Version {}", version.version))));
    status_of_ui(ui, version);
}

fn aliases_ui(
    ui: &mut Ui,
    subject: Subject<'_>,
    version: &ModelVersion,
    dialog: &mut Dialog,
    out: &mut Commands,
) {
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    let board = subject.board;
    let model = board.model.value().filter(|model| model.name == version.name);
    for alias in model.map(|model| chips::aliases_of(model, version.version)).unwrap_or_default() {
        let chip = crate::ui::widgets::alias_chip_ui(ui, alias, Sense::click());
        let menu = |ui: &mut Ui| {
            alias_menu_ui(ui, subject, (alias, version.version), dialog, out);
        };
        egui::Popup::menu(&chip).show(menu);
    }
    if board.latest() == Some(version.version) {
        chips::latest_chip_ui(ui);
    }
    if ui.add(theme::button::icon(Icon::Add, "Add alias")).on_hover_text("Add alias…").clicked() {
        *dialog = Dialog::add_alias(subject.kind, subject.name, version.version);
    }
}

fn run_ui(ui: &mut Ui, run_id: &str, out: &mut Commands) {
    let text = theme::text::mono(format::short_id(run_id)).color(ui.tokens().accent.text);
    let link = ui.add(egui::Link::new(text)).accessible_name("source run");
    if link.on_hover_text(format!("Open run {run_id}")).clicked() {
        out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::default() });
    }
}

/// What was packaged: for a model its `MLmodel` in words, for a prompt its text.
fn packaged_ui(ui: &mut Ui, subject: Subject<'_>, version: &ModelVersion, out: &mut Commands) {
    if subject.kind == ModelKind::Prompt {
        prompt_ui(ui, version, out);
        return;
    }
    let mlmodel = &subject.registry.version.mlmodel;
    match (mlmodel.value(), mlmodel.error()) {
        (Some(model), _) => mlmodel_ui(ui, model),
        (None, Some(error)) => {
            heading_ui(ui, "Model", None);
            failure_bar_ui(ui, "Its MLmodel file could not be read", error, Command::Refresh, out);
        }
        (None, None) => {
            heading_ui(ui, "Model", None);
            ui.label(theme::text::weak("Loading its MLmodel file…"));
        }
    }
}

fn mlmodel_ui(ui: &mut Ui, model: &MlModel) {
    heading_ui(ui, "Model", None);
    facts_ui(ui, "model facts", |ui| {
        if let Some(task) = &model.task {
            fact_ui(ui, "Task", |ui| {
                ui.label(model.task_label().unwrap_or(task));
                ui.label(theme::text::small_mono(task));
            });
        }
        fact_ui(ui, "Flavors", |ui| drop(ui.label(model.flavors.join(", "))));
        let versions = [("MLflow", &model.mlflow_version), ("Python", &model.python_version)];
        for (name, version) in versions {
            if let Some(version) = version {
                fact_ui(ui, name, |ui| drop(ui.label(version)));
            }
        }
        if let Some(size) = model.model_size_bytes {
            fact_ui(ui, "Size", |ui| drop(ui.label(format::bytes(size))));
        }
        if let Some(created) = &model.utc_time_created {
            fact_ui(ui, "Packaged", |ui| {
                ui.label(format!("{} UTC", created.split('.').next().unwrap_or(created)));
            });
        }
    });
    if let Some(signature) = &model.signature {
        signature::show(ui, signature);
    } else {
        heading_ui(ui, "Signature", None);
        ui.label(theme::text::weak("It was logged without a signature"));
    }
}

fn prompt_ui(ui: &mut Ui, version: &ModelVersion, out: &mut Commands) {
    heading_ui(ui, "Text", None);
    let text = version.tags.get(tag::PROMPT_TEXT).map(String::as_str).unwrap_or_default();
    let fill = ui.tokens().code_bg;
    Frame::new().fill(fill).inner_margin(size::SPACE_M).corner_radius(size::RADIUS).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(Label::new(theme::text::mono(text)).wrap().selectable(true));
    });
    if ui.add(theme::button::quiet((Icon::Copy.image().alt_text(""), "Copy text"))).clicked() {
        out.push(Command::Copy(text.to_owned(), "prompt"));
    }
}

/// Whether a version can be used, its reason on hover, and a legacy stage if there is one.
pub fn status_of_ui(ui: &mut Ui, version: &ModelVersion) {
    let tokens = ui.tokens();
    let (icon, tint) = match version.status {
        // Ready is as it should be: only the others are worth a coloured word.
        ModelVersionStatus::Ready => (Icon::Success, Tint { fg: tokens.text_weak, ..tokens.success }),
        ModelVersionStatus::Pending => (Icon::Pending, tokens.info),
        ModelVersionStatus::Failed => (Icon::Failure, tokens.failure),
    };
    let response = status_ui(ui, icon, version.status.label(), tint);
    if !version.status_message.is_empty() {
        response.on_hover_text(&version.status_message);
    }
    if let Some(stage) = &version.current_stage {
        let text = theme::text::small(format!("{stage} (stage)"));
        ui.add(Label::new(text).truncate())
            .on_hover_text("A legacy stage. MLflow replaced stages by aliases");
    }
}
