//! Conversations with served agents. They need no tracking server.
//!
//! - `endpoint`: which agent is talked to, and how it is;
//! - `conversation`: turns, and what the next request carries;
//! - `client`: the one HTTP client.

mod client;
mod conversation;
mod endpoint;

use std::time::Instant;

use client::SharedClient;
use conversation::Question;
pub use conversation::{Ask, Conversation, Turn};
pub use endpoint::{TOKEN_VARIABLE, Target};

use super::notices::Notices;
use super::settings::Settings;
use super::tasks::Tasks;
use crate::agent::Token;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum ChatCommand {
    /// The chat is shown for the first time: take the last address up.
    Open,
    /// Talk to this address from now on. A turn under way ends where it began.
    SetAddress(String),
    /// Use this token for the present server; empty for none. Never written anywhere.
    SetToken(Token),
    /// Take an address off the list of recent ones.
    ForgetAddress(String),
    /// Ask the endpoint how it is.
    Probe,
    /// Say this first in every request of the conversation.
    SetSystemPrompt(String),
    /// Ask for a stream, or for the whole answer at once.
    SetStream(bool),
    /// Send a message.
    Send(String),
    /// Send this in place of the last message; as a new one, if that is another by now.
    ReplaceLast {
        /// Id of the conversation that the message belongs to.
        conversation: u64,
        /// Id of the turn that the message began.
        turn: u64,
        /// What to send.
        text: String,
    },
    /// Ask the last question again, after it failed.
    Retry,
    /// Answer an MCP approval request; sent once all requests of an answer are decided.
    Decide {
        /// Id of the request.
        request: String,
        /// Yes or no.
        approve: bool,
    },
    /// Hang up on the answer under way.
    Stop,
    /// Begin another conversation.
    New,
    /// Show a conversation.
    Show(u64),
    /// Drop a conversation.
    Delete(u64),
}

/// Conversations with served agents.
pub struct Chat {
    /// Whom the next message goes to.
    pub target: Target,
    /// Whether a stream is asked for.
    pub stream: bool,
    conversations: Vec<Conversation>,
    current: u64,
    next_id: u64,
    opened: bool,
    sample: Option<String>,
    client: SharedClient,
}

impl Default for Chat {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Chat {
    /// One empty conversation. `token` goes with messages to servers for which none is entered.
    pub fn new(token: Option<Token>) -> Self {
        let client = SharedClient::default();
        Self {
            target: Target::new(client.clone(), token),
            stream: true,
            conversations: vec![Conversation::new(0, String::new())],
            current: 0,
            next_id: 1,
            opened: false,
            sample: None,
            client,
        }
    }

    /// [`Self::new`] with the token of [`TOKEN_VARIABLE`].
    pub fn from_environment() -> Self {
        Self::new(std::env::var(TOKEN_VARIABLE).ok().map(|token| Token::new(&token)))
    }

    /// Whether [`ChatCommand::Open`] was carried out.
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// All conversations, the newest first. Never empty.
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The one that is shown.
    pub fn current(&self) -> Option<&Conversation> {
        self.conversations.iter().find(|conversation| conversation.id == self.current)
    }

    /// Whether a message can be sent now.
    pub fn can_send(&self) -> bool {
        self.target.endpoint().is_some() && self.current().is_some_and(|current| !current.is_running())
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, tasks: &Tasks, settings: &mut Settings) {
        self.target.poll();
        for conversation in &mut self.conversations {
            if let Some(address) = conversation.poll(deadline)
                && self.sample.as_ref() != Some(&address)
            {
                settings.remember_endpoint(&address);
                self.target.has_answered(&address, tasks);
            }
        }
    }

    /// Talks to the sample's agent from now on. Its address is not kept: it holds until the app is closed.
    pub fn use_sample(&mut self, address: &str, tasks: &Tasks) {
        self.target.set_address(address, tasks);
        self.sample = Some(self.target.address().to_owned());
    }

    /// Whether the sample's agent is talked to.
    pub fn is_sample(&self) -> bool {
        self.sample.as_deref() == Some(self.target.address())
    }

    /// Asks the endpoint how it is.
    pub fn refresh(&mut self, tasks: &Tasks) {
        self.target.probe(tasks);
    }

    /// Carries a command out.
    pub fn apply(
        &mut self,
        command: ChatCommand,
        tasks: &Tasks,
        notices: &mut Notices,
        settings: &mut Settings,
    ) {
        match command {
            ChatCommand::Open => self.open(tasks, settings),
            ChatCommand::SetAddress(typed) => self.target.set_address(&typed, tasks),
            ChatCommand::SetToken(token) => self.target.set_token(token, tasks),
            ChatCommand::ForgetAddress(address) => settings.endpoints.retain(|known| *known != address),
            ChatCommand::Probe => self.target.probe(tasks),
            ChatCommand::SetSystemPrompt(prompt) => {
                if let Some(current) = self.current_mut() {
                    current.system_prompt = prompt;
                }
            }
            ChatCommand::SetStream(stream) => self.stream = stream,
            ChatCommand::Send(text) => self.say(text, tasks, notices),
            ChatCommand::ReplaceLast { conversation, turn, text } => {
                let current = self.current().filter(|current| current.id == conversation);
                let is_last = current.is_some_and(|current| current.last_turn() == Some(turn));
                if is_last && self.can_send() && !text.trim().is_empty() {
                    self.take_back();
                }
                self.say(text, tasks, notices);
            }
            ChatCommand::Retry => {
                if self.can_send()
                    && let Some(ask) = self.take_back()
                {
                    self.send(ask, tasks, notices);
                }
            }
            ChatCommand::Decide { request, approve } if self.can_send() => {
                let decided = self.current_mut().and_then(|current| current.decide(&request, approve));
                if let Some(decisions) = decided {
                    self.send(Ask::Approvals(decisions), tasks, notices);
                }
            }
            ChatCommand::Decide { .. } => {}
            ChatCommand::Stop => {
                if let Some(current) = self.current_mut() {
                    current.stop();
                }
            }
            ChatCommand::New => self.begin(),
            ChatCommand::Show(id) => self.current = id,
            ChatCommand::Delete(id) => self.delete(id),
        }
    }

    fn open(&mut self, tasks: &Tasks, settings: &Settings) {
        let first = !std::mem::replace(&mut self.opened, true);
        if first
            && self.target.address().is_empty()
            && let Some(last) = settings.endpoints.first()
        {
            self.target.set_address(last, tasks);
        }
    }

    fn current_mut(&mut self) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|conversation| conversation.id == self.current)
    }

    fn take_back(&mut self) -> Option<Ask> {
        self.current_mut()?.take_back()
    }

    /// Sends a message; a server that the user writes to may have the default token.
    fn say(&mut self, text: String, tasks: &Tasks, notices: &mut Notices) {
        if self.can_send() && !text.trim().is_empty() {
            self.target.address_server();
            self.send(Ask::Text(text), tasks, notices);
        }
    }

    /// Sends, unless there is no address or an answer under way.
    fn send(&mut self, ask: Ask, tasks: &Tasks, notices: &mut Notices) {
        let Some(endpoint) = self.target.endpoint().cloned() else { return };
        if !self.can_send() {
            return;
        }
        let client = match self.client.get() {
            Ok(client) => client,
            Err(error) => {
                let text = format!("{error}. {}", error.next_step());
                notices.failed(text.clone(), text, None);
                return;
            }
        };
        let question = Question { id: self.new_id(), ask, endpoint, stream: self.stream };
        if let Some(current) = self.current_mut() {
            current.send(&client, tasks, question);
        }
    }

    fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Begins another conversation with the same system prompt; an empty one is used again.
    fn begin(&mut self) {
        let prompt = self.current().map(|current| current.system_prompt.clone()).unwrap_or_default();
        if let Some(empty) = self.conversations.iter().find(|conversation| conversation.turns.is_empty()) {
            self.current = empty.id;
            return;
        }
        let id = self.new_id();
        self.conversations.insert(0, Conversation::new(id, prompt));
        self.current = id;
    }

    fn delete(&mut self, id: u64) {
        let at = self.conversations.iter().position(|conversation| conversation.id == id);
        self.conversations.retain(|conversation| conversation.id != id);
        if self.conversations.is_empty() {
            self.begin();
        } else if self.current == id
            && let Some(next) = at.and_then(|at| self.conversations.get(at)).or(self.conversations.first())
        {
            self.current = next.id;
        }
    }
}
