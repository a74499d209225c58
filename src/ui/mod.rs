//! What is drawn: one file or folder a screen, `widgets/` for what two screens share.
//!
//! A view reads `&State`, owns its own typed text, selection and scroll, and pushes commands for whatever
//! reaches another view or a server. Nothing here changes state or waits.

pub mod artifacts;
mod bench;
pub mod chat;
pub mod compare;
mod connect;
mod drop_overlay;
mod experiments;
mod frame;
mod journal;
mod palette;
mod rail;
pub mod registry;
mod run;
mod runs;
mod servable;
mod serve;
mod settings;
mod shortcuts;
mod status_bar;
mod toasts;
mod trace;
mod traces;
pub mod widgets;

use crate::entities::Millis;
use crate::state::workspace::Workspace;
use crate::state::{Route, State};

pub use drop_overlay::is_database;
pub use frame::{Ui, is_chat_shown};
pub use palette::{PaletteAction, PaletteView};
pub use shortcuts::ShortcutRow;

/// What a view may look at.
pub struct Cx<'a> {
    /// Everything the app knows.
    pub state: &'a State,
    /// When this frame is drawn.
    pub now: Millis,
}

impl<'a> Cx<'a> {
    /// The server's data, where a screen needs one.
    pub fn workspace(&self) -> Option<&'a Workspace> {
        self.state.workspace.as_ref()
    }

    /// Where we are.
    pub fn route(&self) -> &'a Route {
        self.state.navigation.current()
    }
}
