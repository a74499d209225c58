//! egui's style in terms of the tokens.

use egui::style::{ScrollStyle, Selection, TextCursorStyle, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, Margin, Shadow, Stroke, Style, Visuals, vec2};

use super::tokens::Tokens;
use super::{fonts, size};

/// The whole style of one theme.
pub fn style(tokens: &Tokens) -> Style {
    let mut style = Style {
        text_styles: fonts::text_styles(),
        visuals: visuals(tokens),
        animation_time: 0.08,
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(size::SPACE_S, size::SPACE_XS);
    spacing.button_padding = vec2(10.0, size::SPACE_XS);
    spacing.interact_size = vec2(size::CONTROL, size::CONTROL);
    spacing.icon_width = size::ICON_SMALL;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 6.0;
    spacing.indent = size::SPACE_L;
    spacing.window_margin = Margin::same(size::SPACE_L as i8);
    spacing.menu_margin = Margin::same(size::SPACE_XS as i8);
    spacing.menu_spacing = 2.0;
    spacing.tooltip_width = 420.0;
    spacing.combo_height = 320.0;
    spacing.slider_rail_height = 4.0;
    spacing.scroll = scroll();
    style.interaction.tooltip_delay = 0.4;
    style.interaction.selectable_labels = false;
    // Lines between columns and panels are taken without aiming.
    style.interaction.resize_grab_radius_side = 5.0;
    style
}

/// Thin bars over the content, wider under the pointer.
fn scroll() -> ScrollStyle {
    let mut scroll = ScrollStyle {
        bar_width: 9.0,
        floating_width: 5.0,
        handle_min_length: 28.0,
        bar_outer_margin: 2.0,
        foreground_color: true,
        dormant_handle_opacity: 0.0,
        active_handle_opacity: 0.28,
        interact_handle_opacity: 0.5,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        ..ScrollStyle::floating()
    };
    scroll.fade.strength = 0.0;
    scroll.kinetic.rubber_band = false;
    scroll
}

fn visuals(tokens: &Tokens) -> Visuals {
    let base = if tokens.dark { Visuals::dark() } else { Visuals::light() };
    Visuals {
        weak_text_color: Some(tokens.text_weak),
        widgets: widgets(tokens),
        selection: Selection {
            bg_fill: tokens.accent.tint_hover,
            stroke: Stroke::new(size::FOCUS_RING, tokens.accent.text),
        },
        hyperlink_color: tokens.accent.text,
        faint_bg_color: tokens.stripe_bg,
        extreme_bg_color: tokens.input_bg,
        text_edit_bg_color: Some(tokens.input_bg),
        code_bg_color: tokens.code_bg,
        warn_fg_color: tokens.warning.fg,
        error_fg_color: tokens.failure.fg,
        window_corner_radius: CornerRadius::same(size::RADIUS_LARGE),
        menu_corner_radius: CornerRadius::same(size::RADIUS_LARGE),
        window_fill: tokens.popup_bg,
        window_stroke: Stroke::new(size::HAIRLINE, tokens.border),
        window_shadow: shadow(tokens, 12, 36),
        popup_shadow: shadow(tokens, 6, 20),
        window_highlight_topmost: false,
        panel_fill: tokens.panel_bg,
        text_cursor: TextCursorStyle {
            stroke: Stroke::new(size::FOCUS_RING, tokens.accent.text),
            // Two frames a second for ever, just for that.
            blink: false,
            ..base.text_cursor
        },
        indent_has_left_vline: false,
        slider_trailing_fill: true,
        handle_shape: egui::style::HandleShape::Rect { aspect_ratio: 0.4 },
        image_loading_spinners: false,
        ..base
    }
}

fn shadow(tokens: &Tokens, down: i8, blur: u8) -> Shadow {
    let alpha = if tokens.dark { 110 } else { 36 };
    Shadow { offset: [0, down], blur, spread: 0, color: Color32::from_black_alpha(alpha) }
}

fn widgets(tokens: &Tokens) -> Widgets {
    Widgets {
        noninteractive: widget(tokens.panel_bg, tokens.hairline, tokens.text),
        inactive: WidgetVisuals {
            bg_fill: tokens.track_bg,
            ..widget(tokens.control_bg, tokens.border, tokens.text)
        },
        hovered: widget(tokens.hover_bg, tokens.border_strong, tokens.text_strong),
        active: WidgetVisuals {
            bg_stroke: Stroke::new(size::FOCUS_RING, tokens.accent.ring),
            ..widget(tokens.pressed_bg, tokens.border, tokens.text_strong)
        },
        open: widget(tokens.hover_bg, tokens.border, tokens.text_strong),
    }
}

fn widget(fill: Color32, line: Color32, text: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(size::HAIRLINE, line),
        corner_radius: CornerRadius::same(size::RADIUS),
        fg_stroke: Stroke::new(1.25, text),
        expansion: 0.0,
    }
}
