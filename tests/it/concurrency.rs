//! One database file, three who write to it: a server, a training job and this program. Nobody is locked out and
//! nothing is lost.
//!
//! Runs for a few seconds; `FLOWDECK_SOAK_SECONDS=600` makes it ten minutes. With `--nocapture` it tells its figures. Ten
//! minutes on four busy cores: 6,057 writes here (the longest 1.5 s) and 3,516 readings (0.8 s) beside 7,676 metrics and
//! 1,536 tags by the others (1.9 s).

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowdeck::entities::{NewModel, NewVersion, ViewType};
use flowdeck::tracking::{ExperimentQuery, RunQuery, Store, TrackingError};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::client::{all, open};
use crate::support::Servers;

/// The least that the others write, whatever the time.
const VALUES: u64 = 120;

/// Between two of our writes. `SQLite` hands its lock to whoever asks at the right moment: who asks all the time keeps
/// the others waiting, and no person writes that fast.
const PAUSE: Duration = Duration::from_millis(20);

/// A training job that logs to the server and to the file in turns, and tags the same version as we do.
const TRAINING: &str = r#"
import time
local = mlflow.MlflowClient(args["uri"], args["uri"])
run = client.create_run("0", run_name="busy")
step, longest, end = 0, 0.0, time.monotonic() + args["seconds"]
while step < args["values"] or time.monotonic() < end:
    began = time.monotonic()
    (client if step % 2 else local).log_metric(run.info.run_id, "loss", 1 / (step + 1), step=step)
    longest = max(longest, time.monotonic() - began)
    if step % 5 == 0:
        began = time.monotonic()
        (client if step % 2 else local).set_model_version_tag("busy", "1", f"theirs{step}", "v")
        longest = max(longest, time.monotonic() - began)
    step += 1
[run.info.run_id, step, longest]
"#;

/// What Python finds when all is done.
const FOUND: &str = r#"
busy = client.get_model_version("busy", "1")
mine = client.get_registered_model(args)
{
    "tags": sorted(busy.tags),
    "prod": int(client.get_registered_model("busy").aliases["prod"]),
    "versions": sorted(int(v.version) for v in client.search_model_versions(f"name = '{args}'")),
    "note": mine.tags.get("note"),
    "description": mine.description,
}
"#;

/// How many writes, and the longest one.
#[derive(Default)]
struct Meter {
    count: u64,
    longest: Duration,
}

impl Meter {
    async fn took<T>(&mut self, write: impl Future<Output = Result<T, TrackingError>>) -> T {
        let began = Instant::now();
        let answer = write.await.unwrap_or_else(|error| panic!("after {:?}: {error}", began.elapsed()));
        self.longest = self.longest.max(began.elapsed());
        self.count += 1;
        tokio::time::sleep(PAUSE).await;
        answer
    }
}

/// What must be there in the end.
#[derive(Default)]
struct Expected {
    rounds: u64,
    name: String,
    versions: Vec<u32>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_locked_out_and_nothing_is_lost() {
    let seconds: u64 = std::env::var("FLOWDECK_SOAK_SECONDS").map_or(0, |text| text.parse().unwrap());
    let servers = Arc::new(Servers::fresh());
    servers.make_model("busy", 2, &[]);
    let uri = format!("sqlite:///{}", servers.database().display());
    let file = open(&uri).await;
    let mut changes = file.changes();
    let noticed = tokio::spawn(async move { changes.next().await });
    let training = tokio::task::spawn_blocking({
        let servers = Arc::clone(&servers);
        let args = json!({ "uri": uri, "values": VALUES, "seconds": seconds });
        move || servers.python_with(TRAINING, &args)
    });

    let (mut writes, mut reads) = (Meter::default(), Meter::default());
    let mut expected = Expected { name: "mine 0".into(), ..Expected::default() };
    let new = NewModel { name: expected.name.clone(), ..NewModel::default() };
    writes.took(file.create_registered_model(new)).await;
    while !training.is_finished() {
        write_all(&*file, &mut expected, &mut writes).await;
        read_all(&*file, &mut reads).await;
    }
    let trained = training.await.unwrap();
    let (run_id, steps) = (trained[0].as_str().unwrap(), trained[1].as_u64().unwrap());

    let noticed = tokio::time::timeout(Duration::from_secs(30), noticed).await;
    assert_eq!(noticed.unwrap().unwrap(), Some(1));
    let history = all(file.metric_history(run_id, "loss")).await.unwrap();
    let mut logged: Vec<i64> = history.iter().map(|metric| metric.step).collect();
    logged.sort_unstable();
    assert_eq!(logged, (0..steps as i64).collect::<Vec<_>>());
    let found = servers.python_with(FOUND, &json!(expected.name));
    let mut tags: Vec<String> = (0..steps).step_by(5).map(|step| format!("theirs{step}")).collect();
    tags.extend((0..expected.rounds).map(|round| format!("ours{round}")));
    tags.sort();
    assert_eq!(found["tags"], json!(tags));
    assert_eq!(found["prod"], json!(1 + (expected.rounds - 1) % 2));
    assert_eq!(found["versions"], json!(expected.versions));
    assert_eq!((&found["note"], &found["description"]), (&json!(last(&expected)), &json!(last(&expected))));
    let log = std::fs::read_to_string(servers.database().with_file_name("mlflow.log")).unwrap();
    assert!(!log.contains("database is locked"), "the server was locked out");
    println!(
        "{} writes here, the longest {:?}; {} readings, the longest {:?}; {steps} metrics and {} tags by the others, \
         the longest {:.2} s",
        writes.count,
        writes.longest,
        reads.count,
        reads.longest,
        steps.div_ceil(5),
        trained[2].as_f64().unwrap(),
    );
}

fn last(expected: &Expected) -> String {
    format!("round {}", expected.rounds - 1)
}

/// One of every kind of write. Every third version is deleted again.
async fn write_all(file: &dyn Store, expected: &mut Expected, writes: &mut Meter) {
    let round = expected.rounds;
    let text = format!("round {round}");
    let version = (1 + round % 2) as u32;
    writes.took(file.set_model_version_tag("busy", 1, &format!("ours{round}"), "v")).await;
    writes.took(file.set_registered_model_alias("busy", "prod", version)).await;
    writes.took(file.set_registered_model_alias("busy", "passing", version)).await;
    writes.took(file.delete_registered_model_alias("busy", "passing")).await;
    let new = NewVersion { name: expected.name.clone(), source: "s3://b/x".into(), ..NewVersion::default() };
    let made = writes.took(file.create_model_version(new)).await.version;
    if round.is_multiple_of(3) {
        writes.took(file.delete_model_version(&expected.name, made)).await;
    } else {
        expected.versions.push(made);
    }
    writes.took(file.set_registered_model_tag(&expected.name, "note", &text)).await;
    writes.took(file.update_registered_model(&expected.name, &text)).await;
    let name = format!("mine {}", round + 1);
    writes.took(file.rename_registered_model(&expected.name, &name)).await;
    let passing = NewModel { name: "passing".into(), ..NewModel::default() };
    writes.took(file.create_registered_model(passing)).await;
    writes.took(file.delete_registered_model("passing")).await;
    expected.name = name;
    expected.rounds += 1;
}

async fn read_all(file: &dyn Store, reads: &mut Meter) {
    for experiment in reads.took(all(file.search_experiments(ExperimentQuery::default()))).await {
        let query = RunQuery {
            experiment_ids: vec![experiment.experiment_id],
            view_type: ViewType::All,
            ..RunQuery::default()
        };
        reads.took(all(file.search_runs(query))).await;
    }
}
