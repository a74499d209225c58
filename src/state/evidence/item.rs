//! One thing that speaks for a version, in words.

use serde::{Deserialize, Serialize};

use crate::entities::{Millis, VersionNumber};
use crate::state::chat::ChatCommand;
use crate::state::{Command, Route, format};

/// Something that speaks for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceItem {
    /// A bench that was run here.
    Bench(BenchEvidence),
    /// A bench that a tag of the version tells of: a colleague's, as a rule.
    Shared(SharedBench),
    /// A conversation that was had with it.
    Conversation(ConversationEvidence),
}

/// What one endpoint did in a bench that came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BenchEvidence {
    /// The bench's run.
    pub run: u64,
    /// Which of its endpoints.
    pub column: usize,
    /// What the set of prompts is called.
    pub set: String,
    /// What the endpoint is called.
    pub endpoint: String,
    /// When it was started.
    pub started: Millis,
    /// When the last answer came.
    pub ended: Millis,
    /// How many prompts were asked.
    pub prompts: usize,
    /// How many answers are as they should be.
    pub passed: usize,
    /// How it did beside another endpoint.
    pub against: Option<Against>,
}

/// How an endpoint did beside another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Against {
    /// What the other one is called.
    pub endpoint: String,
    /// The version that it answered as, where that is known.
    pub version: Option<VersionNumber>,
    /// Answers that are worse than the other's.
    pub regressed: usize,
}

/// The tag `flowdeck.bench` of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedBench {
    /// When it ended.
    pub at: Millis,
    /// What the set of prompts is called, if the tag says so.
    pub set: Option<String>,
    /// How many answers are as they should be, and how many prompts there are.
    pub passed: Option<(usize, usize)>,
}

/// A conversation that is given as a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationEvidence {
    /// Its id, as [`ChatCommand::Show`] takes it.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// How many turns it has.
    pub turns: usize,
    /// When it was written in last.
    pub at: Millis,
}

impl EvidenceItem {
    /// `Bench smoke, 2 days ago: 18 of 20 passed, 1 regressed against v3`
    pub fn sentence(&self, now: Millis) -> String {
        self.words(&format::relative_time(self.at(), now))
    }

    /// The same for a file that is read at any time.
    pub fn noted(&self) -> String {
        self.words(&format::iso_time(self.at()))
    }

    /// When it ended.
    pub fn at(&self) -> Millis {
        match self {
            Self::Bench(bench) => bench.ended,
            Self::Shared(shared) => shared.at,
            Self::Conversation(conversation) => conversation.at,
        }
    }

    /// Leads to it, where it is on this machine.
    pub fn open(&self) -> Vec<Command> {
        match self {
            Self::Bench(bench) => vec![Command::Go(Route::BenchRun(bench.run))],
            Self::Shared(_) => Vec::new(),
            Self::Conversation(conversation) => {
                vec![Command::Go(Route::Chat), ChatCommand::Show(conversation.id).into()]
            }
        }
    }

    fn words(&self, when: &str) -> String {
        match self {
            Self::Bench(bench) => {
                let BenchEvidence { set, passed, prompts, against, .. } = bench;
                let beside = against.as_ref().map_or_else(String::new, Against::words);
                format!("Bench {set}, {when}: {passed} of {prompts} passed{beside}")
            }
            Self::Shared(SharedBench { set, passed, .. }) => {
                let set = set.as_deref().map_or_else(String::new, |set| format!(" {set}"));
                let passed = passed.map_or_else(String::new, |(n, of)| format!(": {n} of {of} passed"));
                format!("Bench{set}, {when}{passed}, by the version's tag")
            }
            Self::Conversation(ConversationEvidence { title, turns, .. }) => {
                format!("Conversation “{title}”, {when}: {}", format::counted(*turns, "turn", "turns"))
            }
        }
    }
}

impl Against {
    fn words(&self) -> String {
        let other = self.version.map_or_else(|| self.endpoint.clone(), |version| format!("v{version}"));
        match self.regressed {
            0 => format!(", none regressed against {other}"),
            n => format!(", {n} regressed against {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_800_000_000_000;

    #[test]
    fn evidence_is_said_in_a_line() {
        let mut bench = BenchEvidence {
            set: "smoke".into(),
            ended: NOW - 2 * 24 * 60 * 60 * 1000,
            prompts: 20,
            passed: 18,
            ..BenchEvidence::default()
        };
        let say = |bench: &BenchEvidence| EvidenceItem::Bench(bench.clone()).sentence(NOW);
        assert_eq!(say(&bench), "Bench smoke, 2 days ago: 18 of 20 passed");
        bench.against = Some(Against { endpoint: "old".into(), version: Some(3), regressed: 1 });
        assert_eq!(say(&bench), "Bench smoke, 2 days ago: 18 of 20 passed, 1 regressed against v3");
        bench.against = Some(Against { endpoint: "old".into(), ..Against::default() });
        assert_eq!(say(&bench), "Bench smoke, 2 days ago: 18 of 20 passed, none regressed against old");
        let item = EvidenceItem::Bench(bench);
        assert!(item.noted().starts_with("Bench smoke, 2027-01-13T"), "{}", item.noted());
    }

    #[test]
    fn what_a_tag_tells_is_said_as_far_as_it_goes() {
        let at = NOW - 3 * 60 * 1000;
        let bare = SharedBench { at, ..SharedBench::default() };
        assert_eq!(EvidenceItem::Shared(bare).sentence(NOW), "Bench, 3 min ago, by the version's tag");
        let full = SharedBench { at, set: Some("smoke".into()), passed: Some((2, 3)) };
        let sentence = EvidenceItem::Shared(full).sentence(NOW);
        assert_eq!(sentence, "Bench smoke, 3 min ago: 2 of 3 passed, by the version's tag");
    }

    #[test]
    fn a_conversation_leads_back_to_itself() {
        let said = ConversationEvidence { id: 7, title: "Why late?".into(), turns: 1, at: NOW - 1000 };
        let item = EvidenceItem::Conversation(said);
        assert_eq!(item.sentence(NOW), "Conversation “Why late?”, just now: 1 turn");
        assert!(matches!(item.open()[1], Command::Chat(ChatCommand::Show(7))));
    }
}
