//! One change of a plan: where it stands, and what the policy says of it.

use super::board::Board;
use super::ending::Ending;
use super::promotion::{AliasChange, Demands, Event, Stage};
use crate::entities::{Millis, ModelVersion, ModelVersionStatus, RegisteredModel, VersionNumber};
use crate::state::evidence::{BenchEvidence, EvidenceItem, VersionKey, tag};
use crate::state::journal::entry::EntryId;
use crate::state::policy::{Check, Evidence, Level, Terms, Verdict};
use crate::state::remote::Remote;
use crate::state::{Cx, ModelKind};

/// How far a planned change is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// Nothing was done yet.
    #[default]
    Waiting,
    /// It is being carried out.
    Doing(Stage),
    /// It is on the server.
    Done,
    /// There was nothing to do.
    Already,
    /// It ended otherwise.
    Failed(Ending),
    /// It is being taken back.
    TakingBack(Stage),
    /// It was done, and is as it was before.
    TakenBack,
    /// It was done, and could not be taken back.
    NotTakenBack(Ending),
}

impl Step {
    /// The step after an event.
    fn after(event: &Event, back: bool) -> Option<Self> {
        Some(match (event, back) {
            (Event::Stage(stage), false) => Self::Doing(*stage),
            (Event::Stage(stage), true) => Self::TakingBack(*stage),
            (Event::Ended(ending, _), false) if ending.took_effect() => Self::Done,
            (Event::Ended(Ending::Already, _), false) => Self::Already,
            (Event::Ended(ending, _), false) => Self::Failed(ending.clone()),
            (Event::Ended(ending, _), true) if ending.took_effect() || *ending == Ending::Already => {
                Self::TakenBack
            }
            (Event::Ended(ending, _), true) => Self::NotTakenBack(ending.clone()),
            (Event::Later(..), _) => return None,
        })
    }

    /// The word a person reads.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Doing(Stage::Verifying) => "Checking…",
            Self::Doing(Stage::Writing) => "Writing…",
            Self::Doing(Stage::ReadingBack) => "Reading back…",
            Self::Done => "Done",
            Self::Already => "Was so already",
            Self::Failed(ending) if ending.changed_nothing() => "Failed",
            Self::Failed(_) => "Unclear",
            Self::TakingBack(_) => "Taking back…",
            Self::TakenBack => "Taken back",
            Self::NotTakenBack(_) => "Not taken back",
        }
    }

    /// Whether it is on the server by our doing, and may be taken back.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done | Self::NotTakenBack(_))
    }
}

/// One change, with what helps to decide.
#[derive(Debug)]
pub struct Planned {
    /// What is proposed.
    pub change: AliasChange,
    /// How far it is.
    pub step: Step,
    /// Its intent in the journal, once it was begun.
    pub id: Option<EntryId>,
    /// It only keeps the place that another alias leaves.
    pub keeps: bool,
    /// What the policy asks for.
    pub terms: Terms,
    /// Its rules, and whether they hold.
    pub checks: Vec<Check>,
    /// What speaks for the version, as far as it is known.
    pub evidence: Vec<EvidenceItem>,
    /// What the plan was made with.
    brought: Vec<EvidenceItem>,
    bench: Option<(VersionKey, Millis)>,
    /// The model, where it is not the one on the board.
    model: Remote<RegisteredModel>,
    from: Remote<ModelVersion>,
    to: Remote<ModelVersion>,
}

impl Planned {
    /// Proposes a change. What it needs is taken from the board, or loaded.
    pub fn new(change: AliasChange, board: &Board, cx: &Cx<'_>) -> Self {
        let mut planned = Self {
            change,
            step: Step::Waiting,
            id: None,
            keeps: false,
            terms: Terms::default(),
            checks: Vec::new(),
            evidence: Vec::new(),
            brought: Vec::new(),
            bench: None,
            model: Remote::default(),
            from: Remote::default(),
            to: Remote::default(),
        };
        let AliasChange { kind, name, to, .. } = &planned.change;
        if !board.shows(*kind, name) {
            planned.model.load(cx.tasks, cx.store.get_registered_model(name));
        }
        if let Some(to) = to {
            if let Some(known) = board.shows(*kind, name).then(|| board.version(*to)).flatten() {
                planned.to.settle(known.clone());
            }
            // Its tags may have changed since the board was read, and rules look at them.
            planned.to.load(cx.tasks, cx.store.get_model_version(name, *to));
        }
        planned.load_from(board, cx);
        planned
    }

    /// With what speaks for it.
    pub fn with(mut self, evidence: Vec<EvidenceItem>) -> Self {
        self.brought = evidence;
        self
    }

    /// A change that keeps the place that another alias leaves. No rule is asked: nothing is promoted.
    pub fn keeping(change: AliasChange, board: &Board, cx: &Cx<'_>) -> Self {
        let mut planned = Self { keeps: true, ..Self::new(change, board, cx) };
        // Whose model it is, the change that it goes with knows.
        planned.model = Remote::default();
        planned
    }

    fn load_from(&mut self, board: &Board, cx: &Cx<'_>) {
        let AliasChange { kind, name, from: Some(from), .. } = &self.change else { return };
        match board.shows(*kind, name).then(|| board.version(*from)).flatten() {
            Some(known) => self.from.settle(known.clone()),
            None => self.from.load(cx.tasks, cx.store.get_model_version(name, *from)),
        }
    }

    /// Asks for the version that the alias shall be on once more.
    pub fn read_again(&mut self, cx: &Cx<'_>) {
        if let Some(to) = self.change.to {
            self.to.load(cx.tasks, cx.store.get_model_version(&self.change.name, to));
        }
    }

    /// Takes what arrived. `true`: something did.
    pub fn poll(&mut self, board: &Board, cx: &Cx<'_>) -> bool {
        let mut changed = self.from.poll() | self.to.poll();
        if self.model.poll() {
            changed = true;
            let now = self.model.value().map(|model| model.alias(&self.change.alias));
            if let Some(now) = now.filter(|now| *now != self.change.from && self.step == Step::Waiting) {
                self.move_from(now, board, cx);
            }
        }
        changed
    }

    /// The alias is elsewhere than it was thought.
    pub fn move_from(&mut self, now: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) {
        self.change.from = now;
        if now == self.change.to {
            self.step = Step::Already;
        } else if self.step == Step::Already {
            self.step = Step::Waiting;
        }
        self.from = Remote::default();
        self.load_from(board, cx);
    }

    /// Notes what is told of it.
    pub fn note(&mut self, event: &Event, back: bool) {
        if let Some(step) = Step::after(event, back) {
            self.step = step;
        }
    }

    /// Both versions as far as they are known: where the alias is, and where it shall be.
    pub fn versions(&self) -> impl Iterator<Item = &ModelVersion> {
        [self.from.value(), self.to.value()].into_iter().flatten()
    }

    /// The model as it was loaded for this change, where the board shows another one.
    pub fn model(&self) -> Option<&RegisteredModel> {
        self.model.value()
    }

    /// Asks the policy anew.
    pub fn judge(&mut self, me: &[String], now: Millis, cx: &Cx<'_>) {
        if self.keeps {
            return;
        }
        self.gather(cx);
        let AliasChange { name, alias, to, .. } = &self.change;
        self.terms = cx.policy.terms(&cx.store.info(), name, alias);
        self.checks = match (to, self.to.error(), self.to.value()) {
            // A deletion promotes nothing.
            (None, ..) => Vec::new(),
            (Some(to), Some(error), _) => {
                let why = format!("v{to} could not be read: {error}");
                self.terms.requires.checks(Some(Err(&why)))
            }
            (Some(_), None, Some(version)) if !self.to.is_loading() => {
                let bench = self.bench.as_ref().map(|(_, at)| *at);
                self.terms.requires.checks(Some(Ok(&Evidence::of_version(version, bench, me, now))))
            }
            (Some(_), None, _) => self.terms.requires.checks(None),
        };
    }

    /// What is demanded once more right before the write: nothing where a reason overrides the rules.
    pub fn demands(&self, me: &[String]) -> Demands {
        if self.keeps || (self.terms.may_override && self.fails()) {
            return Demands::default();
        }
        Demands { requires: self.terms.requires.clone(), me: me.to_owned(), bench: self.bench.clone() }
    }

    /// Collects what speaks for the version: what the plan was made with, the last bench of exactly this version that
    /// is kept here, and what its tag tells, where that is newer.
    fn gather(&mut self, cx: &Cx<'_>) {
        self.evidence.clone_from(&self.brought);
        self.bench = None;
        let Some(version) = self.to.value().filter(|_| self.change.to.is_some()) else { return };
        let key = VersionKey::of(cx.store.info().settings_key(), version);
        let last = cx.evidence.last_bench(&key);
        if let Some(bench) = last {
            let item = EvidenceItem::Bench(bench.clone());
            if !self.evidence.contains(&item) {
                self.evidence.push(item);
            }
        }
        let shared = tag::read(&version.tags);
        // A tag has whole seconds.
        let newer = |at: Millis| last.is_none_or(|bench| at / 1000 > bench.ended / 1000);
        self.evidence.extend(shared.filter(|shared| newer(shared.at)).map(EvidenceItem::Shared));
        self.bench = last.map(|bench| (key, bench.ended));
    }

    /// Whether it is a model's version that nothing speaks for, as far as is known.
    pub fn lacks_evidence(&self) -> bool {
        let promotes = self.change.kind == ModelKind::Model && self.change.to.is_some() && !self.keeps;
        promotes && !self.to.is_loading() && self.evidence.is_empty()
    }

    /// The last bench of exactly this version that is kept here and that its tag does not tell of yet.
    pub fn unshared_bench(&self) -> Option<&BenchEvidence> {
        let version = self.to.value()?;
        let told = tag::read(&version.tags).map_or(0, |shared| shared.at);
        let (_, last) = self.bench.as_ref()?;
        self.evidence.iter().find_map(|item| match item {
            EvidenceItem::Bench(bench) if bench.ended == *last && bench.ended / 1000 > told / 1000 => {
                Some(bench)
            }
            _ => None,
        })
    }

    /// Whether a rule does not hold.
    pub fn fails(&self) -> bool {
        self.checks.iter().any(|check| matches!(check.verdict, Verdict::Fails(_)))
    }

    /// Whether it is not yet known where the alias is, or what a rule asks for.
    pub fn is_reading(&self) -> bool {
        self.model.is_loading() || self.checks.iter().any(|check| check.verdict == Verdict::Reading)
    }

    /// Whether the alias has to be typed.
    pub fn is_protected(&self) -> bool {
        self.terms.level == Level::Protected
    }

    /// What spoke for it, in one line.
    pub fn evidence(&self) -> Option<String> {
        let lines = self.checks.iter().map(|check| match &check.verdict {
            Verdict::Holds => check.rule.clone(),
            Verdict::Fails(why) => format!("overridden: {} ({why})", check.rule),
            Verdict::Reading => format!("not known: {}", check.rule),
        });
        let text = self.evidence.iter().map(EvidenceItem::noted).chain(lines).collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then_some(text)
    }

    /// What to think of before it is confirmed.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let AliasChange { alias, from, to, .. } = &self.change;
        if let Some(version) = self.to.value() {
            let number = version.version;
            match version.status {
                ModelVersionStatus::Ready => {}
                ModelVersionStatus::Pending => {
                    warnings.push(format!("v{number} is not ready: its registration is pending"));
                }
                ModelVersionStatus::Failed => {
                    warnings.push(format!("The registration of v{number} failed: it cannot be loaded"));
                }
            }
        }
        match (from, to) {
            _ if self.keeps => {}
            (Some(from), Some(to)) if to < from => {
                warnings.push(format!("v{to} is older than v{from}"));
            }
            (None, Some(_)) => warnings.push(format!("{alias} is new: nothing resolves it yet")),
            _ => {}
        }
        warnings
    }
}
