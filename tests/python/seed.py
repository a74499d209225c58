"""Fills a fresh MLflow store for the tests and for trying Flowdeck by hand, through MLflow's own client.

    seed.py DEST [--many N]      a store in DEST, made anew
    seed.py DEST --cache FOLDER  the same, copied from FOLDER when this seed was made there before

DEST then holds `mlflow.db`, `artifacts/` and `seed.json` (what was made: ids by name, see `manifest`). Serve it with

    mlflow server --backend-store-uri sqlite:///DEST/mlflow.db --artifacts-destination DEST/artifacts

Filling goes straight to the database, which is several times faster than through a server; at the end every
artifact path in it is rewritten to the `mlflow-artifacts:/` form that a server would have written.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent


def fingerprint(many: int) -> str:
    """Names this seed: changes with any file that it is made from."""
    digest = hashlib.sha256(f"{sys.version} {many}".encode())
    for file in [HERE.parent / "requirements.txt", *sorted(HERE.glob("seed*.py")), *sorted(HERE.glob("agents/*.py"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def fill(dest: Path, many: int) -> None:
    began = time.monotonic()
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="true",
        GIT_PYTHON_REFRESH="quiet",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
        MLFLOW_TRACKING_URI=f"sqlite:///{dest}/mlflow.db",
    )
    import mlflow
    import seed_models
    import seed_runs

    artifacts = dest / "artifacts"
    artifacts.mkdir(parents=True)
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    manifest = {"mlflow": mlflow.__version__, "experiments": {}, "runs": {}, "logged_models": {}, "models": {}}
    # MLflow reports every version it makes; what goes wrong is raised, and printed after this block.
    warnings.simplefilter("ignore")
    with contextlib.redirect_stderr(io.StringIO()):
        seed_runs.fill(artifacts, manifest, many)
        seed_models.fill(artifacts, manifest)
    adopt(dest)
    (dest / "seed.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
    print(f"seed: made {dest} in {time.monotonic() - began:.0f} s", file=sys.stderr)


def adopt(dest: Path) -> None:
    """Rewrites the folder's own path, wherever it was written, to the root that a server proxies."""
    old, new = f"{dest}/artifacts", "mlflow-artifacts:"
    with sqlite3.connect(dest / "mlflow.db") as db:
        for table, column in [
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("logged_models", "artifact_location"),
            ("model_versions", "source"),
            ("model_versions", "storage_location"),
            ("trace_tags", "value"),
            ("tags", "value"),
        ]:
            for prefix in (f"file://{old}", old):
                db.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)",
                    (prefix, new, prefix),
                )
        db.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", (f"{new}/0",))
    db.close()
    for mlmodel in dest.glob("artifacts/**/MLmodel"):
        text = mlmodel.read_text()
        mlmodel.write_text(text.replace(f"file://{old}", new).replace(old, new))


def cached(cache: Path, many: int) -> Path:
    """The folder in `cache` that holds this seed, made when it is missing; two at once make it once."""
    import fcntl

    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / f"seed-{fingerprint(many)}"
    with open(f"{kept}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                fill(Path(folder) / "store", many)
                (Path(folder) / "store").rename(kept)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dest", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--many", type=int, default=0, help="as many tiny experiments more")
    args = parser.parse_args()
    dest = args.dest.resolve()
    if (dest / "mlflow.db").exists():
        parser.error(f"{dest} holds a store already")
    if args.cache:
        shutil.copytree(cached(args.cache.resolve(), args.many), dest, dirs_exist_ok=True)
    else:
        fill(dest, args.many)


if __name__ == "__main__":
    main()
