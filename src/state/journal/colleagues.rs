//! The last move of an alias as a tag of its model, so that colleagues see it in MLflow's own screens.

use serde::Serialize;

use super::entry::Move;
use crate::entities::{Millis, VersionNumber};
use crate::state::format;

/// Before the alias.
const PREFIX: &str = "flowdeck.promotion.";
/// Characters of a reason that a tag takes along: the whole of it is in the journal.
const LONGEST_REASON: usize = 500;
/// The longest key that MLflow takes (`MAX_ENTITY_KEY_LENGTH` in its `validation.py`).
const LONGEST_KEY: usize = 250;

#[derive(Serialize)]
struct Told<'a> {
    from: Option<VersionNumber>,
    to: Option<VersionNumber>,
    who: &'a str,
    at: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
}

/// The tag's key and value. `None`: the alias is too long for a key.
pub(super) fn tag(change: &Move, at: Millis) -> Option<(String, String)> {
    let key = format!("{PREFIX}{}", change.alias);
    if key.chars().count() > LONGEST_KEY {
        return None;
    }
    let end = change.reason.char_indices().nth(LONGEST_REASON).map_or(change.reason.len(), |(at, _)| at);
    let told = Told {
        from: change.from,
        to: change.to,
        who: &change.who,
        at: format::iso_time(at),
        reason: &change.reason[..end],
    };
    Some((key, serde_json::to_string(&told).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_short_json_that_says_who_moved_what() {
        let mut change =
            Move { alias: "prod".into(), from: Some(3), to: Some(7), who: "ann".into(), ..Move::default() };
        let (key, value) = tag(&change, 1_700_000_000_000).unwrap();
        assert_eq!(key, "flowdeck.promotion.prod");
        assert_eq!(value, r#"{"from":3,"to":7,"who":"ann","at":"2023-11-14T22:13:20Z"}"#);
        change.reason = "ü".repeat(10_000);
        assert!(tag(&change, 0).unwrap().1.len() < 2_000);
        change.alias = "a".repeat(250);
        assert_eq!(tag(&change, 0), None);
    }
}
