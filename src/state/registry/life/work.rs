//! Carrying changes out, one after the other: **read → write once → read back**, and stop at the first that fails.
//!
//! As with aliases, what is reported is what the store says afterwards. Where an answer is lost, the store is read and
//! nothing is sent again; where it then seems that nothing happened, it is looked again, because a request may still
//! be on its way.

use std::sync::Arc;
use std::time::Duration;

use super::write::{Effect, Write, find_model};
use crate::entities::NewModel;
use crate::state::journal::Outcome;
use crate::state::registry::promotion::{RETRY_PAUSES, is_certain_refusal};
use crate::state::tasks::Feeder;
use crate::tracking::{Store, TrackingError};

/// How one change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was to be done.
    pub write: Write,
    /// A sentence.
    pub text: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it has made, where it took effect.
    pub effect: Option<Effect>,
    /// Everything known of an error, for “Copy details”.
    pub details: String,
}

/// What is told while changes are carried out.
#[derive(Debug)]
pub enum Event {
    /// What is being done now.
    Stage(&'static str),
    /// One change ended.
    Step(Step),
    /// All that will be done is done.
    Ended,
    /// A change without an answer, and with no effect at first, took effect after all.
    Later(Step),
}

/// Events that are told at most before they are taken, so that telling never waits for long.
pub const MOST_EVENTS: usize = 16;

/// Carries changes out in order. It goes on to its end whoever listens, except that nothing is sent any more once
/// nobody does.
pub async fn carry_out(
    store: Arc<dyn Store>,
    writes: Vec<Write>,
    looks: [Duration; 2],
    feeder: Feeder<Event>,
) {
    let mut unanswered = None;
    for mut write in writes {
        let made = ensure_model(store.as_ref(), &write, &feeder).await;
        let (step, unsure) = match made {
            Ok(()) => one(store.as_ref(), &mut write, &feeder).await,
            Err(step) => (*step, false),
        };
        tracing::info!(what = step.text, outcome = ?step.outcome, "registry change ended");
        let stop = step.outcome != Outcome::Done;
        feeder.send(Event::Step(step)).await;
        if unsure {
            unanswered = Some(write);
        }
        if stop {
            break;
        }
    }
    feeder.send(Event::Ended).await;
    if let Some(write) = unanswered {
        look_again(store.as_ref(), write, looks, &feeder).await;
    }
}

/// Makes the model that a version shall be registered in, where it is not there: a change of its own, told as one.
async fn ensure_model(store: &dyn Store, write: &Write, feeder: &Feeder<Event>) -> Result<(), Box<Step>> {
    let Write::CreateVersion(registration) = write else { return Ok(()) };
    match find_model(store, &registration.name).await {
        // What speaks against this model is found by whoever goes on.
        Ok(Some(_)) | Err(_) => return Ok(()),
        Ok(None) => {}
    }
    let model = NewModel { name: registration.name.clone(), ..NewModel::default() };
    let (step, _) = one(store, &mut Write::CreateModel(model), feeder).await;
    if step.outcome != Outcome::Done {
        return Err(Box::new(step));
    }
    feeder.send(Event::Step(step)).await;
    Ok(())
}

/// One change; `true`: no answer came, and nothing happened so far.
async fn one(store: &dyn Store, write: &mut Write, feeder: &Feeder<Event>) -> (Step, bool) {
    let nothing = |write: &Write, why: String, details: String| Step {
        text: format!("{}. {why}", write.not_done()),
        write: write.clone(),
        outcome: Outcome::Refused,
        effect: None,
        details,
    };
    match write.objection(store).await {
        Ok(None) => {}
        Ok(Some(why)) => return (nothing(write, why, String::new()), false),
        Err(error) => {
            let why = format!("It could not be checked: {error}. {}", error.next_step());
            return (nothing(write, why, error.details()), false);
        }
    }
    if !feeder.send(Event::Stage(write.stage())).await {
        return (nothing(write, "Nobody waited for it any more".to_owned(), String::new()), false);
    }
    let answer = write.send(store).await;
    judge(store, write, answer).await
}

/// What became of a write, by its answer and by what the store has now.
async fn judge(store: &dyn Store, write: &Write, answer: Result<(), TrackingError>) -> (Step, bool) {
    if let Err(error) = &answer
        && is_certain_refusal(error)
    {
        let text = format!("{}. {error}. {}", write.not_done(), error.next_step());
        return (step(write, text, Outcome::Refused, None, error.details()), false);
    }
    let effect = effect_persistently(store, write).await;
    let done = |effect: &Effect| write.done(effect);
    match (answer, effect) {
        (Ok(()), Ok(Some(effect))) => {
            (step(write, done(&effect), Outcome::Done, Some(effect), String::new()), false)
        }
        (Ok(()), Ok(None)) => {
            let text = format!("{}, but someone changed it straight after", done(&Effect::default()));
            (step(write, text, Outcome::Overtaken, None, String::new()), false)
        }
        (Ok(()), Err(error)) => {
            let text = format!(
                "The server accepted it, but it could not be read back: {error}. Refresh to see what is there"
            );
            (step(write, text, Outcome::Unclear, None, error.details()), false)
        }
        (Err(_), Ok(Some(effect))) => {
            let text = format!("No answer. {}: the change took effect", done(&effect));
            (step(write, text, Outcome::Done, Some(effect), String::new()), false)
        }
        (Err(error), Ok(None)) => {
            let text = format!("No answer. {}: nothing changed", write.not_done());
            (step(write, text, Outcome::Refused, None, error.details()), true)
        }
        (Err(_), Err(error)) => {
            let text = format!(
                "No answer, and the server cannot be read: {error}. Refresh before you try again: it may have taken \
                 effect"
            );
            (step(write, text, Outcome::Unclear, None, error.details()), false)
        }
    }
}

fn step(write: &Write, text: String, outcome: Outcome, effect: Option<Effect>, details: String) -> Step {
    Step { write: write.clone(), text, outcome, effect, details }
}

/// Only reads are asked again.
async fn effect_persistently(store: &dyn Store, write: &Write) -> Result<Option<Effect>, TrackingError> {
    let mut effect = write.effect(store).await;
    for pause in RETRY_PAUSES {
        if effect.is_ok() {
            break;
        }
        tokio::time::sleep(pause).await;
        effect = write.effect(store).await;
    }
    effect
}

async fn look_again(store: &dyn Store, write: Write, looks: [Duration; 2], feeder: &Feeder<Event>) {
    for pause in looks {
        tokio::time::sleep(pause).await;
        // A failed look is no news.
        if let Ok(Some(effect)) = write.effect(store).await {
            let text = format!("The change took effect after all: {}", write.done(&effect));
            feeder.send(Event::Later(step(&write, text, Outcome::Done, Some(effect), String::new()))).await;
            return;
        }
    }
}
