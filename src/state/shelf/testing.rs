//! A folder and a thread's surroundings, for unit tests.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::state::Tasks;

/// A scratch folder that is opened again and again, as the app does on each start.
pub(in crate::state) struct Desk {
    _runtime: tokio::runtime::Runtime,
    /// For the thread.
    pub(in crate::state) tasks: Tasks,
    scratch: tempfile::TempDir,
}

impl Desk {
    /// With nothing in it.
    pub(in crate::state) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = Tasks::new(runtime.handle().clone(), || {});
        Self { _runtime: runtime, tasks, scratch: tempfile::tempdir().unwrap() }
    }

    /// The folder that is kept. It is not there at first.
    pub(in crate::state) fn folder(&self) -> PathBuf {
        self.scratch.path().join("deep/er")
    }

    /// A file beside the folder.
    pub(in crate::state) fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }
}

/// The next news, once they are there.
pub(in crate::state) fn soon<N>(mut next: impl FnMut() -> Option<N>) -> N {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(news) = next() {
            return news;
        }
        assert!(Instant::now() < deadline, "nothing came");
        std::thread::sleep(Duration::from_millis(1));
    }
}
