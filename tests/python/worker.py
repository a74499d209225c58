"""Runs snippets of Python for the Rust tests, in one process: importing mlflow takes seconds.

One JSON object a line in, one a line out:

    {"uri": tracking URI, "env": {name: value}, "args": anything, "code": "…"}
    {"ok": value of the last expression} or {"error": traceback}

A snippet sees `mlflow`, `client` (an MlflowClient of that URI) and `args`. MLflow's entities become objects; NaN and
±infinity, which JSON has not, become "NaN", "Infinity" and "-Infinity".
"""

import ast
import contextlib
import dataclasses
import enum
import json
import math
import os
import sys
import traceback
from typing import Any

# What a snippet prints must not mix with the answers.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(it) for key, it in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(it) for it in value]
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    with contextlib.suppress(TypeError, ValueError):
        # mlflow.entities iterate over (name, value).
        return plain(dict(value))
    return str(value)


def run(request: dict[str, Any]) -> Any:
    os.environ.update(request["env"], MLFLOW_TRACKING_URI=request["uri"])
    mlflow.set_tracking_uri(request["uri"])
    mlflow.set_registry_uri(request["uri"])
    scope = {"mlflow": mlflow, "client": MlflowClient(request["uri"], request["uri"]), "args": request["args"]}
    tree = ast.parse(request["code"])
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        exec(compile(tree, "<test>", "exec"), scope)
        return plain(eval(compile(ast.Expression(last.value), "<test>", "eval"), scope)) if last else None
    finally:
        for name in request["env"]:
            del os.environ[name]


for line in sys.stdin:
    try:
        answer = {"ok": run(json.loads(line))}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), file=answers, flush=True)
