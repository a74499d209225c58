//! Which version each alias left last, and when: the faint marks on the board.

use super::RegistryCommand;
use super::promotion::AliasChange;
use crate::entities::{Millis, VersionNumber};
use crate::state::activity::{ActivityEntry, Outcome};
use crate::state::{Command, ModelKind, format};

/// An alias that was on a version until a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The alias.
    pub alias: String,
    /// The version it left.
    pub version: VersionNumber,
    /// When it left.
    pub until: Millis,
    /// Where it went; `None` if it was deleted.
    pub now: Option<VersionNumber>,
}

impl Departure {
    /// “prod was here until 14:02 yesterday”
    pub fn sentence(&self, now: Millis) -> String {
        format!("{} was here until {}", self.alias, format::moment(self.until, now))
    }
}

/// The last departure of each alias of a model, from what was changed since the app was started, newest first.
pub fn departures(entries: &[ActivityEntry], uri: &str, model: (ModelKind, &str)) -> Vec<Departure> {
    let mut found: Vec<Departure> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.outcome == Outcome::Done) {
        let Some(Command::Registry(RegistryCommand::Undo { server, changes })) = &entry.undo else {
            continue;
        };
        let of_model = |change: &&AliasChange| (change.kind, change.name.as_str()) == model;
        for change in changes.iter().filter(|_| server == uri).filter(of_model) {
            let known = found.iter().any(|departure| departure.alias == change.alias);
            let Some(version) = change.from.filter(|_| !known) else { continue };
            found.push(Departure { alias: change.alias.clone(), version, until: entry.at, now: change.to });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(at: Millis, name: &str, from: VersionNumber, to: VersionNumber) -> ActivityEntry {
        let change = AliasChange {
            kind: ModelKind::Model,
            name: name.into(),
            alias: "prod".into(),
            from: Some(from),
            to: Some(to),
        };
        let text = change.sentence();
        let undo = RegistryCommand::Undo { server: "http://e".into(), changes: vec![change] };
        ActivityEntry { at, server: "e".into(), text, outcome: Outcome::Done, undo: Some(undo.into()) }
    }

    #[test]
    fn each_alias_left_one_version_last() {
        let entries = [moved(9, "m", 5, 7), moved(8, "other", 1, 2), moved(3, "m", 3, 5)];
        let of = |uri| departures(&entries, uri, (ModelKind::Model, "m"));
        let left = Departure { alias: "prod".into(), version: 5, until: 9, now: Some(7) };
        assert_eq!(of("http://e"), [left]);
        assert!(of("http://elsewhere").is_empty());
        assert!(departures(&entries, "http://e", (ModelKind::Prompt, "m")).is_empty());
    }
}
