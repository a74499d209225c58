//! Models and versions are made, renamed and deleted as MLflow's own store does it, whatever its age.

use super::ages::AGES;
use super::*;
use crate::entities::{ModelVersionStatus, Tags};
use crate::tracking::ErrorCode;

fn model(name: &str, tags: &[(&str, &str)]) -> NewModel {
    let tags: Tags = tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    NewModel { name: name.into(), description: "**text**".into(), tags }
}

fn version(name: &str, source: &str) -> NewVersion {
    NewVersion { name: name.into(), source: source.into(), ..NewVersion::default() }
}

fn refused<T: std::fmt::Debug>(result: Result<T, TrackingError>) -> (ErrorCode, String) {
    match result.unwrap_err() {
        TrackingError::Mlflow { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_known_age_takes_part_in_a_models_whole_life() {
    for (age, _, schema) in AGES {
        let fixture = Fixture::with_schema(schema);
        let store = fixture.store();
        let made = store.create_registered_model(model("old", &[("k", "v")])).await.unwrap();
        assert_eq!((made.description.as_str(), made.tags["k"].as_str()), ("**text**", "v"), "{age}");
        assert!(made.creation_timestamp.is_some() && made.latest_version.is_none(), "{age}");
        let first = NewVersion {
            run_id: Some("r1".into()),
            run_link: Some("https://elsewhere/r1".into()),
            description: "one".into(),
            tags: Tags::from([("t".to_owned(), "1".to_owned())]),
            ..version("old", "s3://bucket/model")
        };
        let one = store.create_model_version(first).await.unwrap();
        assert_eq!(
            (one.version, one.status, one.current_stage.as_deref()),
            (1, ModelVersionStatus::Ready, None)
        );
        assert_eq!((one.run_id.as_str(), one.run_link.as_str()), ("r1", "https://elsewhere/r1"), "{age}");
        store.create_model_version(version("old", "s3://bucket/two")).await.unwrap();
        store.set_registered_model_alias("old", "prod", 1).await.unwrap();
        store.set_registered_model_alias("old", "candidate", 2).await.unwrap();

        let renamed = store.rename_registered_model("old", "new").await.unwrap();
        assert_eq!((renamed.alias("prod"), renamed.latest_version), (Some(1), Some(2)), "{age}");
        assert_eq!(renamed.tags["k"], "v", "{age}");
        assert!(store.get_registered_model("old").await.unwrap_err().is_not_found(), "{age}");
        assert_eq!(store.get_model_version("new", 1).await.unwrap().tags["t"], "1", "{age}");

        let copy = store.copy_model_version("new", 1, "other").await.unwrap();
        assert_eq!((copy.version, copy.source.as_str()), (1, "models:/new/1"), "{age}");
        assert_eq!((copy.run_id.as_str(), copy.description.as_str()), ("r1", "one"), "{age}");
        assert_eq!(copy.tags["t"], "1", "{age}");

        store.set_registered_model_tag("new", "k", "w").await.unwrap();
        store.delete_registered_model_tag("new", "none").await.unwrap();
        let described = store.update_registered_model("new", "").await.unwrap();
        assert_eq!((described.description.as_str(), described.tags["k"].as_str()), ("", "w"), "{age}");

        store.delete_model_version("new", 2).await.unwrap();
        let left = store.get_registered_model("new").await.unwrap();
        assert_eq!((left.alias("candidate"), left.alias("prod")), (None, Some(1)), "{age}");
        let third = store.create_model_version(version("new", "/x")).await.unwrap();
        assert_eq!(third.version, 3, "{age}: a number is never given again");

        store.delete_registered_model("new").await.unwrap();
        for table in CHILDREN {
            let count: i64 = fixture
                .connection()
                .query_row(&format!("SELECT count(*) FROM {table} WHERE name = 'new'"), [], |row| row.get(0))
                .unwrap();
            assert_eq!(count, 0, "{age} {table}");
        }
        assert_eq!(store.get_model_version("other", 1).await.unwrap(), copy, "{age}");
    }
}

const CHILDREN: [&str; 5] = [
    "registered_models",
    "model_versions",
    "model_version_tags",
    "registered_model_tags",
    "registered_model_aliases",
];

#[tokio::test]
async fn names_that_are_taken_are_refused_in_mlflows_words() {
    let fixture = Fixture::new("");
    let store = fixture.store();
    store.create_registered_model(model("m", &[])).await.unwrap();
    store.create_registered_model(model("it's", &[("mlflow.prompt.is_prompt", "true")])).await.unwrap();
    let create = async |name: &str, tags: &[(&str, &str)]| {
        refused(store.create_registered_model(model(name, tags)).await)
    };
    assert_eq!(
        create("m", &[]).await,
        (ErrorCode::ResourceAlreadyExists, "Registered Model (name=m) already exists.".to_owned())
    );
    assert_eq!(
        create("it's", &[]).await.1,
        "Tried to create a registered model with name \"it's\", but the name is already taken by a prompt. MLflow \
         does not allow creating a model and a prompt with the same name."
    );
    let prompt = &[("mlflow.prompt.is_prompt", "true")];
    assert_eq!(create("it's", prompt).await.1, "Prompt (name=it's) already exists.");
    assert!(create("m", prompt).await.1.starts_with("Tried to create a prompt with name 'm'"));
    assert_eq!(
        refused(store.rename_registered_model("m", "it's").await),
        (ErrorCode::ResourceAlreadyExists, "Registered Model (name=it's) already exists.".to_owned())
    );
    assert_eq!(
        refused(store.rename_registered_model("m", " ").await).1,
        "Missing value for required parameter 'new_name'."
    );
    assert_eq!(store.rename_registered_model("m", "m").await.unwrap().name, "m");
    for result in [
        store.delete_registered_model("x").await,
        store.set_registered_model_tag("x", "k", "v").await,
        store.delete_registered_model_tag("x", "k").await,
        store.rename_registered_model("x", "y").await.map(drop),
        store.update_registered_model("x", "y").await.map(drop),
        store.create_model_version(version("x", "/s")).await.map(drop),
    ] {
        assert_eq!(refused(result).1, "Registered Model with name=x not found");
    }
}

const LOGGED: &str = "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location,
        creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, source_run_id)
    VALUES ('m-1', 1, 'model', 'mlflow-artifacts:/1/models/m-1/artifacts', 1, 1, 2, 'active', 'r1');";

#[tokio::test]
async fn a_version_of_a_logged_model_keeps_its_run_and_is_known_to_it() {
    let fixture = Fixture::new(LOGGED);
    let store = fixture.store();
    store.create_registered_model(model("a", &[])).await.unwrap();
    let logged = store.get_logged_model("m-1").await.unwrap();
    for number in 1..=2 {
        let made = store.create_model_version(NewVersion::of_logged_model("a", &logged)).await.unwrap();
        assert_eq!((made.version, made.source.as_str()), (number, "models:/m-1"));
        assert_eq!((made.run_id(), made.logged_model_id()), (Some("r1"), Some("m-1")));
    }
    let logged = store.get_logged_model("m-1").await.unwrap();
    assert_eq!(logged.registered_as, [("a".to_owned(), 1), ("a".to_owned(), 2)]);
    let location = |name: &str, version: u32| -> String {
        let sql = "SELECT storage_location FROM model_versions WHERE name = ?1 AND version = ?2";
        fixture.connection().query_row(sql, (name, version), |row| row.get(0)).unwrap()
    };
    assert_eq!(location("a", 1), "mlflow-artifacts:/1/models/m-1/artifacts");
    store.copy_model_version("a", 1, "b").await.unwrap();
    assert_eq!(location("b", 1), "mlflow-artifacts:/1/models/m-1/artifacts");

    store.set_registered_model_alias("a", "prod", 2).await.unwrap();
    let by_alias = store.create_model_version(version("b", "models:/a@prod")).await.unwrap();
    assert_eq!((by_alias.source.as_str(), by_alias.run_id()), ("models:/a/2", Some("r1")));
    for (source, why) in [
        ("models:/m-2", "Logged model with ID 'm-2' not found."),
        ("models:/a/9", "Model Version (name=a, version=9) not found"),
    ] {
        let start =
            format!("Unable to fetch model from model URI source artifact location '{source}'.Error: ");
        let (_, message) = refused(store.create_model_version(version("b", source)).await);
        assert_eq!(message, format!("{start}{why}"));
    }
    assert_eq!(
        refused(store.create_model_version(version("b", "models:/a/latest")).await).0,
        ErrorCode::InvalidParameterValue
    );
    assert_eq!(store.get_registered_model("b").await.unwrap().latest_version, Some(2), "nothing was written");
}

#[tokio::test]
async fn prompts_and_models_do_not_mix() {
    let fixture = Fixture::new(
        "INSERT INTO registered_models (name) VALUES ('m'), ('p');
         INSERT INTO registered_model_tags (name, key, value) VALUES ('p', 'mlflow.prompt.is_prompt', 'true');
         INSERT INTO model_version_tags (name, version, key, value) VALUES ('p', 1, 'mlflow.prompt.is_prompt', 'true');
         INSERT INTO model_versions (name, version, current_stage, source) VALUES ('m', 1, 'None', '/x'),
            ('p', 1, 'None', 'prompt-template');",
    );
    let store = fixture.store();
    assert!(refused(store.copy_model_version("m", 1, "p").await).1.starts_with("p is a prompt"));
    assert!(refused(store.copy_model_version("p", 1, "new").await).1.starts_with("p is a prompt"));
    let (_, message) = refused(store.create_model_version(version("m", "models:/p/1")).await);
    assert!(message.ends_with("Prompt versions cannot be used as model version sources."), "{message}");
    assert!(store.get_registered_model("new").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_models_life_stays_in_its_workspace() {
    let both = "INSERT INTO experiments (experiment_id, name, workspace) VALUES (2, 'x', 'team');
        INSERT INTO registered_models (name, workspace) VALUES ('m', 'default'), ('m', 'team');
        INSERT INTO model_versions (name, version, current_stage, source, workspace)
            VALUES ('m', 4, 'None', '/x', 'default');";
    let fixture = Fixture::new(both);
    let team = SqliteStore::open(fixture.file(), Some("team".into()), None).unwrap();
    assert_eq!(team.create_model_version(version("m", "/y")).await.unwrap().version, 1);
    team.rename_registered_model("m", "n").await.unwrap();
    assert_eq!(fixture.store().get_registered_model("m").await.unwrap().latest_version, Some(4));
    team.create_registered_model(model("m", &[])).await.unwrap();
    team.delete_registered_model("m").await.unwrap();
    team.delete_registered_model("n").await.unwrap();
    assert_eq!(fixture.store().get_registered_model("m").await.unwrap().latest_version, Some(4));
}

#[tokio::test]
async fn webhooks_are_listed_where_there_can_be_some() {
    let fixture = Fixture::new("");
    let error = fixture.store().list_webhooks().await.unwrap_err();
    assert!(matches!(error, TrackingError::Unsupported { .. }), "{error:?}");
    fixture.sql(
        "CREATE TABLE webhooks (webhook_id TEXT, name TEXT, description TEXT, url TEXT, status TEXT, secret TEXT,
            creation_timestamp INT, deleted_timestamp INT, workspace TEXT DEFAULT 'default');
         CREATE TABLE webhook_events (webhook_id TEXT, entity TEXT, action TEXT);
         INSERT INTO webhooks (webhook_id, name, url, status, creation_timestamp, deleted_timestamp) VALUES
            ('1', 'old', 'https://a.example.com/x', 'DISABLED', 1, NULL), ('2', 'gone', 'https://b', 'ACTIVE', 2, 9),
            ('3', 'new', 'https://me:pw@c.example.com/y?key=s3cret', 'ACTIVE', 3, NULL);
         INSERT INTO webhook_events VALUES ('3', 'model_version_alias', 'created'), ('3', 'model_version', 'created')",
    );
    let hooks = fixture.store().list_webhooks().await.unwrap();
    assert_eq!(hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>(), ["new", "old"]);
    assert_eq!(hooks[0].url, "https://c.example.com/y");
    assert_eq!(hooks[0].events, ["model_version.created", "model_version_alias.created"]);
    assert!(hooks[0].fires_on("model_version_alias.created") && !hooks[1].fires_on("model_version.created"));
    assert!(!fixture.store().info().calls_webhooks);
}
