//! Which rows are shown, in which order. Runs off the UI thread.

use std::cmp::Ordering;
use std::sync::Arc;

use super::row::TraceRow;
use crate::state::runs::terms;

/// The columns that there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceColumn {
    /// When it began.
    Time,
    /// How it went.
    State,
    /// The root span's name.
    Name,
    /// What was asked.
    Request,
    /// What was answered.
    Response,
    /// How long it took.
    Duration,
    /// Tokens in all.
    Tokens,
    /// The version or logged model that answered.
    Model,
    /// The conversation.
    Session,
    /// Who asked.
    User,
    /// What was thought of it.
    Assessments,
    /// Tags.
    Tags,
}

impl TraceColumn {
    /// All of them, from left to right.
    pub const ALL: [Self; 12] = [
        Self::Time,
        Self::State,
        Self::Duration,
        Self::Name,
        Self::Request,
        Self::Response,
        Self::Tokens,
        Self::Model,
        Self::Assessments,
        Self::Session,
        Self::User,
        Self::Tags,
    ];

    /// The header.
    pub fn title(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::State => "State",
            Self::Name => "Name",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Duration => "Duration",
            Self::Tokens => "Tokens",
            Self::Model => "Model",
            Self::Session => "Session",
            Self::User => "User",
            Self::Assessments => "Assessments",
            Self::Tags => "Tags",
        }
    }

    /// Whether numbers stand in it.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Duration | Self::Tokens)
    }

    /// Whether it is shown even if it is empty.
    pub(super) fn is_always_shown(self) -> bool {
        matches!(
            self,
            Self::Time | Self::State | Self::Duration | Self::Name | Self::Request | Self::Response
        )
    }

    /// Whether a row has something in it.
    pub(super) fn is_in(self, row: &TraceRow) -> bool {
        match self {
            Self::Tokens => row.tokens.is_some(),
            Self::Model => row.model_id.is_some(),
            Self::Session => row.session.is_some(),
            Self::User => row.user.is_some(),
            Self::Assessments => row.assessments > 0,
            Self::Tags => !row.tags.is_empty(),
            _ => true,
        }
    }
}

/// Filter and order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words that must all occur.
    pub filter: String,
    /// The column to sort by, and whether the largest come first; the newest come first without.
    pub sort: Option<(TraceColumn, bool)>,
}

impl Wanted {
    /// Everything, as it came.
    pub(super) fn is_plain(&self) -> bool {
        self.sort.is_none() && self.filter.trim().is_empty()
    }
}

/// The places of the rows that match, in order. Rows without a value come last either way.
pub(super) fn arrange(rows: &[Arc<TraceRow>], wanted: &Wanted) -> Vec<u32> {
    let words = terms(&wanted.filter);
    let mut places: Vec<u32> =
        (0..).zip(rows).filter(|(_, row)| row.matches(&words)).map(|(at, _)| at).collect();
    let Some((column, descending)) = wanted.sort else { return places };
    places.sort_by(|&a, &b| {
        let (a, b) = (&*rows[a as usize], &*rows[b as usize]);
        let order = compare(column, a, b);
        match (column.is_empty(a), column.is_empty(b)) {
            (false, false) if descending => order.reverse(),
            (false, false) => order,
            (a, b) => a.cmp(&b),
        }
    });
    places
}

impl TraceColumn {
    fn is_empty(self, row: &TraceRow) -> bool {
        match self {
            Self::Time => row.time.is_none(),
            Self::Duration => row.duration.is_none(),
            Self::Name => row.name.is_empty(),
            Self::Request => row.request.is_empty(),
            Self::Response => row.response.is_empty(),
            other => !other.is_in(row),
        }
    }
}

fn compare(column: TraceColumn, a: &TraceRow, b: &TraceRow) -> Ordering {
    let total = |row: &TraceRow| row.tokens.map(|tokens| tokens.total);
    match column {
        TraceColumn::Time => a.time.cmp(&b.time),
        TraceColumn::State => a.state.cmp(&b.state),
        TraceColumn::Name => a.name.cmp(&b.name),
        TraceColumn::Request => a.request.cmp(&b.request),
        TraceColumn::Response => a.response.cmp(&b.response),
        TraceColumn::Duration => a.duration.cmp(&b.duration),
        TraceColumn::Tokens => total(a).cmp(&total(b)),
        TraceColumn::Model => a.model_id.cmp(&b.model_id),
        TraceColumn::Session => a.session.cmp(&b.session),
        TraceColumn::User => a.user.cmp(&b.user),
        TraceColumn::Assessments => {
            let verdict = |row: &TraceRow| i64::from(row.thumbs.0) - i64::from(row.thumbs.1);
            verdict(a).cmp(&verdict(b)).then(a.assessments.cmp(&b.assessments))
        }
        TraceColumn::Tags => a.tags.cmp(&b.tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Arc<TraceRow>> {
        [(Some(30), "b"), (None, "a"), (Some(10), "c"), (Some(30), "a")]
            .into_iter()
            .map(|(duration, name)| Arc::new(TraceRow { duration, name: name.into(), ..TraceRow::default() }))
            .collect()
    }

    fn arranged(filter: &str, sort: Option<(TraceColumn, bool)>) -> Vec<u32> {
        arrange(&rows(), &Wanted { filter: filter.into(), sort })
    }

    #[test]
    fn rows_are_sorted_and_those_without_a_value_come_last() {
        assert_eq!(arranged("", None), [0, 1, 2, 3]);
        assert_eq!(arranged("", Some((TraceColumn::Duration, true))), [0, 3, 2, 1]);
        assert_eq!(arranged("", Some((TraceColumn::Duration, false))), [2, 0, 3, 1]);
        assert_eq!(arranged("name=a", Some((TraceColumn::Duration, false))), [3, 1]);
    }
}
