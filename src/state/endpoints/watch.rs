//! Endpoints that serve an alias which was moved: whether they answer as the new version yet. Each is looked at a few
//! times after the move, and then only when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use super::EndpointsCommand;
use super::look::Inquiry;
use super::profile::{Bound, BoundTo, EndpointProfile, Moved};
use super::verdict::{Answers, Standing};
use crate::agent::Endpoint;
use crate::entities::Millis;
use crate::state::chat::SharedClient;
use crate::state::journal::{Edit, Outcome};
use crate::state::navigation::{ModelKind, Route};
use crate::state::registry::promotion::AliasChange;
use crate::state::tasks::{Feed, Polled, Task};
use crate::state::{Cx, format};

/// Pauses before each look: at once, 5 s, 30 s and 2 min after the move.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(25), Duration::from_secs(90)];

/// Which versions endpoints answer as.
#[derive(Default)]
pub struct Answering {
    watches: Vec<Watch>,
    offers: Vec<(Bound, Moved)>,
    client: SharedClient,
}

/// An endpoint whose alias was moved.
#[derive(Debug)]
pub struct Watch {
    /// Its address, as its profile has it.
    pub url: String,
    /// The alias.
    pub bound: Bound,
    /// The move.
    pub moved: Moved,
    /// What was found last, and when.
    pub found: Option<(Answers, Millis)>,
    looking: Option<Feed<Answers>>,
    asking: Option<Task<Answers>>,
}

impl Watch {
    fn new(url: String, bound: Bound, moved: Moved) -> Self {
        Self { url, bound, moved, found: None, looking: None, asking: None }
    }

    /// How it stands to the move, once anything was found.
    pub fn standing(&self) -> Option<Standing> {
        self.found.as_ref().map(|(answers, _)| answers.standing(self.moved))
    }

    /// Whether its agent is being asked.
    pub fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Takes what was found. What is not known now does not undo what was known. Whether it is new that it answers as
    /// the new version.
    fn take(&mut self, answers: Answers, asked: bool, now: Millis) -> bool {
        let unknown = matches!(answers, Answers::NotKnown(_));
        let known = matches!(self.found, Some((Answers::As(..), _)));
        if unknown && known && !asked {
            return false;
        }
        let before = self.standing();
        self.found = Some((answers, now));
        self.standing() == Some(Standing::New) && before != Some(Standing::New)
    }
}

impl Answering {
    /// The endpoints to be told of on a model's board.
    pub fn of_model<'a>(&'a self, server: &'a str, model: &'a str) -> impl Iterator<Item = &'a Watch> {
        self.watches.iter().filter(move |watch| watch.bound.server == server && watch.bound.model == model)
    }

    /// The moves of a model that another endpoint may be concerned with.
    pub fn offers<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a (Bound, Moved)> {
        self.offers.iter().filter(move |(bound, _)| bound.model == model)
    }

    /// Takes what was moved and what was found.
    pub fn poll(&mut self, moved: &[AliasChange], cx: &mut Cx<'_>) {
        for change in moved.iter().filter(|change| change.kind == ModelKind::Model) {
            self.follow(change, cx);
        }
        let served = |watch: &Watch, cx: &Cx<'_>| {
            cx.settings.profile(&watch.url).bound.as_ref().is_some_and(|bound| *bound == watch.bound)
        };
        self.watches.retain(|watch| served(watch, cx));
        for watch in &mut self.watches {
            let mut arrived = false;
            while let Some(feed) = &mut watch.looking {
                match feed.poll() {
                    Polled::Pending => break,
                    Polled::Ready(answers) => arrived |= watch.take(answers, false, format::now()),
                    Polled::Lost => watch.looking = None,
                }
            }
            if let Some(task) = &mut watch.asking {
                match task.poll() {
                    Polled::Pending => {}
                    Polled::Ready(answers) => {
                        watch.asking = None;
                        arrived |= watch.take(answers, true, format::now());
                    }
                    Polled::Lost => watch.asking = None,
                }
            }
            if arrived {
                settle(watch, cx);
            }
        }
    }

    /// Goes on with what an earlier day left open, where a model's board is opened.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        let server = cx.store.info().settings_key().to_owned();
        for model in route.models() {
            let open = cx.settings.profiles.iter().filter(|profile| profile.serves_model(&server, model));
            let open: Vec<EndpointProfile> = open.cloned().collect();
            for EndpointProfile { url, bound, awaits, .. } in open {
                let known = self.watches.iter().any(|watch| watch.url == url);
                if let (Some(bound), Some(moved), false) = (bound, awaits, known) {
                    self.watch(Watch::new(url, bound, moved), &PAUSES[..1], cx);
                }
            }
        }
    }

    /// Carries out what is about one endpoint or offer.
    pub(super) fn apply(&mut self, command: EndpointsCommand, cx: &mut Cx<'_>) {
        match command {
            EndpointsCommand::Bind { url, bound, moved } => {
                let profile = cx.settings.profile_mut(&url);
                profile.bound = Some(bound.clone());
                profile.awaits = Some(moved);
                self.watch(Watch::new(url, bound, moved), &PAUSES, cx);
            }
            EndpointsCommand::CheckAgain(url) => self.again(&url, &PAUSES[..1], cx),
            EndpointsCommand::Restarted(url) => self.restarted(&url, cx),
            EndpointsCommand::Dismiss(url) => {
                self.watches.retain(|watch| watch.url != url);
                cx.settings.profile_mut(&url).awaits = None;
            }
            EndpointsCommand::DismissOffer(bound) => self.offers.retain(|(offered, _)| *offered != bound),
            EndpointsCommand::Save { .. }
            | EndpointsCommand::Probe
            | EndpointsCommand::UseServing(_)
            | EndpointsCommand::Ask(_)
            | EndpointsCommand::FindOut(_)
            | EndpointsCommand::FindTrace(_)
            | EndpointsCommand::ChooseTrace { .. }
            | EndpointsCommand::CompareAnswers { .. } => {}
        }
    }

    /// Asks an agent. `endpoint`: with the token that it may be given.
    pub(super) fn ask(&mut self, url: &str, endpoint: Endpoint, cx: &mut Cx<'_>) {
        let Some(at) = self.watches.iter().position(|watch| watch.url == url) else { return };
        let inquiry = self.inquiry(&self.watches[at], endpoint, cx);
        let inputs = cx.settings.profile(url).inputs();
        let task = cx.tasks.spawn(inquiry.ask(inputs, cx.tasks.clone()));
        self.watches[at].asking = Some(task);
    }

    /// Somebody restarted the endpoint: only what it did since counts.
    fn restarted(&mut self, url: &str, cx: &mut Cx<'_>) {
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.url == url) else { return };
        watch.moved = Moved { since: format::now(), restarted: true, ..watch.moved };
        watch.found = None;
        watch.asking = None;
        cx.settings.profile_mut(url).awaits = Some(watch.moved);
        self.again(url, &PAUSES, cx);
    }

    fn again(&mut self, url: &str, pauses: &'static [Duration], cx: &mut Cx<'_>) {
        if let Some(at) = self.watches.iter().position(|watch| watch.url == url) {
            let watch = self.watches.swap_remove(at);
            self.watch(watch, pauses, cx);
        }
    }

    /// An alias was moved here.
    fn follow(&mut self, change: &AliasChange, cx: &mut Cx<'_>) {
        let server = cx.store.info().settings_key().to_owned();
        let bound = Bound { server, model: change.name.clone(), to: BoundTo::Alias(change.alias.clone()) };
        self.offers.retain(|(offered, _)| *offered != bound);
        let serving = cx.settings.profiles.iter().filter(|profile| profile.bound.as_ref() == Some(&bound));
        let serving: Vec<EndpointProfile> = serving.cloned().collect();
        let now = format::now();
        let moved = change.to.map(|to| Moved { from: change.from, to, since: now, restarted: false });
        for profile in serving {
            self.watches.retain(|watch| watch.url != profile.url);
            let awaits = moved.and_then(|moved| after(profile.awaits, moved));
            cx.settings.profile_mut(&profile.url).awaits = awaits;
            if let Some(moved) = awaits {
                self.watch(Watch::new(profile.url, bound.clone(), moved), &PAUSES, cx);
            }
        }
        self.offers.extend(moved.map(|moved| (bound, moved)));
    }

    /// Looks at an endpoint, now and a few times more. What was being looked for is dropped.
    fn watch(&mut self, mut watch: Watch, pauses: &'static [Duration], cx: &Cx<'_>) {
        self.watches.retain(|known| known.url != watch.url);
        if let Some(endpoint) = cx.settings.profile(&watch.url).endpoint() {
            let endpoint = endpoint.without_secrets();
            let (inquiry, moved) = (self.inquiry(&watch, endpoint, cx), watch.moved);
            watch.looking = Some(cx.tasks.spawn_feed(1, move |feeder| async move {
                for pause in pauses {
                    tokio::time::sleep(*pause).await;
                    let answers = inquiry.look().await;
                    let done = answers.standing(moved) == Standing::New;
                    if !feeder.send(answers).await || done {
                        return;
                    }
                }
            }));
        }
        self.watches.push(watch);
        self.watches.sort_by(|a, b| (&a.bound.to, &a.url).cmp(&(&b.bound.to, &b.url)));
    }

    fn inquiry(&self, watch: &Watch, endpoint: Endpoint, cx: &Cx<'_>) -> Inquiry {
        let Bound { server, model, to } = &watch.bound;
        let others = cx.settings.profiles.iter().filter(|other| other.serves_model(server, model));
        let others = others.filter_map(|other| other.bound.as_ref()).map(|bound| bound.to.clone());
        Inquiry {
            store: Arc::clone(cx.store),
            client: self.client.clone(),
            endpoint,
            bound: watch.bound.clone(),
            moved: watch.moved,
            others: others.filter(|other| other != to).collect(),
        }
    }
}

/// What an endpoint has to be seen to follow after another move. One that was not seen to follow the move before still
/// is where that began.
fn after(before: Option<Moved>, moved: Moved) -> Option<Moved> {
    let Some(before) = before.filter(|before| !before.restarted) else { return Some(moved) };
    (before.from != Some(moved.to)).then_some(Moved { from: before.from, ..moved })
}

/// It answers as the new version: nothing is waited for any more.
fn settle(watch: &mut Watch, cx: &mut Cx<'_>) {
    watch.looking = None;
    let profile = cx.settings.profile_mut(&watch.url);
    let title = profile.title();
    if profile.awaits.take().is_none() {
        return;
    }
    let Bound { model, to, .. } = &watch.bound;
    let text =
        format!("The endpoint {title} answers as v{} of {model}, which {to} points at", watch.moved.to);
    let edit = Edit {
        kind: ModelKind::Model,
        model: model.clone(),
        version: Some(watch.moved.to),
        effect: None,
        outcome: Outcome::Done,
        text,
    };
    cx.journal.note(&cx.store.info(), edit);
}

#[cfg(test)]
mod tests {
    use super::super::verdict::{Evidence, Why};
    use super::*;
    use crate::state::test_store::TestCx;

    fn moved(from: u32, to: u32) -> Moved {
        Moved { from: Some(from), to, since: 1, restarted: false }
    }

    fn bound() -> Bound {
        Bound { server: String::new(), model: "M".into(), to: BoundTo::Alias("prod".into()) }
    }

    const URL: &str = "http://127.0.0.1:9/invocations";

    #[test]
    fn moves_that_were_not_followed_add_up() {
        assert_eq!(after(None, moved(5, 7)), Some(moved(5, 7)));
        assert_eq!(after(Some(moved(5, 7)), moved(7, 9)), Some(moved(5, 9)));
        assert_eq!(after(Some(moved(5, 7)), moved(7, 5)), None);
        let restarted = Moved { restarted: true, ..moved(5, 7) };
        assert_eq!(after(Some(restarted), moved(7, 5)), Some(moved(7, 5)));
    }

    #[test]
    fn what_is_not_known_does_not_undo_what_is() {
        let mut watch = Watch::new(URL.into(), bound(), moved(5, 7));
        let old = Answers::As(5, Evidence::Asked("tr-1".into()));
        assert!(!watch.take(old.clone(), true, 1));
        assert!(!watch.take(Answers::NotKnown(Why::NoTrace), false, 2));
        assert_eq!(watch.found, Some((old, 1)));
        assert!(watch.take(Answers::As(7, Evidence::Info), false, 3));
        assert!(!watch.take(Answers::As(7, Evidence::Info), false, 4), "told once");
    }

    #[tokio::test]
    async fn a_move_is_awaited_by_the_endpoints_of_its_alias_and_told_once() {
        let mut cx = TestCx::new();
        cx.settings.profile_mut(URL).bound = Some(bound());
        cx.settings.profile_mut("http://127.0.0.1:9/other").bound =
            Some(Bound { to: BoundTo::Alias("candidate".into()), ..bound() });
        let mut answering = Answering::default();
        let change = AliasChange {
            kind: ModelKind::Model,
            name: "M".into(),
            alias: "prod".into(),
            from: Some(5),
            to: Some(7),
        };
        cx.with(|cx| answering.poll(std::slice::from_ref(&change), cx));
        assert_eq!(answering.of_model("", "M").count(), 1);
        assert_eq!(cx.settings.profile(URL).awaits.map(|moved| (moved.from, moved.to)), Some((Some(5), 7)));
        assert_eq!(answering.offers("M").count(), 1);
        let watch = &mut answering.watches[0];
        watch.take(Answers::As(7, Evidence::Info), false, 1);
        cx.with(|cx| {
            settle(watch, cx);
            settle(watch, cx);
        });
        assert_eq!((cx.journalled(), cx.settings.profile(URL).awaits), (1, None));
        cx.settings.forget_endpoint(URL);
        cx.with(|cx| answering.poll(&[], cx));
        assert_eq!(answering.of_model("", "M").count(), 0);
    }

    #[tokio::test]
    async fn what_was_open_when_the_app_was_closed_is_looked_at_again() {
        let mut cx = TestCx::new();
        let profile = cx.settings.profile_mut(URL);
        (profile.bound, profile.awaits) = (Some(bound()), Some(moved(5, 7)));
        let mut answering = Answering::default();
        let route = Route::Model { kind: ModelKind::Model, name: "M".into() };
        cx.with(|cx| answering.enter(&route, cx));
        assert_eq!(answering.of_model("", "M").map(|watch| watch.moved).collect::<Vec<_>>(), [moved(5, 7)]);
    }
}
