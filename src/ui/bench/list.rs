//! The list at the left: sets, the newest first, each with its runs.

use egui::{Align, Key, Label, Layout, Modifiers, Ui};

use crate::state::bench::set::PromptSet;
use crate::state::bench::{Bench, BenchCommand, Kind, RunSummary};
use crate::state::command::Commands;
use crate::state::navigation::Route;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::{ListLook, Pane, VirtualList, filter_field_of_pane_ui};

/// The words that are looked for, and the cursor.
#[derive(Default)]
pub(super) struct ListView {
    words: String,
    list: VirtualList,
}

enum Entry<'a> {
    Set(&'a PromptSet),
    /// Of a set that is not there any more.
    Gone(&'a str),
    Run(&'a RunSummary),
}

impl Entry<'_> {
    fn name(&self) -> String {
        match self {
            Self::Set(set) => format!("set {}", set.name),
            Self::Gone(name) => format!("deleted set {name}"),
            Self::Run(run) => format!("run {} on {}", run.name, run.columns.join(", ")),
        }
    }

    fn route(&self) -> Option<Route> {
        match self {
            Self::Set(set) => Some(Route::BenchSet(set.id)),
            Self::Gone(_) => None,
            Self::Run(run) => Some(Route::BenchRun(run.id)),
        }
    }

    fn kept(&self) -> Option<(Kind, u64)> {
        match self {
            Self::Set(set) => Some((Kind::Set, set.id)),
            Self::Gone(_) => None,
            Self::Run(run) => Some((Kind::Run, run.id)),
        }
    }
}

impl ListView {
    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let bench = &cx.state.bench;
        Pane::List.take_keys_on_press(ui, ui.max_rect());
        egui::Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    let import = theme::button::icon(Icon::Upload, "Import a prompt set");
                    if ui.add(import).on_hover_text("Import a prompt set…").clicked() {
                        out.push(BenchCommand::Import(None));
                    }
                    let dataset = theme::button::icon(Icon::Dataset, "Prompt set from an evaluation dataset");
                    if ui.add(dataset).on_hover_text("Prompt set from an evaluation dataset…").clicked() {
                        out.push(BenchCommand::AskDatasets(None));
                    }
                    let new = theme::button::icon(Icon::Add, "New prompt set");
                    if ui.add(new).on_hover_text("New prompt set").clicked() {
                        out.push(BenchCommand::NewSet);
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let slash = !matches!(cx.route(), Route::BenchRun(_) | Route::BenchSet(_));
                        if filter_field_of_pane_ui(ui, &mut self.words, "Filter the bench", slash).changed() {
                            self.list.reset();
                        }
                    });
                });
            });
        });
        let entries = entries(bench, &self.words);
        if entries.is_empty() {
            ui.vertical_centered(|ui| ui.label(theme::text::weak("Nothing is called so")));
            return;
        }
        let keys = Pane::List.has_keys(ui.ctx());
        let look = ListLook {
            salt: "bench",
            count: entries.len(),
            height: size::ROW,
            selected: entries.iter().position(|entry| entry.route().as_ref() == Some(cx.route())),
            keys,
        };
        let name = |row: usize| entries.get(row).map(Entry::name).unwrap_or_default();
        let answer = self.list.show(ui, &look, name, |ui, row| {
            if let Some(entry) = entries.get(row) {
                entry_ui(ui, cx, entry);
            }
        });
        if let Some(route) = answer.chosen.and_then(|row| entries.get(row)?.route()) {
            out.push(route);
        }
        for (row, response) in answer.visible {
            if let Some(entry) = entries.get(row) {
                response.context_menu(|ui| menu_ui(ui, entry, out));
            }
        }
        let chosen = self.list.cursor().filter(|_| keys).and_then(|row| entries.get(row)?.kept());
        if let Some((kind, id)) = chosen
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Delete))
        {
            out.push(BenchCommand::Delete(kind, id));
        }
    }
}

/// Sets that are called so, or have runs that are, each followed by its runs; then runs whose sets are gone.
fn entries<'a>(bench: &'a Bench, words: &str) -> Vec<Entry<'a>> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let wanted = |name: &str| {
        let name = name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    let is_wanted =
        |run: &&RunSummary| wanted(&format!("{} {} {}", run.name, run.set_name, run.columns.join(" ")));
    let mut entries = Vec::new();
    for set in bench.sets() {
        let runs: Vec<&RunSummary> =
            bench.runs().iter().filter(|run| run.set == set.id).filter(is_wanted).collect();
        if wanted(&set.name) || !runs.is_empty() {
            entries.push(Entry::Set(set));
            entries.extend(runs.into_iter().map(Entry::Run));
        }
    }
    let mut gone = None;
    let mut orphans: Vec<&RunSummary> =
        bench.runs().iter().filter(|run| bench.set(run.set).is_none()).filter(is_wanted).collect();
    orphans.sort_by_key(|run| std::cmp::Reverse(run.set));
    for run in orphans {
        if gone != Some(run.set) {
            gone = Some(run.set);
            entries.push(Entry::Gone(&run.set_name));
        }
        entries.push(Entry::Run(run));
    }
    entries
}

fn entry_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &Entry<'_>) {
    let tokens = ui.tokens();
    let (icon, color) = match entry {
        Entry::Set(_) | Entry::Gone(_) => (Icon::Bench, tokens.text_weak),
        Entry::Run(run) => state_of(ui, cx, run),
    };
    ui.add_space(if matches!(entry, Entry::Run(_)) { size::SPACE_XL } else { size::SPACE_S });
    ui.add(icon.sized(size::ICON_SMALL).tint(color).alt_text(""));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        match entry {
            Entry::Set(set) => {
                ui.label(theme::text::small(format::count(set.cases.len()))).on_hover_text(format::counted(
                    set.cases.len(),
                    "prompt",
                    "prompts",
                ));
            }
            Entry::Gone(_) => {
                ui.label(theme::text::small("deleted"));
            }
            Entry::Run(run) => {
                ui.label(theme::text::small(format::relative_time(run.started, cx.now)))
                    .on_hover_text(format::exact_time(run.started));
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = match entry {
                Entry::Set(set) => theme::text::strong(set.name.as_str()),
                Entry::Gone(name) => theme::text::weak(*name),
                // A run is called after its set until somebody says otherwise: whom it asked tells more then.
                Entry::Run(run) if run.name == run.set_name => run.columns.join(" · ").into(),
                Entry::Run(run) => run.name.as_str().into(),
            };
            ui.add(Label::new(text).truncate().selectable(false));
        });
    });
}

/// How a run is: an icon and its colour.
fn state_of(ui: &Ui, cx: &Cx<'_>, run: &RunSummary) -> (Icon, egui::Color32) {
    let tokens = ui.tokens();
    if cx.state.bench.running() == Some(run.id) {
        (Icon::Running, tokens.info.fg)
    } else if run.ended.is_none() || run.done < run.total {
        (Icon::Pending, tokens.warning.fg)
    } else {
        (Icon::Success, tokens.success.fg)
    }
}

fn menu_ui(ui: &mut Ui, entry: &Entry<'_>, out: &mut Commands) {
    if let Some(route) = entry.route()
        && ui.add(theme::button::default((Icon::ArrowRight.image(), "Open"))).clicked()
    {
        out.push(Command::Go(route));
    }
    if let Entry::Set(set) = entry
        && ui.add(theme::button::default((Icon::Play.image(), "Run…"))).clicked()
    {
        out.push(BenchCommand::AskStart(set.id));
    }
    if let Some((kind, id)) = entry.kept()
        && ui.add(theme::button::default((Icon::Delete.image(), "Delete"))).clicked()
    {
        out.push(BenchCommand::Delete(kind, id));
    }
}
