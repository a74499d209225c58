//! The heads of the panes: whom one talks to, which version answers, and promoting it.

use egui::containers::menu::MenuButton;
use egui::{Align, Label, Layout, Rect, RichText, Sense, Stroke, Ui, UiBuilder};

use super::Columns;
use crate::state::chat::{ChatCommand, Conversation};
use crate::state::command::Commands;
use crate::state::endpoints::{ASKS, EndpointsCommand, Finding, Identity};
use crate::state::registry::models::alias_rank;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::chat::endpoints::health_color;
use crate::ui::chat::header::dot_ui;
use crate::ui::widgets::{alias_chip_ui, alias_version_ui, chip_width};

/// Height of a head: two lines.
const HEIGHT: f32 = 2.0 * size::CONTROL + 3.0 * size::SPACE_XS;
/// Room for “version not known”, in points.
const WORDS: f32 = 100.0;
/// Room for “+2”, in points.
const MORE: f32 = 24.0;

/// Draws them in a row.
pub(super) fn heads_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    panes: &[&Conversation],
    columns: Columns,
    out: &mut Commands,
) {
    let (whole, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), HEIGHT), Sense::hover());
    let tokens = ui.tokens();
    let line = Stroke::new(size::HAIRLINE, tokens.hairline);
    ui.painter().rect_filled(whole, 0.0, tokens.stripe_bg);
    ui.painter().hline(whole.x_range(), whole.bottom(), line);
    for (at, pane) in panes.iter().enumerate() {
        let range = columns.range(at);
        if at > 0 {
            ui.painter().vline(range.min, whole.y_range(), line);
        }
        let rect = Rect::from_x_y_ranges(range.shrink(size::SPACE_M), whole.y_range())
            .shrink2(egui::vec2(0.0, size::SPACE_XS));
        let mut head = ui.new_child(
            UiBuilder::new().id_salt(("head", pane.id)).max_rect(rect).layout(Layout::top_down(Align::Min)),
        );
        head.shrink_clip_rect(rect.expand(2.0));
        head.spacing_mut().item_spacing.y = size::SPACE_XS;
        head_ui(&mut head, cx, pane, out);
    }
}

fn head_ui(ui: &mut Ui, cx: &Cx<'_>, pane: &Conversation, out: &mut Commands) {
    let candidate = cx.state.candidate(pane.address());
    let identity = cx.state.identity(pane);
    let is_base = cx.state.chat.base() == Some(pane.id);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            more_ui(ui, pane, &candidate.title, is_base, out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let health = cx.state.endpoints.health(pane.address());
                let answered = pane.turns.iter().any(|turn| turn.answer.has_output());
                let color = match health {
                    Some(health) => health_color(ui, health),
                    None if answered => ui.tokens().success.fg,
                    None => ui.tokens().text_disabled,
                };
                dot_ui(ui, color);
                ui.add(Label::new(theme::text::strong(&candidate.title)).truncate())
                    .on_hover_text(pane.address());
            });
        });
    });
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            promote_ui(ui, cx, pane, &candidate.title, out);
            let finding = cx.state.finding(pane.address());
            find_out_ui(ui, cx, (pane, &candidate.title), (&identity, finding), out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                identity_ui(ui, cx, &identity, finding);
            });
        });
    });
}

/// Asks which version it is, where nobody knows and a trace could say.
fn find_out_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (pane, title): (&Conversation, &str),
    (identity, finding): (&Identity, Finding<'_>),
    out: &mut Commands,
) {
    if matches!(identity, Identity::Version { .. }) || finding == Finding::Asking || cx.workspace().is_none()
    {
        return;
    }
    let button = theme::button::quiet(RichText::new("Find out").small());
    let name = format!("Find out which version {title} is");
    if ui.add(button).accessible_name(name).on_hover_text(ASKS).clicked() {
        out.push(EndpointsCommand::FindOut(pane.address().to_owned()));
    }
}

/// The version with its aliases, or why it is not known.
fn identity_ui(ui: &mut Ui, cx: &Cx<'_>, identity: &Identity, finding: Finding<'_>) {
    let model = identity.model().and_then(|name| cx.workspace()?.registry.models.get(name));
    match identity {
        Identity::Version { version, how, model: name } => {
            let mut aliases: Vec<&str> =
                model.map(|model| model.aliases_of(*version).collect()).unwrap_or_default();
            aliases.sort_by_key(|alias| (alias_rank(alias), *alias));
            let text = format!("v{version}");
            let shown = match aliases.first() {
                Some(alias) => alias_version_ui(ui, alias, *version),
                None => ui.label(theme::text::strong(text)),
            };
            shown.on_hover_text(format!("v{version} of {name}. {how}"));
            chips_ui(ui, &aliases);
        }
        Identity::Bound(bound) => {
            if let Some(alias) = bound.alias() {
                alias_chip_ui(ui, alias, Sense::hover()).on_hover_text(bound.uri());
            }
            unknown_ui(ui, ["version not known", "v?"], identity, finding);
        }
        Identity::Unknown => unknown_ui(ui, ["model not known", "model?"], identity, finding),
    }
}

/// As many aliases as there is room for, and how many more there are.
fn chips_ui(ui: &mut Ui, aliases: &[&str]) {
    for (at, alias) in aliases.iter().enumerate() {
        let more = if at + 1 < aliases.len() { MORE } else { 0.0 };
        if chip_width(ui, alias) + more > ui.available_width() {
            let rest = aliases.get(at..).unwrap_or_default();
            let text = theme::text::small(format!("+{}", rest.len()));
            ui.add(Label::new(text).truncate()).on_hover_text(rest.join(", "));
            return;
        }
        alias_chip_ui(ui, alias, Sense::hover());
    }
}

/// That it is not known: in words, or short where there is no room.
fn unknown_ui(ui: &mut Ui, [words, short]: [&str; 2], identity: &Identity, finding: Finding<'_>) {
    let narrow = ui.available_width() < WORDS;
    let advice = identity.advice();
    let (text, hint) = match finding {
        Finding::NotAsked if narrow => (short, format!("{words}. {advice}")),
        Finding::NotAsked => (words, advice.to_owned()),
        Finding::Asking if narrow => ("asking…", ASKS.to_owned()),
        Finding::Asking => ("asking, and looking for its trace…", ASKS.to_owned()),
        Finding::Failed(why) if narrow => (short, format!("{why}\n{advice}")),
        Finding::Failed(why) => (why, format!("{why}\n{advice}")),
    };
    let color = match finding {
        Finding::Failed(_) => ui.tokens().warning.fg,
        _ => ui.tokens().text_weak,
    };
    let text = RichText::new(text).small().color(color);
    ui.add(Label::new(text).truncate()).on_hover_text(hint);
}

/// Opens the plan for the version that answered here, with what it answered as evidence.
fn promote_ui(ui: &mut Ui, cx: &Cx<'_>, pane: &Conversation, title: &str, out: &mut Commands) {
    let label = RichText::new("Promote this one").small();
    let name = format!("Promote {title}");
    let promotion = match cx.state.promotion(pane) {
        Ok(promotion) => promotion,
        Err(why) => {
            ui.add_enabled(false, theme::button::default(label))
                .accessible_name(name)
                .on_disabled_hover_text(why);
            return;
        }
    };
    let mut chosen = None;
    if promotion.aliases.len() > 1 {
        let more = Icon::ChevronDown.sized(size::ICON_SMALL).alt_text("");
        let button = theme::button::quiet(more);
        let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
            for alias in &promotion.aliases {
                if ui.button(format!("Move {alias} to v{}", promotion.version)).clicked() {
                    chosen = Some(alias.clone());
                }
            }
        });
        response.accessible_name(format!("Another alias for {title}")).on_hover_text("Another alias");
    }
    let first = promotion.aliases.first().cloned().unwrap_or_default();
    let hint = format!("Plans to move {first} to v{}, with this conversation as evidence", promotion.version);
    if ui.add(theme::button::default(label)).accessible_name(name).on_hover_text(hint).clicked() {
        chosen = Some(first);
    }
    if let Some(alias) = chosen {
        out.push(cx.state.promote(pane, &promotion, &alias));
    }
}

fn more_ui(ui: &mut Ui, pane: &Conversation, title: &str, is_base: bool, out: &mut Commands) {
    let close = theme::button::icon(Icon::Close, &format!("Close {title}"));
    if ui.add(close).on_hover_text("Close the pane. It goes on as a conversation of its own").clicked() {
        out.push(ChatCommand::ClosePane(pane.id));
    }
    if is_base {
        ui.label(theme::text::small("base")).on_hover_text("The others are compared with this one");
        return;
    }
    let base = theme::button::icon(Icon::Compare, &format!("Compare with {title}"));
    if ui.add(base).on_hover_text("Compare the others with this one").clicked() {
        out.push(ChatCommand::SetBase(pane.id));
    }
}
