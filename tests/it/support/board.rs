//! The way to a model's board.

use flowdeck::state::{ModelKind, Route};

use super::app::{App, apply, click, route, step_until, wait_for};

/// Waits for the experiment that the app opens by itself: it would lead away from what is opened before.
#[track_caller]
pub fn until_home(app: &mut App) {
    step_until(app, "an experiment", |app| matches!(route(app), Route::Experiment { .. }));
}

/// Opens the list of models by a click.
#[track_caller]
pub fn open_models(app: &mut App) {
    until_home(app);
    click(app, "Models");
}

/// A model's board, as a place to go to.
pub fn board(model: &str) -> Route {
    Route::Model { kind: ModelKind::Model, name: model.to_owned() }
}

/// Goes to the board of a model that has this version and `prod`.
#[track_caller]
pub fn show_board(app: &mut App, model: &str, version: u32) {
    apply(app, board(model));
    wait_for(app, &format!("version {version}"));
    wait_for(app, "alias prod");
}
