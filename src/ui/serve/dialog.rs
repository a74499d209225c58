//! How shall a model be served? With which Python, on which port, by which command.

use egui::{Align, ComboBox, Context, Key, Label, Layout, RichText, Sense, Ui, Vec2, vec2};

use crate::agent::serve::{Checked, EnvManager, Launcher, command_line, split_command};
use crate::state::command::Commands;
use crate::state::serve::{Asked, Environment, Serve, ServeCommand, Spec, model_uri_problem};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::cells::{RowLook, row_background_ui};
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, below_ui, dialog_ui};
use crate::ui::{Cx, servable};

/// Wide enough for a command.
const WIDTH: f32 = 620.0;
/// Environments that are seen at once.
const ROWS: f32 = 5.0;
/// Width of the field for the port.
const PORT: f32 = 80.0;

/// What is typed and chosen.
#[derive(Default)]
pub(super) struct DialogView {
    number: u64,
    model: String,
    launcher: Option<Launcher>,
    manager: EnvManager,
    port: String,
    command: String,
    /// The command that was proposed last: another one in the field is the user's.
    proposed: String,
    /// The Python that the user named last, so that the next one is noticed.
    chosen: Option<Launcher>,
    /// The one that was scrolled to: what is proposed may stand far down in the list.
    revealed: Option<Launcher>,
}

impl DialogView {
    /// Draws it.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let serve = &cx.state.serve;
        let Some(asked) = serve.asked() else { return };
        let opens = self.number != asked.number;
        self.take_up(asked, serve, opens);
        let (formed, closes) =
            dialog_ui(ctx, "serve", WIDTH, |ui| self.form_ui(ui, cx, Form::new(opens), out));
        match formed {
            Formed::Confirmed => {
                if let Some(spec) = self.spec() {
                    out.push(ServeCommand::Start(Box::new(spec)));
                }
            }
            Formed::Cancelled => out.push(ServeCommand::Close),
            Formed::On if closes => out.push(ServeCommand::Close),
            Formed::On => {}
        }
    }

    /// Follows what was found meanwhile, unless the user has chosen.
    fn take_up(&mut self, asked: &Asked, serve: &Serve, opens: bool) {
        if opens {
            *self = Self {
                number: asked.number,
                model: asked.model.clone(),
                manager: self.manager,
                chosen: serve.environments().chosen().cloned(),
                ..Self::default()
            };
        }
        if let Some(port) = asked.port.filter(|_| self.port.is_empty() && self.proposed.is_empty()) {
            self.port = port.to_string();
        }
        let environments = serve.environments();
        if environments.chosen() != self.chosen.as_ref() {
            self.chosen = environments.chosen().cloned();
            self.launcher.clone_from(&self.chosen);
        }
        let gone = self.launcher.as_ref().is_some_and(|launcher| environments.get(launcher).is_none());
        if (self.launcher.is_none() || gone) && !environments.is_looking() {
            self.launcher = environments.proposed().map(|it| it.candidate.launcher.clone());
        }
        self.propose();
    }

    /// Writes the command anew, unless the user has changed it.
    fn propose(&mut self) {
        let (Some(launcher), Some(port)) = (&self.launcher, self.port()) else { return };
        let command = command_line(launcher, self.model.trim(), port, self.manager);
        if self.command == self.proposed {
            self.command.clone_from(&command);
        }
        self.proposed = command;
    }

    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    fn spec(&self) -> Option<Spec> {
        Some(Spec {
            model: self.model.trim().to_owned(),
            launcher: self.launcher.clone()?,
            manager: self.manager,
            port: self.port()?,
            command: split_command(&self.command)?,
        })
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, mut form: Form, out: &mut Commands) -> Formed {
        let serve = &cx.state.serve;
        ui.label(theme::text::title("Serve a model on this machine"));
        ui.add_space(size::SPACE_S);
        let problem = model_uri_problem(&self.model);
        let below = problem.filter(|_| !self.model.is_empty()).map_or(Below::Nothing, Below::Problem);
        ui.label(theme::text::label("Model"));
        servable::field_ui(ui, cx, &mut form, ("Model", "Choose a model"), &mut self.model);
        below_ui(ui, below);
        self.environments_ui(ui, serve, out);
        self.port_ui(ui, &mut form);
        self.command_ui(ui, &mut form);
        note_ui(ui, cx);
        // What was just typed is in the command before it is started.
        self.propose();
        let ready = problem.is_none() && self.spec().is_some();
        form.end_ui(ui, Confirm::Primary("Start"), ready, None)
    }

    fn environments_ui(&mut self, ui: &mut Ui, serve: &Serve, out: &mut Commands) {
        let environments = serve.environments();
        ui.horizontal(|ui| {
            ui.label(theme::text::label("Python environment"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let again = theme::button::icon(Icon::Refresh, "Look for environments again");
                if ui.add(again).on_hover_text("Look for environments again").clicked() {
                    out.push(ServeCommand::LookAgain);
                }
                if ui.add(theme::button::quiet("Browse…")).on_hover_text("Name a Python").clicked() {
                    out.push(ServeCommand::Browse);
                }
                if environments.is_looking() {
                    ui.label(theme::text::small("Looking…"));
                }
            });
        });
        let height = ROWS * size::ROW;
        egui::Frame::new()
            .stroke(egui::Stroke::new(size::HAIRLINE, ui.tokens().hairline))
            .corner_radius(size::RADIUS)
            .show(ui, |ui| {
                ui.set_min_size(vec2(ui.available_width(), height));
                ui.spacing_mut().item_spacing = Vec2::ZERO;
                egui::ScrollArea::vertical().id_salt("serve environments").max_height(height).show(
                    ui,
                    |ui| {
                        for environment in environments.list() {
                            self.environment_ui(ui, environment, !environments.is_looking());
                        }
                        if environments.list().is_empty() && !environments.is_looking() {
                            ui.label(theme::text::weak("No Python was found. Browse… names one"));
                        }
                    },
                );
            });
        let chosen = self.launcher.as_ref().and_then(|launcher| environments.get(launcher));
        below_ui(ui, chosen.map_or(Below::Nothing, lacks));
    }

    /// `settled`: no more rows come.
    fn environment_ui(&mut self, ui: &mut Ui, environment: &Environment, settled: bool) {
        let launcher = &environment.candidate.launcher;
        let selected = self.launcher.as_ref() == Some(launcher);
        let (label, what) = (environment.label(), environment.describe());
        let place = launcher.program().display().to_string();
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
        response.widget_info(|| {
            let name = format!("{label}, {what}, {place}");
            egui::WidgetInfo::selected(egui::Role::RadioButton, true, selected, name)
        });
        let mut row = ui.new_child(
            egui::UiBuilder::new()
                .id_salt(&place)
                .max_rect(rect.shrink2(vec2(size::SPACE_S, 0.0)))
                .layout(Layout::left_to_right(Align::Center)),
        );
        row.spacing_mut().item_spacing.x = size::SPACE_S;
        let look = RowLook { selected, cursor: response.has_focus(), drop_target: false };
        let mut background = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        row_background_ui(&background, look);
        background.set_clip_rect(rect);
        row.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let has = environment.mlflow().is_some();
            let color = if has { ui.tokens().text_weak } else { ui.tokens().warning.fg };
            let color = if environment.checked.is_none() { ui.tokens().text_disabled } else { color };
            let short: String = what.chars().take(48).collect();
            ui.add(Label::new(RichText::new(short).small().color(color)).selectable(false))
                .on_hover_text(&what);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(label).color(ui.tokens().text)).selectable(false));
                ui.add(Label::new(theme::text::small_mono(&place)).truncate().selectable(false));
            });
        });
        let entered = response.has_focus() && ui.input(|input| input.key_pressed(Key::Space));
        if selected && settled && self.revealed.as_ref() != Some(launcher) {
            self.revealed = Some(launcher.clone());
            response.scroll_to_me(None);
        }
        if response.clicked() || entered {
            self.launcher = Some(launcher.clone());
        }
    }

    fn port_ui(&mut self, ui: &mut Ui, form: &mut Form) {
        ui.horizontal(|ui| {
            ui.vertical(|ui| {
                ui.set_width(PORT);
                ui.label(theme::text::label("Port"));
                form.bare_field_ui(ui, "Port", "5001", PORT, &mut self.port);
            });
            ui.vertical(|ui| {
                ui.label(theme::text::label("Environment manager"));
                let combo = ComboBox::from_id_salt("environment manager").selected_text(self.manager.word());
                let response = combo.show_ui(ui, |ui| {
                    for manager in EnvManager::ALL {
                        let entry = ui.selectable_value(&mut self.manager, manager, manager.word());
                        entry.on_hover_text(explain(manager));
                    }
                });
                response.response.accessible_name("Environment manager").on_hover_text(explain(self.manager));
            });
        });
        let taken = self.port().is_none() && !self.port.is_empty();
        below_ui(
            ui,
            if taken { Below::Problem("A port is a number from 1 to 65535") } else { Below::Nothing },
        );
    }

    fn command_ui(&mut self, ui: &mut Ui, form: &mut Form) {
        let changed = self.command != self.proposed;
        ui.horizontal(|ui| {
            ui.label(theme::text::label("Command"));
            let reset = theme::button::quiet("Reset");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.set_min_height(size::CONTROL);
                if changed && ui.add(reset).on_hover_text("Write it anew from the choices above").clicked() {
                    self.command.clone_from(&self.proposed);
                }
            });
        });
        let field = form.bare_field_ui(ui, "Command", "", f32::INFINITY, &mut self.command);
        // It is longer than the field most of the time.
        if !self.command.is_empty() && !field.has_focus() {
            field.on_hover_text(&self.command);
        }
        let below = if self.command.is_empty() {
            Below::Nothing
        } else if split_command(&self.command).is_none() {
            Below::Problem("A quote is not closed")
        } else if changed {
            Below::Note("Your own command. It has to answer on the port above")
        } else {
            Below::Nothing
        };
        below_ui(ui, below);
    }
}

/// What an environment lacks.
fn lacks(environment: &Environment) -> Below<'_> {
    match &environment.checked {
        Some(Checked::Python { mlflow: None, .. }) => {
            Below::Warning("MLflow is not in this environment: install it there with pip install mlflow")
        }
        Some(Checked::Broken(reason)) => Below::Problem(reason),
        Some(Checked::Uv { .. }) => Below::Note("The first start downloads MLflow, which takes a while"),
        _ => Below::Nothing,
    }
}

fn explain(manager: EnvManager) -> &'static str {
    match manager {
        EnvManager::Local => "The model runs in the Python environment above",
        EnvManager::Virtualenv => {
            "MLflow makes an environment of the model's requirements, with virtualenv and pyenv"
        }
        EnvManager::Uv => "MLflow makes an environment of the model's requirements, with uv",
        EnvManager::Conda => "MLflow makes an environment of the model's requirements, with conda",
    }
}

/// Which tracking server the model is loaded from.
fn note_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let note = match cx.workspace() {
        Some(workspace) => {
            let label = &workspace.store.info().label;
            format!("Loads from {label}. The address and the login go along in the environment")
        }
        None => "No server is open: MLflow finds the model by the environment it is started in".to_owned(),
    };
    ui.add(Label::new(theme::text::small(note)).wrap());
}
