//! One trace: its spans on the time axis at the left, the chosen one at the right.

mod detail;
mod feedback;
mod header;
mod look;
mod spans;

use egui::{CentralPanel, Frame, Key, Margin, Modifiers, Panel, Ui};

use super::Cx;
use super::widgets::{Pane, centred_ui, failure_bar_ui, failure_ui, loading_ui};
use crate::entities::TraceState;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::navigation::Route;
use crate::state::traces::{ShownTrace, TracePage};
use crate::theme::{self, Themed as _, size};
use crate::tracking::TrackingError;
use detail::DetailView;
use feedback::FeedbackView;
use spans::SpansView;

/// One trace.
#[derive(Default)]
pub struct TraceView {
    trace_id: String,
    spans: SpansView,
    detail: DetailView,
    feedback: FeedbackView,
    /// It had the keys in the frame before: Esc that leaves a field leaves nothing else.
    had_keys: bool,
}

impl TraceView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Route::Trace { trace_id, beside_chat } = cx.route() else { return };
        let Some(page) = cx.workspace().and_then(|workspace| workspace.traces.page(trace_id)) else { return };
        if self.trace_id != *trace_id {
            *self = Self { trace_id: trace_id.clone(), ..Self::default() };
            page.search_text().clone_into(&mut self.spans.search);
            if *beside_chat {
                Pane::Main.take_keys(ui.ctx());
            }
        }
        let has_keys = Pane::Main.has_keys(ui.ctx());
        if std::mem::replace(&mut self.had_keys, has_keys)
            && has_keys
            && *beside_chat
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
        {
            out.push(Route::Chat);
        }
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        let Some(shown) = page.shown().value() else {
            match page.shown().error() {
                Some(error) => failure_ui(ui, failure(error), error, Command::Refresh, out),
                None => loading_ui(ui, "the trace"),
            }
            return;
        };
        let margin = Margin::symmetric(size::SPACE_L as i8, size::SPACE_S as i8);
        Panel::top("trace header").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
            header::show(ui, cx, shown, out);
            self.feedback.show(ui, cx, page, out);
            if let Some(error) = page.shown().error() {
                failure_bar_ui(ui, "Could not refresh the trace", error, Command::Refresh, out);
            }
        });
        if shown.tree.nodes().is_empty() {
            no_spans_ui(ui, shown);
            return;
        }
        self.body_ui(ui, cx, page, shown, out);
    }

    fn body_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        page: &TracePage,
        shown: &ShownTrace,
        out: &mut Commands,
    ) {
        let room = ui.available_width();
        Panel::left("spans")
            .default_size(room * 0.5)
            .size_range(240.0..=(room - 320.0).max(260.0))
            .frame(Frame::new().fill(ui.tokens().panel_bg))
            .show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                self.spans.show(ui, page, shown, out);
            });
        CentralPanel::no_frame().frame(Frame::new().fill(ui.tokens().panel_bg)).show(ui, |ui| {
            self.detail.show(ui, cx, page, shown, out);
        });
    }
}

fn failure(error: &TrackingError) -> &'static str {
    if error.is_not_found() { "There is no such trace here, or not yet" } else { "Could not load the trace" }
}

fn no_spans_ui(ui: &mut Ui, shown: &ShownTrace) {
    let info = &shown.trace.info;
    let (title, text) = match &shown.trace.missing {
        _ if info.state == TraceState::InProgress => {
            ("It is still in progress", "Its spans are written when it ends. F5 looks again")
        }
        Some(reason) => ("Its spans could not be read", reason.as_str()),
        None => ("It has no spans", "Only what stands above was kept of it"),
    };
    centred_ui(ui, |ui| {
        ui.label(theme::text::title(title));
        ui.label(theme::text::weak(text));
        for (name, preview) in [("Request", &info.request_preview), ("Response", &info.response_preview)] {
            if !preview.is_empty() {
                ui.add_space(size::SPACE_M);
                ui.label(theme::text::label(name));
                ui.set_max_width(size::PROSE_MAX.min(ui.available_width()));
                ui.add(egui::Label::new(preview).wrap().selectable(true));
            }
        }
    });
}
