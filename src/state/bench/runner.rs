//! Asks the prompts of a run, on every endpoint by itself and a few at a time, and reports what happens as the lines
//! that are kept of it. Each prompt is a conversation of its own. Nothing is asked twice: what was dropped on the way
//! is missing, and asked again only when somebody says so.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};

use super::result::{Cell, Identity, Known};
use super::set::{Case, Prompt, PromptSet};
use super::shelf::{Record, When};
use crate::agent::history::{Entry, input_items};
use crate::agent::wire::{Item, ItemBody, ItemStatus, Part};
use crate::agent::{
    AgentClient, CustomInputs, Dialect, Endpoint, Message, Payload, Transcript, TurnEvent,
    typed_custom_inputs,
};
use crate::entities::{Millis, VersionNumber};
use crate::state::chat::SharedClient;
use crate::state::endpoints::Witness;
use crate::state::format;
use crate::state::tasks::{Feed, Feeder, Tasks};

/// Prompts that one endpoint is asked at the same time, at most.
pub const MOST_PARALLEL: usize = 8;
/// Prompts that one endpoint is asked at the same time, unless the user wants it otherwise.
pub const PARALLEL: usize = 2;
/// What happened and waits to be drained.
const AHEAD: usize = 64;

/// What is to be asked, of whom.
pub(super) struct Job {
    pub set: Arc<PromptSet>,
    pub columns: Vec<Asked>,
    /// Rows and columns, in the order in which they are asked.
    pub todo: Vec<(usize, usize)>,
    /// Prompts that one endpoint is asked at the same time.
    pub parallel: usize,
    /// Answers came before: the run goes on.
    pub resumed: bool,
    pub client: SharedClient,
}

/// One endpoint of a run.
pub(super) struct Asked {
    /// With the token that may be sent; or why it cannot be asked.
    pub endpoint: Result<Endpoint, String>,
    /// What goes with prompts that have no `custom_inputs` of their own.
    pub inputs: Option<CustomInputs>,
    /// What is known without asking anybody.
    pub known: Option<Identity>,
    /// Who can find out which version answers.
    pub witness: Option<Witness>,
    /// What the user says.
    pub word: Option<VersionNumber>,
}

/// The traces of the answers of one endpoint.
#[derive(Default)]
struct Traces {
    /// Whole answers.
    answered: usize,
    first: Option<String>,
    last: Option<String>,
}

impl Traces {
    fn take(&mut self, cell: &Cell) {
        self.answered += usize::from(cell.failure.is_none());
        if let Some(id) = &cell.trace_id {
            self.first.get_or_insert_with(|| id.clone());
            self.last = Some(id.clone());
        }
    }
}

impl Job {
    /// Begins. Dropping the feed hangs up on everything under way.
    pub(super) fn start(self, tasks: &Tasks) -> Feed<Record<'static>> {
        let runtime = tasks.clone();
        tasks.spawn_feed(AHEAD, |feeder| async move {
            let client = match self.client.get() {
                Ok(client) => client,
                Err(error) => {
                    let why = format!("{error}. {}", error.next_step());
                    self.refuse(&why, &feeder).await;
                    return;
                }
            };
            let columns = self.columns.iter().enumerate();
            let columns = columns.map(|(at, asked)| self.column(at, asked, &client, &runtime, &feeder));
            futures_util::future::join_all(columns).await;
            feeder.send(Record::End { at: format::now() }).await;
        })
    }

    async fn refuse(&self, why: &str, feeder: &Feeder<Record<'static>>) {
        for &(row, column) in &self.todo {
            let cell = Box::new(Cell::failed(why, format::now()));
            feeder.send(Record::Cell { row, column, cell, dialect: Dialect::Unknown }).await;
        }
        feeder.send(Record::End { at: format::now() }).await;
    }

    /// Everything that one endpoint is asked.
    async fn column(
        &self,
        column: usize,
        asked: &Asked,
        client: &AgentClient,
        tasks: &Tasks,
        feeder: &Feeder<Record<'static>>,
    ) {
        let since = format::now();
        let first = asked.look().await;
        let when = if self.resumed { When::Between } else { When::Before };
        let is_known = first.version.is_some();
        if is_known || !self.resumed {
            feeder.send(Record::Look { column, look: first, when }).await;
        }
        let rows = self.todo.iter().filter(|(_, of)| *of == column).map(|(row, _)| *row);
        let traces = Mutex::new(Traces::default());
        stream::iter(rows)
            .for_each_concurrent(self.parallel.clamp(1, MOST_PARALLEL), |row| {
                let traces = &traces;
                async move {
                    let Some(case) = self.set.cases.get(row) else { return };
                    let (cell, dialect) = asked.ask(case, client, tasks).await;
                    traces.lock().unwrap_or_else(PoisonError::into_inner).take(&cell);
                    feeder.send(Record::Cell { row, column, cell: Box::new(cell), dialect }).await;
                }
            })
            .await;
        let traces = traces.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (at_first, at_last) = asked.look_again(since, &traces).await;
        if !is_known {
            // The first answer tells what nobody knew before it.
            feeder.send(Record::Look { column, look: at_first, when }).await;
        }
        feeder.send(Record::Look { column, look: at_last, when: When::After }).await;
    }
}

impl Asked {
    /// Which version answers, before anything was asked.
    async fn look(&self) -> Identity {
        let at = format::now();
        if let Some(known) = &self.known {
            return Identity { at, ..known.clone() };
        }
        let seen = match &self.witness {
            Some(witness) => witness.own_word().await,
            None => None,
        };
        match seen {
            Some(version) => Identity { version: Some(version), known: Known::Info, at },
            None => self.said("It does not say so itself", at),
        }
    }

    /// Which version gave the first and the last of the answers since then.
    async fn look_again(&self, since: Millis, traces: &Traces) -> (Identity, Identity) {
        let now = self.look().await;
        let Some(witness) = self.witness.as_ref().filter(|_| self.known.is_none()) else {
            return (now.clone(), now);
        };
        let seen = match (&traces.first, &traces.last) {
            (Some(first), Some(last)) => {
                let versions = async { (witness.of_trace(first).await, witness.of_trace(last).await) };
                match versions.await {
                    (Ok(Some(a)), Ok(Some(b))) => Ok(Some(((a, first.clone()), (b, last.clone())))),
                    (Err(error), _) | (_, Err(error)) => Err(error),
                    _ => Ok(None),
                }
            }
            _ if traces.answered == 0 => Ok(None),
            _ => witness.since(since, traces.answered).await,
        };
        let by_trace =
            |(version, id)| Identity { version: Some(version), known: Known::Trace(id), at: now.at };
        match seen {
            Ok(Some((first, last))) => (by_trace(first), by_trace(last)),
            _ if now.version.is_some() => (now.clone(), now),
            Ok(None) => {
                let why = "No trace of its answers on this server names the version";
                (self.said(why, now.at), self.said(why, now.at))
            }
            Err(error) => {
                let why = format!("The traces could not be read: {error}");
                (self.said(&why, now.at), self.said(&why, now.at))
            }
        }
    }

    /// The user's word, where nothing was seen.
    fn said(&self, why_not: &str, at: Millis) -> Identity {
        let known = if self.word.is_some() { Known::Word } else { Known::No(why_not.to_owned()) };
        Identity { version: self.word, known, at }
    }

    /// Asks one prompt, once.
    async fn ask(&self, case: &Case, client: &AgentClient, tasks: &Tasks) -> (Cell, Dialect) {
        let at = format::now();
        let failed = |why: &str| (self.judged(Cell::failed(why, at), case), Dialect::Unknown);
        let endpoint = match &self.endpoint {
            Ok(endpoint) => endpoint.clone(),
            Err(why) => return failed(why),
        };
        let payload = payload(case, self.inputs.as_ref());
        let mut turn = client.send(tasks.runtime(), endpoint, &payload, Arc::new(|| {}));
        let report = loop {
            match turn.next().await {
                Some(TurnEvent::Done(report)) => break report,
                Some(_) => {}
                None => return failed("The answer was lost"),
            }
        };
        (self.judged(Cell::of_report(&report, at), case), report.transcript.dialect)
    }

    /// With its checks judged, and without the secrets that some servers quote.
    fn judged(&self, mut cell: Cell, case: &Case) -> Cell {
        for secret in self.endpoint.as_ref().map(Endpoint::secrets).unwrap_or_default() {
            cell.answer = secret.scrubbed(cell.answer);
            cell.failure = cell.failure.map(|why| secret.scrubbed(why));
            for call in &mut cell.calls {
                call.arguments = secret.scrubbed(std::mem::take(&mut call.arguments));
            }
        }
        cell.judge(&case.checks);
        cell
    }
}

/// What is sent for a prompt.
fn payload(case: &Case, inputs: Option<&CustomInputs>) -> Payload {
    let mut system = case.system_prompt.clone();
    let mut said = Vec::new();
    match &case.prompt {
        Prompt::Text(text) => said.push(Said::User(text.as_str().into())),
        Prompt::Messages(messages) => {
            for message in messages {
                match message.role.as_str() {
                    "assistant" => said.push(Said::Agent(spoken(&message.content))),
                    "system" | "developer" if system.is_empty() => system.clone_from(&message.content),
                    _ => said.push(Said::User(message.content.as_str().into())),
                }
            }
        }
    }
    let entries: Vec<Entry<'_>> = said
        .iter()
        .map(|said| match said {
            Said::User(message) => Entry::User(message),
            Said::Agent(answer) => Entry::Answer(answer),
        })
        .collect();
    // What cannot be read is never asked: the set says so before.
    let own = typed_custom_inputs(&case.custom_inputs).unwrap_or_default();
    Payload::new(input_items(Some(&system), &entries)).with_custom_inputs(own.or_else(|| inputs.cloned()))
}

enum Said {
    User(Message),
    Agent(Box<Transcript>),
}

/// What an agent is said to have answered.
fn spoken(text: &str) -> Box<Transcript> {
    let item = Item {
        cycle: 0,
        index: None,
        id: None,
        kind: "message".to_owned(),
        status: ItemStatus::Completed,
        body: ItemBody::Message { role: "assistant".to_owned(), parts: vec![Part::text(text)] },
        raw: None,
    };
    Box::new(Transcript { items: vec![Arc::new(item)], ..Transcript::default() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::state::bench::set::Message;

    #[test]
    fn a_conversation_is_sent_up_to_its_last_message() {
        let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
        let messages = [("system", "Be brief"), ("user", "hi"), ("assistant", "hello"), ("user", "why?")];
        let messages = messages.map(|(role, content)| message(role, content)).into();
        let mut case = Case::of("1", Prompt::Messages(messages));
        let inputs = CustomInputs::parse("{\"depth\": 1}").unwrap();
        let sent = |case: &Case| -> Value {
            serde_json::from_str(&payload(case, inputs.as_ref()).to_json()).unwrap()
        };
        let said = |sent: &Value| -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let content = |item: &Value| match &item["content"] {
                Value::String(text) => text.clone(),
                parts => text(&parts[0]["text"]),
            };
            sent["input"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (text(&item["role"]), content(item)))
                .collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let first = sent(&case);
        let all = [
            pair("system", "Be brief"),
            pair("user", "hi"),
            pair("assistant", "hello"),
            pair("user", "why?"),
        ];
        assert_eq!(said(&first), all);
        assert_eq!(first["custom_inputs"], json!({"depth": 1}));
        case.custom_inputs = "{\"depth\": 2}".into();
        assert_eq!(sent(&case)["custom_inputs"], json!({"depth": 2}), "its own come first");
    }
}
