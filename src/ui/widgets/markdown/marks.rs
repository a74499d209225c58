//! Stretches of the source that are drawn on a ground of their own: what differs from another text.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};

use super::blocks::Span;

/// The stretches, in order, and their ground.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks<'a> {
    pub ranges: &'a [Range<usize>],
    pub fill: egui::Color32,
}

impl Marks<'_> {
    /// What is marked of a text of `length` bytes that stands at `source`; all of it, where the text is not written
    /// there as it is shown.
    pub fn within(&self, source: &Range<usize>, length: usize) -> Vec<Range<usize>> {
        let inside = self.ranges.iter().filter(|range| range.start < source.end && range.end > source.start);
        if source.len() != length {
            return inside.take(1).map(|_| 0..length).collect();
        }
        inside
            .map(|range| {
                range.start.max(source.start) - source.start..range.end.min(source.end) - source.start
            })
            .collect()
    }

    /// Appends a span with what is marked of it.
    pub fn append(&self, job: &mut LayoutJob, span: &Span, format: &TextFormat) {
        let text = span.text.as_str();
        let mut at = 0;
        for range in self.within(&span.source, text.len()) {
            let (Some(before), Some(marked)) = (text.get(at..range.start), text.get(range.clone())) else {
                continue;
            };
            if !before.is_empty() {
                job.append(before, 0.0, format.clone());
            }
            job.append(marked, 0.0, TextFormat { background: self.fill, ..format.clone() });
            at = range.end;
        }
        if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            job.append(rest, 0.0, format.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::{Body, blocks};
    use super::*;

    /// What is shown as marked where these words of the source are.
    fn marked(source: &str, words: &[&str]) -> Vec<String> {
        let fill = egui::Color32::RED;
        let ranges: Vec<_> =
            words.iter().filter_map(|word| source.find(word).map(|at| at..at + word.len())).collect();
        let marks = Marks { ranges: &ranges, fill };
        let mut job = LayoutJob::default();
        for block in blocks(source) {
            if let Body::Text(spans) | Body::Heading(_, spans) = &block.body {
                for span in spans {
                    marks.append(&mut job, span, &TextFormat::default());
                }
            }
        }
        let shown = job.sections.iter().filter(|section| section.format.background == fill);
        shown
            .map(|section| job.text[section.byte_range.start.0..section.byte_range.end.0].to_owned())
            .collect()
    }

    #[test]
    fn words_are_marked_through_all_looks() {
        assert_eq!(marked("It is **93.1 %** or `v7` now", &["93.1", "v7", "now"]), ["93.1", "v7", "now"]);
        assert_eq!(marked("one\ntwo three", &["two"]), ["two"]);
        assert_eq!(marked("# Fünf ärgerliche", &["ärger"]), ["ärger"]);
        assert!(marked("nothing", &[]).is_empty());
    }

    #[test]
    fn what_is_written_otherwise_than_shown_is_marked_as_a_whole() {
        assert_eq!(marked("a &amp; b", &["amp"]), ["&"]);
    }
}
