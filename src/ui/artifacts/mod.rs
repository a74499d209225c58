//! Files of a run, a logged model or a version: the tree at the left, the preview at the right, downloads below.

mod downloads;
mod preview;
mod sheet;
mod text;
mod tree;

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use self::preview::PreviewView;
use self::tree::TreeView;
use super::Cx;
use super::toasts::keep_clear;
use super::widgets::{empty_ui, failure_ui, loading_ui};
use crate::entities::ArtifactRoot;
use crate::state::artifacts::{ArtifactsCommand, Browser};
use crate::state::command::Commands;
use crate::theme::{Icon, size};

/// Shows files. What is open and previewed is kept for each root in `workspace.artifacts`; one view can show one
/// root after another.
#[derive(Default)]
pub struct ArtifactsView {
    first: Option<&'static str>,
    tree: TreeView,
    preview: PreviewView,
}

const LOG_ARTIFACTS: &str = "with mlflow.start_run(run_id=\"…\"):\n    mlflow.log_artifact(\"plot.png\")\n";

impl ArtifactsView {
    /// Previews this file, if there is one, when a root is opened for the first time.
    pub fn opening(first: &'static str) -> Self {
        Self { first: Some(first), ..Self::default() }
    }

    /// Draws the files of a root in all the room there is.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, root: &ArtifactRoot, out: &mut Commands) {
        let Some(artifacts) = cx.workspace().map(|workspace| &workspace.artifacts) else { return };
        if artifacts.shown() != Some(root) {
            let first = self.first.map(str::to_owned);
            out.push(ArtifactsCommand::Open { root: root.clone(), first });
            self.tree.reset();
        }
        let Some(browser) = artifacts.browser(root) else { return };
        if !artifacts.downloads().is_empty() {
            let margin = Margin::symmetric(size::SPACE_M as i8, size::SPACE_XS as i8);
            let panel = Panel::bottom("downloads")
                .resizable(false)
                .frame(Frame::new().inner_margin(margin))
                .show(ui, |ui| downloads::show(ui, artifacts.downloads(), out));
            keep_clear(ui.ctx(), panel.response.rect);
        }
        if instead_ui(ui, root, browser, out) {
            return;
        }
        Panel::left("artifact tree")
            .default_size(size::LIST)
            .size_range(size::LIST_MIN..=560.0)
            .frame(Frame::new())
            .show(ui, |ui| self.tree.show(ui, root, browser, out));
        CentralPanel::no_frame().show(ui, |ui| self.preview.show(ui, root, browser, out));
    }
}

/// What is shown where there is no tree. `true`: something was.
fn instead_ui(ui: &mut Ui, root: &ArtifactRoot, browser: &Browser, out: &mut Commands) -> bool {
    let Some(top) = browser.top() else { return true };
    match (top.value(), top.error()) {
        (None, Some(error)) => {
            let retry = ArtifactsCommand::Reload { root: root.clone(), path: String::new() };
            failure_ui(ui, "Could not list the artifacts", error, retry.into(), out);
        }
        (None, None) => loading_ui(ui, "the artifacts"),
        (Some(files), None) if files.is_empty() => {
            let text = "Plots, models and files that are logged appear here";
            empty_ui(ui, Icon::Folder, "No artifacts", text, Some(LOG_ARTIFACTS), out);
        }
        _ => return false,
    }
    true
}
