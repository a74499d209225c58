//! The way back of each alias: “prod was v3 until 14:02”, and a button that opens the plan back to it.

use egui::{Key, KeyboardShortcut, Margin, Modifiers, Ui};

use super::menus::Subject;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::journal::Departure;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::alias_label_ui;

/// More ways back than this are in the journal.
const MOST: usize = 3;

/// Opens the plan back for the alias that moved last.
const KEYS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

/// Draws the ways back of a model's aliases. Where the journal knows none it says so: the board must not move down when
/// there is one. `active`: whether the board is the one that keys are for.
pub fn bar_ui(ui: &mut Ui, departures: &[Departure], subject: Subject<'_>, active: bool, out: &mut Commands) {
    // An alias that somebody moved a moment ago is not where the journal says: the plan shows where it is.
    let model = subject.board.model.value();
    let is_back = |way: &&Departure| model.is_some_and(|model| model.alias(&way.alias) == Some(way.version));
    let mut ways = departures.iter().filter(|way| !is_back(way)).take(MOST).peekable();
    if ways.peek().is_none() && subject.board.placed().all().is_empty() {
        return;
    }
    if let Some(newest) = ways.peek()
        && active
        && takes_keys(ui)
        && ui.input_mut(|input| input.consume_shortcut(&KEYS))
    {
        out.push(subject.plan(&newest.alias, Some(newest.version)));
    }
    let margin = Margin { bottom: size::SPACE_XS as i8, ..Margin::symmetric(size::SPACE_M as i8, 0) };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(size::CONTROL);
            let tint = ui.tokens().text_weak;
            ui.add(Icon::History.sized(size::ICON_SMALL).tint(tint).alt_text(""));
            if ways.peek().is_none() {
                ui.label(theme::text::small("No alias has moved yet, as far as the journal knows"));
            }
            for (at, way) in ways.enumerate() {
                way_ui(ui, way, at == 0, subject, out);
            }
        });
    });
}

/// Whichever pane has the arrow keys: only a text, where the same keys mean something else, and a dialog come first.
fn takes_keys(ui: &Ui) -> bool {
    ui.memory(|memory| memory.top_modal_layer().is_none()) && !ui.ctx().text_edit_focused()
}

fn way_ui(ui: &mut Ui, way: &Departure, is_newest: bool, subject: Subject<'_>, out: &mut Commands) {
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    alias_label_ui(ui, &way.alias, way.version);
    let until = format::moment(way.until, subject.now);
    ui.label(theme::text::small(format!("was v{} until {until}", way.version)))
        .on_hover_text(format::exact_time(way.until));
    let button = theme::button::default(format!("Back to v{}…", way.version));
    let name = format!("Back to v{} with {}", way.version, way.alias);
    let keys = if is_newest { format!(" ({})", ui.ctx().format_shortcut(&KEYS)) } else { String::new() };
    let hover = format!("Shows the plan: nothing is changed before you confirm it{keys}");
    if ui.add(button).accessible_name(name).on_hover_text(hover).clicked() {
        out.push(subject.plan(&way.alias, Some(way.version)));
    }
    ui.add_space(size::SPACE_S);
}
