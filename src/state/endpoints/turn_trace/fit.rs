//! Which of the traces on a server is that of a turn. Pure.

use std::collections::BTreeSet;

use crate::entities::{Millis, TraceInfo, trace_key};
use crate::tracking::words_as_json;

/// How far the clocks here and there may differ, where words and time decide.
pub(super) const SLACK: Millis = 5_000;

/// What is known of a turn that its trace must fit.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    /// When it was sent, by the clock here.
    pub sent: Millis,
    /// When its answer ended.
    pub ended: Millis,
    /// What was asked; empty where it was no words.
    pub words: String,
    /// What was sent along in `custom_inputs` to find it by; empty for none.
    pub marker: String,
    /// When the same was asked there at about that time without a trace that is known, this turn too, in order.
    pub asked: Vec<Millis>,
    /// The same was asked elsewhere at about that time.
    pub contested: bool,
    /// Traces of other turns.
    pub taken: BTreeSet<String>,
}

/// What was found of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fit {
    /// Nothing.
    None,
    /// Its trace: `tr-…`
    One(String),
    /// Some that may be, and nothing that tells which: the oldest first.
    Several(Vec<TraceInfo>),
}

/// What a trace says of the words that were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Same,
    Others,
    /// They were none, or what is kept of them was cut off before it came to them.
    Untold,
}

/// Those that may be the trace of the turn, with clocks that differ by `slack` at most.
pub(super) fn candidates(sought: &Sought, traces: Vec<TraceInfo>, slack: Millis) -> Vec<TraceInfo> {
    let time = sought.sent - slack..=sought.ended + slack;
    let mut fitting = traces;
    fitting.retain(|trace| {
        trace.request_time.is_some_and(|at| time.contains(&at))
            && !sought.taken.contains(&trace.trace_id)
            && words_of(trace, &sought.words) != Words::Others
    });
    fitting.sort_by(|a, b| (a.request_time, &a.trace_id).cmp(&(b.request_time, &b.trace_id)));
    fitting.dedup_by(|a, b| a.trace_id == b.trace_id);
    fitting
}

/// Chooses. `models`: the logged models (`m-…`) that no other endpoint answers as.
pub(super) fn fit(sought: &Sought, models: &[String], traces: Vec<TraceInfo>) -> Fit {
    let mut fitting = candidates(sought, traces, SLACK);
    let is_own = |trace: &TraceInfo| {
        trace.about(trace_key::MODEL_ID).is_some_and(|id| models.iter().any(|model| model == id))
    };
    let own = fitting.iter().any(is_own);
    if own {
        fitting.retain(is_own);
    }
    let has_words = |trace: &TraceInfo| words_of(trace, &sought.words) == Words::Same;
    let worded = fitting.iter().any(has_words);
    if worded {
        fitting.retain(has_words);
    }
    // The same words twice within seconds: they came in the order in which they were sent, if they all came.
    let place = sought.asked.iter().position(|at| *at == sought.sent);
    let place = place.filter(|_| fitting.len() == sought.asked.len() && (own || worded && !sought.contested));
    match place.and_then(|place| fitting.get(place)) {
        Some(trace) => Fit::One(trace.trace_id.clone()),
        None if fitting.is_empty() => Fit::None,
        None => Fit::Several(fitting),
    }
}

fn words_of(trace: &TraceInfo, words: &str) -> Words {
    let words = words.trim();
    let kept = [Some(trace.request_preview.as_str()), trace.about(trace_key::INPUTS)];
    let mut kept = kept.into_iter().flatten().filter(|text| !text.is_empty()).peekable();
    if words.is_empty() || kept.peek().is_none() {
        return Words::Untold;
    }
    kept.fold(Words::Others, |before, text| match (before, said(text.trim(), words)) {
        (Words::Same, _) | (_, Words::Same) => Words::Same,
        (Words::Untold, _) | (_, Words::Untold) => Words::Untold,
        (Words::Others, Words::Others) => Words::Others,
    })
}

/// What a preview says: the words alone, or JSON with them in it; either may be cut off.
fn said(text: &str, words: &str) -> Words {
    let kept = text.strip_suffix("...");
    if text.starts_with(['{', '[']) {
        let [plain, ascii] = words_as_json(words);
        return match kept {
            _ if text.contains(&plain) || text.contains(&ascii) => Words::Same,
            Some(_) => Words::Untold,
            None => Words::Others,
        };
    }
    let is_start = kept.is_some_and(|kept| !kept.is_empty() && words.starts_with(kept.trim_end()));
    if text == words || is_start { Words::Same } else { Words::Others }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Millis = 1_000_000;

    fn sought() -> Sought {
        Sought {
            sent: SENT,
            ended: SENT + 2_000,
            words: "Why is OTIF down?".to_owned(),
            asked: vec![SENT],
            ..Sought::default()
        }
    }

    fn trace(id: &str, at: Millis, preview: &str, model: Option<&str>) -> TraceInfo {
        let metadata = model.map(|model| (trace_key::MODEL_ID.to_owned(), model.to_owned()));
        TraceInfo {
            trace_id: id.to_owned(),
            request_time: Some(at),
            request_preview: preview.to_owned(),
            metadata: metadata.into_iter().collect(),
            ..TraceInfo::default()
        }
    }

    fn one(id: &str) -> Fit {
        Fit::One(id.to_owned())
    }

    fn ids(fit: Fit) -> Vec<String> {
        match fit {
            Fit::Several(traces) => traces.into_iter().map(|trace| trace.trace_id).collect(),
            other => panic!("{other:?}"),
        }
    }

    const ASKED: &str = "Why is OTIF down?";

    #[test]
    fn words_and_time_find_it_where_nothing_else_fits() {
        let traces = vec![
            trace("earlier", SENT - 60_000, ASKED, None),
            trace("other words", SENT + 100, "Which carrier?", None),
            trace("its", SENT + 150, ASKED, None),
            trace("later", SENT + 60_000, ASKED, None),
        ];
        assert_eq!(fit(&sought(), &[], traces), one("its"));
        assert_eq!(fit(&sought(), &[], Vec::new()), Fit::None);
    }

    #[test]
    fn clocks_may_differ_by_seconds() {
        for (at, found) in [(-4_900, true), (6_900, true), (-5_100, false), (7_100, false)] {
            let fit = fit(&sought(), &[], vec![trace("its", SENT + at, ASKED, None)]);
            assert_eq!(fit == one("its"), found, "{at}");
        }
    }

    #[test]
    fn the_endpoints_own_model_is_told_from_others() {
        let own = ["m-1".to_owned()];
        let traces = || vec![trace("a", SENT, ASKED, Some("m-2")), trace("b", SENT + 9, ASKED, Some("m-1"))];
        assert_eq!(fit(&sought(), &own, traces()), one("b"));
        assert_eq!(ids(fit(&sought(), &[], traces())), ["a", "b"]);
    }

    #[test]
    fn what_was_asked_elsewhere_too_is_certain_by_the_model_alone() {
        let contested = Sought { contested: true, ..sought() };
        let traces = || vec![trace("a", SENT, ASKED, Some("m-1"))];
        assert_eq!(ids(fit(&contested, &[], traces())), ["a"]);
        assert_eq!(fit(&contested, &["m-1".to_owned()], traces()), one("a"));
        let taken = Sought { taken: ["a".to_owned()].into(), ..contested };
        assert_eq!(fit(&taken, &[], traces()), Fit::None);
    }

    #[test]
    fn the_same_words_twice_in_seconds_are_told_by_their_order_once_all_have_come() {
        let twice = |sent| Sought { sent, asked: vec![SENT, SENT + 3_000], ended: sent + 2_000, ..sought() };
        // The server's clock is ahead.
        let traces = vec![trace("b", SENT + 4_000, ASKED, None), trace("a", SENT + 1_000, ASKED, None)];
        assert_eq!(fit(&twice(SENT), &[], traces.clone()), one("a"));
        assert_eq!(fit(&twice(SENT + 3_000), &[], traces.clone()), one("b"));
        assert_eq!(ids(fit(&twice(SENT + 3_000), &[], traces[1..].to_vec())), ["a"]);
    }

    #[test]
    fn words_are_read_from_json_and_from_what_was_cut_off() {
        let says = |preview: &str, words: &str| said(preview, words);
        let json = r#"{"input": [{"role": "user", "content": "And in \u0141\u00f3d\u017a?"}]}"#;
        assert_eq!(says(json, "And in Łódź?"), Words::Same);
        assert_eq!(says(r#"{"q": "Say \"hi\"\n😀"}"#, "Say \"hi\"\n😀"), Words::Same);
        assert_eq!(says(json, "in"), Words::Others);
        assert_eq!(says(r#"{"tools": null, "inp..."#, "And?"), Words::Untold);
        assert_eq!(says("this", "hi"), Words::Others);
        assert_eq!(says("Tell me of...", "Tell me of everything"), Words::Same);
        assert_eq!(says("...", "Tell me"), Words::Others);
        let untold = Sought { words: String::new(), ..sought() };
        let traces = || vec![trace("a", SENT, "whatever", Some("m-1"))];
        assert_eq!(ids(fit(&untold, &[], traces())), ["a"], "time alone says little");
        assert_eq!(fit(&untold, &["m-1".to_owned()], traces()), one("a"));
    }
}
