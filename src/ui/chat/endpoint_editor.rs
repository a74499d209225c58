//! The editor of an endpoint's profile: two columns, what is usual on the left.

use egui::{ComboBox, Context, Label, Ui};

use crate::agent::{RequestDialect, Token};
use crate::state::chat::TOKEN_VARIABLE;
use crate::state::command::Commands;
use crate::state::endpoints::{EndpointProfile, EndpointsCommand, Problems, ProfileForm, TokenSource};
use crate::theme::{self, size};
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, below_ui, dialog_ui};
use crate::ui::{Cx, servable};

/// Width of the dialog, in points.
const WIDTH: f32 = 720.0;
/// Width of the choice between variable and keyring, in points.
const SOURCE: f32 = 84.0;
/// Lines of JSON and headers that are seen at once.
const LINES: usize = 3;

/// The editor while it is open.
#[derive(Default)]
pub(super) struct EditorView {
    form: Option<ProfileForm>,
    /// The token that is typed for the keyring.
    token: String,
    opened: bool,
}

impl EditorView {
    /// Opens it on a profile.
    pub(super) fn open(&mut self, profile: EndpointProfile) {
        *self = Self { form: Some(ProfileForm::of(profile)), token: String::new(), opened: true };
    }

    /// Draws it over everything, while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(form) = &mut self.form else { return };
        let opens = std::mem::take(&mut self.opened);
        let token = &mut self.token;
        let (done, closes) =
            dialog_ui(ctx, "edit endpoint", WIDTH, |ui| form_ui(ui, cx, form, token, opens, out));
        if done || closes {
            *self = Self::default();
        }
    }
}

/// `true`: done, or given up.
fn form_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    typed: &mut ProfileForm,
    token: &mut String,
    opens: bool,
    out: &mut Commands,
) -> bool {
    let server = cx.workspace().map(|workspace| workspace.store.info());
    let server = server.as_ref().map(|info| info.settings_key());
    ui.label(theme::text::title("Endpoint"));
    ui.add_space(size::SPACE_S);
    let read = typed.read(server);
    let problems = read.as_ref().err().cloned().unwrap_or_default();
    let mut form = Form::new(opens);
    ui.spacing_mut().item_spacing.x = size::SPACE_L;
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        place_ui(left, cx, &mut form, typed, &problems);
        access_ui(right, &mut form, typed, token, &problems);
    });
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        conversation_ui(left, &mut form, typed, &problems);
        transport_ui(right, &mut form, typed, &problems);
    });
    let lacks_token = typed.lacks_token() && token.trim().is_empty();
    let ready = read.is_ok() && !lacks_token;
    match (form.end_ui(ui, Confirm::Primary("Save"), ready, None), read) {
        (Formed::Confirmed, Ok(profile)) => {
            let token = Some(Token::new(token)).filter(|token| profile.keyring && !token.is_empty());
            let before = typed.before.clone();
            out.push(EndpointsCommand::Save { before, profile: Box::new(profile), token });
            true
        }
        (Formed::Cancelled, _) => true,
        _ => false,
    }
}

/// What and where it is.
fn place_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, typed: &mut ProfileForm, problems: &Problems) {
    let server = cx.workspace().map(|workspace| workspace.store.info());
    let server = server.as_ref().map(|info| info.settings_key());
    form.field_ui(ui, "Name", "e.g. staging agent", &mut typed.name, Below::Nothing);
    form.field_ui(ui, "URL", "localhost:5001", &mut typed.url, problem(problems.url.as_ref()));
    let other = typed.other_server(server).map(|other| format!("On {other}"));
    let below = match (&problems.serves, &other) {
        (None, Some(other)) => Below::Note(other),
        (None, None) => Below::Note("The alias that it follows, or its version. The model tells the dialect"),
        (Some(serves), _) => Below::Problem(serves),
    };
    ui.label(theme::text::label("Serves"));
    servable::field_ui(ui, cx, form, ("Serves", "Choose what it serves"), &mut typed.serves);
    below_ui(ui, below);
}

/// How it is spoken to.
fn access_ui(ui: &mut Ui, form: &mut Form, typed: &mut ProfileForm, token: &mut String, problems: &Problems) {
    dialect_ui(ui, typed);
    token_ui(ui, form, typed, token, problems);
    let below = noted(problems.timeout.as_ref(), "Longest silence before it is given up");
    form.field_ui(ui, "Timeout in seconds", "600", &mut typed.timeout, below);
}

/// Where the token comes from: a variable that is named, the keyring, for which it is typed here, or the workspace.
fn token_ui(ui: &mut Ui, form: &mut Form, typed: &mut ProfileForm, token: &mut String, problems: &Problems) {
    ui.label(theme::text::label("Token"));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        let combo = ComboBox::from_id_salt("token from").selected_text(typed.source.label()).width(SOURCE);
        let shown = combo.show_ui(ui, |ui| {
            for source in typed.sources() {
                ui.selectable_value(&mut typed.source, source, source.label());
            }
        });
        shown.response.accessible_name("Token from");
        match typed.source {
            TokenSource::Keyring => {
                let hint = if typed.lacks_token() { "The token" } else { "Kept. Type to replace it" };
                form.secret_field_ui(ui, "Token for the keyring", hint, token);
            }
            TokenSource::Variable => {
                let variable = &mut typed.token_variable;
                form.bare_field_ui(ui, "Token variable", TOKEN_VARIABLE, f32::INFINITY, variable);
            }
            TokenSource::Workspace => {
                ui.add(Label::new(theme::text::small(typed.login_of())).truncate());
            }
        }
    });
    let note = match typed.source {
        TokenSource::Keyring => "Kept by the operating system, deleted with the endpoint",
        TokenSource::Variable => "An environment variable. The token is kept nowhere",
        TokenSource::Workspace => "The workspace's login while it is open, kept nowhere",
    };
    let warning = typed.token_warning();
    below_ui(
        ui,
        match (&problems.token, &warning) {
            (Some(problem), _) => Below::Problem(problem),
            (None, Some(warning)) => Below::Warning(warning),
            (None, None) => Below::Note(note),
        },
    );
}

fn dialect_ui(ui: &mut Ui, typed: &mut ProfileForm) {
    let label = ui.label(theme::text::label("Dialect"));
    let word = |dialect: Option<RequestDialect>| dialect.map_or("Auto", RequestDialect::label);
    let combo =
        ComboBox::from_id_salt("dialect").selected_text(word(typed.dialect)).width(ui.available_width());
    let shown = combo.show_ui(ui, |ui| {
        for dialect in std::iter::once(None).chain(RequestDialect::ALL.map(Some)) {
            ui.selectable_value(&mut typed.dialect, dialect, word(dialect));
        }
    });
    shown.response.labelled_by(label.id);
    let note = match typed.dialect {
        None => "Told by the endpoint, its model or its address",
        Some(RequestDialect::Responses) => "{\"input\": […]}: MLflow's ResponsesAgent",
        Some(RequestDialect::ChatAgent) => "{\"messages\": […], \"context\": …}: MLflow's ChatAgent",
        Some(RequestDialect::ChatCompletions) => "{\"messages\": […]}: language models, gateways, ChatModel",
    };
    below_ui(ui, Below::Note(note));
}

/// What goes along with every message.
fn conversation_ui(ui: &mut Ui, form: &mut Form, typed: &mut ProfileForm, problems: &Problems) {
    form.text_ui(ui, "Custom inputs", "{\"key\": \"value\"}", LINES, &mut typed.custom_inputs);
    let note = "Kept in the settings: no place for secrets";
    below_ui(ui, noted(problems.custom_inputs.as_ref(), note));
    ui.checkbox(&mut typed.marked, "Mark each message, so that its trace is found")
        .on_hover_text("Adds a flowdeck_marker to custom_inputs");
    ui.add_space(size::SPACE_S);
    form.text_ui(
        ui,
        "Request fields",
        "{\"model\": \"gpt-4o\", \"temperature\": 0.2}",
        LINES,
        &mut typed.request_fields,
    );
    below_ui(ui, noted(problems.request_fields.as_ref(), "Stand beside the messages in every request"));
}

/// How the bytes get there.
fn transport_ui(ui: &mut Ui, form: &mut Form, typed: &mut ProfileForm, problems: &Problems) {
    form.text_ui(ui, "Headers", "X-Team: logistics\nApi-Key: $GATEWAY_KEY", LINES, &mut typed.headers);
    below_ui(ui, noted(problems.headers.as_ref(), "One a line. Secrets as $VARIABLE of the environment"));
    let below = noted(problems.ca_file.as_ref(), "The only authorities to trust. Empty: the system's");
    form.field_ui(ui, "CA file", "/etc/ssl/team-ca.pem", &mut typed.ca_file, below);
    ui.checkbox(&mut typed.unverified, "Do not verify the certificate");
    let below = if typed.unverified {
        Below::Warning("Anyone in between could answer, and read the token")
    } else {
        Below::Nothing
    };
    below_ui(ui, below);
}

fn noted<'a>(problem: Option<&'a String>, note: &'a str) -> Below<'a> {
    problem.map_or(Below::Note(note), |problem| Below::Problem(problem))
}

fn problem(problem: Option<&String>) -> Below<'_> {
    problem.map_or(Below::Nothing, |problem| Below::Problem(problem))
}
