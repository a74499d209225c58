//! The tree of files: arrows move, right and left open and close folders, Enter previews.

use egui::{Align, Frame, Key, Layout, Margin, Modifiers, Ui, Vec2, vec2};

use crate::entities::ArtifactRoot;
use crate::state::artifacts::{ArtifactsCommand, Browser, FileKind, TreeRow, TreeRowKind, artifact_uri};
use crate::state::command::Commands;
use crate::state::{format, python};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::{ListLook, VirtualList, copy_menu_ui};

/// The tree's cursor.
#[derive(Default)]
pub(super) struct TreeView {
    list: VirtualList,
}

impl TreeView {
    /// Forgets the cursor: the files are others now.
    pub(super) fn reset(&mut self) {
        self.list.reset();
    }

    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, root: &ArtifactRoot, browser: &Browser, out: &mut Commands) {
        let rows = browser.rows();
        heading_ui(ui, root, out);
        if ui.memory(|memory| memory.focused().is_none()) {
            self.take_keys(ui, root, rows, out);
        }
        let selected = browser.selected().and_then(|path| rows.iter().position(|row| is_file(row, path)));
        let look = ListLook { salt: "tree", count: rows.len(), height: size::ROW, selected, keys: true };
        let cursor = self.list.cursor();
        let answer = self.list.show(
            ui,
            &look,
            |index| name(&rows[index]),
            |ui, index| row_ui(ui, root, &rows[index], cursor == Some(index), out),
        );
        if let Some(row) = answer.chosen.and_then(|index| rows.get(index)) {
            out.push(chosen(root, row));
        }
    }

    fn take_keys(&mut self, ui: &Ui, root: &ArtifactRoot, rows: &[TreeRow], out: &mut Commands) {
        let Some((at, row)) = self.list.cursor().and_then(|at| Some((at, rows.get(at)?))) else { return };
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let toggle = || ArtifactsCommand::Toggle { root: root.clone(), path: row.path.clone() };
        if pressed(Key::ArrowRight) {
            match row.kind {
                TreeRowKind::Folder { open: false } => out.push(toggle()),
                TreeRowKind::Folder { open: true } => self.list.set_cursor((at + 1).min(rows.len() - 1)),
                _ => {}
            }
        } else if pressed(Key::ArrowLeft) {
            if matches!(row.kind, TreeRowKind::Folder { open: true }) {
                out.push(toggle());
            } else if let Some(above) = rows[..at].iter().rposition(|other| other.depth < row.depth) {
                self.list.set_cursor(above);
            }
        }
    }
}

fn heading_ui(ui: &mut Ui, root: &ArtifactRoot, out: &mut Commands) {
    Frame::new().inner_margin(Margin::symmetric(size::SPACE_S as i8, 2)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(theme::text::label("Files"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if matches!(root, ArtifactRoot::Version { .. }) {
                    return;
                }
                let save = theme::button::icon(Icon::Download, "Save all files");
                if ui.add(save).on_hover_text("Save all files…").clicked() {
                    out.push(ArtifactsCommand::Save {
                        root: root.clone(),
                        path: String::new(),
                        is_dir: true,
                    });
                }
            });
        });
    });
}

/// What a click or Enter on a row does.
fn chosen(root: &ArtifactRoot, row: &TreeRow) -> ArtifactsCommand {
    let (root, path) = (root.clone(), row.path.clone());
    match row.kind {
        TreeRowKind::Folder { .. } => ArtifactsCommand::Toggle { root, path },
        TreeRowKind::File { .. } => ArtifactsCommand::Select { root, path },
        TreeRowKind::Loading | TreeRowKind::Empty | TreeRowKind::Failed(_) => {
            ArtifactsCommand::Reload { root, path }
        }
    }
}

fn is_file(row: &TreeRow, path: &str) -> bool {
    matches!(row.kind, TreeRowKind::File { .. }) && row.path == path
}

/// What a row is called by screen readers and tests.
fn name(row: &TreeRow) -> String {
    match &row.kind {
        TreeRowKind::Folder { .. } => format!("folder {}", row.path),
        TreeRowKind::File { .. } => format!("file {}", row.path),
        TreeRowKind::Loading => format!("loading {}", row.path),
        TreeRowKind::Empty => format!("nothing in {}", row.path),
        TreeRowKind::Failed(_) => format!("retry {}", row.path),
    }
}

fn row_ui(ui: &mut Ui, root: &ArtifactRoot, row: &TreeRow, cursor: bool, out: &mut Commands) {
    let active = cursor || ui.rect_contains_pointer(ui.max_rect());
    let tokens = ui.tokens();
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    ui.add_space(size::SPACE_S + row.depth as f32 * size::SPACE_L);
    let small = Vec2::splat(size::ICON_SMALL);
    let icon = |icon: Icon| icon.tinted(tokens.text_weak).fit_to_exact_size(small).alt_text("");
    match &row.kind {
        TreeRowKind::Folder { open } => {
            ui.add(icon(if *open { Icon::ChevronDown } else { Icon::ChevronRight }));
            ui.add(icon(if *open { Icon::FolderOpen } else { Icon::Folder }));
            named_ui(ui, root, row, active, out);
        }
        TreeRowKind::File { .. } => {
            ui.allocate_exact_size(small, egui::Sense::hover());
            ui.add(icon(file_icon(&row.path)));
            named_ui(ui, root, row, active, out);
        }
        TreeRowKind::Loading => drop(ui.label(theme::text::small("Loading…"))),
        TreeRowKind::Empty => {
            ui.label(theme::text::small("Empty, or gone: click to look again"));
        }
        TreeRowKind::Failed(error) => {
            ui.add(icon(Icon::Refresh));
            let text = egui::RichText::new(error).small().color(tokens.failure.fg);
            ui.add(egui::Label::new(text).truncate()).on_hover_text(format!("{error}\nClick to try again"));
        }
    }
}

/// `active`: the pointer or the keyboard is on the row.
fn named_ui(ui: &mut Ui, root: &ArtifactRoot, row: &TreeRow, active: bool, out: &mut Commands) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        if active {
            actions_ui(ui, root, row, out);
        }
        if let TreeRowKind::File { size: Some(size) } = row.kind {
            ui.label(theme::text::small(format::bytes(size)));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(row.name()).truncate()).on_hover_text(&row.path);
        });
    });
}

/// The button of the row that the pointer or the keyboard is on.
fn actions_ui(ui: &mut Ui, root: &ArtifactRoot, row: &TreeRow, out: &mut Commands) {
    let is_dir = matches!(row.kind, TreeRowKind::Folder { .. });
    let name = format!("Save {}", row.path);
    let save = theme::button::icon(Icon::Download, &name).min_size(vec2(22.0, 22.0));
    let hint = if is_dir { "Save the folder…" } else { "Save…" };
    if ui.add(save).on_hover_text(hint).clicked() {
        out.push(ArtifactsCommand::Save { root: root.clone(), path: row.path.clone(), is_dir });
    }
}

/// Lines that copy what an artifact is called.
pub(super) fn copies_ui(ui: &mut Ui, root: &ArtifactRoot, path: &str, out: &mut Commands) {
    let uri = artifact_uri(root, path);
    let lines = [
        ("Path", path.to_owned(), "path"),
        ("Python to download it", python::download_artifacts(&uri), "Python"),
        ("URI", uri, "URI"),
    ];
    copy_menu_ui(ui, lines, out);
}

/// A picture for what is in a file, by its name.
pub(super) fn file_icon(path: &str) -> Icon {
    match FileKind::of_name(path) {
        Some(FileKind::Text | FileKind::Markdown) => Icon::FileText,
        Some(FileKind::Json | FileKind::Code(_)) => Icon::FileCode,
        Some(FileKind::Table(_)) => Icon::Table,
        Some(FileKind::Image | FileKind::Svg) => Icon::FileImage,
        Some(FileKind::Binary) | None => Icon::File,
    }
}
