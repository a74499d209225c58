//! Alias chips of one version: those that can be taken, and `latest`, which cannot.

use egui::{Context, Id, Response, Sense, Ui};

use crate::entities::Millis;
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::journal::Departure;
use crate::state::registry::models::alias_rank;
use crate::ui::widgets::{alias_chip_ui, alias_ghost_ui};

/// The aliases on a version, the best known first.
pub fn aliases_of(model: &RegisteredModel, version: VersionNumber) -> Vec<&str> {
    let mut aliases: Vec<&str> = model.aliases_of(version).collect();
    aliases.sort_by_key(|alias| (alias_rank(alias), *alias));
    aliases
}

/// All aliases of a model with their versions, the best known first.
pub fn aliases(model: &RegisteredModel) -> Vec<(&str, VersionNumber)> {
    let mut aliases: Vec<_> = model.aliases.iter().map(|a| (a.alias.as_str(), a.version)).collect();
    aliases.sort_by_key(|(alias, _)| (alias_rank(alias), *alias));
    aliases
}

/// A chip of a model that can be dragged, focused and clicked.
pub fn draggable_chip_ui(ui: &mut Ui, model: &str, alias: &str) -> Response {
    let response = alias_chip_ui(ui, alias, Sense::click_and_drag());
    if response.clicked() || take_focus_request(ui.ctx(), model, alias) {
        response.request_focus();
    }
    response.on_hover_cursor(egui::CursorIcon::Grab)
}

/// The chip of this alias takes the focus when it is drawn in one of the next frames. Boards of several models may
/// have one of that name.
pub fn request_focus(ctx: &Context, model: &str, alias: &str) {
    let until = ctx.cumulative_pass_nr() + FRAMES;
    ctx.data_mut(|data| data.insert_temp::<Asked>(Id::unique(FOCUS), (model.into(), alias.into(), until)));
}

fn take_focus_request(ctx: &Context, model: &str, alias: &str) -> bool {
    let id = Id::unique(FOCUS);
    let mine = ctx.data(|data| data.get_temp::<Asked>(id)).is_some_and(|(of, wanted, until)| {
        of == model && wanted == alias && ctx.cumulative_pass_nr() <= until
    });
    if mine {
        ctx.data_mut(|data| data.remove_temp::<Asked>(id));
    }
    mine
}

/// Model, alias, and until which pass.
type Asked = (String, String, u64);

const FOCUS: &str = "focus an alias chip";
/// A chip that is not on the screen by then has lost its chance.
const FRAMES: u64 = 8;

/// What `models:/name/latest` means: computed, so it cannot be moved.
pub fn latest_chip_ui(ui: &mut Ui) {
    alias_chip_ui(ui, "latest", Sense::hover())
        .on_hover_text("The highest version. MLflow computes it: it cannot be moved");
}

/// The faint mark of an alias that has left.
pub fn ghost_ui(ui: &mut Ui, departure: &Departure, now: Millis) {
    let sentence = departure.sentence(now);
    let whither = match departure.now {
        Some(version) => format!("{sentence}. It went to v{version}"),
        None => format!("{sentence}. It was deleted"),
    };
    alias_ghost_ui(ui, &departure.alias, &sentence).on_hover_text(whither);
}
