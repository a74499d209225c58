//! The part of MLflow's filter language that is understood here: equalities joined by AND.

use super::failure::Failure;
use crate::tracking::TrackingError;

/// What a filter asks of a run's tags or params.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Equality {
    /// Whose key it is.
    pub on: Entity,
    /// The key.
    pub key: String,
    /// The value, exactly.
    pub value: String,
}

/// What a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    Tag,
    Param,
}

impl Entity {
    pub fn table(self) -> &'static str {
        match self {
            Self::Tag => "tags",
            Self::Param => "params",
        }
    }
}

/// Reads ``tags.`key` = 'value' AND params.key = "value"``; empty is everything.
pub(super) fn parse(filter: &str) -> Result<Vec<Equality>, Failure> {
    let mut rest = filter.trim();
    let mut clauses = Vec::new();
    while !rest.is_empty() {
        let (clause, after) = equality(rest).ok_or_else(|| unsupported(filter))?;
        clauses.push(clause);
        rest = after.trim_start();
        if rest.is_empty() {
            break;
        }
        let (and, after) = rest.split_at_checked(3).ok_or_else(|| unsupported(filter))?;
        if !and.eq_ignore_ascii_case("and")
            || !after.starts_with(char::is_whitespace)
            || after.trim().is_empty()
        {
            return Err(unsupported(filter));
        }
        rest = after.trim_start();
    }
    Ok(clauses)
}

fn unsupported(filter: &str) -> Failure {
    let what = format!("This filter needs an MLflow server: {}", filter.trim());
    TrackingError::Unsupported { what }.into()
}

fn equality(text: &str) -> Option<(Equality, &str)> {
    let (entity, rest) = text.split_once('.')?;
    let on = match entity.trim() {
        "tags" | "tag" => Entity::Tag,
        "params" | "param" | "parameters" | "parameter" => Entity::Param,
        _ => return None,
    };
    let (key, rest) = match rest.chars().next()? {
        quote @ ('`' | '"') => quoted(rest, quote)?,
        _ => rest.split_at_checked(rest.find(|c: char| c.is_whitespace() || c == '=')?)?,
    };
    if key.is_empty() || key.contains(['!', '<', '>', '\'']) {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (value, rest) = quoted(rest, quote)?;
    Some((Equality { on, key: key.to_owned(), value: value.to_owned() }, rest))
}

/// What stands between two quotes (there are no escapes), and what follows.
fn quoted(text: &str, quote: char) -> Option<(&str, &str)> {
    text.strip_prefix(quote)?.split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalities_of_tags_and_params_are_read() {
        let equal = |on, key: &str, value: &str| Equality { on, key: key.into(), value: value.into() };
        let read = |filter: &str| parse(filter).unwrap();
        assert_eq!(read("  "), []);
        assert_eq!(
            read("tags.`mlflow.parentRunId` = 'abc'"),
            [equal(Entity::Tag, "mlflow.parentRunId", "abc")]
        );
        assert_eq!(
            read("params.alpha='0.1'  and tags.\"a b\" = \"it's\""),
            [equal(Entity::Param, "alpha", "0.1"), equal(Entity::Tag, "a b", "it's")]
        );
    }

    #[test]
    fn everything_else_is_refused_with_a_sentence() {
        for filter in [
            "metrics.rmse < 1",
            "tags.a != 'b'",
            "tags.a LIKE 'b'",
            "tags.a = b",
            "tags.a = 'b' OR tags.c = 'd'",
            "tags.a = 'b' and",
            "tags.a = 'b",
            "tags.a = 'b'and tags.c",
            "status = 'RUNNING'",
            "tags. = 'x'",
            "tags.é",
            "nonsense",
        ] {
            let failure = parse(filter).unwrap_err();
            assert!(matches!(failure, Failure::Answer(TrackingError::Unsupported { .. })), "{filter}");
        }
    }
}
