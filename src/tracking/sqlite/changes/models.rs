//! Making, renaming, describing, tagging and deleting registered models.

use rusqlite::named_params;

use super::{delete_rows, has_table, insert, optional, update_rows};
use crate::entities::{NewModel, RegisteredModel, tag};
use crate::tracking::sqlite::database::{Database, Session};
use crate::tracking::sqlite::failure::Failure;
use crate::tracking::sqlite::{registry, rules};
use crate::tracking::{ErrorCode, TrackingError};

/// Tables with rows of a registered model, children before their parents.
const CHILDREN: [&str; 4] =
    ["model_version_tags", "model_versions", "registered_model_tags", "registered_model_aliases"];

/// The rows of one model, and of one of its tags.
pub(super) const OF_MODEL: &str = "t.name = :name";
const OF_TAG: &str = "t.name = :name AND t.key = :key";

/// `create_registered_model`
pub(in crate::tracking::sqlite) fn create(
    database: &Database,
    model: &NewModel,
    now: i64,
) -> Result<RegisteredModel, TrackingError> {
    check(model)?;
    database.write(|session| {
        insert_model(session, model, now)?;
        registry::get_model(session, &model.name)
    })
}

/// What is wrong with a new model by itself.
fn check(model: &NewModel) -> Result<(), TrackingError> {
    rules::model_name(&model.name)?;
    model.tags.iter().try_for_each(|(key, value)| rules::model_tag(key, value))
}

/// Makes the model, unless a model or a prompt has the name.
pub(super) fn insert_model(session: &Session<'_>, model: &NewModel, now: i64) -> Result<(), Failure> {
    has_table(session, "registered_models")?;
    if let Some(existing) = find(session, &model.name)? {
        return Err(taken(&model.name, &existing, model.tags.contains_key(tag::IS_PROMPT)).into());
    }
    let parameters = named_params! {
        ":name": model.name, ":now": now, ":description": optional(&model.description),
        ":workspace": session.workspace
    };
    let columns = "name, creation_time, last_updated_time, description";
    insert(session, "registered_models", columns, ":name, :now, :now, :description", parameters)?;
    for (key, value) in &model.tags {
        insert_tag(session, &model.name, key, value)?;
    }
    Ok(())
}

/// The model of that name, if there is one.
pub(super) fn find(session: &Session<'_>, name: &str) -> Result<Option<RegisteredModel>, Failure> {
    match registry::get_model(session, name) {
        Ok(model) => Ok(Some(model)),
        Err(Failure::Answer(error)) if error.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// `handle_resource_already_exist_error`
fn taken(name: &str, existing: &RegisteredModel, new_is_prompt: bool) -> TrackingError {
    let is_prompt = existing.tags.contains_key(tag::IS_PROMPT);
    let kind = |prompt: bool| if prompt { "Prompt" } else { "Registered Model" };
    if is_prompt == new_is_prompt {
        return already_exists(format!("{} (name={name}) already exists.", kind(is_prompt)));
    }
    already_exists(format!(
        "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow does not allow creating a \
         model and a prompt with the same name.",
        kind(new_is_prompt).to_lowercase(),
        rules::python_repr(name),
        kind(is_prompt).to_lowercase(),
    ))
}

fn already_exists(message: String) -> TrackingError {
    TrackingError::Mlflow { code: ErrorCode::ResourceAlreadyExists, message, status: 0 }
}

/// `rename_registered_model`
pub(in crate::tracking::sqlite) fn rename(
    database: &Database,
    name: &str,
    new_name: &str,
    now: i64,
) -> Result<RegisteredModel, TrackingError> {
    rules::new_name(new_name)?;
    rules::model_name(name)?;
    database.write(|session| {
        registry::get_model(session, name)?;
        if name != new_name && find(session, new_name)?.is_some() {
            return Err(already_exists(format!("Registered Model (name={new_name}) already exists.")).into());
        }
        // The tables of the model's parts follow by themselves: their foreign keys cascade.
        let parameters = named_params! {
            ":new_name": new_name, ":now": now, ":name": name, ":workspace": session.workspace
        };
        let set = "name = :new_name, last_updated_time = :now";
        update_rows(session, "registered_models", set, OF_MODEL, parameters)?;
        if session.schema.has_table("model_versions") {
            let parameters =
                named_params! { ":now": now, ":name": new_name, ":workspace": session.workspace };
            update_rows(session, "model_versions", "last_updated_time = :now", OF_MODEL, parameters)?;
        }
        registry::get_model(session, new_name)
    })
}

/// `update_registered_model`
pub(in crate::tracking::sqlite) fn update(
    database: &Database,
    name: &str,
    description: &str,
    now: i64,
) -> Result<RegisteredModel, TrackingError> {
    rules::model_name(name)?;
    database.write(|session| {
        registry::get_model(session, name)?;
        let parameters = named_params! {
            ":description": description, ":now": now, ":name": name, ":workspace": session.workspace
        };
        let set = "description = :description, last_updated_time = :now";
        update_rows(session, "registered_models", set, OF_MODEL, parameters)?;
        registry::get_model(session, name)
    })
}

/// `delete_registered_model`
pub(in crate::tracking::sqlite) fn delete(database: &Database, name: &str) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    database.write(|session| {
        registry::get_model(session, name)?;
        for table in CHILDREN.into_iter().chain(["registered_models"]) {
            if !session.schema.has_table(table) {
                continue;
            }
            let parameters = named_params! { ":name": name, ":workspace": session.workspace };
            delete_rows(session, table, OF_MODEL, parameters)?;
        }
        Ok(())
    })
}

/// `set_registered_model_tag`
pub(in crate::tracking::sqlite) fn set_tag(
    database: &Database,
    name: &str,
    key: &str,
    value: &str,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::model_tag(key, value)?;
    database.write(|session| {
        has_table(session, "registered_model_tags")?;
        registry::get_model(session, name)?;
        let parameters = named_params! {
            ":value": value, ":name": name, ":key": key, ":workspace": session.workspace
        };
        if update_rows(session, "registered_model_tags", "value = :value", OF_TAG, parameters)? == 0 {
            insert_tag(session, name, key, value)?;
        }
        Ok(())
    })
}

/// `delete_registered_model_tag`
pub(in crate::tracking::sqlite) fn delete_tag(
    database: &Database,
    name: &str,
    key: &str,
) -> Result<(), TrackingError> {
    rules::model_name(name)?;
    rules::tag_key(key)?;
    database.write(|session| {
        has_table(session, "registered_model_tags")?;
        registry::get_model(session, name)?;
        let parameters = named_params! { ":name": name, ":key": key, ":workspace": session.workspace };
        delete_rows(session, "registered_model_tags", OF_TAG, parameters)
    })
}

fn insert_tag(session: &Session<'_>, name: &str, key: &str, value: &str) -> Result<(), Failure> {
    has_table(session, "registered_model_tags")?;
    let parameters = named_params! {
        ":key": key, ":value": value, ":name": name, ":workspace": session.workspace
    };
    insert(session, "registered_model_tags", "key, value, name", ":key, :value, :name", parameters)
}
