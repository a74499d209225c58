"""Plots, tables and reports of the sample's runs."""

import json
import random
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e8ebf0",
    "axes.axisbelow": True, "axes.edgecolor": "#8a93a3", "svg.hashsalt": "sample", "svg.fonttype": "path",
})  # fmt: skip
import matplotlib.pyplot as plt  # noqa: E402

BLUE, ORANGE, GREY = "#2f6fde", "#d9480f", "#8a93a3"
CARRIERS = [("Nordfracht", 0.081), ("Baltic Line", 0.058), ("Vistula Cargo", 0.066), ("Hansa Express", 0.061), ("Odra Logistics", 0.077)]
FEATURES = [("backlog_06h", 0.31), ("capacity", 0.22), ("weekday", 0.14), ("holiday", 0.12), ("carrier", 0.09), ("depot", 0.07), ("lead_time", 0.05)]
CONFIG = """\
model:
  kind: {kind}
  depth: 6
  learning_rate: 0.04
features: [backlog_06h, capacity, weekday, holiday, carrier, depot, lead_time]
window: {{train: 104w, validation: 8w, horizon: 4w}}
holidays: [PL, DE, LT]
"""
REPORT = """\
# Backtest of release {number}

`val_rmse` is **{rmse:.4f}** over the last eight weeks.

| Carrier | RMSE | Share of loads |
|:--|--:|--:|
{rows}

![forecast](plots/forecast.png)

- [x] better than the model in production
- [x] no carrier got worse by more than 5 %
- [ ] looked at by the depot in Łódź
"""


def write_training(folder: Path, number: int, rmse: float) -> None:
    (folder / "plots").mkdir()
    (folder / "metrics").mkdir()
    random_ = random.Random(number)
    carriers = [(name, rmse * error / 0.0688 * random_.uniform(0.96, 1.04), random_.uniform(0.1, 0.3)) for name, error in CARRIERS]
    rows = "\n".join(f"| {name} | {error:.4f} | {share:.0%} |" for name, error, share in carriers)
    (folder / "report.md").write_text(REPORT.format(number=number, rmse=rmse, rows=rows))
    (folder / "config.yaml").write_text(CONFIG.format(kind=["xgboost", "lightgbm", "catboost"][number - 1]))
    weeks = [f"{name},2026-W{week:02},{0.93 - error + random_.gauss(0, error / 3):.4f},{0.93 - error + random_.gauss(0, error / 3):.4f}" for name, error, _ in carriers for week in range(36, 44)]
    (folder / "metrics/by_carrier.csv").write_text("carrier,week,otif,forecast\n" + "\n".join(weeks) + "\n")
    summary = {"val_rmse": rmse, "weeks": 8, "carriers": {name: round(error, 4) for name, error, _ in carriers}, "better_than_production": True}
    (folder / "metrics/summary.json").write_text(json.dumps(summary, indent=2))
    forecast(folder / "plots/forecast.png", random_, rmse)
    residuals(folder / "plots/residuals.png", random_, rmse)
    importance(folder / "plots/feature_importance.svg", random_)


def forecast(path: Path, random_: random.Random, rmse: float) -> None:
    figure, axes = plt.subplots(figsize=(6.4, 3.2), dpi=100)
    level, actual = 0.92, []
    for _ in range(32):
        level = min(max(level + random_.gauss(0, 0.012), 0.84), 0.97)
        actual.append(level)
    weeks = list(range(12, 44))
    predicted = [value + random_.gauss(0, rmse / 6) for value in actual[-8:]]
    axes.plot(weeks, actual, color=GREY, linewidth=1.4, label="actual")
    axes.plot(weeks[-8:], predicted, color=BLUE, linewidth=2, label="forecast")
    axes.fill_between(weeks[-8:], [it - rmse / 3 for it in predicted], [it + rmse / 3 for it in predicted], color=BLUE, alpha=0.15, linewidth=0)
    axes.set(xlabel="week of 2026", ylabel="OTIF", ylim=(0.78, 1.0))
    axes.legend(frameon=False, loc="lower left")
    save(figure, path)


def residuals(path: Path, random_: random.Random, rmse: float) -> None:
    figure, axes = plt.subplots(figsize=(4.8, 3.2), dpi=100)
    axes.hist([random_.gauss(0.002, rmse) for _ in range(900)], bins=40, color=BLUE, alpha=0.85)
    axes.axvline(0, color=ORANGE, linewidth=1.2)
    axes.set(xlabel="forecast − actual", ylabel="loads")
    save(figure, path)


def importance(path: Path, random_: random.Random) -> None:
    figure, axes = plt.subplots(figsize=(4.8, 2.8))
    names = [name for name, _ in FEATURES][::-1]
    axes.barh(names, [value * random_.uniform(0.9, 1.1) for _, value in FEATURES][::-1], color=BLUE, height=0.65)
    axes.set(xlabel="mean |SHAP|")
    axes.grid(axis="y", visible=False)
    save(figure, path)


def evaluation(folder: Path, random_: random.Random, correctness: float) -> None:
    """The answers that an agent's metrics were counted from, and their times."""
    questions = ["Why is OTIF down this week?", "Which carrier is late?", "Forecast for week 48?", "How is Łódź doing?", "What is OTIF?",
                 "Compare Baltic Line with Nordfracht", "Which depot has the largest backlog?", "Did the holidays matter?"]  # fmt: skip
    rows = [f'{number + 1},"{questions[number % len(questions)]}",{int(random_.random() < correctness)},{random_.lognormvariate(0.75, 0.4):.2f}' for number in range(40)]
    (folder / "eval_results.csv").write_text("id,question,correct,latency_s\n" + "\n".join(rows) + "\n")
    figure, axes = plt.subplots(figsize=(4.8, 2.8), dpi=100)
    axes.hist([random_.lognormvariate(0.75, 0.4) for _ in range(240)], bins=30, color=BLUE, alpha=0.85)
    axes.set(xlabel="seconds an answer", ylabel="answers")
    save(figure, folder / "latency.png")


def save(figure, path: Path) -> None:
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.tight_layout()
    figure.savefig(path, metadata=metadata)
    plt.close(figure)
