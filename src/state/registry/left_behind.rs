//! Moves that a Flowdeck began and did not live to end: the server is read, and never written again.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::promotion::AliasChange;
use crate::state::journal::entry::{How, Standing, Verdict};
use crate::state::journal::{Abandoned, MoveLog, WatchNews};
use crate::state::tasks::Feeder;
use crate::tracking::Store;

/// Reads the server, writes into the journal how the move ended, and tells it. `false`: the server could not be read.
pub fn resolve(
    store: Arc<dyn Store>,
    left: Abandoned,
    log: MoveLog,
    feeder: Feeder<WatchNews>,
) -> BoxFuture<'static, bool> {
    async move {
        let now = match store.get_registered_model(&left.change.model).await {
            Ok(truth) => Some(Standing::of(truth.alias(&left.change.alias))),
            Err(error) if error.is_not_found() => None,
            Err(error) => {
                tracing::debug!(%error, "a move that was left behind cannot be looked up");
                return false;
            }
        };
        let (how, text) = verdict(&AliasChange::of(&left.change), now);
        log.end(Verdict { how, now, text: text.clone(), resolved: true }).await;
        let text = format!("Flowdeck was closed while {}. {text}", begun(&left));
        feeder.send(WatchNews::Resolved { id: left.id, change: left.change, now, text }).await
    }
    .boxed()
}

/// “prod of Churn was moved from v3 to v7”
fn begun(left: &Abandoned) -> String {
    let change = &left.change;
    let (alias, model) = (&change.alias, &change.model);
    match (change.from, change.to) {
        (Some(from), Some(to)) => format!("{alias} of {model} was moved from v{from} to v{to}"),
        (_, Some(to)) => format!("{alias} was set on v{to} of {model}"),
        (_, None) => format!("{alias} of {model} was deleted"),
    }
}

fn verdict(change: &AliasChange, now: Option<Standing>) -> (How, String) {
    let AliasChange { alias, from, to, .. } = change;
    match now {
        None => (How::Unclear, format!("{} does not exist any more.", change.name)),
        Some(now) if now.version() == *to => match to {
            Some(to) => (How::TookEffect, format!("The change took effect: {alias} is v{to}.")),
            None => (How::TookEffect, format!("The change took effect: {alias} is deleted.")),
        },
        Some(now) if now.version() == *from => match from {
            Some(from) => (How::NoAnswer, format!("Nothing was changed: {alias} is still v{from}.")),
            None => (How::NoAnswer, format!("Nothing was changed: {alias} still does not exist.")),
        },
        Some(Standing::At(now)) => {
            (How::Unclear, format!("{alias} is v{now} now, which is neither what it was nor what you chose."))
        }
        Some(Standing::Gone) => {
            (How::Unclear, format!("{alias} does not exist now: someone else deleted it."))
        }
    }
}
