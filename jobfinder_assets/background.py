"""A `jobfinder` command in a process of its own, started from the app, watched by whoever asks.

One at a time: two would do the same work twice. What became of it is in the home, so that any process can tell.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock

from jobfinder_assets.config import Home
from jobfinder_assets.storage.files import write_json

State = Literal["running", "done", "failed", "stopped"]
_LAST_LINES = 200


class AlreadyRunning(RuntimeError):
    """Another run has not ended yet."""


@dataclass(frozen=True)
class BackgroundRun:
    """The last run: its command's arguments, when it began, and what has become of it. `lines`: its output so far."""

    arguments: tuple[str, ...]
    started_at: datetime
    state: State
    lines: tuple[str, ...]

    @property
    def running(self) -> bool:
        return self.state == "running"


def start(home: Home, arguments: Sequence[str]) -> BackgroundRun:
    """Run `jobfinder ARGUMENTS`. Raises `AlreadyRunning` while the last one runs."""
    home.create()
    with FileLock(f"{_state_file(home)}.lock"):
        last = latest(home)
        if last is not None and last.running:
            raise AlreadyRunning(f"`jobfinder {' '.join(last.arguments)}` is still running")
        _log(home).parent.mkdir(parents=True, exist_ok=True)
        with _log(home).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jobfinder_assets.background", str(_state_file(home)), *arguments],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | {"JOBFINDER_HOME": str(home.root)},
            )  # fmt: skip
        started = datetime.now(UTC).isoformat()
        _write(_state_file(home), {"arguments": list(arguments), "started_at": started, "pid": process.pid})
    found = latest(home)
    assert found is not None
    return found


def latest(home: Home) -> BackgroundRun | None:
    """The last run of this home; None when there was none."""
    file = _state_file(home)
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    ended = _ended_file(file)
    outcome = json.loads(ended.read_text(encoding="utf-8")) if ended.is_file() else {}
    state: State
    if outcome.get("pid") == told["pid"]:
        state = "done" if outcome["status"] == 0 else "failed"
    else:
        state = "running" if _alive(told["pid"]) else "stopped"
    lines = _log(home).read_text(encoding="utf-8", errors="replace").splitlines() if _log(home).is_file() else []
    started = datetime.fromisoformat(told["started_at"])
    return BackgroundRun(tuple(told["arguments"]), started, state, tuple(lines[-_LAST_LINES:]))


def _alive(pid: int) -> bool:
    """Whether a process runs: one that ended but was not waited for does not."""
    try:
        waited, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        waited = 0
    if waited == pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _state_file(home: Home) -> Path:
    return home.root / "background" / "run.json"


def _ended_file(state: Path) -> Path:
    return state.with_name("ended.json")


def _log(home: Home) -> Path:
    return home.root / "logs" / "background.log"


def _write(path: Path, content: dict[str, object]) -> None:
    write_json(path, content)


def main(arguments: Sequence[str]) -> None:
    """What the process does: the command, and then a word on how it ended."""
    from jobfinder_assets.cli import main as jobfinder

    state, *command = arguments
    status: object = 1
    try:
        jobfinder.main(args=list(command), prog_name="jobfinder", standalone_mode=False)
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
    finally:
        _write(_ended_file(Path(state)), {"pid": os.getpid(), "status": status})


if __name__ == "__main__":
    main(sys.argv[1:])
