//! Typing goes on while a frame is drawn. egui moves the focus once a frame, and gives all that was typed in between to
//! whoever has it at the end: on a slow machine fields would be skipped, and words end up in their neighbours.

use egui::{Context, Event, Key, RawInput, Ui};

/// Keeps a Tab apart, in time, from what is typed before and after it.
#[derive(Default)]
pub(super) struct Typing {
    /// What the next frame gets.
    held: Vec<Event>,
}

impl egui::Plugin for Typing {
    fn debug_name(&self) -> &'static str {
        "typing"
    }

    fn input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        let mut events = std::mem::take(&mut self.held);
        events.append(&mut input.events);
        self.held = events.split_off(first_frame(&events));
        input.events = events;
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        if !self.held.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

/// How many of the events belong into one frame.
fn first_frame(events: &[Event]) -> usize {
    let Some(tab) = events.iter().position(is_tab) else { return events.len() };
    if events[..tab].iter().any(is_typed) {
        return tab;
    }
    if events[tab + 1..].iter().any(is_typed) { tab + 1 } else { events.len() }
}

fn is_tab(event: &Event) -> bool {
    matches!(event, Event::Key { key: Key::Tab, pressed: true, .. })
}

fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Key { pressed: true, .. } | Event::Text(_) | Event::Paste(_) | Event::Ime(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: Key) -> Event {
        let modifiers = egui::Modifiers::NONE;
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
    }

    fn text(text: &str) -> Event {
        Event::Text(text.to_owned())
    }

    #[test]
    fn what_is_typed_in_one_frame_lands_in_its_fields() {
        let ctx = Context::default();
        ctx.add_plugin(Typing::default());
        let mut fields = [String::new(), String::new(), String::new()];
        let mut draw = |events: Vec<Event>, focus: bool| {
            let input = RawInput { events, ..RawInput::default() };
            let mut output = ctx.run_ui(input, |ui| {
                for (index, field) in fields.iter_mut().enumerate() {
                    let response = ui.text_edit_singleline(field);
                    if focus && index == 0 {
                        response.request_focus();
                    }
                }
            });
            output.textures_delta.clear();
            output.viewport_output[&egui::ViewportId::ROOT].repaint_delay.is_zero()
        };
        draw(Vec::new(), true);
        draw(Vec::new(), false);
        let tab = || key(Key::Tab);
        assert!(draw(vec![text("a"), tab(), text("b"), tab(), text("c")], false), "more is to come");
        for _ in 0..5 {
            draw(Vec::new(), false);
        }
        assert_eq!(fields, ["a", "b", "c"]);
    }

    #[test]
    fn what_is_not_typed_is_not_held_up() {
        let release = Event::Key {
            key: Key::Tab,
            physical_key: None,
            pressed: false,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        };
        assert_eq!(first_frame(&[key(Key::Tab), release, Event::PointerGone]), 3);
        assert_eq!(first_frame(&[text("a"), text("b"), key(Key::Enter)]), 3);
        assert_eq!(first_frame(&[key(Key::Tab), key(Key::Tab)]), 1);
    }
}
