//! An experiment's name, and its two tables: runs and traces.

use egui::{Label, RichText, Ui};

use crate::state::command::Commands;
use crate::state::format;
use crate::state::navigation::{Route, TraceScope};
use crate::state::runs::Progress;
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;
use crate::ui::experiments::split_path;

/// Room that the tabs need beside a name, in points.
const TABS: f32 = 210.0;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Tab {
    /// Runs.
    Runs,
    /// Traces.
    Traces,
}

/// Draws the last part of the experiment's path, whole on hover, and the tabs.
pub(in crate::ui) fn experiment_ui(ui: &mut Ui, cx: &Cx<'_>, id: &str, shown: Tab, out: &mut Commands) {
    let experiment = cx.workspace().and_then(|workspace| workspace.experiments.find(id));
    let name = experiment.map_or_else(|| format!("Experiment {id}"), |it| it.name.clone());
    // The tabs keep their room, however long the name is.
    ui.scope(|ui| {
        ui.set_max_width((ui.available_width() - TABS).max(80.0));
        let (folder, last) = split_path(&name);
        let title = ui.add(Label::new(theme::text::title(last)).truncate());
        if !folder.is_empty() {
            title.on_hover_text(&name);
        }
    });
    tabs_ui(ui, cx, id, shown, out);
}

/// The tabs, with how many there are where that is known.
fn tabs_ui(ui: &mut Ui, cx: &Cx<'_>, experiment_id: &str, shown: Tab, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    let scope = TraceScope::Experiment(experiment_id.to_owned());
    let runs = workspace.runs.of(experiment_id);
    let runs = runs.filter(|listing| listing.progress() == Progress::Complete);
    let runs = runs.map(|listing| listing.table().rows().count() as usize);
    let traces = workspace.traces.of(&scope).filter(|listing| listing.is_complete());
    let traces = traces.map(|listing| (listing.loaded(), listing.has_more()));
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    let tabs = [
        (Tab::Runs, "Runs", runs.map(format::count)),
        (
            Tab::Traces,
            "Traces",
            traces.map(|(count, more)| format!("{}{}", format::count(count), if more { "+" } else { "" })),
        ),
    ];
    for (tab, label, count) in tabs {
        let weak = ui.tokens().text_weak;
        let count = RichText::new(count.unwrap_or_default()).small().color(weak);
        let button = theme::button::quiet((label, count)).selected(tab == shown);
        if ui.add(button).accessible_name(format!("{label} tab")).clicked() && tab != shown {
            out.push(match tab {
                Tab::Runs => Route::Experiment { experiment_id: experiment_id.to_owned() },
                Tab::Traces => Route::Traces(scope.clone()),
            });
        }
    }
}
