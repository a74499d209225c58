//! A registered model's name, description and tags: a new model's, or those of one that is there.

use egui::Ui;

use super::{Answer, Question, tags, unread_ui, webhooks};
use crate::entities::event;
use crate::state::ModelKind;
use crate::state::registry::life::forms::ModelForm;
use crate::theme;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed};

/// What is typed.
#[derive(Default)]
pub(super) struct Typed {
    form: ModelForm,
    /// What the store has was put in.
    filled: bool,
    focus: Option<usize>,
}

/// Lines of a description that are seen at once.
const LINES: usize = 5;

impl Typed {
    pub(super) fn create_ui(&mut self, ui: &mut Ui, question: Question<'_>) -> Answer {
        ui.label(theme::text::title("Create a model"));
        ui.add_space(theme::size::SPACE_S);
        let mut form = Form::new(question.opens);
        let known = question.known();
        let problem = known.new_name_problem(self.form.name.trim());
        // Nothing is wrong yet with what was not typed.
        let below = match &problem {
            Some(problem) if !self.form.name.is_empty() => Below::Problem(problem),
            _ => Below::Nothing,
        };
        form.field_ui(ui, "Name", "e.g. churn-classifier", &mut self.form.name, below);
        form.text_ui(ui, "Description", "Markdown", LINES, &mut self.form.description);
        tags::show(ui, &mut form, &mut self.form.tags, &mut self.focus);
        webhooks::line_ui(ui, question.registry, event::MODEL_CREATED);
        let writes = self.form.creation(known);
        answer(&form, ui, question, Confirm::Primary("Create model"), writes)
    }

    pub(super) fn describe_ui(
        &mut self,
        ui: &mut Ui,
        question: Question<'_>,
        kind: ModelKind,
        name: &str,
    ) -> Answer {
        ui.label(theme::text::title(format!("Description and tags of {name}")));
        ui.add_space(theme::size::SPACE_S);
        let Some(model) = question.asked.model.value() else {
            return unread_ui(ui, question.asked.model.error());
        };
        let fills = !std::mem::replace(&mut self.filled, true);
        if fills {
            self.form = ModelForm::of(model);
        }
        let mut form = Form::new(fills);
        form.text_ui(ui, "Description", "Markdown", LINES, &mut self.form.description);
        tags::show(ui, &mut form, &mut self.form.tags, &mut self.focus);
        let writes = self.form.edits(kind, model).filter(|writes| !writes.is_empty());
        answer(&form, ui, question, Confirm::Primary("Save"), writes)
    }
}

fn answer(
    form: &Form,
    ui: &mut Ui,
    question: Question<'_>,
    button: Confirm<'_>,
    writes: Option<Vec<crate::state::registry::life::write::Write>>,
) -> Answer {
    match (form.end_ui(ui, button, writes.is_some(), question.asked.stage), writes) {
        (Formed::Confirmed, Some(writes)) => Answer::Carry(writes, None),
        (Formed::Cancelled, _) => Answer::Closed,
        _ => Answer::Open,
    }
}
