//! What is out of sight keeps the size it had: a long text costs what is seen of it, however often it is drawn.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use egui::{Id, Rect, TextStyle, Ui, Vec2};

/// So far out of sight, in points, that the keyboard does not reach it in one step.
const OUT_OF_SIGHT: f32 = 100.0;
/// More sizes than this are forgotten, and measured again.
const KEPT: usize = 20_000;

/// Sizes by place, each with what was measured there.
#[derive(Default)]
pub(super) struct Measured(HashMap<Id, (u64, Vec2)>);

impl Measured {
    /// Draws the part of this number, or leaves its room free where it would not be seen. `content`: another one has
    /// another size.
    pub fn show(&mut self, ui: &mut Ui, index: usize, content: u64, add: impl FnOnce(&mut Ui)) {
        let (place, content) = (ui.scope_id().with(index), in_this_look(ui, content));
        if let Some((_, size)) = self.0.get(&place).filter(|known| known.0 == content)
            && !ui.is_sizing_pass()
            && !Rect::from_min_size(ui.next_widget_position(), *size)
                .intersects(ui.clip_rect().expand(OUT_OF_SIGHT))
        {
            // Takes one id, as what it stands for.
            ui.allocate_space(*size);
            return;
        }
        let size = ui.push_id(index, add).response.rect.size();
        // What is drawn once more may be of another size then.
        if !ui.is_sizing_pass() && !ui.ctx().will_discard() {
            if self.0.len() >= KEPT {
                self.0.clear();
            }
            self.0.insert(place, (content, size));
        }
    }
}

/// The content and all that its size depends on besides.
fn in_this_look(ui: &Ui, content: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    let fonts = [TextStyle::Body, TextStyle::Monospace].map(|style| style.resolve(ui.style()).size.to_bits());
    (content, fonts, ui.available_width().to_bits(), ui.pixels_per_point().to_bits()).hash(&mut hasher);
    hasher.finish()
}
