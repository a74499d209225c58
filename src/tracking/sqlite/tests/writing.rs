//! Writes are MLflow's own, with its checks and its words.

use super::*;

const MODEL: &str = "INSERT INTO registered_models (name, last_updated_time) VALUES ('m', 5);
    INSERT INTO model_versions (name, version, current_stage, last_updated_time) VALUES ('m', 1, 'None', 5),
        ('m', 2, 'None', 5), ('m', 3, 'Deleted_Internal', 5);
    INSERT INTO registered_model_aliases (alias, version, name) VALUES ('prod', 1, 'm');";

#[tokio::test]
async fn aliases_are_set_moved_and_deleted() {
    let fixture = Fixture::new(MODEL);
    let store = fixture.store();
    let alias = async |alias: &str| store.get_registered_model("m").await.unwrap().alias(alias);
    store.set_registered_model_alias("m", "prod", 2).await.unwrap();
    store.set_registered_model_alias("m", "größte_日本", 1).await.unwrap();
    assert_eq!((alias("prod").await, alias("größte_日本").await), (Some(2), Some(1)));
    let model = store.get_registered_model("m").await.unwrap();
    assert_eq!(model.last_updated_timestamp, Some(5), "an alias is no update");
    store.delete_registered_model_alias("m", "prod").await.unwrap();
    store.delete_registered_model_alias("m", "never set").await.unwrap_err();
    store.delete_registered_model_alias("m", "never-set").await.unwrap();
    assert_eq!(alias("prod").await, None);
    assert_eq!(store.info().note, None);
}

#[tokio::test]
async fn what_mlflow_refuses_is_refused_in_its_words() {
    let fixture = Fixture::new(MODEL);
    let store = fixture.store();
    let set = async |name: &str, alias: &str, version| {
        store.set_registered_model_alias(name, alias, version).await.unwrap_err().to_string()
    };
    assert_eq!(set("m", "prod", 3).await, "Model Version (name=m, version=3) not found");
    assert_eq!(set("m", "prod", 9).await, "Model Version (name=m, version=9) not found");
    assert_eq!(set("x", "prod", 1).await, "Model Version (name=x, version=1) not found");
    assert_eq!(set("m", "latest", 1).await, "'latest' alias name (case insensitive) is reserved.");
    assert_eq!(set("m", "v1", 1).await, "Version alias name 'v1' is reserved.");
    assert_eq!(set("a/b", "prod", 1).await, "Invalid model name 'a/b'. Names cannot contain '/' or ':'.");
    let error = store.delete_registered_model_alias("x", "prod").await.unwrap_err();
    assert_eq!(error.to_string(), "Registered Model with name=x not found");
    let error = store.set_model_version_tag("m", 3, "k", "v").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(store.get_registered_model("m").await.unwrap().alias("prod"), Some(1));
}

#[tokio::test]
async fn descriptions_and_tags_are_written() {
    let fixture = Fixture::new(MODEL);
    let store = fixture.store();
    let before = now();
    let version = store.update_model_version("m", 1, "**New**").await.unwrap();
    assert_eq!(version.description, "**New**");
    assert!(version.last_updated_timestamp.unwrap() >= before);
    assert_eq!(store.get_model_version("m", 2).await.unwrap().description, "");
    store.set_model_version_tag("m", 1, "k", "a").await.unwrap();
    store.set_model_version_tag("m", 1, "k", "b").await.unwrap();
    store.set_model_version_tag("m", 2, "k", "c").await.unwrap();
    assert_eq!(store.get_model_version("m", 1).await.unwrap().tags["k"], "b");
    store.delete_model_version_tag("m", 1, "k").await.unwrap();
    store.delete_model_version_tag("m", 1, "k").await.unwrap();
    assert!(store.get_model_version("m", 1).await.unwrap().tags.is_empty());
    assert_eq!(store.get_model_version("m", 2).await.unwrap().tags["k"], "c");
}

#[tokio::test]
async fn a_write_stays_in_its_workspace() {
    let fixture = Fixture::new(&format!(
        "{MODEL} INSERT INTO experiments (experiment_id, name, workspace) VALUES (2, 'x', 'team');
        INSERT INTO registered_models (name, workspace) VALUES ('m', 'team');
        INSERT INTO model_versions (name, version, current_stage, workspace) VALUES ('m', 7, 'None', 'team');"
    ));
    let team = SqliteStore::open(fixture.file(), Some("team".into()), None).unwrap();
    team.set_registered_model_alias("m", "prod", 7).await.unwrap();
    team.set_model_version_tag("m", 7, "k", "v").await.unwrap();
    assert!(team.set_registered_model_alias("m", "prod", 1).await.unwrap_err().is_not_found());
    assert_eq!(team.get_registered_model("m").await.unwrap().alias("prod"), Some(7));
    assert_eq!(fixture.store().get_registered_model("m").await.unwrap().alias("prod"), Some(1));
    team.delete_registered_model_alias("m", "prod").await.unwrap();
    assert_eq!(fixture.store().get_registered_model("m").await.unwrap().alias("prod"), Some(1));
}

#[tokio::test]
async fn writers_take_turns_and_lose_nothing() {
    let fixture = Fixture::new(MODEL);
    let store = Arc::new(SqliteStore::open(fixture.file(), None, None).unwrap());
    let writes: Vec<_> = (0..20)
        .map(|n| tokio::spawn(store.set_model_version_tag("m", 1, &format!("k{n}"), "v")))
        .chain((0..20).map(|n| tokio::spawn(store.set_registered_model_alias("m", &format!("a{n}"), 2))))
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(store.get_model_version("m", 1).await.unwrap().tags.len(), 20);
    assert_eq!(store.get_registered_model("m").await.unwrap().aliases.len(), 21);
}
