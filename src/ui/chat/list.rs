//! The list at the left: all conversations, the newest first, and the field that looks for words in them.

use egui::{Align, Key, Label, Layout, Modifiers, Ui};

use crate::state::bench::{BenchCommand, cases_of_conversation};
use crate::state::chat::{Chat, ChatCommand, CopyAs, Summary};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::{ListLook, Pane, VirtualList, filter_field_ui};

/// The words that are looked for, and the cursor.
#[derive(Default)]
pub struct ListView {
    words: String,
    list: VirtualList,
}

impl ListView {
    /// Draws it. The conversation that is to be renamed, if one is.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) -> Option<u64> {
        let chat = &cx.state.chat;
        Pane::List.take_keys_on_press(ui, ui.max_rect());
        egui::Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
            if filter_field_ui(ui, &mut self.words, "Search conversations").changed() {
                self.list.reset();
                out.push(ChatCommand::Search(self.words.clone()));
            }
        });
        let found: Vec<&Summary> = chat.all().iter().filter(|known| chat.is_wanted(known)).collect();
        if found.is_empty() {
            let none = if chat.all().is_empty() { "No conversations yet" } else { "No conversation says so" };
            ui.vertical_centered(|ui| ui.label(theme::text::weak(none)));
            return None;
        }
        let shown = chat.loading().or(chat.current().map(|current| current.id));
        let keys = Pane::List.has_keys(ui.ctx());
        let look = ListLook {
            salt: "conversations",
            count: found.len(),
            height: size::ROW,
            selected: found.iter().position(|known| Some(known.id) == shown),
            keys,
        };
        let name = |row: usize| found.get(row).map(|known| known.title.clone()).unwrap_or_default();
        let answer = self.list.show(ui, &look, name, |ui, row| {
            if let Some(known) = found.get(row) {
                row_ui(ui, known, cx.now);
            }
        });
        if let Some(chosen) = answer.chosen.and_then(|row| found.get(row)) {
            out.push(ChatCommand::Show(chosen.id));
        }
        let mut rename = None;
        for (row, response) in answer.visible {
            if let Some(known) = found.get(row) {
                response.context_menu(|ui| menu_ui(ui, chat, known.id, &mut rename, out));
            }
        }
        if let Some(known) = self.list.cursor().filter(|_| keys).and_then(|row| found.get(row)) {
            let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
            if pressed(Key::F2) {
                out.push(ChatCommand::Show(known.id));
                rename = Some(known.id);
            }
            if pressed(Key::Delete) {
                out.push(ChatCommand::Delete(known.id));
            }
        }
        rename
    }
}

fn row_ui(ui: &mut Ui, known: &Summary, now: i64) {
    ui.add_space(size::SPACE_S);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        ui.label(theme::text::small(format::relative_time(known.updated, now)))
            .on_hover_text(format::exact_time(known.updated));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if known.members.len() > 1 {
                let name = format!("{} side by side", known.members.len());
                let icon = Icon::Compare.sized(size::ICON_SMALL).tint(ui.tokens().text_weak);
                ui.add(icon.alt_text(&name)).on_hover_text(name);
            }
            ui.add(Label::new(known.title.as_str()).truncate().selectable(false));
        });
    });
}

/// What can be done with a conversation.
pub(super) fn menu_ui(ui: &mut Ui, chat: &Chat, id: u64, rename: &mut Option<u64>, out: &mut Commands) {
    if ui.add(theme::button::default((Icon::Edit.image(), "Rename…"))).clicked() {
        out.push(ChatCommand::Show(id));
        *rename = Some(id);
    }
    let copies = [
        ("Copy as Markdown", Icon::Copy, CopyAs::Markdown),
        ("Copy as curl", Icon::Terminal, CopyAs::Curl),
        ("Copy as Python", Icon::Code, CopyAs::Python),
    ];
    for (word, icon, copy_as) in copies {
        if ui.add(theme::button::default((icon.image(), word))).clicked() {
            out.push(ChatCommand::Copy(id, copy_as));
        }
    }
    if chat.can_keep() && ui.add(theme::button::default((Icon::Download.image(), "Export…"))).clicked() {
        out.push(ChatCommand::Export(Some(id)));
    }
    let loaded = chat.conversations().iter().find(|known| known.id == id);
    if let Some(loaded) = loaded.filter(|loaded| !loaded.turns.is_empty())
        && ui.add(theme::button::default((Icon::Bench.image(), "Add to bench…"))).clicked()
    {
        out.push(BenchCommand::AskAdd(cases_of_conversation(loaded)));
    }
    if ui.add(theme::button::default((Icon::Delete.image(), "Delete"))).clicked() {
        out.push(ChatCommand::Delete(id));
    }
}
