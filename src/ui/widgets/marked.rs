//! Rows of a table that are marked to be compared, by Ctrl+click or Space: two at most.

use egui::{Key, Modifiers, Ui};

use crate::theme::{self, Icon, size};

/// What is marked, in the order in which it was.
#[derive(Debug)]
pub struct Marked<T>(Vec<T>);

impl<T> Default for Marked<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Characters of a name in the button.
const MOST_NAME: usize = 24;

impl<T: Clone + PartialEq> Marked<T> {
    /// Whether it is marked.
    pub fn has(&self, item: &T) -> bool {
        self.0.contains(item)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks it, or no longer. Of three the first is forgotten.
    pub fn toggle(&mut self, item: T) {
        if let Some(at) = self.0.iter().position(|other| *other == item) {
            self.0.remove(at);
            return;
        }
        self.0.push(item);
        if self.0.len() > 2 {
            self.0.remove(0);
        }
    }

    /// What is marked, and the button that compares it; draws nothing where nothing is marked. With `keys`, C compares
    /// and Esc forgets. Answers the two to compare.
    pub fn show(&mut self, ui: &mut Ui, name: impl Fn(&T) -> String, keys: bool) -> Option<[T; 2]> {
        if self.is_empty() {
            return None;
        }
        let pressed = |key| keys && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let compare = self.0.len() == 2 && pressed(Key::C);
        if pressed(Key::Escape) {
            self.0.clear();
            return None;
        }
        let named = |item: &T| name(item).chars().take(MOST_NAME).collect::<String>();
        let mut chosen = None;
        if let [one, other] = self.0.as_slice() {
            let label = format!("Compare {} with {}", named(one), named(other));
            let icon = Icon::Compare.sized(size::ICON_SMALL).alt_text("");
            let button = ui.add(theme::button::default((icon, label))).on_hover_text("C");
            if compare || button.clicked() {
                chosen = Some([one.clone(), other.clone()]);
            }
        } else {
            let text = format!("{} is marked: mark another to compare them", named(&self.0[0]));
            ui.label(theme::text::small(text));
        }
        let clear = theme::button::icon(Icon::Close, "Unmark all");
        if ui.add(clear).on_hover_text("Unmark all (Esc)").clicked() {
            self.0.clear();
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_marked_at_most() {
        let mut marked = Marked::default();
        for item in [1, 2, 3] {
            marked.toggle(item);
        }
        assert_eq!(marked.0, [2, 3]);
        marked.toggle(2);
        assert!(marked.has(&3) && !marked.has(&2));
    }
}
