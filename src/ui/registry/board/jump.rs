//! The line above the versions: where each alias stands, a click away, and what lies between two of them.

use egui::{Button, Ui};

use super::super::ask::{Answer, Ask};
use super::{BoardView, Place};
use crate::state::registry::between::Between;
use crate::state::registry::board::{Board, parse_version};
use crate::theme::{self, size};
use crate::ui::registry::take_go_to_version;
use crate::ui::widgets::{alias_go_ui, chip_width};

/// Room for “+12” behind the chips.
const MORE: f32 = 36.0;
/// Room that is left to the sentence about what lies between.
const SENTENCE: f32 = 300.0;
/// What the whole sentence and the button behind it take.
const WHOLE_SENTENCE: f32 = 430.0;

impl BoardView {
    pub(super) fn jump_ui(&mut self, ui: &mut Ui, board: &Board, between: Option<&Between>) {
        if board.placed().all().is_empty() {
            return;
        }
        let margin =
            egui::Margin { bottom: size::SPACE_S as i8, ..egui::Margin::symmetric(size::SPACE_M as i8, 0) };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                self.chips_ui(ui, board);
                if let Some(between) = between {
                    self.between_ui(ui, board, between);
                }
            });
        });
    }

    fn chips_ui(&mut self, ui: &mut Ui, board: &Board) {
        ui.label(theme::text::small("Go to"));
        let all = board.placed().all();
        let room = (ui.available_width() - SENTENCE).max(ui.available_width() / 2.0);
        let mut used = MORE;
        for (at, (alias, version)) in all.iter().enumerate() {
            used += chip_width(ui, &format!("{alias} v{version}")) + size::SPACE_S;
            if at > 0 && used > room {
                ui.menu_button(format!("+{}", all.len() - at), |ui| {
                    egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                        for (alias, version) in &all[at..] {
                            if ui.button(format!("{alias} (v{version})")).clicked() {
                                self.jump = Some(*version);
                                ui.close();
                            }
                        }
                    });
                });
                return;
            }
            if alias_go_ui(ui, alias, *version).clicked() {
                self.jump = Some(*version);
            }
        }
    }

    fn between_ui(&mut self, ui: &mut Ui, board: &Board, between: &Between) {
        let count = between.count(board);
        let sentence = between.sentence(count);
        // Where the aliases stand, the chips say too.
        let whole = ui.available_size_before_wrap().x >= WHOLE_SENTENCE;
        let text = if whole { sentence.clone() } else { between.short_sentence(count) };
        ui.menu_button(theme::text::small(text), |ui| self.pair_menu_ui(ui, board, between))
            .response
            .accessible_name(&sentence)
            .on_hover_text(format!("{sentence}\nChoose two other aliases"));
        if count == 0 && !self.only_between {
            return;
        }
        let label = if self.only_between { "Show all" } else { "Show only these" };
        if ui.add(Button::new(theme::text::small(label)).selected(self.only_between)).clicked() {
            self.only_between = !self.only_between;
        }
    }

    fn pair_menu_ui(&mut self, ui: &mut Ui, board: &Board, between: &Between) {
        let chosen = [&between.low.0, &between.high.0];
        for (side, title) in ["Between", "and"].into_iter().enumerate() {
            ui.label(theme::text::small(title));
            let other = chosen[1 - side];
            let elsewhere = board.placed().version_of(other);
            for (alias, version) in board.placed().all() {
                let possible = Some(*version) != elsewhere;
                let button = Button::selectable(alias == chosen[side], format!("{alias} (v{version})"));
                if ui.add_enabled(possible, button).clicked() {
                    self.pair = Some([alias.clone(), other.clone()]);
                    ui.close();
                }
            }
        }
    }

    /// The dialog that asks which version to go to.
    pub(super) fn go_to_ui(&mut self, ui: &Ui, board: &Board, place: Place) {
        if place.active && take_go_to_version(ui.ctx()) {
            self.ask = Some(Ask::new(format!("Go to a version of {}", self.name), "Version or alias"));
        }
        let Some(ask) = &mut self.ask else { return };
        let answer = ask.show(ui.ctx(), "Go", |text| {
            let version = board.placed().version_of(text).or_else(|| parse_version(text));
            match version {
                None => Err("Type the number of a version, or an alias".to_owned()),
                Some(version) if board.versions.is_complete() && board.position(version).is_none() => {
                    Err(format!("There is no v{version}"))
                }
                Some(version) => Ok(version),
            }
        });
        if let Answer::Given(version) = answer {
            self.jump = Some(version);
        }
        if !matches!(answer, Answer::NotYet) {
            self.ask = None;
        }
    }
}
