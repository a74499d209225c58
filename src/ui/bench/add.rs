//! The question which set prompts of a conversation are to be added to.

use egui::{Context, ScrollArea, Ui};

use crate::state::bench::BenchCommand;
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// The set that is chosen; none: a new one of this name.
#[derive(Default)]
pub(super) struct AddView {
    open: bool,
    set: Option<u64>,
    name: String,
    keep_answers: bool,
}

/// Height of the list of sets at most.
const LIST: f32 = 200.0;

impl AddView {
    /// Draws it while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(cases) = cx.state.bench.adding() else {
            self.open = false;
            return;
        };
        let opens = !std::mem::replace(&mut self.open, true);
        if opens {
            self.keep_answers = true;
            let sets = cx.state.bench.sets();
            self.set = self.set.filter(|id| cx.state.bench.set(*id).is_some());
            self.set = self.set.or_else(|| sets.first().map(|set| set.id));
        }
        let (formed, closes) =
            dialog_ui(ctx, "add to bench", size::DIALOG, |ui| self.form_ui(ui, cx, cases.len(), opens));
        match formed {
            Formed::Confirmed => {
                let mut cases = cases.to_vec();
                if !self.keep_answers {
                    for case in &mut cases {
                        case.expected.clear();
                    }
                }
                let name = self.name.clone();
                out.push(BenchCommand::AddCases { set: self.set, name, cases });
            }
            Formed::Cancelled => out.push(BenchCommand::CancelAdd),
            Formed::On if closes => out.push(BenchCommand::CancelAdd),
            Formed::On => {}
        }
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, count: usize, opens: bool) -> Formed {
        let prompts = format::counted(count, "prompt", "prompts");
        ui.label(theme::text::title(format!("Add {prompts} to the bench")));
        ui.add_space(size::SPACE_S);
        let mut form = Form::new(opens);
        ScrollArea::vertical().max_height(LIST).auto_shrink([false, true]).show(ui, |ui| {
            for set in cx.state.bench.sets() {
                ui.radio_value(&mut self.set, Some(set.id), set.name.as_str());
            }
            if ui.radio_value(&mut self.set, None, "A new set").clicked() {
                // Its name is what comes next.
                form = Form::new(true);
            }
        });
        let fits = self.set.is_some() || !self.name.trim().is_empty();
        if self.set.is_none() {
            form.field_ui(ui, "Name of the set", "e.g. smoke", &mut self.name, Below::Nothing);
        }
        ui.add_space(size::SPACE_S);
        let keep = match count {
            1 => "Keep the answer beside, to read the new one against",
            _ => "Keep the answers beside, to read the new ones against",
        };
        ui.checkbox(&mut self.keep_answers, keep);
        form.take_free_enter(ui, opens);
        form.end_ui(ui, Confirm::Primary("Add"), fits, None)
    }
}
