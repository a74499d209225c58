//! What is shown of the chosen file.

use std::sync::Arc;

use egui::{
    Align, ColorImage, Frame, Label, Layout, Margin, Panel, ScrollArea, Sense, TextureHandle, TextureOptions,
    Ui,
};

use super::text::TextLook;
use super::tree::{copies_ui, file_icon};
use super::{sheet, text};
use crate::entities::ArtifactRoot;
use crate::state::artifacts::{
    ArtifactsCommand, Browser, Encoding, FileKind, Picture, Preview, Rendered, TextRows, UTMOST,
};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::{Markdown, centred_ui, failure_bar_ui, failure_ui, loading_ui};

/// The switch between what a file says and how it is written, and what was made for drawing.
#[derive(Default)]
pub(super) struct PreviewView {
    source: bool,
    markdown: Markdown,
    texture: Option<(Arc<Picture>, TextureHandle)>,
    /// The picture is shown pixel by pixel rather than as a whole.
    actual_size: bool,
}

/// A pane wider than this has room for a file's path beside the buttons.
const ONE_LINE: f32 = 520.0;
/// Room for a file's size behind its path.
const SIZE_ROOM: f32 = 64.0;
/// Room for its encoding, where that has to be said.
const ENCODING_ROOM: f32 = 96.0;

impl PreviewView {
    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, root: &ArtifactRoot, browser: &Browser, out: &mut Commands) {
        let Some(path) = browser.selected() else {
            ui.centered_and_justified(|ui| ui.label(theme::text::weak("Choose a file at the left")));
            return;
        };
        let remote = browser.preview();
        let margin = Margin::symmetric(size::SPACE_M as i8, size::SPACE_XS as i8);
        Panel::top("preview header").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
            self.header_ui(ui, root, path, remote.value(), out);
            if let (Some(_), Some(error)) = (remote.value(), remote.error()) {
                let retry = ArtifactsCommand::ReloadPreview { root: root.clone() };
                failure_bar_ui(ui, "Could not refresh the file", error, retry.into(), out);
            }
            if let Some(preview) = remote.value().filter(|preview| preview.cut) {
                cut_ui(ui, root, preview, remote.is_loading(), out);
            }
        });
        match (remote.value(), remote.error()) {
            (Some(preview), _) => self.body_ui(ui, root, path, preview, out),
            (None, Some(error)) => {
                let retry = ArtifactsCommand::ReloadPreview { root: root.clone() };
                failure_ui(ui, "Could not load the file", error, retry.into(), out);
            }
            (None, None) => loading_ui(ui, "the file"),
        }
    }

    fn header_ui(
        &mut self,
        ui: &mut Ui,
        root: &ArtifactRoot,
        path: &str,
        preview: Option<&Preview>,
        out: &mut Commands,
    ) {
        let one_line = ui.available_width() > ONE_LINE;
        if !one_line {
            ui.horizontal(|ui| name_ui(ui, path, preview));
        }
        ui.horizontal(|ui| {
            ui.set_height(size::CONTROL);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.buttons_ui(ui, root, path, preview, out);
                if one_line {
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| name_ui(ui, path, preview));
                }
            });
        });
    }

    /// From right to left.
    fn buttons_ui(
        &mut self,
        ui: &mut Ui,
        root: &ArtifactRoot,
        path: &str,
        preview: Option<&Preview>,
        out: &mut Commands,
    ) {
        if ui.add(theme::button::default((Icon::Download.image().alt_text(""), "Save…"))).clicked() {
            let path = path.to_owned();
            out.push(ArtifactsCommand::Save { root: root.clone(), path, is_dir: false });
        }
        ui.menu_button("Copy", |ui| copies_ui(ui, root, path, out));
        if let Some(rendered) = preview.and_then(switch) {
            ui.add_space(size::SPACE_S);
            for (source, label) in [(true, "Source"), (false, rendered)] {
                if ui.add(theme::button::quiet(label).selected(self.source == source)).clicked() {
                    self.source = source;
                }
            }
        }
    }

    fn body_ui(
        &mut self,
        ui: &mut Ui,
        root: &ArtifactRoot,
        path: &str,
        preview: &Preview,
        out: &mut Commands,
    ) {
        if self.source
            && switch(preview).is_some()
            && let Some(rows) = &preview.source
        {
            text_ui(ui, path, rows, preview.kind);
            return;
        }
        match (&preview.rendered, preview.source.as_deref()) {
            (Rendered::Nothing, Some(rows)) => text_ui(ui, path, rows, preview.kind),
            (Rendered::Pretty(rows), _) => text_ui(ui, path, rows, preview.kind),
            (Rendered::Markdown, Some(rows)) => self.markdown_ui(ui, path, rows.text()),
            (Rendered::Table(table), _) => sheet::show(ui, path, table),
            (Rendered::Picture(picture), _) => self.picture_ui(ui, path, picture),
            (Rendered::Hex(rows), _) => hex_ui(ui, path, preview, rows),
            (Rendered::TooLarge(limit), _) => too_large_ui(ui, root, preview, *limit, out),
            (Rendered::Broken(reason), _) => message_ui(ui, "This picture cannot be shown", reason),
            (Rendered::Nothing | Rendered::Markdown, None) => message_ui(ui, "There is nothing to show", ""),
        }
    }

    fn markdown_ui(&mut self, ui: &mut Ui, path: &str, text: &str) {
        ScrollArea::vertical().id_salt(path).auto_shrink(false).show(ui, |ui| {
            Frame::new().inner_margin(Margin::symmetric(size::SPACE_L as i8, size::SPACE_S as i8)).show(
                ui,
                |ui| {
                    ui.set_max_width(size::PROSE_MAX.min(ui.available_width()));
                    self.markdown.show(ui, text);
                },
            );
        });
    }

    fn picture_ui(&mut self, ui: &mut Ui, path: &str, picture: &Arc<Picture>) {
        if self.texture.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, picture)) {
            let pixels = picture.size.map(|side| side as usize);
            let image = ColorImage::from_rgba_premultiplied(pixels, &picture.rgba);
            let texture = ui.ctx().load_texture("preview", image, TextureOptions::LINEAR);
            self.texture = Some((Arc::clone(picture), texture));
            self.actual_size = false;
        }
        let Some((_, texture)) = &self.texture else { return };
        let [width, height] = picture.original;
        let actual = egui::vec2(width as f32, height as f32) / ui.pixels_per_point();
        let room = ui.available_size() - egui::vec2(2.0 * size::SPACE_M, 2.0 * size::SPACE_M + size::ROW);
        let fit = (room.x / actual.x).min(room.y / actual.y).clamp(0.0, 1.0);
        ui.horizontal(|ui| {
            ui.add_space(size::SPACE_M);
            let zoom = match (fit < 1.0, self.actual_size) {
                (false, _) => "",
                (true, true) => "; click to see it whole",
                (true, false) => "; click for its actual size",
            };
            ui.label(theme::text::small(format!("{}, {width} × {height} pixels{zoom}", picture.format)));
        });
        let shown = if self.actual_size { actual } else { actual * fit };
        ScrollArea::both().id_salt(path).auto_shrink(false).show(ui, |ui| {
            Frame::new().inner_margin(size::SPACE_M).show(ui, |ui| {
                let name = format!("picture {path}, {width} × {height}");
                let (rect, response) = ui.allocate_exact_size(shown, Sense::click());
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
                ui.painter().rect_filled(rect, 0, ui.tokens().paper_bg);
                egui::Image::new(texture).paint_at(ui, rect);
                let cursor =
                    if self.actual_size { egui::CursorIcon::ZoomOut } else { egui::CursorIcon::ZoomIn };
                if fit < 1.0 && response.on_hover_cursor(cursor).clicked() {
                    self.actual_size = !self.actual_size;
                }
            });
        });
    }
}

/// Which file, how large, and how its bytes were read where that was a guess.
fn name_ui(ui: &mut Ui, path: &str, preview: Option<&Preview>) {
    let guessed = preview.is_some_and(|preview| preview.encoding == Encoding::Windows1252);
    let room = SIZE_ROOM + if guessed { ENCODING_ROOM } else { 0.0 };
    ui.add(file_icon(path).tinted(ui.tokens().text_weak).alt_text(""));
    ui.scope(|ui| {
        ui.set_max_width((ui.available_width() - room).max(0.0));
        ui.add(Label::new(theme::text::mono(path)).truncate().selectable(true)).on_hover_text(path);
    });
    if let Some(total) = preview.and_then(|preview| preview.total) {
        ui.label(theme::text::small(format::bytes(total)));
    }
    if guessed {
        ui.label(theme::text::small("as Windows-1252"))
            .on_hover_text("This file is not UTF-8. It is shown as Windows-1252, of which Latin-1 is a part");
    }
}

/// What the other side of the Source switch is called, where there are two.
fn switch(preview: &Preview) -> Option<&'static str> {
    preview.source.as_ref()?;
    match preview.rendered {
        Rendered::Pretty(_) => Some("Indented"),
        Rendered::Markdown => Some("Rendered"),
        Rendered::Table(_) => Some("Table"),
        Rendered::Picture(_) | Rendered::Broken(_) => Some("Picture"),
        Rendered::Nothing | Rendered::Hex(_) | Rendered::TooLarge(_) => None,
    }
}

fn text_ui(ui: &mut Ui, path: &str, rows: &TextRows, kind: FileKind) {
    let language = match kind {
        FileKind::Code(language) => Some(language),
        FileKind::Json => Some("json"),
        _ => None,
    };
    let margin = Margin { left: size::SPACE_S as i8, ..Margin::ZERO };
    Frame::new()
        .inner_margin(margin)
        .show(ui, |ui| text::show(ui, path, rows, TextLook { language, numbers: true }));
}

fn hex_ui(ui: &mut Ui, path: &str, preview: &Preview, rows: &TextRows) {
    Frame::new().inner_margin(Margin { left: size::SPACE_M as i8, ..Margin::ZERO }).show(ui, |ui| {
        let total = format::bytes(preview.total.unwrap_or(preview.read));
        ui.label(theme::text::weak(format!("Binary file, {total}. Its first bytes:")));
        ui.add_space(size::SPACE_S);
        text::show(ui, path, rows, TextLook::default());
    });
}

/// Says that a part is shown, and offers the rest.
fn cut_ui(ui: &mut Ui, root: &ArtifactRoot, preview: &Preview, is_loading: bool, out: &mut Commands) {
    if matches!(preview.rendered, Rendered::TooLarge(_) | Rendered::Hex(_)) {
        return;
    }
    ui.horizontal(|ui| {
        ui.add(Icon::Info.tinted(ui.tokens().info.fg).alt_text(""));
        let all = preview.total.map_or_else(String::new, |total| format!(" of {}", format::bytes(total)));
        ui.label(format!("The first {}{all} are shown", format::bytes(preview.read)));
        if is_loading {
            ui.label(theme::text::weak("Loading more…"));
        } else if preview.read < UTMOST && ui.add(theme::button::default("Show anyway")).clicked() {
            out.push(ArtifactsCommand::ShowAnyway { root: root.clone() });
        }
    });
}

fn too_large_ui(ui: &mut Ui, root: &ArtifactRoot, preview: &Preview, limit: u64, out: &mut Commands) {
    let size = preview.total.map_or_else(|| "large".to_owned(), format::bytes);
    let text = format!("Pictures up to {} are shown without asking", format::bytes(limit));
    message_ui(ui, &format!("This picture is {size}"), &text);
    ui.vertical_centered(|ui| {
        ui.add_space(size::SPACE_S);
        if limit < UTMOST && ui.add(theme::button::default("Show anyway")).clicked() {
            out.push(ArtifactsCommand::ShowAnyway { root: root.clone() });
        }
    });
}

fn message_ui(ui: &mut Ui, title: &str, text: &str) {
    centred_ui(ui, |ui| {
        ui.label(theme::text::title(title));
        if !text.is_empty() {
            ui.set_max_width(size::PROSE_MAX.min(ui.available_width() - size::SPACE_XXL));
            ui.label(theme::text::weak(text));
        }
    });
}
