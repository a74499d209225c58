//! What MLflow refuses, and how that is told.

use flowdeck::entities::ArtifactRoot;
use flowdeck::tracking::{ErrorCode, RunQuery, TrackingError};

use super::{all, open};
use crate::support::Servers;

/// The code and status of an error of MLflow's own.
fn mlflow_error(error: TrackingError) -> (ErrorCode, u16) {
    match error {
        TrackingError::Mlflow { code, status, message } => {
            assert!(!message.is_empty());
            (code, status)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let missing = "0".repeat(32);
    let errors = [
        store.get_experiment("99999").await.unwrap_err(),
        store.get_run(&missing).await.unwrap_err(),
        store.get_run("../../etc").await.unwrap_err(),
        store.get_registered_model("nope").await.unwrap_err(),
        store.get_model_version("nope", 1).await.unwrap_err(),
        store.get_model_version("MyMinimalAgent_Registered", 99).await.unwrap_err(),
        store.get_logged_model(&format!("m-{missing}")).await.unwrap_err(),
        store.list_artifacts(&ArtifactRoot::run(missing.as_str()), "").await.unwrap_err(),
        store
            .read_artifact(&ArtifactRoot::run(servers.run_id("everything")), "nope", None)
            .await
            .err()
            .unwrap(),
        store.set_registered_model_alias("MyMinimalAgent_Registered", "prod", 99).await.unwrap_err(),
        store.set_registered_model_alias("nope", "prod", 1).await.unwrap_err(),
        store.delete_registered_model_alias("nope", "prod").await.unwrap_err(),
        store.update_model_version("nope", 1, "x").await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_not_found(), "{error:?}");
        assert_eq!(mlflow_error(error), (ErrorCode::ResourceDoesNotExist, 404));
    }
    assert!(all(store.metric_history(&missing, "loss")).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_mlflow_refuses_is_said_with_its_code() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    servers.make_model("client-refused", 1, &[]);
    let bad_filter = RunQuery {
        experiment_ids: vec![servers.experiment_id("empty").to_owned()],
        filter: "metrics.a = 1 OR metrics.b = 2".to_owned(),
        ..Default::default()
    };
    let errors = [
        store.set_registered_model_alias("client-refused", "latest", 1).await.unwrap_err(),
        store.set_registered_model_alias("client-refused", "v3", 1).await.unwrap_err(),
        store.set_registered_model_alias("client-refused", "", 1).await.unwrap_err(),
        store.set_model_version_tag("client-refused", 1, "", "x").await.unwrap_err(),
        all(store.search_runs(bad_filter)).await.unwrap_err(),
        store
            .read_artifact(&ArtifactRoot::run(servers.run_id("everything")), "plots", None)
            .await
            .err()
            .unwrap(),
    ];
    for error in errors {
        assert_eq!(mlflow_error(error), (ErrorCode::InvalidParameterValue, 400));
    }
}
