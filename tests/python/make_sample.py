"""Makes the sample workspace that Flowdeck ships: a small store by the real MLflow, as one compressed file.

    make_sample.py [ARCHIVE]     assets/sample.tar.gz unless told otherwise

The archive holds `mlflow.db` and, beside it, `mlartifacts/`, as they lie in a folder where `mlflow server` ran. All
dates in it are before `REFERENCE`, by minutes to weeks; Flowdeck moves them so that the reference is the moment it
unpacks (src/tracking/sample.rs knows the same number). Run with the tests' Python (tests/python/venv.sh).
"""

import contextlib
import gzip
import io
import os
import random
import re
import sqlite3
import sys
import tarfile
import tempfile
import time
import uuid
import warnings
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
REFERENCE = int(datetime(2026, 11, 20, 15, 0, tzinfo=timezone.utc).timestamp() * 1000)
SEED = 47


class Clock:
    """Python's clock while the sample is made: stands where it is set, and ticks a little."""

    def __init__(self, at: int) -> None:
        self.at = at

    def set(self, at: int) -> None:
        self.at = at

    def time(self) -> float:
        self.at += 1
        return self.at / 1000

    def time_ns(self) -> int:
        self.at += 1
        return int(self.at) * 1_000_000


def settle(clock: Clock) -> None:
    """Clock and ids are the same in every making (the order of the database's indexes is not: SQLAlchemy keeps them in
    sets). Must be done before MLflow is imported, which takes copies."""
    random_ = random.Random(SEED)
    random.seed(SEED)
    time.time, time.time_ns = clock.time, clock.time_ns
    uuid.uuid4 = lambda: uuid.UUID(int=random_.getrandbits(128), version=4)


def fill(dest: Path, clock: Clock) -> None:
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="true",
        GIT_PYTHON_REFRESH="quiet",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
        MLFLOW_ENABLE_ASYNC_TRACE_LOGGING="false",
        MLFLOW_TRACKING_URI=f"sqlite:///{dest}/mlflow.db",
        SOURCE_DATE_EPOCH=str(REFERENCE // 1000),
    )
    import mlflow
    from sample import agents, training
    from seed import adopt

    artifacts = dest / "artifacts"
    artifacts.mkdir()
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    warnings.simplefilter("ignore")
    with contextlib.redirect_stderr(io.StringIO()):
        training.fill(artifacts, clock, REFERENCE)
        agents.fill(artifacts, clock, REFERENCE)
    adopt(dest)
    artifacts.rename(dest / "mlartifacts")
    tidy(dest)


def tidy(dest: Path) -> None:
    """Takes out what is of this machine and this minute."""
    for mlmodel in dest.glob("mlartifacts/**/MLmodel"):
        text = re.sub(r"^utc_time_created:.*\n", "", mlmodel.read_text(), flags=re.M)
        mlmodel.write_text(re.sub(r"(model_code_path: )\S+/", r"\1", text))
    with sqlite3.connect(dest / "mlflow.db") as db:
        # What a model's and a trace's context says is taken from the run, or is nobody's business.
        db.execute("DELETE FROM logged_model_tags WHERE tag_key LIKE 'mlflow.source.git.%'")
        db.execute(
            "UPDATE logged_model_tags SET tag_value = (SELECT t.value FROM logged_models m JOIN tags t"
            " ON t.run_uuid = m.source_run_id AND t.key = tag_key WHERE m.model_id = logged_model_tags.model_id)"
            " WHERE tag_key IN ('mlflow.user', 'mlflow.source.name')"
        )
        db.execute("DELETE FROM trace_request_metadata WHERE key LIKE 'mlflow.source.git.%'")
        db.execute("UPDATE trace_request_metadata SET value = 'serve.py' WHERE key = 'mlflow.source.name'")
        db.execute("UPDATE trace_request_metadata SET value = 'agent-server' WHERE key = 'mlflow.user'")
        # A server keeps its own jobs here; nobody's are in the sample.
        db.execute("DELETE FROM jobs")
    db.execute("VACUUM")
    db.close()
    machine = [str(dest), str(Path.home()), str(HERE), tempfile.gettempdir() + "/"]
    for file in [dest / "mlflow.db", *(it for it in dest.glob("mlartifacts/**/*") if it.is_file())]:
        data = file.read_bytes()
        found = [word for word in machine if word.encode() in data]
        assert not found, f"{file} speaks of this machine: {found}"


def pack(dest: Path, archive: Path) -> None:
    """The same bytes for the same content: sorted, without owners, all dated alike."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = REFERENCE // 1000
        info.mode = 0o755 if info.isdir() else 0o644
        return info

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for file in [dest / "mlflow.db", *sorted(dest.glob("mlartifacts/**/*"))]:
            tar.add(file, file.relative_to(dest).as_posix(), recursive=False, filter=plain)
    archive.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))
    print(f"{archive}: {archive.stat().st_size / 1e6:.2f} MB, unpacked {packed.tell() / 1e6:.1f} MB", file=sys.stderr)


def main() -> None:
    archive = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parents[1] / "assets/sample.tar.gz").resolve()
    clock = Clock(REFERENCE - 42 * 86_400_000)
    settle(clock)
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder).resolve()
        fill(dest, clock)
        pack(dest, archive)


if __name__ == "__main__":
    main()
