//! The journal's entries put together: a record a change, where each alias was last, and which version it left when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::entry::{Effect, Entry, EntryId, Event, Move, Standing, Verdict};
use super::record::{Outcome, Record, What};
use crate::entities::{Millis, VersionNumber};
use crate::state::format;

/// An alias that left a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The alias.
    pub alias: String,
    /// The version it left.
    pub version: VersionNumber,
    /// When it left it last.
    pub until: Millis,
    /// Where it is by the journal's last word; `None`: it does not exist.
    pub now: Option<VersionNumber>,
}

impl Departure {
    /// “prod was here until 14:02 yesterday”
    pub fn sentence(&self, now: Millis) -> String {
        format!("{} was here until {}", self.alias, format::moment(self.until, now))
    }
}

/// The last word about an alias.
#[derive(Clone, Copy, Debug)]
struct LastWord {
    record: usize,
    now: Option<VersionNumber>,
}

/// What is known of one model's aliases.
#[derive(Debug, Default)]
struct OfModel {
    last: BTreeMap<String, LastWord>,
    /// One for each alias and version, in no order.
    departures: Vec<Departure>,
}

/// All that the journal says, oldest first.
#[derive(Debug, Default)]
pub struct History {
    records: Vec<Arc<Record>>,
    by_id: HashMap<EntryId, usize>,
    servers: HashMap<String, HashMap<String, OfModel>>,
    /// Which record gave a model of a server its name.
    renamed: HashMap<(String, String), usize>,
}

impl History {
    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        if self.by_id.contains_key(&entry.id) {
            return;
        }
        match &entry.event {
            Event::Intent { change, .. } => {
                self.push(entry, What::Move, change);
            }
            Event::NotSent { change, verdict } => {
                let at = self.push(entry, What::Move, change);
                self.edit(at, |record| record.end(entry.at, verdict));
            }
            Event::Edit { change, version, effect, verdict } => {
                let at = self.push(entry, What::Edit { version: *version }, change);
                self.edit(at, |record| {
                    record.effect.clone_from(effect);
                    record.end(entry.at, verdict);
                });
                self.affect(at, *version);
            }
            Event::Seen { change, after } => {
                let at = self.push(entry, What::Seen { after: *after }, change);
                self.moved(at, entry.at, Standing::of(change.to));
            }
            Event::Outcome { of, verdict } => self.end(of, entry.at, verdict),
            Event::Later { of, verdict } => {
                let Some(&at) = self.by_id.get(of) else { return };
                self.edit(at, |record| record.look(entry.at, verdict));
                self.settle(at, entry.at, verdict);
            }
            Event::Warning { of, text } => {
                let Some(&at) = self.by_id.get(of) else { return };
                self.edit(at, |record| record.notes.push((entry.at, text.clone())));
            }
        }
    }

    /// Every record, oldest first.
    pub fn records(&self) -> &[Arc<Record>] {
        &self.records
    }

    /// One record.
    pub fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.by_id.get(id).map(|&at| &self.records[at])
    }

    /// Where the alias is by the last word of the journal; `None`: it says nothing.
    pub fn last_word(&self, server: &str, model: &str, alias: &str) -> Option<Standing> {
        self.of(server, model)?.last.get(alias).map(|last| Standing::of(last.now))
    }

    /// Whether a record is the last word about its alias: what can be taken back.
    pub fn is_last_word(&self, record: &Record) -> bool {
        let Move { server, model, alias, .. } = &record.change;
        self.of(server, model)
            .and_then(|model| model.last.get(alias))
            .is_some_and(|last| self.records[last.record].id == record.id)
    }

    /// The name that a record took from a model which still has the one that it got.
    pub fn former_name<'a>(&self, record: &'a Record) -> Option<&'a str> {
        let Some(Effect::Renamed { from }) = &record.effect else { return None };
        let now = (record.change.server.clone(), record.change.model.clone());
        let given_by = self.renamed.get(&now).map(|&at| &self.records[at].id);
        (given_by == Some(&record.id)).then_some(from)
    }

    /// Versions that aliases of a model have left, each alias and version once.
    pub fn departures(&self, server: &str, model: &str) -> &[Departure] {
        self.of(server, model).map(|model| model.departures.as_slice()).unwrap_or_default()
    }

    fn of(&self, server: &str, model: &str) -> Option<&OfModel> {
        self.servers.get(server)?.get(model)
    }

    fn push(&mut self, entry: &Entry, what: What, change: &Move) -> usize {
        let at = self.records.len();
        self.records.push(Arc::new(Record::new(entry, what, change.clone())));
        self.by_id.insert(entry.id.clone(), at);
        at
    }

    fn edit(&mut self, at: usize, edit: impl FnOnce(&mut Record)) {
        edit(Arc::make_mut(&mut self.records[at]));
    }

    fn end(&mut self, of: &EntryId, at: Millis, verdict: &Verdict) {
        let Some(&record) = self.by_id.get(of) else { return };
        // The first word counts: a second one comes of two windows that looked at the same time.
        if self.records[record].outcome != Outcome::Open {
            return;
        }
        self.edit(record, |record| record.end(at, verdict));
        self.settle(record, at, verdict);
        let ended = &self.records[record];
        if let Some(undone) = ended.change.undoes.clone().filter(|_| ended.took_effect())
            && let Some(&undone) = self.by_id.get(&undone)
        {
            let by = ended.id.clone();
            self.edit(undone, |record| record.undone_by = Some(by));
        }
    }

    fn settle(&mut self, record: usize, at: Millis, verdict: &Verdict) {
        if let Some(now) = self.records[record].standing_after(verdict) {
            self.moved(record, at, now);
        }
    }

    /// An edit may take a model's aliases along, or away.
    fn affect(&mut self, at: usize, version: Option<VersionNumber>) {
        let record = Arc::clone(&self.records[at]);
        let Some(effect) = record.effect.as_ref().filter(|_| record.outcome == Outcome::Done) else { return };
        let Move { server, model, .. } = &record.change;
        let models = self.servers.entry(server.clone()).or_default();
        match (effect, version) {
            (Effect::Renamed { from }, _) => {
                if let Some(known) = models.remove(from) {
                    models.insert(model.clone(), known);
                }
                let before = self.renamed.remove(&(server.clone(), from.clone()));
                self.renamed.insert((server.clone(), model.clone()), at);
                let back = Effect::Renamed { from: model.clone() };
                if let Some(before) = before.filter(|&before| self.records[before].effect == Some(back)) {
                    self.edit(before, |undone| undone.undone_by = Some(record.id.clone()));
                }
            }
            (Effect::Deleted, None) => {
                models.remove(model);
                self.renamed.remove(&(server.clone(), model.clone()));
            }
            (Effect::Deleted, Some(version)) => {
                let Some(model) = models.get_mut(model) else { return };
                model.departures.retain(|left| left.version != version);
                let departures = model.departures.iter_mut().map(|left| &mut left.now);
                for now in departures.chain(model.last.values_mut().map(|last| &mut last.now)) {
                    *now = now.filter(|now| *now != version);
                }
            }
        }
    }

    /// An alias went from where the record found it, by way of where that put it, to where it is now.
    fn moved(&mut self, at: usize, time: Millis, now: Standing) {
        let record = Arc::clone(&self.records[at]);
        let Move { server, model, alias, from, to, .. } = &record.change;
        if alias.is_empty() {
            return;
        }
        let now = now.version();
        let model = self.servers.entry(server.clone()).or_default().entry(model.clone()).or_default();
        for left in [*from, *to].into_iter().flatten().filter(|left| Some(*left) != now) {
            model.departures.retain(|old| old.alias != *alias || old.version != left);
            model.departures.push(Departure { alias: alias.clone(), version: left, until: time, now });
        }
        for departure in model.departures.iter_mut().filter(|departure| departure.alias == *alias) {
            departure.now = now;
        }
        model.last.insert(alias.clone(), LastWord { record: at, now });
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{How, VERSION};
    use super::*;

    fn a_move(from: Option<u32>, to: Option<u32>) -> Move {
        Move {
            server: "s".into(),
            model: "Churn".into(),
            alias: "prod".into(),
            from,
            to,
            who: "ann".into(),
            ..Move::default()
        }
    }

    fn entry(id: &str, at: Millis, event: Event) -> Entry {
        Entry { v: VERSION, id: id.into(), at, event }
    }

    fn verdict(how: How, now: Option<Standing>) -> Verdict {
        Verdict { how, now, text: "text".into(), resolved: false }
    }

    fn intent(id: &str, at: Millis, change: Move) -> Entry {
        entry(id, at, Event::Intent { session: "me".into(), change })
    }

    fn outcome(of: &str, at: Millis, how: How, now: Option<Standing>) -> Entry {
        entry(&format!("{of}-out"), at, Event::Outcome { of: of.into(), verdict: verdict(how, now) })
    }

    fn history(entries: &[Entry]) -> History {
        let mut history = History::default();
        for entry in entries {
            history.take(entry);
        }
        history
    }

    #[test]
    fn a_move_is_open_until_its_outcome_and_its_last_word_can_be_undone() {
        let mut all = history(&[intent("1", 10, a_move(Some(3), Some(7)))]);
        assert_eq!(all.records()[0].outcome, Outcome::Open);
        assert_eq!(all.last_word("s", "Churn", "prod"), None);
        all.take(&outcome("1", 11, How::Done, None));
        let first = Arc::clone(&all.records()[0]);
        assert_eq!(first.outcome, Outcome::Done);
        assert!(all.is_last_word(&first));
        assert_eq!(all.last_word("s", "Churn", "prod"), Some(Standing::At(7)));
        let back = Move { undoes: Some("1".into()), ..a_move(Some(7), Some(3)) };
        all.take(&intent("2", 20, back));
        all.take(&outcome("2", 21, How::Done, None));
        assert_eq!(all.records()[0].undone_by.as_deref(), Some("2"));
        assert!(!all.is_last_word(&first));
        assert_eq!(all.last_word("s", "Churn", "prod"), Some(Standing::At(3)));
    }

    #[test]
    fn departures_name_the_last_time_and_where_the_alias_is_now() {
        let all = history(&[
            intent("1", 10, a_move(Some(3), Some(5))),
            outcome("1", 11, How::Done, None),
            entry("2", 20, Event::Seen { change: a_move(Some(5), Some(3)), after: 15 }),
            intent("3", 30, a_move(Some(3), Some(7))),
            outcome("3", 31, How::TookEffect, None),
            intent("4", 40, a_move(Some(7), Some(9))),
            outcome("4", 41, How::Refused, None),
        ]);
        let mut departures = all.departures("s", "Churn").to_vec();
        departures.sort_by_key(|departure| departure.version);
        let departure = |version, until| Departure { alias: "prod".into(), version, until, now: Some(7) };
        assert_eq!(departures, [departure(3, 31), departure(5, 20)]);
        assert!(all.departures("other", "Churn").is_empty());
    }

    fn edit(id: &str, at: Millis, model: &str, version: Option<u32>, effect: Effect) -> Entry {
        let change = Move { server: "s".into(), model: model.into(), ..Move::default() };
        let (effect, verdict) = (Some(effect), verdict(How::Done, None));
        entry(id, at, Event::Edit { change, version, effect, verdict })
    }

    #[test]
    fn a_new_name_takes_the_way_back_along_and_can_be_taken_back_itself() {
        let mut all =
            history(&[intent("1", 10, a_move(Some(3), Some(7))), outcome("1", 11, How::Done, None)]);
        all.take(&edit("2", 20, "New", None, Effect::Renamed { from: "Churn".into() }));
        assert!(all.departures("s", "Churn").is_empty());
        assert_eq!(all.departures("s", "New")[0].version, 3);
        assert_eq!(all.former_name(&all.records()[1]), Some("Churn"));
        all.take(&edit("3", 30, "Churn", None, Effect::Renamed { from: "New".into() }));
        assert_eq!(all.records()[1].undone_by.as_deref(), Some("3"));
        assert_eq!(all.former_name(&all.records()[1]), None);
        assert_eq!(all.last_word("s", "Churn", "prod"), Some(Standing::At(7)));
    }

    #[test]
    fn there_is_no_way_back_to_what_was_deleted() {
        let moved = [intent("1", 10, a_move(Some(3), Some(7))), outcome("1", 11, How::Done, None)];
        let mut all = history(&moved);
        all.take(&edit("2", 20, "Churn", Some(3), Effect::Deleted));
        assert!(all.departures("s", "Churn").is_empty());
        all.take(&edit("3", 30, "Churn", Some(7), Effect::Deleted));
        assert_eq!(all.last_word("s", "Churn", "prod"), Some(Standing::Gone));
        let mut all = history(&moved);
        all.take(&edit("2", 20, "Churn", None, Effect::Deleted));
        assert_eq!(all.last_word("s", "Churn", "prod"), None);
    }

    #[test]
    fn being_overtaken_moves_the_last_word() {
        let mut all =
            history(&[intent("1", 10, a_move(Some(3), Some(7))), outcome("1", 11, How::Done, None)]);
        let later = Event::Later { of: "1".into(), verdict: verdict(How::Overtaken, Some(Standing::Gone)) };
        all.take(&entry("3", 16, later));
        assert_eq!(all.records()[0].outcome, Outcome::Overtaken);
        assert_eq!(all.last_word("s", "Churn", "prod"), Some(Standing::Gone));
        let left: Vec<_> = all.departures("s", "Churn").iter().map(|d| (d.version, d.until, d.now)).collect();
        assert_eq!(left, [(3, 16, None), (7, 16, None)]);
    }

    #[test]
    fn a_second_outcome_and_a_second_reading_change_nothing() {
        let entries = [
            intent("1", 10, a_move(Some(3), Some(7))),
            outcome("1", 11, How::Nothing, None),
            entry("x", 12, Event::Outcome { of: "1".into(), verdict: verdict(How::Done, None) }),
            intent("1", 10, a_move(Some(3), Some(7))),
            outcome("unheard of", 11, How::Done, None),
        ];
        let all = history(&entries);
        assert_eq!((all.records().len(), all.records()[0].outcome), (1, Outcome::Refused));
    }

    #[test]
    fn filters_find_words_in_any_column() {
        let all = history(&[
            intent("1", 10, Move { reason: "Better answers".into(), ..a_move(Some(3), Some(7)) }),
            outcome("1", 11, How::Done, None),
        ]);
        let finds = |filter: &str| {
            let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
            all.records()[0].matches(&words)
        };
        assert!(finds("") && finds("churn ANN") && finds("better v7") && finds("@pro done"));
        assert!(!finds("@churn") && !finds("churn bob"));
    }
}
