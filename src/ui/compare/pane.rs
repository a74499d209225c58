//! A comparison in two panes, as in a Git client: the list of what is compared, and what was chosen there.

use egui::{Frame, Key, Label, Modifiers, Panel, ScrollArea, Ui};

use super::items::{Filter, Item, find, item_ui, listed};
use super::lines;
use super::text::TextView;
use crate::entities::Millis;
use crate::state::command::Commands;
use crate::state::compare::{Comparison, FilePair, FileSide, FileStatus};
use crate::state::{Command, format};
use crate::theme::{self, Icon, size};
use crate::ui::widgets::{ListLook, VirtualList, fact_ui, facts_ui, filter_field_ui, text_with_copy_ui};

/// With more lines than this only the differences are shown at first.
const MANY_LINES: usize = 24;
/// Gaps that are told at once.
const MOST_GAPS: usize = 2;

/// What is chosen in a comparison.
#[derive(Default)]
pub struct ComparisonPane {
    item: Item,
    only: Option<bool>,
    filter: String,
    list: VirtualList,
    cursor: Cursor,
    text: TextView,
}

/// How a pane is drawn.
pub struct PaneLook<'a> {
    /// Tells panes apart.
    pub salt: &'a str,
    /// What stands over the left and the right side.
    pub heads: [String; 2],
    /// Width of the list at first.
    pub list_width: f32,
    /// Whether it takes keys now.
    pub keys: bool,
    /// When this frame is drawn.
    pub now: Millis,
}

/// The difference that the keys went to.
#[derive(Default)]
pub(super) struct Cursor {
    at: Option<usize>,
    scroll: bool,
    /// Another item was entered on the way: stop at its first (`true`) or last difference.
    entering: Option<bool>,
}

impl Cursor {
    /// Whether it is on this row.
    pub(super) fn is_at(&self, row: usize) -> bool {
        self.at == Some(row)
    }

    /// The rows are others now.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Scrolls to the row if the cursor was moved.
    pub(super) fn scrolled(&mut self, area: ScrollArea, height: f32, visible: f32) -> ScrollArea {
        match self.at {
            Some(at) if std::mem::take(&mut self.scroll) => {
                let offset = (at as f32 + 0.5) * height - visible / 2.0;
                area.vertical_scroll_offset(offset.max(0.0))
            }
            _ => area,
        }
    }

    /// Goes to the next stop, or to the one before. `false`: there is none.
    fn go(&mut self, stops: &[usize], forward: bool) -> bool {
        let next = match (self.at, forward) {
            (None, true) => stops.first(),
            (None, false) => stops.last(),
            (Some(at), true) => stops.iter().find(|stop| **stop > at),
            (Some(at), false) => stops.iter().rev().find(|stop| **stop < at),
        };
        let Some(next) = next else { return false };
        *self = Self { at: Some(*next), scroll: true, entering: None };
        true
    }
}

impl ComparisonPane {
    /// Draws it into what room there is.
    pub fn show(&mut self, ui: &mut Ui, comparison: &Comparison, look: &PaneLook<'_>, out: &mut Commands) {
        let two = comparison.subject(0).is_some() && comparison.subject(1).is_some();
        let only = self.only.unwrap_or(two && comparison.lines().len() > MANY_LINES);
        let items = listed(comparison, only, &self.filter);
        if !items.contains(&self.item) {
            let still_there = matches!(&self.item, Item::File(path) if find(comparison, path).is_some());
            if !still_there {
                self.choose(Item::All);
            }
        }
        let moved = look.keys.then(|| take_keys(ui)).flatten();
        let id = egui::Id::unique((look.salt, "compared items"));
        Panel::left(id).default_size(look.list_width).size_range(140.0..=520.0).frame(Frame::new()).show(
            ui,
            |ui| {
                ui.set_min_size(ui.available_size());
                self.list_ui(ui, comparison, look, &items, only);
            },
        );
        let stops = self.content_ui(ui, comparison, look, only, out);
        self.settle(&stops);
        if let Some(forward) = moved {
            self.go(comparison, &items, &stops, forward);
            ui.ctx().request_repaint();
        }
    }

    fn choose(&mut self, item: Item) {
        if self.item != item {
            self.item = item;
            self.cursor.forget();
        }
    }

    fn list_ui(
        &mut self,
        ui: &mut Ui,
        comparison: &Comparison,
        look: &PaneLook<'_>,
        items: &[Item],
        only: bool,
    ) {
        Frame::new().inner_margin(egui::Margin::symmetric(size::SPACE_S as i8, size::SPACE_XS as i8)).show(
            ui,
            |ui| {
                filter_field_ui(ui, &mut self.filter, "Filter names and files");
                ui.horizontal(|ui| {
                    let mut only = only;
                    if ui.checkbox(&mut only, "Differences only").changed() {
                        self.only = Some(only);
                    }
                });
                // Always there, so that nothing moves when all has arrived.
                let progress = comparison.progress().unwrap_or_else(|| {
                    let files = comparison.files().len();
                    if files == 0 { String::new() } else { format::counted(files, "file", "files") }
                });
                ui.add(Label::new(theme::text::small(progress)).truncate());
            },
        );
        let selected = items.iter().position(|item| *item == self.item);
        let list = ListLook {
            salt: "compared items",
            count: items.len(),
            height: size::ROW,
            selected,
            // Enter is not the list's: in a plan it confirms.
            keys: false,
        };
        let answer = self.list.show(
            ui,
            &list,
            |at| items[at].name(comparison),
            |ui, at| item_ui(ui, comparison, &items[at]),
        );
        let moved = look.keys.then(|| take_arrows(ui, selected, items.len())).flatten();
        if let Some(at) = moved {
            self.list.set_cursor(at);
        }
        if let Some(item) = answer.chosen.or(moved).and_then(|at| items.get(at)) {
            self.choose(item.clone());
        }
        for (at, response) in answer.visible {
            if let Some(Item::File(path)) = items.get(at) {
                response.on_hover_text(path);
            }
        }
    }

    /// Draws what is chosen; answers where the keys stop.
    fn content_ui(
        &mut self,
        ui: &mut Ui,
        comparison: &Comparison,
        look: &PaneLook<'_>,
        only: bool,
        out: &mut Commands,
    ) -> Vec<usize> {
        gaps_ui(ui, comparison);
        match &self.item {
            Item::File(path) => match find(comparison, path) {
                Some(file) => self.file_ui(ui, &file.clone(), look, out),
                None => Vec::new(),
            },
            item => {
                let chosen = |line: &&crate::state::compare::Line| match item {
                    Item::Section(section) => line.section == *section,
                    _ => true,
                };
                let filter = Filter::new(&self.filter);
                let shown = comparison.lines().iter().filter(chosen).filter(|line| {
                    (!only || line.differs())
                        && (filter.finds(&line.name) || filter.finds(line.section.label()))
                });
                let rows = lines::rows(shown, *item == Item::All);
                lines::show(ui, &rows, &look.heads, &mut self.cursor, look.now, out);
                lines::stops(&rows)
            }
        }
    }

    fn file_ui(
        &mut self,
        ui: &mut Ui,
        file: &FilePair,
        look: &PaneLook<'_>,
        out: &mut Commands,
    ) -> Vec<usize> {
        let margin = egui::Margin::symmetric(size::SPACE_S as i8, size::SPACE_XS as i8);
        if let Some(diff) = &file.diff {
            self.text.turn_to(diff);
        }
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    self.fold_button_ui(ui, file);
                    let copy = theme::button::icon(Icon::Copy, "Copy path");
                    if ui.add(copy).on_hover_text("Copy path").clicked() {
                        out.push(Command::Copy(file.path.clone(), "path"));
                    }
                    ui.label(theme::text::small(file.counts_text()));
                    ui.label(theme::text::weak(file.status.label()));
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add(Label::new(theme::text::mono(&file.path)).truncate())
                            .on_hover_text(&file.path);
                    });
                });
            });
        });
        match &file.diff {
            Some(diff) if diff.is_empty() => {
                words_ui(ui, "Empty");
            }
            Some(diff) => {
                if diff.is_same() && file.status == FileStatus::Changed {
                    words_ui(ui, "Only the line ends or the encoding differ");
                }
                self.text.show(ui, diff, &look.heads, &mut self.cursor);
                return self.text.stops().to_vec();
            }
            None if file.status == FileStatus::Waiting => words_ui(ui, "Loading…"),
            None => binary_ui(ui, file, &look.heads, out),
        }
        Vec::new()
    }

    fn fold_button_ui(&mut self, ui: &mut Ui, file: &FilePair) {
        let Some(diff) = file.diff.as_ref().filter(|diff| diff.folds() > 0) else { return };
        let unfolded = self.text.is_unfolded();
        let (icon, name) = if unfolded {
            (Icon::ChevronUp, "Fold unchanged lines")
        } else {
            (Icon::ChevronDown, "Show all lines")
        };
        if ui.add(theme::button::icon(icon, name)).on_hover_text(name).clicked() {
            self.text.unfold(diff, !unfolded);
            self.cursor.forget();
        }
    }

    /// Stops at the first or last difference of an item that the keys have entered, once it is drawn.
    fn settle(&mut self, stops: &[usize]) {
        if let Some(forward) = self.cursor.entering
            && !stops.is_empty()
        {
            self.cursor.at = None;
            self.cursor.go(stops, forward);
        }
    }

    fn go(&mut self, comparison: &Comparison, items: &[Item], stops: &[usize], forward: bool) {
        if self.cursor.go(stops, forward) {
            return;
        }
        let here = items.iter().position(|item| *item == self.item).unwrap_or(0);
        let differs = |item: &&Item| {
            // "Everything" shows the sections already.
            let shown = self.item == Item::All && matches!(item, Item::Section(_));
            !shown && item.differences(comparison) > 0
        };
        let next = if forward {
            items[here + 1..].iter().find(differs)
        } else {
            items[..here].iter().rev().find(|item| differs(item) && !matches!(item, Item::Section(_)))
        };
        if let Some(item) = next.cloned() {
            if let Some(at) = items.iter().position(|other| *other == item) {
                self.list.set_cursor(at);
            }
            self.choose(item);
            self.cursor.entering = Some(forward);
        }
    }
}

/// N or F7: the next difference; P or Shift+F7: the one before.
fn take_keys(ui: &Ui) -> Option<bool> {
    ui.input_mut(|input| {
        let mut pressed = |modifiers, key| input.consume_key(modifiers, key);
        if pressed(Modifiers::SHIFT, Key::F7) || pressed(Modifiers::NONE, Key::P) {
            Some(false)
        } else if pressed(Modifiers::NONE, Key::F7) || pressed(Modifiers::NONE, Key::N) {
            Some(true)
        } else {
            None
        }
    })
}

/// Arrows, Home and End choose at once: what is chosen is beside the list.
fn take_arrows(ui: &Ui, selected: Option<usize>, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let at = selected.unwrap_or(0).min(last);
    let steps = [
        (Key::ArrowDown, (at + 1).min(last)),
        (Key::ArrowUp, at.saturating_sub(1)),
        (Key::Home, 0),
        (Key::End, last),
    ];
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    steps.into_iter().find(|(key, _)| pressed(*key)).map(|(_, to)| to)
}

/// What could not be loaded: the first in full, the others on hover.
fn gaps_ui(ui: &mut Ui, comparison: &Comparison) {
    let gaps = comparison.gaps();
    for gap in gaps.iter().take(MOST_GAPS) {
        words_ui(ui, gap);
    }
    if gaps.len() > MOST_GAPS {
        ui.horizontal(|ui| {
            ui.add_space(size::SPACE_S);
            let more = format!("and {} more", format::count(gaps.len() - MOST_GAPS));
            ui.label(theme::text::small(more)).on_hover_text(gaps[MOST_GAPS..].join("\n"));
        });
    }
}

fn words_ui(ui: &mut Ui, text: &str) {
    ui.horizontal(|ui| {
        ui.add_space(size::SPACE_S);
        ui.add(Label::new(theme::text::small(text)).truncate());
    });
}

/// Files that are no text, or too long: by size and hash.
fn binary_ui(ui: &mut Ui, file: &FilePair, heads: &[String; 2], out: &mut Commands) {
    Frame::new().inner_margin(egui::Margin::same(size::SPACE_S as i8)).show(ui, |ui| {
        for (side, head) in file.sides.iter().zip(heads) {
            ui.label(theme::text::strong(head));
            match side {
                None => drop(ui.label(theme::text::weak("Not there"))),
                Some(side) => side_ui(ui, head, side, out),
            }
            ui.add_space(size::SPACE_M);
        }
    });
}

fn side_ui(ui: &mut Ui, head: &str, side: &FileSide, out: &mut Commands) {
    facts_ui(ui, head, |ui| {
        let size = side.size.map_or_else(|| "Unknown".to_owned(), format::bytes);
        fact_ui(ui, "Size", |ui| {
            let exact = side.size.map(|size| format!("{} bytes", format::count(size as usize)));
            ui.label(size).on_hover_text(exact.unwrap_or_default());
        });
        if let Some(hash) = &side.sha256 {
            fact_ui(ui, "SHA-256", |ui| text_with_copy_ui(ui, hash, "hash", out));
        }
    });
    if let Some(note) = &side.note {
        ui.label(theme::text::small(note));
    }
}
