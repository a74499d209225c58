//! Writing to the registry: what MLflow's own store does, with its checks and its words
//! (`mlflow/store/model_registry/sqlalchemy_store.py`).

mod model_uri;
pub(super) mod models;
pub(super) mod runs;
pub(super) mod versions;

use rusqlite::{ToSql, named_params};

use super::database::{Database, Session};
use super::failure::{Failure, not_found};
use super::registry::{self, DELETED_STAGE};
use super::rules;
use crate::entities::{ModelVersion, VersionNumber};
use crate::tracking::TrackingError;
use crate::tracking::error::DatabaseFault;

/// `set_registered_model_alias`
pub(super) fn set_alias(
    database: &Database,
    name: &str,
    alias: &str,
    version: VersionNumber,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::alias_to_set(alias)?;
    database.write(|session| {
        has_table(session, "registered_model_aliases")?;
        version_exists(session, name, version)?;
        let parameters = named_params! {
            ":version": version, ":name": name, ":alias": alias, ":workspace": session.workspace
        };
        let table = "registered_model_aliases";
        if update_rows(session, table, "version = :version", OF_ALIAS, parameters)? == 0 {
            insert(session, table, "version, name, alias", ":version, :name, :alias", parameters)?;
        }
        Ok(())
    })
}

/// `delete_registered_model_alias`
pub(super) fn delete_alias(database: &Database, name: &str, alias: &str) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::alias(alias)?;
    database.write(|session| {
        has_table(session, "registered_model_aliases")?;
        registry::get_model(session, name)?;
        let parameters = named_params! { ":name": name, ":alias": alias, ":workspace": session.workspace };
        delete_rows(session, "registered_model_aliases", OF_ALIAS, parameters)
    })
}

/// `update_model_version`
pub(super) fn update_version(
    database: &Database,
    name: &str,
    version: VersionNumber,
    description: &str,
    now: i64,
) -> Result<ModelVersion, TrackingError> {
    rules::model_name(name)?;
    database.write(|session| {
        version_exists(session, name, version)?;
        let parameters = named_params! {
            ":description": description, ":now": now, ":name": name, ":version": version,
            ":workspace": session.workspace
        };
        let set = "description = :description, last_updated_time = :now";
        update_rows(session, "model_versions", set, OF_VERSION, parameters)?;
        registry::get_version(session, name, version)
    })
}

/// `set_model_version_tag`
pub(super) fn set_version_tag(
    database: &Database,
    name: &str,
    version: VersionNumber,
    key: &str,
    value: &str,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::tag(key, value)?;
    database.write(|session| {
        has_table(session, "model_version_tags")?;
        version_exists(session, name, version)?;
        let parameters = named_params! {
            ":value": value, ":name": name, ":version": version, ":key": key, ":workspace": session.workspace
        };
        if update_rows(session, "model_version_tags", "value = :value", OF_VERSION_TAG, parameters)? == 0 {
            let columns = "value, name, version, key";
            insert(session, "model_version_tags", columns, ":value, :name, :version, :key", parameters)?;
        }
        Ok(())
    })
}

/// `delete_model_version_tag`
pub(super) fn delete_version_tag(
    database: &Database,
    name: &str,
    version: VersionNumber,
    key: &str,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::tag_key(key)?;
    database.write(|session| {
        has_table(session, "model_version_tags")?;
        version_exists(session, name, version)?;
        let parameters = named_params! {
            ":name": name, ":version": version, ":key": key, ":workspace": session.workspace
        };
        delete_rows(session, "model_version_tags", OF_VERSION_TAG, parameters)
    })
}

/// The rows of one alias, of one version, and of one of its tags.
const OF_ALIAS: &str = "t.name = :name AND t.alias = :alias";
const OF_VERSION: &str = "t.name = :name AND t.version = :version";
const OF_VERSION_TAG: &str = "t.name = :name AND t.version = :version AND t.key = :key";

/// What a statement's names stand for. Among them must be `:workspace`.
type Parameters<'a> = &'a [(&'a str, &'a dyn ToSql)];

/// Changes the rows of a table that meet a condition and are in the workspace, there called `t`. Answers how many.
fn update_rows(
    session: &Session<'_>,
    table: &str,
    set: &str,
    rows: &str,
    parameters: Parameters<'_>,
) -> Result<usize, Failure> {
    let here = session.schema.in_workspace(table, "t");
    let sql = format!("UPDATE {table} AS t SET {set} WHERE {rows} AND {here}");
    Ok(session.connection.execute(&sql, parameters)?)
}

/// Deletes them.
fn delete_rows(
    session: &Session<'_>,
    table: &str,
    rows: &str,
    parameters: Parameters<'_>,
) -> Result<(), Failure> {
    let here = session.schema.in_workspace(table, "t");
    session.connection.execute(&format!("DELETE FROM {table} AS t WHERE {rows} AND {here}"), parameters)?;
    Ok(())
}

/// Inserts a row, with the workspace where the table has one.
fn insert(
    session: &Session<'_>,
    table: &str,
    columns: &str,
    values: &str,
    parameters: Parameters<'_>,
) -> Result<(), Failure> {
    let sql = if session.schema.has(table, "workspace") {
        format!("INSERT INTO {table} ({columns}, workspace) VALUES ({values}, :workspace)")
    } else {
        // The condition is always true and uses the parameter that is given.
        format!("INSERT INTO {table} ({columns}) SELECT {values} WHERE :workspace IS NOT NULL")
    };
    session.connection.execute(&sql, parameters)?;
    Ok(())
}

/// `_get_sql_model_version`
fn version_exists(session: &Session<'_>, name: &str, version: VersionNumber) -> Result<(), Failure> {
    has_table(session, "model_versions")?;
    let schema = session.schema;
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM model_versions t WHERE t.name = :name AND t.version = :version AND {} \
         AND ifnull({}, '') <> '{DELETED_STAGE}')",
        schema.in_workspace("model_versions", "t"),
        schema.columns("model_versions", "t", &["current_stage"])
    );
    let parameters = named_params! { ":name": name, ":version": version, ":workspace": session.workspace };
    if session.connection.query_row(&sql, parameters, |row| row.get(0))? {
        return Ok(());
    }
    Err(not_found(format!("Model Version (name={name}, version={version}) not found")).into())
}

/// Stores of old MLflow versions have no aliases, say.
pub(in crate::tracking::sqlite) fn has_table(session: &Session<'_>, table: &str) -> Result<(), Failure> {
    if session.schema.has_table(table) { Ok(()) } else { Err(too_old(&format!("table {table}"))) }
}

fn too_old(missing: &str) -> Failure {
    let reason = format!("it was made by an old MLflow and has no {missing}; run `mlflow db upgrade` on it");
    Failure::Fault(DatabaseFault::Protected { reason })
}

/// NULL for an empty text, as Python's None.
fn optional(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
