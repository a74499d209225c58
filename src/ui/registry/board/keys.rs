//! The board by keyboard: a cursor on the rows, and from there to the chips of a row and back.

use egui::{Key, Modifiers, Ui};

use super::super::dialogs::Dialog;
use super::super::menus::{Subject, version_route};
use super::{BoardView, Scroll};
use crate::state::command::Commands;
use crate::state::registry::board::Board;

/// Rows that Page up and Page down go.
const PAGE: usize = 20;

impl BoardView {
    pub(super) fn take_keys(
        &mut self,
        ui: &Ui,
        subject: Subject<'_>,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let Some(last) = self.finding.rows().len().checked_sub(1) else { return };
        if ui.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let old = self.cursor.map(|cursor| cursor.min(last));
        let (enter, chips, move_it, mark) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            if pressed(Key::ArrowDown) {
                self.cursor = Some(old.map_or(0, |cursor| (cursor + 1).min(last)));
            } else if pressed(Key::ArrowUp) {
                self.cursor = Some(old.map_or(last, |cursor| cursor.saturating_sub(1)));
            } else if pressed(Key::PageDown) {
                self.cursor = Some(old.map_or(0, |cursor| (cursor + PAGE).min(last)));
            } else if pressed(Key::PageUp) {
                self.cursor = Some(old.map_or(last, |cursor| cursor.saturating_sub(PAGE)));
            } else if pressed(Key::Home) {
                self.cursor = Some(0);
            } else if pressed(Key::End) {
                self.cursor = Some(last);
            }
            (pressed(Key::Enter), pressed(Key::A), pressed(Key::M), pressed(Key::Space))
        });
        if self.cursor != old {
            self.scroll = Scroll::JustEnough;
        }
        let Some(version) = old.and_then(|row| self.finding.version(subject.board, row)) else { return };
        let number = version.version;
        let aliases = subject.board.placed().on(number);
        if mark {
            self.marked.toggle(number);
        }
        if enter {
            out.push(version_route(subject, number));
        }
        match aliases {
            [only] if move_it => {
                // The letter must not land in the field that opens.
                super::rows::swallow_text(ui);
                self.origin = Some(only.clone());
                *dialog = Dialog::move_alias(subject.kind, subject.name, only, number);
            }
            [first, ..] if chips || move_it => self.focus = Some(first.clone()),
            _ => {}
        }
    }

    /// Goes to the version that was asked for, once it is here. What hides it is taken away.
    pub(super) fn follow_jump(&mut self, board: &Board) {
        let Some(version) = self.jump else { return };
        if let Some(row) = self.finding.row_of(board, version) {
            self.cursor = Some(row);
            self.scroll = Scroll::ToMiddle;
            self.jump = None;
        } else if board.position(version).is_some() {
            self.filter.clear();
            self.only_between = false;
        } else if board.versions.is_complete() {
            self.jump = None;
        }
    }

    /// The chip that a plan was opened from has the focus again when it is closed, wherever it stands then.
    pub(super) fn return_focus(&mut self, board: &Board, away: bool) {
        if away {
            return;
        }
        let Some(alias) = self.origin.take() else { return };
        if let Some(row) = board.placed().version_of(&alias).and_then(|v| self.finding.row_of(board, v)) {
            self.cursor = Some(row);
            self.scroll = Scroll::JustEnough;
            self.focus = Some(alias);
        }
    }
}
