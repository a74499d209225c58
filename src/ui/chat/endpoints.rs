//! The endpoints that are known: a list with how each is, and the editor of one.

use egui::{Color32, Context, Ui};

use super::header::dot_ui;
use crate::agent::Health;
use crate::state::chat::ChatCommand;
use crate::state::command::Commands;
use crate::state::endpoints::{EndpointProfile, EndpointsCommand, Problems, ProfileForm};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, below_ui, dialog_ui};

/// Width of a name in the list, in points.
const WIDTH: f32 = 260.0;
/// Lines of `custom_inputs` that are seen at once.
const LINES: usize = 3;

/// The button that opens the list, and the one that edits the present endpoint.
pub(super) fn menu_ui(ui: &mut Ui, cx: &Cx<'_>, editor: &mut EditorView, out: &mut Commands) {
    let settings = cx.state.settings.get();
    let chat = &cx.state.chat;
    if chat.target.endpoint().is_some() && !chat.is_sample() {
        let edit = theme::button::icon(Icon::Edit, "Edit the endpoint");
        if ui.add(edit).on_hover_text("Name, alias, token variable, inputs, timeout").clicked() {
            editor.open(settings.profile(chat.target.address()));
        }
    }
    let known = settings.known_endpoints();
    if known.is_empty() {
        return;
    }
    let button = theme::button::icon(Icon::History, "Endpoints");
    let menu = egui::containers::menu::MenuButton::from_button(button);
    let (response, _) = menu.ui(ui, |ui| {
        for profile in &known {
            entry_ui(ui, cx, profile, editor, out);
        }
    });
    if response.clicked() {
        out.push(EndpointsCommand::Probe);
    }
    response.on_hover_text("Endpoints");
}

fn entry_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    profile: &EndpointProfile,
    editor: &mut EditorView,
    out: &mut Commands,
) {
    let title = profile.title();
    ui.horizontal(|ui| {
        let health = cx.state.endpoints.health(&profile.url);
        let color = health.map_or(ui.tokens().text_disabled, |health| health_color(ui, health));
        dot_ui(ui, color);
        let current = cx.state.chat.target.address() == profile.url;
        let text = if profile.name.is_empty() { profile.url.as_str() } else { title.as_str() };
        let entry = egui::Button::selectable(current, text).truncate();
        let entry = ui.add_sized([WIDTH, size::CONTROL], entry);
        let described = health.map_or_else(|| "Checking…".to_owned(), Health::describe);
        let serves =
            profile.bound.as_ref().map(|bound| format!("\nServes {}", bound.uri())).unwrap_or_default();
        if entry.on_hover_text(format!("{}\n{described}{serves}", profile.url)).clicked() {
            out.push(ChatCommand::SetAddress(profile.url.clone()));
            ui.close();
        }
        let name = format!("Edit {text}");
        if ui.add(theme::button::icon(Icon::Edit, &name)).on_hover_text("Edit").clicked() {
            editor.open(profile.clone());
            ui.close();
        }
        let name = format!("Forget {text}");
        if ui.add(theme::button::icon(Icon::Close, &name)).on_hover_text("Forget").clicked() {
            out.push(ChatCommand::ForgetAddress(profile.url.clone()));
        }
    });
}

fn health_color(ui: &Ui, health: &Health) -> Color32 {
    let tokens = ui.tokens();
    match health {
        Health::AgentServer { .. } | Health::ScoringServer { .. } => tokens.success.fg,
        Health::Busy | Health::NeedsToken { .. } => tokens.warning.fg,
        Health::Unchecked => tokens.text_weak,
        Health::NotAModelServer { .. } | Health::Down(_) => tokens.failure.fg,
    }
}

/// What the present endpoint is called and serves, in a line; nothing where nothing was said.
pub(super) fn profile_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let profile = cx.state.settings.get().profile(cx.state.chat.target.address());
    let serves = profile.bound.as_ref().map(|bound| format!("serves {}", bound.uri()));
    let name = (!profile.name.is_empty()).then(|| profile.name.clone());
    let said: Vec<String> = name.into_iter().chain(serves).collect();
    if !said.is_empty() {
        ui.add(egui::Label::new(theme::text::small(said.join(" · "))).truncate());
    }
}

/// The editor of a profile.
#[derive(Default)]
pub(super) struct EditorView {
    form: Option<ProfileForm>,
    opened: bool,
}

impl EditorView {
    fn open(&mut self, profile: EndpointProfile) {
        *self = Self { form: Some(ProfileForm::of(profile)), opened: true };
    }

    /// Draws it over everything, while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(form) = &mut self.form else { return };
        let opens = std::mem::take(&mut self.opened);
        let (done, closes) =
            dialog_ui(ctx, "edit endpoint", size::DIALOG, |ui| form_ui(ui, cx, form, opens, out));
        if done || closes {
            self.form = None;
        }
    }
}

/// `true`: done, or given up.
fn form_ui(ui: &mut Ui, cx: &Cx<'_>, typed: &mut ProfileForm, opens: bool, out: &mut Commands) -> bool {
    let server = cx.workspace().map(|workspace| workspace.store.info());
    let server = server.as_ref().map(|info| info.settings_key());
    ui.label(theme::text::title("Endpoint"));
    ui.add_space(size::SPACE_S);
    let read = typed.read(server);
    let Problems { url, serves, token_variable, custom_inputs, timeout } =
        read.as_ref().err().cloned().unwrap_or_default();
    let mut form = Form::new(opens);
    form.field_ui(ui, "Name", "e.g. staging agent", &mut typed.name, Below::Nothing);
    form.field_ui(ui, "URL", "localhost:5001", &mut typed.url, problem(url.as_ref()));
    let other = typed.other_server(server).map(|other| format!("On {other}"));
    let below = match (&serves, &other) {
        (None, Some(other)) => Below::Note(other),
        (None, None) => Below::Note("After a move of this alias it is looked which version answers here"),
        (Some(serves), _) => Below::Problem(serves),
    };
    form.field_ui(ui, "Serves", "models:/MyAgent@prod", &mut typed.serves, below);
    let hint = crate::state::chat::TOKEN_VARIABLE;
    let below = match &token_variable {
        Some(problem) => Below::Problem(problem),
        None => Below::Note("An environment variable. The token itself is kept nowhere"),
    };
    form.field_ui(ui, "Token variable", hint, &mut typed.token_variable, below);
    form.text_ui(ui, "Custom inputs", "{\"key\": \"value\"}", LINES, &mut typed.custom_inputs);
    let below = match &custom_inputs {
        Some(problem) => Below::Problem(problem),
        None => Below::Note("Go with every message. Kept in the settings: no place for secrets"),
    };
    below_ui(ui, below);
    form.field_ui(ui, "Timeout in seconds", "600", &mut typed.timeout, problem(timeout.as_ref()));
    match (form.end_ui(ui, Confirm::Primary("Save"), read.is_ok(), None), read) {
        (Formed::Confirmed, Ok(profile)) => {
            let before = typed.before.clone();
            out.push(EndpointsCommand::Save { before, profile: Box::new(profile) });
            true
        }
        (Formed::Cancelled, _) => true,
        _ => false,
    }
}

fn problem(problem: Option<&String>) -> Below<'_> {
    problem.map_or(Below::Nothing, |problem| Below::Problem(problem))
}
