//! Looks at a server's aliases as long as it is open: now, once a minute, and when the user refreshes. What others moved
//! is found by it, and what became of moves that a killed Flowdeck left behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::entry::{EntryId, Move, Standing};
use super::{Abandoned, MoveLog, Observation, Recorder};
use crate::entities::RegisteredModel;
use crate::state::format;
use crate::state::tasks::{Feed, Feeder, Polled, Tasks};
use crate::tracking::{ModelQuery, Store, TrackingError};

/// Between two looks at all models.
const MINUTE: Duration = Duration::from_mins(1);
/// Looking may take one part of the time in so many: a registry of thousands of models is looked at less often.
const SHARE: u32 = 20;
/// Between two pages: what the user asks for goes first.
const BREATH: Duration = Duration::from_millis(200);
/// Before the first look: the user's own requests go first.
const FIRST: Duration = Duration::from_secs(1);
/// More models than this are not watched: the memory is bounded.
const MOST_MODELS: usize = 50_000;

/// Finds out how a move ended that was left behind: reads, writes the outcome into the log, looks again later.
/// `None`: the server could not be read.
pub type Resolver = fn(Arc<dyn Store>, Abandoned, MoveLog, Feeder<WatchNews>) -> BoxFuture<'static, bool>;

/// What the watch has to tell.
#[derive(Clone, Debug)]
pub enum WatchNews {
    /// A move that was left behind, and how it ended.
    Resolved {
        /// The intent.
        id: EntryId,
        /// The move.
        change: Move,
        /// Where the alias is; `None`: its model is gone.
        now: Option<Standing>,
        /// A sentence.
        text: String,
    },
}

/// Watches one server until it is dropped.
pub struct Watch {
    feed: Feed<WatchNews>,
    poke: Arc<Notify>,
}

impl Watch {
    /// Starts to look. A scratch copy is not watched: nobody else has it.
    pub fn new(store: &Arc<dyn Store>, recorder: &Recorder, resolver: Resolver, tasks: &Tasks) -> Self {
        let poke = Arc::new(Notify::new());
        let (store, recorder, poked) = (Arc::clone(store), recorder.clone(), Arc::clone(&poke));
        let feed = tasks.spawn_feed(4, move |feeder| async move {
            if store.info().sample {
                return;
            }
            resolve(&store, &recorder, resolver, &feeder).await;
            wait(FIRST, &poked).await;
            loop {
                let began = Instant::now();
                look(store.as_ref(), &recorder).await;
                let pause = MINUTE.max(began.elapsed() * SHARE);
                wait(pause, &poked).await;
                resolve(&store, &recorder, resolver, &feeder).await;
            }
        });
        Self { feed, poke }
    }

    /// Looks now.
    pub fn look(&self) {
        self.poke.notify_one();
    }

    /// The next news, if there is some.
    pub fn poll(&mut self) -> Option<WatchNews> {
        match self.feed.poll() {
            Polled::Ready(news) => Some(news),
            Polled::Pending | Polled::Lost => None,
        }
    }
}

async fn wait(pause: Duration, poked: &Notify) {
    // Whichever comes first.
    tokio::time::timeout(pause, poked.notified()).await.ok();
}

/// Moves that were begun by a Flowdeck that has ended. What cannot be read now is tried again a minute later.
async fn resolve(
    store: &Arc<dyn Store>,
    recorder: &Recorder,
    resolver: Resolver,
    feeder: &Feeder<WatchNews>,
) {
    for left in recorder.abandoned(&store.info().uri).await {
        let log = recorder.log_of(&left);
        if !resolver(Arc::clone(store), left, log, feeder.clone()).await {
            return;
        }
    }
}

/// Looks at all models and prompts, page by page.
async fn look(store: &dyn Store, recorder: &Recorder) {
    let asked = format::now();
    let mut models = Vec::new();
    let mut whole = true;
    for query in [ModelQuery::Models, ModelQuery::Prompts] {
        match collect(store, query, &mut models).await {
            Ok(all) => whole &= all,
            Err(error) => {
                tracing::debug!(%error, "aliases could not be looked at");
                whole = false;
            }
        }
    }
    if models.is_empty() && !whole {
        return;
    }
    let info = store.info();
    let (server, label) = (info.uri.clone(), info.label.clone());
    recorder.observe(Observation { server, label, models, asked, answered: format::now(), whole });
}

/// `false`: there are more than are watched.
async fn collect(
    store: &dyn Store,
    query: ModelQuery,
    models: &mut Vec<RegisteredModel>,
) -> Result<bool, TrackingError> {
    let mut pages = store.search_registered_models(query);
    while let Some(page) = pages.next().await {
        // Descriptions and tags may be large, and are not compared; the tag that tells a prompt is.
        models.extend(page?.into_iter().map(|model| RegisteredModel { description: String::new(), ..model }));
        if models.len() >= MOST_MODELS {
            return Ok(false);
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(true)
}
