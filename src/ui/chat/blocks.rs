//! A column of blocks of very different heights, of which only the visible ones are laid out. The others keep the
//! height they had, or one that is guessed. What is seen stays where it is whatever the heights above turn out to be:
//! everything is placed from the topmost block that is seen.

use std::collections::HashMap;
use std::time::Duration;

use egui::{Align, Align2, Id, Layout, Rect, ScrollArea, Ui, UiBuilder, Vec2, vec2};

use crate::theme::{self, Icon, size};
use crate::ui::toasts::keep_clear;

/// Blocks this far above the window are laid out too, so that their heights are known when they come in.
const ABOVE: f32 = 400.0;
/// And this far below it, so that the keyboard finds what comes next.
const BELOW: f32 = 100.0;
/// Nearer to the end than this there is nothing to go to.
const AT_END: f32 = 8.0;
/// Frames in a row that are drawn twice before one is seen a line late.
const MOST_IN_ROW: usize = 2;
/// How late that is, where nothing else comes before. A request without a delay would have two frames drawn.
const LATE: Duration = Duration::from_millis(400);
/// Shorter ways are no scrolling, in points.
const STILL: f32 = 0.5;

/// Heights, and where one has scrolled to.
#[derive(Default)]
pub(super) struct Blocks {
    /// What they are blocks of.
    of: Option<u64>,
    all: Vec<Block>,
    /// Room in the frame before: who was at the end stays there in another.
    room: Vec2,
    /// The topmost that was seen.
    anchor: Option<u64>,
    /// Where to scroll to before anything is drawn.
    offset: Option<f32>,
    /// Go to the end in this frame.
    to_end: bool,
    /// One is at the end, and stays there while it grows.
    at_end: bool,
    /// It grew in the frame before.
    grew: bool,
    /// Below what is seen came more since one has left the end.
    news: bool,
}

/// A block, as high as it was or as is guessed: whole points, so that sums of thousands are exact.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    id: u64,
    height: f32,
}

/// What came of drawing them.
struct Drawn {
    /// Where the window was.
    offset: f32,
    /// How much higher than thought is what is above the topmost that is seen.
    above: f32,
    /// How far what had been seen before was moved by heights between.
    jumped: f32,
    /// Heights that were wrong leave the window empty at its end.
    short: bool,
}

impl Blocks {
    /// These blocks, in order, of something. Goes to the end when the last is another one. `again`: their heights are
    /// others, and what was topmost is so again, unless one was at the end.
    pub fn take_up(
        &mut self,
        of: u64,
        ids: impl Iterator<Item = u64> + Clone,
        guesses: impl FnOnce() -> Vec<f32>,
        again: bool,
    ) {
        let stays = self.anchor.filter(|_| self.of == Some(of) && !self.at_end);
        if again || self.of != Some(of) {
            *self = Self { of: Some(of), ..Self::default() };
        }
        if ids.clone().eq(self.all.iter().map(|block| block.id)) {
            return;
        }
        let last = self.all.last().map(|block| block.id);
        let known: HashMap<u64, f32> = self.all.iter().map(|block| (block.id, block.height)).collect();
        let guessed = ids.zip(guesses());
        self.all = guessed
            .map(|(id, guess)| Block { id, height: known.get(&id).copied().unwrap_or(guess.round()) })
            .collect();
        self.to_end |= self.all.last().map(|block| block.id) != last;
        let place = stays.filter(|_| again).and_then(|id| self.all.iter().position(|block| block.id == id));
        if let Some(place) = place {
            self.offset = Some(self.all[..place].iter().map(|block| block.height).sum());
            self.to_end = false;
        }
    }

    /// Draws them. `width`: of the text, for another one makes other heights. While it is `growing`, one who is at the
    /// end stays there. The way back to the end is shown in what is `seen`.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        (width, seen): (f32, Rect),
        growing: bool,
        mut draw: impl FnMut(&mut Ui, usize),
    ) {
        let room = vec2(width, ui.available_height());
        self.to_end |= std::mem::replace(&mut self.room, room) != room && self.at_end;
        // The end of an answer brings its footer.
        let grows = std::mem::replace(&mut self.grew, growing) || growing;
        let holds = self.to_end || (self.at_end && grows);
        let around = ui.spacing().scroll.content_margin.sum().y + size::SPACE_M;
        let end = self.height() + around - room.y;
        let offset = self.offset.take();
        let offset = if holds { Some(end.max(0.0)) } else { offset };
        let mut area = ScrollArea::vertical().id_salt(("blocks", self.of)).auto_shrink(false);
        if let Some(offset) = offset {
            area = area.vertical_scroll_offset(offset);
        }
        let last = self.last_height();
        let shown = area.show_viewport(ui, |ui, viewport| self.blocks_ui(ui, viewport, &mut draw));
        self.news |= grows && self.last_height() > last;
        let (drawn, height) = (&shown.inner, shown.inner_rect.height());
        let now = shown.state.unclamped_offset().y;
        let furthest = (shown.content_size.y - height).max(0.0);
        let scrolled_up = now < drawn.offset.min(furthest) - STILL;
        self.at_end = !scrolled_up && (holds || furthest - now < STILL);
        self.news &= !self.at_end;
        if holds && !scrolled_up {
            let end = (self.height() + around - height).max(0.0);
            self.to_end = (end - drawn.offset).abs() > STILL;
            if self.to_end {
                draw_again(ui);
            }
            return;
        }
        self.to_end = false;
        let jumped = if holds { 0.0 } else { drawn.jumped };
        if drawn.above != 0.0 || jumped != 0.0 {
            self.offset = Some(now + drawn.above + jumped);
        }
        if jumped != 0.0 || drawn.short {
            draw_again(ui);
        }
        if furthest - now > AT_END && latest_ui(ui, shown.inner_rect.intersect(seen), self.news) {
            self.to_end = true;
            ui.request_repaint();
        }
    }

    /// How high all are together.
    fn height(&self) -> f32 {
        self.all.iter().map(|block| block.height).sum()
    }

    /// How high the last is, which is laid out in every frame.
    fn last_height(&self) -> f32 {
        self.all.last().map_or(0.0, |block| block.height)
    }

    /// The block at a distance from the top, and its own.
    fn at(&self, offset: f32) -> (usize, f32) {
        let mut top = 0.0;
        for (index, block) in self.all.iter().enumerate() {
            if top + block.height > offset || index + 1 == self.all.len() {
                return (index, top);
            }
            top += block.height;
        }
        (0, 0.0)
    }

    fn blocks_ui(&mut self, ui: &mut Ui, viewport: Rect, draw: &mut impl FnMut(&mut Ui, usize)) -> Drawn {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.set_width(ui.available_width());
        let room =
            Rect::from_min_size(ui.next_widget_position(), vec2(ui.available_width(), viewport.height()));
        let (first, top) = self.at(viewport.top());
        let (mut index, mut from) = (first, top);
        while index > 0 && from > viewport.top() - ABOVE {
            index -= 1;
            from -= self.all[index].height;
        }
        let (drawn_from, mut above, mut y) = (index, 0.0, from);
        for index in drawn_from..first {
            let bottom = y + self.all[index].height;
            above += self.block_ui(ui, room, (y, bottom), index, draw);
            y = bottom;
        }
        let (bottom, jumped, changed) = self.below_ui(ui, room, viewport, (first, top), draw);
        let missing = (viewport.bottom() - bottom).max(0.0);
        // Where too much was guessed, more has to come in from above.
        let mut known = viewport.top() - from + above - missing;
        let mut index = drawn_from;
        while index > 0 && known < ABOVE {
            index -= 1;
            let bottom = from;
            from -= self.all[index].height;
            above += self.block_ui(ui, room, (from, bottom), index, draw);
            known += self.all[index].height;
        }
        ui.add_space(bottom);
        Drawn { offset: viewport.top(), above, jumped, short: missing > STILL && changed }
    }

    /// Draws what is seen, each below the other, and the last, which may be growing. Where it ends, how far the block
    /// that was topmost before is from where it was, and whether a height was another.
    fn below_ui(
        &mut self,
        ui: &mut Ui,
        room: Rect,
        viewport: Rect,
        (first, top): (usize, f32),
        draw: &mut impl FnMut(&mut Ui, usize),
    ) -> (f32, f32, bool) {
        let before = self.anchor.take();
        let (mut index, mut y, mut grown, mut jumped, mut changed) = (first, top, 0.0, 0.0, false);
        while index < self.all.len() && y < viewport.bottom() + BELOW {
            let id = self.all[index].id;
            if Some(id) == before && y - grown < viewport.bottom() {
                jumped = grown;
            }
            let more = self.block_ui(ui, room, (y, f32::INFINITY), index, draw);
            changed |= more != 0.0;
            grown += more;
            y += self.all[index].height;
            if self.anchor.is_none() && y > viewport.top() {
                self.anchor = Some(id);
            }
            index += 1;
        }
        if let Some(last) = self.all.len().checked_sub(1).filter(|last| *last >= index) {
            y += self.all[index..last].iter().map(|block| block.height).sum::<f32>();
            self.block_ui(ui, room, (y, f32::INFINITY), last, draw);
            y += self.all[last].height;
        }
        (y + size::SPACE_M, jumped, changed)
    }

    /// Draws a block between two distances from the top; nothing of it is seen further down. How much higher it is
    /// than was thought.
    fn block_ui(
        &mut self,
        ui: &mut Ui,
        room: Rect,
        (top, bottom): (f32, f32),
        index: usize,
        draw: &mut impl FnMut(&mut Ui, usize),
    ) -> f32 {
        let block = &mut self.all[index];
        let rect = room.translate(Vec2::new(0.0, top));
        // Of its own, so that it stays the same whatever is drawn above it.
        let id: Id = ui.make_persistent_id(("block", block.id));
        let layout = Layout::top_down(Align::Min);
        let mut child = ui.new_child(UiBuilder::new().scope_id(id).max_rect(rect).layout(layout));
        if bottom.is_finite() {
            let mut clip = child.clip_rect();
            clip.max.y = clip.max.y.min(room.top() + bottom);
            child.set_clip_rect(clip);
        }
        draw(&mut child, index);
        let height = (child.next_widget_position().y - rect.top() - 0.01).ceil();
        height - std::mem::replace(&mut block.height, height)
    }
}

/// Draws the frame once more before it is seen; what grows in every frame is seen a little later now and then, so that
/// not each costs two.
fn draw_again(ui: &Ui) {
    if ui.ctx().viewport(|viewport| viewport.num_multipass_in_row >= MOST_IN_ROW) {
        ui.ctx().request_repaint_after(LATE);
        return;
    }
    ui.ctx().request_discard("heights are known now");
    if !ui.ctx().will_discard() {
        ui.request_repaint();
    }
}

/// A button over the end of the list, which says whether there are `news` below. Whether it was clicked.
fn latest_ui(ui: &mut Ui, over: Rect, news: bool) -> bool {
    const TO_LATEST: &str = "Go to the latest message";
    const NEWS: &str = "New text below";
    let (name, width) = if news { (NEWS, 148.0) } else { (TO_LATEST, size::CONTROL) };
    let room = vec2(width, size::CONTROL);
    let at = Align2::CENTER_BOTTOM.align_size_within_rect(room, over.shrink(size::SPACE_S));
    let icon = Icon::ArrowDown.sized(size::ICON_SMALL).alt_text("");
    let button = if news { theme::button::default((icon, NEWS)) } else { theme::button::default(icon) };
    keep_clear(ui.ctx(), at);
    let response = ui.put(at, button.wrap_mode(egui::TextWrapMode::Extend)).accessible_name(name);
    response.on_hover_text(TO_LATEST).clicked()
}
