"""The classic half: forecasts of OTIF (on time, in full) for a logistics company."""

import math
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric
from mlflow.models import infer_signature
from sample import files
from seed_runs import Experiments, make_run

HOUR = 3_600_000
DAY = 24 * HOUR
MODEL = "OTIFForecaster"
FORECASTER = Path(__file__).parents[1] / "agents" / "forecaster.py"
EXPERIMENT_NOTE = """\
# OTIF forecasting

Weekly forecast of **on time, in full** per carrier and depot, four weeks ahead.

- The number that counts is `val_rmse` on the last eight weeks.
- A sweep is a parent run with its trials below it.
- Owner: logistics analytics
"""
RELEASE_NOTE = """\
## What changed

Holidays come from the **new calendar** (Poland, Germany, Lithuania), and the depot backlog is taken at 06:00.

| | v2 | this run |
|:--|--:|--:|
| `val_rmse` | 0.0742 | **0.0688** |
| `val_mape` | 5.9 % | **5.3 %** |

Łódź is still the weakest depot, see `metrics/by_carrier.csv`.
"""
FAILURE_NOTE = """\
Out of memory at batch 512 on the 24 GB card:

```
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.36 GiB
```

Run again with `batch_size=128`.
"""


class Training:
    def __init__(self, artifacts: Path, clock, reference: int) -> None:
        self.experiments = Experiments(artifacts, {"experiments": {}, "runs": {}})
        self.client = MlflowClient()
        self.clock = clock
        self.reference = reference
        self.random = random.Random(2026)
        clock.set(reference - 41 * DAY)
        self.experiment = self.experiments.make(
            "otif-forecasting", team="logistics", mlflow__note__content=EXPERIMENT_NOTE, mlflow__experimentKind="custom_model_development"
        )

    def run(self, name: str, user: str, ago: int, minutes: float, **more) -> str:
        """A run that began `ago` ms before the reference."""
        start = self.reference - ago
        self.clock.set(start)
        tags = {
            "mlflow.user": user,
            "mlflow.source.name": "train.py",
            "mlflow.source.type": "LOCAL",
            "mlflow.source.git.commit": f"{self.random.getrandbits(160):040x}",
            "mlflow.source.git.branch": "main",
            **more.pop("tags", {}),
        }
        more.setdefault("metrics", [])
        return make_run(self.experiments, self.experiment, name, start=start, minutes=minutes + self.random.uniform(0.05, 0.9), tags=tags, **more)

    def curves(self, steps: int, start: int, minutes: float, final: float, rate: float = 0.05, rise: float = 0.0) -> list[Metric]:
        """Falling, noisy losses, one point a step; `rise` lets the validation error grow again, as overfitting does."""
        noise, points = 0.0, []
        for step in range(steps):
            at = start + int(step * minutes * 60_000 / steps)
            left = math.exp(-5 * step / steps)
            noise = 0.7 * noise + self.random.gauss(0, 0.0022)
            late = max(0.0, step / steps - 0.55)
            points.append(Metric("train_loss", final * 0.82 + 0.31 * left + noise * 0.5, at, step))
            points.append(Metric("val_rmse", final + 0.27 * left + noise * (0.25 + left) + rise * late, at, step))
            points.append(Metric("learning_rate", rate * (0.5 + 0.5 * math.cos(math.pi * step / steps)), at, step))
        points.append(Metric("val_rmse", final + rise * 0.45, start + int(minutes * 60_000), steps))
        return points

    def scores(self, rmse: float, at: int, seconds: float) -> list[Metric]:
        noisy = lambda factor: rmse * factor * self.random.uniform(0.985, 1.015)
        return [
            Metric("val_mae", noisy(0.78), at, 0),
            Metric("val_mape", noisy(77.5), at, 0),
            Metric("otif_bias", self.random.gauss(0, 0.006), at, 0),
            Metric("train_seconds", seconds, at, 0),
        ]


def baselines(it: Training) -> None:
    for name, ago, rmse, params in [
        ("naive-last-week", 38 * DAY, 0.1312, {"model": "naive", "lag_weeks": 1}),
        ("seasonal-naive", 38 * DAY - HOUR, 0.1187, {"model": "naive", "lag_weeks": 52}),
        ("ets-damped", 37 * DAY, 0.1041, {"model": "ets", "trend": "damped", "season": 52}),
    ]:
        at = it.reference - ago
        metrics = [Metric("val_rmse", rmse, at, 0), *it.scores(rmse, at, it.random.uniform(3, 20))]
        it.run(name, "marek.nowak", ago, 0.4, params=params, metrics=metrics, tags={"stage": "baseline"})


SWEEPS = [
    ("xgb-sweep", "xgboost", "anna.kowalska", 29 * DAY, 0.0792),
    ("lgbm-sweep", "lightgbm", "joao.silva", 22 * DAY, 0.0776),
    ("catboost-sweep", "catboost", "anna.kowalska", 12 * DAY, 0.0759),
]


def sweeps(it: Training) -> None:
    for name, kind, user, ago, best in SWEEPS:
        parent = it.run(name, user, ago, 190, params={"search": "tpe", "trials": 8, "model": kind}, tags={"stage": "sweep"})
        found = []
        for number in range(8):
            trial = {
                "model": kind,
                "learning_rate": round(10 ** it.random.uniform(-2.4, -0.6), 4),
                "max_depth": it.random.randint(3, 10),
                "n_estimators": it.random.choice([300, 600, 1200]),
                "subsample": it.random.choice([0.7, 0.8, 0.9, 1.0]),
                "features": "backlog,capacity,weekday,holiday",
            }
            # Deep trees with a fast rate do worst, as they would.
            rmse = best + 0.0011 * abs(trial["max_depth"] - 6) ** 1.5 + 0.006 * abs(math.log10(trial["learning_rate"]) + 1.4) + it.random.uniform(0, 0.0035)
            start = ago - number * 23 * 60_000 - 120_000
            seconds = trial["n_estimators"] * it.random.uniform(0.6, 1.1)
            at = it.reference - start
            metrics = it.curves(20, at, seconds / 60, rmse, trial["learning_rate"]) + it.scores(rmse, at, seconds)
            it.run(f"{kind}-{number + 1:02}", user, start, seconds / 60, params=trial, metrics=metrics, tags={"mlflow.parentRunId": parent})
            found.append(rmse)
        at = it.reference - ago + 190 * 60_000
        running = [Metric("best_val_rmse", min(found[: count + 1]), at - (7 - count) * 60_000, count) for count in range(8)]
        it.client.log_batch(parent, running)


def single_runs(it: Training) -> None:
    long = [
        # name, user, days ago, minutes, steps, rmse, rise, params, note, status
        ("tft-small", "joao.silva", 18.2, 47, 120, 0.0771, 0.0, {"model": "tft", "hidden": 64, "heads": 4, "batch_size": 128}, None, "FINISHED"),
        ("tft-large", "joao.silva", 17.4, 9, 22, 0.0913, 0.0, {"model": "tft", "hidden": 256, "heads": 8, "batch_size": 512}, FAILURE_NOTE, "FAILED"),
        ("tft-large-b128", "joao.silva", 17.1, 131, 150, 0.0748, 0.028, {"model": "tft", "hidden": 256, "heads": 8, "batch_size": 128}, "Overfits after epoch 80. Early stopping would have saved an hour.", "FINISHED"),
        ("nbeats-generic", "marek.nowak", 15.3, 64, 70, 0.0862, 0.0, {"model": "nbeats", "stacks": 30, "batch_size": 256}, "Stopped by hand: it does not get better.", "KILLED"),
        ("nhits", "marek.nowak", 14.6, 38, 100, 0.0769, 0.0, {"model": "nhits", "stacks": 3, "batch_size": 256}, None, "FINISHED"),
        ("xgb-weather", "anna.kowalska", 9.2, 14, 90, 0.0755, 0.004, {"model": "xgboost", "learning_rate": 0.05, "max_depth": 6, "features": "backlog,capacity,weekday,holiday,rain,snow"}, "Weather helps in winter alone.", "FINISHED"),
        ("catboost-backlog-6h", "anna.kowalska", 5.1, 16, 110, 0.0709, 0.0, {"model": "catboost", "learning_rate": 0.04, "max_depth": 6, "features": "backlog_06h,capacity,weekday,holiday"}, None, "FINISHED"),
        ("catboost-linear-leaves", "ci-bot", 2.3, 19, 110, 0.0717, 0.0, {"model": "catboost", "learning_rate": 0.04, "max_depth": 6, "leaf": "linear"}, None, "FINISHED"),
    ]  # fmt: skip
    for name, user, days, minutes, steps, rmse, rise, params, note, status in long:
        ago = int(days * DAY)
        start = it.reference - ago
        metrics = it.curves(steps, start, minutes, rmse, params.get("learning_rate", 0.001), rise)
        if status == "FINISHED":
            metrics += it.scores(rmse, start, minutes * 60)
        tags = {"mlflow.note.content": note} if note else {}
        it.run(name, user, ago, minutes, params=params, metrics=metrics, status=status, tags=tags)


def released(it: Training) -> None:
    """The runs whose models are registered, with everything that a run can have."""
    columns = {"backlog": [31.0, 52.0], "capacity": [400.0, 420.0], "weekday": ["Mon", "Tue"]}
    versions = [
        ("release-2026-w41", 33 * DAY, 0.0791, "xgboost", {}, "First model in production."),
        ("release-2026-w44", 15 * DAY, 0.0742, "lightgbm", {}, "Replaces gradient boosting of w41: **−6 %** error."),
        ("release-2026-w47", 5 * HOUR, 0.0688, "catboost", {"holiday": [False, True]}, "New holiday calendar. *Takes one column more.*"),
    ]
    for number, (name, ago, rmse, kind, more, description) in enumerate(versions, 1):
        start = it.reference - ago
        params = {"model": kind, "learning_rate": 0.04, "max_depth": 6, "n_estimators": 1200, "train_weeks": 104, "seed": 42}
        tags = {"mlflow.source.name": "release.py", "stage": "release", **({"mlflow.note.content": RELEASE_NOTE} if number == 3 else {})}
        run = it.run(name, "ci-bot", ago, 21, params=params, tags=tags, metrics=it.curves(140, start, 20, rmse, 0.04) + it.scores(rmse, start, 1260))
        datasets(it, run, ago)
        with TemporaryDirectory() as folder:
            files.write_training(Path(folder), number, rmse)
            it.client.log_artifacts(run, folder)
        frame = pd.DataFrame(columns | more)
        signature = infer_signature(frame, pd.DataFrame({"otif": [0.93], "at_risk": [False]}), params={"horizon": 4})
        with mlflow.start_run(run_id=run):
            it.clock.set(start + 21 * 60_000)
            mlflow.pyfunc.log_model(
                name="model", python_model=str(FORECASTER), signature=signature, input_example=frame, params=params,
                pip_requirements=[f"mlflow=={mlflow.__version__}", "pandas>=2", f"{kind}>=1"], registered_model_name=MODEL,
            )  # fmt: skip
        it.client.set_terminated(run, "FINISHED", end_time=start + 21 * 60_000 + number * 7_300)
        it.client.update_model_version(MODEL, str(number), description)
    it.client.update_registered_model(MODEL, "OTIF per carrier and depot, four weeks ahead. Used by the Monday planning.")
    it.client.set_registered_model_tag(MODEL, "team", "logistics")
    it.client.set_registered_model_alias(MODEL, "prod", "2")
    it.client.set_registered_model_alias(MODEL, "challenger", "3")
    it.client.set_model_version_tag(MODEL, "3", "backtest", "passed")


def datasets(it: Training, run: str, ago: int) -> None:
    frame = pd.DataFrame({"backlog": [31.0, 52.0], "capacity": [400, 420], "otif": [0.93, 0.88], "carrier": ["a", "b"]})
    week = 47 - ago // (7 * DAY)
    for context, name in [("training", f"otif_daily_w{week}"), ("validation", "otif_last_8_weeks")]:
        source = f"https://data.example.com/otif/{name}.parquet"
        dataset = mlflow.data.from_pandas(frame, source=source, name=name, targets="otif")
        it.client.log_inputs(run, [DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", context)])])


def fill(artifacts: Path, clock, reference: int) -> None:
    it = Training(artifacts, clock, reference)
    baselines(it)
    sweeps(it)
    single_runs(it)
    released(it)
