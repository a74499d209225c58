//! The spans as a tree, each with its bar on the time axis.

use egui::{
    Align, Align2, Frame, Key, Label, Layout, Margin, Modifiers, Rect, RichText, Stroke, TextStyle, Ui,
    UiBuilder, Vec2, pos2, vec2,
};

use super::look::{nanos, type_label, type_look};
use crate::entities::SpanStatus;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::traces::{ShownTrace, TracePage, TracesCommand};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::{ListLook, Pane, VirtualList, filter_field_of_pane_ui};

/// Each level of the tree stands this much further in.
const INDENT: f32 = 14.0;
/// Deeper ones stand no further in: the name must still be seen.
const MOST_INDENTS: u16 = 12;
/// Room for a duration behind a bar.
const TIME: f32 = 64.0;
/// Parts of the axis.
const TICKS: usize = 4;
/// A narrower axis says where it ends alone.
const NARROW: f32 = 80.0;
/// Height of a bar.
const BAR: f32 = 10.0;

/// The tree's typed text, its scroll and its cursor.
#[derive(Default)]
pub(super) struct SpansView {
    pub(super) search: String,
    list: VirtualList,
    /// What the list's cursor belongs to.
    revision: u64,
    selected: Option<usize>,
}

/// Where the parts of a row are.
#[derive(Clone, Copy)]
struct Lanes {
    names: f32,
    bars: egui::Rangef,
    total_ns: u64,
}

impl Lanes {
    fn new(rect: Rect, total_ns: u64) -> Self {
        let names = rect.left() + (rect.width() * 0.46).max(150.0);
        let end = (rect.right() - TIME).max(names + 30.0);
        Self { names, bars: egui::Rangef::new(names + size::SPACE_S, end), total_ns: total_ns.max(1) }
    }

    fn x(&self, at_ns: u64) -> f32 {
        let share = (at_ns as f64 / self.total_ns as f64).clamp(0.0, 1.0) as f32;
        self.bars.min + self.bars.span() * share
    }
}

impl SpansView {
    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, page: &TracePage, shown: &ShownTrace, out: &mut Commands) {
        let margin = Margin { left: size::SPACE_M as i8, right: size::SPACE_S as i8, top: 2, bottom: 2 };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.tools_ui(ui, page, out));
            });
        });
        let lanes = axis_ui(ui, shown.tree.total_ns());
        self.rows_ui(ui, page, shown, lanes, out);
    }

    fn tools_ui(&mut self, ui: &mut Ui, page: &TracePage, out: &mut Commands) {
        // From right to left.
        for (icon, name, folded) in
            [(Icon::ChevronUp, "Fold all spans", true), (Icon::ChevronDown, "Unfold all spans", false)]
        {
            if ui.add(theme::button::icon(icon, name)).on_hover_text(name).clicked() {
                out.push(TracesCommand::FoldAll(folded));
            }
        }
        if let Some(found) = page.found() {
            ui.label(theme::text::small(format!("{} found", format::count(found.len()))));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let takes_slash = Pane::Main.was_used_last(ui.ctx());
            let field = filter_field_of_pane_ui(ui, &mut self.search, "Search in this trace", takes_slash);
            if field.changed() {
                out.push(TracesCommand::Search(self.search.clone()));
            }
            field.on_hover_text("Words of names, types, inputs, outputs, attributes and events");
        });
    }

    fn rows_ui(
        &mut self,
        ui: &mut Ui,
        page: &TracePage,
        shown: &ShownTrace,
        lanes: Lanes,
        out: &mut Commands,
    ) {
        let visible = page.visible();
        let place = visible.binary_search(&page.selected()).ok();
        // The cursor stands where the chosen span is, whoever chose it.
        if self.revision != page.revision() || self.selected != Some(page.selected()) {
            self.revision = page.revision();
            self.selected = Some(page.selected());
            match place {
                Some(place) if self.list.cursor() != Some(place) => self.list.set_cursor(place),
                Some(_) => {}
                None => self.list.reset(),
            }
        }
        let keys = Pane::Main.has_keys(ui.ctx());
        if keys {
            fold_keys(ui, page, shown, out);
        }
        let look = ListLook { salt: "spans", count: visible.len(), height: size::ROW, selected: place, keys };
        let name = |place: usize| {
            let span = visible.get(place).and_then(|&node| shown.span(node));
            span.map(|span| format!("span {}", span.name)).unwrap_or_default()
        };
        if visible.is_empty() {
            ui.vertical_centered(|ui| {
                ui.add_space(size::SPACE_XL);
                ui.label(theme::text::weak("No span has these words"));
            });
            return;
        }
        let before = self.list.cursor();
        self.list.show(ui, &look, name, |ui, place| {
            if let Some(&node) = visible.get(place) {
                row_ui(ui, page, shown, node, lanes, out);
            }
        });
        if self.list.cursor() != before
            && let Some(&node) = self.list.cursor().and_then(|cursor| visible.get(cursor))
        {
            self.selected = Some(node);
            out.push(TracesCommand::Select(node));
        }
    }
}

/// Right unfolds, Left folds, or goes to what the span is a part of.
fn fold_keys(ui: &Ui, page: &TracePage, shown: &ShownTrace, out: &mut Commands) {
    let node = page.selected();
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let can_fold = shown.tree.has_children(node);
    if pressed(Key::ArrowRight) {
        if can_fold {
            out.push(TracesCommand::Fold(node, false));
        }
    } else if pressed(Key::ArrowLeft) {
        if can_fold && !page.is_folded(node) {
            out.push(TracesCommand::Fold(node, true));
        } else if let Some(parent) = shown.tree.parent(node) {
            out.push(TracesCommand::Select(parent));
        } else {
            Pane::List.take_keys(ui.ctx());
        }
    }
}

/// The axis above the bars.
fn axis_ui(ui: &mut Ui, total_ns: u64) -> Lanes {
    let tokens = ui.tokens();
    ui.spacing_mut().item_spacing.y = 0.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::CHIP), egui::Sense::hover());
    let lanes = Lanes::new(rect, total_ns);
    let painter = ui.painter();
    painter.rect_filled(rect, 0, tokens.raised_bg);
    let line = Stroke::new(size::HAIRLINE, tokens.hairline);
    painter.hline(rect.x_range(), rect.bottom() - 0.5, line);
    let font = TextStyle::Small.resolve(ui.style());
    // On a narrow axis only its ends are named.
    let step = if lanes.bars.span() < 200.0 { TICKS } else { 1 };
    let first = if lanes.bars.span() < NARROW { TICKS } else { 0 };
    for tick in (first..=TICKS).step_by(step) {
        let at = total_ns / TICKS as u64 * tick as u64;
        let align = match tick {
            0 => Align2::LEFT_CENTER,
            TICKS => Align2::RIGHT_CENTER,
            _ => Align2::CENTER_CENTER,
        };
        let text = if tick == 0 { "0".to_owned() } else { nanos(at) };
        let place = pos2(lanes.x(at), rect.center().y);
        painter.text(place, align, text, font.clone(), tokens.text_weak);
    }
    lanes
}

fn row_ui(ui: &mut Ui, page: &TracePage, shown: &ShownTrace, at: usize, lanes: Lanes, out: &mut Commands) {
    let (Some(node), Some(span)) = (shown.tree.nodes().get(at), shown.span(at)) else { return };
    let tokens = ui.tokens();
    let rect = ui.max_rect();
    let (icon, tint) = type_look(&span.span_type, tokens);
    let failed = span.status == SpanStatus::Error;
    // Names end where the bars begin.
    let names = rect.with_max_x(lanes.names);
    let layout = Layout::left_to_right(Align::Center);
    let mut left = ui.new_child(UiBuilder::new().id_salt("name").max_rect(names).layout(layout));
    left.spacing_mut().item_spacing.x = size::SPACE_XS;
    left.add_space(size::SPACE_S + f32::from(node.depth.min(MOST_INDENTS)) * INDENT);
    fold_ui(&mut left, page, shown, at, &span.name, out);
    let color = if failed { tokens.failure.fg } else { tint.fg };
    left.add(icon.sized(size::ICON_SMALL).tint(color).alt_text(""));
    let matched = page.found().is_none_or(|found| found.contains(&at));
    let text = RichText::new(&span.name);
    let text = if failed {
        text.color(tokens.failure.fg)
    } else if matched {
        text.color(tokens.text)
    } else {
        text.weak()
    };
    let name = left.add(Label::new(text).truncate().selectable(false));
    name.on_hover_ui(|ui| {
        ui.label(theme::text::strong(&span.name));
        let label = type_label(&span.span_type);
        if !label.is_empty() {
            ui.label(theme::text::small(label));
        }
    });
    bar_ui(ui, rect, node, lanes, if failed { tokens.failure.fg } else { tint.fg }, page.is_folded(at));
}

fn fold_ui(ui: &mut Ui, page: &TracePage, shown: &ShownTrace, at: usize, name: &str, out: &mut Commands) {
    let side = Vec2::splat(size::ICON);
    if !shown.tree.has_children(at) {
        ui.allocate_space(side);
        return;
    }
    let folded = page.is_folded(at);
    let icon = if folded { Icon::ChevronRight } else { Icon::ChevronDown };
    let label = format!("{} {name}", if folded { "Unfold" } else { "Fold" });
    ui.spacing_mut().button_padding = Vec2::ZERO;
    let button = theme::button::quiet(icon.sized(size::ICON_SMALL).alt_text(label)).min_size(side);
    if ui.add(button.sense(egui::Sense::CLICK)).clicked() {
        out.push(TracesCommand::Fold(at, !folded));
    }
}

fn bar_ui(
    ui: &Ui,
    rect: Rect,
    node: &crate::state::traces::Node,
    lanes: Lanes,
    color: egui::Color32,
    folded: bool,
) {
    let tokens = ui.tokens();
    let painter = ui.painter();
    for tick in 0..=TICKS {
        let x = lanes.bars.min + lanes.bars.span() * tick as f32 / TICKS as f32;
        painter.vline(x, rect.y_range(), Stroke::new(size::HAIRLINE, tokens.hairline));
    }
    let left = lanes.x(node.start_ns);
    let end = node.duration_ns.map_or(lanes.total_ns, |duration| node.start_ns.saturating_add(duration));
    // The shortest can be seen, too.
    let right = lanes.x(end).max(left + 2.0);
    let bar = Rect::from_x_y_ranges(left..=right, rect.center().y - BAR / 2.0..=rect.center().y + BAR / 2.0);
    let fill = color.gamma_multiply(if folded { 0.45 } else { 0.75 });
    match node.duration_ns {
        Some(_) => painter.rect_filled(bar, 2, fill),
        // It has not ended.
        None => painter.rect_stroke(bar, 2, Stroke::new(size::HAIRLINE, fill), egui::StrokeKind::Inside),
    };
    let text = node.duration_ns.map_or_else(|| "…".to_owned(), nanos);
    let font = TextStyle::Small.resolve(ui.style());
    let place = pos2(rect.right() - size::SPACE_S, rect.center().y);
    painter.text(place, Align2::RIGHT_CENTER, text, font, tokens.text_weak);
}
