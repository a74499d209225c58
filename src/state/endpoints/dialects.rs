//! What is known of the dialects that endpoints take, besides what profiles say, and of the fields that their models
//! declare: kept while the app runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::profile::EndpointProfile;
use crate::agent::{Endpoint, Health, InputField, RequestDialect};
use crate::entities::{ArtifactRoot, MlModel};
use crate::state::serve::ModelUri;
use crate::state::tasks::{Polled, Task, Tasks};
use crate::tracking::{Store, load_mlmodel};

/// How it is known which dialect an endpoint takes; what comes later knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// Nothing tells.
    Assumed,
    /// By the end of its address.
    Address,
    /// The workspace that serves it says so.
    Listed,
    /// The model that it serves says so (`metadata.task` of its `MLmodel`, or its signature).
    Model,
    /// It says so itself.
    Itself,
    /// The user says so.
    Chosen,
}

impl Known {
    /// In a sentence.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Assumed => "Assumed: nothing tells which dialect this endpoint takes",
            Self::Address => "By the end of the address",
            Self::Listed => "As the workspace lists it",
            Self::Model => "By the MLmodel of the model that is served",
            Self::Itself => "As the endpoint says of itself",
            Self::Chosen => "As chosen in the endpoint's settings",
        }
    }
}

/// Dialects by address.
#[derive(Clone, Debug, Default)]
pub struct Dialects(BTreeMap<String, (RequestDialect, Known)>);

impl Dialects {
    /// Notes what was found out. Whether it is news.
    pub(in crate::state) fn note(&mut self, url: &str, dialect: RequestDialect, known: Known) -> bool {
        let before = self.0.get(url).copied();
        if before.is_some_and(|(before, how)| how > known || (before, how) == (dialect, known)) {
            return false;
        }
        self.0.insert(url.to_owned(), (dialect, known));
        true
    }

    /// Notes what a probe found.
    pub(in crate::state) fn note_health(&mut self, url: &str, health: &Health) -> bool {
        health.dialect().is_some_and(|dialect| self.note(url, dialect, Known::Itself))
    }

    /// The dialect of an endpoint, and how it is known.
    pub fn of(&self, profile: &EndpointProfile, endpoint: &Endpoint) -> (RequestDialect, Known) {
        let chosen = profile.dialect.map(|dialect| (dialect, Known::Chosen));
        let by_address = || RequestDialect::of_url(endpoint.url()).map(|dialect| (dialect, Known::Address));
        let found = || self.0.get(&endpoint.shown_url()).copied();
        chosen.or_else(found).or_else(by_address).unwrap_or((RequestDialect::default(), Known::Assumed))
    }
}

/// What a model tells those who ask it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The dialect that it takes.
    pub dialect: Option<RequestDialect>,
    /// The fields of `custom_inputs`.
    pub fields: Vec<InputField>,
}

/// The tracking server, the address, the model's URI.
type Asked = (String, String, String);

/// Models that are being looked at for what they tell.
#[derive(Default)]
pub(super) struct Lookups {
    /// What was looked for.
    asked: Vec<Asked>,
    tasks: Vec<(Asked, Task<Option<Told>>)>,
    /// By tracking server and the model's URI.
    fields: BTreeMap<(String, String), Vec<InputField>>,
}

/// More are forgotten, and looked for again.
const MOST: usize = 200;

impl Lookups {
    /// Looks once for what the model behind an address takes.
    pub fn look(&mut self, store: &Arc<dyn Store>, url: &str, model: &str, tasks: &Tasks) {
        let server = store.info().settings_key().to_owned();
        let key = (server, url.to_owned(), model.to_owned());
        if self.asked.contains(&key) {
            return;
        }
        let (store, uri) = (Arc::clone(store), ModelUri::parse(model));
        self.tasks.push((key.clone(), tasks.spawn(async move { told_by(&store, uri).await })));
        if self.asked.len() >= MOST {
            self.asked.clear();
            self.fields.clear();
        }
        self.asked.push(key);
    }

    /// The fields of `custom_inputs` that a model of a tracking server declares.
    pub fn fields(&self, server: &str, model: &str) -> &[InputField] {
        self.fields.get(&(server.to_owned(), model.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// What arrived.
    pub fn poll(&mut self) -> Vec<(String, RequestDialect)> {
        let mut arrived = Vec::new();
        let fields = &mut self.fields;
        self.tasks.retain_mut(|((server, url, model), task)| match task.poll() {
            Polled::Pending => true,
            Polled::Ready(told) => {
                let Told { dialect, fields: declared } = told.unwrap_or_default();
                arrived.extend(dialect.map(|dialect| (url.clone(), dialect)));
                fields.insert((server.clone(), model.clone()), declared);
                false
            }
            Polled::Lost => false,
        });
        arrived
    }
}

/// What a version's `MLmodel` tells. A model that cannot be read tells nothing.
async fn told_by(store: &Arc<dyn Store>, uri: ModelUri) -> Option<Told> {
    let (name, version) = match uri {
        ModelUri::Version { name, version } => (name, version),
        ModelUri::Alias { name, alias } => {
            let version = store.get_registered_model(&name).await.ok()?.alias(&alias)?;
            (name, version)
        }
        ModelUri::Other => return None,
    };
    let version = store.get_model_version(&name, version).await.ok()?;
    let model = load_mlmodel(store, &ArtifactRoot::of_version(&version)).await.ok()?;
    let fields = model.signature.as_ref().map(InputField::declared_by).unwrap_or_default();
    Some(Told { dialect: by_mlmodel(&model), fields })
}

fn by_mlmodel(model: &MlModel) -> Option<RequestDialect> {
    let by_signature = || {
        let inputs = &model.signature.as_ref()?.inputs;
        RequestDialect::of_inputs(inputs.iter().map(|input| input.name.as_str()))
    };
    model.task.as_deref().and_then(RequestDialect::of_task).or_else(by_signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Signature, SignatureField};
    use RequestDialect::{ChatAgent, ChatCompletions, Responses};

    const URL: &str = "http://127.0.0.1:9/invocations";

    #[test]
    fn what_is_surer_counts() {
        let mut dialects = Dialects::default();
        let mut profile = EndpointProfile { url: URL.into(), ..EndpointProfile::default() };
        let endpoint = Endpoint::parse(URL).unwrap();
        assert_eq!(dialects.of(&profile, &endpoint), (Responses, Known::Assumed));
        assert!(dialects.note(URL, ChatAgent, Known::Model));
        assert!(!dialects.note(URL, ChatAgent, Known::Model), "no news");
        assert_eq!(dialects.of(&profile, &endpoint), (ChatAgent, Known::Model));
        assert!(dialects.note(URL, Responses, Known::Itself));
        assert!(!dialects.note(URL, ChatAgent, Known::Model));
        assert_eq!(dialects.of(&profile, &endpoint), (Responses, Known::Itself));
        profile.dialect = Some(ChatCompletions);
        assert_eq!(dialects.of(&profile, &endpoint), (ChatCompletions, Known::Chosen));
        let completions = Endpoint::parse("http://h/v1/chat/completions").unwrap();
        let other = EndpointProfile::default();
        assert_eq!(dialects.of(&other, &completions), (ChatCompletions, Known::Address));
    }

    #[test]
    fn a_model_tells_by_its_task_else_by_its_signature() {
        let mut model = MlModel::default();
        assert_eq!(by_mlmodel(&model), None);
        let input = |name: &str| SignatureField { name: name.into(), ..SignatureField::default() };
        model.signature =
            Some(Signature { inputs: vec![input("messages"), input("context")], ..Signature::default() });
        assert_eq!(by_mlmodel(&model), Some(ChatAgent));
        model.task = Some("llm/v1/chat".into());
        assert_eq!(by_mlmodel(&model), Some(ChatCompletions));
    }
}
