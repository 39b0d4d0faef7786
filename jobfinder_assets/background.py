"""A `jobfinder` command in a process of its own, started from the app, watched by whoever asks.

One at a time: two would do the same work twice. What became of it is in the home, so that any process can tell.
It runs while its lock is held, which the system frees however it ends; its number alone would mean nothing after a
restart of the machine or the container, when another process has it.
"""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import IO, Literal

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
    file = _state_file(home)
    with _one_at_a_time(file), _lock_file(file).open("ab") as lock:
        if not _take(lock):
            last = _read(home)
            command = f"`jobfinder {' '.join(last.arguments)}`" if last else "a command of the app"
            raise AlreadyRunning(f"{command} is still running")
        # It may have been a process of the same number.
        _ended_file(file).unlink(missing_ok=True)
        _log(home).parent.mkdir(parents=True, exist_ok=True)
        with _log(home).open("wb") as log:
            # The lock goes over to the process: it is held until the last who has this file open has ended.
            process = subprocess.Popen(
                [sys.executable, "-m", "jobfinder_assets.background", str(file), str(lock.fileno()), *arguments],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | {"JOBFINDER_HOME": str(home.root)}, pass_fds=[lock.fileno()],
            )  # fmt: skip
        # Waited for, or it would stay in the system's list after its end.
        Thread(target=process.wait, name="background", daemon=True).start()
        started = datetime.now(UTC).isoformat()
        _write(file, {"arguments": list(arguments), "started_at": started, "pid": process.pid})
        found = _read(home)
    assert found is not None
    return found


def latest(home: Home) -> BackgroundRun | None:
    """The last run of this home; None when there was none."""
    if not _state_file(home).is_file():
        return None
    with _one_at_a_time(_state_file(home)):
        return _read(home)


def _read(home: Home) -> BackgroundRun | None:
    """What the files say, while no other process looks or starts."""
    file = _state_file(home)
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    # Asked first: it may end, and say how, in between.
    held = _held(_lock_file(file))
    ended = _ended_file(file)
    outcome = json.loads(ended.read_text(encoding="utf-8")) if ended.is_file() else {}
    state: State
    if held:
        state = "running"
    elif outcome.get("pid") == told["pid"]:
        state = "done" if outcome["status"] == 0 else "failed"
    else:
        state = "stopped"
    lines = _log(home).read_text(encoding="utf-8", errors="replace").splitlines() if _log(home).is_file() else []
    started = datetime.fromisoformat(told["started_at"])
    return BackgroundRun(tuple(told["arguments"]), started, state, tuple(lines[-_LAST_LINES:]))


def _one_at_a_time(state: Path) -> FileLock:
    """Held while the files are looked at or changed: to look at the run's lock is to take it for a moment."""
    return FileLock(f"{state}.lock")


def _take(lock: IO[bytes]) -> bool:
    """Take the lock of an open file; False when it is held."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held(path: Path) -> bool:
    """Whether a process holds a file's lock."""
    with path.open("ab") as lock:
        if not _take(lock):
            return True
        # Closing would not do while a process that another thread is starting has the file open as well.
        fcntl.flock(lock, fcntl.LOCK_UN)
        return False


def _state_file(home: Home) -> Path:
    return home.root / "background" / "run.json"


def _lock_file(state: Path) -> Path:
    return state.with_name("running.lock")


def _ended_file(state: Path) -> Path:
    return state.with_name("ended.json")


def _log(home: Home) -> Path:
    return home.root / "logs" / "background.log"


def _write(path: Path, content: dict[str, object]) -> None:
    write_json(path, content)


def main(arguments: Sequence[str]) -> None:
    """What the process does: the command, and then a word on how it ended.

    arguments: the file of its state, the number under which the lock's file is open, and those of the command.
    """
    state, number, *command = arguments
    # Held to the end of this process, and by none that it starts or forks: those may outlive it.
    lock = os.fdopen(int(number), "ab")
    os.set_inheritable(lock.fileno(), False)
    os.register_at_fork(after_in_child=lock.close)

    from jobfinder_assets.cli import main as jobfinder

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
