//! What was thought of a trace, and a thumb of one's own with a word on why.

use egui::{
    Align, Frame, Key, Label, Layout, Margin, Popup, PopupCloseBehavior, RichText, Stroke, TextEdit, Ui,
};

use crate::entities::{Assessment, AssessmentKind, Millis, NewFeedback, TraceValue};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::traces::{TracePage, TracesCommand};
use crate::theme::{self, Icon, Themed as _, Tint, Tokens, size};
use crate::ui::Cx;

/// The name under which MLflow keeps feedback that has no other.
const NAME: &str = "feedback";
/// Assessments that are shown in the line.
const MOST: usize = 6;

/// The comment that is being typed.
#[derive(Default)]
pub(super) struct FeedbackView {
    comment: String,
    /// It is on its way.
    sent: bool,
}

impl FeedbackView {
    /// Draws a line: what was thought, and the thumbs.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, page: &TracePage, out: &mut Commands) {
        let can_write = cx.workspace().is_some_and(|workspace| workspace.store.info().can_write);
        let saved = self.sent && !page.is_writing() && page.failed().is_none();
        if saved {
            *self = Self::default();
        } else if page.failed().is_some() {
            self.sent = false;
        }
        ui.add_space(2.0);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(size::SPACE_XS, 2.0);
            ui.label(theme::text::small("Assessments"));
            let assessments: Vec<_> = page.assessments().collect();
            for assessment in assessments.iter().take(MOST) {
                chip_ui(ui, assessment);
            }
            if assessments.len() > MOST {
                ui.label(theme::text::small(format!("+{}", assessments.len() - MOST)));
            }
            if assessments.is_empty() {
                ui.label(theme::text::small("none yet"));
            }
            for (icon, name, good) in [(Icon::Good, "Thumbs up", true), (Icon::Bad, "Thumbs down", false)] {
                let button = theme::button::icon(icon, name);
                let response = ui.add_enabled(can_write, button);
                let response = response.on_disabled_hover_text("This store cannot be written to");
                let response = response.on_hover_text(format!("{name}…"));
                if saved {
                    Popup::close_id(ui.ctx(), Popup::default_response_id(&response));
                }
                Popup::from_toggle_button_response(&response)
                    .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
                    .accessible_name(name)
                    .show(|ui| self.form_ui(ui, page, good, out));
            }
        });
    }

    fn form_ui(&mut self, ui: &mut Ui, page: &TracePage, good: bool, out: &mut Commands) {
        ui.set_width(320.0);
        Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
            ui.label(theme::text::strong(if good { "What was good?" } else { "What was wrong?" }));
            let field = TextEdit::singleline(&mut self.comment).hint_text("Why, if you like");
            let field = ui.add(field.desired_width(f32::INFINITY)).accessible_name("Comment");
            if !field.has_focus() && !field.lost_focus() && ui.memory(|memory| memory.focused().is_none()) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if let Some((_, why)) = page.failed() {
                let color = ui.tokens().failure.fg;
                ui.add(Label::new(RichText::new(why).color(color)).wrap());
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let label = if page.is_writing() { "Saving…" } else { "Save" };
                let button = theme::button::primary(label);
                let saving = page.is_writing() || self.sent;
                let clicked = ui.add_enabled(!saving, button).clicked();
                if (clicked || entered) && !saving {
                    self.sent = true;
                    out.push(TracesCommand::LogFeedback(NewFeedback {
                        trace_id: page.trace_id().to_owned(),
                        span_id: None,
                        name: NAME.to_owned(),
                        good,
                        rationale: self.comment.trim().to_owned(),
                    }));
                }
                ui.label(theme::text::small("Kept with the trace, under your name"));
            });
        });
    }
}

/// Icon, colour and words of a judgement.
fn look(assessment: &Assessment, tokens: &Tokens) -> (Icon, Tint, String) {
    if let Some(error) = &assessment.error {
        return (Icon::Warning, tokens.warning, error.clone());
    }
    match (&assessment.value, assessment.kind) {
        (TraceValue::Bool(true), AssessmentKind::Feedback) => (Icon::Good, tokens.success, "good".to_owned()),
        (TraceValue::Bool(false), AssessmentKind::Feedback) => (Icon::Bad, tokens.failure, "bad".to_owned()),
        (TraceValue::Text(text), kind) => (kind_icon(kind), tokens.neutral_chip, text.clone()),
        (value, kind) => (kind_icon(kind), tokens.neutral_chip, value.summary(200)),
    }
}

fn kind_icon(kind: AssessmentKind) -> Icon {
    match kind {
        AssessmentKind::Feedback => Icon::Info,
        AssessmentKind::Expectation => Icon::Check,
        AssessmentKind::Issue => Icon::Warning,
    }
}

/// Briefly, in a line: whole on hover.
fn chip_ui(ui: &mut Ui, assessment: &Assessment) {
    let tokens = ui.tokens();
    let (icon, tint, value) = look(assessment, tokens);
    let value: String = value.chars().take(32).collect();
    // A thumb says it all.
    let is_thumb = matches!(icon, Icon::Good | Icon::Bad);
    let (name, alt) = if is_thumb {
        (assessment.name.clone(), value.as_str())
    } else {
        (format!("{} {value}", assessment.name), "")
    };
    let response = Frame::new()
        .fill(tint.bg)
        .stroke(Stroke::new(size::HAIRLINE, tint.border))
        .corner_radius(size::RADIUS_CHIP)
        .inner_margin(Margin::symmetric(6, 0))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.spacing_mut().interact_size.y = size::CHIP - 2.0;
            ui.horizontal(|ui| {
                ui.add(icon.sized(12.0).tint(tint.fg).alt_text(alt));
                let text = RichText::new(&name).small().color(tint.fg);
                ui.add(
                    Label::new(if assessment.valid { text } else { text.strikethrough() }).selectable(false),
                );
            });
        })
        .response;
    response.on_hover_ui(|ui| {
        ui.set_max_width(size::INSPECTOR);
        ui.label(format!("{} by {}", assessment.kind.label(), who(assessment)));
        if !assessment.rationale.is_empty() {
            ui.label(&assessment.rationale);
        }
        if !assessment.valid {
            ui.label(theme::text::small("A later one took its place"));
        }
    });
}

fn who(assessment: &Assessment) -> String {
    let kind = match assessment.source_type.as_str() {
        "LLM_JUDGE" | "AI_JUDGE" => "the judge ",
        "CODE" => "code ",
        _ => "",
    };
    format!("{kind}{}", assessment.source_id)
}

/// As a whole, with the reason.
pub(super) fn assessment_ui(ui: &mut Ui, assessment: &Assessment, now: Millis) {
    let tokens = ui.tokens();
    let (icon, tint, value) = look(assessment, tokens);
    Frame::new()
        .fill(tokens.code_bg)
        .stroke(Stroke::new(size::HAIRLINE, tokens.hairline))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::symmetric(size::SPACE_S as i8, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                ui.spacing_mut().interact_size.y = size::ICON;
                let color = if tint == tokens.neutral_chip { tokens.text_weak } else { tint.fg };
                ui.add(icon.sized(size::ICON_SMALL).tint(color).alt_text(""));
                ui.label(theme::text::strong(&assessment.name));
                ui.add(Label::new(RichText::new(value).color(color)).wrap());
                let when = assessment.create_time.map(|at| format!(", {}", format::relative_time(at, now)));
                let kind = assessment.kind.label().to_lowercase();
                let what = format!("{kind} by {}{}", who(assessment), when.unwrap_or_default());
                let exact = assessment.create_time.map(format::exact_time).unwrap_or_default();
                ui.label(theme::text::small(what)).on_hover_text(exact);
            });
            if !assessment.rationale.is_empty() {
                ui.add(Label::new(&assessment.rationale).wrap().selectable(true));
            }
        });
}
