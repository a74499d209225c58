//! Where we are: one route at a time, with the way back.

use serde::{Deserialize, Serialize};

use super::compare::Subject;
use crate::entities::VersionNumber;

/// A place in the app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Route {
    /// Choose a server.
    #[default]
    Connect,
    /// The experiments, none chosen.
    Experiments,
    /// An experiment's runs.
    Experiment {
        /// The experiment.
        experiment_id: String,
    },
    /// One run.
    Run {
        /// The run.
        run_id: String,
        /// What is shown of it.
        tab: RunTab,
    },
    /// Traces in a table.
    Traces(TraceScope),
    /// One trace.
    Trace {
        /// The trace.
        trace_id: String,
        /// The chat stands beside it: it was opened from there.
        beside_chat: bool,
    },
    /// The registered models or the prompts, none chosen.
    Models(ModelKind),
    /// A model's versions: the board.
    Model {
        /// Model or prompt.
        kind: ModelKind,
        /// Its name.
        name: String,
    },
    /// Two to four models' boards side by side.
    Beside {
        /// Models or prompts.
        kind: ModelKind,
        /// Their names, from the left; each once.
        names: Vec<String>,
    },
    /// The same aliases across all models.
    Matrix(ModelKind),
    /// One version.
    Version {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model's name.
        name: String,
        /// The version.
        version: VersionNumber,
    },
    /// Two versions, runs or logged models side by side.
    Compare {
        /// On the left.
        from: Subject,
        /// On the right.
        to: Subject,
    },
    /// Talk to a served agent.
    Chat,
    /// Sets of prompts, and what came of asking them; none chosen.
    Bench,
    /// One set.
    BenchSet(u64),
    /// One run.
    BenchRun(u64),
    /// What was changed, here and by others.
    Journal,
    /// Settings.
    Settings,
}

/// Whose traces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceScope {
    /// An experiment's.
    Experiment(String),
    /// Those that a logged model (`m-…`) answered, in any experiment.
    Model(String),
    /// Those that were made in a run.
    Run {
        /// The run.
        run_id: String,
        /// Its experiment.
        experiment_id: String,
    },
}

/// What is shown of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunTab {
    /// Ids, times, params, tags…
    #[default]
    Overview,
    /// Curves.
    Metrics,
    /// Files.
    Artifacts,
}

/// The registry keeps two kinds of thing in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Registered models.
    #[default]
    Model,
    /// Prompts.
    Prompt,
}

/// The entry of the rail that a route belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// No server yet.
    Connect,
    /// Experiments and runs.
    Experiments,
    /// Registered models and versions.
    Models,
    /// Prompts.
    Prompts,
    /// Chat.
    Chat,
    /// The bench.
    Bench,
    /// The journal.
    Journal,
    /// Settings.
    Settings,
}

/// Boards that stand side by side at most.
pub const MOST_BESIDE: usize = 4;

impl Route {
    /// The models whose boards are open, from the left; that of an open version too.
    pub fn models(&self) -> &[String] {
        match self {
            Self::Model { name, .. } | Self::Version { name, .. } => std::slice::from_ref(name),
            Self::Beside { names, .. } => names,
            _ => &[],
        }
    }

    /// The boards of these models: one, or several side by side.
    pub fn of_models(kind: ModelKind, mut names: Vec<String>) -> Self {
        match names.len() {
            0 => Self::Models(kind),
            1 => Self::Model { kind, name: names.remove(0) },
            _ => Self::Beside { kind, names },
        }
    }

    /// Where a model's board stands beside those that are open here; the last gives way where there is no more room.
    pub fn with_beside(&self, kind: ModelKind, name: &str) -> Self {
        let same_kind = self.section() == Self::Models(kind).section();
        let mut names = if same_kind { self.models().to_vec() } else { Vec::new() };
        if !names.iter().any(|open| open == name) {
            names.truncate(MOST_BESIDE - 1);
            names.push(name.to_owned());
        }
        Self::of_models(kind, names)
    }

    /// What is left when a board is closed.
    pub fn without(&self, kind: ModelKind, name: &str) -> Self {
        Self::of_models(kind, self.models().iter().filter(|open| *open != name).cloned().collect())
    }

    /// A trace by itself.
    pub fn trace(trace_id: impl Into<String>) -> Self {
        Self::Trace { trace_id: trace_id.into(), beside_chat: false }
    }

    /// The experiment whose runs or traces are shown.
    pub fn experiment_id(&self) -> Option<&str> {
        match self {
            Self::Experiment { experiment_id } | Self::Traces(TraceScope::Experiment(experiment_id)) => {
                Some(experiment_id)
            }
            _ => None,
        }
    }

    /// Where the rail shows it.
    pub fn section(&self) -> Section {
        match self {
            Self::Connect => Section::Connect,
            Self::Models(kind)
            | Self::Matrix(kind)
            | Self::Model { kind, .. }
            | Self::Beside { kind, .. }
            | Self::Version { kind, .. } => match kind {
                ModelKind::Model => Section::Models,
                ModelKind::Prompt => Section::Prompts,
            },
            Self::Compare { to: Subject::Version { kind: ModelKind::Prompt, .. }, .. } => Section::Prompts,
            Self::Compare { to: Subject::Version { .. }, .. } => Section::Models,
            Self::Experiments
            | Self::Experiment { .. }
            | Self::Run { .. }
            | Self::Traces(_)
            | Self::Trace { .. }
            | Self::Compare { .. } => Section::Experiments,
            Self::Chat => Section::Chat,
            Self::Bench | Self::BenchSet(_) | Self::BenchRun(_) => Section::Bench,
            Self::Journal => Section::Journal,
            Self::Settings => Section::Settings,
        }
    }
}

/// Where we are, where we were, and where we came back from.
#[derive(Clone, Debug, Default)]
pub struct Navigation {
    current: Route,
    back: Vec<Route>,
    forward: Vec<Route>,
    last_of_section: Vec<(Section, Route)>,
}

/// Steps that can be gone back.
const HISTORY: usize = 200;

impl Navigation {
    /// Where we are.
    pub fn current(&self) -> &Route {
        &self.current
    }

    /// Goes on; the way forward is forgotten.
    pub fn go(&mut self, route: Route) {
        if route == self.current {
            return;
        }
        let left = std::mem::replace(&mut self.current, route);
        self.back.push(left);
        if self.back.len() > HISTORY {
            self.back.remove(0);
        }
        self.forward.clear();
        self.remember();
    }

    /// Changes where we are without a step in the history.
    pub fn replace(&mut self, route: Route) {
        self.current = route;
        self.remember();
    }

    /// Goes back one step. `false`: there is none.
    pub fn back(&mut self) -> bool {
        let Some(route) = self.back.pop() else { return false };
        self.forward.push(std::mem::replace(&mut self.current, route));
        self.remember();
        true
    }

    /// Goes forward one step. `false`: there is none.
    pub fn forward(&mut self) -> bool {
        let Some(route) = self.forward.pop() else { return false };
        self.back.push(std::mem::replace(&mut self.current, route));
        self.remember();
        true
    }

    /// Whether there is a way back.
    pub fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Whether there is a way forward.
    pub fn can_go_forward(&self) -> bool {
        !self.forward.is_empty()
    }

    /// Where we were last in a section, to return to it as it was left.
    pub fn last_of(&self, section: Section) -> Option<&Route> {
        self.last_of_section.iter().find(|(s, _)| *s == section).map(|(_, route)| route)
    }

    /// Forgets everything: another server's routes mean nothing here.
    pub fn reset(&mut self, route: Route) {
        *self = Self { current: route, ..Self::default() };
    }

    /// Changes every place that we are at, were at, or came back from: what it showed has another name, or is gone.
    /// `true`: so is what is shown now.
    pub fn rewrite(&mut self, rewrite: impl Fn(&mut Route)) -> bool {
        let before = self.current.clone();
        rewrite(&mut self.current);
        for steps in [&mut self.back, &mut self.forward] {
            steps.iter_mut().for_each(&rewrite);
            steps.dedup();
        }
        // A step that leads to where we are is none.
        for steps in [&mut self.back, &mut self.forward] {
            if steps.last() == Some(&self.current) {
                steps.pop();
            }
        }
        self.last_of_section.iter_mut().for_each(|(_, route)| rewrite(route));
        self.current != before
    }

    fn remember(&mut self) {
        let section = self.current.section();
        self.last_of_section.retain(|(s, _)| *s != section);
        self.last_of_section.push((section, self.current.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forward_retrace_the_steps() {
        let mut navigation = Navigation::default();
        navigation.go(Route::Experiments);
        navigation.go(Route::Chat);
        assert!(navigation.back());
        assert_eq!(navigation.current(), &Route::Experiments);
        assert!(navigation.forward());
        assert_eq!(navigation.current(), &Route::Chat);
        navigation.back();
        navigation.go(Route::Settings);
        assert!(!navigation.can_go_forward());
    }

    #[test]
    fn going_where_we_are_is_no_step() {
        let mut navigation = Navigation::default();
        navigation.go(Route::Chat);
        navigation.go(Route::Chat);
        navigation.back();
        assert!(!navigation.can_go_back());
    }

    #[test]
    fn boards_are_opened_beside_each_other_and_closed() {
        let kind = ModelKind::Model;
        let one = Route::Models(kind).with_beside(kind, "a");
        assert_eq!(one, Route::Model { kind, name: "a".into() });
        let two = one.with_beside(kind, "b");
        assert_eq!(two.models(), ["a", "b"]);
        assert_eq!(two.with_beside(kind, "a"), two);
        let full = two.with_beside(kind, "c").with_beside(kind, "d");
        assert_eq!(full.with_beside(kind, "e").models(), ["a", "b", "c", "e"]);
        assert_eq!(two.without(kind, "a"), Route::Model { kind, name: "b".into() });
        assert_eq!(two.with_beside(ModelKind::Prompt, "p").models(), ["p"], "kinds do not mix");
    }

    #[test]
    fn what_is_gone_is_no_place_to_go_back_to() {
        let model = |name: &str| Route::Model { kind: ModelKind::Model, name: name.into() };
        let mut navigation = Navigation::default();
        for route in [Route::Models(ModelKind::Model), model("a"), Route::Chat, model("b"), model("a")] {
            navigation.go(route);
        }
        let gone = |route: &mut Route| {
            if *route == model("a") {
                *route = Route::Models(ModelKind::Model);
            }
        };
        assert!(navigation.rewrite(gone));
        assert_eq!(navigation.current(), &Route::Models(ModelKind::Model));
        assert!(!navigation.rewrite(gone));
        navigation.back();
        assert_eq!(navigation.current(), &model("b"));
        navigation.back();
        navigation.back();
        assert_eq!(navigation.current(), &Route::Models(ModelKind::Model));
    }

    #[test]
    fn a_section_remembers_where_it_was_left() {
        let mut navigation = Navigation::default();
        let run = Route::Run { run_id: "r".into(), tab: RunTab::Metrics };
        navigation.go(run.clone());
        navigation.go(Route::Chat);
        assert_eq!(navigation.last_of(Section::Experiments), Some(&run));
    }
}
