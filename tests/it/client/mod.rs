//! What the store says of a real server is what MLflow's own Python client says of it.

mod artifacts;
mod describe;
mod logging;
mod refusals;
mod registry;
mod runs;

use std::sync::Arc;

use flowdeck::tracking::{
    ConnectRequest, Environment, ExperimentQuery, PageStream, Store, TrackingError, connect,
};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::support::Servers;

/// Connects as the app does, with nothing in the environment.
pub async fn open(uri: &str) -> Arc<dyn Store> {
    open_in(uri, Environment::default()).await
}

/// Connects with this environment.
pub async fn open_in(uri: &str, environment: Environment) -> Arc<dyn Store> {
    let request = ConnectRequest { uri: uri.to_owned(), ..Default::default() };
    connect(request, Arc::new(environment)).await.unwrap_or_else(|error| panic!("{uri}: {error}"))
}

/// All items of all pages.
pub async fn all<T: 'static>(pages: PageStream<T>) -> Result<Vec<T>, TrackingError> {
    pages
        .try_fold(Vec::new(), async |mut all, page| {
            all.extend(page);
            Ok(all)
        })
        .await
}

#[tokio::test]
async fn health_tells_how_the_server_is_doing() {
    let store = open(Servers::shared().uri()).await;
    let health = store.health();
    assert_eq!(health.in_flight, 0);
    assert!(health.last_latency.is_some_and(|latency| latency.as_secs() < 30));
    let mut pages = store.search_experiments(ExperimentQuery::default());
    drop(pages.next().await);
    drop(pages);
    // A request that is dropped is no longer under way.
    let pending = store.search_experiments(ExperimentQuery::default()).into_future();
    assert!(tokio::time::timeout(std::time::Duration::ZERO, pending).await.is_err());
    assert_eq!(store.health().in_flight, 0);
}
