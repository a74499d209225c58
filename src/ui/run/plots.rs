//! The plots of a run's metrics. Zooming is ours: one range of x for all plots, y fits what is seen.

use egui::{
    Align, Color32, Frame, Id, Layout, Margin, Rect, Response, ScrollArea, Ui, UiBuilder, pos2, vec2,
};
use egui_plot::{Line, Plot, PlotPoint, PlotPoints, PlotTransform, Points};

use super::axes;
use super::metrics::swatch_ui;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::run::{Curve, History, Layout as PlotLayout, PlotLook, RunCommand, ShownRun, View, XAxis};
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::failure_bar_ui;

/// What part is seen.
#[derive(Default)]
pub(super) struct PlotsView {
    run_id: String,
    range: Option<(f64, f64)>,
    drag: Option<(Id, f64)>,
}

/// Least width of a plot in the grid.
const TILE: f32 = 340.0;
/// Height of a plot in the grid, with its heading.
const TILE_HEIGHT: f32 = 236.0;
/// A drag shorter than this is a click.
const CLICK: f32 = 5.0;

/// A metric that is drawn.
struct Drawn<'a> {
    key: &'a str,
    color: Color32,
    history: Option<&'a History>,
    /// The curve, if it is the one that is asked for.
    curve: Option<&'a Curve>,
}

impl PlotsView {
    /// Whether less than all is seen.
    pub(super) fn is_zoomed(&self) -> bool {
        self.range.is_some()
    }

    /// Shows all again.
    pub(super) fn reset(&mut self) {
        self.range = None;
    }

    /// Draws the plots in all the room there is.
    pub(super) fn show(&mut self, ui: &mut Ui, shown: &ShownRun, look: PlotLook, out: &mut Commands) {
        if self.run_id != shown.run_id {
            self.run_id.clone_from(&shown.run_id);
            self.reset();
        }
        let drawn: Vec<Drawn<'_>> =
            shown.metrics.chosen().iter().map(|key| drawn(ui, shown, key, look)).collect();
        if drawn.is_empty() {
            ui.centered_and_justified(|ui| ui.label(theme::text::weak("Choose a metric at the left")));
            return;
        }
        let (single, curves): (Vec<_>, Vec<_>) = drawn.into_iter().partition(is_single);
        let columns = match look.layout {
            PlotLayout::Together => 1,
            PlotLayout::Grid => ((ui.available_width() / TILE) as usize).clamp(1, curves.len().max(1)),
        };
        self.ask_for_view(ui, shown, columns, out);
        for metric in &curves {
            if let Some(error) = metric.history.and_then(History::error) {
                let what = format!("Could not load {}", metric.key);
                failure_bar_ui(ui, &what, error, RunCommand::ReloadMetric(metric.key.into()).into(), out);
            }
        }
        if !single.is_empty() {
            single_ui(ui, &single);
        }
        if curves.is_empty() {
            return;
        }
        match look.layout {
            PlotLayout::Together => self.together_ui(ui, &curves, look),
            PlotLayout::Grid => self.grid_ui(ui, &curves, columns, look),
        }
    }

    /// Has the curves made for what is seen now, once the pointer rests.
    fn ask_for_view(&self, ui: &Ui, shown: &ShownRun, plots: usize, out: &mut Commands) {
        let pixels = ui.available_width() / plots as f32 * ui.pixels_per_point();
        // In steps, so that not every pixel of a resize asks for new curves.
        let columns = ((pixels / 100.0).ceil() as usize * 100).clamp(200, 4000);
        let view = View { columns, range: self.range };
        if view != shown.metrics.view() && !ui.input(|input| input.pointer.any_down()) {
            out.push(RunCommand::SetView(view));
        }
    }

    fn together_ui(&mut self, ui: &mut Ui, curves: &[Drawn<'_>], look: PlotLook) {
        let margin = Margin::symmetric(size::SPACE_M as i8, 0);
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for metric in curves {
                    ui.horizontal(|ui| caption_ui(ui, metric, look));
                }
            });
            let all: Vec<&Drawn<'_>> = curves.iter().collect();
            let height = (ui.available_height() - size::SPACE_S).max(120.0);
            self.plot_ui(ui, "together", &all, look, height);
        });
    }

    fn grid_ui(&mut self, ui: &mut Ui, curves: &[Drawn<'_>], columns: usize, look: PlotLook) {
        let rows = curves.len().div_ceil(columns);
        // Few plots share the height; many scroll.
        let fitting = ui.available_height() / rows as f32;
        let height = fitting.clamp(TILE_HEIGHT, 420.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("plots").auto_shrink(false).show_rows(
            ui,
            height,
            rows,
            |ui, visible| {
                for row in visible {
                    let (area, _) =
                        ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
                    let width = area.width() / columns as f32;
                    for (column, metric) in curves.iter().skip(row * columns).take(columns).enumerate() {
                        let corner = pos2(area.left() + width * column as f32, area.top());
                        let tile = Rect::from_min_size(corner, vec2(width, height))
                            .shrink2(vec2(size::SPACE_S, 2.0));
                        let builder = UiBuilder::new().id_salt(metric.key).max_rect(tile);
                        ui.scope_builder(builder, |ui| self.tile_ui(ui, metric, look));
                    }
                }
            },
        );
    }

    fn tile_ui(&mut self, ui: &mut Ui, metric: &Drawn<'_>, look: PlotLook) {
        let bottom = ui.max_rect().bottom();
        ui.horizontal(|ui| caption_ui(ui, metric, look));
        let height = (bottom - ui.cursor().top() - size::SPACE_XS).max(80.0);
        self.plot_ui(ui, metric.key, &[metric], look, height);
    }

    fn plot_ui(&mut self, ui: &mut Ui, salt: &str, curves: &[&Drawn<'_>], look: PlotLook, height: f32) {
        let x = self.range.unwrap_or_else(|| whole_range(curves));
        let y = y_range(curves, x);
        let plot = axes::format(Plot::new(salt), look.x, look.log, x)
            .height(height)
            .allow_zoom(false)
            .allow_drag(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_axis_zoom_drag(false)
            .allow_double_click_reset(false)
            .show_crosshair(false)
            .label_formatter(|_| None)
            .grid_color(ui.tokens().border);
        let answer = plot.show(ui, |plot| {
            plot.set_plot_bounds_x(x.0..=x.1);
            plot.set_plot_bounds_y(y.0..=y.1);
            for metric in curves {
                curve_lines(plot, metric);
            }
        });
        self.take_pointer(ui, &answer.response, &answer.transform, x);
        read_off_ui(ui, &answer.response, &answer.transform, curves, look);
    }

    /// Zooming: by a drag, by Ctrl and wheel, and back by a double click.
    fn take_pointer(&mut self, ui: &Ui, response: &Response, transform: &PlotTransform, x: (f64, f64)) {
        let Some(at) = response.interact_pointer_pos().or(response.hover_pos()) else { return };
        let value = transform.value_from_position(at).x;
        if response.double_clicked() {
            self.range = None;
            return;
        }
        if response.drag_started() {
            let start = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
            self.drag = Some((response.id, transform.value_from_position(start).x));
        }
        if let Some((id, start)) = self.drag.filter(|(id, _)| *id == response.id) {
            let from = transform.position_from_point(&PlotPoint::new(start, 0.0)).x;
            let frame = *transform.frame();
            let band =
                Rect::from_x_y_ranges(from.min(at.x)..=from.max(at.x), frame.y_range()).intersect(frame);
            ui.painter().rect_filled(band, 0, ui.tokens().accent.tint_hover.gamma_multiply(0.4));
            if response.drag_stopped() {
                self.drag = None;
                if (at.x - from).abs() > CLICK && id == response.id {
                    self.range = Some((start.min(value), start.max(value)));
                }
            }
        }
        let zoom = f64::from(ui.input(egui::InputState::zoom_delta));
        if response.hovered() && (zoom - 1.0).abs() > 1e-3 {
            self.range = Some((value - (value - x.0) / zoom, value + (x.1 - value) / zoom));
        }
    }
}

fn drawn<'a>(ui: &Ui, shown: &'a ShownRun, key: &'a str, look: PlotLook) -> Drawn<'a> {
    let history = shown.metrics.history(key);
    let curve = history.filter(|history| history.is_drawn_as(look)).and_then(History::curve);
    let color = ui.tokens().series(shown.metrics.color(key).unwrap_or(0));
    Drawn { key, color, history, curve }
}

/// One value makes no line.
fn is_single(metric: &Drawn<'_>) -> bool {
    metric.history.is_some_and(|history| history.count() == 1 && !history.is_loading())
}

/// Metrics of one value: a list in columns instead of empty plots.
fn single_ui(ui: &mut Ui, metrics: &[Drawn<'_>]) {
    Frame::new().inner_margin(Margin::symmetric(size::SPACE_M as i8, size::SPACE_XS as i8)).show(ui, |ui| {
        ui.label(theme::text::label("Logged once"));
        let columns = ((ui.available_width() / SINGLE) as usize).max(1);
        let width = (ui.available_width() / columns as f32).floor();
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let area = ScrollArea::vertical().id_salt("single").max_height(132.0).auto_shrink([false, true]);
        area.show_rows(ui, size::CHIP, metrics.len().div_ceil(columns), |ui, visible| {
            for row in visible {
                ui.horizontal(|ui| {
                    for metric in metrics.iter().skip(row * columns).take(columns) {
                        let layout = Layout::left_to_right(Align::Center);
                        ui.allocate_ui_with_layout(vec2(width, size::CHIP), layout, |ui| {
                            ui.set_width(width);
                            single_entry_ui(ui, metric);
                        });
                    }
                });
            }
        });
    });
}

/// Least width of a metric that was logged once.
const SINGLE: f32 = 220.0;

fn single_entry_ui(ui: &mut Ui, metric: &Drawn<'_>) {
    let Some(point) = metric.history.and_then(History::first) else { return };
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    swatch_ui(ui, Some(metric.color));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_L);
        ui.label(theme::text::strong(format::number(point.value))).on_hover_text(format!(
            "{}\nStep {}, {}",
            format::number_exact(point.value),
            point.step,
            format::exact_time(point.timestamp)
        ));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let name = egui::Label::new(format!("{}, 1 point", metric.key)).truncate();
            ui.add(name).on_hover_text(metric.key);
        });
    });
}

/// Colour, name and how many points; what cannot be drawn.
fn caption_ui(ui: &mut Ui, metric: &Drawn<'_>, look: PlotLook) {
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    swatch_ui(ui, Some(metric.color));
    let count = metric.history.map_or(0, History::count);
    let points = format::counted(count, "point", "points");
    let mut notes = Vec::new();
    match metric.history {
        Some(history) if history.is_loading() => notes.push("loading…".to_owned()),
        None => notes.push("waiting…".to_owned()),
        _ => {}
    }
    if let Some(curve) = metric.curve {
        if curve.gaps > 0 {
            notes.push(format!("{} not finite", format::count(curve.gaps)));
        }
        if look.log && curve.not_positive > 0 {
            notes.push(format!("{} not above 0", format::count(curve.not_positive)));
        }
    }
    let text = egui::Label::new(format!("{}, {points}", metric.key)).truncate();
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add(text).on_hover_text(metric.key);
        if !notes.is_empty() {
            ui.label(theme::text::small(notes.join(", ")))
                .on_hover_text("Such values leave a gap in the curve");
        }
    });
}

/// The lines of one metric; the raw ones faint where there are smoothed ones.
fn curve_lines(plot: &mut egui_plot::PlotUi<'_>, metric: &Drawn<'_>) {
    let Some(curve) = metric.curve else { return };
    let faint = !curve.smoothed.is_empty();
    let raw = if faint { metric.color.gamma_multiply(0.3) } else { metric.color };
    for (parts, color, width) in [(&curve.raw, raw, 1.25), (&curve.smoothed, metric.color, 1.75)] {
        for part in parts {
            let points = PlotPoints::from(part.clone());
            if part.len() == 1 {
                plot.points(Points::new("", points).color(color).radius(2.0).allow_hover(false));
            } else {
                plot.line(Line::new("", points).color(color).width(width).allow_hover(false));
            }
        }
    }
}

/// From the first to the last x of all curves.
fn whole_range(curves: &[&Drawn<'_>]) -> (f64, f64) {
    let ranges = curves.iter().filter_map(|metric| metric.curve?.x_range());
    let range = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (from, to) = range.unwrap_or((0.0, 1.0));
    if to > from { (from, to) } else { (from - 0.5, to + 0.5) }
}

/// Fits what is seen, with a margin.
fn y_range(curves: &[&Drawn<'_>], x: (f64, f64)) -> (f64, f64) {
    let ranges = curves.iter().filter_map(|metric| metric.curve?.y_range(x));
    let range = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let (least, most) = range.unwrap_or((0.0, 1.0));
    let margin = if most > least { (most - least) * 0.06 } else { (most.abs() * 0.1).max(0.5) };
    (least - margin, most + margin)
}

/// A line under the pointer, and every curve's value there.
fn read_off_ui(
    ui: &Ui,
    response: &Response,
    transform: &PlotTransform,
    curves: &[&Drawn<'_>],
    look: PlotLook,
) {
    let Some(pointer) = response.hover_pos().filter(|at| transform.frame().contains(*at)) else { return };
    let at = transform.value_from_position(pointer).x;
    let mut nearest: Vec<_> =
        curves.iter().filter_map(|metric| Some((metric, metric.curve?.nearest(at)?))).collect();
    let Some(x) =
        nearest.iter().map(|(_, point)| point[0]).min_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs()))
    else {
        return;
    };
    let painter = ui.painter().with_clip_rect(*transform.frame());
    let line = transform.position_from_point(&PlotPoint::new(x, 0.0)).x;
    painter.vline(
        line,
        transform.frame().y_range(),
        egui::Stroke::new(size::HAIRLINE, ui.tokens().border_strong),
    );
    for (metric, [x, y]) in &nearest {
        let y = if look.log { y.log10() } else { *y };
        if y.is_finite() {
            let dot = transform.position_from_point(&PlotPoint::new(*x, y));
            painter.circle_filled(dot, 3.0, metric.color);
        }
    }
    nearest.truncate(TOOLTIP);
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.label(theme::text::small(axes::x_text(look.x, x)));
        for (metric, [other, y]) in &nearest {
            ui.horizontal(|ui| {
                swatch_ui(ui, Some(metric.color));
                ui.label(metric.key);
                ui.label(theme::text::strong(format::number(*y)));
                if (other - x).abs() > f64::EPSILON && look.x == XAxis::Step {
                    ui.label(theme::text::small(axes::x_text(look.x, *other)));
                }
            });
        }
    });
}

/// Curves that the tooltip lists.
const TOOLTIP: usize = 24;
