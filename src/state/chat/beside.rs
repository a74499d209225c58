//! A comparison: two to four conversations with different endpoints under one field to write in. Each pane is a
//! conversation of its own, with its own history, stream and file; what belongs together says so itself.

use serde::{Deserialize, Serialize};

use super::{Ask, Chat, Conversation, MOST_PANES, Message};
use crate::agent::Endpoint;
use crate::state::notices::Notices;
use crate::state::settings::Settings;
use crate::state::tasks::Tasks;

/// The place of a conversation in a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// Which comparison.
    pub comparison: u64,
    /// From the left.
    pub place: usize,
    /// Whom it talks to, as [`Endpoint::shown_url`] gives it.
    pub address: String,
}

impl Conversation {
    /// Whom a pane talks to; empty for a conversation that is in no comparison.
    pub fn address(&self) -> &str {
        self.beside.as_ref().map(|beside| beside.address.as_str()).unwrap_or_default()
    }
}

impl Chat {
    /// The panes of the comparison that is shown, from the left; none where one conversation is shown.
    pub fn panes(&self) -> Vec<&Conversation> {
        let Some(comparison) = self.comparison() else { return Vec::new() };
        let mut panes: Vec<&Conversation> =
            self.conversations.iter().filter(|known| is_in(known, comparison)).collect();
        panes.sort_by_key(|pane| pane.beside.as_ref().map(|beside| beside.place));
        if panes.len() > 1 { panes } else { Vec::new() }
    }

    /// Whether several endpoints are asked at once.
    pub fn is_comparing(&self) -> bool {
        self.panes().len() > 1
    }

    /// Whether an answer is on its way in what is shown.
    pub fn is_running(&self) -> bool {
        let panes = self.panes();
        match self.current().filter(|_| panes.is_empty()) {
            Some(current) => current.is_running(),
            None => panes.iter().any(|pane| pane.is_running()),
        }
    }

    /// The pane that the others are compared with.
    pub fn base(&self) -> Option<u64> {
        let panes = self.panes();
        let chosen = panes.iter().find(|pane| Some(pane.id) == self.base);
        chosen.or(panes.first()).map(|pane| pane.id)
    }

    /// Addresses of what is shown: of the panes, or the one that the next message goes to.
    pub fn addresses(&self) -> Vec<String> {
        let panes = self.panes();
        if panes.is_empty() && self.target.endpoint().is_some() {
            return vec![self.target.address().to_owned()];
        }
        panes.iter().map(|pane| pane.address().to_owned()).collect()
    }

    fn pane_of(&self, address: &str) -> Option<u64> {
        self.panes().iter().find(|pane| pane.address() == address).map(|pane| pane.id)
    }

    fn comparison(&self) -> Option<u64> {
        self.current()?.beside.as_ref().map(|beside| beside.comparison)
    }

    /// The conversations that a command is for: the panes, or the one that is shown.
    pub(super) fn meant(&self) -> Vec<u64> {
        let panes = self.panes();
        if self.alone || panes.is_empty() {
            return vec![self.current];
        }
        panes.iter().map(|pane| pane.id).collect()
    }

    /// Talks to these endpoints side by side from now on. A pane whose endpoint is not among them goes on as a
    /// conversation by itself; what was said so far is taken along into new ones.
    pub(super) fn compare(&mut self, addresses: &[String], tasks: &Tasks, settings: &Settings) {
        let addresses = distinct(addresses);
        let source = self.base().unwrap_or(self.current);
        if addresses.len() < 2 {
            let kept = addresses.first().and_then(|address| self.pane_of(address));
            self.current = kept.unwrap_or(source);
            self.part(&[], settings);
            if let Some(address) = addresses.first().filter(|_| kept.is_some()) {
                self.target.set_address(address, tasks);
                self.take_profile(settings);
            }
            return;
        }
        let open: Vec<(u64, String)> =
            self.panes().iter().map(|pane| (pane.id, pane.address().to_owned())).collect();
        let mut free: Vec<(u64, String)> = if open.is_empty() { self.single(&addresses) } else { open };
        let comparison = self.comparison().filter(|_| self.is_comparing());
        let comparison = comparison.unwrap_or_else(|| self.new_id());
        let mut places = Vec::new();
        for address in &addresses {
            let at = free.iter().position(|(_, free)| free == address);
            let id = at.map(|at| free.remove(at).0);
            let id = id.unwrap_or_else(|| self.copy(source));
            places.push(id);
        }
        self.part(&places, settings);
        for (place, (id, address)) in places.iter().zip(addresses).enumerate() {
            self.put(*id, Some(Beside { comparison, place, address }), settings);
        }
        self.current = places.first().copied().unwrap_or(source);
        self.relist();
    }

    /// The conversation that is shown becomes a pane if it talks to one of these; an empty one does in any case.
    fn single(&self, addresses: &[String]) -> Vec<(u64, String)> {
        let Some(current) = self.current() else { return Vec::new() };
        let address = self.target.address().to_owned();
        if addresses.contains(&address) {
            return vec![(current.id, address)];
        }
        let first = addresses.first().filter(|_| current.turns.is_empty());
        first.map(|first| (current.id, first.clone())).into_iter().collect()
    }

    /// What was said so far, to go on with another endpoint.
    fn copy(&mut self, source: u64) -> u64 {
        let mut next = self.next_id;
        let copied = self.conversations.iter().find(|known| known.id == source).map(|source| {
            source.copied(|| {
                next += 1;
                next - 1
            })
        });
        let copied = copied.unwrap_or_else(|| Conversation::new(next, String::new()));
        self.next_id = next.max(copied.id + 1);
        let id = copied.id;
        self.conversations.insert(0, copied);
        id
    }

    /// Takes panes out of the comparison that is shown, but for these; what nothing was said in is gone.
    fn part(&mut self, but: &[u64], settings: &Settings) {
        let gone: Vec<u64> = self.panes().iter().map(|pane| pane.id).filter(|id| !but.contains(id)).collect();
        for id in &gone {
            self.put(*id, None, settings);
        }
        let current = self.current;
        if self.conversations.len() > gone.len() {
            self.conversations
                .retain(|known| !(gone.contains(&known.id) && known.turns.is_empty() && known.id != current));
        }
        self.relist();
    }

    fn put(&mut self, id: u64, beside: Option<Beside>, settings: &Settings) {
        let Some(known) = self.conversations.iter_mut().find(|known| known.id == id) else { return };
        if known.beside == beside {
            return;
        }
        known.beside.clone_from(&beside);
        if known.kept {
            self.keep_placed(id, beside, settings);
        } else if !known.turns.is_empty() {
            self.keep_whole(id, settings);
        }
    }

    /// One pane fewer; it goes on by itself.
    pub(super) fn close_pane(&mut self, id: u64, tasks: &Tasks, settings: &Settings) {
        let panes = self.panes();
        let left: Vec<String> =
            panes.iter().filter(|pane| pane.id != id).map(|pane| pane.address().to_owned()).collect();
        self.compare(&left, tasks, settings);
    }

    /// Where the next message of a conversation goes.
    pub(super) fn endpoint_for(&self, id: u64, settings: &Settings) -> Option<Endpoint> {
        match self.panes().iter().find(|pane| pane.id == id) {
            Some(pane) => self.target.endpoint_of(&settings.profile(pane.address())),
            None => self.target.endpoint().cloned(),
        }
    }

    /// Panes that can take a message now.
    pub(super) fn ready(&self) -> Vec<u64> {
        let is_ready = |id: &u64| {
            let known = self.conversations.iter().find(|known| known.id == *id);
            known.is_some_and(|known| !known.is_running() && known.is_well_typed())
        };
        self.meant().into_iter().filter(is_ready).collect()
    }

    /// Sends a message to every pane that is not busy.
    pub(super) fn say_to_all(
        &mut self,
        message: &Message,
        tasks: &Tasks,
        notices: &mut Notices,
        settings: &Settings,
    ) {
        let ready = self.ready();
        let step = self.next_id;
        for id in &ready {
            let ask = Ask::Message(message.clone());
            self.send_in(*id, ask, Some(step), tasks, notices, settings);
        }
    }

    /// Asks again what stands at a step, in every pane that has it and is not busy: with other words, or the same.
    pub(super) fn again(
        &mut self,
        step: u64,
        message: Option<&Message>,
        tasks: &Tasks,
        notices: &mut Notices,
        settings: &Settings,
    ) {
        for id in self.ready() {
            let pane = self.conversations.iter_mut().find(|known| known.id == id);
            let asked = pane.and_then(|pane| {
                let turn = pane.turns.iter().find(|turn| turn.step() == step)?.id;
                pane.go_back(turn)
            });
            let Some(asked) = asked else { continue };
            let ask = message.cloned().map_or(asked, Ask::Message);
            self.send_in(id, ask, Some(step), tasks, notices, settings);
        }
    }

    /// The step of a turn that is shown.
    pub(super) fn step_of(&self, turn: u64) -> Option<u64> {
        let shown = self.panes();
        let turns = shown
            .iter()
            .flat_map(|pane| &pane.turns)
            .chain(self.current().map(|c| &c.turns).into_iter().flatten());
        turns.into_iter().find(|known| known.id == turn).map(super::Turn::step)
    }
}

fn is_in(conversation: &Conversation, comparison: u64) -> bool {
    conversation.beside.as_ref().is_some_and(|beside| beside.comparison == comparison)
}

/// Addresses as they are shown, each once, as many as there is room for.
fn distinct(addresses: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for address in addresses {
        let Ok(endpoint) = Endpoint::parse(address) else { continue };
        let address = endpoint.shown_url();
        if !all.contains(&address) && all.len() < MOST_PANES {
            all.push(address);
        }
    }
    all
}
