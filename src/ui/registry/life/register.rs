//! Registering what a run logged, or a copy of another model's version: the model is typed or chosen, with alias,
//! description and tags in the same step.

use egui::{Align, Key, Label, Layout, Modifiers, Response, RichText, Sense, Ui, UiBuilder, vec2};

use super::{Answer, Question, tags, webhooks};
use crate::entities::{RegisteredModel, event};
use crate::state::format;
use crate::state::registry::life::forms::RegisterForm;
use crate::state::registry::life::write::VersionSource;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::cells::{RowLook, row_background_ui};
use crate::ui::widgets::form::{Below, Confirm, Form, Formed};

/// Models that are offered at once; who does not see theirs types on.
const OFFERED: usize = 4;
/// Lines of a description that are seen at once.
const LINES: usize = 3;

/// What is typed.
#[derive(Default)]
pub(super) struct Typed {
    form: RegisterForm,
    focus: Option<usize>,
    /// What the offered models are found by: choosing one of them does not change what is offered.
    sought: String,
    offered: Vec<usize>,
    offered_for: Option<(u64, String)>,
    chosen: Option<usize>,
}

impl Typed {
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        question: Question<'_>,
        source: &VersionSource,
        model: Option<&str>,
    ) -> Answer {
        if question.opens
            && let Some(model) = model
        {
            model.clone_into(&mut self.form.model);
        }
        title_ui(ui, source);
        let mut form = Form::new(question.opens);
        self.model_ui(ui, &mut form, question, source);
        self.alias_ui(ui, &mut form, question);
        match source {
            VersionSource::Logged(_) => {
                form.text_ui(ui, "Description", "Markdown", LINES, &mut self.form.description);
                tags::show(ui, &mut form, &mut self.form.tags, &mut self.focus);
            }
            VersionSource::Version { .. } => {
                ui.label(theme::text::weak("Description, tags and source run come along"));
            }
        }
        webhooks::line_ui(ui, question.registry, event::VERSION_CREATED);
        let registration = self.form.registration(question.known(), source);
        let button = match source {
            VersionSource::Logged(_) => "Register",
            VersionSource::Version { .. } => "Copy",
        };
        let ready = registration.is_some();
        match (form.end_ui(ui, Confirm::Primary(button), ready, question.asked.stage), registration) {
            (Formed::Confirmed, Some((writes, alias))) => Answer::Carry(writes, alias),
            (Formed::Cancelled, _) => Answer::Closed,
            _ => Answer::Open,
        }
    }

    fn model_ui(&mut self, ui: &mut Ui, form: &mut Form, question: Question<'_>, source: &VersionSource) {
        let known = question.known();
        let name = self.form.model.trim().to_owned();
        let problem = self.form.model_problem(known, source).filter(|_| !name.is_empty());
        let note = match known.model(&name) {
            _ if name.is_empty() => "Choose a model below, or type the name of a new one".to_owned(),
            Some(model) => follows(model),
            None if question.is_loading_models() => "The models are still being loaded".to_owned(),
            None => format!("{name} is a new model: it is created first"),
        };
        let below = problem.as_deref().map_or(Below::Note(&note), Below::Problem);
        let field = form.field_ui(ui, "Model", "e.g. churn-classifier", &mut self.form.model, below);
        if field.changed() {
            self.form.model.trim().clone_into(&mut self.sought);
            self.chosen = None;
        }
        self.find(question);
        self.take_arrows(ui, &field, question);
        self.offered_ui(ui, question);
    }

    fn find(&mut self, question: Question<'_>) {
        let models = &question.registry.models;
        let wanted = (models.revision(), self.sought.clone());
        if self.offered_for.as_ref() == Some(&wanted) {
            return;
        }
        let sought = self.sought.to_lowercase();
        let mut offered: Vec<usize> = (0..models.items().len())
            .filter(|&at| models.items()[at].name.to_lowercase().contains(&sought))
            .collect();
        // What begins so comes before what only holds it.
        offered.sort_by_key(|&at| !models.items()[at].name.to_lowercase().starts_with(&sought));
        offered.truncate(OFFERED);
        self.offered = offered;
        self.offered_for = Some(wanted);
    }

    /// ↑ and ↓ in the field choose among what is offered.
    fn take_arrows(&mut self, ui: &Ui, field: &Response, question: Question<'_>) {
        if !field.has_focus() || self.offered.is_empty() {
            return;
        }
        let last = self.offered.len() - 1;
        let chosen = ui.input_mut(|input| {
            if input.consume_key(Modifiers::NONE, Key::ArrowDown) {
                Some(self.chosen.map_or(0, |at| (at + 1).min(last)))
            } else if input.consume_key(Modifiers::NONE, Key::ArrowUp) {
                Some(self.chosen.map_or(last, |at| at.saturating_sub(1)))
            } else {
                None
            }
        });
        if let Some(at) = chosen {
            self.choose(at, question);
        }
    }

    fn choose(&mut self, at: usize, question: Question<'_>) {
        self.chosen = Some(at);
        question.registry.models.items()[self.offered[at]].name.clone_into(&mut self.form.model);
    }

    /// As many rows as there can be, so that nothing jumps while one types.
    fn offered_ui(&mut self, ui: &mut Ui, question: Question<'_>) {
        let models = question.registry.models.items();
        let mut clicked = None;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for at in 0..OFFERED.min(models.len()) {
                let wanted = vec2(ui.available_width(), size::ROW);
                let Some(model) = self.offered.get(at).and_then(|&at| models.get(at)) else {
                    ui.allocate_exact_size(wanted, Sense::HOVER);
                    continue;
                };
                // Reached by the arrows of the field, so Tab goes on to the next field.
                let (rect, response) = ui.allocate_exact_size(wanted, Sense::CLICK);
                let here = model.name == self.form.model.trim();
                response.widget_info(|| {
                    let name = format!("into {}", model.name);
                    egui::WidgetInfo::selected(egui::Role::Button, true, here, name)
                });
                offered_row_ui(ui, rect, model, here);
                if response.clicked() {
                    clicked = Some(at);
                }
            }
        });
        ui.add_space(size::SPACE_S);
        if let Some(at) = clicked {
            self.choose(at, question);
        }
    }

    fn alias_ui(&mut self, ui: &mut Ui, form: &mut Form, question: Question<'_>) {
        let alias = self.form.alias.trim().to_owned();
        let problem = self.form.alias_problem();
        let stands = self.form.alias_stands_on(question.known());
        let moves = stands.map(|at| format!("{alias} is on v{at}: the plan to move it opens next"));
        let below = match (problem, &moves) {
            (Some(problem), _) => Below::Problem(problem),
            (None, Some(moves)) => Below::Warning(moves),
            (None, None) if alias.is_empty() => Below::Note("None, if it is left empty"),
            (None, None) => Below::Note("It is set once the version is there"),
        };
        form.field_ui(ui, "Alias", "e.g. candidate", &mut self.form.alias, below);
    }
}

fn title_ui(ui: &mut Ui, source: &VersionSource) {
    let title = match source {
        VersionSource::Logged(it) => format!("Register {}", it.label),
        VersionSource::Version { name, version, .. } => format!("Copy v{version} of {name}"),
    };
    ui.add(Label::new(theme::text::title(title)).truncate());
    let from = match source {
        VersionSource::Logged(it) if !it.run_id.is_empty() => {
            format!("{} · run {}", source.uri(), format::short_id(&it.run_id))
        }
        _ => source.uri(),
    };
    ui.add(Label::new(theme::text::small_mono(&from)).truncate()).on_hover_text(source.uri());
    ui.add_space(size::SPACE_S);
}

/// “It has versions up to v7: this becomes the next”
fn follows(model: &RegisteredModel) -> String {
    match model.latest_version {
        Some(latest) => format!("It has versions up to v{latest}: this becomes the next"),
        None => "It has no versions yet".to_owned(),
    }
}

fn offered_row_ui(ui: &mut Ui, rect: egui::Rect, model: &RegisteredModel, here: bool) {
    let layout = Layout::left_to_right(Align::Center);
    let mut row = ui.new_child(UiBuilder::new().id_salt(&model.name).max_rect(rect).layout(layout));
    row_background_ui(&row, RowLook { selected: here, ..RowLook::default() });
    row.add_space(size::SPACE_S);
    row.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        let latest = model.latest_version.map(|version| format!("v{version}")).unwrap_or_default();
        ui.add(Label::new(theme::text::small(latest)).selectable(false));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = RichText::new(&model.name).color(ui.tokens().text);
            ui.add(Label::new(text).truncate().selectable(false));
        });
    });
}
