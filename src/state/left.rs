//! Servers that were left while something was written to them: what came of it is told all the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::notices::Notices;
use super::registry::Registry;
use super::workspace::Workspace;
use super::{Cx, State};
use crate::tracking::Store;

/// How long a server is listened to after it was left: what was written is looked at again after half a minute.
const LISTENED: Duration = Duration::from_mins(1);

/// A server that was left.
pub struct Left {
    store: Arc<dyn Store>,
    registry: Registry,
    since: Instant,
}

impl Left {
    /// What has to be followed of a server that is left; nothing if it has nothing to answer.
    pub fn of(workspace: Workspace) -> Option<Self> {
        let busy = workspace.store.health().in_flight > 0;
        busy.then(|| {
            let mut registry = workspace.registry;
            // Nobody sees a question any more: what came of it is told as a notice.
            registry.life.close();
            Self { store: workspace.store, registry, since: Instant::now() }
        })
    }

    fn is_over(&self) -> bool {
        self.since.elapsed() > LISTENED && self.store.health().in_flight == 0
    }
}

impl State {
    /// Leaves the server. What is being written to it goes on.
    pub fn leave(&mut self) {
        self.chat.target.lend(None);
        self.left.extend(self.workspace.take().and_then(Left::of));
    }

    /// Takes what servers that were left still have to say.
    pub(super) fn poll_left(&mut self, deadline: Instant) {
        let mut all = std::mem::take(&mut self.left);
        for left in &mut all {
            let mut said = Notices::default();
            let mut cx = Cx {
                tasks: &self.tasks,
                store: &left.store,
                dialogs: &self.dialogs,
                notices: &mut said,
                journal: &self.journal,
                evidence: &self.evidence,
                settings: self.settings.edit(),
                policy: &self.policy,
                environment: &self.environment,
            };
            left.registry.poll(deadline, &mut cx);
            self.notices.pass_on(said, &left.store.info().label);
        }
        all.retain(|left| !left.is_over());
        self.left = all;
    }
}
