//! What a comparison consists of, as a list: everything, each section, each file.

use egui::{Align, Label, Layout, RichText, Ui};

use crate::state::compare::{Comparison, FilePair, FileStatus, Section, file_name, folder_of};
use crate::state::format;
use crate::theme::{self, Themed as _, size};

/// One entry of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Item {
    /// All sections in one table.
    #[default]
    All,
    /// One section.
    Section(Section),
    /// One file, by its path.
    File(String),
}

impl Item {
    /// How many differences it has, as far as is known. A file is one.
    pub(super) fn differences(&self, comparison: &Comparison) -> usize {
        match self {
            Self::All => comparison.lines().iter().filter(|line| line.differs()).count(),
            Self::Section(section) => comparison.section(*section).filter(|line| line.differs()).count(),
            Self::File(path) => usize::from(find(comparison, path).is_some_and(|file| file.status.differs())),
        }
    }

    /// How it is called by screen readers and tests.
    pub(super) fn name(&self, comparison: &Comparison) -> String {
        match self {
            Self::All => "compared: everything".to_owned(),
            Self::Section(section) => {
                format!("compared: {}, {} differ", section.label(), self.differences(comparison))
            }
            Self::File(path) => {
                let status = find(comparison, path).map_or("", |file| file.status.label());
                format!("file {path}, {status}")
            }
        }
    }
}

/// The file of a path.
pub(super) fn find<'a>(comparison: &'a Comparison, path: &str) -> Option<&'a FilePair> {
    comparison
        .files()
        .binary_search_by(|file| file.path.as_str().cmp(path))
        .ok()
        .map(|at| &comparison.files()[at])
}

/// Words that must all occur in a name.
pub(super) struct Filter(Vec<String>);

impl Filter {
    /// As typed.
    pub(super) fn new(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// Whether the name has all words.
    pub(super) fn finds(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.0.iter().all(|word| name.contains(word))
    }
}

/// What is listed: with `only`, what differs or is not known yet; files whose path contains `filter`.
pub(super) fn listed(comparison: &Comparison, only: bool, filter: &str) -> Vec<Item> {
    let filter = Filter::new(filter);
    let sections = Section::ALL.into_iter().filter(|section| {
        let mut lines = comparison.section(*section).peekable();
        lines.peek().is_some()
            && (!only || lines.any(crate::state::compare::Line::differs))
            && (filter.finds(section.label())
                || comparison.section(*section).any(|line| filter.finds(&line.name)))
    });
    let files = comparison.files().iter().filter(|file| {
        let shown = file.status.differs() || matches!(file.status, FileStatus::Waiting | FileStatus::Unknown);
        (!only || shown) && filter.finds(&file.path)
    });
    std::iter::once(Item::All)
        .chain(sections.map(Item::Section))
        .chain(files.map(|file| Item::File(file.path.clone())))
        .collect()
}

/// Draws one entry in its row.
pub(super) fn item_ui(ui: &mut Ui, comparison: &Comparison, item: &Item) {
    ui.add_space(size::SPACE_S);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        match item {
            Item::All | Item::Section(_) => {
                match item.differences(comparison) {
                    0 => {}
                    count => drop(ui.label(theme::text::small(format::count(count)))),
                }
                let label = if let Item::Section(section) = item { section.label() } else { "Everything" };
                rest_ui(ui, |ui| drop(ui.add(Label::new(label).truncate().selectable(false))));
            }
            Item::File(path) => {
                let Some(file) = find(comparison, path) else { return };
                status_ui(ui, file);
                rest_ui(ui, |ui| path_ui(ui, file));
            }
        }
    });
}

fn rest_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.with_layout(Layout::left_to_right(Align::Center), add);
}

fn path_ui(ui: &mut Ui, file: &FilePair) {
    let tokens = ui.tokens();
    let color = if file.status.differs() { tokens.text } else { tokens.text_weak };
    let folder = folder_of(&file.path);
    let name = Label::new(RichText::new(file_name(&file.path)).color(color)).truncate().selectable(false);
    ui.add(name);
    if !folder.is_empty() && ui.available_width() > 24.0 {
        ui.add(Label::new(theme::text::small(folder)).truncate().selectable(false));
    }
}

/// In a letter as a Git client has it, with the lines that changed.
fn status_ui(ui: &mut Ui, file: &FilePair) {
    let tokens = ui.tokens();
    let (letter, color) = match file.status {
        FileStatus::Added => ("A", tokens.success.fg),
        FileStatus::Removed => ("R", tokens.failure.fg),
        FileStatus::Changed => ("M", tokens.warning.fg),
        FileStatus::Waiting => ("…", tokens.text_weak),
        FileStatus::Unknown => ("?", tokens.text_weak),
        FileStatus::Same | FileStatus::OnlyIds => ("=", tokens.text_weak),
    };
    ui.add(Label::new(RichText::new(letter).monospace().color(color)).selectable(false))
        .on_hover_text(file.status.label());
    let counts = file.counts_text();
    if !counts.is_empty() {
        ui.add(Label::new(theme::text::small(counts)).selectable(false));
    }
}
