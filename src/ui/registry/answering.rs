//! Above the versions, after a move: which version each endpoint of the alias answers as, and what to do about it.

use egui::{Align, Frame, Label, Layout, Margin, RichText, Ui};

use super::menus::Subject;
use crate::state::command::Commands;
use crate::state::endpoints::{ASKS, Answers, Bound, EndpointsCommand, Moved, Standing, Watch, Why};
use crate::state::{ModelKind, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;

const CHECKS: &str = "Looks at the newest traces of the model and at the endpoint. Does not run the agent";

/// The strips of a model's board; nothing where no alias was moved.
pub(super) fn strips_ui(ui: &mut Ui, cx: &Cx<'_>, subject: Subject<'_>, out: &mut Commands) {
    let Some(workspace) = cx.workspace().filter(|_| subject.kind == ModelKind::Model) else { return };
    let top = ui.cursor().top();
    for watch in workspace.answering.of_model(subject.store.settings_key(), subject.name) {
        let name = cx.state.settings.get().profile(&watch.url).title();
        watch_ui(ui, cx, watch, &name, out);
    }
    let chat = &cx.state.chat;
    let present = chat.target.endpoint().filter(|_| !chat.is_sample()).map(|_| chat.target.address());
    let profile = present.map(|url| cx.state.settings.get().profile(url));
    if let Some(profile) = profile.filter(|profile| profile.bound.is_none()) {
        for (bound, moved) in workspace.answering.offers(subject.name) {
            offer_ui(ui, (&profile.url, &profile.title()), bound, *moved, out);
        }
    }
    if ui.cursor().top() > top {
        ui.add_space(size::SPACE_S);
    }
}

fn watch_ui(ui: &mut Ui, cx: &Cx<'_>, watch: &Watch, name: &str, out: &mut Commands) {
    let tokens = ui.tokens();
    let (icon, color) = match watch.standing() {
        Some(Standing::New) => (Icon::Success, tokens.success.fg),
        Some(Standing::Old) => (Icon::Warning, tokens.warning.fg),
        Some(Standing::Down) => (Icon::Failure, tokens.failure.fg),
        Some(Standing::NotKnown) => (Icon::Help, tokens.text_weak),
        None => (Icon::Pending, tokens.text_weak),
    };
    let url = || watch.url.clone();
    let (text, detail) = match &watch.found {
        _ if watch.is_asking() => (format!("Asking {name}, and looking for its trace…"), ASKS.to_owned()),
        None => (format!("Looking which version the endpoint {name} answers as…"), String::new()),
        Some((answers, at)) => {
            let when = format!("Checked {}", format::relative_time(*at, cx.now));
            let sentence = answers.sentence(name, watch.moved);
            let text = match answers {
                Answers::NotKnown(why) if *why != Why::NoTrace => format!("{sentence}. {}", why.describe()),
                _ => sentence,
            };
            (text, format!("{}. {when}", answers.detail()))
        }
    };
    strip_ui(ui, (icon, color), (&text, &detail), |ui| {
        let close = theme::button::icon(Icon::Close, &format!("Dismiss {name}"));
        if ui.add(close).on_hover_text("Dismiss").clicked() {
            out.push(EndpointsCommand::Dismiss(url()));
        }
        if watch.standing() == Some(Standing::New) || watch.is_asking() {
            return;
        }
        let down = matches!(watch.found, Some((Answers::Down(_), _)));
        if ui.add(theme::button::quiet("I restarted it")).clicked() {
            out.push(EndpointsCommand::Restarted(url()));
        }
        if !down && ui.add(theme::button::quiet("Ask it")).on_hover_text(ASKS).clicked() {
            out.push(EndpointsCommand::Ask(url()));
        }
        if ui.add(theme::button::quiet("Check again")).on_hover_text(CHECKS).clicked() {
            out.push(EndpointsCommand::CheckAgain(url()));
        }
    });
}

fn offer_ui(ui: &mut Ui, (url, name): (&str, &str), bound: &Bound, moved: Moved, out: &mut Commands) {
    let text = format!("{} moved to v{}. Does the endpoint {name} serve it?", bound.to, moved.to);
    let detail = format!("Then it is looked which version answers there after each move of {}", bound.uri());
    let look = (Icon::Agent, ui.tokens().text_weak);
    strip_ui(ui, look, (&text, &detail), |ui| {
        if ui.add(theme::button::quiet("No")).clicked() {
            out.push(EndpointsCommand::DismissOffer(bound.clone()));
        }
        if ui.add(theme::button::quiet(format!("It serves {}", bound.to))).clicked() {
            let (url, bound) = (url.to_owned(), bound.clone());
            out.push(EndpointsCommand::Bind { url, bound, moved });
        }
    });
}

/// One line: icon and text at the left, the details on hover, buttons from the right.
fn strip_ui(
    ui: &mut Ui,
    (icon, color): (Icon, egui::Color32),
    (text, detail): (&str, &str),
    buttons: impl FnOnce(&mut Ui),
) {
    let margin = Margin::symmetric(size::SPACE_M as i8, 0);
    Frame::new().fill(ui.tokens().stripe_bg).inner_margin(margin).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL + size::SPACE_XS);
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                buttons(ui);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(icon.sized(size::ICON_SMALL).tint(color).alt_text(""));
                    ui.add_space(size::SPACE_XS);
                    let label = Label::new(RichText::new(text).color(ui.tokens().text)).truncate();
                    let label = ui.add(label);
                    if !detail.is_empty() {
                        label.on_hover_text(format!("{text}\n{detail}"));
                    }
                });
            });
        });
    });
}
