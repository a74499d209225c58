//! The dialog that takes a prompt from the registry: find it, pick a version or an alias, fill in its variables, see
//! what comes of it, and insert it as the message or as the system prompt.

use egui::{
    Align, ComboBox, Context, Frame, Key, Label, Layout, Margin, Modifiers, ScrollArea, Sense, Stroke, Ui,
    vec2,
};

use crate::entities::{PromptTemplate, RegisteredModel, VersionNumber};
use crate::state::Command;
use crate::state::chat::prompt::{Parts, Values, filled, is_jinja2, variables};
use crate::state::chat::{Chat, ChatCommand, Conversation, Pick, Prompts, PromptsCommand};
use crate::state::command::Commands;
use crate::theme::{self, Themed as _, size};
use crate::tracking::{TemplateError, prompt_template};
use crate::ui::Cx;
use crate::ui::widgets::cells::{RowLook, row_background_ui};
use crate::ui::widgets::failure_bar_ui;
use crate::ui::widgets::form::{Below, Form, below_ui, buttons_ui, dialog_ui};

/// Wide enough to read a prompt in.
const WIDTH: f32 = 620.0;
/// Prompts that are seen at once.
const ROWS: f32 = 5.0;
/// Height of the preview, in points.
const PREVIEW: f32 = 120.0;
/// What the window keeps for the rest of the dialog, in points.
const REST: f32 = 560.0;

/// What is typed and chosen.
#[derive(Default)]
pub(super) struct PromptsView {
    open: bool,
    opened: bool,
    /// A `/` opened it, which stands for itself if nothing is chosen.
    by_slash: bool,
    query: String,
    /// What is found, for which words and which list.
    found: (String, u64, Vec<String>),
    at: usize,
    moved: bool,
    /// The pointer is over the list, and the rows stay where they are.
    holds: bool,
    /// Rows came while they were held, so that they are not in their order.
    held: bool,
    pick: Option<Pick>,
    /// The prompt that `pick` is of.
    of: String,
    template: Option<(String, VersionNumber, Result<PromptTemplate, TemplateError>)>,
    values: Values,
    /// Put the cursor into the first variable without a value.
    to_variable: bool,
    /// The cursor is in a variable's field.
    in_variable: bool,
}

/// How the dialog ended.
pub(super) enum Ended {
    /// With this to be inserted into the message.
    Insert(String),
    /// With a system prompt, or with nothing.
    Done,
}

/// What was asked for in this frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Insert,
    System,
    Cancel,
}

impl PromptsView {
    /// Opens it, with the values that the conversation remembers.
    pub(super) fn open(&mut self, chat: &Chat, by_slash: bool) {
        let values = chat.current().map(|current| current.prompt_values.clone()).unwrap_or_default();
        // The prompt that was used last is the likeliest.
        let (pick, of) = (self.pick.take(), std::mem::take(&mut self.of));
        *self = Self { open: true, opened: true, by_slash, values, pick, of, ..Self::default() };
        self.found.1 = u64::MAX;
    }

    /// Draws it, while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) -> Option<Ended> {
        let prompts = cx.workspace().map(|workspace| &workspace.prompts).filter(|_| self.open)?;
        let opens = std::mem::take(&mut self.opened);
        if opens {
            out.push(PromptsCommand::Load);
        }
        self.take_up(prompts, out);
        let (asked, closes) =
            dialog_ui(ctx, "prompts", WIDTH, |ui| self.form_ui(ui, &cx.state.chat, prompts, opens, out));
        let asked = asked.or(closes.then_some(Asked::Cancel))?;
        self.open = false;
        out.push(ChatCommand::SetPromptValues(self.values.clone()));
        Some(self.end(asked, out))
    }

    fn end(&self, asked: Asked, out: &mut Commands) -> Ended {
        let parts = self.filled().map(Parts::of).unwrap_or_default();
        match asked {
            Asked::Cancel if self.by_slash => return Ended::Insert("/".to_owned()),
            Asked::Cancel => return Ended::Done,
            Asked::System => {
                let system = parts.system.or(parts.message).unwrap_or_default();
                out.push(ChatCommand::SetSystemPrompt(system));
                return Ended::Done;
            }
            Asked::Insert => {}
        }
        if let Some(system) = parts.system {
            out.push(ChatCommand::SetSystemPrompt(system));
        }
        parts.message.map_or(Ended::Done, Ended::Insert)
    }

    /// Follows what arrived.
    fn take_up(&mut self, prompts: &Prompts, out: &mut Commands) {
        let (query, revision, shown) = &self.found;
        let same = *query == self.query;
        let holds = self.holds && same;
        if *revision != prompts.revision() || !same || (self.held && !holds) {
            let names = prompts.search(&self.query, if holds { shown } else { &[] });
            self.held = holds;
            // Other words begin at the best match; a list that grows keeps the place.
            let kept = names.iter().position(|name| *name == self.of).filter(|_| same);
            self.at = kept.unwrap_or(0);
            self.found = (self.query.clone(), prompts.revision(), names);
        }
        let name = self.found.2.get(self.at).cloned().unwrap_or_default();
        if self.of != name {
            self.of = name;
            self.pick = None;
        }
        if !self.of.is_empty() && prompts.chosen() != Some(&self.of) {
            out.push(PromptsCommand::Choose(self.of.clone()));
            self.template = None;
            return;
        }
        let picks = prompts.picks();
        // What is on its way keeps what was picked.
        let gone = self.pick.as_ref().is_some_and(|pick| !picks.contains(pick));
        if self.pick.is_none() || (gone && !prompts.versions.is_loading()) {
            self.pick = picks.into_iter().next();
        }
        let version = self.pick.as_ref().and_then(|pick| prompts.version(pick.version));
        let Some(version) = version else {
            self.template = None;
            return;
        };
        let here = |(name, number, _): &(String, VersionNumber, _)| {
            (name, *number) == (&version.name, version.version)
        };
        if !self.template.as_ref().is_some_and(here) {
            self.template = Some((version.name.clone(), version.version, prompt_template(version)));
        }
    }

    fn template(&self) -> Option<&PromptTemplate> {
        self.template.as_ref()?.2.as_ref().ok()
    }

    fn filled(&self) -> Option<PromptTemplate> {
        self.template().map(|template| filled(template, &self.values))
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        chat: &Chat,
        prompts: &Prompts,
        opens: bool,
        out: &mut Commands,
    ) -> Option<Asked> {
        ui.label(theme::text::title("Insert a prompt"));
        ui.add_space(size::SPACE_S);
        let mut form = Form::new(opens);
        self.take_arrows(ui);
        form.bare_field_ui(ui, "Find a prompt", "Find a prompt", f32::INFINITY, &mut self.query);
        let entered = form.was_entered();
        self.list_ui(ui, prompts, out);
        self.pick_ui(ui, prompts, out);
        let missing = self.variables_ui(ui, &mut form);
        self.preview_ui(ui);
        self.notes_ui(ui, chat, &missing);
        let parts = self.filled().map(Parts::of);
        let ready = parts.as_ref().is_some_and(|parts| parts.message.is_some() || parts.system.is_some());
        let mut asked = None;
        if entered && !missing.is_empty() {
            self.to_variable = true;
        } else if form.was_entered() && ready {
            asked = Some(Asked::Insert);
        }
        ui.add_space(size::SPACE_S);
        buttons_ui(ui, |ui| {
            if ui.add_enabled(ready, theme::button::primary("Insert")).clicked() {
                asked = Some(Asked::Insert);
            }
            // A chat says itself what is the system's.
            if matches!(self.template(), Some(PromptTemplate::Text(_))) {
                let system = theme::button::default("Use as system prompt");
                if ui.add_enabled(ready, system).clicked() {
                    asked = Some(Asked::System);
                }
            }
            if ui.add(theme::button::default("Cancel")).clicked() {
                asked = Some(Asked::Cancel);
            }
        });
        asked
    }

    /// Up and down choose while one types what to find; in a variable's field they belong to the text.
    fn take_arrows(&mut self, ui: &Ui) {
        self.moved = false;
        if self.in_variable {
            return;
        }
        let last = self.found.2.len().saturating_sub(1);
        let before = self.at;
        ui.input_mut(|input| {
            if input.consume_key(Modifiers::NONE, Key::ArrowDown) {
                self.at = (self.at + 1).min(last);
            }
            if input.consume_key(Modifiers::NONE, Key::ArrowUp) {
                self.at = self.at.saturating_sub(1);
            }
        });
        self.moved = before != self.at;
    }

    fn list_ui(&mut self, ui: &mut Ui, prompts: &Prompts, out: &mut Commands) {
        ui.add_space(size::SPACE_S);
        if let Some(error) = prompts.all.error() {
            let again = Command::Prompts(PromptsCommand::Load);
            failure_bar_ui(ui, "The prompts cannot be listed", error, again, out);
        }
        let height = ROWS * size::ROW;
        let list = Frame::new()
            .stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline))
            .corner_radius(size::RADIUS)
            .show(ui, |ui| {
                ui.set_min_size(vec2(ui.available_width(), height));
                ui.spacing_mut().item_spacing.y = 0.0;
                ScrollArea::vertical().id_salt("prompts").max_height(height).auto_shrink([false, true]).show(
                    ui,
                    |ui| {
                        for at in 0..self.found.2.len() {
                            self.row_ui(ui, prompts, at);
                        }
                        if self.found.2.is_empty() {
                            let text = if prompts.all.is_loading() {
                                "Loading prompts…"
                            } else if prompts.all.error().is_some() {
                                ""
                            } else if self.query.trim().is_empty() {
                                "There are no prompts on this server"
                            } else {
                                "No prompt has that name"
                            };
                            Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
                                ui.label(theme::text::weak(text));
                            });
                        }
                    },
                );
            });
        self.holds = ui.rect_contains_pointer(list.response.rect);
        ui.add_space(size::SPACE_S);
    }

    fn row_ui(&mut self, ui: &mut Ui, prompts: &Prompts, at: usize) {
        let Some(name) = self.found.2.get(at) else { return };
        let selected = at == self.at;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::RadioButton, true, selected, format!("Prompt {name}"))
        });
        let look = RowLook { selected, cursor: response.has_focus(), drop_target: false };
        row_background_ui(&ui.new_child(egui::UiBuilder::new().max_rect(rect)), look);
        let within = egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(size::SPACE_S, 0.0)))
            .layout(Layout::right_to_left(Align::Center));
        let mut row = ui.new_child(within);
        let prompt = prompts.all.items().iter().find(|prompt| prompt.name == *name);
        row.scope(|ui| {
            ui.set_max_width(ui.available_width() * 0.5);
            let aliases = prompt.map(aliases_of).unwrap_or_default();
            ui.add(Label::new(theme::text::small(aliases)).truncate().selectable(false));
        });
        row.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(name.as_str()).truncate().selectable(false));
        });
        if selected && self.moved {
            response.scroll_to_me(None);
        }
        if response.clicked() {
            self.at = at;
        }
    }

    fn pick_ui(&mut self, ui: &mut Ui, prompts: &Prompts, out: &mut Commands) {
        if let Some(error) = prompts.versions.error() {
            let again = Command::Prompts(PromptsCommand::Load);
            failure_bar_ui(ui, "The versions cannot be read", error, again, out);
        }
        ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL);
            ui.label(theme::text::label("Version"));
            let Some(pick) = &mut self.pick else {
                let word = if prompts.versions.is_loading() { "Loading…" } else { "None" };
                ui.label(theme::text::weak(word));
                return;
            };
            let combo = ComboBox::from_id_salt("prompt version").selected_text(pick.label());
            let shown = combo.show_ui(ui, |ui| {
                for choice in prompts.picks() {
                    let label = choice.label();
                    ui.selectable_value(pick, choice, label);
                }
            });
            shown.response.accessible_name("Version of the prompt");
            let said = prompts.version(pick.version).map(|version| version.description.as_str());
            let said = said.and_then(|said| said.lines().next()).unwrap_or_default();
            ui.add(Label::new(theme::text::small(said)).truncate());
        });
        ui.add_space(size::SPACE_XS);
    }

    /// The fields of the variables. Answers which are still empty.
    fn variables_ui(&mut self, ui: &mut Ui, form: &mut Form) -> Vec<String> {
        let names = self.template().map(variables).unwrap_or_default();
        let room = (ui.ctx().content_rect().height() - REST).max(2.0 * size::CONTROL);
        let mut finding = true;
        ScrollArea::vertical().id_salt("variables").max_height(room).auto_shrink([false, true]).show(
            ui,
            |ui| {
                for name in &names {
                    let value = self.values.entry(name.clone()).or_default();
                    let response = ui.push_id(name, |ui| form.text_ui(ui, name, "", 2, value)).inner;
                    if self.to_variable && value.is_empty() {
                        self.to_variable = false;
                        response.request_focus();
                        response.scroll_to_me(None);
                    }
                    finding &= !response.has_focus();
                }
            },
        );
        self.to_variable = false;
        self.in_variable = !finding;
        let is_empty = |name: &String| self.values.get(name).is_none_or(String::is_empty);
        names.into_iter().filter(is_empty).collect()
    }

    fn preview_ui(&self, ui: &mut Ui) {
        ui.label(theme::text::label("Preview"));
        Frame::new()
            .fill(ui.tokens().raised_bg)
            .stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline))
            .corner_radius(size::RADIUS)
            .inner_margin(Margin::same(size::SPACE_S as i8))
            .show(ui, |ui| {
                ui.set_min_size(vec2(ui.available_width(), PREVIEW));
                ScrollArea::vertical().id_salt("preview").max_height(PREVIEW).auto_shrink(false).show(
                    ui,
                    |ui| match self.filled() {
                        None => {}
                        Some(PromptTemplate::Text(text)) => {
                            ui.add(Label::new(text).wrap());
                        }
                        Some(PromptTemplate::Chat(messages)) => {
                            for message in messages {
                                ui.label(theme::text::small(message.role));
                                ui.add(Label::new(message.content).wrap());
                                ui.add_space(size::SPACE_XS);
                            }
                        }
                    },
                );
            });
    }

    /// What should be known before it is inserted: one line, whose room is kept.
    fn notes_ui(&self, ui: &mut Ui, chat: &Chat, missing: &[String]) {
        let Some((_, _, template)) = &self.template else { return below_ui(ui, Below::Nothing) };
        let template = match template {
            Ok(template) => template,
            Err(error) => return below_ui(ui, Below::Problem(&error.to_string())),
        };
        let parts = Parts::of(template.clone());
        let mut notes = Vec::new();
        if !missing.is_empty() {
            notes.push(format!("Without a value yet: {}", missing.join(", ")));
        }
        if is_jinja2(template) {
            notes.push("Its {% … %} is not carried out".to_owned());
        }
        if !parts.left_out.is_empty() {
            notes.push(format!("Left out: messages of {}", parts.left_out.join(", ")));
        }
        if parts.more {
            notes.push("Its pictures are left out".to_owned());
        }
        if parts.system.is_some() {
            let is_set = |current: &Conversation| !current.system_prompt.trim().is_empty();
            let verb = if chat.current().is_some_and(is_set) { "replaces" } else { "becomes" };
            notes.push(format!("What the system says {verb} the system prompt"));
        }
        let warns = !missing.is_empty() || !parts.left_out.is_empty() || parts.more || is_jinja2(template);
        let text = notes.join(" · ");
        below_ui(ui, if warns { Below::Warning(&text) } else { Below::Note(&text) });
    }
}

fn aliases_of(prompt: &RegisteredModel) -> String {
    let aliases = prompt.aliases.iter().map(|it| format!("{} v{}", it.alias, it.version));
    aliases.collect::<Vec<_>>().join(" · ")
}
