//! The columns of the board.

use egui::Ui;
use egui_table::{Column, TableState};

use crate::state::navigation::ModelKind;
use crate::theme::size;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Col {
    Aliases,
    Version,
    Status,
    Created,
    Run,
    Tags,
    Text,
    Description,
}

impl Col {
    /// A model's columns, or a prompt's.
    pub(super) fn of(kind: ModelKind) -> &'static [Self] {
        match kind {
            ModelKind::Model => &[
                Self::Aliases,
                Self::Version,
                Self::Status,
                Self::Created,
                Self::Run,
                Self::Tags,
                Self::Description,
            ],
            ModelKind::Prompt => {
                &[Self::Aliases, Self::Version, Self::Created, Self::Text, Self::Tags, Self::Description]
            }
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Aliases => "Aliases",
            Self::Version => "Version",
            Self::Status => "Status",
            Self::Created => "Created",
            Self::Run => "Source run",
            Self::Tags => "Tags",
            Self::Text => "Text",
            Self::Description => "Description",
        }
    }

    /// At first, in points.
    fn width(self) -> f32 {
        match self {
            Self::Aliases => 200.0,
            Self::Version => 68.0,
            Self::Status | Self::Created | Self::Run => 100.0,
            Self::Tags => 180.0,
            Self::Text => 320.0,
            Self::Description => 160.0,
        }
    }
}
/// Columns as wide as the user left them; the last one takes what remains.
pub(super) fn laid_out(ui: &Ui, id: egui::Id, columns: &[Col]) -> Vec<Column> {
    let state = TableState::load(ui.ctx(), id).unwrap_or_else(|| {
        // With a state of its own egui_table does not size the columns by what they hold at first.
        TableState::default().store(ui.ctx(), id);
        TableState::default()
    });
    let mut rest = ui.available_width();
    let last = columns.len() - 1;
    let mut laid_out = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let new = Column::new(column.width()).range(size::COLUMN_MIN..=1200.0).id(id.with(column.label()));
        if at == last {
            let width = rest.max(column.width());
            laid_out.push(new.range(width..=width).resizable(false));
        } else {
            rest -= state.col_widths.get(&new.id_for(at)).copied().unwrap_or(column.width());
            laid_out.push(new.resizable(true));
        }
    }
    laid_out
}
