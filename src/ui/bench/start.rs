//! The question whom a set is to be asked of, and how many requests that sends.

use std::sync::{Arc, Weak};

use egui::{Checkbox, Context, DragValue, Label, RichText, ScrollArea, Ui};

use crate::agent::Health;
use crate::entities::VersionNumber;
use crate::state::bench::result::MOST_COLUMNS;
use crate::state::bench::set::PromptSet;
use crate::state::bench::{BenchCommand, Candidate, Choice, Chosen, MOST_PARALLEL, PARALLEL, Start};
use crate::state::command::Commands;
use crate::state::endpoints::EndpointsCommand;
use crate::state::format;
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Confirm, Form, Formed, dialog_ui, failed_ui};

/// Who is chosen, and what the user says of their versions.
#[derive(Default)]
pub(super) struct StartView {
    set: Option<u64>,
    /// In the order in which they were chosen: the first is the base.
    chosen: Vec<Choice>,
    words: Vec<(Choice, String)>,
    parallel: usize,
    /// The set that was looked through, and what is wrong with it.
    checked: (Weak<PromptSet>, Option<String>),
}

/// Width of the field for a version.
const VERSION: f32 = 72.0;
/// Height of the list of endpoints at most.
const LIST: f32 = 280.0;

impl StartView {
    /// Draws it while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(set) = cx.state.bench.starting() else {
            self.set = None;
            return;
        };
        let candidates = cx.state.bench_candidates();
        let opens = self.set != Some(set.id);
        if opens {
            self.open(set.id, &candidates, out);
        }
        self.chosen.retain(|choice| candidates.iter().any(|known| known.choice == *choice));
        let (formed, closes) = dialog_ui(ctx, "run bench", size::DIALOG + 80.0, |ui| {
            self.form_ui(ui, cx, set, &candidates, opens)
        });
        match formed {
            Formed::Confirmed => {
                let word = |choice: &Choice| self.word(choice).and_then(version);
                let endpoints = self.chosen.iter();
                let endpoints =
                    endpoints.map(|choice| Chosen { choice: choice.clone(), word: word(choice) }).collect();
                out.push(BenchCommand::Start(Box::new(Start {
                    set: set.id,
                    endpoints,
                    parallel: self.parallel,
                })));
            }
            Formed::Cancelled => out.push(BenchCommand::CancelStart),
            Formed::On if closes => out.push(BenchCommand::CancelStart),
            Formed::On => {}
        }
    }

    fn open(&mut self, set: u64, candidates: &[Candidate], out: &mut Commands) {
        self.set = Some(set);
        self.parallel = self.parallel.max(PARALLEL);
        if self.chosen.is_empty() {
            self.chosen.extend(candidates.first().map(|first| first.choice.clone()));
        }
        out.push(crate::state::Command::Endpoints(EndpointsCommand::Probe));
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        set: &Arc<PromptSet>,
        candidates: &[Candidate],
        opens: bool,
    ) -> Formed {
        ui.label(theme::text::title(format!("Run “{}”", set.name)));
        ui.label(theme::text::weak(
            "Up to four endpoints. The one chosen first is what the others are compared with",
        ));
        ui.add_space(size::SPACE_M);
        let mut form = Form::new(opens);
        ScrollArea::vertical().max_height(LIST).auto_shrink([false, true]).show(ui, |ui| {
            for candidate in candidates {
                self.candidate_ui(ui, cx, candidate);
            }
        });
        if candidates.is_empty() {
            ui.label("No endpoint is known yet. Talk to one in the chat, or serve a model here");
        }
        ui.add_space(size::SPACE_M);
        ui.horizontal(|ui| {
            ui.label(theme::text::label("At the same time, per endpoint"));
            let drag = DragValue::new(&mut self.parallel).range(1..=MOST_PARALLEL).speed(0.1);
            ui.add(drag).accessible_name("At the same time, per endpoint");
        });
        ui.add_space(size::SPACE_S);
        let names: Vec<String> = self
            .chosen
            .iter()
            .filter_map(|choice| candidates.iter().find(|known| known.choice == *choice))
            .map(|known| known.name.clone())
            .collect();
        let busy = cx.state.bench.running().is_some();
        let problem = self.problem(set, busy);
        if let Some(problem) = &problem {
            failed_ui(ui, problem);
        } else {
            ui.add(Label::new(Start::describe(set.cases.len(), &names)).wrap());
            ui.label(theme::text::weak("Each prompt is a conversation of its own, and is sent once"));
        }
        let requests = format::counted(set.cases.len() * names.len(), "request", "requests");
        let label = format!("Send {requests}");
        let ready = problem.is_none() && !names.is_empty();
        form.take_free_enter(ui, opens);
        form.end_ui(ui, Confirm::Primary(&label), ready, None)
    }

    fn problem(&mut self, set: &Arc<PromptSet>, busy: bool) -> Option<String> {
        if busy {
            return Some("Another bench is under way. Stop it first, or wait for its end".to_owned());
        }
        if set.cases.is_empty() {
            return Some("There is no prompt in the set".to_owned());
        }
        // Thousands of patterns are not read anew for every frame.
        if self.checked.0.as_ptr() != Arc::as_ptr(set) {
            let problem = set.problem().map(|(number, why)| format!("Prompt {number}: {why}"));
            self.checked = (Arc::downgrade(set), problem);
        }
        if let Some(problem) = &self.checked.1 {
            return Some(problem.clone());
        }
        let wrong = self.chosen.iter().find(|choice| {
            self.word(choice).is_some_and(|typed| !typed.trim().is_empty() && version(typed).is_none())
        });
        wrong.map(|_| "A version is a number, as in 7".to_owned())
    }

    fn word(&self, choice: &Choice) -> Option<&str> {
        self.words.iter().find(|(of, _)| of == choice).map(|(_, typed)| typed.as_str())
    }

    fn candidate_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, candidate: &Candidate) {
        let place = self.chosen.iter().position(|choice| *choice == candidate.choice);
        let mut on = place.is_some();
        ui.horizontal(|ui| {
            ui.set_min_height(size::ROW);
            let full = self.chosen.len() >= MOST_COLUMNS && !on;
            let response = ui.add_enabled(!full, Checkbox::new(&mut on, candidate.name.as_str()));
            let response = response.on_hover_text(&candidate.url);
            if response.changed() {
                match place {
                    Some(at) => drop(self.chosen.remove(at)),
                    None => self.chosen.push(candidate.choice.clone()),
                }
            }
            if place == Some(0) {
                ui.label(theme::text::small("base"));
            }
            if let Choice::At(url) = &candidate.choice
                && let Some(health) = cx.state.endpoints.health(url)
                && !health.is_up()
            {
                ui.add(
                    Label::new(theme::text::small(describe(health)).color(ui.tokens().warning.fg)).truncate(),
                );
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                self.version_ui(ui, candidate, place.is_some());
            });
        });
    }

    /// Which version answers: known, or what the user says.
    fn version_ui(&mut self, ui: &mut Ui, candidate: &Candidate, chosen: bool) {
        if let Some(known) = &candidate.known {
            let version = known.version.map(|version| format!("v{version}")).unwrap_or_default();
            ui.label(theme::text::strong(version)).on_hover_text(known.describe());
        } else if chosen && candidate.model.is_some() {
            let known = self.words.iter().position(|(of, _)| *of == candidate.choice);
            let at = known.unwrap_or_else(|| {
                self.words.push((candidate.choice.clone(), String::new()));
                self.words.len() - 1
            });
            if let Some((_, typed)) = self.words.get_mut(at) {
                let hint = candidate.said.map_or_else(|| "seen".to_owned(), |said| said.to_string());
                let field = egui::TextEdit::singleline(typed).hint_text(hint).desired_width(VERSION);
                let name = format!("Version of {}", candidate.name);
                ui.add(field).accessible_name(name).on_hover_text(
                    "Which version it answers as, if you know. Without your word it is looked for in traces and asked of \
                     the endpoint",
                );
            }
            ui.label(theme::text::small("answers as"));
        }
        if let Some(model) = &candidate.model {
            let known = candidate.known.as_ref().and_then(|known| known.version);
            let uri = model.uri(known.or(candidate.said));
            ui.add(Label::new(theme::text::small(uri)).truncate());
        } else if chosen {
            ui.add(Label::new(RichText::new("serves no known model: no evidence").small().weak()).truncate());
        }
    }
}

fn describe(health: &Health) -> String {
    health.describe()
}

/// `7` or `v7`.
fn version(typed: &str) -> Option<VersionNumber> {
    typed.trim().trim_start_matches('v').parse().ok()
}
