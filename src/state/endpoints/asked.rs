//! Endpoints that a click asked which version they are, for who talks to them: there is no move to wait for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::profile::Bound;
use super::question;
use crate::agent::{CustomInputs, Endpoint};
use crate::entities::{LoggedModel, Millis, VersionNumber, trace_key};
use crate::state::chat::SharedClient;
use crate::state::format;
use crate::state::tasks::{Polled, Task, Tasks};
use crate::tracking::Store;

/// What is said where a trace was found that leaves it open.
const UNNAMED: &str = "It answered, but its trace names no version, or several";

/// How far a question to an endpoint is that is not answered with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding<'a> {
    /// It was not asked.
    NotAsked,
    /// It is being asked, or the trace of its answer looked for.
    Asking,
    /// It was asked, and nobody knows all the same: why.
    Failed(&'a str),
}

/// What the trace of an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The registered model.
    pub model: String,
    /// The version.
    pub version: VersionNumber,
    /// `tr-…`
    pub trace_id: String,
    /// When it was asked.
    pub at: Millis,
}

/// The endpoints that were asked, by address.
#[derive(Default)]
pub(super) struct Questions {
    asked: BTreeMap<String, Asked>,
    client: SharedClient,
}

/// One that was asked.
struct Asked {
    /// What it was said to serve.
    bound: Option<Bound>,
    task: Option<Task<Result<Told, String>>>,
    told: Option<Result<Told, String>>,
}

impl Questions {
    /// Takes what arrived.
    pub(super) fn poll(&mut self) {
        for asked in self.asked.values_mut() {
            let Some(task) = &mut asked.task else { continue };
            match task.poll() {
                Polled::Pending => {}
                Polled::Ready(told) => (asked.told, asked.task) = (Some(told), None),
                Polled::Lost => asked.task = None,
            }
        }
    }

    /// Asks one, which runs its agent, unless it is being asked. `endpoint`: with the token that may be sent.
    pub(super) fn ask(
        &mut self,
        endpoint: Endpoint,
        bound: Option<Bound>,
        inputs: Option<CustomInputs>,
        store: &Arc<dyn Store>,
        tasks: &Tasks,
    ) {
        let url = endpoint.shown_url();
        if self.asked.get(&url).is_some_and(|asked| asked.task.is_some()) {
            return;
        }
        let (store, client, model) =
            (Arc::clone(store), self.client.clone(), bound.as_ref().map(|bound| bound.model.clone()));
        let own = tasks.clone();
        let task = tasks.spawn(async move {
            let at = format::now();
            let answer = question::ask(&*store, &client, endpoint, inputs, &own).await;
            let trace = answer.map_err(|answers| answers.detail())?;
            let Some(model_id) = trace.about(trace_key::MODEL_ID) else { return Err(UNNAMED.to_owned()) };
            let logged = store.get_logged_model(model_id).await;
            let logged = logged.map_err(|error| question::not_read(&error).detail())?;
            told(&logged, model.as_deref(), &trace.trace_id, at)
        });
        self.asked.insert(url, Asked { bound, task: Some(task), told: None });
    }

    /// What was told at an address, while it is said to serve the same.
    pub(super) fn told(&self, url: &str, bound: Option<&Bound>) -> Option<&Told> {
        let asked = self.asked.get(url).filter(|asked| asked.bound.as_ref() == bound)?;
        asked.told.as_ref()?.as_ref().ok()
    }

    /// How far it is with an address.
    pub(super) fn finding(&self, url: &str, bound: Option<&Bound>) -> Finding<'_> {
        match self.asked.get(url).filter(|asked| asked.bound.as_ref() == bound) {
            Some(Asked { task: Some(_), .. }) => Finding::Asking,
            Some(Asked { told: Some(Err(why)), .. }) => Finding::Failed(why),
            _ => Finding::NotAsked,
        }
    }

    /// What an endpoint told counts no more: it was restarted.
    pub(super) fn forget(&mut self, url: &str) {
        self.asked.remove(url);
    }
}

/// The version behind a logged model, where it leaves no choice. `model`: the registered one that is meant.
fn told(logged: &LoggedModel, model: Option<&str>, trace_id: &str, at: Millis) -> Result<Told, String> {
    let (model, version) = super::identity::only(&logged.registered_as, model).ok_or(UNNAMED)?.clone();
    Ok(Told { model, version, trace_id: trace_id.to_owned(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_only_where_there_is_no_choice() {
        let logged = |registered: &[(&str, VersionNumber)]| LoggedModel {
            registered_as: registered.iter().map(|&(name, version)| (name.to_owned(), version)).collect(),
            ..LoggedModel::default()
        };
        let version = |registered: &[(&str, VersionNumber)], model| {
            told(&logged(registered), model, "tr-1", 5).map(|told| (told.model, told.version)).ok()
        };
        assert_eq!(version(&[("agent", 7)], None), Some(("agent".to_owned(), 7)));
        assert_eq!(version(&[("agent", 7), ("copy", 2)], Some("copy")), Some(("copy".to_owned(), 2)));
        assert_eq!(version(&[("agent", 7), ("copy", 2)], None), None);
        assert_eq!(version(&[], Some("agent")), None);
    }

    #[tokio::test]
    async fn what_was_told_counts_while_the_endpoint_is_said_to_serve_the_same() {
        let bound = |alias: &str| Bound::parse("s", &format!("agent@{alias}")).unwrap();
        let seen = Told { model: "agent".into(), version: 7, trace_id: "tr-1".into(), at: 5 };
        let mut questions = Questions::default();
        let asked = |told| Asked { bound: Some(bound("prod")), task: None, told: Some(told) };
        questions.asked.insert("http://a".into(), asked(Ok(seen.clone())));
        questions.asked.insert("http://b".into(), asked(Err("no trace".into())));
        assert_eq!(questions.told("http://a", Some(&bound("prod"))), Some(&seen));
        assert_eq!(questions.told("http://a", Some(&bound("candidate"))), None);
        assert_eq!(questions.told("http://a", None), None);
        assert_eq!(questions.finding("http://b", Some(&bound("prod"))), Finding::Failed("no trace"));
        assert_eq!(questions.finding("http://b", None), Finding::NotAsked);
        questions.forget("http://a");
        assert_eq!(questions.told("http://a", Some(&bound("prod"))), None);
    }
}
