//! The filter field that every list has. `/` puts the cursor into the one on the screen.

use egui::{Context, Id, Key, Modifiers, Popup, Response, TextEdit, Ui};

use super::Pane;
use crate::theme::{self, Icon, Themed as _, size};

/// A field that filters what is below it as one types. `name` is its accessible name and its hint.
/// Esc clears it, then leaves it; ↓ goes on to what it filters. Answers whether the text changed.
pub fn filter_field_ui(ui: &mut Ui, text: &mut String, name: &str) -> Response {
    filter_field_of_pane_ui(ui, text, name, true)
}

/// As [`filter_field_ui`], where two filters are on the screen: `takes_slash` says whether `/` means this one.
pub fn filter_field_of_pane_ui(ui: &mut Ui, text: &mut String, name: &str, takes_slash: bool) -> Response {
    let tint = ui.tokens().text_weak;
    let id = ui.make_persistent_id(("filter", name));
    let icon =
        Icon::Search.image().fit_to_exact_size(egui::Vec2::splat(size::ICON_SMALL)).tint(tint).alt_text("");
    let field = TextEdit::singleline(text).id(id).prefix(icon).hint_text(name.to_owned());
    let mut response = ui.add(field.desired_width(f32::INFINITY)).accessible_name(name);
    if takes_slash && take_focus_request(ui.ctx()) {
        response.request_focus();
    }
    if response.gained_focus() {
        Pane::drawn(ui.ctx()).take_keys(ui.ctx());
    }
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(Id::unique(FOCUSED), id));
    }
    // egui drops the focus on Esc by itself: the first Esc clears, and keeps it.
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) && !text.is_empty() {
        text.clear();
        response.mark_changed();
        response.request_focus();
    }
    if !text.is_empty() {
        let side = egui::Vec2::splat(size::ICON);
        let at = egui::Rect::from_center_size(
            egui::pos2(response.rect.right() - size::SPACE_S - side.x / 2.0, response.rect.center().y),
            side,
        );
        // A child of its own: what lies in the field takes no room beside it, and so widens no panel.
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(at));
        child.spacing_mut().button_padding = egui::Vec2::ZERO;
        child.spacing_mut().interact_size = side;
        if child.add(theme::button::icon(Icon::Close, "Clear filter").min_size(side)).clicked() {
            text.clear();
            response.mark_changed();
        }
    }
    response
}

/// The next filter field that is drawn takes the cursor.
pub fn request_filter_focus(ctx: &Context) {
    ctx.data_mut(|data| data.insert_temp(Id::unique(FOCUS), true));
}

/// ↓ in a filter leaves it for what it filters, which takes the key itself. To be called before anything is drawn.
pub fn leave_filter_on_down(ctx: &Context) {
    let down = ctx.input(|input| input.key_pressed(Key::ArrowDown) && input.modifiers == Modifiers::NONE);
    if !down || Popup::is_any_open(ctx) {
        return;
    }
    let filter = ctx.data(|data| data.get_temp::<Id>(Id::unique(FOCUSED)));
    ctx.memory_mut(|memory| {
        if let Some(filter) = filter.filter(|filter| memory.focused() == Some(*filter)) {
            memory.surrender_focus(filter);
        }
    });
}

fn take_focus_request(ctx: &Context) -> bool {
    ctx.data_mut(|data| data.remove_temp::<bool>(Id::unique(FOCUS))).unwrap_or(false)
}

const FOCUS: &str = "focus the filter";
const FOCUSED: &str = "filter with the focus";
