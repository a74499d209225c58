//! One trace: its tree, what of it is folded, found and chosen, and the feedback that is being written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::tree::SpanTree;
use crate::entities::{Assessment, NewFeedback, Span, Trace};
use crate::state::journal::{Edit, Outcome};
use crate::state::remote::{Remote, lost};
use crate::state::tasks::{Feed, Polled, Task};
use crate::state::{Cx, ModelKind, format};
use crate::tracking::{Answer, TrackingError};

/// A trace with its tree.
#[derive(Debug, Default)]
pub struct ShownTrace {
    /// As the store has it.
    pub trace: Trace,
    /// Its spans in order.
    pub tree: SpanTree,
}

impl ShownTrace {
    /// A node's span.
    pub fn span(&self, node: usize) -> Option<&Span> {
        self.tree.nodes().get(node).and_then(|node| self.trace.spans.get(node.span))
    }

    fn nodes_by_id(&self) -> HashMap<&str, usize> {
        let nodes = 0..self.tree.nodes().len();
        nodes.filter_map(|node| Some((self.span(node)?.span_id.as_str(), node))).collect()
    }
}

/// The nodes in which a text was found.
type Found = (String, HashSet<usize>);

/// One trace that is or was shown.
#[derive(Default)]
pub struct TracePage {
    trace_id: String,
    shown: Remote<Arc<ShownTrace>>,
    selected: usize,
    folded: HashSet<usize>,
    search: String,
    found: Option<HashSet<usize>>,
    searching: Option<Task<Found>>,
    visible: Vec<usize>,
    revision: u64,
    writing: Option<(NewFeedback, Feed<Result<Assessment, TrackingError>>)>,
    written: Vec<Assessment>,
    /// The feedback that could not be written, and why.
    failed: Option<(NewFeedback, String)>,
}

impl TracePage {
    pub(super) fn open(trace_id: &str, cx: &Cx<'_>) -> Self {
        let mut page = Self { trace_id: trace_id.to_owned(), ..Self::default() };
        page.load(cx);
        page
    }

    pub(super) fn load(&mut self, cx: &Cx<'_>) {
        let trace = cx.store.get_trace(&self.trace_id);
        let answer: Answer<Arc<ShownTrace>> = Box::pin(async move {
            let trace = trace.await?;
            let tree = SpanTree::new(&trace);
            Ok(Arc::new(ShownTrace { trace, tree }))
        });
        self.shown.load(cx.tasks, answer);
    }

    pub(super) fn poll(&mut self, cx: &mut Cx<'_>) {
        let before = self.shown.value().cloned();
        if self.shown.poll()
            && let Some(now) = self.shown.value().cloned()
        {
            self.replaced(before.as_deref(), &now, cx);
            // It may be made of millions of values.
            drop(cx.tasks.spawn_blocking(move || drop(before)));
        }
        if let Some(task) = &mut self.searching {
            let polled = task.poll();
            if let Polled::Ready((search, found)) = polled {
                self.searching = None;
                if search == self.search {
                    self.found = Some(found);
                    self.show_found();
                }
            } else if matches!(polled, Polled::Lost) {
                self.searching = None;
            }
        }
        self.poll_writing(cx);
    }

    /// What was folded and chosen is looked for in the new tree.
    fn replaced(&mut self, before: Option<&ShownTrace>, now: &ShownTrace, cx: &Cx<'_>) {
        match before {
            Some(before) if before.tree != now.tree || before.trace.spans.len() != now.trace.spans.len() => {
                let places = now.nodes_by_id();
                let again = |node: usize| places.get(before.span(node)?.span_id.as_str()).copied();
                self.selected = again(self.selected).unwrap_or(0);
                self.folded = std::mem::take(&mut self.folded).into_iter().filter_map(again).collect();
            }
            Some(_) => {}
            // What went wrong is what one looks for.
            None => self.selected = first_failure(now).unwrap_or(0),
        }
        let known = &now.trace.info.assessments;
        self.written.retain(|mine| known.iter().all(|it| it.assessment_id != mine.assessment_id));
        self.arrange();
        if !self.search.is_empty() {
            self.look_for(cx);
        }
    }

    fn arrange(&mut self) {
        let Some(shown) = self.shown.value() else { return };
        let found = self.found.as_ref().filter(|_| !self.search.is_empty());
        self.visible = shown.tree.visible(&self.folded, found);
        self.revision += 1;
    }

    fn show_found(&mut self) {
        self.arrange();
        let Some(found) = &self.found else { return };
        if !found.contains(&self.selected)
            && let Some(first) = found.iter().min()
        {
            self.selected = *first;
        }
    }

    pub(super) fn search(&mut self, text: String, cx: &Cx<'_>) {
        if self.search == text {
            return;
        }
        self.search = text;
        if self.search.trim().is_empty() {
            (self.found, self.searching) = (None, None);
            self.arrange();
        } else {
            self.look_for(cx);
        }
    }

    /// Elsewhere: a trace may hold many megabytes.
    fn look_for(&mut self, cx: &Cx<'_>) {
        let Some(shown) = self.shown.value().cloned() else { return };
        let search = self.search.clone();
        self.searching = Some(cx.tasks.spawn_blocking(move || {
            let words = crate::state::runs::terms(&search);
            let has = |node: &usize| {
                shown.span(*node).is_some_and(|span| words.iter().all(|word| says(span, word)))
            };
            let found = (0..shown.tree.nodes().len()).filter(has).collect();
            (search, found)
        }));
    }

    pub(super) fn select(&mut self, node: usize) {
        self.selected = node;
    }

    /// Shows or hides what is below a node.
    pub(super) fn fold(&mut self, node: usize, folded: bool) {
        if folded {
            self.folded.insert(node);
        } else {
            self.folded.remove(&node);
        }
        self.arrange();
    }

    pub(super) fn fold_all(&mut self, folded: bool) {
        self.folded.clear();
        if folded && let Some(shown) = self.shown.value() {
            let nodes = shown.tree.nodes();
            self.folded =
                (0..nodes.len()).filter(|&at| nodes[at].depth > 0 && shown.tree.has_children(at)).collect();
        }
        self.arrange();
    }

    /// Writes feedback, once.
    pub(super) fn log_feedback(&mut self, feedback: NewFeedback, cx: &mut Cx<'_>) {
        if self.writing.is_some() {
            cx.notices.info("The last feedback is still being saved");
            return;
        }
        self.failed = None;
        let answer = cx.store.log_feedback(feedback.clone());
        let feed = cx.tasks.spawn_feed_to_its_end(1, |feeder| async move {
            feeder.send(answer.await).await;
        });
        self.writing = Some((feedback, feed));
    }

    fn poll_writing(&mut self, cx: &mut Cx<'_>) {
        let Some((feedback, feed)) = &mut self.writing else { return };
        let answer = match feed.poll() {
            Polled::Pending => return,
            Polled::Ready(answer) => answer,
            Polled::Lost => Err(lost()),
        };
        let feedback = feedback.clone();
        self.writing = None;
        let trace = format::short_id(feedback.trace_id.trim_start_matches("tr-")).to_owned();
        let (text, outcome) = match answer {
            Ok(assessment) => {
                self.written.push(assessment);
                cx.notices.success("Feedback saved", None);
                (format!("Feedback on trace {trace}"), Outcome::Done)
            }
            Err(error) => {
                cx.notices.error("The feedback was not saved", &error, None);
                let unclear = matches!(error, TrackingError::OutcomeUnknown { .. });
                if unclear {
                    // Whether it is there is read, never written again.
                    self.load(cx);
                }
                self.failed = Some((feedback, error.to_string()));
                let outcome = if unclear { Outcome::Unclear } else { Outcome::Refused };
                (format!("Feedback on trace {trace}: {error}"), outcome)
            }
        };
        let (kind, model) = (ModelKind::Model, String::new());
        cx.journal.note(&cx.store.info(), Edit { kind, model, version: None, effect: None, outcome, text });
    }

    /// Its id.
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The trace, as far as it is here.
    pub fn shown(&self) -> &Remote<Arc<ShownTrace>> {
        &self.shown
    }

    /// The chosen node.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The nodes that are seen, in order.
    pub fn visible(&self) -> &[usize] {
        &self.visible
    }

    /// Changes whenever [`Self::visible`] does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether what is below a node is hidden.
    pub fn is_folded(&self, node: usize) -> bool {
        self.search.trim().is_empty() && self.folded.contains(&node)
    }

    /// What is looked for.
    pub fn search_text(&self) -> &str {
        &self.search
    }

    /// How many spans have it, once that is known.
    pub fn found(&self) -> Option<&HashSet<usize>> {
        self.found.as_ref()
    }

    /// What was thought of it, what was written here last.
    pub fn assessments(&self) -> impl Iterator<Item = &Assessment> {
        let stored = self.shown.value().map(|shown| shown.trace.info.assessments.as_slice());
        stored.unwrap_or_default().iter().chain(&self.written)
    }

    /// Whether feedback is being written.
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// The feedback that could not be written, and why.
    pub fn failed(&self) -> Option<&(NewFeedback, String)> {
        self.failed.as_ref()
    }
}

/// The deepest of the first spans that failed: there it began.
fn first_failure(shown: &ShownTrace) -> Option<usize> {
    let nodes = shown.tree.nodes();
    let mut at = nodes.iter().position(|node| node.failed)?;
    loop {
        let end = nodes[at].end;
        match (at + 1..end).find(|&below| nodes[below].failed) {
            Some(below) => at = below,
            None => return Some(at),
        }
    }
}

fn says(span: &Span, word: &str) -> bool {
    let texts = [&span.name, &span.span_type, &span.span_id, &span.status_message];
    let values = span.inputs.iter().chain(&span.outputs);
    texts.into_iter().any(|text| text.to_lowercase().contains(word))
        || values.into_iter().any(|value| value.contains(word))
        || span
            .attributes
            .iter()
            .any(|(name, value)| name.to_lowercase().contains(word) || value.contains(word))
        || span.events.iter().any(|event| {
            event.name.to_lowercase().contains(word)
                || event.attributes.iter().any(|(_, value)| value.contains(word))
        })
}
