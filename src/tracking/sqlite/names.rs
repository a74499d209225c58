//! Looking up by a part of the name, in the file itself. SQLite folds the case of ASCII alone, so names are compared
//! here.

use rusqlite::{Statement, ToSql};

use super::database::Session;
use super::failure::Failure;
use super::row;
use crate::entities::Named;
use crate::tracking::NameQuery;

/// Of each kind; as many rows as are read before one types on.
const MOST: usize = 20;

pub(super) fn find(session: &Session<'_>, query: &NameQuery) -> Result<Vec<Named>, Failure> {
    if query.words.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = models(session, query)?;
    found.extend(experiments(session, query)?);
    found.extend(runs(session, query)?);
    Ok(found)
}

fn models(session: &Session<'_>, query: &NameQuery) -> Result<Vec<Named>, Failure> {
    let schema = session.schema;
    if !schema.has_table("registered_models") {
        return Ok(Vec::new());
    }
    let is_prompt = if schema.has_table("registered_model_tags") {
        format!(
            "EXISTS (SELECT 1 FROM registered_model_tags t WHERE {} AND t.name = m.name \
             AND t.key = 'mlflow.prompt.is_prompt' AND lower(t.value) = 'true')",
            schema.in_workspace("registered_model_tags", "t")
        )
    } else {
        "0".to_owned()
    };
    let sql = format!(
        "SELECT m.name, {is_prompt} FROM registered_models m WHERE {} ORDER BY m.name",
        schema.in_workspace("registered_models", "m"),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    taken(&mut statement, &[(":workspace", &session.workspace)], query, |name, second| {
        if second == "1" { Named::Prompt(name) } else { Named::Model(name) }
    })
}

fn experiments(session: &Session<'_>, query: &NameQuery) -> Result<Vec<Named>, Failure> {
    let schema = session.schema;
    let active = active(session, "experiments", "e");
    let sql = format!(
        "SELECT e.name, e.experiment_id FROM experiments e WHERE {} AND {active} ORDER BY e.experiment_id DESC",
        schema.in_workspace("experiments", "e"),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    taken(&mut statement, &[(":workspace", &session.workspace)], query, |name, experiment_id| {
        Named::Experiment { experiment_id, name }
    })
}

fn runs(session: &Session<'_>, query: &NameQuery) -> Result<Vec<Named>, Failure> {
    let id = query.experiment_id.as_ref().and_then(|id| id.trim().parse::<i64>().ok());
    let Some(id) = id.filter(|_| session.schema.has("runs", "name")) else { return Ok(Vec::new()) };
    let active = active(session, "runs", "r");
    let sql = format!(
        "SELECT r.name, r.run_uuid FROM runs r WHERE r.experiment_id = :id AND {active} ORDER BY r.rowid DESC"
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    taken(&mut statement, &[(":id", &id)], query, |name, run_id| Named::Run { run_id, name })
}

/// Deleted ones are not found.
fn active(session: &Session<'_>, table: &str, alias: &str) -> String {
    let has = session.schema.has(table, "lifecycle_stage");
    if has { format!("{alias}.lifecycle_stage = 'active'") } else { "1".to_owned() }
}

/// The first rows whose first column holds the words.
fn taken(
    statement: &mut Statement<'_>,
    parameters: &[(&str, &dyn ToSql)],
    query: &NameQuery,
    make: impl Fn(String, String) -> Named,
) -> Result<Vec<Named>, Failure> {
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(read) = rows.next()? {
        let name = row::text(read, 0);
        if query.is_in(&name) {
            found.push(make(name, row::text(read, 1)));
            if found.len() >= MOST {
                break;
            }
        }
    }
    Ok(found)
}
