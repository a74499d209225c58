//! Downloads under way: they go on when the user goes elsewhere, and can be stopped and tried again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::save::safe_name;
use super::save_files::{Saved, save_file, save_folder};
use crate::entities::{ArtifactRoot, FileInfo};
use crate::state::remote::lost;
use crate::state::tasks::{Polled, Task, Tasks};
use crate::state::{Command, Cx, format};
use crate::tracking::TrackingError;

/// How far a download is; written by the download, read when a frame is drawn.
#[derive(Default)]
pub(super) struct Progress {
    received: AtomicU64,
    /// 0: not known.
    total: AtomicU64,
    files_done: AtomicUsize,
    files: AtomicUsize,
    /// When the UI was woken last, in milliseconds.
    woken: AtomicU64,
    tasks: Option<Tasks>,
}

/// Milliseconds between two frames that show progress.
const FRAME: u64 = 100;

impl Progress {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        let now = format::now().max(0) as u64;
        if let Some(tasks) = &self.tasks
            && now >= self.woken.load(Ordering::Relaxed) + FRAME
        {
            self.woken.store(now, Ordering::Relaxed);
            tasks.wake();
        }
    }

    pub(super) fn expect(&self, files: &[FileInfo]) {
        let total = files.iter().map(|file| file.file_size).sum::<Option<u64>>();
        self.total.store(total.unwrap_or(0), Ordering::Relaxed);
        self.files.store(files.len(), Ordering::Relaxed);
    }

    pub(super) fn file_done(&self) {
        self.files_done.fetch_add(1, Ordering::Relaxed);
    }
}

/// One file or folder on its way to the disk.
pub struct Download {
    /// Unique since the server was opened.
    pub id: u64,
    /// Its name.
    pub name: String,
    root: ArtifactRoot,
    path: String,
    is_dir: bool,
    /// Where the user wants it, once that was asked: a folder to save into, or a file's path.
    target: Arc<OnceLock<PathBuf>>,
    progress: Arc<Progress>,
    task: Option<Task<Result<Option<Saved>, TrackingError>>>,
    error: Option<TrackingError>,
}

/// How a download stands, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadStatus {
    /// The user is being asked where to.
    Choosing,
    /// Under way.
    Running {
        /// Bytes that are here.
        received: u64,
        /// Bytes there will be, if known.
        total: Option<u64>,
        /// Files that are here, and files there will be, where it is a folder.
        files: Option<(usize, usize)>,
    },
    /// It failed.
    Failed(TrackingError),
}

impl Download {
    pub(super) fn new(id: u64, root: ArtifactRoot, path: String, is_dir: bool) -> Self {
        let name = match path.rsplit('/').next() {
            Some("") | None => "artifacts".to_owned(),
            Some(name) => name.to_owned(),
        };
        Self {
            id,
            name,
            root,
            path,
            is_dir,
            target: Arc::default(),
            progress: Arc::default(),
            task: None,
            error: None,
        }
    }

    /// How it stands.
    pub fn status(&self) -> DownloadStatus {
        if let Some(error) = &self.error {
            return DownloadStatus::Failed(error.clone());
        }
        if self.target.get().is_none() {
            return DownloadStatus::Choosing;
        }
        let total = self.progress.total.load(Ordering::Relaxed);
        let files = self.progress.files.load(Ordering::Relaxed);
        DownloadStatus::Running {
            received: self.progress.received(),
            total: (total > 0).then_some(total),
            files: (files > 0).then(|| (self.progress.files_done.load(Ordering::Relaxed), files)),
        }
    }

    /// Begins, or begins again. Asks where to, unless that was answered before.
    pub(super) fn start(&mut self, cx: &Cx<'_>) {
        let progress = Arc::new(Progress { tasks: Some(cx.tasks.clone()), ..Progress::default() });
        self.error = None;
        self.progress = Arc::clone(&progress);
        let (store, root, path) = (Arc::clone(cx.store), self.root.clone(), self.path.clone());
        let (target, is_dir, name) = (Arc::clone(&self.target), self.is_dir, safe_name(&self.name));
        let asked = target
            .get()
            .is_none()
            .then(|| if is_dir { cx.dialogs.pick_folder() } else { cx.dialogs.save_file(&name) });
        self.task = Some(cx.tasks.spawn(async move {
            if let Some(asked) = asked {
                let Some(answer) = asked.await else { return Ok(None) };
                // Set once: a retry does not ask.
                target.get_or_init(|| answer);
            }
            let Some(target) = target.get() else { return Ok(None) };
            if is_dir {
                return save_folder(store, &root, &path, &name, target, &progress).await.map(Some);
            }
            let body = store.read_artifact(&root, &path, None).await?;
            progress.total.store(body.total.unwrap_or(0), Ordering::Relaxed);
            save_file(body, target, &progress).await?;
            Ok(Some(Saved { place: target.clone(), ..Saved::default() }))
        }));
    }

    /// Takes the end if it is here. `true`: nothing more is to be shown.
    pub(super) fn poll(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(task) = &mut self.task else { return false };
        let result = match task.poll() {
            Polled::Pending => return false,
            Polled::Ready(result) => result,
            Polled::Lost => Err(lost()),
        };
        self.task = None;
        match result {
            Ok(Some(saved)) => say_saved(&saved, cx),
            Ok(None) => {}
            Err(error) => {
                self.error = Some(error);
                return false;
            }
        }
        true
    }
}

fn say_saved(saved: &Saved, cx: &mut Cx<'_>) {
    let place = saved.place.display();
    let Some(first) = saved.left_out.first() else {
        let show = Command::ShowInFolder(saved.place.clone());
        cx.notices.success(format!("Saved {place}"), Some(("Show in folder", show)));
        return;
    };
    let left_out = format::counted(
        saved.left_out.len(),
        "file that the server refuses",
        "files that the server refuses",
    );
    let text = format!("Saved {place} without {left_out}, such as {first}");
    let list = Command::Copy(saved.left_out.join("\n"), "list of files");
    cx.notices.warning(text, Some(("Copy list", list)));
}

/// All downloads together, for the status bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActiveDownloads {
    /// How many are under way.
    pub count: usize,
    /// Bytes that are here.
    pub received: u64,
    /// Bytes there will be, if that is known of all.
    pub total: Option<u64>,
}

impl ActiveDownloads {
    pub(super) fn of(downloads: &[Download]) -> Self {
        let mut all = Self { total: Some(0), ..Self::default() };
        for download in downloads {
            if let DownloadStatus::Running { received, total, .. } = download.status() {
                all.count += 1;
                all.received += received;
                all.total = all.total.zip(total).map(|(sum, total)| sum + total);
            }
        }
        all
    }
}
