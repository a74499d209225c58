//! The sample workspace: a scratch copy of a store, and agents of our own that answer as two of its versions.

use std::sync::Arc;

use crate::agent::sample::{AnswersAs, SampleAgent};
use crate::entities::VersionNumber;
use crate::tracking::{Answer, SampleStore, Store, TrackingError};

/// The agents' registered model, and the aliases they answer as: the one, and the one that is to replace it.
const MODEL: &str = "MyMinimalAgent_Registered";
const ALIAS: &str = "prod";
const CANDIDATE: &str = "candidate";

/// What belongs to an open sample. Dropping it removes the copy and stops the agents.
#[derive(Debug)]
pub struct Sample {
    agent: SampleAgent,
    answers_as: AnswersAs,
    candidate: Option<(AnswersAs, SampleAgent)>,
    server: String,
    _copy: SampleStore,
}

impl Sample {
    /// What the agents answer as, and where they are asked; that of `prod` first.
    pub fn agents(&self) -> impl Iterator<Item = (&AnswersAs, String)> {
        let candidate = self.candidate.iter().map(|(answers_as, agent)| (answers_as, agent.url()));
        std::iter::once((&self.answers_as, self.agent.url())).chain(candidate)
    }

    /// What an agent is called.
    pub fn title(answers_as: &AnswersAs) -> String {
        format!("Sample agent, {}", answers_as.alias)
    }

    /// What answers at an address.
    pub fn answers_at(&self, url: &str) -> Option<&AnswersAs> {
        self.agents().find(|(_, known)| known == url).map(|(answers_as, _)| answers_as)
    }

    /// The copy, as [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it.
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// Unpacks a fresh copy, opens it and starts the agents.
pub(super) fn open() -> Answer<(Arc<dyn Store>, Arc<Sample>)> {
    Box::pin(async {
        let copy = SampleStore::unpack().await?;
        let store = copy.open().await?;
        let model = store.get_registered_model(MODEL).await?;
        let (answers_as, agent) = start(ALIAS, model.alias(ALIAS).unwrap_or(1)).await?;
        let candidate = match model.alias(CANDIDATE) {
            Some(version) => Some(start(CANDIDATE, version).await?),
            None => None,
        };
        let server = store.info().settings_key().to_owned();
        Ok((store, Arc::new(Sample { agent, answers_as, candidate, server, _copy: copy })))
    })
}

async fn start(alias: &str, version: VersionNumber) -> Result<(AnswersAs, SampleAgent), TrackingError> {
    let answers_as =
        AnswersAs { model: MODEL.to_owned(), alias: alias.to_owned(), version: u64::from(version) };
    let agent = SampleAgent::start(answers_as.clone()).await.map_err(|error| TrackingError::Local {
        what: format!("The sample's agent could not be started: {error}"),
    })?;
    Ok((answers_as, agent))
}
