//! A comparison in a few words, for the plan and for the top of the screen.

use super::comparison::Comparison;
use super::files::FileStatus;
use super::line::{Change, Line, Section};
use crate::state::format;

/// Names that a sentence lists at most.
const MOST_NAMED: usize = 3;

impl Comparison {
    /// What differs, a phrase each: `3 metrics better, 1 worse`, `requirements: mlflow 3.1 → 3.17`, `signature same`,
    /// `2 files changed`. Empty where one side is missing.
    pub fn summary(&self) -> Vec<String> {
        if (0..2).any(|side| self.side(side).is_none()) {
            return Vec::new();
        }
        let phrases = [
            self.metrics_phrase(),
            counted(self.section(Section::Params), "param", "params"),
            self.packaged_phrase(Section::Signature, "signature"),
            self.model_phrase(),
            self.packaged_phrase(Section::Requirements, "requirements"),
            counted(self.section(Section::Tags), "tag", "tags"),
            self.files_phrase(),
            self.commit_phrase(),
        ];
        phrases.into_iter().flatten().collect()
    }

    /// How the signature changes, if it does: a sentence for who is to decide.
    pub fn signature_changed(&self) -> Option<String> {
        let changes: Vec<String> = self
            .section(Section::Signature)
            .filter(|line| line.differs())
            .map(|line| match line.change {
                Change::Added | Change::Removed => format!("{} {}", line.name, line.change.label()),
                _ => format!("{}: {} → {}", line.name, line.from.whole(), line.to.whole()),
            })
            .collect();
        (!changes.is_empty()).then(|| format!("The signature changes: {}", listed(&changes)))
    }

    fn metrics_phrase(&self) -> Option<String> {
        let of = |change: Change| self.section(Section::Metrics).filter(|line| line.change == change).count();
        let (better, worse) = (of(Change::Better), of(Change::Worse));
        let all = self.section(Section::Metrics).filter(|line| line.differs()).count();
        let other = all - better - worse;
        let mut parts = Vec::new();
        for (count, word) in [(better, "better"), (worse, "worse"), (other, "changed")] {
            if count > 0 && parts.is_empty() {
                parts.push(format!("{} {word}", format::counted(count, "metric", "metrics")));
            } else if count > 0 {
                parts.push(format!("{} {word}", format::count(count)));
            }
        }
        let compared = self.section(Section::Metrics).any(|line| line.change != Change::NotCompared);
        match (parts.is_empty(), compared) {
            (false, _) => Some(parts.join(", ")),
            (true, true) => Some("metrics same".into()),
            (true, false) => None,
        }
    }

    fn packaged_phrase(&self, section: Section, name: &str) -> Option<String> {
        let mut lines = self.section(section).peekable();
        lines.peek()?;
        let changes: Vec<String> = lines.filter(|line| line.differs()).map(change).collect();
        Some(if changes.is_empty() {
            format!("{name} same")
        } else {
            format!("{name}: {}", listed(&changes))
        })
    }

    fn model_phrase(&self) -> Option<String> {
        let task = self.section(Section::Model).find(|line| line.name == "task" && line.differs())?;
        Some(format!("task: {} → {}", or_none(task.from.whole()), or_none(task.to.whole())))
    }

    fn files_phrase(&self) -> Option<String> {
        if self.files().is_empty() {
            return None;
        }
        if self.is_prompt() {
            let differs = self.files().iter().any(|file| file.status.differs());
            return Some(if differs { "text changed".into() } else { "text same".into() });
        }
        let of = |status: FileStatus| self.files().iter().filter(|file| file.status == status).count();
        let mut parts = Vec::new();
        for status in [FileStatus::Changed, FileStatus::Added, FileStatus::Removed] {
            match of(status) {
                0 => {}
                count if parts.is_empty() => {
                    parts.push(format!("{} {}", format::counted(count, "file", "files"), status.label()));
                }
                count => parts.push(format!("{} {}", format::count(count), status.label())),
            }
        }
        let waiting = of(FileStatus::Waiting) > 0;
        match (parts.is_empty(), waiting) {
            (true, true) => None,
            (true, false) => Some("files same".into()),
            (false, _) => Some(parts.join(", ")),
        }
    }

    fn commit_phrase(&self) -> Option<String> {
        let commit = self.section(Section::About).find(|line| line.name == "Git commit")?;
        match commit.change {
            Change::Same => Some("commit same".into()),
            Change::Changed => Some("commit differs".into()),
            _ => None,
        }
    }
}

fn counted<'a>(lines: impl Iterator<Item = &'a Line>, one: &str, many: &str) -> Option<String> {
    let count = lines.filter(|line| line.differs()).count();
    (count > 0).then(|| format!("{} changed", format::counted(count, one, many)))
}

/// `mlflow 3.1 → 3.17`, `pandas added`, `input a: long → double`
fn change(line: &Line) -> String {
    match line.change {
        Change::Added | Change::Removed => format!("{} {}", line.name, line.change.label()),
        _ => format!("{} {} → {}", line.name, line.from.whole(), line.to.whole()),
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".into() } else { text }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
