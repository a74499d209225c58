//! Files in messages: chips in the composer, and what was sent along in the conversation. Every picture has its room
//! before it is decoded, so that nothing jumps.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{
    Align, ColorImage, Event, Frame, Label, Layout, Margin, Rect, Sense, Stroke, TextureHandle,
    TextureOptions, Ui, Vec2, vec2,
};

use crate::state::artifacts::Picture;
use crate::state::chat::{AttachCommand, Attachment, Chat, ChatCommand, Pasted};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};

/// Textures of small pictures, by the hash of their files.
#[derive(Default)]
pub struct Textures(HashMap<String, (Arc<Picture>, TextureHandle)>);

/// Room of a picture in the conversation.
const LARGE: Vec2 = vec2(160.0, 120.0);
/// Room of a picture in a chip.
const SMALL: Vec2 = vec2(size::CONTROL, size::CONTROL);
/// Widest name in a chip.
const NAME: f32 = 180.0;
/// Textures beyond this are made anew when they are needed.
const MOST: usize = 128;

impl Textures {
    /// A picture in the middle of its room, or its icon.
    fn show(&mut self, ui: &mut Ui, chat: &Chat, file: &Attachment, room: Vec2, out: &mut Commands) {
        let (rect, response) = ui.allocate_exact_size(room, Sense::hover());
        let name = format!("Picture {}", file.name());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        if file.data().is_some() && chat.pictures.is_missing(file) {
            out.push(ChatCommand::Picture(file.clone()));
        }
        let Some(Some(picture)) = chat.pictures.get(file) else {
            let icon = Icon::FileImage.sized(size::ICON).tint(ui.tokens().text_weak);
            icon.paint_at(ui, Rect::from_center_size(rect.center(), Vec2::splat(size::ICON)));
            return;
        };
        let actual = vec2(picture.original[0] as f32, picture.original[1] as f32) / ui.pixels_per_point();
        let scale = (room.x / actual.x).min(room.y / actual.y).min(1.0);
        let texture = self.texture(ui, file, picture);
        egui::Image::new(texture).paint_at(ui, Rect::from_center_size(rect.center(), actual * scale));
    }

    fn texture(&mut self, ui: &Ui, file: &Attachment, picture: &Arc<Picture>) -> &TextureHandle {
        if self.0.len() > MOST {
            self.0.clear();
        }
        let make = || {
            let pixels = picture.size.map(|side| side as usize);
            let image = ColorImage::from_rgba_premultiplied(pixels, &picture.rgba);
            let texture = ui.ctx().load_texture("small picture", image, TextureOptions::LINEAR);
            (Arc::clone(picture), texture)
        };
        let known = self.0.entry(file.sha256().to_owned()).or_insert_with(make);
        if !Arc::ptr_eq(&known.0, picture) {
            *known = make();
        }
        &known.1
    }

    /// The files that wait for the message that is being written.
    pub(super) fn chips_ui(&mut self, ui: &mut Ui, chat: &Chat, out: &mut Commands) {
        let attached = &chat.attached;
        if attached.files().is_empty() && !attached.is_reading() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(size::SPACE_XS, size::SPACE_XS);
            for (at, file) in attached.files().iter().enumerate() {
                ui.push_id(("attached", at), |ui| self.chip_ui(ui, chat, at, file, out));
            }
            if attached.is_reading() {
                ui.label(theme::text::small("Reading…"));
            }
        });
    }

    fn chip_ui(&mut self, ui: &mut Ui, chat: &Chat, at: usize, file: &Attachment, out: &mut Commands) {
        chip(ui).show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            if file.is_image() {
                self.show(ui, chat, file, SMALL, out);
            } else {
                ui.add(icon_of(file).sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
            }
            named_ui(ui, file);
            if file.is_text() {
                let (word, hint) = if file.is_sent_as_text() {
                    ("as text", "Its words are sent, which every agent reads. Click to send the file")
                } else {
                    ("as a file", "The file is sent, which not every agent reads. Click to send its words")
                };
                let name = format!("{} {word}", file.name());
                let toggle = ui.add(theme::button::quiet(theme::text::small(word))).accessible_name(&name);
                if toggle.on_hover_text(hint).clicked() {
                    out.push(ChatCommand::Attach(AttachCommand::SendAsText(at, !file.is_sent_as_text())));
                }
            }
            let name = format!("Remove {}", file.name());
            let remove = theme::button::icon(Icon::Close, &name).min_size(Vec2::splat(size::ICON));
            if ui.add(remove).on_hover_text(&name).clicked() {
                out.push(ChatCommand::Attach(AttachCommand::Remove(at)));
            }
        });
    }

    /// The files that went along with a message.
    pub(super) fn sent_ui(&mut self, ui: &mut Ui, chat: &Chat, files: &[Attachment], out: &mut Commands) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(size::SPACE_XS, size::SPACE_XS);
            for (at, file) in files.iter().enumerate() {
                ui.push_id(("sent", at), |ui| {
                    chip(ui).show(ui, |ui| self.sent_file_ui(ui, chat, file, out));
                });
            }
        });
    }

    fn sent_file_ui(&mut self, ui: &mut Ui, chat: &Chat, file: &Attachment, out: &mut Commands) {
        if file.is_image() {
            ui.allocate_ui_with_layout(LARGE, Layout::top_down(Align::Min), |ui| {
                self.show(ui, chat, file, LARGE, out);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    named_ui(ui, file);
                });
            });
            return;
        }
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.add(icon_of(file).sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
        named_ui(ui, file);
        if file.data().is_some() && file.is_sent_as_text() {
            ui.label(theme::text::small("as text"));
        }
    }
}

/// Takes pictures that are pasted.
pub(super) fn take_pasted(ui: &Ui, out: &mut Commands) {
    let mut pasted = Vec::new();
    ui.input_mut(|input| {
        input.events.retain(|event| match event {
            Event::PasteImage(image) => {
                pasted.push(Arc::clone(image));
                false
            }
            _ => true,
        });
    });
    for image in pasted {
        let size = image.size.map(|side| side as u32);
        let rgba = image.as_raw().into();
        out.push(ChatCommand::Attach(AttachCommand::Paste(Pasted { size, rgba })));
    }
}

fn chip(ui: &Ui) -> Frame {
    Frame::new()
        .fill(ui.tokens().raised_bg)
        .stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::symmetric(size::SPACE_XS as i8, 2))
}

/// Its name and its size.
fn named_ui(ui: &mut Ui, file: &Attachment) {
    let hint = format!("{}\n{}, {}", file.name(), file.media_type(), format::bytes(file.size()));
    ui.scope(|ui| {
        ui.set_max_width(NAME.min(ui.available_width()));
        ui.add(Label::new(file.name()).truncate()).on_hover_text(hint);
    });
    let size = format::bytes(file.size());
    let word = if file.data().is_some() { size } else { format!("{size}, not kept") };
    ui.label(theme::text::small(word));
}

fn icon_of(file: &Attachment) -> Icon {
    match file.media_type() {
        "text/csv" | "text/tab-separated-values" => Icon::Table,
        kind if kind.starts_with("image/") => Icon::FileImage,
        "text/plain" | "text/markdown" => Icon::FileText,
        _ if file.is_text() => Icon::FileCode,
        _ => Icon::File,
    }
}
