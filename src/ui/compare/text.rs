//! Two texts side by side: only the rows on the screen are laid out, both scroll together.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use egui::text::LayoutJob;
use egui::{
    Align, Align2, Color32, FontId, Label, Layout, Rect, ScrollArea, Sense, TextFormat, TextStyle, Ui,
    UiBuilder, pos2, vec2,
};

use super::pane::Cursor;
use crate::state::compare::{Half, Shown, TextDiff};
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, Tint, size};

/// Which folds are open, and how far it is scrolled to the right.
#[derive(Default)]
pub(super) struct TextView {
    diff: Weak<TextDiff>,
    open: BTreeSet<u32>,
    shown: Vec<Shown>,
    stops: Vec<usize>,
    offset: f32,
}

/// Room between two lines.
const LEADING: f32 = 3.0;
/// Height of the bar that scrolls to the right.
const BAR: f32 = 12.0;

impl TextView {
    /// Takes another text, with its unchanged stretches folded.
    pub(super) fn turn_to(&mut self, diff: &Arc<TextDiff>) {
        if self.diff.as_ptr() != Arc::as_ptr(diff) {
            *self = Self { diff: Arc::downgrade(diff), ..Self::default() };
            self.lay_out(diff);
        }
    }

    /// The places where changes begin: where the keys for the next difference stop.
    pub(super) fn stops(&self) -> &[usize] {
        &self.stops
    }

    fn lay_out(&mut self, diff: &TextDiff) {
        self.shown = diff.shown(&self.open);
        let is_stop =
            |shown: &Shown| matches!(shown, Shown::Row(row) if diff.changes().binary_search(row).is_ok());
        self.stops = self.shown.iter().enumerate().filter(|(_, s)| is_stop(s)).map(|(at, _)| at).collect();
    }

    /// Whether all folds are open.
    pub(super) fn is_unfolded(&self) -> bool {
        !self.shown.iter().any(|shown| matches!(shown, Shown::Fold(_)))
    }

    /// Opens or closes all folds.
    pub(super) fn unfold(&mut self, diff: &TextDiff, open: bool) {
        self.open = if open { (0..diff.folds()).collect() } else { BTreeSet::new() };
        self.lay_out(diff);
    }

    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, diff: &TextDiff, heads: &[String; 2], cursor: &mut Cursor) {
        let font = TextStyle::Monospace.resolve(ui.style());
        let look = Look::of(ui, diff, font);
        look.heads_ui(ui, heads);
        self.follow_wheel(ui, &look);
        let mut opened = None;
        let room = (ui.available_height() - if look.scrolls() { BAR } else { 0.0 }).max(0.0);
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let area = ScrollArea::vertical().id_salt("compared text").auto_shrink(false).max_height(room);
        let area = cursor.scrolled(area, look.height, room);
        area.show_rows(ui, look.height, self.shown.len(), |ui, visible| {
            for at in visible {
                let (rect, _) = ui.allocate_exact_size(vec2(look.width, look.height), Sense::hover());
                match self.shown[at] {
                    Shown::Fold(fold) => {
                        if fold_ui(ui, rect, diff.hidden(fold)) {
                            opened = Some(fold);
                        }
                    }
                    Shown::Row(row) => look.row_ui(ui, rect, diff, row as usize, self.offset),
                }
                if cursor.is_at(at) {
                    let stroke = egui::Stroke::new(2.0, ui.tokens().accent.ring);
                    ui.painter().vline(rect.left() + 1.0, rect.y_range(), stroke);
                }
            }
        });
        if look.scrolls() {
            self.bar_ui(ui, &look);
        }
        if let Some(fold) = opened {
            self.open.insert(fold);
            self.lay_out(diff);
            cursor.forget();
        }
    }

    fn follow_wheel(&mut self, ui: &Ui, look: &Look) {
        if ui.rect_contains_pointer(ui.available_rect_before_wrap()) {
            let delta = ui.input(|input| input.smooth_scroll_delta().x);
            self.offset = (self.offset - delta).clamp(0.0, look.overflow());
        }
    }

    /// One bar for both halves.
    fn bar_ui(&mut self, ui: &mut Ui, look: &Look) {
        ui.scope(|ui| {
            let scroll = &mut ui.spacing_mut().scroll;
            scroll.dormant_handle_opacity = scroll.active_handle_opacity;
            let output = ScrollArea::horizontal()
                .id_salt("compared text, sideways")
                .auto_shrink(false)
                .max_height(BAR)
                .horizontal_scroll_offset(self.offset)
                .show(ui, |ui| {
                    ui.allocate_exact_size(vec2(look.width + look.overflow(), BAR - 2.0), Sense::hover());
                });
            self.offset = output.state.clamped_offset().x;
        });
    }
}

/// Sizes of what is drawn.
struct Look {
    font: FontId,
    height: f32,
    width: f32,
    gutter: f32,
    text: f32,
    widest: f32,
}

impl Look {
    fn of(ui: &Ui, diff: &TextDiff, font: FontId) -> Self {
        let (height, advance) = ui
            .fonts_mut(|fonts| ((fonts.row_height(&font) + LEADING).round(), fonts.glyph_width(&font, '0')));
        let digits = (diff.most_lines().max(1).ilog10() + 1).max(2) as f32;
        let gutter = advance * (digits + 2.0) + size::SPACE_S;
        let width = ui.available_width();
        let text = (width / 2.0 - gutter - size::SPACE_XS).max(0.0);
        Self { font, height, width, gutter, text, widest: advance * (diff.widest() as f32 + 2.0) }
    }

    fn overflow(&self) -> f32 {
        (self.widest - self.text).max(0.0)
    }

    fn scrolls(&self) -> bool {
        self.overflow() > 0.0
    }

    fn half(&self, row: Rect, side: usize) -> Rect {
        let middle = (row.left() + self.width / 2.0).round();
        if side == 0 { row.with_max_x(middle) } else { row.with_min_x(middle) }
    }

    fn heads_ui(&self, ui: &mut Ui, heads: &[String; 2]) {
        let (rect, _) = ui.allocate_exact_size(vec2(self.width, size::HEADER), Sense::hover());
        ui.painter().rect_filled(rect, 0, ui.tokens().raised_bg);
        for (side, head) in heads.iter().enumerate() {
            let at = self.half(rect, side).shrink2(vec2(size::SPACE_S, 0.0));
            let layout = Layout::left_to_right(Align::Center);
            let mut child = ui.new_child(UiBuilder::new().max_rect(at).layout(layout));
            child.add(Label::new(theme::text::strong(head)).truncate());
        }
    }

    fn row_ui(&self, ui: &mut Ui, rect: Rect, diff: &TextDiff, row: usize, offset: f32) {
        let tokens = ui.tokens();
        let changed = diff.is_changed(row);
        for side in 0..2 {
            let at = self.half(rect, side);
            let tint = if side == 0 { tokens.failure } else { tokens.success };
            let Some(half) = diff.half(row, side) else {
                ui.painter().rect_filled(at, 0, tokens.raised_bg);
                continue;
            };
            if changed {
                ui.painter().rect_filled(at, 0, tint.bg);
            }
            let number_color = if changed { tint.fg } else { tokens.text_weak };
            let sign = ["−", "+"][side];
            let number =
                if changed { format!("{} {sign}", half.number) } else { format!("{}  ", half.number) };
            let place = pos2(at.left() + self.gutter - size::SPACE_XS, at.center().y);
            ui.painter().text(place, Align2::RIGHT_CENTER, number, self.font.clone(), number_color);
            self.half_ui(ui, at.with_min_x(at.left() + self.gutter), (row, side), half, tint, offset);
        }
        let line = egui::Stroke::new(size::HAIRLINE, tokens.hairline);
        ui.painter().vline(self.half(rect, 1).left(), rect.y_range(), line);
    }

    fn half_ui(&self, ui: &mut Ui, at: Rect, place: (usize, usize), half: Half<'_>, tint: Tint, offset: f32) {
        let inside =
            Rect::from_min_size(at.min - vec2(offset, 0.0), vec2(self.widest.max(at.width()), at.height()));
        let layout = Layout::left_to_right(Align::Center);
        let mut child = ui.new_child(UiBuilder::new().id_salt(place).max_rect(inside).layout(layout));
        child.set_clip_rect(ui.clip_rect().intersect(at));
        let job = self.job(half, child.tokens().text, tint.border);
        child.add(Label::new(job).selectable(true).extend());
        if half.cut {
            child.label(theme::text::small("… cut here"));
        }
    }

    /// The line with the words that differ on a stronger ground.
    fn job(&self, half: Half<'_>, color: Color32, mark: Color32) -> LayoutJob {
        let plain = TextFormat::simple(self.font.clone(), color);
        let marked = TextFormat { background: mark, ..plain.clone() };
        let mut job = LayoutJob::default();
        let mut at = 0;
        for range in half.marks {
            let (start, end) = (range.start as usize, range.end as usize);
            if let (Some(before), Some(word)) = (half.text.get(at..start), half.text.get(start..end)) {
                job.append(before, 0.0, plain.clone());
                job.append(word, 0.0, marked.clone());
                at = end;
            }
        }
        job.append(half.text.get(at..).unwrap_or_default(), 0.0, plain);
        job.wrap.max_width = f32::INFINITY;
        job
    }
}

/// A row instead of what is folded away; `true`: it was opened.
fn fold_ui(ui: &mut Ui, rect: Rect, hidden: usize) -> bool {
    let tokens = ui.tokens();
    let text = format!("… {}", format::counted(hidden, "unchanged line", "unchanged lines"));
    let response = ui.interact(rect, ui.scope_id().with(("fold", rect.top() as i32, hidden)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
    let fill = if response.hovered() || response.has_focus() { tokens.hover_bg } else { tokens.raised_bg };
    ui.painter().rect_filled(rect, 0, fill);
    let icon = Rect::from_center_size(
        pos2(rect.left() + size::SPACE_L, rect.center().y),
        egui::Vec2::splat(size::ICON_SMALL),
    );
    Icon::ChevronDown.tinted(tokens.text_weak).alt_text("").paint_at(ui, icon);
    let font = TextStyle::Small.resolve(ui.style());
    let at = pos2(icon.right() + size::SPACE_S, rect.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, text, font, tokens.text_weak);
    response.clicked()
}
