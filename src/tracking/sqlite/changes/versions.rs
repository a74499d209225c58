//! Making, copying and deleting versions.

use rusqlite::named_params;
use serde_json::Value;

use super::model_uri::ModelUri;
use super::models::{OF_MODEL, find, insert_model};
use super::{OF_VERSION, delete_rows, has_table, insert, optional, update_rows, version_exists};
use crate::entities::{ModelVersion, NewModel, NewVersion, VersionNumber, tag};
use crate::tracking::rest::{copy_of, is_a_prompt};
use crate::tracking::sqlite::database::{Database, Session};
use crate::tracking::sqlite::failure::{Failure, invalid};
use crate::tracking::sqlite::registry::{self, DELETED_STAGE};
use crate::tracking::sqlite::{logged_models, row, rules};
use crate::tracking::{ErrorCode, TrackingError};

/// `create_model_version`
pub(in crate::tracking::sqlite) fn create(
    database: &Database,
    version: &NewVersion,
    now: i64,
) -> Result<ModelVersion, TrackingError> {
    check(version)?;
    database.write(|session| insert_version(session, version, now))
}

/// `copy_model_version`, all or nothing.
pub(in crate::tracking::sqlite) fn copy(
    database: &Database,
    name: &str,
    version: VersionNumber,
    to: &str,
    now: i64,
) -> Result<ModelVersion, TrackingError> {
    rules::model_name(name)?;
    rules::model_name(to)?;
    database.write(|session| {
        let original = registry::get_version(session, name, version)?;
        if original.tags.contains_key(tag::IS_PROMPT) {
            return Err(is_a_prompt(name).into());
        }
        match find(session, to)? {
            Some(model) if model.is_prompt() => return Err(is_a_prompt(to).into()),
            Some(_model) => {}
            None => {
                insert_model(session, &NewModel { name: to.to_owned(), ..NewModel::default() }, now)?;
            }
        }
        insert_version(session, &copy_of(original, to), now)
    })
}

/// `delete_model_version`: the row stays, so that its number is not given again.
pub(in crate::tracking::sqlite) fn delete(
    database: &Database,
    name: &str,
    version: VersionNumber,
    now: i64,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    database.write(|session| {
        version_exists(session, name, version)?;
        touch_model(session, name, now)?;
        if session.schema.has_table("registered_model_aliases") {
            let parameters =
                named_params! { ":name": name, ":version": version, ":workspace": session.workspace };
            delete_rows(session, "registered_model_aliases", OF_VERSION, parameters)?;
        }
        let has_link = session.schema.has("model_versions", "run_link");
        let run_link = if has_link { ", run_link = 'REDACTED-RUN-LINK'" } else { "" };
        let set = format!(
            "current_stage = '{DELETED_STAGE}', last_updated_time = :now, description = NULL, user_id = NULL, \
             source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID', status_message = NULL{run_link}"
        );
        let parameters = named_params! {
            ":now": now, ":name": name, ":version": version, ":workspace": session.workspace
        };
        update_rows(session, "model_versions", &set, OF_VERSION, parameters)?;
        Ok(())
    })
}

/// What is wrong with a new version by itself.
fn check(version: &NewVersion) -> Result<(), TrackingError> {
    rules::model_name(&version.name)?;
    if version.source.is_empty() {
        return Err(invalid("Missing value for required parameter 'source'."));
    }
    version.tags.iter().try_for_each(|(key, value)| rules::tag(key, value))
}

fn insert_version(session: &Session<'_>, new: &NewVersion, now: i64) -> Result<ModelVersion, Failure> {
    has_table(session, "model_versions")?;
    let origin = Origin::of(session, new)?;
    registry::get_model(session, &new.name)?;
    touch_model(session, &new.name, now)?;
    let number = next_number(session, &new.name)?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let parameters = named_params! {
        ":name": new.name, ":version": number, ":now": now, ":source": origin.source, ":run_id": origin.run_id,
        ":run_link": given(&new.run_link), ":description": optional(&new.description),
        ":storage_location": origin.storage_location, ":workspace": session.workspace
    };
    let columns = "name, version, creation_time, last_updated_time, current_stage, status, source, run_id, run_link, \
                   description, storage_location";
    let values = ":name, :version, :now, :now, 'None', 'READY', :source, :run_id, :run_link, :description, \
                  :storage_location";
    for column in ["run_link", "storage_location"] {
        has_column(session, "model_versions", column)?;
    }
    insert(session, "model_versions", columns, values, parameters)?;
    for (key, value) in &new.tags {
        has_table(session, "model_version_tags")?;
        let parameters = named_params! {
            ":key": key, ":value": value, ":name": new.name, ":version": number, ":workspace": session.workspace
        };
        let columns = "key, value, name, version";
        insert(session, "model_version_tags", columns, ":key, :value, :name, :version", parameters)?;
    }
    if let Some(model_id) = given(&new.model_id) {
        link_logged_model(session, &model_id, &new.name, number)?;
    }
    registry::get_version(session, &new.name, number)
}

/// Stores that are too old are not written to.
fn has_column(session: &Session<'_>, table: &str, column: &str) -> Result<(), Failure> {
    if session.schema.has(table, column) { Ok(()) } else { Err(super::too_old(&format!("{table}.{column}"))) }
}

/// The model changed when one of its versions came or went.
fn touch_model(session: &Session<'_>, name: &str, now: i64) -> Result<(), Failure> {
    let parameters = named_params! { ":now": now, ":name": name, ":workspace": session.workspace };
    update_rows(session, "registered_models", "last_updated_time = :now", OF_MODEL, parameters)?;
    Ok(())
}

/// One more than the highest that was ever given; deleted versions count.
fn next_number(session: &Session<'_>, name: &str) -> Result<VersionNumber, Failure> {
    let sql = format!(
        "SELECT max(t.version) FROM model_versions t WHERE t.name = :name AND {}",
        session.schema.in_workspace("model_versions", "t")
    );
    let parameters = named_params! { ":name": name, ":workspace": session.workspace };
    let highest = session.connection.query_row(&sql, parameters, |found| Ok(row::version(found, 0)))?;
    let next = highest.unwrap_or(0).checked_add(1);
    next.ok_or_else(|| invalid(format!("The model {name} has no number left for a version")).into())
}

/// Where a new version comes from, as the store writes it down.
struct Origin {
    source: String,
    /// Where the files really are.
    storage_location: String,
    run_id: Option<String>,
}

impl Origin {
    /// Follows a `models:` source, as the server does before it gives the version to its store.
    fn of(session: &Session<'_>, new: &NewVersion) -> Result<Self, Failure> {
        let mut origin = Self {
            source: new.source.clone(),
            storage_location: new.source.clone(),
            run_id: new.run_id.clone().filter(|id| !id.is_empty()),
        };
        match ModelUri::parse(&new.source)? {
            Some(ModelUri::LoggedModel(id)) => {
                let model = logged_models::get(session, &id).map_err(|e| unfetched(&new.source, e))?;
                origin.storage_location = model.artifact_uri;
                origin.run_id = origin.run_id.or(Some(model.source_run_id));
            }
            Some(ModelUri::Version { name, version }) => origin.follow(session, &name, version)?,
            Some(ModelUri::Alias { name, alias }) => {
                let model = registry::get_model(session, &name).map_err(|e| unfetched(&new.source, e))?;
                let version = model
                    .alias(&alias)
                    .ok_or_else(|| invalid(format!("Registered model alias {alias} not found.")))?;
                origin.source = crate::entities::model_uri_version(&name, version);
                origin.follow(session, &name, version)?;
            }
            None => {}
        }
        if let (None, Some(model_id)) = (&origin.run_id, new.model_id.as_deref().filter(|id| !id.is_empty()))
        {
            origin.run_id = Some(logged_models::get(session, model_id)?.source_run_id);
        }
        origin.run_id = origin.run_id.filter(|id| !id.is_empty());
        Ok(origin)
    }

    /// Takes over what another version has.
    fn follow(&mut self, session: &Session<'_>, name: &str, version: VersionNumber) -> Result<(), Failure> {
        let refused = |failure| unfetched(&self.source, failure);
        let other = registry::get_version(session, name, version).map_err(refused)?;
        if registry::get_model(session, name).map_err(refused)?.is_prompt() {
            let why = "Prompt versions cannot be used as model version sources.";
            return Err(invalid(format!("Invalid model version source: '{}'. {why}", self.source)).into());
        }
        self.storage_location = registry::download_uri(session, &other)?;
        if self.run_id.is_none() {
            self.run_id = Some(other.run_id);
        }
        Ok(())
    }
}

/// In MLflow's words, which lack a space.
fn unfetched(source: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Answer(TrackingError::Mlflow { message, .. }) => TrackingError::Mlflow {
            code: ErrorCode::InternalError,
            message: format!(
                "Unable to fetch model from model URI source artifact location '{source}'.Error: {message}"
            ),
            status: 0,
        }
        .into(),
        other => other,
    }
}

/// `set_model_versions_tags`: the logged model says which versions were made of it.
fn link_logged_model(
    session: &Session<'_>,
    model_id: &str,
    name: &str,
    version: VersionNumber,
) -> Result<(), Failure> {
    if !session.schema.has_table("logged_model_tags") {
        return Ok(());
    }
    let model = match logged_models::get(session, model_id) {
        Ok(model) => model,
        // It belongs to another store.
        Err(Failure::Answer(error)) if error.is_not_found() => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let known = model.tags.get(tag::MODEL_VERSIONS);
    let Some(value) = with_version(known.map(String::as_str), name, version) else { return Ok(()) };
    let parameters =
        rusqlite::named_params! { ":id": model_id, ":key": tag::MODEL_VERSIONS, ":value": value };
    let sql = "UPDATE logged_model_tags SET tag_value = :value WHERE model_id = :id AND tag_key = :key";
    if session.connection.execute(sql, parameters)? == 0 {
        let sql = "INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) \
                   SELECT model_id, experiment_id, :key, :value FROM logged_models WHERE model_id = :id";
        session.connection.execute(sql, parameters)?;
    }
    Ok(())
}

/// The list with one more version, as Python writes it; none if it is no list, or knows the version.
fn with_version(known: Option<&str>, name: &str, version: VersionNumber) -> Option<String> {
    let item = format!("{{\"name\": {}, \"version\": {version}}}", rules::python_json(name));
    let Some(known) = known.map(str::trim).filter(|known| !known.is_empty()) else {
        return Some(format!("[{item}]"));
    };
    let Value::Array(items) = serde_json::from_str(known).ok()? else { return None };
    if items.contains(&serde_json::json!({ "name": name, "version": version })) {
        return None;
    }
    let open = known.strip_suffix(']')?.trim_end();
    Some(if items.is_empty() { format!("[{item}]") } else { format!("{open}, {item}]") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_versions_grows_as_python_writes_it() {
        let first = with_version(None, "ü", 1).unwrap();
        assert_eq!(first, r#"[{"name": "\u00fc", "version": 1}]"#);
        let second = with_version(Some(&first), "b", 2).unwrap();
        assert_eq!(second, r#"[{"name": "\u00fc", "version": 1}, {"name": "b", "version": 2}]"#);
        assert_eq!(with_version(Some(&second), "b", 2), None);
        assert_eq!(with_version(Some("broken"), "b", 2), None);
        assert_eq!(with_version(Some("[]"), "b", 2).unwrap(), r#"[{"name": "b", "version": 2}]"#);
    }
}
