//! The files below one root: which folders are open, which file is previewed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::preview::{self, Preview};
use crate::entities::{ArtifactRoot, FileInfo};
use crate::state::Cx;
use crate::state::remote::Remote;
use crate::tracking::{Answer, Store};

/// The files below one root.
#[derive(Debug, Default)]
pub struct Browser {
    folders: BTreeMap<String, Remote<Vec<FileInfo>>>,
    open: BTreeSet<String>,
    selected: Option<String>,
    first: Option<String>,
    preview: Remote<Preview>,
    /// Counts the previews, so that a view knows when what it made of one is stale.
    generation: u64,
    rows: Vec<TreeRow>,
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// Path below the root. A note's path is that of the folder it is about.
    pub path: String,
    /// How deep it lies; 0 at the top.
    pub depth: usize,
    /// What it is.
    pub kind: TreeRowKind,
}

/// What a line of the tree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeRowKind {
    /// A folder.
    Folder {
        /// Its files are listed below it.
        open: bool,
    },
    /// A file.
    File {
        /// Bytes, if the store says so.
        size: Option<u64>,
    },
    /// An open folder whose files are on their way.
    Loading,
    /// An open folder without files. MLflow answers so for a folder that is gone, too.
    Empty,
    /// An open folder that could not be listed: why.
    Failed(String),
}

impl TreeRow {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// What can be read of a version whose files cannot be listed (`mlflow/models/model.py`).
const WELL_KNOWN: [&str; 4] = ["MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"];

impl Browser {
    /// The lines of the tree, open folders with their files.
    pub fn rows(&self) -> &[TreeRow] {
        &self.rows
    }

    /// The top folder.
    pub fn top(&self) -> Option<&Remote<Vec<FileInfo>>> {
        self.folders.get("")
    }

    /// The file that is previewed.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// The preview of the selected file.
    pub fn preview(&self) -> &Remote<Preview> {
        &self.preview
    }

    /// Another number for every preview that arrives.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes what arrived.
    pub(super) fn poll(&mut self, root: &ArtifactRoot, cx: &mut Cx<'_>) {
        if self.preview.poll() {
            self.generation += 1;
        }
        let mut changed = false;
        for folder in self.folders.values_mut() {
            changed |= folder.poll();
        }
        if changed {
            self.select_first(root, cx);
            self.rebuild();
        }
    }

    pub(super) fn open(&mut self, root: &ArtifactRoot, first: Option<String>, cx: &mut Cx<'_>) {
        if self.folders.is_empty() {
            self.first = first;
            let above: Vec<String> = self.first.iter().flat_map(|path| folders_above(path)).collect();
            for folder in above {
                self.open.insert(folder.clone());
                self.list(root, &folder, cx);
            }
            self.list(root, "", cx);
        }
        self.select_first(root, cx);
        self.rebuild();
        // Come back to: its preview may have been dropped meanwhile.
        if self.preview.value().is_none() && self.preview.error().is_none() && !self.preview.is_loading() {
            self.load_preview(root, cx);
        }
    }

    pub(super) fn toggle(&mut self, root: &ArtifactRoot, path: &str, cx: &mut Cx<'_>) {
        if !self.open.remove(path) {
            self.open.insert(path.to_owned());
            self.list(root, path, cx);
        }
        self.rebuild();
    }

    pub(super) fn select(&mut self, root: &ArtifactRoot, path: &str, cx: &mut Cx<'_>) {
        self.first = None;
        self.list(root, "", cx);
        for folder in folders_above(path) {
            self.list(root, &folder, cx);
            self.open.insert(folder);
        }
        self.rebuild();
        if self.selected.as_deref() != Some(path) {
            self.selected = Some(path.to_owned());
            self.preview = Remote::default();
        }
        if self.preview.value().is_none() && !self.preview.is_loading() {
            self.load_preview(root, cx);
        }
    }

    pub(super) fn reload(&mut self, root: &ArtifactRoot, path: &str, cx: &mut Cx<'_>) {
        self.folders.entry(path.to_owned()).or_default().load(cx.tasks, list_folder(cx.store, root, path));
        self.rebuild();
    }

    pub(super) fn refresh(&mut self, root: &ArtifactRoot, cx: &mut Cx<'_>) {
        self.folders.retain(|path, _| path.is_empty() || self.open.contains(path));
        for (path, folder) in &mut self.folders {
            folder.load(cx.tasks, list_folder(cx.store, root, path));
        }
        self.rebuild();
        self.load_preview(root, cx);
    }

    /// Fetches the selected file's preview; the old one stays until it is here.
    pub(super) fn load_preview(&mut self, root: &ArtifactRoot, cx: &Cx<'_>) {
        self.fetch(root, false, cx);
    }

    /// The same without the limit for previews.
    pub(super) fn show_anyway(&mut self, root: &ArtifactRoot, cx: &Cx<'_>) {
        self.fetch(root, true, cx);
    }

    /// Frees the preview of a browser that was left; it is fetched again when the file is selected again.
    pub(super) fn forget_preview(&mut self) {
        self.preview = Remote::default();
    }

    fn fetch(&mut self, root: &ArtifactRoot, anyway: bool, cx: &Cx<'_>) {
        let Some(path) = self.selected.clone() else { return };
        let size = self.rows.iter().find(|row| row.path == path).and_then(|row| match row.kind {
            TreeRowKind::File { size } => size,
            _ => None,
        });
        let answer = preview::fetch(Arc::clone(cx.store), root.clone(), path, size, anyway);
        self.preview.load(cx.tasks, Box::pin(answer));
    }

    fn list(&mut self, root: &ArtifactRoot, path: &str, cx: &mut Cx<'_>) {
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.load_if_empty(cx.tasks, || list_folder(cx.store, root, path));
    }

    fn select_first(&mut self, root: &ArtifactRoot, cx: &mut Cx<'_>) {
        let Some(first) = &self.first else { return };
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(files) = self.folders.get(folder).and_then(Remote::value) else { return };
        let found = files.iter().any(|file| file.path == *first && !file.is_dir);
        if let Some(first) = self.first.take().filter(|_| found) {
            self.select(root, &first, cx);
        }
    }

    fn rebuild(&mut self) {
        self.rows.clear();
        let mut rows = Vec::new();
        self.push_folder("", 0, &mut rows);
        self.rows = rows;
    }

    fn push_folder(&self, path: &str, depth: usize, rows: &mut Vec<TreeRow>) {
        let note = |kind| TreeRow { path: path.to_owned(), depth, kind };
        let Some(folder) = self.folders.get(path) else { return };
        if let Some(error) = folder.error() {
            rows.push(note(TreeRowKind::Failed(error.to_string())));
        }
        let Some(files) = folder.value() else {
            if folder.is_loading() {
                rows.push(note(TreeRowKind::Loading));
            }
            return;
        };
        if files.is_empty() {
            rows.push(note(TreeRowKind::Empty));
        }
        for file in files {
            let open = file.is_dir && self.open.contains(&file.path);
            let kind = if file.is_dir {
                TreeRowKind::Folder { open }
            } else {
                TreeRowKind::File { size: file.file_size }
            };
            rows.push(TreeRow { path: file.path.clone(), depth, kind });
            if open {
                self.push_folder(&file.path, depth + 1, rows);
            }
        }
    }
}

/// The folders that a path lies in, the outermost first.
fn folders_above(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect()
}

/// One folder, folders first, by name. Of a version whose files cannot be listed: the names of those that it may have.
pub fn list_folder(store: &Arc<dyn Store>, root: &ArtifactRoot, path: &str) -> Answer<Vec<FileInfo>> {
    if matches!(root, ArtifactRoot::Version { .. }) {
        let files = WELL_KNOWN.map(|name| FileInfo { path: name.into(), is_dir: false, file_size: None });
        return Box::pin(std::future::ready(Ok(files.to_vec())));
    }
    let answer = store.list_artifacts(root, path);
    let folder = path.to_owned();
    Box::pin(async move {
        let mut files = answer.await?;
        files.retain(|file| lies_in(&file.path, &folder));
        files.sort_by_cached_key(|file| (!file.is_dir, file.name().to_lowercase(), file.path.clone()));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(files)
    })
}

/// Whether a path is a direct child of a folder. A listing that says otherwise would make the tree run in circles.
fn lies_in(path: &str, folder: &str) -> bool {
    let name = if folder.is_empty() {
        Some(path)
    } else {
        path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
    };
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_direct_children_are_listed() {
        assert!(lies_in("a", ""));
        assert!(lies_in("a/b", "a"));
        for (path, folder) in [("a/b", ""), ("a", "a"), ("a/", "a"), ("ab/c", "a"), ("", ""), ("a/b/c", "a")]
        {
            assert!(!lies_in(path, folder), "{path} in {folder}");
        }
    }

    #[test]
    fn folders_above_come_outermost_first() {
        assert_eq!(folders_above("a/b/c.txt"), ["a", "a/b"]);
        assert!(folders_above("c.txt").is_empty());
    }
}
