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
const SMALL: Vec2 = vec2(size::CHIP, size::CHIP);
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
        chips_ui(ui, |ui| {
            for (at, file) in attached.files().iter().enumerate() {
                chip_ui(ui, ("attached", file.sha256(), at), |ui| self.attached_ui(ui, chat, at, file, out));
            }
            if attached.is_reading() {
                ui.label(theme::text::small("Reading…"));
            }
        });
        ui.add_space(size::SPACE_XS);
    }

    fn attached_ui(&mut self, ui: &mut Ui, chat: &Chat, at: usize, file: &Attachment, out: &mut Commands) {
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
        ui.spacing_mut().button_padding = Vec2::ZERO;
        let remove = theme::button::icon(Icon::Close, &name).min_size(Vec2::splat(size::CHIP));
        if ui.add(remove).on_hover_text(&name).clicked() {
            out.push(ChatCommand::Attach(AttachCommand::Remove(at)));
        }
    }

    /// The files that went along with a message.
    pub(super) fn sent_ui(&mut self, ui: &mut Ui, chat: &Chat, files: &[Attachment], out: &mut Commands) {
        let all = || files.iter().enumerate();
        // Pictures are higher than the rest, and have rows of their own.
        for pictures in [true, false] {
            if !all().any(|(_, file)| file.is_image() == pictures) {
                continue;
            }
            chips_ui(ui, |ui| {
                for (at, file) in all().filter(|(_, file)| file.is_image() == pictures) {
                    chip_ui(ui, ("sent", file.sha256(), at), |ui| self.sent_file_ui(ui, chat, file, out));
                }
            });
            ui.add_space(size::SPACE_XS);
        }
    }

    fn sent_file_ui(&mut self, ui: &mut Ui, chat: &Chat, file: &Attachment, out: &mut Commands) {
        if file.is_image() {
            ui.allocate_ui_with_layout(LARGE, Layout::top_down(Align::Min), |ui| {
                ui.add_space(size::SPACE_XS);
                self.show(ui, chat, file, LARGE, out);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    named_ui(ui, file);
                });
            });
            return;
        }
        ui.add(icon_of(file).sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
        named_ui(ui, file);
        if file.data().is_some() && file.is_sent_as_text() {
            ui.label(theme::text::small("as text"));
        }
    }
}

/// Rows of files.
fn chips_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let rows = Layout::left_to_right(Align::Min).with_main_wrap(true);
    let room = vec2(ui.available_width(), 0.0);
    ui.allocate_ui_with_layout(room, rows, |ui| {
        ui.spacing_mut().item_spacing = vec2(size::SPACE_XS, size::SPACE_XS);
        add(ui);
    });
}

/// A file in a frame, as wide as what is in it: where that has no room in the row, it begins the next one.
fn chip_ui(ui: &mut Ui, salt: impl egui::AsIdSalt + Copy, add: impl FnOnce(&mut Ui)) {
    let id = ui.make_persistent_id(("chip", salt));
    let known = ui.data(|data| data.get_temp::<f32>(id));
    let frame = Frame::new()
        .fill(ui.tokens().raised_bg)
        .stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::symmetric(size::SPACE_XS as i8, 0));
    let room = vec2(known.unwrap_or(LARGE.x), size::CONTROL + frame.total_margin().sum().y);
    let drawn = ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
        ui.push_id(salt, |ui| {
            frame.show(ui, |ui| {
                ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                ui.spacing_mut().button_padding.x = size::SPACE_XS;
                ui.set_min_height(size::CONTROL);
                add(ui);
            });
        });
    });
    let width = drawn.response.rect.width();
    if known.is_none_or(|known| (known - width).abs() > 0.5) {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.request_discard("the width of a file's name is known now");
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

/// Its name and its size.
fn named_ui(ui: &mut Ui, file: &Attachment) {
    let hint = format!("{}\n{}, {}", file.name(), file.media_type(), format::bytes(file.size()));
    ui.scope(|ui| {
        ui.set_max_width(NAME);
        ui.add(Label::new(file.name()).truncate().show_tooltip_when_elided(false)).on_hover_text(hint);
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
