//! The dialog that asks which endpoints to talk to side by side.

use egui::{Align, Context, Label, Layout, ScrollArea, Sense, Ui};

use crate::agent::Endpoint;
use crate::entities::VersionNumber;
use crate::state::State;
use crate::state::chat::{ChatCommand, MOST_PANES};
use crate::state::command::Commands;
use crate::state::endpoints::{Candidate, EndpointsCommand};
use crate::theme::{self, size};
use crate::ui::Cx;
use crate::ui::chat::endpoints::health_color;
use crate::ui::chat::header::dot_ui;
use crate::ui::chat::serving::state_color;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// More endpoints than these scroll, in points.
const ROOM: f32 = 10.0 * size::ROW;

/// What is chosen and typed.
#[derive(Debug, Default)]
pub struct ChooserView {
    open: bool,
    opened: bool,
    chosen: Vec<String>,
    typed: String,
    /// Addresses that were typed here.
    added: Vec<String>,
}

impl ChooserView {
    /// Opens it with what is shown now.
    pub fn open(&mut self, state: &State) {
        let mut chosen = state.chat.addresses();
        if chosen.is_empty() {
            chosen = state.candidates().into_iter().take(1).map(|known| known.address).collect();
        }
        *self = Self { open: true, opened: true, chosen, ..Self::default() };
    }

    /// Draws it, while it is open. Whether it was just confirmed: what to say comes next.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) -> bool {
        if !self.open {
            return false;
        }
        let opens = std::mem::take(&mut self.opened);
        if opens {
            out.push(EndpointsCommand::Probe);
        }
        let (formed, closes) = dialog_ui(ctx, "side by side", size::DIALOG, |ui| self.form_ui(ui, cx, opens));
        if formed == Formed::Confirmed {
            out.push(ChatCommand::Open);
            out.push(ChatCommand::Compare(self.chosen.clone()));
        }
        if formed != Formed::On || closes {
            self.open = false;
        }
        formed == Formed::Confirmed
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, opens: bool) -> Formed {
        ui.label(theme::text::title("Side by side"));
        let note = if cx.state.chat.current().is_none_or(|current| current.turns.is_empty()) {
            "Two to four endpoints get every message at once"
        } else {
            "Two to four endpoints get every message at once. What was said so far is taken along"
        };
        ui.label(theme::text::weak(note));
        ui.add_space(size::SPACE_S);
        let mut all = cx.state.candidates();
        for address in &self.added {
            if !all.iter().any(|known| known.address == *address) {
                all.push(cx.state.candidate(address));
            }
        }
        ScrollArea::vertical().id_salt("candidates").max_height(ROOM).auto_shrink([false, true]).show(
            ui,
            |ui| {
                for candidate in &all {
                    self.row_ui(ui, cx, candidate);
                }
            },
        );
        ui.add_space(size::SPACE_S);
        let mut form = Form::new(opens);
        let parsed = Endpoint::parse(&self.typed);
        let problem = parsed.as_ref().err().map(ToString::to_string);
        let below = match &problem {
            Some(problem) if !self.typed.trim().is_empty() => Below::Problem(problem),
            _ => Below::Note("Enter adds it"),
        };
        form.field_ui(ui, "Another address", "localhost:5001", &mut self.typed, below);
        let entered = form.was_entered();
        if entered && let Ok(endpoint) = parsed {
            self.add(endpoint.shown_url());
            return Formed::On;
        }
        let count = self.chosen.len();
        let comparing = cx.state.chat.is_comparing();
        let ready = count >= 2 || (comparing && count == 1);
        let label = if count == 1 && comparing { "Go on with one" } else { "Talk side by side" };
        // An address that cannot be read yet is no reason to go.
        let ready = ready && (!entered || self.typed.trim().is_empty());
        form.end_ui(ui, Confirm::Primary(label), ready, None)
    }

    fn add(&mut self, address: String) {
        if !self.chosen.contains(&address) && self.chosen.len() < MOST_PANES {
            self.chosen.push(address.clone());
        }
        self.added.push(address);
        self.typed.clear();
    }

    fn row_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, candidate: &Candidate) {
        let at = self.chosen.iter().position(|chosen| *chosen == candidate.address);
        let mut chosen = at.is_some();
        let full = at.is_none() && self.chosen.len() >= MOST_PANES;
        ui.horizontal(|ui| {
            ui.set_height(size::ROW);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let serves = match &candidate.version {
                    Some((_, version)) => Some(said(candidate, *version)),
                    None => candidate.serves.clone(),
                };
                if let Some(serves) = serves {
                    ui.add(Label::new(theme::text::small(serves)).truncate().sense(Sense::hover()));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let check = egui::Checkbox::new(&mut chosen, candidate.title.as_str());
                    let hint = format!("{MOST_PANES} at most");
                    let check = ui.add_enabled(!full, check).on_disabled_hover_text(hint);
                    let listed = cx.state.listed(&candidate.address);
                    let color = listed.map(|listed| state_color(ui, listed.state));
                    let health = cx.state.endpoints.health(&candidate.address);
                    if let Some(color) = color.or_else(|| health.map(|health| health_color(ui, health))) {
                        dot_ui(ui, color);
                    }
                    if check.on_hover_text(&candidate.address).changed() {
                        match at {
                            Some(at) => drop(self.chosen.remove(at)),
                            None => self.chosen.push(candidate.address.clone()),
                        }
                    }
                });
            });
        });
    }
}

fn said(candidate: &Candidate, version: VersionNumber) -> String {
    let serves = candidate.serves.as_deref().unwrap_or_default();
    format!("v{version} · {}", serves.trim_start_matches("models:/"))
}
