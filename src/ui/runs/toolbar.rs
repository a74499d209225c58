//! Above the table: which experiment, its note and tags, the filter, which runs, how many.

use egui::{Align, Label, Layout, Popup, PopupCloseBehavior, ScrollArea, Ui};

use super::{RunsView, chooser};
use crate::entities::{ViewType, tag};
use crate::state::Route;
use crate::state::command::Commands;
use crate::state::compare::Subject;
use crate::state::format;
use crate::state::runs::{Listing, Progress, RunsCommand};
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::experiments::VIEWS;
use crate::ui::traces::{Tab, experiment_ui};
use crate::ui::widgets::{Pane, count_ui, refresh_ui, switch_ui, table_filter_ui, tag_chip_ui, toolbar_ui};

/// Tags that are shown at once.
const MOST_TAGS: usize = 3;
const NOTE_HEIGHT: f32 = 420.0;
const FILTER_HELP: &str = "Words that must all occur in the name, id, status, user, source, params or tags. \
    key=value looks at one param, tag or metric, quotes keep spaces together. Filters the runs that are loaded.";

impl RunsView {
    pub(super) fn toolbar_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, listing: &Listing, out: &mut Commands) {
        toolbar_ui(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    self.buttons_ui(ui, listing, out);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        self.experiment_ui(ui, cx, listing.experiment_id(), out);
                    });
                });
            });
            ui.add_space(2.0);
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                self.filter_ui(ui, listing, out);
            });
        });
    }

    fn buttons_ui(&mut self, ui: &mut Ui, listing: &Listing, out: &mut Commands) {
        refresh_ui(ui, "Refresh runs", listing.loaded_at(), out);
        let columns = ui.add(theme::button::quiet((Icon::Columns.image().alt_text(""), "Columns")));
        chooser::show(&columns, &mut self.chooser, listing, out);
        if listing.arrangement().has_children {
            nesting_ui(ui, listing, out);
        }
    }

    fn experiment_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, id: &str, out: &mut Commands) {
        experiment_ui(ui, cx, id, Tab::Runs, out);
        let Some(experiment) = cx.workspace().and_then(|workspace| workspace.experiments.find(id)) else {
            return;
        };
        if let Some(note) = experiment.tags.get(tag::NOTE).filter(|note| !note.trim().is_empty()) {
            let button = ui.add(theme::button::icon(Icon::FileText, "Note"));
            let button = button.on_hover_text("Note of this experiment");
            Popup::from_toggle_button_response(&button)
                .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
                .accessible_name("Note of this experiment")
                .show(|ui| {
                    ui.set_width(size::DIALOG);
                    egui::Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
                        let area = ScrollArea::vertical().max_height(NOTE_HEIGHT);
                        area.show(ui, |ui| self.markdown.show(ui, note));
                    });
                });
        }
        let tags: Vec<_> = experiment.tags.iter().filter(|(key, _)| !tag::is_system(key)).collect();
        for (key, value) in tags.iter().take(MOST_TAGS) {
            tag_chip_ui(ui, key, value);
        }
        if tags.len() > MOST_TAGS {
            let more = ui.add(Label::new(theme::text::small(format!("+{}", tags.len() - MOST_TAGS))));
            more.on_hover_ui(|ui| {
                for (key, value) in tags.iter().skip(MOST_TAGS) {
                    ui.label(theme::text::small(format!("{key}: {value}")));
                }
            });
        }
    }

    fn filter_ui(&mut self, ui: &mut Ui, listing: &Listing, out: &mut Commands) {
        if table_filter_ui(ui, &mut self.filter, "Filter runs", FILTER_HELP, 0.3) {
            out.push(RunsCommand::Filter(self.filter.clone()));
        }
        if let Some(view) = switch_ui(ui, "runs", listing.view(), &VIEWS) {
            out.push(RunsCommand::View(view));
        }
        let keys = Pane::Main.has_keys(ui.ctx());
        if let Some([one, other]) = self.marked.show(ui, |(_, name)| name.clone(), keys) {
            let [from, to] = [one, other].map(|(run_id, _)| Subject::Run { run_id });
            out.push(Route::Compare { from, to });
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            pause_ui(ui, listing, out);
            count_ui(ui, count(listing));
        });
    }
}

fn nesting_ui(ui: &mut Ui, listing: &Listing, out: &mut Commands) {
    let nested = listing.is_nested();
    if nested {
        // From right to left.
        for (icon, name, open) in
            [(Icon::ChevronUp, "Fold all", false), (Icon::ChevronDown, "Unfold all", true)]
        {
            if ui.add(theme::button::icon(icon, name)).on_hover_text(name).clicked() {
                out.push(RunsCommand::UnfoldAll(open));
            }
        }
    }
    let button = theme::button::icon(Icon::Tree, "Nest runs").selected(nested);
    let hover = if nested { "Runs stand under their parents" } else { "All runs in one list" };
    if ui.add(button).on_hover_text(hover).clicked() {
        out.push(RunsCommand::Nest(!nested));
    }
}

fn pause_ui(ui: &mut Ui, listing: &Listing, out: &mut Commands) {
    let (label, icon, paused) = match listing.progress() {
        Progress::Loading(_) => ("Pause", Icon::Stop, true),
        Progress::Paused => ("Load the rest", Icon::Play, false),
        Progress::Complete | Progress::Stopped => return,
    };
    let button = theme::button::quiet((icon.sized(size::ICON_SMALL).alt_text(""), label));
    if ui.add(button).on_hover_text("A server needs a second or more for 1,000 runs").clicked() {
        out.push(RunsCommand::Pause(paused));
    }
}

/// “300 loaded, more coming”, “12 of 1,234 runs”: never more than is known.
fn count(listing: &Listing) -> String {
    let loaded = listing.table().rows().count() as usize;
    let matched = listing.arrangement().matched as usize;
    let filtered = listing.shows_filtered();
    let of = |what: &str| {
        if filtered {
            format!("{} of {}{what}", format::count(matched), format::count(loaded))
        } else {
            format!("{}{what}", format::count(loaded))
        }
    };
    let kind = match listing.view() {
        ViewType::DeletedOnly => "deleted ",
        ViewType::ActiveOnly | ViewType::All => "",
    };
    let runs = format!(" {kind}{}", if loaded == 1 { "run" } else { "runs" });
    match listing.progress() {
        Progress::Loading(None) if loaded == 0 => "Loading…".into(),
        Progress::Loading(None) => of(" loaded, more coming"),
        Progress::Loading(Some(0)) => format!("{}, refreshing…", of(&runs)),
        Progress::Loading(Some(arrived)) => {
            format!("{}, refreshing: {}", of(&runs), format::count(arrived as usize))
        }
        Progress::Paused => of(" loaded, paused"),
        Progress::Stopped => of(" loaded, not all"),
        Progress::Complete => of(&runs),
    }
}
