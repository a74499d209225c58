//! Choose a server: address, login, the servers of before, and why the last attempt failed.

use egui::{Align, Key, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::Cx;
use super::status_bar::store_icon;
use super::widgets::cells::{RowLook, row_background_ui};
use super::widgets::switch_ui;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::settings::RecentServer;
use crate::theme::{self, Icon, Themed as _, size};
use crate::tracking::{ConnectRequest, Login, Secret, TrackingError, TrackingUri, UriError, shown_uri};

/// The Connect screen. What is typed stays here; a password goes with the request and nowhere else.
#[derive(Default)]
pub struct ConnectView {
    address: String,
    login: LoginKind,
    user: String,
    password: String,
    token: String,
    insecure_tls: bool,
    started: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LoginKind {
    #[default]
    Environment,
    Password,
    Token,
}

impl ConnectView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let first = !std::mem::replace(&mut self.started, true);
        if first {
            self.fill_in(cx);
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = size::DIALOG.min(ui.available_width() - 2.0 * size::SPACE_L);
            ui.vertical_centered(|ui| {
                ui.add_space((ui.available_height() * 0.14).max(size::SPACE_L));
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    self.form_ui(ui, cx, first, out);
                    self.recent_ui(ui, cx, out);
                });
            });
        });
    }

    /// The address that was asked for, else the last server.
    fn fill_in(&mut self, cx: &Cx<'_>) {
        // MLFLOW_TRACKING_URI may hold a password, which is not shown.
        let asked = cx.state.connection.request().map(|request| shown_uri(&request.uri));
        let last = cx.state.settings.get().servers.first();
        self.address = asked.or_else(|| last.map(|server| server.uri.clone())).unwrap_or_default();
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, first: bool, out: &mut Commands) {
        let connecting = cx.state.connection.is_connecting();
        ui.label(theme::text::heading("Connect to MLflow"));
        ui.label(theme::text::weak("A tracking server as in MLFLOW_TRACKING_URI, or a path to an mlflow.db"));
        ui.add_space(size::SPACE_M);
        let mut enter = false;
        ui.add_enabled_ui(!connecting, |ui| {
            let address = field_ui(ui, "Address", &mut self.address, "http://127.0.0.1:5000", false);
            if first && !connecting {
                address.request_focus();
            }
            enter |= entered(ui, &address);
            ui.add_space(size::SPACE_S);
            enter |= self.login_ui(ui);
            if self.address.trim_start().starts_with("https") {
                ui.checkbox(&mut self.insecure_tls, "Do not verify the TLS certificate");
                if self.insecure_tls {
                    ui.colored_label(
                        ui.tokens().warning.fg,
                        "Anyone on the way can read and change what is sent",
                    );
                }
            }
        });
        ui.add_space(size::SPACE_M);
        ui.horizontal(|ui| {
            if connecting {
                ui.label(theme::text::weak("Connecting…"));
                if ui.button("Cancel").clicked() {
                    out.push(Command::CancelConnect);
                }
            } else {
                let ready = !self.address.trim().is_empty();
                let button = theme::button::primary((Icon::Connect.image(), "Connect"));
                if ui.add_enabled(ready, button).clicked() || (enter && ready) {
                    out.push(self.request());
                }
                ways_ui(ui, out);
            }
        });
        if let Some(error) = cx.state.connection.error() {
            ui.add_space(size::SPACE_M);
            let asked = cx.state.connection.request().map(|request| request.uri.as_str());
            self.error_ui(ui, error, asked.unwrap_or_default(), out);
        }
    }

    fn login_ui(&mut self, ui: &mut Ui) -> bool {
        let choices = [
            (LoginKind::Environment, "No login, or the environment's"),
            (LoginKind::Password, "User and password"),
            (LoginKind::Token, "Token"),
        ];
        ui.horizontal(|ui| self.login = switch_ui(ui, "", self.login, &choices).unwrap_or(self.login));
        match self.login {
            LoginKind::Environment => false,
            LoginKind::Password => {
                let user = field_ui(ui, "User", &mut self.user, "", false);
                let password = field_ui(ui, "Password", &mut self.password, "", true);
                entered(ui, &user) || entered(ui, &password)
            }
            LoginKind::Token => {
                let token = field_ui(ui, "Token", &mut self.token, "", true);
                entered(ui, &token)
            }
        }
    }

    fn request(&self) -> ConnectRequest {
        let login = match self.login {
            LoginKind::Environment => Login::Environment,
            LoginKind::Password => Login::Basic {
                user: self.user.trim().to_owned(),
                password: Secret::from(self.password.as_str()),
            },
            LoginKind::Token => Login::Token(Secret::from(self.token.trim())),
        };
        ConnectRequest { uri: self.address.trim().to_owned(), login, insecure_tls: self.insecure_tls }
    }

    fn recent_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let servers = &cx.state.settings.get().servers;
        if servers.is_empty() {
            return;
        }
        ui.add_space(size::SPACE_XL);
        ui.label(theme::text::label("Recent servers"));
        ui.add_space(size::SPACE_XS);
        ui.spacing_mut().item_spacing.y = 0.0;
        for server in servers {
            if server_row_ui(ui, server, out) {
                // A login that is typed next is this server's.
                *self = Self { address: server.uri.clone(), started: true, ..Self::default() };
                out.push(self.request());
            }
        }
    }

    fn error_ui(&mut self, ui: &mut Ui, error: &TrackingError, asked: &str, out: &mut Commands) {
        let (what, next_step) = in_words(error, asked);
        let tint = ui.tokens().failure;
        egui::Frame::new().fill(tint.bg).inner_margin(size::SPACE_M).corner_radius(size::RADIUS).show(
            ui,
            |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal_top(|ui| {
                    ui.add(Icon::Error.tinted(tint.fg).alt_text(""));
                    ui.vertical(|ui| {
                        ui.add(egui::Label::new(RichText::new(what).color(tint.fg)).selectable(true).wrap());
                        ui.add(egui::Label::new(next_step).wrap());
                        if ui.add(theme::button::quiet((Icon::Copy.image(), "Copy details"))).clicked() {
                            out.push(Command::Copy(error.details(), "details"));
                        }
                    });
                });
            },
        );
        // The way out of a refused login is right above.
        if matches!(error, TrackingError::Unauthorized { .. }) && self.login == LoginKind::Environment {
            self.login = LoginKind::Password;
        }
    }
}

/// What went wrong, and what to do next. A parser's words help nobody who typed something else than an address.
fn in_words(error: &TrackingError, asked: &str) -> (String, String) {
    let is_address =
        !matches!(TrackingUri::parse(asked), Err(UriError::Invalid { .. } | UriError::Scheme { .. }));
    if is_address || !matches!(error, TrackingError::Local { .. }) {
        return (error.to_string(), error.next_step().to_owned());
    }
    let example =
        "Enter one such as http://127.0.0.1:5000 or https://host/mlflow, or the path of an mlflow.db";
    (format!("“{}” is not the address of a tracking server", shown_uri(asked)), example.to_owned())
}

/// The ways in that need no server.
fn ways_ui(ui: &mut Ui, out: &mut Commands) {
    let file = theme::button::default((Icon::Dataset.image().alt_text(""), "Open mlflow.db…"));
    if ui
        .add(file)
        .on_hover_text("Read MLflow's database without a server. Or drop it on the window")
        .clicked()
    {
        out.push(Command::PickFile);
    }
    let sample = theme::button::default((Icon::Play.image().alt_text(""), "Try the sample"));
    if ui.add(sample).on_hover_text("A small workspace and an agent that come with Flowdeck").clicked() {
        out.push(Command::OpenSample);
    }
}

fn field_ui(ui: &mut Ui, name: &str, text: &mut String, hint: &str, secret: bool) -> egui::Response {
    let label = ui.label(theme::text::label(name));
    let field =
        TextEdit::singleline(text).hint_text(hint.to_owned()).password(secret).desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id)
}

fn entered(ui: &Ui, field: &egui::Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// Answers whether it was clicked.
fn server_row_ui(ui: &mut Ui, server: &RecentServer, out: &mut Commands) -> bool {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), egui::Sense::click());
    let name = format!("server {}", server.uri);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    let builder = egui::UiBuilder::new().id_salt(&server.uri).max_rect(rect);
    let mut row = ui.new_child(builder.layout(Layout::left_to_right(Align::Center)));
    row_background_ui(&row, RowLook::default());
    row.add_space(size::SPACE_S);
    let weak = row.tokens().text_weak;
    row.add(store_icon(&server.uri).tinted(weak).alt_text(""));
    row.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let forget = theme::button::icon(Icon::Close, "Forget this server");
        if ui.add(forget).on_hover_text("Forget this server").clicked() {
            out.push(Command::ForgetServer(server.uri.clone()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(&server.uri).truncate().selectable(false));
        });
    });
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_answered_with_an_example() {
        for typed in ["hello world", "ftp://host", "http://"] {
            let Err(error) = TrackingUri::parse(typed) else { panic!("{typed}") };
            let (what, next_step) = in_words(&error.into(), typed);
            assert!(
                what.contains(typed) && next_step.contains("http://127.0.0.1:5000"),
                "{what}. {next_step}"
            );
        }
        let refused = TrackingError::Refused { address: "127.0.0.1:9".into() };
        assert_eq!(in_words(&refused, "127.0.0.1:9").0, refused.to_string());
        let cert = TrackingError::Local { what: "no such file".into() };
        assert_eq!(in_words(&cert, "https://host").0, cert.to_string());
    }
}
