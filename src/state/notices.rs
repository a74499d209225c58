//! Toasts, and the last thing that went wrong for the status bar.

use std::time::{Duration, Instant};

use super::Command;
use crate::tracking::TrackingError;

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// Something was done that needs no attention.
    Info,
    /// Something was done that the user waited for.
    Success,
    /// Done, but look at it.
    Warning,
    /// Not done.
    Error,
}

/// One toast.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Unique since the app was started.
    pub id: u64,
    /// How it is meant.
    pub kind: NoticeKind,
    /// A sentence.
    pub text: String,
    /// More, on demand and for “Copy details”.
    pub detail: Option<String>,
    /// A button: its label, and what it does.
    pub action: Option<(String, Box<Command>)>,
    expires: Option<Instant>,
}

/// All toasts that are shown, oldest first.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    next_id: u64,
    last_error: Option<String>,
}

/// A plain confirmation is read in this time.
const BRIEF: Duration = Duration::from_secs(4);
/// Time to decide about an Undo.
const WITH_ACTION: Duration = Duration::from_secs(20);
/// More than this hides what the user works on.
const MOST: usize = 4;

impl Notices {
    /// Says that something was done.
    pub fn info(&mut self, text: impl Into<String>) -> u64 {
        self.push(NoticeKind::Info, text.into(), None, None, Some(BRIEF))
    }

    /// Says what others did, with a button that leads to it. `stays`: until it is dismissed.
    pub fn news(&mut self, text: impl Into<String>, (label, command): (&str, Command), stays: bool) -> u64 {
        let action = Some((label.to_owned(), Box::new(command)));
        self.push(NoticeKind::Info, text.into(), None, action, (!stays).then_some(WITH_ACTION))
    }

    /// Says that something was done, with a button such as Undo.
    pub fn success(&mut self, text: impl Into<String>, action: Option<(&str, Command)>) -> u64 {
        let time = if action.is_some() { WITH_ACTION } else { BRIEF };
        let action = action.map(|(label, command)| (label.to_owned(), Box::new(command)));
        self.push(NoticeKind::Success, text.into(), None, action, Some(time))
    }

    /// Says that something wants attention; stays until it is dismissed.
    pub fn warning(&mut self, text: impl Into<String>, action: Option<(&str, Command)>) -> u64 {
        let action = action.map(|(label, command)| (label.to_owned(), Box::new(command)));
        self.push(NoticeKind::Warning, text.into(), None, action, None)
    }

    /// Says what failed, on what, why, and what to do next. Stays until it is dismissed.
    pub fn error(&mut self, what: impl Into<String>, error: &TrackingError, retry: Option<Command>) -> u64 {
        let text = format!("{}: {error}. {}", what.into(), error.next_step());
        self.failed(text, error.details(), retry)
    }

    /// Says what failed where no store was involved.
    pub fn failed(&mut self, text: String, detail: String, retry: Option<Command>) -> u64 {
        self.last_error = Some(text.clone());
        let action = retry.map(|command| ("Retry".to_owned(), Box::new(command)));
        self.push(NoticeKind::Error, text, Some(detail), action, None)
    }

    /// Takes over what another server has to say, without its buttons: they are for that server.
    pub fn pass_on(&mut self, said: Self, server: &str) {
        for notice in said.shown {
            let text = format!("{server}: {}", notice.text);
            if notice.kind == NoticeKind::Error {
                self.last_error = Some(text.clone());
            }
            // Nobody waits for it any more, and so may look elsewhere: it stays until it is dismissed.
            self.push(notice.kind, text, notice.detail, None, None);
        }
    }

    /// Takes one away.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Takes all away: what they offer belongs to a server that was left.
    pub fn dismiss_all(&mut self) {
        self.shown.clear();
    }

    /// Takes away what was shown long enough.
    pub fn expire(&mut self, now: Instant) {
        self.shown.retain(|notice| notice.expires.is_none_or(|at| at > now));
    }

    /// How long until the next one expires.
    pub fn next_expiry(&self, now: Instant) -> Option<Duration> {
        self.shown
            .iter()
            .filter_map(|notice| notice.expires)
            .min()
            .map(|at| at.saturating_duration_since(now))
    }

    /// What is shown, oldest first.
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }

    /// The last thing that went wrong.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    fn push(
        &mut self,
        kind: NoticeKind,
        text: String,
        detail: Option<String>,
        action: Option<(String, Box<Command>)>,
        time: Option<Duration>,
    ) -> u64 {
        self.next_id += 1;
        // The same message again replaces itself instead of piling up.
        self.shown.retain(|notice| notice.text != text);
        if self.shown.len() >= MOST {
            self.shown.remove(0);
        }
        let expires = time.map(|time| Instant::now() + time);
        self.shown.push(Notice { id: self.next_id, kind, text, detail, action, expires });
        self.next_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_go_by_themselves_and_errors_stay() {
        let mut notices = Notices::default();
        notices.info("Copied");
        notices.failed("Could not save".into(), String::new(), None);
        notices.expire(Instant::now() + Duration::from_hours(1));
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.shown()[0].kind, NoticeKind::Error);
        assert_eq!(notices.last_error(), Some("Could not save"));
    }

    #[test]
    fn what_another_server_says_is_passed_on_without_its_buttons() {
        let mut said = Notices::default();
        said.success("prod moved", Some(("Undo", Command::Refresh)));
        let mut notices = Notices::default();
        notices.pass_on(said, "staging:5000");
        notices.expire(Instant::now() + Duration::from_hours(1));
        let notice = notices.shown().first().unwrap();
        assert_eq!((notice.text.as_str(), notice.action.is_none()), ("staging:5000: prod moved", true));
    }

    #[test]
    fn the_same_message_does_not_pile_up() {
        let mut notices = Notices::default();
        for _ in 0..9 {
            notices.info("Copied");
        }
        assert_eq!(notices.shown().len(), 1);
    }
}
