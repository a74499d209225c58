//! How what others moved is told.

use std::sync::Arc;

use super::journal::{Record, What};
use super::navigation::Route;
use super::{Command, format};
use crate::entities::Millis;

/// A message with a button.
pub(super) struct News {
    /// A sentence.
    pub text: String,
    /// The button.
    pub label: &'static str,
    /// What it does.
    pub command: Command,
    /// It waits for the user: it happened while nobody was here.
    pub stays: bool,
}

/// Longer than the pause between two looks: nobody was here in between.
const AWAY: Millis = 10 * 60 * 1000;

/// What is said of changes that were just seen; there is at least one.
pub(super) fn of(seen: &[Arc<Record>], now: Millis) -> News {
    let went_on = |record: &Record| match record.what {
        What::Seen { after } => record.at - after > AWAY,
        _ => false,
    };
    if let [only] = seen {
        let change = &only.change;
        let text = match only.what {
            What::Seen { after } if went_on(only) => {
                let since = format::moment(after, now);
                format!(
                    "{} of {}: {} since you were last here ({since})",
                    change.alias,
                    change.model,
                    only.path()
                )
            }
            What::Seen { .. } => {
                let window = only.window().unwrap_or_default();
                let (alias, model) = (&change.alias, &change.model);
                match (change.from, change.to) {
                    (Some(from), Some(to)) => {
                        format!("Someone moved {alias} of {model} from v{from} to v{to}, {window}")
                    }
                    (_, Some(to)) => format!("Someone set {alias} on v{to} of {model}, {window}"),
                    (_, None) => format!("Someone deleted {alias} of {model}, {window}"),
                }
            }
            // The end of a move of ours that had not been clear.
            _ => only.notes.last().map_or_else(|| only.title(), |(_, note)| note.clone()),
        };
        let (kind, name) = (change.kind, change.model.clone());
        let command = Command::Go(Route::Model { kind, name });
        return News { text, label: "Show", command, stays: went_on(only) };
    }
    let count = format::counted(seen.len(), "alias was", "aliases were");
    let stays = seen.iter().all(|record| went_on(record));
    let when = if stays { " since you were last here" } else { "" };
    News {
        text: format!("{count} moved by others{when}"),
        label: "Open journal",
        command: Command::Go(Route::Journal),
        stays,
    }
}
