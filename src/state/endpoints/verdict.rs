//! What is known of the version that an endpoint answers as, and how it is said.

use super::profile::Moved;
use crate::entities::{Millis, VersionNumber};

/// What was found out about an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// It answers as this version.
    As(VersionNumber, Evidence),
    /// Nobody knows.
    NotKnown(Why),
    /// Nothing answers there, in the words of who asked.
    Down(String),
}

/// What says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The newest trace of this model since the alias was moved.
    Trace(String),
    /// The endpoint itself, at `/agent/info`.
    Info,
    /// The trace of a question that was asked to find out.
    Asked(String),
}

impl Evidence {
    /// A sentence for who doubts it.
    pub fn describe(&self) -> String {
        match self {
            Self::Trace(id) => format!("By the newest trace of the model since then, {id}"),
            Self::Info => "It says so itself, at /agent/info".to_owned(),
            Self::Asked(id) => format!("By the trace of the question it was asked, {id}"),
        }
    }
}

/// Why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// No trace since, and the endpoint does not say.
    NoTrace,
    /// Traces of several versions since, in turns.
    Mixed,
    /// A trace of the version may be by another endpoint.
    Shared(VersionNumber),
    /// The versions do not say which logged model they were made from, so no trace can.
    NoLoggedModels,
    /// It was asked and answered, but no trace of that came to this server.
    Untraced,
    /// It was asked, and the trace of that names no model, or one that is no version of this one.
    Unnamed,
    /// It was asked, and failed.
    Failed(String),
    /// The tracking server could not be read.
    NotRead(String),
}

impl Why {
    /// A sentence.
    pub fn describe(&self) -> String {
        match self {
            Self::NoTrace => "No trace since says which version answers".to_owned(),
            Self::Mixed => "Traces since are by several versions".to_owned(),
            Self::Shared(version) => {
                format!("A trace since is by v{version}, which another endpoint of this model may have made")
            }
            Self::NoLoggedModels => "These versions have no logged model that a trace could name".to_owned(),
            Self::Untraced => "It answered, but no trace of that reached this server".to_owned(),
            Self::Unnamed => "It answered, but its trace names no version of this model".to_owned(),
            Self::Failed(why) => format!("It was asked, but: {why}"),
            Self::NotRead(why) => format!("The traces could not be read: {why}"),
        }
    }
}

/// A trace of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it began.
    pub at: Millis,
    /// The version that answered.
    pub version: VersionNumber,
    /// `tr-…`
    pub trace_id: String,
}

/// What traces since a move say. `shared`: versions that other endpoints may answer as.
pub fn judge(mut seen: Vec<Seen>, moved: Moved, shared: &[VersionNumber]) -> Answers {
    seen.retain(|trace| trace.at >= moved.since);
    seen.sort_by_key(|trace| trace.at);
    // A restarted endpoint does not go back: what follows the new version must be the new version.
    let first_new = seen.iter().position(|trace| trace.version == moved.to);
    let later = first_new.and_then(|at| seen.get(at..)).unwrap_or_default();
    if later.iter().any(|trace| trace.version != moved.to) {
        return Answers::NotKnown(Why::Mixed);
    }
    match seen.pop() {
        None => Answers::NotKnown(Why::NoTrace),
        Some(newest) if shared.contains(&newest.version) => Answers::NotKnown(Why::Shared(newest.version)),
        Some(newest) => Answers::As(newest.version, Evidence::Trace(newest.trace_id)),
    }
}

/// How an endpoint stands to a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It answers as the version that the alias points at.
    New,
    /// It answers as another one.
    Old,
    /// Nobody knows.
    NotKnown,
    /// Nothing answers.
    Down,
}

impl Answers {
    /// How this stands to a move.
    pub fn standing(&self, moved: Moved) -> Standing {
        match self {
            Self::As(version, _) if *version == moved.to => Standing::New,
            Self::As(..) => Standing::Old,
            Self::NotKnown(_) => Standing::NotKnown,
            Self::Down(_) => Standing::Down,
        }
    }

    /// The line on the board: what the endpoint called `name` does after `moved`.
    pub fn sentence(&self, name: &str, moved: Moved) -> String {
        let restarted = moved.restarted;
        match self {
            Self::As(version, _) if *version == moved.to => {
                format!("The endpoint {name} answers as v{version}")
            }
            Self::As(version, _) if restarted => {
                format!("The endpoint {name} still answers as v{version} after its restart")
            }
            Self::As(version, _) => {
                format!(
                    "Registry updated. The endpoint {name} still answers as v{version} until it is restarted"
                )
            }
            Self::NotKnown(_) if restarted => {
                format!(
                    "The endpoint {name} was restarted. It has not been seen to answer as v{} yet",
                    moved.to
                )
            }
            Self::NotKnown(_) => match moved.from {
                Some(from) => format!(
                    "Registry updated. Not known which version the endpoint {name} answers as: v{from} until it is \
                     restarted"
                ),
                None => format!("Registry updated. Not known which version the endpoint {name} answers as"),
            },
            Self::Down(_) => format!("Registry updated. The endpoint {name} does not answer"),
        }
    }

    /// What is behind the line.
    pub fn detail(&self) -> String {
        match self {
            Self::As(_, evidence) => evidence.describe(),
            Self::NotKnown(why) => why.describe(),
            Self::Down(why) => why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVED: Moved = Moved { from: Some(5), to: 7, since: 100, restarted: false };

    fn judged(seen: &[(Millis, VersionNumber)], shared: &[VersionNumber]) -> Answers {
        let seen = seen.iter().map(|&(at, version)| Seen { at, version, trace_id: format!("tr-{at}") });
        judge(seen.collect(), MOVED, shared)
    }

    fn by(version: VersionNumber, at: Millis) -> Answers {
        Answers::As(version, Evidence::Trace(format!("tr-{at}")))
    }

    #[test]
    fn the_newest_trace_since_the_move_tells() {
        assert_eq!(judged(&[(99, 7), (98, 5)], &[]), Answers::NotKnown(Why::NoTrace));
        assert_eq!(judged(&[(101, 5), (99, 7)], &[]), by(5, 101));
        assert_eq!(judged(&[(103, 7), (101, 5), (104, 7)], &[]), by(7, 104));
        assert_eq!(judged(&[(101, 3)], &[]), by(3, 101));
    }

    #[test]
    fn traces_that_may_be_by_others_tell_nothing() {
        assert_eq!(judged(&[(101, 7), (102, 5)], &[]), Answers::NotKnown(Why::Mixed));
        assert_eq!(judged(&[(101, 7), (102, 5), (103, 7)], &[]), Answers::NotKnown(Why::Mixed));
        assert_eq!(judged(&[(101, 7)], &[7]), Answers::NotKnown(Why::Shared(7)));
        assert_eq!(judged(&[(101, 5)], &[7]), by(5, 101));
    }

    #[test]
    fn what_is_said_names_endpoint_and_version() {
        let old = by(5, 101);
        assert_eq!(old.standing(MOVED), Standing::Old);
        let sentence =
            "Registry updated. The endpoint staging agent still answers as v5 until it is restarted";
        assert_eq!(old.sentence("staging agent", MOVED), sentence);
        assert_eq!(by(7, 101).standing(MOVED), Standing::New);
        assert_eq!(by(7, 101).sentence("staging agent", MOVED), "The endpoint staging agent answers as v7");
        let unknown = Answers::NotKnown(Why::NoTrace).sentence("a", MOVED);
        assert!(unknown.contains("Not known") && unknown.contains("v5 until"), "{unknown}");
    }
}
