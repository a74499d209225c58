//! Whom a set can be asked of, and which versions they answer as; the start of a run, and going on with one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::result::{BenchRun, Column, Identity, Known, MOST_COLUMNS, ServedModel};
use super::runner::{Asked, Job, MOST_PARALLEL, PARALLEL};
use super::set::PromptSet;
use crate::agent::Endpoint;
use crate::agent::sample::AnswersAs;
use crate::entities::{ServingEndpoint, VersionNumber};
use crate::state::chat::SharedClient;
use crate::state::endpoints::{Bound, EndpointProfile, Witness};
use crate::state::navigation::Route;
use crate::state::sample::Sample;
use crate::state::serve::{ModelUri, Phase, Serve, Served};
use crate::state::{State, format};

/// An endpoint that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which one.
    pub choice: Choice,
    /// What people call it.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The registered model that it serves, if that is known.
    pub model: Option<ServedModel>,
    /// Which version it answers as, where nobody needs to be asked.
    pub known: Option<Identity>,
    /// Which version it serves as its settings say, until it is seen that it answers as another.
    pub said: Option<VersionNumber>,
}

/// Which endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The sample's agent that answers as what this alias was when the sample was opened.
    Sample(String),
    /// The one at this address.
    At(String),
}

/// An endpoint that is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which one.
    pub choice: Choice,
    /// The version that it answers as, as the user says.
    pub word: Option<VersionNumber>,
}

/// A run as it is wanted.
#[derive(Clone, Debug)]
pub struct Start {
    /// The set.
    pub set: u64,
    /// One to four endpoints; the first is the one that the others are compared with.
    pub endpoints: Vec<Chosen>,
    /// Prompts that one endpoint is asked at the same time.
    pub parallel: usize,
}

impl Start {
    /// What it sends, in a sentence, for a set of so many prompts: named before anything is sent.
    pub fn describe(prompts: usize, names: &[String]) -> String {
        let requests = |count| format::counted(count, "request", "requests");
        match names {
            [] => "Choose who is to be asked".to_owned(),
            [name] => format!("Sends {} to {name}", requests(prompts)),
            [first @ .., last] => format!(
                "Sends {} to each of {} and {last}: {} in all",
                requests(prompts),
                first.join(", "),
                requests(prompts * names.len())
            ),
        }
    }
}

impl State {
    /// Everybody who can be asked: the sample's agents, what is served here, and the endpoints that are known.
    pub fn bench_candidates(&self) -> Vec<Candidate> {
        let mut found: Vec<Candidate> =
            self.sample.iter().flat_map(|sample| candidates_of_sample(sample)).collect();
        let ready = self.serve.served().iter().filter(|served| served.phase == Phase::Ready);
        let server =
            self.workspace.as_ref().map(|workspace| workspace.store.info().settings_key().to_owned());
        found.extend(ready.map(|served| candidate_of_served(served, server.clone())));
        for profile in self.settings.get().known_endpoints() {
            if self.serve.bound(&profile.url).is_none() {
                found.push(candidate_of_profile(&profile));
            }
        }
        let listed = self.workspace.iter().flat_map(|workspace| {
            let server = workspace.store.info().settings_key().to_owned();
            workspace.serving.listed().map(move |listed| candidate_of_listed(listed, server.clone()))
        });
        let known: BTreeSet<String> = found.iter().map(|known| known.url.clone()).collect();
        found.extend(listed.filter(|candidate| !known.contains(&candidate.url)));
        found
    }

    /// Starts a run and shows it.
    pub(super) fn start_bench(&mut self, start: &Start) {
        if self.bench.running().is_some() {
            self.notices.warning("Another bench is under way. Stop it first, or wait for its end", None);
            return;
        }
        let Some(set) = self.bench.set(start.set).cloned() else { return };
        let candidates = self.bench_candidates();
        let chosen = start.endpoints.iter().take(MOST_COLUMNS);
        let columns: Vec<(Column, Option<VersionNumber>)> = chosen
            .filter_map(|chosen| {
                let candidate = candidates.iter().find(|known| known.choice == chosen.choice)?;
                Some((column_of(candidate), chosen.word))
            })
            .collect();
        if columns.is_empty() || set.cases.is_empty() {
            return;
        }
        let asked: Vec<String> = columns.iter().map(|(column, _)| column.url.clone()).collect();
        self.adopt_serving(&asked);
        let words: Vec<Option<VersionNumber>> = columns.iter().map(|(_, word)| *word).collect();
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        let run = BenchRun::new(self.bench.new_id(), Arc::clone(&set), columns, format::now());
        let todo = run.missing();
        let (id, parallel) = (run.id, start.parallel.clamp(1, MOST_PARALLEL));
        let job = self.bench_job(&run, set, &words, todo, parallel, false);
        self.bench.begin(run, job, &self.tasks);
        self.go(Route::BenchRun(id));
    }

    /// Asks some prompts of a run that is open, because the user says so.
    pub(super) fn ask_again(&mut self, id: u64, which: impl FnOnce(&BenchRun) -> Vec<(usize, usize)>) {
        if self.bench.running().is_some() {
            self.notices.warning("Another bench is under way. Stop it first, or wait for its end", None);
            return;
        }
        let Some(run) = self.bench.run(id) else { return };
        let todo = which(run);
        if todo.is_empty() && run.ended.is_some() {
            return;
        }
        let said = |column: &Column| column.before.version.filter(|_| column.before.known == Known::Word);
        let words: Vec<Option<VersionNumber>> = run.columns.iter().map(said).collect();
        let job = self.bench_job(run, Arc::clone(&run.set), &words, todo, PARALLEL, true);
        self.bench.resume(id, job, &self.tasks);
    }

    fn bench_job(
        &self,
        run: &BenchRun,
        set: Arc<PromptSet>,
        words: &[Option<VersionNumber>],
        todo: Vec<(usize, usize)>,
        parallel: usize,
        resumed: bool,
    ) -> Job {
        let client = SharedClient::default();
        let asked = run.columns.iter().enumerate();
        let asked = asked.map(|(at, column)| self.asked(column, words.get(at).copied().flatten(), &client));
        let columns = asked.collect();
        Job { set, columns, todo, parallel, resumed, client }
    }

    /// How the endpoint of a column is asked now.
    fn asked(&self, column: &Column, word: Option<VersionNumber>, client: &SharedClient) -> Asked {
        let agent = self.sample.as_deref().and_then(|sample| agent_of(sample, column));
        let sample_is_gone = column.sample && agent.is_none();
        let url = agent.map_or_else(|| column.url.clone(), |(_, url)| url);
        let profile = self.settings.get().profile(&url);
        let endpoint = self.chat.target.endpoint_of(&profile);
        let endpoint =
            match (endpoint.filter(|_| !sample_is_gone), self.chat.target.missing_login_of(&profile)) {
                (_, Some(missing)) => Err(missing),
                (Some(endpoint), None) => Ok(endpoint),
                (None, None) => Err(format!("{} is not there any more", column.name)),
            };
        let known = known_now(self.sample.as_deref(), &self.serve, column);
        let store = self.workspace.as_ref().map(|workspace| &workspace.store);
        let witness = match (&endpoint, store, &known) {
            (Ok(endpoint), Some(store), None) => {
                Witness::new(&profile, endpoint, store, self.settings.get(), client)
            }
            _ => None,
        };
        // Settings say it too, of the model that the column was made for.
        let bound = profile.bound.as_ref().filter(|bound| {
            column
                .model
                .as_ref()
                .is_some_and(|model| model.server == bound.server && model.name == bound.model)
        });
        let word = word.or(bound.and_then(Bound::version));
        Asked { endpoint, inputs: profile.inputs(), known, witness, word }
    }
}

/// Which version an endpoint answers as, where this app started it and nobody needs to be asked.
pub(super) fn known_now(sample: Option<&Sample>, serve: &Serve, column: &Column) -> Option<Identity> {
    if column.sample {
        return agent_of(sample?, column).map(|(answers_as, _)| identity_of_sample(answers_as));
    }
    identity_of_served(serve.bound(&column.url)?)
}

/// The sample's agent that a column asks, and where it is today.
fn agent_of<'a>(sample: &'a Sample, column: &Column) -> Option<(&'a AnswersAs, String)> {
    let alias = column.model.as_ref().filter(|_| column.sample)?.alias.as_deref();
    sample.agents().find(|(answers_as, _)| Some(answers_as.alias.as_str()) == alias)
}

fn identity_of_sample(answers_as: &AnswersAs) -> Identity {
    let version = VersionNumber::try_from(answers_as.version).ok();
    Identity { version, known: Known::Sample, at: format::now() }
}

fn identity_of_served(served: &Served) -> Option<Identity> {
    let version = served.version.filter(|_| served.phase == Phase::Ready)?;
    Some(Identity { version: Some(version), known: Known::ServedHere, at: format::now() })
}

fn candidates_of_sample(sample: &Sample) -> impl Iterator<Item = Candidate> {
    sample.agents().map(|(answers_as, url)| {
        let model = ServedModel {
            server: sample.server().to_owned(),
            name: answers_as.model.clone(),
            alias: Some(answers_as.alias.clone()),
        };
        Candidate {
            choice: Choice::Sample(answers_as.alias.clone()),
            name: Sample::title(answers_as),
            url,
            model: Some(model),
            known: Some(identity_of_sample(answers_as)),
            said: None,
        }
    })
}

fn candidate_of_served(served: &Served, server: Option<String>) -> Candidate {
    let model = server.and_then(|server| match ModelUri::parse(&served.spec.model) {
        ModelUri::Alias { name, alias } => Some(ServedModel { server, name, alias: Some(alias) }),
        ModelUri::Version { name, .. } => Some(ServedModel { server, name, alias: None }),
        ModelUri::Other => None,
    });
    let url = Endpoint::parse(&served.address()).map_or_else(|_| served.address(), |at| at.shown_url());
    let known = identity_of_served(served);
    Candidate { choice: Choice::At(url.clone()), name: served.title(), url, model, known, said: None }
}

fn candidate_of_profile(profile: &EndpointProfile) -> Candidate {
    let model = profile.bound.as_ref().map(|bound| ServedModel {
        server: bound.server.clone(),
        name: bound.model.clone(),
        alias: bound.alias().map(str::to_owned),
    });
    let (url, said) = (profile.url.clone(), profile.bound.as_ref().and_then(Bound::version));
    Candidate { choice: Choice::At(url.clone()), name: profile.title(), url, model, known: None, said }
}

fn candidate_of_listed(listed: &ServingEndpoint, server: String) -> Candidate {
    let version = listed.version();
    let model = version.map(|(name, _)| ServedModel { server, name: name.to_owned(), alias: None });
    let (url, said) = (listed.url.clone(), version.map(|(_, version)| version));
    Candidate { choice: Choice::At(url.clone()), name: listed.name.clone(), url, model, known: None, said }
}

fn column_of(candidate: &Candidate) -> Column {
    Column {
        name: candidate.name.clone(),
        url: candidate.url.clone(),
        model: candidate.model.clone(),
        sample: matches!(candidate.choice, Choice::Sample(_)),
        ..Column::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_said_before() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(Start::describe(3, &[]), "Choose who is to be asked");
        assert_eq!(Start::describe(1, &names[..1]), "Sends 1 request to a");
        let all = "Sends 20 requests to each of a, b and c: 60 requests in all";
        assert_eq!(Start::describe(20, &names), all);
    }
}
