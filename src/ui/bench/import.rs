//! What was read of a file or a dataset, before it is taken: how many prompts, which columns are what, and what could not be read.

use egui::{ComboBox, Context, Label, ScrollArea, Ui};

use crate::state::bench::set::Case;
use crate::state::bench::{BenchCommand, Columns, Importing};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// The name of the new set.
#[derive(Default)]
pub(super) struct ImportView {
    open: bool,
    name: String,
}

/// Prompts that are shown to recognise the file by.
const PREVIEW: usize = 5;
/// Height of the list of bad lines at most.
const BAD: f32 = 110.0;

impl ImportView {
    /// Draws it while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(read) = cx.state.bench.importing() else {
            self.open = false;
            return;
        };
        let opens = !std::mem::replace(&mut self.open, true);
        if opens {
            self.name.clone_from(&read.name);
        }
        let (formed, closes) = dialog_ui(ctx, "import prompts", size::DIALOG + 80.0, |ui| {
            self.form_ui(ui, cx, read, opens, out)
        });
        match formed {
            Formed::Confirmed => out.push(BenchCommand::ImportConfirm(self.name.clone())),
            Formed::Cancelled => out.push(BenchCommand::ImportCancel),
            Formed::On if closes => out.push(BenchCommand::ImportCancel),
            Formed::On => {}
        }
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        read: &Importing,
        opens: bool,
        out: &mut Commands,
    ) -> Formed {
        let prompts = format::counted(read.cases.len(), "prompt", "prompts");
        ui.label(theme::text::title(format!("Import {prompts}")));
        ui.add_space(size::SPACE_S);
        let mut form = Form::new(opens);
        let into = read.into_set.and_then(|id| cx.state.bench.set(id));
        match into {
            Some(set) => {
                ui.label(format!("They are added to “{}”", set.name));
                ui.add_space(size::SPACE_S);
            }
            None => {
                form.field_ui(ui, "Name of the set", "e.g. smoke", &mut self.name, Below::Nothing);
            }
        }
        if read.table.is_some() {
            columns_ui(ui, read, out);
        }
        preview_ui(ui, &read.cases);
        bad_ui(ui, read);
        let fits = !read.cases.is_empty() && (into.is_some() || !self.name.trim().is_empty());
        form.end_ui(ui, Confirm::Primary(&format!("Add {prompts}")), fits, None)
    }
}

/// Which column is what.
fn columns_ui(ui: &mut Ui, read: &Importing, out: &mut Commands) {
    let Some(table) = &read.table else { return };
    let mut columns = read.columns;
    egui::Grid::new("columns of the file").num_columns(2).spacing([size::SPACE_M, size::SPACE_XS]).show(
        ui,
        |ui| {
            let roles: [(&str, &mut Option<usize>); 5] = [
                ("Prompt", &mut columns.prompt),
                ("Expected answer", &mut columns.expected),
                ("Has to contain", &mut columns.contains),
                ("System prompt", &mut columns.system_prompt),
                ("Note", &mut columns.note),
            ];
            for (role, chosen) in roles {
                ui.label(theme::text::label(role));
                let name = chosen.and_then(|at| table.names.get(at)).map_or("–", String::as_str);
                let combo = ComboBox::from_id_salt(role).selected_text(name).width(220.0);
                let response = combo.show_ui(ui, |ui| {
                    ui.selectable_value(chosen, None, "–");
                    for (at, name) in table.names.iter().enumerate() {
                        ui.selectable_value(chosen, Some(at), name.as_str());
                    }
                });
                response.response.accessible_name(format!("Column of {role}"));
                ui.end_row();
            }
        },
    );
    ui.add_space(size::SPACE_S);
    if columns != read.columns {
        out.push(BenchCommand::ImportColumns(Columns { ..columns }));
    }
}

fn preview_ui(ui: &mut Ui, cases: &[Case]) {
    ui.spacing_mut().interact_size.y = size::ICON;
    for case in cases.iter().take(PREVIEW) {
        ui.horizontal(|ui| {
            ui.add(Icon::Prompt.sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
            ui.add(Label::new(case.title()).truncate());
        });
    }
    if cases.len() > PREVIEW {
        ui.label(theme::text::small(format!("and {} more", format::count(cases.len() - PREVIEW))));
    }
    ui.add_space(size::SPACE_S);
}

fn bad_ui(ui: &mut Ui, read: &Importing) {
    for missing in read.missing() {
        ui.colored_label(ui.tokens().warning.fg, missing);
    }
    if read.bad.is_empty() {
        return;
    }
    let (one, many) = if read.of_records { ("record", "records") } else { ("line", "lines") };
    let lines = format::counted(read.bad.len(), one, many);
    let word = if read.of_records { "Record" } else { "Line" };
    let verb = if read.bad.len() == 1 { "is" } else { "are" };
    ui.colored_label(ui.tokens().warning.fg, format!("{lines} could not be read and {verb} left out"));
    ScrollArea::vertical().max_height(BAD).auto_shrink([false, true]).show(ui, |ui| {
        for (line, why) in &read.bad {
            ui.add(Label::new(theme::text::small(format!("{word} {line}: {why}"))).wrap());
        }
    });
    ui.add_space(size::SPACE_S);
}
