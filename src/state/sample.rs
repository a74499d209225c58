//! The sample workspace: a scratch copy of a store, and an agent of our own that answers as one of its versions.

use std::sync::Arc;

use crate::agent::sample::{AnswersAs, SampleAgent};
use crate::tracking::{Answer, SampleStore, Store, TrackingError};

/// The agent's registered model, and the alias it answers as.
const MODEL: &str = "MyMinimalAgent_Registered";
const ALIAS: &str = "prod";

/// What belongs to an open sample. Dropping it removes the copy and stops the agent.
#[derive(Debug)]
pub struct Sample {
    agent: SampleAgent,
    answers_as: AnswersAs,
    server: String,
    _copy: SampleStore,
}

impl Sample {
    /// Where the agent is asked.
    pub fn agent_url(&self) -> String {
        self.agent.url()
    }

    /// The version that the agent answers as.
    pub fn answers_as(&self) -> &AnswersAs {
        &self.answers_as
    }

    /// The copy, as [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it.
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// Unpacks a fresh copy, opens it and starts the agent.
pub(super) fn open() -> Answer<(Arc<dyn Store>, Arc<Sample>)> {
    Box::pin(async {
        let copy = SampleStore::unpack().await?;
        let store = copy.open().await?;
        let version = store.get_registered_model(MODEL).await?.alias(ALIAS).map(u64::from);
        let answers_as =
            AnswersAs { model: MODEL.to_owned(), alias: ALIAS.to_owned(), version: version.unwrap_or(1) };
        let agent = SampleAgent::start(answers_as.clone()).await.map_err(|error| TrackingError::Local {
            what: format!("The sample's agent could not be started: {error}"),
        })?;
        let server = store.info().settings_key().to_owned();
        Ok((store, Arc::new(Sample { agent, answers_as, server, _copy: copy })))
    })
}
