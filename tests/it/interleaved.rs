//! Random interleavings of this client and a second writer against a real server: nothing is written where the alias was
//! not where the plan showed it, the journal's last word is what the server says, and an Undo restores exactly or
//! changes nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flowdeck::state::journal::entry::Standing;
use flowdeck::state::journal::{Journal, Observation};
use flowdeck::state::notices::Notices;
use flowdeck::state::registry::ending::Ending;
use flowdeck::state::registry::promotion::{AliasChange, Event, MOST_EVENTS, Made, Order, Why};
use flowdeck::state::registry::sequence::{News, OnFailure, carry_out_in_order};
use flowdeck::state::tasks::Polled;
use flowdeck::state::{ModelKind, Tasks, format};
use flowdeck::tracking::Store;

use crate::client::open;
use crate::support::app::runtime;
use crate::support::{Fault, Proxy, Servers};

const MODEL: &str = "interleaved";
const VERSIONS: u64 = 5;
const ROUNDS: u64 = 80;
/// Requests of one move after which the second writer may act.
const STEPS: usize = 6;
const GET: &str = "/api/2.0/mlflow/registered-models/get";
const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";

/// The same numbers for the same seed (`xorshift64*`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % most
    }

    /// A place for an alias: a version, or nowhere.
    fn place(&mut self) -> Option<u32> {
        match self.below(VERSIONS + 1) {
            0 => None,
            version => Some(version as u32),
        }
    }
}

/// What the second writer does before each of the next requests, and what was seen meanwhile.
#[derive(Default)]
struct Script {
    moves: VecDeque<Option<Standing>>,
    at_check: Option<Standing>,
    writes: usize,
}

struct Stage {
    other: Arc<dyn Store>,
    store: Arc<dyn Store>,
    proxy: Proxy,
    script: Arc<Mutex<Script>>,
    journal: Journal,
    notices: Notices,
    tasks: Tasks,
    _folder: tempfile::TempDir,
}

fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    // The proxy's own thread is in a runtime already.
    std::thread::scope(|scope| scope.spawn(|| runtime().block_on(future)).join().unwrap())
}

fn read(store: &Arc<dyn Store>) -> Option<u32> {
    wait(store.get_registered_model(MODEL)).unwrap().alias("prod")
}

fn put(store: &Arc<dyn Store>, place: Option<u32>) {
    match place {
        Some(version) => wait(store.set_registered_model_alias(MODEL, "prod", version)),
        None => wait(store.delete_registered_model_alias(MODEL, "prod")),
    }
    .unwrap();
}

impl Stage {
    fn set() -> Self {
        let servers = Servers::shared();
        servers.make_model(MODEL, VERSIONS as u32, &[("prod", 3)]);
        let proxy = Proxy::start(servers.uri());
        let (other, store) = (wait(open(servers.uri())), wait(open(&proxy.uri())));
        let script = Arc::new(Mutex::new(Script::default()));
        let (acting, shared) = (Arc::clone(&other), Arc::clone(&script));
        proxy.when(usize::MAX, Fault::HangUp, move |seen| {
            let mut script = shared.lock().unwrap();
            if let Some(Some(place)) = script.moves.pop_front() {
                put(&acting, place.version());
            }
            if seen.path == ALIAS {
                script.writes += 1;
            } else if seen.path == GET && script.at_check.is_none() {
                script.at_check = Some(Standing::of(read(&acting)));
            }
            false
        });
        let folder = tempfile::tempdir().unwrap();
        let tasks = Tasks::new(runtime(), || {});
        let journal = Journal::open(Some(folder.path().to_owned()), "ann".into(), &tasks);
        Self { other, store, proxy, script, journal, notices: Notices::default(), tasks, _folder: folder }
    }

    /// Carries a change out to its end.
    fn carry_out(&mut self, order: Order) -> (Ending, String) {
        let noted = order.change.noted(Why::default(), order.undoes.clone());
        let log = self.journal.log(&self.store.info(), noted, true);
        let id = log.id().to_owned();
        let store = Arc::clone(&self.store);
        let looks = [Duration::from_millis(1); 2];
        let mut feed = self.tasks.spawn_feed_to_its_end(MOST_EVENTS, |feeder| {
            carry_out_in_order(store, vec![(order, log)], OnFailure::Stop, looks, feeder)
        });
        let mut ending = None;
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            match feed.poll() {
                Polled::Ready(News::Of { event, .. }) => {
                    if let Event::Ended(how, _) = *event {
                        ending = Some(how);
                    }
                }
                Polled::Ready(News::Finished) => {}
                Polled::Lost => return (ending.unwrap(), id),
                Polled::Pending => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(Instant::now() < deadline);
        }
    }

    /// A look at the model, as the app takes once a minute.
    fn look(&mut self) {
        let info = self.store.info();
        let asked = format::now();
        let models = vec![wait(self.other.get_registered_model(MODEL)).unwrap()];
        let (server, label) = (info.uri.clone(), info.label.clone());
        let seen = Observation { server, label, models, asked, answered: format::now(), whole: false };
        self.journal.recorder().observe(seen);
    }

    fn journal_agrees(&mut self, round: &str) {
        // The journal's clock counts milliseconds: the look is later than what was done.
        std::thread::sleep(Duration::from_millis(2));
        self.look();
        let truth = read(&self.other);
        let uri = self.store.info().uri.clone();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            self.journal.poll(&mut self.notices);
            let said = self.journal.last_word(&uri, MODEL, "prod").map(Standing::version);
            if said == Some(truth) {
                return;
            }
            assert!(Instant::now() < deadline, "{round}: the journal says {said:?}, the server {truth:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the second writer will do, and what befalls the write.
    fn prepare(&mut self, dice: &mut Dice) -> Script {
        let fault = match dice.below(8) {
            0 => Some(Fault::HangUp),
            1 => Some(Fault::ForwardThenHangUp),
            2 => Some(Fault::status(500)),
            3 => Some(Fault::Cut { after: 0 }),
            _ => None,
        };
        if let Some(fault) = fault {
            self.proxy.when(1, fault, |seen| seen.path == ALIAS);
        }
        let moves = (0..STEPS).map(|_| (dice.below(10) == 0).then(|| Standing::of(dice.place()))).collect();
        Script { moves, ..Script::default() }
    }

    fn check(&self, round: &str, change: &AliasChange, ending: &Ending) {
        let script = self.script.lock().unwrap();
        assert!(script.writes <= 1, "{round}: sent {} times", script.writes);
        if script.writes > 0 {
            assert_eq!(
                script.at_check,
                Some(Standing::of(change.from)),
                "{round}: written although it was elsewhere"
            );
        }
        if matches!(ending, Ending::Moved { .. } | Ending::Already | Ending::VersionGone) {
            assert_eq!(script.writes, 0, "{round}: {ending:?}");
        }
    }
}

#[test]
fn whatever_a_second_writer_does_the_journal_says_what_the_server_says() {
    let mut stage = Stage::set();
    stage.look();
    let mut restored = 0;
    for seed in 1..=ROUNDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let shown = read(&stage.other);
        // A plan may be old when it is confirmed.
        if dice.below(4) == 0 {
            put(&stage.other, dice.place());
        }
        let to = dice.place();
        if to == shown {
            continue;
        }
        let change =
            AliasChange { kind: ModelKind::Model, name: MODEL.into(), alias: "prod".into(), from: shown, to };
        let round = format!("seed {seed}, {}", change.title());
        let script = stage.prepare(&mut dice);
        *stage.script.lock().unwrap() = script;
        let (ending, id) = stage.carry_out(Order::plain(change.clone()));
        stage.check(&round, &change, &ending);
        *stage.script.lock().unwrap() = Script::default();
        stage.journal_agrees(&round);

        if !ending.took_effect() {
            continue;
        }
        if dice.below(3) == 0 {
            put(&stage.other, dice.place());
        }
        let before = read(&stage.other);
        let (undone, _) = stage.carry_out(Order::undoing(&Made { change, id: Some(id) }));
        let after = read(&stage.other);
        // A fault that the move did not meet may meet this: then it is known that nothing was changed.
        if undone.took_effect() {
            assert_eq!((before, after), (to, shown), "{round}: an Undo restores exactly");
        } else {
            assert!(undone.changed_nothing(), "{round}: {undone:?}");
            assert_eq!(after, before, "{round}: {undone:?}");
        }
        restored += usize::from(undone.took_effect());
        *stage.script.lock().unwrap() = Script::default();
        stage.journal_agrees(&round);
    }
    assert!(restored > 5, "the dice left something to undo");
}
