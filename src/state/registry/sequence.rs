//! Several changes in one go: in order, one after the other, and taken back in reverse where that is wished.
//!
//! MLflow has no transactions. So each change is carried out as any other is, verified and written once; the first one
//! that fails ends it, and what was done before stays, or is taken back change by change, each only if the alias is
//! still where it was put.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ending::{Ending, Later};
use super::promotion::{AliasChange, Event, Made, Order, carry_out};
use crate::entities::VersionNumber;
use crate::state::journal::MoveLog;
use crate::state::tasks::Feeder;
use crate::tracking::Store;

/// What is told while changes are carried out.
#[derive(Debug)]
pub enum News {
    /// About one of them.
    Of {
        /// Which one.
        at: usize,
        /// It is being taken back.
        back: bool,
        /// What happened.
        event: Box<Event>,
    },
    /// Nothing more is written.
    Finished,
}

/// Tells about one change.
pub struct Teller<'a> {
    feeder: &'a Feeder<News>,
    at: usize,
    back: bool,
}

impl<'a> Teller<'a> {
    /// About the change at this place.
    pub fn new(feeder: &'a Feeder<News>, at: usize, back: bool) -> Self {
        Self { feeder, at, back }
    }

    /// Tells. `false`: nobody listens any more, and it may stop. Taking back does not stop for that.
    pub async fn send(&self, event: Event) -> bool {
        let heard = self.feeder.send(News::Of { at: self.at, back: self.back, event: Box::new(event) }).await;
        heard || self.back
    }
}

/// What happens when one of the changes fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// What was done stays. The rest is not begun.
    Stop,
    /// What was done is taken back. The rest is not begun.
    TakeBack,
    /// The others are tried all the same: each of them takes something back.
    GoOn,
}

/// A change whose alias is looked at again later.
struct Watched {
    at: usize,
    back: bool,
    change: AliasChange,
    log: MoveLog,
    expected: Option<VersionNumber>,
}

impl Watched {
    fn new(at: usize, back: bool, (order, log): (&Order, &MoveLog), ending: &Ending) -> Option<Self> {
        let change = &order.change;
        let expected = match ending {
            Ending::Done | Ending::UnknownTookEffect => change.to,
            Ending::UnknownNothing => change.from,
            _ => return None,
        };
        Some(Self { at, back, change: change.clone(), log: log.clone(), expected })
    }
}

/// Carries changes out in order, tells how it goes, and looks again after the last one. It stops only between two
/// changes, or before a write is sent. Each change has a log of its own: its intent is in the journal before it is
/// sent, and its outcome before the next one is begun.
pub async fn carry_out_in_order(
    store: Arc<dyn Store>,
    mut orders: Vec<(Order, MoveLog)>,
    on_failure: OnFailure,
    looks: [Duration; 2],
    feeder: Feeder<News>,
) {
    let mut watched: BTreeMap<usize, Watched> = BTreeMap::new();
    let mut to_take_back = Vec::new();
    let mut effective: BTreeMap<usize, MoveLog> = BTreeMap::new();
    let mut failed = false;
    for (at, (order, log)) in orders.iter_mut().enumerate() {
        let ending = carry_out(store.as_ref(), order, log, &Teller::new(&feeder, at, false)).await;
        watched.extend(Watched::new(at, false, (order, log), &ending).map(|watch| (at, watch)));
        if ending.took_effect() {
            effective.insert(at, log.clone());
        }
        if ending.took_effect() || ending.may_have_taken_effect() {
            to_take_back.push(at);
        }
        failed = !ending.took_effect() && ending != Ending::Already;
        if failed && on_failure != OnFailure::GoOn {
            break;
        }
    }
    if failed && on_failure == OnFailure::TakeBack {
        for &at in to_take_back.iter().rev() {
            let (order, log) = &orders[at];
            let made = Made { change: order.change.clone(), id: Some(log.id().to_owned()) };
            let (order, mut log) = (Order::undoing(&made), log.back());
            let ending = carry_out(store.as_ref(), &order, &mut log, &Teller::new(&feeder, at, true)).await;
            watched.remove(&at);
            watched.extend(Watched::new(at, true, (&order, &log), &ending).map(|watch| (at, watch)));
            if ending.took_effect() {
                effective.remove(&at);
            }
        }
    }
    let heard = feeder.send(News::Finished).await;
    // Of what was taken back nobody was told.
    for log in effective.values() {
        log.tell_colleagues(store.as_ref()).await;
    }
    if heard {
        look_again(store.as_ref(), watched.into_values().collect(), looks, &feeder).await;
    }
}

/// Looks where the aliases are: each model is read once a look.
async fn look_again(
    store: &dyn Store,
    mut watched: Vec<Watched>,
    looks: [Duration; 2],
    feeder: &Feeder<News>,
) {
    for pause in looks {
        if watched.is_empty() {
            return;
        }
        tokio::time::sleep(pause).await;
        let mut read = BTreeMap::new();
        let mut still = Vec::with_capacity(watched.len());
        for watch in watched {
            let name = watch.change.name.clone();
            if !read.contains_key(&name) {
                read.insert(name.clone(), store.get_registered_model(&name).await);
            }
            // Whoever listens no more has taken these aliases over: what is found may be their own move.
            if !feeder.is_heard() {
                return;
            }
            // A failed look is no news: the next one, or the user's refresh, will tell.
            let Some(Ok(truth)) = read.get(&name) else {
                still.push(watch);
                continue;
            };
            let later = match truth.alias(&watch.change.alias) {
                now if now == watch.expected => Later::AsReported,
                now if now == watch.change.to => Later::TookEffect,
                now => Later::Overtaken { now },
            };
            if let Some(verdict) = later.verdict(&watch.change) {
                watch.log.look(verdict).await;
            }
            let event = Box::new(Event::Later(later, truth.clone()));
            if !feeder.send(News::Of { at: watch.at, back: watch.back, event }).await {
                return;
            }
            if later == Later::AsReported {
                still.push(watch);
            }
        }
        watched = still;
    }
}
