//! The order of runs: MLflow's clauses made into SQL (`_get_orderby_clauses`).

use std::fmt::Write as _;

use rusqlite::types::Value;

use super::failure::{Failure, invalid};
use super::schema::Schema;

/// Attributes of a run and their columns.
const ATTRIBUTES: [(&str, &str); 12] = [
    ("start_time", "start_time"),
    ("created", "start_time"),
    ("Created", "start_time"),
    ("end_time", "end_time"),
    ("run_name", "name"),
    ("run name", "name"),
    ("Run Name", "name"),
    ("run_id", "run_uuid"),
    ("status", "status"),
    ("user_id", "user_id"),
    ("artifact_uri", "artifact_uri"),
    ("experiment_id", "experiment_id"),
];

/// The clauses after `ORDER BY`. Appends the joins they need to `sql`, which ends with `runs r`, and their parameters.
/// What a run does not have comes last, NaN before that; ties are in the order of start time, then run id.
pub(super) fn clauses(
    schema: &Schema,
    order_by: &[String],
    sql: &mut String,
    parameters: &mut Vec<Value>,
) -> Result<String, Failure> {
    let mut clauses = String::new();
    for clause in order_by {
        let (key, descending) = direction(clause);
        let direction = if descending { "DESC" } else { "ASC" };
        let (column, rank) = match source(key) {
            Some(Source::Attribute(column)) => {
                let column = schema.columns("runs", "r", &[column]);
                let rank = format!("{column} IS NULL");
                (column, rank)
            }
            Some(Source::Table(table, _)) if !schema.has_table(table) => continue,
            Some(Source::Table(table, key)) => {
                parameters.push(key.into());
                let number = parameters.len();
                // Writing to a string does not fail.
                let _written = write!(
                    sql,
                    " LEFT JOIN {table} o{number} ON o{number}.run_uuid = r.run_uuid AND o{number}.key = ?{number}"
                );
                let nan = schema.columns(table, &format!("o{number}"), &["is_nan"]);
                let column = format!("o{number}.value");
                let rank = format!("CASE WHEN {nan} = 1 THEN 1 WHEN {column} IS NULL THEN 2 ELSE 0 END");
                (column, rank)
            }
            None => return Err(invalid(format!("Invalid order_by clause '{clause}'")).into()),
        };
        let _written = write!(clauses, "{rank}, {column} {direction}, ");
    }
    clauses.push_str(&schema.columns("runs", "r", &["start_time"]));
    clauses.push_str(" DESC, r.run_uuid");
    Ok(clauses)
}

/// What a clause orders by.
enum Source {
    /// A column of `runs`.
    Attribute(&'static str),
    /// A key's value in another table.
    Table(&'static str, String),
}

fn source(key: &str) -> Option<Source> {
    let (entity, name) = key.split_once('.').unwrap_or(("attributes", key));
    let name = name.trim();
    let name = match name.chars().next() {
        Some(quote @ ('`' | '"')) => name.strip_prefix(quote)?.strip_suffix(quote)?,
        _ => name,
    };
    let table = match entity.trim() {
        "attributes" | "attribute" | "attr" | "run" => {
            let (_, column) = ATTRIBUTES.into_iter().find(|(attribute, _)| *attribute == name)?;
            return Some(Source::Attribute(column));
        }
        "metrics" | "metric" => "latest_metrics",
        "params" | "param" | "parameters" | "parameter" => "params",
        "tags" | "tag" => "tags",
        _ => return None,
    };
    Some(Source::Table(table, name.to_owned()))
}

/// The key of a clause, and whether it ends with `DESC`.
fn direction(clause: &str) -> (&str, bool) {
    let clause = clause.trim();
    let Some((key, last)) = clause.rsplit_once(char::is_whitespace) else { return (clause, false) };
    match last.to_ascii_lowercase().as_str() {
        "desc" => (key.trim_end(), true),
        "asc" => (key.trim_end(), false),
        _ => (clause, false),
    }
}
