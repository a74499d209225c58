"""Registered models, versions, aliases, agents, prompts and traces of the seed."""

import logging
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from seed_runs import DAY, NOW

AGENTS = Path(__file__).parent / "agents"
REQUIREMENTS = [f"mlflow=={mlflow.__version__}"]
MINIMAL = "MyMinimalAgent_Registered"
SYSTEM_PROMPT = "You answer questions about OTIF (on time, in full).\nBe brief. Prompt version {version}.\n"
# One row a version of the agent: model, temperature, prompt, tools, answer_correctness, latency_s, tokens, cost.
MINIMAL_VERSIONS = [
    ("databricks-claude-3-7-sonnet", 0.7, "v1", 0, 0.61, 3.9, 812, 0.0121),
    ("databricks-claude-3-7-sonnet", 0.2, "v2", 1, 0.70, 3.4, 790, 0.0118),
    ("databricks-claude-sonnet-4", 0.2, "v2", 2, 0.78, 2.8, 744, 0.0102),
    ("databricks-claude-sonnet-4", 0.1, "v3", 2, 0.77, 2.9, 760, 0.0104),
    ("gpt-4o", 0.1, "v3", 2, 0.74, 2.1, 702, 0.0087),
    ("databricks-claude-sonnet-4", 0.1, "v4", 3, 0.83, 2.6, 731, 0.0099),
    ("databricks-claude-sonnet-4", 0.0, "v5", 3, 0.88, 2.2, 698, 0.0091),
]
MORE_MODELS = [
    "CarrierScorer", "ChurnRadar", "ClaimsTriage", "CustomsClassifier", "DelayExplainer", "DemandPlanner", "DepotSlotting",
    "FreightPricer", "FuelForecast", "InvoiceMatcher", "LoadBuilder", "PalletVision", "ReturnsAgent", "SafetyStock",
    "ShiftPlanner", "SupplierRisk", "TollEstimator", "WeatherImpact", "Zażółć gęślą jaźń", "übung model",
]  # fmt: skip


def minimal_agent(client: MlflowClient, manifest: dict) -> None:
    """Seven versions, each logged by a run of its own, whose code, prompt, params and metrics differ."""
    for number, (model, temperature, prompt, tools, correctness, latency, tokens, cost) in enumerate(MINIMAL_VERSIONS, 1):
        with TemporaryDirectory() as folder, mlflow.start_run(run_name=f"minimal-agent-{number}") as run:
            code = Path(folder) / "agent.py"
            source = (AGENTS / "minimal.py").read_text()
            code.write_text(source.replace("@PROMPT_VERSION@", prompt).replace("@MODEL@", model))
            prompts = Path(folder) / "prompts"
            prompts.mkdir()
            (prompts / "system.md").write_text(SYSTEM_PROMPT.format(version=prompt) + "Use the tools.\n" * tools)
            mlflow.set_tags({"mlflow.user": ["anna", "marek"][number % 2], "mlflow.source.git.commit": f"{number:040x}"})
            params = {"model": model, "temperature": temperature, "prompt_version": prompt, "tools": tools, "max_tokens": 1024}
            mlflow.log_params(params)
            info = mlflow.pyfunc.log_model(
                name="agent",
                python_model=str(code),
                code_paths=[str(prompts)],
                pip_requirements=REQUIREMENTS,
                registered_model_name=MINIMAL,
                params=params,
                model_config={"temperature": temperature, "model": model},
            )
            metrics = {"answer_correctness": correctness, "latency_s": latency, "tokens_per_answer": tokens, "cost_usd": cost}
            mlflow.log_metrics(metrics, model_id=info.model_id)
            manifest["runs"][f"minimal-agent-{number}"] = run.info.run_id
            manifest["logged_models"][f"{MINIMAL}/{number}"] = info.model_id
    client.update_registered_model(MINIMAL, "The smallest agent: says **hello world**.\n\nOwner: `logistics`.")
    client.set_registered_model_tag(MINIMAL, "team", "logistics")
    client.update_model_version(MINIMAL, "3", "In production since *May*.\n\n- stable\n- slow")
    client.update_model_version(MINIMAL, "7", "New prompt, **+10 pp** correctness. See [the bench](https://example.com/bench).")
    for version, key, value in [("3", "approved_by", "marek"), ("6", "review", "pending"), ("7", "review", "passed"), ("7", "größe", "ünïcödé 🚚")]:
        client.set_model_version_tag(MINIMAL, version, key, value)
    for alias, version in [("prod", "3"), ("candidate", "7"), ("größte_日本", "5"), ("previous", "2"), ("shadow", "7")]:
        client.set_registered_model_alias(MINIMAL, alias, version)


def other_agents(client: MlflowClient, manifest: dict) -> None:
    for name in ["StreamingAgent", "RaisingAgent"]:
        with mlflow.start_run(run_name=name) as run:
            code = AGENTS / f"{name.removesuffix('Agent').lower()}.py"
            info = mlflow.pyfunc.log_model(
                name="agent", python_model=str(code), pip_requirements=REQUIREMENTS, registered_model_name=name
            )
            manifest["runs"][name] = run.info.run_id
            manifest["logged_models"][f"{name}/1"] = info.model_id
        client.set_registered_model_alias(name, "prod", "1")


def forecaster(client: MlflowClient, manifest: dict) -> None:
    """A classic model; its third version has another schema than the second."""
    mlflow.set_experiment("otif-forecasting")
    columns = {"backlog": [3.0, 5.0], "capacity": [40.0, 42.0]}
    for number in (1, 2, 3):
        frame = pd.DataFrame(columns | ({"weekday": ["Mon", "Tue"]} if number == 3 else {}))
        signature = infer_signature(frame, pd.DataFrame({"otif": [0.9], "at_risk": [False]}), params={"horizon": 4})
        with mlflow.start_run(run_name=f"forecaster-{number}") as run:
            mlflow.log_params({"alpha": 0.1 * number, "columns": frame.shape[1]})
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(AGENTS / "forecaster.py"),
                signature=signature,
                pip_requirements=REQUIREMENTS,
                registered_model_name="OTIFForecaster",
                metadata={"owner": "logistics"},
            )
            mlflow.log_metrics({"val_rmse": 0.09 - number / 100}, model_id=info.model_id)
            manifest["runs"][f"forecaster-{number}"] = run.info.run_id
            manifest["logged_models"][f"OTIFForecaster/{number}"] = info.model_id
    client.set_registered_model_alias("OTIFForecaster", "champion", "2")
    client.set_registered_model_alias("OTIFForecaster", "challenger", "3")
    mlflow.set_experiment("agents")


def unready(client: MlflowClient, manifest: dict) -> None:
    """Versions whose files are missing, with a legacy stage; `finish` makes two of them unready."""
    client.create_registered_model("RouteOptimiser", {"team": "routing"}, "Versions in every state.")
    for number in (1, 2, 3):
        client.create_model_version("RouteOptimiser", f"s3://models/route/{number}")
    client.set_registered_model_alias("RouteOptimiser", "prod", "1")
    client.transition_model_version_stage("RouteOptimiser", "1", "Production")
    pending = mlflow.initialize_logged_model(name="half-written", source_run_id=None)
    manifest["logged_models"]["half-written"] = pending.model_id


def more_models(client: MlflowClient) -> None:
    for number, name in enumerate(MORE_MODELS):
        client.create_registered_model(name, {"team": ["finance", "routing"][number % 2]}, f"{name}: {'described' if number % 3 else ''}")


def prompts() -> None:
    texts = {
        "otif-answer": ["Answer about OTIF: {{question}}", "Answer briefly about OTIF: {{question}}", "You know OTIF. {{question}}"],
        "summary": ["Summarise {{text}}", "Summarise in three bullets:\n\n{{text}}"],
    }
    for name, templates in texts.items():
        for number, template in enumerate(templates, 1):
            mlflow.genai.register_prompt(name, template, commit_message=f"Version {number}", tags={"team": "logistics"})
        mlflow.genai.set_prompt_alias(name, "production", len(templates) - 1)
    for number in (1, 2):
        chat = [{"role": "system", "content": f"You are a judge. {number}"}, {"role": "user", "content": "{{answer}}"}]
        mlflow.genai.register_prompt("judge.chat", chat, commit_message="As a chat")
    mlflow.genai.set_prompt_alias("judge.chat", "prod", 2)


def traces(manifest: dict) -> None:
    """A few turns as the agent's server would have traced them, one of them an error."""
    mlflow.set_active_model(model_id=manifest["logged_models"][f"{MINIMAL}/3"])
    for number, question in enumerate(["Why is OTIF down this week?", "Which carrier?", "And in Łódź?", "Fail please"]):
        try:
            with mlflow.start_span("predict", span_type="AGENT") as span:
                span.set_inputs({"input": [{"role": "user", "content": question}]})
                with mlflow.start_span("query_otif", span_type="TOOL") as tool:
                    tool.set_inputs({"week": 47})
                    if number == 3:
                        raise RuntimeError("warehouse timeout")
                    tool.set_outputs({"otif": 0.884})
                span.set_outputs({"output": [{"type": "message", "content": [{"type": "output_text", "text": "hello world"}]}]})
        except RuntimeError:
            pass
    mlflow.clear_active_model()


def finish(database: Path) -> None:
    """What the client cannot do: versions that are not ready, and dates in the past instead of this very second."""
    with sqlite3.connect(database) as db:
        for version, status, message in [(2, "FAILED_REGISTRATION", "Copying s3://models/route/2 failed: access denied"), (3, "PENDING_REGISTRATION", None)]:
            db.execute(
                "UPDATE model_versions SET status = ?, status_message = ? WHERE name = 'RouteOptimiser' AND version = ?",
                (status, message, version),
            )
        for name, newest in [(MINIMAL, 7), ("OTIFForecaster", 3)]:
            for version in range(1, newest + 1):
                created = NOW - (newest - version) * 2 * DAY - DAY // 8
                where = (name, version)
                db.execute(
                    "UPDATE runs SET start_time = ?, end_time = ? WHERE run_uuid ="
                    " (SELECT run_id FROM model_versions WHERE name = ? AND version = ?)",
                    (created - 95_000, created + 4_000, *where),
                )
                db.execute(
                    "UPDATE model_versions SET creation_time = ?, last_updated_time = ? WHERE name = ? AND version = ?",
                    (created, created + 1000, *where),
                )
            db.execute("UPDATE registered_models SET creation_time = ?, last_updated_time = ? WHERE name = ?",
                       (NOW - newest * 2 * DAY, NOW - DAY // 8, name))  # fmt: skip
        for number, name in enumerate(MORE_MODELS):
            at = NOW - (number * 9 + 4) * DAY
            db.execute("UPDATE registered_models SET creation_time = ?, last_updated_time = ? WHERE name = ?", (at, at + DAY, name))
    db.close()


def fill(artifacts: Path, manifest: dict) -> None:
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    client = MlflowClient()
    mlflow.set_experiment("agents")
    minimal_agent(client, manifest)
    other_agents(client, manifest)
    forecaster(client, manifest)
    unready(client, manifest)
    more_models(client)
    prompts()
    traces(manifest)
    mlflow.flush_trace_async_logging()
    finish(artifacts.parent / "mlflow.db")
    for model in client.search_registered_models(max_results=1000):
        manifest["models"][model.name] = {"aliases": model.aliases, "versions": len(client.search_model_versions(f"name = '{model.name}'"))}
