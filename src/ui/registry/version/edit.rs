//! A version's description and tags, and changing them. What is typed stays until the server has it.

use egui::{Key, Label, Modifiers, RichText, TextEdit, Ui};

use crate::entities::ModelVersion;
use crate::state::command::Commands;
use crate::state::registry::RegistryCommand;
use crate::state::registry::life::forms::is_persons;
use crate::state::registry::life::rules::tag_key_problem;
use crate::state::registry::version::{EditOf, VersionEdit, VersionPage};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::form::{Below, Form, below_ui, hinted_ui};
use crate::ui::widgets::{Markdown, heading_ui};

/// What is being typed.
#[derive(Default)]
pub struct Editor {
    description: Option<String>,
    tag: Option<TypedTag>,
    deleting: Option<String>,
    /// What was just opened takes the cursor.
    opened: bool,
    sent: Option<VersionEdit>,
    markdown: Markdown,
    preview: Markdown,
}

/// As wide as the names of the facts above, in points.
const KEY_WIDTH: f32 = 118.0;

/// A tag that is being typed.
#[derive(Default)]
struct TypedTag {
    key: String,
    value: String,
    /// It is a new one: its key is typed too.
    new: bool,
}

impl Editor {
    /// Draws description and tags.
    pub fn show(&mut self, ui: &mut Ui, page: &VersionPage, version: &ModelVersion, out: &mut Commands) {
        self.settle(page);
        self.description_ui(ui, page, version, out);
        self.tags_ui(ui, page, version, out);
    }

    /// Closes what the server has taken.
    fn settle(&mut self, page: &VersionPage) {
        if self.sent.is_none() || page.saved() != self.sent.as_ref() {
            return;
        }
        match self.sent.take().map(|edit| edit.what) {
            Some(EditOf::Description(_)) => self.description = None,
            Some(EditOf::SetTag { .. }) => self.tag = None,
            Some(EditOf::DeleteTag(_)) => self.deleting = None,
            None => {}
        }
    }

    fn send(&mut self, version: &ModelVersion, what: EditOf, out: &mut Commands) {
        let edit = VersionEdit { name: version.name.clone(), version: version.version, what };
        self.sent = Some(edit.clone());
        out.push(RegistryCommand::Edit(edit));
    }

    fn description_ui(
        &mut self,
        ui: &mut Ui,
        page: &VersionPage,
        version: &ModelVersion,
        out: &mut Commands,
    ) {
        heading_ui(ui, "Description", None);
        let Some(text) = &mut self.description else {
            if version.description.trim().is_empty() {
                ui.label(theme::text::weak("None yet"));
            } else {
                self.markdown.show(ui, &version.description);
            }
            let edit = theme::button::quiet((Icon::Edit.image().alt_text(""), "Edit description"));
            if ui.add(edit).clicked() {
                self.description = Some(version.description.clone());
                self.opened = true;
            }
            return;
        };
        let field =
            TextEdit::multiline(text).desired_rows(6).desired_width(f32::INFINITY).hint_text("Markdown");
        let response = hinted_ui(ui, field).accessible_name("Description in Markdown");
        if std::mem::take(&mut self.opened) {
            response.request_focus();
        }
        let ctrl_enter =
            response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
        let text = text.clone();
        let changed = text != version.description;
        let mut save = ctrl_enter && changed;
        let saving = page.saving().is_some();
        ui.horizontal(|ui| {
            save |= ui.add_enabled(changed && !saving, theme::button::primary("Save description")).clicked();
            if ui.add(theme::button::default("Cancel")).clicked() {
                self.description = None;
                out.push(RegistryCommand::DismissEditError);
            }
            if saving {
                ui.label(theme::text::small("Saving…"));
            }
        });
        failed_ui(ui, page, version, |what| matches!(what, EditOf::Description(_)));
        ui.label(theme::text::label("Preview"));
        self.preview.show(ui, &text);
        if save && !saving {
            self.send(version, EditOf::Description(text), out);
        }
    }

    fn tags_ui(&mut self, ui: &mut Ui, page: &VersionPage, version: &ModelVersion, out: &mut Commands) {
        let tags: Vec<_> = version.tags.iter().filter(|(key, _)| is_persons(key)).collect();
        heading_ui(ui, "Tags", Some(tags.len()));
        for (key, value) in tags {
            let typed = self.tag.as_ref().is_some_and(|tag| !tag.new && tag.key == *key);
            if typed {
                self.tag_field_ui(ui, page, version, out);
            } else if self.deleting.as_ref() == Some(key) {
                self.deletion_ui(ui, page, version, key, out);
            } else {
                self.tag_ui(ui, key, value);
            }
        }
        if self.tag.as_ref().is_some_and(|tag| tag.new) {
            self.tag_field_ui(ui, page, version, out);
        } else if ui.add(theme::button::quiet((Icon::Add.image().alt_text(""), "Add tag"))).clicked() {
            self.tag = Some(TypedTag { new: true, ..TypedTag::default() });
            self.opened = true;
        }
        failed_ui(ui, page, version, |what| !matches!(what, EditOf::Description(_)));
    }

    fn tag_ui(&mut self, ui: &mut Ui, key: &str, value: &str) {
        ui.horizontal(|ui| {
            ui.set_height(size::CONTROL);
            key_ui(ui, key);
            let room = ui.available_width() - 2.0 * (size::CONTROL + size::SPACE_S);
            ui.scope(|ui| {
                ui.set_max_width(room.max(60.0));
                ui.add(Label::new(value.lines().next().unwrap_or_default()).truncate().selectable(true));
            });
            let edit = theme::button::icon(Icon::Edit, &format!("Edit tag {key}"));
            if ui.add(edit).on_hover_text("Edit").clicked() {
                self.tag = Some(TypedTag { key: key.to_owned(), value: value.to_owned(), new: false });
                self.opened = true;
            }
            let delete = theme::button::icon(Icon::Delete, &format!("Delete tag {key}"));
            if ui.add(delete).on_hover_text("Delete…").clicked() {
                self.deleting = Some(key.to_owned());
            }
        });
    }

    fn tag_field_ui(&mut self, ui: &mut Ui, page: &VersionPage, version: &ModelVersion, out: &mut Commands) {
        let Some(typed) = &mut self.tag else { return };
        let saving = page.saving().is_some();
        let (mut save, mut cancel) = (false, false);
        let mut form = Form::new(std::mem::take(&mut self.opened));
        let problem = tag_key_problem(typed.key.trim());
        ui.horizontal(|ui| {
            if typed.new {
                form.bare_field_ui(ui, "Tag key", "key", KEY_WIDTH - 16.0, &mut typed.key);
            } else {
                key_ui(ui, &typed.key);
            }
            let room = (ui.available_width() - 190.0).max(80.0);
            form.bare_field_ui(ui, "Tag value", "value", room, &mut typed.value);
            let ready = problem.is_none() && !saving;
            let clicked = ui.add_enabled(ready, theme::button::primary("Save tag")).clicked();
            save = clicked || form.was_entered() && ready;
            cancel = ui.add(theme::button::default("Cancel")).clicked();
        });
        if let Some(problem) = problem.filter(|_| !typed.key.is_empty()) {
            below_ui(ui, Below::Problem(problem));
        }
        if save {
            let what = EditOf::SetTag { key: typed.key.trim().to_owned(), value: typed.value.clone() };
            self.send(version, what, out);
        }
        if cancel {
            self.tag = None;
            out.push(RegistryCommand::DismissEditError);
        }
    }

    fn deletion_ui(
        &mut self,
        ui: &mut Ui,
        page: &VersionPage,
        version: &ModelVersion,
        key: &str,
        out: &mut Commands,
    ) {
        ui.horizontal(|ui| {
            ui.label(format!("Delete the tag {key}?"));
            let ready = page.saving().is_none();
            if ui.add_enabled(ready, theme::button::danger("Delete tag")).clicked() {
                self.send(version, EditOf::DeleteTag(key.to_owned()), out);
            }
            if ui.add(theme::button::default("Keep")).clicked() {
                self.deleting = None;
            }
        });
    }
}

/// A tag's key in a column of its own.
fn key_ui(ui: &mut Ui, key: &str) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(KEY_WIDTH, size::CONTROL), layout, |ui| {
        ui.set_min_width(KEY_WIDTH);
        ui.add(Label::new(theme::text::weak(key)).truncate());
    });
}

/// Why the last edit failed, below what is typed.
fn failed_ui(ui: &mut Ui, page: &VersionPage, version: &ModelVersion, mine: impl Fn(&EditOf) -> bool) {
    let Some((edit, why)) = page.failed() else { return };
    if mine(&edit.what) && edit.version == version.version && edit.name == version.name {
        ui.add(Label::new(RichText::new(why).color(ui.tokens().failure.fg)).wrap());
    }
}
