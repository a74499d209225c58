//! Reaching a store: a server, a database file, the sample.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::dialogs::Dialogs;
use super::remote::Remote;
use super::sample::{self, Sample};
use super::tasks::{Polled, Task, Tasks};
use crate::tracking::{Answer, ConnectRequest, Environment, Login, Store, TrackingError, connect};

/// A store that was reached.
#[derive(Clone)]
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What belongs to it, if it is the sample's.
    pub sample: Option<Arc<Sample>>,
}

/// The attempt under way, and why the last one failed.
#[derive(Default)]
pub struct Connection {
    attempt: Option<Remote<Opened>>,
    request: Option<ConnectRequest>,
    dialog: Option<Task<Option<PathBuf>>>,
}

impl Connection {
    /// Starts an attempt; one under way is given up.
    pub fn connect(&mut self, tasks: &Tasks, request: ConnectRequest, environment: &Arc<Environment>) {
        let store = connect(request.clone(), Arc::clone(environment));
        self.attempt(tasks, store.map(|store| Ok(Opened { store: store?, sample: None })).boxed());
        self.request = Some(request);
    }

    /// Opens another workspace of a store that was reached.
    pub fn switch_workspace(&mut self, tasks: &Tasks, store: &Arc<dyn Store>, workspace: &str) {
        let store = store.in_workspace(workspace);
        self.attempt(tasks, store.map(|store| Ok(Opened { store: store?, sample: None })).boxed());
    }

    /// Opens a database file.
    pub fn open_file(&mut self, tasks: &Tasks, file: &Path, environment: &Arc<Environment>) {
        let uri = file.display().to_string();
        self.connect(
            tasks,
            ConnectRequest { uri, login: Login::Environment, insecure_tls: false },
            environment,
        );
    }

    /// Asks for a database file, to be opened.
    pub fn pick_file(&mut self, tasks: &Tasks, dialogs: &Arc<dyn Dialogs>) {
        self.dialog = Some(tasks.spawn(dialogs.pick_file()));
    }

    /// Opens a fresh copy of the sample.
    pub fn open_sample(&mut self, tasks: &Tasks) {
        let sample = sample::open();
        let opened = async move {
            let (store, sample) = sample.await?;
            Ok(Opened { store, sample: Some(sample) })
        };
        self.attempt(tasks, opened.boxed());
        self.request = None;
    }

    /// Gives up.
    pub fn cancel(&mut self) {
        self.attempt = None;
    }

    /// The end of an attempt, once: the store, or why there is none.
    pub fn poll(
        &mut self,
        tasks: &Tasks,
        environment: &Arc<Environment>,
    ) -> Option<Result<Opened, TrackingError>> {
        self.poll_dialog(tasks, environment);
        let attempt = self.attempt.as_mut()?;
        if !attempt.poll() {
            return None;
        }
        if let Some(opened) = attempt.value().cloned() {
            self.attempt = None;
            return Some(Ok(opened));
        }
        attempt.error().cloned().map(Err)
    }

    /// Whether an attempt is under way.
    pub fn is_connecting(&self) -> bool {
        self.attempt.as_ref().is_some_and(Remote::is_loading)
    }

    /// Why the last attempt failed.
    pub fn error(&self) -> Option<&TrackingError> {
        self.attempt.as_ref().and_then(Remote::error)
    }

    /// What was asked for last; none for the sample.
    pub fn request(&self) -> Option<&ConnectRequest> {
        self.request.as_ref()
    }

    fn attempt(&mut self, tasks: &Tasks, opened: Answer<Opened>) {
        let mut attempt = Remote::default();
        attempt.load(tasks, opened);
        self.attempt = Some(attempt);
        self.dialog = None;
    }

    fn poll_dialog(&mut self, tasks: &Tasks, environment: &Arc<Environment>) {
        let Some(dialog) = &mut self.dialog else { return };
        match dialog.poll() {
            Polled::Pending => {}
            Polled::Ready(Some(file)) => self.open_file(tasks, &file, environment),
            Polled::Ready(None) | Polled::Lost => self.dialog = None,
        }
    }
}
