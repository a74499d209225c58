//! The columns of the board. Where there is no room for all, those that say least go.

use egui::{Id, Ui};
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

/// Least width of the chips' column.
const ALIASES_MIN: f32 = 120.0;

impl Col {
    /// A model's columns, or a prompt's.
    fn of(kind: ModelKind) -> &'static [Self] {
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

    /// The higher, the sooner it goes; 0 stays.
    fn expendable(self) -> u8 {
        match self {
            Self::Aliases | Self::Version | Self::Status => 0,
            Self::Created => 1,
            Self::Text => 2,
            Self::Run => 3,
            Self::Tags => 4,
            Self::Description => 5,
        }
    }
}

/// The columns there is room for, as wide as the user left them; the last one takes what remains.
pub(super) fn laid_out(ui: &Ui, id: Id, kind: ModelKind) -> (Vec<Col>, Vec<Column>) {
    let state = TableState::load(ui.ctx(), id).unwrap_or_else(|| {
        // With a state of its own egui_table does not size the columns by what they hold at first.
        TableState::default().store(ui.ctx(), id);
        TableState::default()
    });
    let column_id = |col: Col| id.with(col.label());
    let left = |col: Col| state.col_widths.get(&column_id(col)).copied();
    let room = ui.available_width();
    let shown = fitting(Col::of(kind), room, |col| left(col).unwrap_or(col.width()));
    let others: f32 = shown[1..].iter().map(|&col| left(col).unwrap_or(col.width())).sum();
    let widest = if shown.iter().all(|col| col.expendable() == 0) { room - others } else { 1200.0 };
    let mut rest = room;
    let mut columns = Vec::with_capacity(shown.len());
    for (at, &col) in shown.iter().enumerate() {
        let new = Column::new(col.width()).range(size::COLUMN_MIN..=1200.0).id(column_id(col));
        if at + 1 == shown.len() {
            let width = rest.max(col.width());
            columns.push(Column::new(width).range(width..=width).id(id.with("last")).resizable(false));
        } else if col == Col::Aliases {
            let widest = widest.max(ALIASES_MIN);
            rest -= left(col).unwrap_or(col.width()).min(widest);
            columns.push(new.range(size::COLUMN_MIN..=widest).resizable(true));
        } else {
            rest -= left(col).unwrap_or(col.width());
            columns.push(new.resizable(true));
        }
    }
    (shown, columns)
}

/// Drops the most expendable column until the rest fits, or none can go. Aliases, version and status always stay.
fn fitting(columns: &[Col], room: f32, width: impl Fn(Col) -> f32) -> Vec<Col> {
    let mut shown = columns.to_vec();
    while shown.iter().map(|&col| width(col)).sum::<f32>() > room {
        let Some(at) = (0..shown.len()).max_by_key(|&at| shown[at].expendable()) else { break };
        if shown[at].expendable() == 0 {
            break;
        }
        shown.remove(at);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_room_the_fewer_columns_but_never_fewer_than_those_that_matter() {
        let shown = |room| fitting(Col::of(ModelKind::Model), room, Col::width);
        assert_eq!(shown(1000.0).len(), 7);
        assert_eq!(shown(800.0).last(), Some(&Col::Tags));
        assert_eq!(shown(600.0).last(), Some(&Col::Run));
        assert_eq!(shown(480.0).last(), Some(&Col::Created));
        assert_eq!(shown(100.0), [Col::Aliases, Col::Version, Col::Status]);
    }
}
