//! What is being carried out, and what becomes of it on the screen.

use std::sync::Arc;

use super::forms::AliasWish;
use super::work::{Event, MOST_EVENTS, Step, carry_out};
use super::write::Write;
use super::{After, LifeCommand};
use crate::entities::{ModelVersionStatus, VersionNumber};
use crate::state::journal::entry::{Effect, Move};
use crate::state::journal::{Edit, Outcome};
use crate::state::policy::Level;
use crate::state::registry::board::Board;
use crate::state::registry::models::Models;
use crate::state::registry::operations::Start;
use crate::state::registry::plan::Plan;
use crate::state::registry::promotion::{AliasChange, Order};
use crate::state::registry::sequence::OnFailure;
use crate::state::registry::version::VersionPage;
use crate::state::registry::{Registry, RegistryCommand};
use crate::state::tasks::{Feed, Polled};
use crate::state::{Command, Cx, ModelKind, Route};

/// Changes on their way.
pub(super) type Jobs = Vec<Job>;

/// Changes that were decided together.
#[derive(Debug)]
pub(super) struct Job {
    /// The question they were decided in; `None`: without one.
    question: Option<u64>,
    alias: Option<AliasWish>,
    steps: Vec<Step>,
    ended: bool,
    feed: Feed<Event>,
}

impl Registry {
    /// Carries out what was decided in the open question: once, however often it is asked for.
    pub(super) fn carry(&mut self, writes: Vec<Write>, alias: Option<AliasWish>, cx: &mut Cx<'_>) {
        let Some(asked) = self.life.asked.as_mut().filter(|asked| !asked.is_busy()) else { return };
        asked.stage = Some("Checking…");
        asked.message = None;
        let number = asked.number;
        self.start_job(writes, alias, Some(number), cx);
    }

    pub(super) fn start_job(
        &mut self,
        writes: Vec<Write>,
        alias: Option<AliasWish>,
        question: Option<u64>,
        cx: &mut Cx<'_>,
    ) {
        let (store, looks) = (Arc::clone(cx.store), self.looks.0);
        let feed = cx
            .tasks
            .spawn_feed_to_its_end(MOST_EVENTS, move |feeder| carry_out(store, writes, looks, feeder));
        self.life.jobs.push(Job { question, alias, steps: Vec::new(), ended: false, feed });
    }

    /// Takes what arrived.
    pub(in crate::state::registry) fn poll_life(&mut self, deadline: std::time::Instant, cx: &mut Cx<'_>) {
        self.life.poll(deadline);
        let mut jobs = std::mem::take(&mut self.life.jobs);
        jobs.retain_mut(|job| {
            loop {
                match job.feed.poll() {
                    Polled::Pending => return true,
                    Polled::Ready(event) => self.take_life_event(job, event, cx),
                    Polled::Lost => {
                        if !job.ended {
                            self.job_lost(job, cx);
                        }
                        return false;
                    }
                }
            }
        });
        jobs.append(&mut self.life.jobs);
        self.life.jobs = jobs;
    }

    fn take_life_event(&mut self, job: &mut Job, event: Event, cx: &mut Cx<'_>) {
        match event {
            Event::Stage(stage) => {
                if let Some(asked) = self.question_of(job) {
                    asked.stage = Some(stage);
                }
            }
            Event::Step(step) => {
                self.take_step(&step, cx);
                job.steps.push(step);
            }
            Event::Ended => {
                job.ended = true;
                self.job_ended(job, cx);
            }
            Event::Later(step) => {
                self.take_step(&step, cx);
                cx.notices.warning(step.text, None);
            }
        }
    }

    fn question_of(&mut self, job: &Job) -> Option<&mut super::Asked> {
        self.life.asked.as_mut().filter(|asked| job.question == Some(asked.number))
    }

    /// What is shown from now on is what the store says.
    fn take_step(&mut self, step: &Step, cx: &mut Cx<'_>) {
        cx.journal.note(&cx.store.info(), noted(step, &self.prompts));
        if step.outcome == Outcome::Done {
            self.note_after(&step.write);
        }
        self.reload_after(&step.write, cx);
    }

    fn note_after(&mut self, write: &Write) {
        let after = match write {
            Write::Rename { name, to } => After::Renamed { from: name.clone(), to: to.clone() },
            Write::DeleteModel { kind, name, .. } => After::ModelDeleted(*kind, name.clone()),
            Write::DeleteVersion { kind, name, version } => {
                After::VersionDeleted(*kind, name.clone(), *version)
            }
            Write::CreateVersion(_) => After::Registered,
            _ => return,
        };
        if matches!(after, After::Renamed { .. } | After::ModelDeleted(..)) {
            // What is gone is not asked for again.
            self.board = Board::default();
            self.beside.clear();
            self.version = VersionPage::default();
        }
        self.life.after.push(after);
    }

    fn reload_after(&mut self, write: &Write, cx: &mut Cx<'_>) {
        let (kind, name) = subject_of(write);
        for kind in kind.map_or(vec![ModelKind::Model, ModelKind::Prompt], |kind| vec![kind]) {
            self.list_mut(kind).load(kind, cx);
            for board in self.boards_mut().filter(|board| board.shows(kind, name)) {
                board.reload(cx);
            }
        }
    }

    fn job_ended(&mut self, job: &mut Job, cx: &mut Cx<'_>) {
        let text = sentences(&job.steps);
        let failed = job.steps.iter().find(|step| step.outcome != Outcome::Done);
        let made = job.steps.iter().find_map(made_version);
        if failed.is_none() {
            if self.question_of(job).is_some() {
                self.life.asked = None;
            }
            let open = made.as_ref().map(|(name, version)| {
                let route = Route::Version { kind: ModelKind::Model, name: name.clone(), version: *version };
                ("Open", Command::Go(route))
            });
            cx.notices.success(text, open);
            if let (Some(wish), Some((name, version))) = (job.alias.take(), made) {
                self.set_wished(name, wish, version, cx);
            }
            return;
        }
        let details = failed.map(|step| step.details.clone()).unwrap_or_default();
        let text = match &job.alias {
            Some(wish) => format!("{text}. {} was not set", wish.alias),
            None => text,
        };
        match self.question_of(job) {
            Some(asked) => {
                asked.stage = None;
                asked.message = Some(text);
                asked.load(cx);
            }
            None => drop(cx.notices.failed(text, details, None)),
        }
    }

    /// A new alias is set on the path of every alias. One that stands elsewhere is moved by a plan, which shows what
    /// differs; so is one that the policy guards.
    fn set_wished(&mut self, name: String, wish: AliasWish, version: VersionNumber, cx: &mut Cx<'_>) {
        let kind = ModelKind::Model;
        let terms = cx.policy.terms(&cx.store.info(), &name, &wish.alias);
        let is_guarded =
            terms.level == Level::Protected || !terms.requires.is_empty() || cx.policy.is_unread();
        if wish.from.is_some() || is_guarded {
            if self.plan.as_ref().is_some_and(Plan::is_busy) {
                let text = format!("{} was not set on v{version}: another plan is under way", wish.alias);
                cx.notices.warning(text, None);
            }
            self.propose((kind, name, wish.alias), Some(version), Vec::new(), cx);
            return;
        }
        let change = AliasChange { kind, name, alias: wish.alias, from: None, to: Some(version) };
        let orders = vec![Order::plain(change)];
        self.start(Start { on_failure: OnFailure::Stop, ..Start::of(orders) }, cx);
    }

    fn job_lost(&mut self, job: &Job, cx: &mut Cx<'_>) {
        let text =
            "The change could not be followed to its end. Refresh to see what the server has".to_owned();
        if let Some(asked) = self.question_of(job) {
            asked.stage = None;
            asked.message = Some(text);
        } else {
            cx.notices.failed(text, String::new(), None);
        }
    }
}

/// Whom a change is about. MLflow's requests about tags do not say which kind they mean.
fn subject_of(write: &Write) -> (Option<ModelKind>, &str) {
    match write {
        Write::CreateModel(model) => (Some(ModelKind::Model), &model.name),
        Write::CreateVersion(registration) => (Some(ModelKind::Model), &registration.name),
        Write::Rename { to, .. } => (Some(ModelKind::Model), to),
        Write::Describe { kind, name, .. }
        | Write::DeleteModel { kind, name, .. }
        | Write::DeleteVersion { kind, name, .. } => (Some(*kind), name),
        Write::SetTag { name, .. } | Write::DeleteTag { name, .. } => (None, name),
    }
}

/// As the journal has it.
fn noted(step: &Step, prompts: &Models) -> Edit {
    let (kind, name) = match &step.write {
        Write::Rename { name, .. } if step.outcome != Outcome::Done => {
            (Some(ModelKind::Model), name.as_str())
        }
        write => subject_of(write),
    };
    let kind = kind.unwrap_or_else(|| match prompts.get(name) {
        Some(_) => ModelKind::Prompt,
        None => ModelKind::Model,
    });
    let (version, effect) = match &step.write {
        Write::Rename { name, .. } => (None, Some(Effect::Renamed { from: name.clone() })),
        Write::DeleteModel { .. } => (None, Some(Effect::Deleted)),
        Write::DeleteVersion { version, .. } => (Some(*version), Some(Effect::Deleted)),
        Write::CreateVersion(_) => (made_version(step).map(|(_, version)| version), None),
        Write::CreateModel(_) | Write::Describe { .. } | Write::SetTag { .. } | Write::DeleteTag { .. } => {
            (None, None)
        }
    };
    Edit { kind, model: name.to_owned(), version, effect, outcome: step.outcome, text: step.text.clone() }
}

/// Gives a model the name back that it had before. Nothing else can be taken back: what is deleted is gone.
pub fn rename_command(renamed: &Move, before: &str) -> Command {
    let write = Write::Rename { name: renamed.model.clone(), to: before.to_owned() };
    RegistryCommand::Life(LifeCommand::Undo { server: renamed.server.clone(), write }).into()
}

fn made_version(step: &Step) -> Option<(String, VersionNumber)> {
    let version = step.effect.as_ref()?.version.as_ref()?;
    Some((version.name.clone(), version.version))
}

/// What was done and what was not, in one text.
fn sentences(steps: &[Step]) -> String {
    let mut text = steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>().join(". ");
    let pending = steps.iter().filter_map(|step| step.effect.as_ref()?.version.as_ref());
    if pending.into_iter().any(|version| version.status == ModelVersionStatus::Pending) {
        text.push_str(". Its files are still being copied");
    }
    text
}
