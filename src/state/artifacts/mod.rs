//! Files of runs, logged models and versions: folders and previews, each loaded when it is opened; downloads.

mod browser;
mod download;
mod hex;
pub(super) mod json;
mod kind;
mod picture;
mod preview;
pub(super) mod save;
mod save_files;
mod table;
mod text;
mod uri;

use std::time::Instant;

pub use browser::{Browser, TreeRow, TreeRowKind, list_folder};
pub use download::{ActiveDownloads, Download, DownloadStatus};
pub use kind::FileKind;
pub use picture::Picture;
pub use preview::{Preview, Rendered, UTMOST};
pub use save::safe_name;
pub use table::Table;
pub use text::{Encoding, TextRows, decode};
pub use uri::artifact_uri;

use super::Cx;
use super::navigation::Route;
use crate::entities::ArtifactRoot;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum ArtifactsCommand {
    /// These files are on the screen now: lists the top folder unless that was done.
    Open {
        /// Whose files.
        root: ArtifactRoot,
        /// A file to preview as soon as its folder is known to have it, unless another was chosen.
        first: Option<String>,
    },
    /// Opens or closes a folder.
    Toggle {
        /// Whose files.
        root: ArtifactRoot,
        /// The folder.
        path: String,
    },
    /// Previews a file; the folders above it are opened.
    Select {
        /// Whose files.
        root: ArtifactRoot,
        /// The file.
        path: String,
    },
    /// Lists a folder anew.
    Reload {
        /// Whose files.
        root: ArtifactRoot,
        /// The folder; empty for the top one.
        path: String,
    },
    /// Previews the selected file anew.
    ReloadPreview {
        /// Whose files.
        root: ArtifactRoot,
    },
    /// Previews the selected file although it is large.
    ShowAnyway {
        /// Whose files.
        root: ArtifactRoot,
    },
    /// Asks where to, and saves a file or a folder with all below it.
    Save {
        /// Whose files.
        root: ArtifactRoot,
        /// The file or folder; empty for all.
        path: String,
        /// Whether it is a folder.
        is_dir: bool,
    },
    /// Stops a download, or takes a failed one off the list.
    CancelDownload(u64),
    /// Tries a failed download again.
    RetryDownload(u64),
}

/// Browsers that are kept, to come back to what was open. The one on the screen is the first.
const BROWSERS: usize = 12;
/// Browsers whose preview is kept: an image holds many megabytes.
const PREVIEWS: usize = 3;

/// Files and downloads.
#[derive(Default)]
pub struct Artifacts {
    browsers: Vec<(ArtifactRoot, Browser)>,
    downloads: Vec<Download>,
    last_download: u64,
}

impl Artifacts {
    /// The files of a root, if they were opened.
    pub fn browser(&self, root: &ArtifactRoot) -> Option<&Browser> {
        self.browsers.iter().find(|(known, _)| known == root).map(|(_, browser)| browser)
    }

    /// Whose files were opened last.
    pub fn shown(&self) -> Option<&ArtifactRoot> {
        self.browsers.first().map(|(root, _)| root)
    }

    /// Downloads that are not done, oldest first.
    pub fn downloads(&self) -> &[Download] {
        &self.downloads
    }

    /// What is being downloaded, summed up.
    pub fn active_downloads(&self) -> ActiveDownloads {
        ActiveDownloads::of(&self.downloads)
    }

    /// Takes what arrived.
    pub fn poll(&mut self, _deadline: Instant, cx: &mut Cx<'_>) {
        self.downloads.retain_mut(|download| !download.poll(cx));
        for (root, browser) in &mut self.browsers {
            browser.poll(root, cx);
        }
    }

    /// Loads what a route shows, unless it is there: the view knows whose files it shows, and opens them.
    pub fn enter(&mut self, _route: &Route, _cx: &mut Cx<'_>) {}

    /// Asks anew for the files on the screen.
    pub fn refresh(&mut self, _route: &Route, cx: &mut Cx<'_>) {
        if let Some((root, browser)) = self.browsers.first_mut() {
            browser.refresh(root, cx);
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: ArtifactsCommand, cx: &mut Cx<'_>) {
        match command {
            ArtifactsCommand::Open { root, first } => self.open(&root).open(&root, first, cx),
            ArtifactsCommand::Toggle { root, path } => self.open(&root).toggle(&root, &path, cx),
            ArtifactsCommand::Select { root, path } => self.open(&root).select(&root, &path, cx),
            ArtifactsCommand::Reload { root, path } => self.open(&root).reload(&root, &path, cx),
            ArtifactsCommand::ReloadPreview { root } => self.open(&root).load_preview(&root, cx),
            ArtifactsCommand::ShowAnyway { root } => self.open(&root).show_anyway(&root, cx),
            ArtifactsCommand::Save { root, path, is_dir } => self.save(root, path, is_dir, cx),
            ArtifactsCommand::CancelDownload(id) => self.downloads.retain(|download| download.id != id),
            ArtifactsCommand::RetryDownload(id) => {
                if let Some(download) = self.downloads.iter_mut().find(|download| download.id == id) {
                    download.start(cx);
                }
            }
        }
    }

    fn save(&mut self, root: ArtifactRoot, path: String, is_dir: bool, cx: &Cx<'_>) {
        self.last_download += 1;
        let mut download = Download::new(self.last_download, root, path, is_dir);
        download.start(cx);
        self.downloads.push(download);
    }

    /// The root's browser, moved to the front.
    fn open(&mut self, root: &ArtifactRoot) -> &mut Browser {
        let at = self.browsers.iter().position(|(known, _)| known == root);
        let entry = at.map_or_else(|| (root.clone(), Browser::default()), |at| self.browsers.remove(at));
        self.browsers.insert(0, entry);
        self.browsers.truncate(BROWSERS);
        for (_, browser) in self.browsers.iter_mut().skip(PREVIEWS) {
            browser.forget_preview();
        }
        &mut self.browsers[0].1
    }
}
