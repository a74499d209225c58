//! Registered models, versions, aliases and logged models.

use flowdeck::tracking::{ModelQuery, VersionQuery};
use serde_json::{Value, json};

use super::describe::{describe, describe_logged_model, describe_model, describe_version, python};
use super::{all, open};
use crate::support::Servers;

#[tokio::test]
async fn models_and_prompts_are_what_python_says() {
    let servers = Servers::fresh();
    let store = open(servers.uri()).await;
    for (query, filter) in [
        (ModelQuery::Models, "tags.`mlflow.prompt.is_prompt` != 'true'"),
        (ModelQuery::Prompts, "tags.`mlflow.prompt.is_prompt` = 'true'"),
    ] {
        let ours = all(store.search_registered_models(query)).await.unwrap();
        let theirs = python(
            &servers,
            "[model(it) for it in everything(client.search_registered_models, filter_string=args)]",
            &json!(filter),
        );
        assert!(ours.len() >= 3);
        let mut described = describe(&ours, describe_model);
        for model in &mut described {
            // Python hides it.
            model["tags"].as_object_mut().unwrap().remove("mlflow.prompt.is_prompt");
        }
        assert_eq!(Value::from(described), theirs, "{filter}");
    }
    for name in ["MyMinimalAgent_Registered", "Zażółć gęślą jaźń"] {
        let ours = store.get_registered_model(name).await.unwrap();
        let theirs = python(&servers, "model(client.get_registered_model(args))", &json!(name));
        assert_eq!(describe_model(&ours), theirs, "{name}");
    }
}

#[tokio::test]
async fn versions_are_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for (name, prompt) in [
        ("MyMinimalAgent_Registered", false),
        ("RouteOptimiser", false),
        ("CarrierScorer", false),
        ("otif-answer", true),
    ] {
        let query = VersionQuery::OfModel { name: name.to_owned(), prompt };
        let ours = all(store.search_model_versions(query)).await.unwrap();
        let code = "
filter = f\"name = '{args[0]}'\" + (\" AND tags.`mlflow.prompt.is_prompt` = 'true'\" if args[1] else \"\")
[version(it) for it in everything(client.search_model_versions, filter, order_by=['version_number DESC'])]";
        let theirs = python(servers, code, &json!([name, prompt]));
        assert_eq!(Value::from(describe(&ours, describe_version)), theirs, "{name}");
        // Python refuses to look at a prompt in this way.
        for one in ours.into_iter().filter(|_| !prompt) {
            let alone = store.get_model_version(name, one.version).await.unwrap();
            let theirs =
                python(servers, "version(client.get_model_version(*args))", &json!([name, one.version]));
            assert_eq!(describe_version(&alone), theirs, "{name} {}", one.version);
        }
    }
    let run = servers.run_id("minimal-agent-7");
    let of_run = all(store.search_model_versions(VersionQuery::OfRun(run.to_owned()))).await.unwrap();
    assert_eq!(
        of_run.iter().map(|it| (it.name.as_str(), it.version)).collect::<Vec<_>>(),
        [("MyMinimalAgent_Registered", 7)]
    );
}

#[tokio::test]
async fn models_with_any_name_are_found() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for name in [
        "client it's \"quoted\" `tick`",
        "client itXs \"quoted\" `tick`",
        "client back\\slash",
        "client 100 % _ -- ; ünïcödé 🚚",
        "client 'both\" ends'",
        "client ends with \\",
    ] {
        servers.make_model(name, 2, &[("prod", 1)]);
        let query = VersionQuery::OfModel { name: name.to_owned(), prompt: false };
        let versions =
            all(store.search_model_versions(query)).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(versions.iter().map(|it| it.version).collect::<Vec<_>>(), [2, 1], "{name}");
        assert!(versions.iter().all(|it| it.name == name), "{name}");
        assert_eq!(store.get_registered_model(name).await.unwrap().alias("prod"), Some(1), "{name}");
        store.set_registered_model_alias(name, "prod", 2).await.unwrap();
        assert_eq!(servers.alias(name, "prod"), Some(2), "{name}");
    }
}

#[tokio::test]
async fn logged_models_are_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for name in ["MyMinimalAgent_Registered/7", "OTIFForecaster/2", "half-written"] {
        let id = servers.logged_model_id(name);
        let ours = store.get_logged_model(id).await.unwrap();
        let theirs = python(servers, "logged_model(client.get_logged_model(args))", &json!(id));
        assert_eq!(describe_logged_model(&ours), theirs, "{name}");
    }
    let id = servers.logged_model_id("MyMinimalAgent_Registered/7");
    let model = store.get_logged_model(id).await.unwrap();
    assert_eq!(model.registered_as, [("MyMinimalAgent_Registered".to_owned(), 7)]);
}

#[tokio::test]
async fn aliases_are_moved_and_removed_as_python_sees_it() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let name = "client-aliases";
    servers.make_model(name, 3, &[("prod", 1)]);
    store.set_registered_model_alias(name, "prod", 3).await.unwrap();
    store.set_registered_model_alias(name, "größte_日本", 2).await.unwrap();
    assert_eq!((servers.alias(name, "prod"), servers.alias(name, "größte_日本")), (Some(3), Some(2)));
    store.delete_registered_model_alias(name, "größte_日本").await.unwrap();
    store.delete_registered_model_alias(name, "größte_日本").await.unwrap();
    assert_eq!(servers.alias(name, "größte_日本"), None);
    let model = store.get_registered_model(name).await.unwrap();
    assert_eq!(
        model.aliases.iter().map(|it| (it.alias.as_str(), it.version)).collect::<Vec<_>>(),
        [("prod", 3)]
    );
}

#[tokio::test]
async fn descriptions_and_tags_are_written_as_python_sees_them() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let name = "client-version-texts";
    servers.make_model(name, 1, &[]);
    let text = "**New** prompt\n\n- ünïcödé 🚚 \"quoted\"";
    let answered = store.update_model_version(name, 1, text).await.unwrap();
    assert_eq!(answered.description, text);
    store.set_model_version_tag(name, 1, "größe / x", "wert 'a' \"b\"").await.unwrap();
    store.set_model_version_tag(name, 1, "empty", "").await.unwrap();
    let theirs = python(servers, "version(client.get_model_version(*args))", &json!([name, 1]));
    assert_eq!(theirs["description"], text);
    assert_eq!(theirs["tags"], json!({ "größe / x": "wert 'a' \"b\"", "empty": "" }));
    store.delete_model_version_tag(name, 1, "größe / x").await.unwrap();
    store.delete_model_version_tag(name, 1, "empty").await.unwrap();
    assert!(store.get_model_version(name, 1).await.unwrap().tags.is_empty());
    assert_eq!(store.update_model_version(name, 1, "").await.unwrap().description, "");
}
