//! Data of any shape as a tree of names and values; long texts wrap, long lists show their start.

use egui::text::LayoutJob;
use egui::{Id, Label, TextFormat, TextStyle, Ui};

use crate::entities::TraceValue;
use crate::state::format;
use crate::theme::{self, Hue, Icon, Themed as _, size};

/// Values of one list that are shown at once.
const AT_ONCE: usize = 100;
/// A longer text is cut until it is asked for, in bytes.
const TEXT: usize = 2_000;
/// And cut even then.
const MOST_TEXT: usize = 200_000;
/// Lists of more values begin folded.
const OPEN: usize = 30;
/// Deeper lists begin folded.
const OPEN_DEPTH: usize = 3;
/// Bytes of what a folded value says of itself.
const SUMMARY: usize = 160;
const INDENT: f32 = 14.0;

/// Draws a value. `salt` tells it from others on the screen.
pub fn data_ui(ui: &mut Ui, salt: impl egui::AsIdSalt, value: &TraceValue) {
    let id = ui.make_persistent_id(salt);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        match value {
            TraceValue::Text(text) => data_text_ui(ui, id, text, 0.0),
            TraceValue::Map(_) | TraceValue::List(_) if !value.is_empty() => values_ui(ui, id, value, 0),
            other => leaf_ui(ui, id, None, other, 0),
        }
    });
}

/// The values in a list or a map.
fn values_ui(ui: &mut Ui, id: Id, value: &TraceValue, depth: usize) {
    let count = value.len().unwrap_or(0);
    let shown_id = id.with("shown");
    let shown = ui.data(|data| data.get_temp::<usize>(shown_id)).unwrap_or(AT_ONCE);
    match value {
        TraceValue::Map(entries) => {
            for (at, (name, value)) in entries.iter().enumerate().take(shown) {
                entry_ui(ui, id.with(at), name, value, depth);
            }
        }
        TraceValue::List(values) => {
            for (at, value) in values.iter().enumerate().take(shown) {
                entry_ui(ui, id.with(at), &at.to_string(), value, depth);
            }
        }
        _ => {}
    }
    if count > shown {
        let more = format!(
            "Show {} more of {}",
            format::count(AT_ONCE.min(count - shown)),
            format::count(count - shown)
        );
        if ui.add(theme::button::quiet(more)).clicked() {
            ui.data_mut(|data| data.insert_temp(shown_id, shown + AT_ONCE));
        }
    }
}

fn entry_ui(ui: &mut Ui, id: Id, name: &str, value: &TraceValue, depth: usize) {
    let Some(count) = value.len().filter(|&count| count > 0) else {
        leaf_ui(ui, id, Some(name), value, depth);
        return;
    };
    let begins_open = depth < OPEN_DEPTH && count <= OPEN;
    let open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(begins_open);
    let label = format!("{} {name}", if open { "Fold" } else { "Unfold" });
    let icon = if open { Icon::ChevronDown } else { Icon::ChevronRight };
    let kind = match value {
        TraceValue::Map(_) => format!("{{{}}}", format::count(count)),
        _ => format!("[{}]", format::count(count)),
    };
    let summary = if open { kind } else { format!("{kind} {}", value.summary(SUMMARY)) };
    let color = ui.tokens().text_weak;
    let text = theme::text::mono(format!("{name}  {summary}")).color(color);
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        ui.spacing_mut().interact_size.y = size::ICON;
        ui.add_space(depth as f32 * INDENT);
        ui.add(icon.sized(12.0).tint(color).alt_text(""));
        ui.add(Label::new(text).truncate().selectable(false));
    });
    let response = ui.interact(row.response.rect, id.with("row"), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        ui.data_mut(|data| data.insert_temp(id, !open));
    }
    if open {
        values_ui(ui, id, value, depth + 1);
    }
}

/// A name and a value in one text, so that long values wrap.
fn leaf_ui(ui: &mut Ui, id: Id, name: Option<&str>, value: &TraceValue, depth: usize) {
    let left = depth as f32 * INDENT + if name.is_some() { 15.0 } else { 0.0 };
    let tokens = ui.tokens();
    let font = TextStyle::Monospace.resolve(ui.style());
    let hue = |hue: Hue| tokens.hues[hue as usize].fg;
    let mut job = LayoutJob::default();
    let mut push = |text: &str, color| job.append(text, 0.0, TextFormat::simple(font.clone(), color));
    if let Some(name) = name {
        push(name, key_color(ui));
        push("  ", tokens.text_weak);
    }
    let mut cut = None;
    match value {
        TraceValue::Null => push("null", tokens.text_weak),
        TraceValue::Bool(value) => push(if *value { "true" } else { "false" }, hue(Hue::Violet)),
        TraceValue::Number(text) => push(text, hue(Hue::Sky)),
        TraceValue::List(_) => push("[]", tokens.text_weak),
        TraceValue::Map(_) => push("{}", tokens.text_weak),
        TraceValue::Text(text) if text.is_empty() => push("empty text", tokens.text_weak),
        TraceValue::Text(text) => {
            let limit = limit(ui, id);
            push(&text[..text.floor_char_boundary(limit)], tokens.text);
            cut = (text.len() > limit).then_some(text.len());
        }
    }
    indented_ui(ui, left, |ui| {
        ui.add(Label::new(job).wrap().selectable(true));
        rest_ui(ui, id, cut);
    });
}

/// A text on its own.
pub fn data_text_ui(ui: &mut Ui, id: Id, text: &str, left: f32) {
    let limit = limit(ui, id);
    indented_ui(ui, left, |ui| {
        let shown = theme::text::mono(&text[..text.floor_char_boundary(limit)]);
        ui.add(Label::new(shown).wrap().selectable(true));
        rest_ui(ui, id, (text.len() > limit).then_some(text.len()));
    });
}

fn indented_ui(ui: &mut Ui, left: f32, add: impl FnOnce(&mut Ui)) {
    let margin = egui::Margin { left: left as i8, ..egui::Margin::ZERO };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        add(ui);
    });
}

fn limit(ui: &Ui, id: Id) -> usize {
    let whole = ui.data(|data| data.get_temp::<bool>(id.with("whole"))).unwrap_or(false);
    if whole { MOST_TEXT } else { TEXT }
}

/// What was cut, and a button that shows it.
fn rest_ui(ui: &mut Ui, id: Id, length: Option<usize>) {
    let Some(length) = length else { return };
    if limit(ui, id) == MOST_TEXT {
        let text = format!("Cut at {}. The copy is whole", format::bytes(MOST_TEXT as u64));
        ui.label(theme::text::small(text));
    } else if ui.add(theme::button::quiet(format!("Show all of {}", format::bytes(length as u64)))).clicked()
    {
        ui.data_mut(|data| data.insert_temp(id.with("whole"), true));
    }
}

fn key_color(ui: &Ui) -> egui::Color32 {
    ui.tokens().text_weak
}
