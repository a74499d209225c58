//! The journal: what was moved and edited here, and what others were seen to move; newest first, with its details
//! beside it.

mod details;
mod table;

use egui::{Align, Key, Layout, Margin, Modifiers, Panel, Ui};

use super::Cx;
use super::widgets::{empty_ui, filter_field_ui, loading_ui, switch_ui};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::journal::{ExportFormat, Filter, Journal, JournalCommand, Record};
use crate::theme::{self, Icon, Themed as _, size};

/// What is typed and chosen in the journal.
#[derive(Default)]
pub struct JournalView {
    filter: String,
    /// Where the rows are in the journal, newest first.
    found: Vec<usize>,
    found_in: Option<(u64, Filter)>,
    /// The row of the keyboard, and the record that it is.
    cursor: Option<(usize, String)>,
    scroll_to_cursor: bool,
    details: bool,
}

impl JournalView {
    /// Draws the screen.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let journal = &cx.state.journal;
        let filter = self.wanted(cx);
        self.find(journal, &filter);
        self.header_ui(ui, cx, &filter, out);
        troubles_ui(ui, journal);
        if !journal.is_loaded() {
            loading_ui(ui, "the journal");
            return;
        }
        if journal.records().is_empty() {
            let text =
                "Aliases you move and texts you edit are listed here, with what others were seen to move";
            empty_ui(ui, Icon::History, "Nothing happened yet", text, None, out);
            return;
        }
        if self.found.is_empty() {
            self.nothing_found_ui(ui, &filter, out);
            return;
        }
        self.take_keys(ui, journal);
        let chosen = self.cursor.as_ref().and_then(|(_, id)| journal.get(id));
        if let Some(record) = chosen.filter(|_| self.details) {
            let mut open = true;
            Panel::right("journal details")
                .default_size(size::INSPECTOR)
                .size_range(size::INSPECTOR_MIN..=560.0)
                .frame(egui::Frame::new().fill(ui.tokens().panel_bg).inner_margin(size::SPACE_M))
                .show(ui, |ui| {
                    ui.set_min_size(ui.available_size());
                    open = details::show(ui, cx, record, out);
                });
            self.details = open;
        }
        self.table_ui(ui, cx, out);
    }

    /// Which records are to be shown now.
    fn wanted(&self, cx: &Cx<'_>) -> Filter {
        let only = cx.state.settings.get().journal.only_this_server;
        let server = cx.workspace().filter(|_| only).map(|workspace| workspace.store.info().uri.clone());
        Filter { text: self.filter.clone(), server }
    }

    fn find(&mut self, journal: &Journal, filter: &Filter) {
        let revision = journal.revision();
        if self.found_in.as_ref().is_some_and(|(found_in, of)| *found_in == revision && of == filter) {
            return;
        }
        self.found = journal.matching(filter);
        self.found_in = Some((revision, filter.clone()));
        // The same record, wherever it is now.
        self.cursor = self.cursor.take().and_then(|(_, id)| {
            let row = self.found.iter().position(|&at| journal.records()[at].id == id)?;
            Some((row, id))
        });
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, filter: &Filter, out: &mut Commands) {
        let journal = &cx.state.journal;
        egui::Frame::new().inner_margin(Margin::same(size::SPACE_M as i8)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                ui.label(theme::text::heading("Journal"));
                ui.scope(|ui| {
                    ui.set_max_width(280.0);
                    filter_field_ui(ui, &mut self.filter, "Filter journal")
                        .on_hover_text("Words of any column, e.g. @prod churn ann");
                });
                if cx.workspace().is_some() {
                    let only = cx.state.settings.get().journal.only_this_server;
                    let choices = [(false, "All servers"), (true, "Only this server")];
                    if let Some(only) = switch_ui(ui, "", only, &choices) {
                        out.push(JournalCommand::OnlyThisServer(only));
                    }
                }
                ui.label(theme::text::small(self.count(journal, filter)));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.add_enabled_ui(!self.found.is_empty(), |ui| export_ui(ui, filter, out));
                });
            });
        });
    }

    fn count(&self, journal: &Journal, filter: &Filter) -> String {
        let all = format::counted(journal.records().len(), "entry", "entries");
        if *filter == Filter::default() {
            all
        } else {
            format!("{} of {all}", format::count(self.found.len()))
        }
    }

    fn nothing_found_ui(&mut self, ui: &mut Ui, filter: &Filter, out: &mut Commands) {
        let text = match &filter.server {
            Some(_) if filter.text.is_empty() => "Nothing happened on this server yet",
            Some(_) => "No entry of this server holds these words",
            None => "No entry holds these words",
        };
        empty_ui(ui, Icon::Search, "Nothing found", text, None, out);
        ui.vertical_centered(|ui| {
            ui.add_space(size::SPACE_M);
            if ui.button("Show all entries").clicked() {
                self.filter.clear();
                out.push(JournalCommand::OnlyThisServer(false));
            }
        });
    }

    fn take_keys(&mut self, ui: &Ui, journal: &Journal) {
        let Some(last) = self.found.len().checked_sub(1) else { return };
        let busy = ui.memory(|memory| memory.focused().is_some() || memory.top_modal_layer().is_some());
        if busy || egui::Popup::is_any_open(ui.ctx()) {
            return;
        }
        let old = self.cursor.as_ref().map(|(row, _)| (*row).min(last));
        let new = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            if pressed(Key::ArrowDown) {
                Some(old.map_or(0, |row| (row + 1).min(last)))
            } else if pressed(Key::ArrowUp) {
                Some(old.map_or(last, |row| row.saturating_sub(1)))
            } else if pressed(Key::Home) {
                Some(0)
            } else if pressed(Key::End) {
                Some(last)
            } else {
                None
            }
        });
        if let Some(row) = new {
            self.cursor = Some((row, self.record(journal, row).id.clone()));
            self.scroll_to_cursor = true;
        }
        if self.cursor.is_some() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
            self.details = !self.details;
        }
        if self.details && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.details = false;
        }
    }

    fn record<'a>(&self, journal: &'a Journal, row: usize) -> &'a Record {
        &journal.records()[self.found[row]]
    }
}

fn export_ui(ui: &mut Ui, filter: &Filter, out: &mut Commands) {
    ui.menu_button("Export…", |ui| {
        for (label, format) in [("As CSV…", ExportFormat::Csv), ("As Markdown…", ExportFormat::Markdown)]
        {
            if ui.button(label).clicked() {
                out.push(JournalCommand::Export(format, filter.clone()));
                ui.close();
            }
        }
    });
}

/// What is wrong with the file, above what is known all the same.
fn troubles_ui(ui: &mut Ui, journal: &Journal) {
    let tokens = ui.tokens();
    if let Some(error) = journal.trouble() {
        let text = format!("What happens now is forgotten when Flowdeck is closed. {error}");
        bar_ui(ui, Icon::Error, tokens.failure, &text, error.next_step());
    }
    let notes = journal.notes();
    if notes.unreadable > 0 {
        let lines = format::counted(notes.unreadable, "line", "lines");
        let text = format!("{lines} of the file cannot be read");
        bar_ui(
            ui,
            Icon::Warning,
            tokens.warning,
            &text,
            "It stays in the file, such as a line that a crash cut short",
        );
    }
    if notes.newer > 0 {
        let entries = format::counted(notes.newer, "entry", "entries");
        let text = format!("{entries} of a newer Flowdeck cannot be shown");
        bar_ui(ui, Icon::Info, tokens.info, &text, "They stay in the file");
    }
}

fn bar_ui(ui: &mut Ui, icon: Icon, tint: theme::Tint, text: &str, more: &str) {
    let margin = Margin::symmetric(size::SPACE_M as i8, size::SPACE_XS as i8);
    egui::Frame::new().fill(tint.bg).inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            ui.add(icon.tinted(tint.fg).alt_text(""));
            ui.colored_label(tint.fg, text);
            ui.label(theme::text::weak(more));
        });
    });
}
