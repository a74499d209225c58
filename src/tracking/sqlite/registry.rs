//! Reading the registry: tables `registered_models`, `model_versions`, their tags, and `registered_model_aliases`.

use std::collections::HashMap;

use rusqlite::{Row, ToSql, named_params};

use super::database::Session;
use super::failure::{Failure, not_found};
use super::row;
use crate::entities::{Alias, ModelVersion, ModelVersionStatus, RegisteredModel, Tags, VersionNumber, tag};
use crate::tracking::{ModelQuery, VersionQuery};

const MODEL_COLUMNS: [&str; 4] = ["name", "description", "creation_time", "last_updated_time"];

const VERSION_COLUMNS: [&str; 12] = [
    "name",
    "version",
    "description",
    "creation_time",
    "last_updated_time",
    "user_id",
    "status",
    "status_message",
    "current_stage",
    "source",
    "run_id",
    "run_link",
];

/// MLflow keeps a deleted version's row, so that its number is not given again (`STAGE_DELETED_INTERNAL`).
pub(super) const DELETED_STAGE: &str = "Deleted_Internal";

/// All models, or all prompts, by name.
pub(super) fn search_models(
    session: &Session<'_>,
    query: ModelQuery,
) -> Result<Vec<RegisteredModel>, Failure> {
    let prompts = query == ModelQuery::Prompts;
    Ok(models(session, None)?.into_iter().filter(|model| model.is_prompt() == prompts).collect())
}

pub(super) fn get_model(session: &Session<'_>, name: &str) -> Result<RegisteredModel, Failure> {
    let found = models(session, Some(name))?.pop();
    found.ok_or_else(|| not_found(format!("Registered Model with name={name} not found")).into())
}

fn models(session: &Session<'_>, name: Option<&str>) -> Result<Vec<RegisteredModel>, Failure> {
    let schema = session.schema;
    if !schema.has_table("registered_models") {
        return Ok(Vec::new());
    }
    let latest = if schema.has_table("model_versions") {
        format!(
            "(SELECT max(v.version) FROM model_versions v WHERE {} AND v.name = m.name \
             AND ifnull({}, '') <> '{DELETED_STAGE}')",
            schema.in_workspace("model_versions", "v"),
            schema.columns("model_versions", "v", &["current_stage"])
        )
    } else {
        "NULL".to_owned()
    };
    let sql = format!(
        "SELECT {}, {latest} FROM registered_models m WHERE {} AND (:name IS NULL OR m.name = :name) ORDER BY m.name",
        schema.columns("registered_models", "m", &MODEL_COLUMNS),
        schema.in_workspace("registered_models", "m"),
    );
    let parameters = named_params! { ":workspace": session.workspace, ":name": name };
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(parameters, |row| {
        Ok(RegisteredModel {
            name: row::text(row, 0),
            description: row::text(row, 1),
            creation_timestamp: row::millis(row, 2),
            last_updated_timestamp: row::millis(row, 3),
            latest_version: row::version(row, 4),
            ..RegisteredModel::default()
        })
    })?;
    let mut models = rows.collect::<Result<Vec<_>, _>>()?;
    let index: HashMap<String, usize> =
        models.iter().enumerate().map(|(at, model)| (model.name.clone(), at)).collect();
    each_of_models(session, "registered_model_tags", &["name", "key", "value"], name, |row| {
        if let Some(&at) = index.get(&row::text(row, 0)) {
            models[at].tags.insert(row::text(row, 1), row::text(row, 2));
        }
    })?;
    each_of_models(session, "registered_model_aliases", &["name", "alias", "version"], name, |row| {
        if let (Some(&at), Some(version)) = (index.get(&row::text(row, 0)), row::version(row, 2)) {
            models[at].aliases.push(Alias { alias: row::text(row, 1), version });
        }
    })?;
    Ok(models)
}

/// Rows of a table that belong to the models, in the order of their second column.
fn each_of_models(
    session: &Session<'_>,
    table: &str,
    columns: &[&str],
    name: Option<&str>,
    mut take: impl FnMut(&Row<'_>),
) -> Result<(), Failure> {
    let schema = session.schema;
    if !schema.has_table(table) {
        return Ok(());
    }
    let sql = format!(
        "SELECT {} FROM {table} t WHERE {} AND (:name IS NULL OR t.name = :name) ORDER BY 2",
        schema.columns(table, "t", columns),
        schema.in_workspace(table, "t"),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":workspace": session.workspace, ":name": name })?;
    while let Some(row) = rows.next()? {
        take(row);
    }
    Ok(())
}

/// Part of a model's versions: the next so many below a number, the newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionPage {
    /// Only lower numbers; `None` starts with the newest.
    pub before: Option<VersionNumber>,
    /// How many at most.
    pub size: usize,
}

/// Versions, the newest first: a page of a model's, or all of a run's. Versions of prompts are found only when they are
/// asked for, as on the server.
pub(super) fn search_versions(
    session: &Session<'_>,
    query: &VersionQuery,
    page: VersionPage,
) -> Result<Vec<ModelVersion>, Failure> {
    let tagged = format!(
        "SELECT 1 FROM model_version_tags p WHERE {} AND p.name = v.name AND p.key = '{}' AND p.value = 'true'",
        session.schema.in_workspace("model_version_tags", "p"),
        tag::IS_PROMPT
    );
    let prompt = |wanted: bool| match (wanted, session.schema.has_table("model_version_tags")) {
        (true, true) => format!("EXISTS ({tagged} AND p.version = v.version)"),
        (true, false) => "0".to_owned(),
        (false, true) => format!("NOT EXISTS ({tagged})"),
        (false, false) => "1".to_owned(),
    };
    match query {
        VersionQuery::OfModel { name, prompt: wanted } => {
            let below = page.before.map(|before| format!(" AND v.version < {before}")).unwrap_or_default();
            let condition = format!("v.name = :value AND {}{below}", prompt(*wanted));
            versions(session, &condition, &format!("v.version DESC LIMIT {}", page.size), name)
        }
        VersionQuery::OfRun(run_id) => {
            let condition = format!("v.run_id = :value AND {}", prompt(false));
            let newest_first = format!(
                "{} DESC, v.name, v.version DESC",
                session.schema.columns("model_versions", "v", &["creation_time"])
            );
            versions(session, &condition, &newest_first, run_id)
        }
    }
}

/// One version, as long as it is not deleted.
pub(super) fn get_version(
    session: &Session<'_>,
    name: &str,
    version: VersionNumber,
) -> Result<ModelVersion, Failure> {
    let condition = format!("v.version = {version} AND v.name = :value");
    let found = versions(session, &condition, "v.version", &name)?.pop();
    found.ok_or_else(|| not_found(format!("Model Version (name={name}, version={version}) not found")).into())
}

/// Where a version's files really are (`get_model_version_download_uri`): its source may name another version, which
/// may have been renamed or deleted since.
pub(super) fn download_uri(session: &Session<'_>, version: &ModelVersion) -> Result<String, Failure> {
    let sql = format!(
        "SELECT {} FROM model_versions v WHERE v.name = :name AND v.version = :version AND {}",
        session.schema.columns("model_versions", "v", &["storage_location"]),
        session.schema.in_workspace("model_versions", "v")
    );
    let parameters = named_params! {
        ":name": version.name, ":version": version.version, ":workspace": session.workspace
    };
    let location = session.connection.query_row(&sql, parameters, |found| Ok(row::text(found, 0)))?;
    Ok(if location.is_empty() { version.source.clone() } else { location })
}

fn versions(
    session: &Session<'_>,
    condition: &str,
    order: &str,
    value: &dyn ToSql,
) -> Result<Vec<ModelVersion>, Failure> {
    let schema = session.schema;
    if !schema.has_table("model_versions") {
        return Ok(Vec::new());
    }
    let condition = format!(
        "{} AND ifnull({}, '') <> '{DELETED_STAGE}' AND {condition}",
        schema.in_workspace("model_versions", "v"),
        schema.columns("model_versions", "v", &["current_stage"])
    );
    let columns = schema.columns("model_versions", "v", &VERSION_COLUMNS);
    let sql = format!("SELECT {columns} FROM model_versions v WHERE {condition} ORDER BY {order}");
    let parameters = named_params! { ":workspace": session.workspace, ":value": value };
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(parameters, |row| Ok(version(row)))?;
    let mut versions: Vec<ModelVersion> =
        rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let numbers = || versions.iter().map(|version| version.version);
    let (true, Some(lowest), Some(highest)) =
        (schema.has_table("model_version_tags"), numbers().min(), numbers().max())
    else {
        return Ok(versions);
    };
    let index: HashMap<(String, VersionNumber), usize> =
        versions.iter().enumerate().map(|(at, it)| ((it.name.clone(), it.version), at)).collect();
    let sql = format!(
        "SELECT v.name, v.version, t.key, t.value FROM model_versions v \
         JOIN model_version_tags t ON t.name = v.name AND t.version = v.version AND {} \
         WHERE {condition} AND v.version BETWEEN {lowest} AND {highest}",
        schema.in_workspace("model_version_tags", "t")
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        let at = row::version(row, 1).and_then(|version| index.get(&(row::text(row, 0), version)));
        if let Some(&at) = at {
            versions[at].tags.insert(row::text(row, 2), row::text(row, 3));
        }
    }
    Ok(versions)
}

/// None if its number is none.
fn version(row: &Row<'_>) -> Option<ModelVersion> {
    let stage = row::text(row, 8);
    Some(ModelVersion {
        name: row::text(row, 0),
        version: row::version(row, 1)?,
        description: row::text(row, 2),
        creation_timestamp: row::millis(row, 3),
        last_updated_timestamp: row::millis(row, 4),
        user_id: row::text(row, 5),
        status: match row::text(row, 6).as_str() {
            "PENDING_REGISTRATION" => ModelVersionStatus::Pending,
            "FAILED_REGISTRATION" => ModelVersionStatus::Failed,
            _ => ModelVersionStatus::Ready,
        },
        status_message: row::text(row, 7),
        current_stage: Some(stage).filter(|stage| !matches!(stage.as_str(), "" | "None")),
        source: row::text(row, 9),
        run_id: row::text(row, 10),
        run_link: row::text(row, 11),
        model_id: None,
        tags: Tags::new(),
    })
}
