"""Experiments and runs of the seed."""

import math
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from seed_files import write_artifacts

DAY = 86_400_000
NOW = int(time.time() * 1000)
USERS = ["anna", "marek", "joão", "ci-bot"]
NOTE = """\
## What changed

Holidays come from the **new calendar**; the rest is as in `sweep-03`.

- RMSE down 4 %
- [ticket](https://example.com/OTIF-112)
"""


class Experiments:
    """Makes experiments whose artifacts lie in `artifacts/<id>`, as a server would lay them out."""

    def __init__(self, artifacts: Path, manifest: dict) -> None:
        self.client = MlflowClient()
        self.artifacts = artifacts
        self.manifest = manifest
        self.made = 0

    def make(self, name: str, **tags: str) -> str:
        self.made += 1
        location = f"file://{self.artifacts}/{self.made}"
        experiment = self.client.create_experiment(name, location, {key.replace("__", "."): it for key, it in tags.items()})
        assert experiment == str(self.made), "ids are expected to count from 1"
        self.manifest["experiments"][name] = experiment
        return experiment


def make_run(
    experiments: Experiments,
    experiment: str,
    name: str,
    *,
    start: int,
    minutes: float = 12,
    status: str = "FINISHED",
    tags: dict[str, str] | None = None,
    metrics: list[Metric] | None = None,
    params: dict[str, object] | None = None,
) -> str:
    """A run with a past: `start` in ms since the epoch; metrics in batches of 1,000, the server's limit."""
    client = experiments.client
    run = client.create_run(experiment, start_time=start, run_name=name, tags=tags or {}).info.run_id
    metrics = metrics or []
    params_ = [Param(key, str(value)) for key, value in (params or {}).items()]
    for at in range(0, max(len(metrics), 1), 900):
        client.log_batch(run, metrics[at : at + 900], params_ if at == 0 else [])
    if status != "RUNNING":
        client.set_terminated(run, status, end_time=start + int(minutes * 60_000))
    experiments.manifest["runs"][name] = run
    return run


def curves(random_: random.Random, steps: int, start: int, final: float) -> list[Metric]:
    """Loss curves as training writes them: falling, noisy, one point every 5 s."""
    points = []
    for step in range(steps):
        fall = math.exp(-4 * step / steps)
        at = start + step * 5000
        noise = random_.gauss(0, 0.01)
        points.append(Metric("train_loss", final + 0.6 * fall + noise, at, step))
        points.append(Metric("val_rmse", final * 1.1 + 0.5 * fall + noise * 1.5, at, step))
    points.append(Metric("val_mape", final * 71.4, start + steps * 5000, steps))
    points.append(Metric("epoch_seconds", random_.uniform(1, 9), start + steps * 5000, steps))
    return points


def training_tags(random_: random.Random, user: str, parent: str | None = None) -> dict[str, str]:
    tags = {
        "mlflow.user": user,
        "mlflow.source.name": random_.choice(["train.py", "notebooks/otif.ipynb"]),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": f"{random_.getrandbits(160):040x}",
        "mlflow.source.git.branch": "main",
        "team": "logistics",
    }
    if parent:
        tags["mlflow.parentRunId"] = parent
    return tags


def params_of(random_: random.Random) -> dict[str, object]:
    return {
        "learning_rate": random_.choice([0.3, 0.1, 0.03, 0.01, 0.001]),
        "max_depth": random_.randint(3, 9),
        "model_type": random_.choice(["xgboost", "lightgbm", "catboost"]),
        "n_estimators": random_.choice([200, 400, 800]),
        "features": "backlog,capacity,weekday,holiday",
        "seed": 42,
    }


def forecasting(experiments: Experiments) -> None:
    random_ = random.Random(47)
    experiment = experiments.make("otif-forecasting", team="logistics", mlflow__note__content="# OTIF\nWeekly forecast of **on time, in full**.")
    parents = []
    for number in range(3):
        start = NOW - (20 - number * 5) * DAY
        parents.append(
            make_run(experiments, experiment, f"sweep-{number + 1:02}", start=start, minutes=190,
                     tags=training_tags(random_, USERS[number]), params={"search": "tpe", "trials": 10},
                     metrics=[Metric("best_val_rmse", 0.09 - number / 100, start, 0)])
        )  # fmt: skip
    for number in range(57):
        parent = number // 10 if number < 30 else None
        user = USERS[parent if parent is not None else number % len(USERS)]
        days_ago = 20 - parent * 5 - number % 10 * 0.01 if parent is not None else 18 - (number - 30) * 0.65
        start = NOW - int(days_ago * DAY)
        status = {40: "FAILED", 41: "FAILED", 44: "KILLED", 55: "RUNNING", 56: "RUNNING"}.get(number, "FINISHED")
        tags = training_tags(random_, user, parents[parent] if parent is not None else None)
        if number == 35:
            tags["mlflow.note.content"] = NOTE
        steps = 12 if status in ("FAILED", "KILLED") else random_.randint(50, 200)
        name = f"trial-{number + 1:02}" if parent is not None else f"{random_.choice(['swift', 'calm', 'keen', 'bold'])}-otter-{number:02}"
        make_run(experiments, experiment, name, start=start, minutes=steps / 12, status=status, tags=tags,
                 params=params_of(random_), metrics=curves(random_, steps, start, random_.uniform(0.06, 0.12)))  # fmt: skip
    runs = experiments.manifest["runs"]
    for number, name in enumerate([it for it in runs if it.endswith(("-50", "-51"))]):
        runs[f"deleted-{number + 1}"] = runs.pop(name)
        experiments.client.delete_run(runs[f"deleted-{number + 1}"])
    inputs_and_files(experiments, experiment)


def inputs_and_files(experiments: Experiments, experiment: str) -> None:
    """A run that has everything: datasets, a note, all kinds of artifacts."""
    start = NOW - 2 * 3_600_000
    random_ = random.Random(1)
    run = make_run(
        experiments, experiment, "everything", start=start, minutes=31,
        tags=training_tags(random_, "anna") | {"mlflow.note.content": NOTE, "release candidate": "yes"},
        params=params_of(random_) | {"notes": "a long value " * 300}, metrics=curves(random_, 1500, start, 0.058),
    )  # fmt: skip
    frame = pd.DataFrame({"backlog": [3.0, 5.0], "capacity": [40, 42], "otif": [0.91, 0.88], "carrier": ["a", "b"]})
    for context, name in [("training", "otif_daily"), ("eval", "otif_holdout")]:
        dataset = mlflow.data.from_pandas(frame, source=f"https://example.com/{name}.parquet", name=name, targets="otif")
        experiments.client.log_inputs(run, [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", context)])])
    with TemporaryDirectory() as folder:
        write_artifacts(Path(folder))
        experiments.client.log_artifacts(run, folder)


def odd_names(experiments: Experiments) -> None:
    """What MLflow lets through. It refuses quotes in keys, so those are in names and values."""
    experiment = experiments.make("odd names ünïcödé", **{"schlüssel mit / and spaces": "wert \"quoted\" 'single' `tick`"})
    start = NOW - 3 * DAY
    odd = [
        Metric("nan metric", math.nan, start, 0),
        Metric("plus/inf", math.inf, start, 0),
        Metric("minus/inf", -math.inf, start, 0),
        Metric("größe: µ-ü", 1.5, start, 0),
        Metric("精度", 0.97, start, 0),
        Metric("a.b-c_d/e f", 1e-12, start, 0),
        Metric("huge", 1.7e308, start, 0),
        Metric("zero", -0.0, start, 0),
        *[Metric("negative steps", step * 0.5, start + 1000 * (step + 5), step) for step in range(-5, 6)],
        *[Metric("nan in between", math.nan if step % 3 == 1 else step / 10, start + step, step) for step in range(12)],
        *[Metric("same step", value / 10, start + value, 7) for value in range(4)],
    ]
    params = {"empty": "", "größe": "ß", "with space": " padded ", "quotes": "\"double\" 'single' `tick`",
              "multi line": "one\ntwo\tthree", "json": '{"a": [1, 2]}', "path/like": "s3://bucket/key", "6000": "x" * 6000}  # fmt: skip
    tags = {"ключ": "значение 🚚", "tag/with/slashes": "", "mlflow.user": "ünï cödé", "html": "<b>&amp;</b>"}
    make_run(experiments, experiment, "run \"quoted\" 'single' `tick` / ünïcödé 🚚", start=start, metrics=odd, params=params, tags=tags)
    make_run(experiments, experiment, "  spaces around  ", start=start + 1)
    make_run(experiments, experiment, "n" * 250, start=start + 2, params={"k" * 250: "v"})
    make_run(experiments, experiment, "مرحبا שלום right-to-left", start=start + 3, metrics=[Metric("zero", 0, start, 0)])
    make_run(experiments, experiment, "ends before it starts", start=start + 4, minutes=-5)
    make_run(experiments, experiment, "scheduled", start=start + 5, status="SCHEDULED")
    for number in range(40):
        make_run(experiments, experiment, f"sparse-{number:02}", start=start + 10 + number,
                 metrics=[Metric(f"only_{number:02}", number, start, 0)], params={f"p_{number:02}": number})  # fmt: skip


def fill(artifacts: Path, manifest: dict, many: int) -> None:
    experiments = Experiments(artifacts, manifest)
    forecasting(experiments)
    experiments.make("agents", mlflow__experimentKind="genai_development")
    odd_names(experiments)
    experiments.make("empty")
    experiments.client.delete_experiment(experiments.make("deleted experiment"))
    for number in range(many):
        experiments.make(f"tiny-{number:03}", team=["logistics", "finance", "hr"][number % 3])
