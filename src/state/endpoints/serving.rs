//! The serving endpoints of the workspace that is open: listed, and asked with the workspace's own login, which is in
//! memory alone and gone with the connection.

use std::sync::Arc;

use super::profile::{Bound, BoundTo, EndpointProfile};
use super::{Dialects, Known};
use crate::agent::{Endpoint, RequestDialect, Token};
use crate::entities::{Millis, ServingEndpoint};
use crate::state::chat::ChatCommand;
use crate::state::remote::Remote;
use crate::state::settings::Settings;
use crate::state::tasks::Tasks;
use crate::state::{State, format};
use crate::tracking::{EndpointLogin, Store, StoreInfo, TrackingError};

/// A login that ends sooner is asked for anew, in milliseconds: the store gives another one by then.
const MARGIN: Millis = 4 * 60 * 1000;
/// A login that could not be renewed is asked for again after this time, in milliseconds.
const PAUSE: Millis = 30 * 1000;

/// What a workspace serves; nothing of a store that is none.
#[derive(Default)]
pub struct Serving {
    list: Remote<Vec<ServingEndpoint>>,
    login: Remote<EndpointLogin>,
    asked: Millis,
}

/// A login that one may have for the endpoints of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::state) struct Lent {
    /// The workspace, as [`StoreInfo::settings_key`] names it.
    pub server: String,
    /// Scheme, host and port. The token goes nowhere else.
    pub origin: String,
    /// The workspace's token, once it is there and until it ends.
    pub token: Option<Token>,
}

impl Serving {
    /// Asks a store that was opened, if it lists any.
    pub(in crate::state) fn of(store: &Arc<dyn Store>, tasks: &Tasks) -> Self {
        let mut serving = Self::default();
        if store.info().serves_endpoints {
            serving.refresh(store, tasks);
        }
        serving
    }

    /// Those that one can talk to, agents first: not those that make vectors or complete texts.
    pub fn listed(&self) -> impl Iterator<Item = &ServingEndpoint> {
        self.list.value().into_iter().flatten().filter(|listed| rank(listed).is_some())
    }

    /// The one at an address.
    pub fn at(&self, url: &str) -> Option<&ServingEndpoint> {
        self.list.value().into_iter().flatten().find(|listed| listed.url == url)
    }

    /// Whether they are being asked for.
    pub fn is_loading(&self) -> bool {
        self.list.is_loading()
    }

    /// Why they are not known, or cannot be asked.
    pub fn error(&self) -> Option<&TrackingError> {
        self.list.error().or(self.login.error())
    }

    /// Asks anew which there are, and how they are.
    pub(super) fn refresh(&mut self, store: &Arc<dyn Store>, tasks: &Tasks) {
        if !store.info().serves_endpoints {
            return;
        }
        if !self.list.is_loading() {
            self.list.load(tasks, store.serving_endpoints());
        }
        if self.login.value().is_none() && !self.login.is_loading() {
            self.ask_login(store, tasks);
        }
    }

    fn ask_login(&mut self, store: &Arc<dyn Store>, tasks: &Tasks) {
        self.asked = format::now();
        self.login.load(tasks, store.endpoint_login());
    }

    /// Takes what arrived. Whether the list is new.
    fn poll(&mut self, store: &Arc<dyn Store>, tasks: &Tasks, now: Millis) -> bool {
        self.login.poll();
        let ends = self.login.value().and_then(|login| login.until);
        let is_due = ends.is_some_and(|until| until - MARGIN < now) && self.asked + PAUSE < now;
        if is_due && !self.login.is_loading() {
            self.ask_login(store, tasks);
        }
        let news = self.list.poll();
        if let Some(list) = self.list.value_mut().filter(|_| news) {
            list.sort_by_key(rank);
        }
        news
    }

    /// What goes along with questions to the endpoints of this workspace.
    fn lent(&self, server: &str, now: Millis) -> Lent {
        let login = self.login.value().filter(|login| login.until.is_none_or(|until| until > now));
        let origin = login.and_then(|login| Endpoint::parse(&login.host).ok()).map(|host| host.origin());
        Lent {
            server: server.to_owned(),
            origin: origin.unwrap_or_default(),
            token: login.map(|login| Token::new(login.token.expose())),
        }
    }
}

/// Agents, models of no known kind, language models; none for what nobody can talk to. Their names order them further.
fn rank(listed: &ServingEndpoint) -> Option<u8> {
    match (listed.task.as_str(), RequestDialect::of_task(&listed.task)) {
        ("", _) => Some(1),
        (task, Some(_)) => Some(if task.starts_with("agent/") { 0 } else { 2 }),
        (_, None) => None,
    }
}

impl State {
    /// What the workspace that is open says of an address, if it lists it.
    pub fn listed(&self, url: &str) -> Option<&ServingEndpoint> {
        self.workspace.as_ref()?.serving.at(url)
    }

    /// Takes what the workspace says of its endpoints, and hands its login over for as long as it is open.
    pub(super) fn poll_serving(&mut self) {
        let now = format::now();
        let open = self.workspace.as_mut();
        let Some(workspace) = open.filter(|workspace| workspace.store.info().serves_endpoints) else {
            self.chat.target.lend(None);
            return;
        };
        let news = workspace.serving.poll(&workspace.store, &self.tasks, now);
        let (info, list) = (workspace.store.info(), &workspace.serving);
        let key = info.settings_key();
        self.chat.target.lend(Some(list.lent(key, now)));
        if news {
            note_dialects(list, &mut self.chat.target.dialects);
            follow_versions(list, key, self.settings.edit());
            self.chat.take_profile(self.settings.get());
        }
    }

    /// Asks anew which endpoints the workspace serves.
    pub(super) fn refresh_serving(&mut self) {
        if let Some(workspace) = &mut self.workspace {
            workspace.serving.refresh(&workspace.store, &self.tasks);
        }
    }

    /// Keeps profiles of those of these addresses that the workspace lists, so that they are known another day.
    pub fn adopt_serving(&mut self, urls: &[String]) {
        let Some(workspace) = &self.workspace else { return };
        let info = workspace.store.info();
        for listed in urls.iter().filter_map(|url| workspace.serving.at(url)) {
            let settings = self.settings.edit();
            if settings.profiles.iter().any(|profile| profile.url == listed.url) {
                continue;
            }
            let ca_file = self.environment.server_cert_path.as_ref();
            let profile = EndpointProfile {
                ca_file: ca_file.map(|file| file.display().to_string()).unwrap_or_default(),
                ..profile_of(listed, &info)
            };
            *settings.profile_mut(&listed.url) = profile;
        }
    }

    /// Talks to an endpoint of the workspace from now on.
    pub(super) fn use_serving(&mut self, url: &str) {
        self.adopt_serving(&[url.to_owned()]);
        let command = ChatCommand::SetAddress(url.to_owned());
        self.chat.apply(command, &self.tasks, &mut self.notices, self.settings.edit());
    }
}

fn profile_of(listed: &ServingEndpoint, info: &StoreInfo) -> EndpointProfile {
    EndpointProfile {
        url: listed.url.clone(),
        name: listed.name.clone(),
        login_of: info.settings_key().to_owned(),
        bound: bound_of(listed, info.settings_key()),
        ..EndpointProfile::default()
    }
}

fn bound_of(listed: &ServingEndpoint, server: &str) -> Option<Bound> {
    let (model, version) = listed.version()?;
    Some(Bound { server: server.to_owned(), model: model.to_owned(), to: BoundTo::Version(version) })
}

fn note_dialects(serving: &Serving, dialects: &mut Dialects) {
    for listed in serving.listed() {
        if let Some(dialect) = RequestDialect::of_task(&listed.task) {
            dialects.note(&listed.url, dialect, Known::Listed);
        }
    }
}

/// Profiles say which version is served now. What the user bound to an alias stays.
fn follow_versions(serving: &Serving, server: &str, settings: &mut Settings) {
    for profile in settings.profiles.iter_mut().filter(|profile| profile.login_of == server) {
        let by_alias = profile.bound.as_ref().is_some_and(|bound| bound.alias().is_some());
        let bound = serving.at(&profile.url).and_then(|listed| bound_of(listed, server));
        if bound.is_some() && !by_alias {
            profile.bound = bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::ServedEntity;
    use crate::tracking::Secret;

    const URL: &str = "https://adb-1.azuredatabricks.net/serving-endpoints/agent/invocations";

    fn listed(task: &str, version: u32) -> ServingEndpoint {
        ServingEndpoint {
            name: "agent".into(),
            url: URL.into(),
            task: task.into(),
            served: vec![ServedEntity { name: "main.a.agent".into(), version: Some(version) }],
            ..Default::default()
        }
    }

    fn login(until: Option<Millis>) -> EndpointLogin {
        let host = "https://adb-1.azuredatabricks.net".to_owned();
        EndpointLogin { host, token: Secret::from("s3cret"), until }
    }

    fn serving(listed: Vec<ServingEndpoint>, until: Option<Millis>) -> Serving {
        Serving { list: Remote::ready(listed), login: Remote::ready(login(until)), asked: 0 }
    }

    #[test]
    fn what_is_no_agent_is_not_offered() {
        let all = ["agent/v1/responses", "", "llm/v1/embeddings"].map(|task| listed(task, 7));
        let serving = serving(all.to_vec(), None);
        assert_eq!(
            serving.listed().map(|it| it.task.as_str()).collect::<Vec<_>>(),
            ["agent/v1/responses", ""]
        );
        let mut dialects = Dialects::default();
        note_dialects(&serving, &mut dialects);
        let profile = EndpointProfile { url: URL.into(), ..EndpointProfile::default() };
        let endpoint = Endpoint::parse(URL).unwrap();
        assert_eq!(dialects.of(&profile, &endpoint), (RequestDialect::Responses, Known::Listed));
    }

    #[test]
    fn a_login_is_lent_until_it_ends() {
        let lent = serving(Vec::new(), Some(100)).lent("s", 99);
        assert_eq!(lent.origin, "https://adb-1.azuredatabricks.net");
        assert_eq!(lent.token, Some(Token::new("s3cret")));
        assert!(!format!("{lent:?}").contains("s3cret"));
        assert_eq!(serving(Vec::new(), Some(100)).lent("s", 100).token, None);
        assert!(serving(Vec::new(), None).lent("s", Millis::MAX).token.is_some());
    }

    #[test]
    fn profiles_follow_the_version_that_is_served_but_not_away_from_an_alias() {
        let info = StoreInfo { uri: "databricks://staging".into(), ..Default::default() };
        let mut settings = Settings::default();
        *settings.profile_mut(URL) = profile_of(&listed("", 7), &info);
        let bound = |settings: &Settings| settings.profile(URL).bound.map(|bound| bound.uri());
        assert_eq!(bound(&settings).as_deref(), Some("models:/main.a.agent/7"));
        follow_versions(&serving(vec![listed("", 8)], None), "another", &mut settings);
        assert_eq!(bound(&settings).as_deref(), Some("models:/main.a.agent/7"));
        follow_versions(&serving(vec![listed("", 8)], None), info.settings_key(), &mut settings);
        assert_eq!(bound(&settings).as_deref(), Some("models:/main.a.agent/8"));
        settings.profile_mut(URL).bound = Bound::parse("s", "M@prod");
        follow_versions(&serving(vec![listed("", 9)], None), info.settings_key(), &mut settings);
        assert_eq!(bound(&settings).as_deref(), Some("models:/M@prod"));
    }
}
