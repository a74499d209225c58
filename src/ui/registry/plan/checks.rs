//! Which rules of the policy hold for a plan, and which do not.

use egui::{Label, RichText, Ui};

use crate::state::policy::Verdict;
use crate::state::registry::plan::Plan;
use crate::theme::{self, Icon, Themed as _, size};

/// More rules than these scroll, in points.
const ROOM: f32 = 5.0 * size::ROW;

/// Draws them, if there are any.
pub(super) fn show(ui: &mut Ui, plan: &Plan) {
    let guarded = plan.principal().any(|planned| planned.is_protected() || !planned.checks.is_empty());
    if !guarded {
        return;
    }
    egui::ScrollArea::vertical().id_salt("rules").max_height(ROOM).auto_shrink([false, true]).show(
        ui,
        |ui| {
            let several = plan.principal().count() > 1;
            let all =
                plan.principal().flat_map(|planned| planned.checks.iter().map(move |check| (planned, check)));
            let mut all: Vec<_> = all.collect();
            // What stands in the way comes first where there is more than fits.
            all.sort_by_key(|(_, check)| !matches!(check.verdict, Verdict::Fails(_)));
            for (planned, check) in all {
                let change = &planned.change;
                let about =
                    if several { format!("{} of {} · ", change.alias, change.name) } else { String::new() };
                check_ui(ui, &format!("{about}{}", check.rule), &check.verdict, planned.terms.may_override);
            }
        },
    );
    let protected = plan.names_to_type();
    let text = match protected.as_slice() {
        [] => "Rules of this app: the server does not enforce them".to_owned(),
        [one] => format!("{one} is protected, by this app alone: the server does not enforce it"),
        many => {
            format!("{} are protected, by this app alone: the server does not enforce it", many.join(" and "))
        }
    };
    let overridden = plan.principal().any(|planned| planned.fails() && planned.terms.may_override);
    let over = if overridden { ". What does not hold is overridden by a reason" } else { "" };
    let text = format!("{text}{over}");
    ui.horizontal(|ui| {
        ui.add(Icon::Lock.sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
        ui.add(Label::new(theme::text::small(text)).truncate());
    });
    ui.add_space(size::SPACE_S);
}

fn check_ui(ui: &mut Ui, rule: &str, verdict: &Verdict, may_override: bool) {
    let tokens = ui.tokens();
    let (icon, tint, word, why) = match verdict {
        Verdict::Holds => (Icon::Success, tokens.success, "holds", ""),
        Verdict::Fails(why) if may_override => (Icon::Warning, tokens.warning, "does not hold", why.as_str()),
        Verdict::Fails(why) => (Icon::Failure, tokens.failure, "does not hold", why.as_str()),
        Verdict::Reading => (Icon::Pending, tokens.neutral_chip, "is being read", ""),
    };
    ui.horizontal(|ui| {
        ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(""));
        let label = ui.label(rule);
        label.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Label, true, format!("rule {rule} {word}"))
        });
        if !why.is_empty() {
            ui.add(Label::new(RichText::new(why).color(tint.fg)).wrap());
        }
    });
}
