//! Conversations with served agents. They need no tracking server.
//!
//! - `endpoint`: which agent is talked to, and how it is;
//! - `turn`: a question and its answer; `conversation`: turns, and what the next request carries;
//! - `attached`: files that go along with the next message; `pictures`: small pictures of them;
//! - `beside`, `difference`, `steps`, `pace`: several endpoints side by side;
//! - `prompts`: those of the server's registry; `prompt`: what is made of one;
//! - `kept`: the list of all, and what is done with it;
//! - `shelf`: conversations on disk;
//! - `markdown`: a conversation for the clipboard;
//! - `client`: the one HTTP client.

mod attached;
mod beside;
#[cfg(test)]
mod beside_tests;
mod client;
mod conversation;
mod difference;
mod endpoint;
mod kept;
mod markdown;
mod pace;
mod pictures;
pub mod prompt;
mod prompts;
mod shelf;
mod steps;
mod turn;

use std::time::Instant;

pub use attached::{AttachCommand, Attached, Pasted};
pub use beside::Beside;
pub(in crate::state) use client::SharedClient;
pub use conversation::Conversation;
use conversation::Question;
use difference::Differences;
pub use difference::{CallChange, Difference, Mark};
pub use endpoint::{TOKEN_VARIABLE, Target};
pub use kept::CopyAs;
use kept::Kept;
pub use markdown::markdown;
use pace::Pace;
pub use pictures::{Pictures, Small};
pub use prompts::{Pick, Prompts, PromptsCommand};
pub use shelf::Summary;
pub use steps::{Figures, Step, Summing, fastest, steps, sum_up};
pub use turn::{Ask, FoundTrace, Manner, Turn};

use super::format;
use super::notices::Notices;
use super::settings::Settings;
use super::tasks::Tasks;
pub use crate::agent::{Attachment, Message};
use crate::agent::{RequestDialect, Token};

/// More endpoints than this are not asked at once.
pub const MOST_PANES: usize = 4;

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
    /// Remember what variables of prompts were given, by name.
    SetPromptValues(prompt::Values),
    /// Send this as `custom_inputs` with every message of the conversation: JSON, or nothing.
    SetCustomInputs(String),
    /// Send this as `context` with every message of the conversation: JSON, or nothing.
    SetContext(String),
    /// Ask for a stream, or for the whole answer at once.
    SetStream(bool),
    /// Send a message.
    Send(Message),
    /// Send this in place of an earlier message, as another branch; as a new one, if that is not shown any more.
    Edit {
        /// Id of the conversation that the message belongs to.
        conversation: u64,
        /// Id of the turn that the message began.
        turn: u64,
        /// What to send.
        message: Message,
    },
    /// About the files that go along with the next message.
    Attach(AttachCommand),
    /// Make a small picture of a file.
    Picture(Attachment),
    /// Ask the question of a turn again, as another branch.
    Regenerate(u64),
    /// Ask an endpoint in this dialect from now on, and the question of this turn again. Only a click asks for it.
    UseDialect {
        /// The turn that was refused.
        turn: u64,
        /// What the endpoint wants.
        dialect: RequestDialect,
    },
    /// Ask again what stands at a step of the comparison, in every pane.
    RegenerateStep(u64),
    /// Talk to these endpoints side by side; what was said so far goes with it. With one address it goes on alone.
    Compare(Vec<String>),
    /// Take a pane out of the comparison.
    ClosePane(u64),
    /// Compare the other panes with this one.
    SetBase(u64),
    /// Mark what differs, or not.
    MarkDifferences(bool),
    /// For one pane of the comparison alone, by the id of its conversation.
    InPane(u64, Box<ChatCommand>),
    /// Show the branch that a turn belongs to, up to its latest end.
    ShowBranch(u64),
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
    /// Call a conversation by this name; an empty one gives back its first words.
    Rename(u64, String),
    /// Delete a conversation. It can be taken back until the app is closed.
    Delete(u64),
    /// Delete all conversations, those on disk too.
    DeleteAll,
    /// Take deleted conversations back.
    Restore(Vec<u64>),
    /// Look for words in titles and texts of all conversations.
    Search(String),
    /// Ask where to, and write a conversation there as JSON Lines; all of them without an id.
    Export(Option<u64>),
    /// Put a conversation on the clipboard; it is read first where it is not loaded.
    Copy(u64, CopyAs),
    /// Ask for a file of JSON Lines, and read the conversations in it.
    Import,
    /// Keep conversations on this machine, or not.
    Keep(bool),
}

/// Conversations with served agents.
pub struct Chat {
    /// Whom the next message goes to.
    pub target: Target,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Files that go along with the next message.
    pub attached: Attached,
    /// Small pictures of images.
    pub pictures: Pictures,
    conversations: Vec<Conversation>,
    current: u64,
    kept: Kept,
    next_id: u64,
    opened: bool,
    sample: Vec<String>,
    /// `custom_inputs` for the present endpoint where the conversation has none, as typed.
    inputs: String,
    client: SharedClient,
    /// The pane that the others are compared with, if it was chosen.
    base: Option<u64>,
    /// Whether differences are marked.
    pub marks: bool,
    /// The command under way is for the current pane alone.
    alone: bool,
    differences: Differences,
    pace: Pace,
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
        // Ids are unique among those that other days and windows gave, which began at other microseconds.
        let first = u64::try_from(format::now()).unwrap_or_default().saturating_mul(1000);
        Self {
            target: Target::new(client.clone(), token),
            stream: true,
            attached: Attached::default(),
            pictures: Pictures::default(),
            conversations: vec![Conversation::new(first, String::new())],
            current: first,
            kept: Kept::default(),
            next_id: first + 1,
            opened: false,
            sample: Vec::new(),
            inputs: String::new(),
            client,
            base: None,
            marks: true,
            alone: false,
            differences: Differences::default(),
            pace: Pace::default(),
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

    /// The conversations that are loaded. Never empty.
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The one that is shown.
    pub fn current(&self) -> Option<&Conversation> {
        self.conversations.iter().find(|conversation| conversation.id == self.current)
    }

    /// Whether a message can be sent now.
    pub fn can_send(&self) -> bool {
        let alone = self.target.endpoint().is_some() && self.target.missing_login().is_none();
        let addressed = alone || self.is_comparing();
        addressed && !self.ready().is_empty()
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, tasks: &Tasks, notices: &mut Notices, settings: &mut Settings) {
        self.target.poll(tasks);
        self.attached.poll(tasks, notices);
        self.pictures.poll(tasks);
        self.poll_kept(notices);
        let mut grown = Vec::new();
        for conversation in &mut self.conversations {
            let arrived = conversation.poll(deadline);
            if arrived.something {
                grown.push((conversation.id, arrived.ended));
            }
            if let Some(address) = arrived.from
                && !self.sample.contains(&address)
            {
                settings.remember_endpoint(&address);
                self.target.has_answered(&address, tasks);
            }
        }
        for (id, ended) in grown {
            self.keep_grown(id, ended, settings);
        }
        self.poll_differences(tasks);
    }

    /// Talks to the first of the sample's agents from now on. Their addresses are not kept: they hold until the app is
    /// closed.
    pub fn use_sample(&mut self, addresses: &[String], tasks: &Tasks) {
        if let Some(first) = addresses.first() {
            self.target.set_address(first, tasks);
        }
        self.sample = addresses.to_vec();
        self.inputs.clear();
    }

    /// Whether the sample's agent is talked to.
    pub fn is_sample(&self) -> bool {
        self.sample.iter().any(|address| address == self.target.address())
    }

    /// Whether one of the sample's agents was asked, which trace nothing.
    pub fn is_of_sample(&self, turn: &Turn) -> bool {
        self.sample.contains(&turn.endpoint.shown_url())
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
            ChatCommand::SetAddress(typed) => {
                self.target.set_address(&typed, tasks);
                self.take_profile(settings);
            }
            ChatCommand::SetToken(token) => self.target.set_token(token, tasks),
            ChatCommand::ForgetAddress(address) => {
                let profile = settings.profile(&address);
                if profile.keyring {
                    self.target.kept.forget(&profile, tasks);
                }
                settings.forget_endpoint(&address);
                self.take_profile(settings);
            }
            ChatCommand::Probe => self.target.probe(tasks),
            ChatCommand::SetSystemPrompt(prompt) => {
                self.each_meant(|known| known.system_prompt.clone_from(&prompt));
            }
            ChatCommand::SetPromptValues(values) => {
                self.each_meant(|known| known.prompt_values.extend(values.clone()));
            }
            ChatCommand::SetCustomInputs(typed) => {
                self.each_meant(|known| known.set_custom_inputs(typed.clone()));
            }
            ChatCommand::SetContext(typed) => {
                self.each_meant(|known| known.set_context(typed.clone()));
            }
            ChatCommand::SetStream(stream) => self.stream = stream,
            ChatCommand::Send(message) => self.say(message, tasks, notices, settings),
            ChatCommand::Attach(command) => {
                self.attached.apply(command, self.kept.dialogs(), tasks);
            }
            ChatCommand::Picture(file) => self.pictures.ask(file, tasks),
            ChatCommand::Edit { conversation, turn, message } => {
                let step = self.step_of(turn).filter(|_| self.is_comparing() && !message.is_empty());
                if let Some(step) = step {
                    self.attached.sent(&message);
                    self.again(step, Some(&message), tasks, notices, settings);
                    return;
                }
                if self.current == conversation && self.can_send() && !message.is_empty() {
                    self.go_back(turn);
                }
                self.say(message, tasks, notices, settings);
            }
            ChatCommand::RegenerateStep(step) => self.again(step, None, tasks, notices, settings),
            ChatCommand::Compare(addresses) => self.compare(&addresses, tasks, settings),
            ChatCommand::ClosePane(id) => self.close_pane(id, tasks, settings),
            ChatCommand::SetBase(id) => self.base = Some(id),
            ChatCommand::MarkDifferences(marks) => self.marks = marks,
            ChatCommand::InPane(id, command) => {
                if self.panes().iter().any(|pane| pane.id == id) {
                    self.current = id;
                    self.alone = true;
                    self.apply(*command, tasks, notices, settings);
                    self.alone = false;
                }
            }
            ChatCommand::ShowBranch(turn) => {
                if self.current_mut().is_some_and(|current| current.show_branch(turn)) {
                    self.keep_shown(self.current, settings);
                }
            }
            ChatCommand::Regenerate(turn) => {
                let step = self.step_of(turn).filter(|_| self.is_comparing());
                if self.can_send()
                    && let Some(ask) = self.go_back(turn)
                {
                    self.send_in(self.current, ask, step, tasks, notices, settings);
                }
            }
            ChatCommand::UseDialect { turn, dialect } => {
                self.use_dialect(turn, dialect, settings);
                self.apply(ChatCommand::Regenerate(turn), tasks, notices, settings);
            }
            ChatCommand::Decide { request, approve } if self.can_send() => {
                let decided = self.current_mut().and_then(|current| current.decide(&request, approve));
                // The answer to an answer stands at its height.
                let step = self.current().filter(|_| self.is_comparing()).and_then(|c| c.turns.last());
                let step = step.map(Turn::step);
                if let Some(decisions) = decided {
                    self.send_in(self.current, Ask::Approvals(decisions), step, tasks, notices, settings);
                }
            }
            ChatCommand::Decide { .. } => {}
            ChatCommand::Stop => {
                for id in self.meant() {
                    let stopped = self.conversations.iter_mut().find(|known| known.id == id);
                    if stopped.is_some_and(Conversation::stop) {
                        self.keep_grown(id, true, settings);
                    }
                }
            }
            ChatCommand::New => self.begin(),
            ChatCommand::Show(id) => self.show(id),
            ChatCommand::Rename(id, name) => self.rename(id, &name, settings),
            ChatCommand::Delete(id) => self.delete(&[id], notices),
            ChatCommand::DeleteAll => {
                let all: Vec<u64> = self.all().iter().map(|known| known.id).collect();
                self.delete(&all, notices);
            }
            ChatCommand::Restore(ids) => self.restore(&ids),
            ChatCommand::Search(words) => self.search(&words),
            ChatCommand::Export(one) => self.export(one, tasks),
            ChatCommand::Copy(id, copy_as) => self.copy_text(id, copy_as),
            ChatCommand::Import => self.import(tasks),
            ChatCommand::Keep(keep) => self.set_keep(keep, settings),
        }
    }

    fn open(&mut self, tasks: &Tasks, settings: &Settings) {
        let first = !std::mem::replace(&mut self.opened, true);
        if first
            && self.target.address().is_empty()
            && let Some(last) = settings.endpoints.first()
        {
            self.target.set_address(last, tasks);
            self.take_profile(settings);
        }
    }

    /// The present endpoint is asked as its profile says.
    pub fn take_profile(&mut self, settings: &Settings) {
        let profile = settings.profile(self.target.address());
        self.inputs.clone_from(&profile.custom_inputs);
        self.target.take_profile(&profile);
    }

    /// The endpoint that refused a turn is asked in another dialect.
    fn use_dialect(&mut self, turn: u64, dialect: RequestDialect, settings: &mut Settings) {
        let refused = self.current().and_then(|current| current.turns.iter().find(|known| known.id == turn));
        if let Some(refused) = refused {
            settings.profile_mut(&refused.endpoint.shown_url()).dialect = Some(dialect);
            self.take_profile(settings);
        }
    }

    fn current_mut(&mut self) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|conversation| conversation.id == self.current)
    }

    fn go_back(&mut self, turn: u64) -> Option<Ask> {
        self.current_mut()?.go_back(turn)
    }

    /// Sends a message; a server that the user writes to may have the default token.
    fn say(&mut self, message: Message, tasks: &Tasks, notices: &mut Notices, settings: &Settings) {
        if !self.can_send() || message.is_empty() {
            return;
        }
        self.attached.sent(&message);
        if self.is_comparing() {
            self.say_to_all(&message, tasks, notices, settings);
        } else {
            self.target.address_server();
            self.send_in(self.current, Ask::Message(message), None, tasks, notices, settings);
        }
    }

    /// Sends in a conversation, unless there is no address or an answer under way.
    fn send_in(
        &mut self,
        conversation: u64,
        ask: Ask,
        step: Option<u64>,
        tasks: &Tasks,
        notices: &mut Notices,
        settings: &Settings,
    ) {
        let Some(endpoint) = self.endpoint_for(conversation, settings) else { return };
        if !self.ready().contains(&conversation) {
            return;
        }
        let profile = settings.profile(&endpoint.shown_url());
        if let Some(missing) = self.target.missing_login_of(&profile) {
            notices.failed(missing.clone(), missing, None);
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
        let (id, stream) = (self.new_id(), self.stream);
        let comparing = self.is_comparing();
        let pace = comparing.then(|| self.pace.clone());
        let known = self.conversations.iter_mut().find(|known| known.id == conversation);
        if let Some(current) = known {
            let inputs = if comparing {
                settings.profile(current.address()).custom_inputs
            } else {
                self.inputs.clone()
            };
            let mut manner = current.manner(stream);
            // What was typed for the conversation comes first.
            if manner.custom_inputs.trim().is_empty() {
                manner.custom_inputs = inputs;
            }
            if profile.marked {
                manner.marker = format!("{id:x}");
            }
            current.send(&client, tasks, Question { id, ask, endpoint, manner, step, pace });
        }
        self.keep_begun(conversation, settings);
    }

    fn each_meant(&mut self, change: impl Fn(&mut Conversation)) {
        let meant = self.meant();
        self.conversations.iter_mut().filter(|known| meant.contains(&known.id)).for_each(change);
    }

    fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Begins another conversation with the same system prompt; an empty one is used again.
    fn begin(&mut self) {
        let prompt = self.current().map(|current| current.system_prompt.clone()).unwrap_or_default();
        let is_free = |known: &&Conversation| known.turns.is_empty() && known.beside.is_none();
        if let Some(empty) = self.conversations.iter().find(is_free) {
            self.current = empty.id;
            return;
        }
        let id = self.new_id();
        self.conversations.insert(0, Conversation::new(id, prompt));
        self.current = id;
    }
}
