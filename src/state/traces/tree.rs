//! A trace's spans as a tree in the order of time, with the place of each on the time axis. Made once.

use std::collections::{HashMap, HashSet};

use crate::entities::{Span, SpanStatus, Trace};

/// One span in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its place among the trace's spans.
    pub span: usize,
    /// How many spans it is a part of.
    pub depth: u16,
    /// The node after the last one below it: `this + 1` if there is none.
    pub end: usize,
    /// Nanoseconds after the trace began.
    pub start_ns: u64,
    /// How long it took, in nanoseconds; none while it runs.
    pub duration_ns: Option<u64>,
    /// It, or a span below it, failed.
    pub failed: bool,
}

/// The spans of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanTree {
    nodes: Vec<Node>,
    total_ns: u64,
}

impl SpanTree {
    /// Puts the spans in order: each under the one that it is a part of, the first to begin first. Spans whose parent is
    /// not there stand at the top; a circle of parents is broken where it is met.
    pub fn new(trace: &Trace) -> Self {
        let spans = &trace.spans;
        let by_id: HashMap<&str, usize> =
            (0..).zip(spans).map(|(at, span)| (span.span_id.as_str(), at)).collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
        let mut tops = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            match span.parent_id.as_deref().and_then(|parent| by_id.get(parent)) {
                Some(&parent) if parent != at => children[parent].push(at),
                _ => tops.push(at),
            }
        }
        let in_time = |list: &mut Vec<usize>| list.sort_by_key(|&at| (spans[at].start_ns, at));
        in_time(&mut tops);
        children.iter_mut().for_each(in_time);
        let began = spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
        let ended = spans.iter().map(|span| span.end_ns.unwrap_or(span.start_ns)).max().unwrap_or(0);
        let mut walk = Walk { spans, children: &children, began, nodes: Vec::new(), seen: HashSet::new() };
        walk.from(tops);
        // What is left hangs in circles.
        for at in 0..spans.len() {
            walk.from(vec![at]);
        }
        Self { nodes: walk.nodes, total_ns: ended.saturating_sub(began) }
    }

    /// All of them, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// From the first beginning to the last end, in nanoseconds.
    pub fn total_ns(&self) -> u64 {
        self.total_ns
    }

    /// Whether there are spans below a node.
    pub fn has_children(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|it| it.end > node + 1)
    }

    /// The node that a node is below.
    pub fn parent(&self, node: usize) -> Option<usize> {
        let depth = self.nodes.get(node)?.depth;
        (0..node).rev().find(|&above| self.nodes[above].depth < depth)
    }

    /// The nodes that are seen while some are folded. With `matching`, those and what they are a part of.
    pub fn visible(&self, folded: &HashSet<usize>, matching: Option<&HashSet<usize>>) -> Vec<usize> {
        if let Some(matching) = matching {
            let mut wanted = matching.clone();
            let mut above: Vec<usize> = Vec::new();
            for at in 0..self.nodes.len() {
                while above.last().is_some_and(|&open| self.nodes[open].end <= at) {
                    above.pop();
                }
                if matching.contains(&at) {
                    wanted.extend(&above);
                }
                above.push(at);
            }
            return (0..self.nodes.len()).filter(|at| wanted.contains(at)).collect();
        }
        let mut visible = Vec::new();
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            visible.push(at);
            at = if folded.contains(&at) { node.end } else { at + 1 };
        }
        visible
    }
}

struct Walk<'a> {
    spans: &'a [Span],
    children: &'a [Vec<usize>],
    began: u64,
    nodes: Vec<Node>,
    seen: HashSet<usize>,
}

impl Walk<'_> {
    /// Without recursion: traces may be nested as deep as they like.
    fn from(&mut self, tops: Vec<usize>) {
        /// A node that is open, and the spans still to come below it.
        struct Open {
            node: Option<usize>,
            rest: std::vec::IntoIter<usize>,
        }
        let mut open = vec![Open { node: None, rest: tops.into_iter() }];
        while let Some(last) = open.last_mut() {
            if let Some(span) = last.rest.next() {
                if self.seen.insert(span) {
                    let node = self.push(span, open.len() - 1);
                    open.push(Open { node: Some(node), rest: self.children[span].clone().into_iter() });
                }
                continue;
            }
            let closed = open.pop().and_then(|it| it.node);
            let parent = open.last().and_then(|it| it.node);
            if let Some(node) = closed {
                self.nodes[node].end = self.nodes.len();
                if let Some(parent) = parent {
                    self.nodes[parent].failed |= self.nodes[node].failed;
                }
            }
        }
    }

    fn push(&mut self, at: usize, depth: usize) -> usize {
        let span = &self.spans[at];
        self.nodes.push(Node {
            span: at,
            depth: u16::try_from(depth).unwrap_or(u16::MAX),
            end: self.nodes.len() + 1,
            start_ns: span.start_ns.saturating_sub(self.began),
            duration_ns: span.end_ns.map(|end| end.saturating_sub(span.start_ns)),
            failed: span.status == SpanStatus::Error,
        });
        self.nodes.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(spans: &[(&str, &str, u64, u64)]) -> Trace {
        let span = |&(id, parent, start, end): &(&str, &str, u64, u64)| Span {
            span_id: id.into(),
            parent_id: Some(parent.to_owned()).filter(|parent| !parent.is_empty()),
            start_ns: start,
            end_ns: (end > 0).then_some(end),
            status: if id.contains('!') { SpanStatus::Error } else { SpanStatus::Ok },
            ..Span::default()
        };
        Trace { spans: spans.iter().map(span).collect(), ..Trace::default() }
    }

    fn ids<'a>(trace: &'a Trace, tree: &SpanTree, nodes: &[usize]) -> Vec<&'a str> {
        nodes.iter().map(|&node| trace.spans[tree.nodes()[node].span].span_id.as_str()).collect()
    }

    #[test]
    fn spans_stand_under_their_parents_in_the_order_of_time() {
        let trace =
            trace(&[("c", "a", 130, 140), ("b", "a", 110, 120), ("a", "", 100, 200), ("d!", "b", 111, 0)]);
        let tree = SpanTree::new(&trace);
        assert_eq!(ids(&trace, &tree, &[0, 1, 2, 3]), ["a", "b", "d!", "c"]);
        let depths: Vec<_> = tree.nodes().iter().map(|node| node.depth).collect();
        assert_eq!(depths, [0, 1, 2, 1]);
        assert_eq!((tree.nodes()[1].end, tree.nodes()[0].end, tree.total_ns()), (3, 4, 100));
        assert_eq!((tree.nodes()[3].start_ns, tree.nodes()[3].duration_ns), (30, Some(10)));
        assert_eq!(tree.nodes()[2].duration_ns, None);
        assert_eq!(
            tree.nodes().iter().map(|node| node.failed).collect::<Vec<_>>(),
            [true, true, true, false]
        );
        assert_eq!((tree.parent(3), tree.parent(2), tree.parent(0)), (Some(0), Some(1), None));
        assert_eq!(tree.visible(&HashSet::from([1]), None), [0, 1, 3]);
        assert_eq!(tree.visible(&HashSet::from([0]), Some(&HashSet::from([2]))), [0, 1, 2]);
    }

    #[test]
    fn orphans_circles_and_depth_do_no_harm() {
        let trace = trace(&[("a", "gone", 5, 6), ("b", "c", 1, 2), ("c", "b", 2, 3), ("d", "d", 1, 2)]);
        let tree = SpanTree::new(&trace);
        assert_eq!(tree.nodes().len(), 4);
        let names: Vec<(String, String)> = (0..50_000)
            .map(|at| (format!("{at:016x}"), if at > 0 { format!("{:016x}", at - 1) } else { String::new() }))
            .collect();
        let deep: Vec<_> = names.iter().map(|(id, parent)| (id.as_str(), parent.as_str(), 1, 2)).collect();
        let tree = SpanTree::new(&self::trace(&deep));
        assert_eq!((tree.nodes().len(), tree.nodes()[0].end), (50_000, 50_000));
        assert!(SpanTree::new(&Trace::default()).nodes().is_empty());
    }
}
