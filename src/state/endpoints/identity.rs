//! Which version of which model a pane of a comparison answers as, and what says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::asked::{Finding, Questions};
use super::profile::Bound;
use super::verdict::Answers;
use crate::entities::{VersionNumber, trace_key};
use crate::state::chat::{Conversation, Turn};
use crate::state::serve::ModelUri;
use crate::state::tasks::{Polled, Task, Tasks};
use crate::state::{State, format};
use crate::tracking::{Store, TrackingError};

/// Pauses before the trace of an answer is looked for: agents send them a few seconds later.
const PAUSES: [u64; 5] = [0, 1, 3, 6, 12];
/// Traces that are remembered.
const MOST: usize = 200;

/// What is known of whom one talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It answers as this version.
    Version {
        /// The registered model.
        model: String,
        /// The version.
        version: VersionNumber,
        /// What says so: a sentence.
        how: String,
    },
    /// It serves this alias; which version it answers as is not known.
    Bound(Bound),
    /// Nobody knows.
    Unknown,
}

impl Identity {
    /// The registered model, if it is known.
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Version { model, .. } => Some(model),
            Self::Bound(bound) => Some(&bound.model),
            Self::Unknown => None,
        }
    }

    /// What would have to happen for the version to be known.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Version { .. } => "",
            Self::Bound(_) => {
                "Not known which version answers: no trace of these answers names one. Serve the version here, or let \
                 the agent trace to this server"
            }
            Self::Unknown => {
                "Not known which model this is. Edit the endpoint and say which alias or version it serves"
            }
        }
    }
}

/// The versions that a trace's logged model was registered as: (model, version).
type Registered = Vec<(String, VersionNumber)>;

/// What traces said, and logged models that endpoints name, by their ids; and endpoints that were asked.
#[derive(Default)]
pub struct Identities {
    found: BTreeMap<String, Registered>,
    asking: Vec<(String, Task<Registered>)>,
    questions: Questions,
}

impl Identities {
    /// Takes what arrived.
    pub fn poll(&mut self) {
        self.questions.poll();
        let found = &mut self.found;
        self.asking.retain_mut(|(id, task)| match task.poll() {
            Polled::Pending => true,
            Polled::Ready(registered) => {
                if found.len() >= MOST {
                    found.clear();
                }
                found.insert(id.clone(), registered);
                false
            }
            Polled::Lost => false,
        });
    }

    /// Looks a trace up, once.
    fn ask(&mut self, trace_id: &str, store: &Arc<dyn Store>, tasks: &Tasks) {
        if !self.is_known(trace_id) {
            let task = tasks.spawn(registered(Arc::clone(store), trace_id.to_owned()));
            self.asking.push((trace_id.to_owned(), task));
        }
    }

    /// Looks a logged model up that an endpoint names, once.
    fn ask_model(&mut self, model_id: &str, store: &Arc<dyn Store>, tasks: &Tasks) {
        if !self.is_known(model_id) {
            let (store, id) = (Arc::clone(store), model_id.to_owned());
            let task = tasks.spawn(async move {
                store.get_logged_model(&id).await.map(|model| model.registered_as).unwrap_or_default()
            });
            self.asking.push((model_id.to_owned(), task));
        }
    }

    fn is_known(&self, id: &str) -> bool {
        self.found.contains_key(id) || self.asking.iter().any(|(asking, _)| asking == id)
    }

    /// The version of a trace or a logged model: of this model where one is meant, and only where there is no choice.
    fn version(&self, id: &str, model: Option<&str>) -> Option<&(String, VersionNumber)> {
        only(self.found.get(id)?, model)
    }
}

/// The one version among them: of this model where one is meant.
pub(super) fn only<'a>(
    registered: &'a [(String, VersionNumber)],
    model: Option<&str>,
) -> Option<&'a (String, VersionNumber)> {
    let mut all = registered.iter().filter(|(name, _)| model.is_none_or(|model| model == name));
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The id of the logged model that an endpoint names: `m-…` or `models:/m-…`.
fn logged_model(named: &str) -> Option<&str> {
    let id = named.strip_prefix("models:/").unwrap_or(named);
    (id.starts_with("m-") && !id.contains(['/', '@'])).then_some(id)
}

/// The versions behind a trace; none where nothing says so.
async fn registered(store: Arc<dyn Store>, trace_id: String) -> Registered {
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        match of_trace(&*store, &trace_id).await {
            Ok(Some(registered)) => return registered,
            Ok(None) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                tracing::info!(%error, "the trace of an answer could not be read");
                return Registered::new();
            }
        }
    }
    Registered::new()
}

async fn of_trace(store: &dyn Store, trace_id: &str) -> Result<Option<Registered>, TrackingError> {
    let trace = store.get_trace(trace_id).await?;
    match trace.info.about(trace_key::MODEL_ID) {
        Some(model_id) => Ok(Some(store.get_logged_model(model_id).await?.registered_as)),
        None => Ok(None),
    }
}

/// What the endpoint's settings say.
fn by_settings(bound: Bound) -> Identity {
    match bound.version() {
        Some(version) => {
            let how = "Its settings say so. No trace of its answers names another".to_owned();
            Identity::Version { model: bound.model, version, how }
        }
        None => Identity::Bound(bound),
    }
}

impl State {
    /// Which version a pane answers as: as it was started here, by the trace of its last answer, by what was found out
    /// after a move or by a click, by its own word, as the workspace lists it, or as its settings say.
    pub fn identity(&self, pane: &Conversation) -> Identity {
        let address = pane.address();
        let bound = self.bound_here(address);
        self.by_start(address)
            .or_else(|| self.by_trace(pane, bound.as_ref()))
            .or_else(|| self.by_move(address, bound.as_ref()))
            .or_else(|| self.by_question(address, bound.as_ref()))
            .or_else(|| self.by_word(address, bound.as_ref()))
            .or_else(|| self.by_list(address))
            .unwrap_or_else(|| bound.map_or(Identity::Unknown, by_settings))
    }

    /// How far it is with asking an endpoint which version it is.
    pub fn finding(&self, address: &str) -> Finding<'_> {
        let Some(workspace) = &self.workspace else { return Finding::NotAsked };
        workspace.identities.questions.finding(address, self.bound_here(address).as_ref())
    }

    /// Asks an endpoint which version it is. This runs its agent.
    pub(super) fn find_out(&mut self, address: &str) {
        let profile = self.settings.get().profile(address);
        let bound = self.bound_here(address);
        let endpoint = self.chat.target.endpoint_of(&profile);
        if let (Some(workspace), Some(endpoint)) = (&mut self.workspace, endpoint) {
            let (store, questions) = (&workspace.store, &mut workspace.identities.questions);
            questions.ask(endpoint, bound, profile.inputs(), store, &self.tasks);
        }
    }

    /// What an endpoint told when it was asked counts no more.
    pub(super) fn forget_told(&mut self, address: &str) {
        if let Some(workspace) = &mut self.workspace {
            workspace.identities.questions.forget(address);
        }
    }

    /// What an endpoint is said to serve, if that is on the server that is open.
    fn bound_here(&self, address: &str) -> Option<Bound> {
        self.settings.get().profile(address).bound.filter(|bound| self.is_here(bound))
    }

    pub(super) fn is_here(&self, bound: &Bound) -> bool {
        let open = self.workspace.as_ref().map(|workspace| workspace.store.info());
        open.is_some_and(|info| info.settings_key() == bound.server)
    }

    fn by_start(&self, address: &str) -> Option<Identity> {
        if let Some(sample) = self.sample.as_ref().and_then(|sample| sample.answers_at(address)) {
            let version = VersionNumber::try_from(sample.version).ok()?;
            let how = format!("The sample's agent answers as what {} was when it was started", sample.alias);
            return Some(Identity::Version { model: sample.model.clone(), version, how });
        }
        let served = self.serve.bound(address)?;
        let (ModelUri::Alias { name, .. } | ModelUri::Version { name, .. }) =
            ModelUri::parse(&served.spec.model)
        else {
            return None;
        };
        let how = "It was started here, and keeps that version until it is restarted".to_owned();
        served.version.map(|version| Identity::Version { model: name, version, how })
    }

    fn by_trace(&self, pane: &Conversation, bound: Option<&Bound>) -> Option<Identity> {
        let identities = &self.workspace.as_ref()?.identities;
        let model = bound.map(|bound| bound.model.as_str());
        let traces = pane.turns.iter().rev().filter_map(Turn::certain_trace_id);
        traces.take(MOST).find_map(|trace| {
            let (model, version) = identities.version(trace, model)?.clone();
            Some(Identity::Version { model, version, how: format!("By the trace of its answer, {trace}") })
        })
    }

    fn by_move(&self, address: &str, bound: Option<&Bound>) -> Option<Identity> {
        let bound = bound?;
        let answering = &self.workspace.as_ref()?.answering;
        let mut watches = answering.of_model(&bound.server, &bound.model);
        let watch = watches.find(|watch| watch.url == address)?;
        match &watch.found {
            Some((Answers::As(version, evidence), _)) => Some(Identity::Version {
                model: bound.model.clone(),
                version: *version,
                how: evidence.describe(),
            }),
            _ => None,
        }
    }

    fn by_question(&self, address: &str, bound: Option<&Bound>) -> Option<Identity> {
        let told = self.workspace.as_ref()?.identities.questions.told(address, bound)?;
        let at = format::moment(told.at, format::now());
        let how = format!("By the trace of the question it was asked at {at}, {}", told.trace_id);
        Some(Identity::Version { model: told.model.clone(), version: told.version, how })
    }

    fn by_word(&self, address: &str, bound: Option<&Bound>) -> Option<Identity> {
        let named = self.endpoints.named(address)?;
        let (model, version) = if let ModelUri::Version { name, version } = ModelUri::parse(named) {
            (name, version)
        } else {
            let model = bound.map(|bound| bound.model.as_str());
            let identities = &self.workspace.as_ref()?.identities;
            identities.version(logged_model(named)?, model)?.clone()
        };
        Some(Identity::Version { model, version, how: "It says so itself, at /agent/info".to_owned() })
    }

    fn by_list(&self, address: &str) -> Option<Identity> {
        let (model, version) = self.listed(address)?.version()?;
        let how = "The workspace lists it as what the endpoint serves".to_owned();
        Some(Identity::Version { model: model.to_owned(), version, how })
    }

    /// Asks the panes' endpoints how they are, and looks for the traces of what they answered last.
    pub(in crate::state) fn identify_panes(&mut self) {
        for pane in self.chat.panes() {
            let profile = self.settings.get().profile(pane.address());
            self.endpoints.probe_unknown(&profile, &self.tasks);
        }
        let Some(workspace) = &mut self.workspace else { return };
        for pane in self.chat.panes() {
            if let Some(id) = self.endpoints.named(pane.address()).and_then(logged_model) {
                workspace.identities.ask_model(id, &workspace.store, &self.tasks);
            }
            let ended = pane.turns.iter().rev().find(|turn| turn.answer.is_over());
            if let Some(trace) = ended.and_then(Turn::certain_trace_id) {
                workspace.identities.ask(trace, &workspace.store, &self.tasks);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{LoggedModel, Trace};
    use crate::state::test_store::TestStore;

    /// What is known of a trace whose logged model was registered as these.
    async fn looked_up(registered_as: &[(&str, VersionNumber)]) -> Identities {
        let store = TestStore::default();
        let mut trace = Trace::default();
        trace.info.metadata.insert(trace_key::MODEL_ID.to_owned(), "m-1".to_owned());
        store.will_get_trace(Ok(trace));
        let registered_as = registered_as.iter().map(|&(name, version)| (name.to_owned(), version)).collect();
        store.will_get_logged_model(Ok(LoggedModel { registered_as, ..LoggedModel::default() }));
        let store: Arc<dyn Store> = Arc::new(store);
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let mut identities = Identities::default();
        identities.ask("tr-1", &store, &tasks);
        // Asked twice, looked up once: the store would refuse the second.
        identities.ask("tr-1", &store, &tasks);
        while !identities.asking.is_empty() {
            tokio::task::yield_now().await;
            identities.poll();
        }
        identities
    }

    #[tokio::test]
    async fn a_trace_says_which_version_answered_where_it_leaves_no_choice() {
        let known = looked_up(&[("agent", 7)]).await;
        assert_eq!(known.version("tr-1", None), Some(&("agent".to_owned(), 7)));
        assert_eq!(known.version("tr-1", Some("another")), None);
        assert_eq!(known.version("tr-2", None), None);
        let known = looked_up(&[("agent", 7), ("copy", 2), ("twice", 1), ("twice", 2)]).await;
        assert_eq!(known.version("tr-1", None), None);
        assert_eq!(known.version("tr-1", Some("copy")), Some(&("copy".to_owned(), 2)));
        assert_eq!(known.version("tr-1", Some("twice")), None);
    }

    #[test]
    fn a_logged_model_is_told_from_a_version() {
        assert_eq!(logged_model("m-1"), Some("m-1"));
        assert_eq!(logged_model("models:/m-1"), Some("m-1"));
        assert_eq!(logged_model("models:/m-agent/7"), None);
        assert_eq!(logged_model("models:/agent@prod"), None);
    }
}
