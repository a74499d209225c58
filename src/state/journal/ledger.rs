//! Where aliases were last seen, server by server: tells a change that somebody else made from one of ours.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{Effect, Entry, EntryId, Event, How, Move, Standing, Verdict};
use crate::entities::{Millis, RegisteredModel, VersionNumber};
use crate::state::ModelKind;

/// What a server was found to have.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The server's URI.
    pub server: String,
    /// What a person calls it.
    pub label: String,
    /// Models with their whole alias maps.
    pub models: Vec<RegisteredModel>,
    /// When it was asked.
    pub asked: Millis,
    /// When it had answered.
    pub answered: Millis,
    /// These are all models there are.
    pub whole: bool,
}

/// An intent whose Flowdeck has ended without an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Abandoned {
    /// The intent.
    pub id: EntryId,
    /// When it was written.
    pub at: Millis,
    /// What was to be moved.
    pub change: Move,
}

/// Folds entries and observations. Everything is per server URI.
#[derive(Debug, Default)]
pub struct Ledger {
    moves: HashMap<EntryId, Move>,
    open: BTreeMap<EntryId, (String, Abandoned)>,
    /// Per alias: what the journal says last.
    standing: HashMap<Key, (Standing, Millis)>,
    /// Per alias: the move whose end was not clear, and may still come.
    unclear: HashMap<Key, EntryId>,
    known: HashMap<String, Known>,
    /// Edits of ours that took aliases along, or away.
    affected: Vec<Affected>,
    /// Per server and model: when it went by our doing.
    gone: HashMap<(String, String), Millis>,
}

/// An edit that took aliases along, or away.
#[derive(Clone, Debug)]
struct Affected {
    at: Millis,
    server: String,
    model: String,
    version: Option<VersionNumber>,
    effect: Effect,
}

/// Server, model, alias.
type Key = (String, String, String);

fn key(change: &Move) -> Key {
    (change.server.clone(), change.model.clone(), change.alias.clone())
}

/// The alias maps of one server as they were last seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    server: String,
    /// When all models were seen last.
    whole: Option<Millis>,
    models: BTreeMap<String, KnownModel>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct KnownModel {
    kind: ModelKind,
    at: Millis,
    aliases: BTreeMap<String, VersionNumber>,
    /// The last look at all models did not find it.
    #[serde(skip)]
    missing: bool,
}

impl Ledger {
    /// Takes the next entry of the journal.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Intent { session, change } => {
                self.moves.insert(entry.id.clone(), change.clone());
                let open = Abandoned { id: entry.id.clone(), at: entry.at, change: change.clone() };
                self.open.insert(entry.id.clone(), (session.clone(), open));
            }
            Event::Outcome { of, verdict } => {
                self.open.remove(of);
                self.ended(of, entry.at, verdict);
            }
            Event::Later { of, verdict } => self.ended(of, entry.at, verdict),
            Event::Seen { change, .. } => {
                self.standing.insert(key(change), (Standing::of(change.to), entry.at));
            }
            Event::Edit { change, version, effect: Some(effect), verdict }
                if matches!(verdict.how, How::Done | How::TookEffect) =>
            {
                let (server, model) = (change.server.clone(), change.model.clone());
                let (version, effect) = (*version, effect.clone());
                self.affect(Affected { at: entry.at, server, model, version, effect });
            }
            Event::NotSent { .. } | Event::Edit { .. } | Event::Warning { .. } => {}
        }
    }

    /// Whether an intent still waits for its outcome.
    pub fn is_open(&self, intent: &str) -> bool {
        self.open.contains_key(intent)
    }

    /// Open intents on a server, with the Flowdeck that wrote each.
    pub fn open_on<'a>(&'a self, server: &'a str) -> impl Iterator<Item = (&'a str, &'a Abandoned)> {
        let all = self.open.values().filter(move |(_, open)| open.change.server == server);
        all.map(|(session, open)| (session.as_str(), open))
    }

    /// Whether anything is known of a server.
    pub fn knows(&self, server: &str) -> bool {
        self.known.contains_key(server)
    }

    /// Takes what was kept of a server from the last time.
    pub fn remember(&mut self, mut known: Known) {
        // It may have been kept before the last edits.
        let server = known.server.clone();
        for affected in self.affected.iter().filter(|affected| affected.server == server) {
            known.affect(affected);
        }
        self.known.insert(known.server.clone(), known);
    }

    /// What is to be kept of a server.
    pub fn known(&self, server: &str) -> Option<&Known> {
        self.known.get(server)
    }

    /// Compares what a server has with what was known: what others changed, and moves of ours whose end is clear now.
    pub fn observe(&mut self, seen: &Observation) -> Vec<Event> {
        let mut events = Vec::new();
        let mut known = self.known.remove(&seen.server).unwrap_or_default();
        known.server.clone_from(&seen.server);
        for model in &seen.models {
            // An answer from before it went.
            let gone = self.gone.get(&(seen.server.clone(), model.name.clone()));
            if gone.is_some_and(|gone| *gone >= seen.asked) {
                continue;
            }
            self.observe_model(&mut known, seen, model, &mut events);
        }
        if seen.whole {
            self.find_missing(&mut known, seen, &mut events);
            known.whole = Some(seen.asked);
        }
        self.known.insert(seen.server.clone(), known);
        events
    }

    /// What we renamed or deleted ourselves, nobody else did.
    fn affect(&mut self, affected: Affected) {
        let Affected { at, server, model, version, effect } = &affected;
        if let Some(known) = self.known.get_mut(server) {
            known.affect(&affected);
        }
        let old = match effect {
            Effect::Renamed { from } => from,
            Effect::Deleted => model,
        };
        if version.is_none() {
            self.gone.insert((server.clone(), old.clone()), *at);
        }
        let places: Vec<Key> =
            self.standing.keys().filter(|place| place.0 == *server && place.1 == *old).cloned().collect();
        for place in places {
            let Some((standing, _)) = self.standing.get(&place).copied() else { continue };
            match (effect, version) {
                (Effect::Renamed { .. }, _) => {
                    self.standing.remove(&place);
                    self.standing.insert((server.clone(), model.clone(), place.2), (standing, *at));
                }
                (Effect::Deleted, None) => drop(self.standing.remove(&place)),
                (Effect::Deleted, Some(version)) if standing == Standing::At(*version) => {
                    self.standing.insert(place, (Standing::Gone, *at));
                }
                (Effect::Deleted, Some(_)) => {}
            }
        }
        self.affected.push(affected);
    }

    fn ended(&mut self, of: &EntryId, at: Millis, verdict: &Verdict) {
        let Some(change) = self.moves.get(of) else { return };
        let key = key(change);
        let now = match verdict.how {
            How::Done | How::TookEffect => Some(Standing::of(change.to)),
            How::Overtaken | How::Unclear => verdict.now,
            How::Nothing | How::Refused | How::NoAnswer => None,
        };
        match verdict.how {
            How::Unclear | How::NoAnswer => self.unclear.insert(key.clone(), of.clone()),
            _ => self.unclear.remove(&key),
        };
        if let Some(now) = now {
            self.standing.insert(key, (now, at));
        }
    }

    fn observe_model(
        &mut self,
        known: &mut Known,
        seen: &Observation,
        model: &RegisteredModel,
        events: &mut Vec<Event>,
    ) {
        let kind = if model.is_prompt() { ModelKind::Prompt } else { ModelKind::Model };
        let old = known.models.remove(&model.name);
        // Without a look at all models before, a new one is only new to us.
        let (mut old, baseline) = match (old, known.whole) {
            (Some(old), _) => (old, false),
            (None, Some(at)) => (KnownModel { kind, at, ..KnownModel::default() }, false),
            (None, None) => (KnownModel { kind, ..KnownModel::default() }, true),
        };
        if old.at > seen.asked {
            // An answer from before what is known already.
            known.models.insert(model.name.clone(), old);
            return;
        }
        let mut aliases: Vec<&str> = old.aliases.keys().map(String::as_str).collect();
        aliases.extend(model.aliases.iter().map(|alias| alias.alias.as_str()));
        aliases.sort_unstable();
        aliases.dedup();
        let mut now = BTreeMap::new();
        for alias in aliases {
            let place = (seen.server.clone(), model.name.clone(), alias.to_owned());
            let (was, since) = match self.standing.get(&place) {
                Some((standing, at)) if *at >= old.at => (standing.version(), *at),
                _ => (old.aliases.get(alias).copied(), old.at),
            };
            let is = model.alias(alias);
            let ours = since > seen.asked
                || self.open.values().any(|(_, open)| {
                    open.change.server == place.0
                        && open.change.model == place.1
                        && open.change.alias == place.2
                });
            if ours {
                // The answer may be from before our own change.
                now.extend(was.map(|was| (alias.to_owned(), was)));
                continue;
            }
            now.extend(is.map(|is| (alias.to_owned(), is)));
            if was != is && (!baseline || self.standing.contains_key(&place)) {
                events.push(self.changed(seen, kind, place, (was, is), since));
            }
        }
        old = KnownModel { kind, at: seen.asked, aliases: now, missing: false };
        known.models.insert(model.name.clone(), old);
    }

    fn changed(
        &mut self,
        seen: &Observation,
        kind: ModelKind,
        place: Key,
        (from, to): (Option<VersionNumber>, Option<VersionNumber>),
        after: Millis,
    ) -> Event {
        if let Some(of) = self.unclear.remove(&place)
            && let Some(change) = self.moves.get(&of)
            && change.to == to
        {
            let text = match to {
                Some(to) => format!("The change took effect after all: {} is v{to}.", place.2),
                None => format!("The change took effect after all: {} is deleted.", place.2),
            };
            let verdict =
                Verdict { how: How::TookEffect, now: Some(Standing::of(to)), text, resolved: false };
            return Event::Later { of, verdict };
        }
        let (server, model, alias) = place;
        let label = seen.label.clone();
        Event::Seen { change: Move { server, label, kind, model, alias, from, to, ..Move::default() }, after }
    }

    /// A model that two looks in a row do not find was deleted, and its aliases with it. One look may miss a model
    /// that is being renamed, or that slipped from one page to another.
    fn find_missing(&mut self, known: &mut Known, seen: &Observation, events: &mut Vec<Event>) {
        let here: std::collections::HashSet<&str> =
            seen.models.iter().map(|model| model.name.as_str()).collect();
        let mut gone = Vec::new();
        for (name, model) in &mut known.models {
            if here.contains(name.as_str()) || model.at > seen.asked {
                continue;
            }
            if std::mem::replace(&mut model.missing, true) {
                gone.push(name.clone());
            }
        }
        for name in gone {
            let Some(model) = known.models.remove(&name) else { continue };
            for (alias, version) in &model.aliases {
                let place = (seen.server.clone(), name.clone(), alias.clone());
                events.push(self.changed(seen, model.kind, place, (Some(*version), None), model.at));
            }
        }
    }
}

/// Where a server's alias maps are kept between two starts.
fn known_path(folder: &Path, server: &str) -> PathBuf {
    // FNV-1a: a name for a file, nothing more.
    let hash = server.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    folder.join("seen").join(format!("{hash:016x}.json"))
}

impl Known {
    /// Takes along what an edit did, unless it was seen since.
    fn affect(&mut self, affected: &Affected) {
        let Affected { at, model, version, effect, .. } = affected;
        let old = match effect {
            Effect::Renamed { from } => from,
            Effect::Deleted => model,
        };
        if self.models.get(old).is_none_or(|known| known.at > *at) {
            return;
        }
        let Some(known) = self.models.remove(old) else { return };
        let mut known = KnownModel { at: *at, missing: false, ..known };
        match (effect, version) {
            (Effect::Renamed { .. }, _) => drop(self.models.insert(model.clone(), known)),
            (Effect::Deleted, None) => {}
            (Effect::Deleted, Some(version)) => {
                known.aliases.retain(|_, at| at != version);
                self.models.insert(model.clone(), known);
            }
        }
    }

    /// What was kept of a server; nothing, where there is nothing that can be read. Blocks on one file.
    pub fn load(folder: &Path, server: &str) -> Self {
        let nothing = || Self { server: server.to_owned(), ..Self::default() };
        let Ok(text) = std::fs::read(known_path(folder, server)) else { return nothing() };
        match serde_json::from_slice::<Self>(&text) {
            Ok(known) if known.server == server => known,
            Ok(_) => nothing(),
            Err(error) => {
                tracing::warn!(%error, "what was seen of a server last cannot be read");
                nothing()
            }
        }
    }

    /// Keeps it: written beside and renamed over. Blocks.
    pub fn save(&self, folder: &Path) -> std::io::Result<()> {
        let path = known_path(folder, &self.server);
        let folder = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }
}
