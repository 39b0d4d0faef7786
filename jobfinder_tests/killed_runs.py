"""Run the workflow again and again, killing it with SIGKILL at commit after commit, until a run gets through.

`python -m jobfinder_tests.killed_runs` (JOBFINDER_HOME set) prints one line per killed run: what it had
just committed. Each run is a fork of a process that has the imports done but has touched nothing yet.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import great_expectations  # noqa: F401
import lightgbm  # noqa: F401
import mlflow.pyfunc  # noqa: F401
import optuna  # noqa: F401
import sklearn.linear_model  # noqa: F401
from rich.console import Console

import jobfinder_assets.definitions  # noqa: F401
from jobfinder_assets.config import load_settings
from jobfinder_assets.launch import materialize_everything, prepare_environment
from jobfinder_assets.storage.lake import Lake

MOST_RUNS = 80


class StoppedClock(datetime):
    """Ages and times are those of one moment, so that runs at different moments can be compared.

    A later run is a microsecond later, or nothing would tell a board's last health from those before.
    """

    run = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "StoppedClock":
        return cls(2026, 12, 1, 12, microsecond=cls.run, tzinfo=tz)


def stop_the_clock() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("jobfinder_assets") and getattr(module, "datetime", None) is datetime:
            module.datetime = StoppedClock  # type: ignore[attr-defined]


def run_once(*, kill: bool) -> int:
    """One run in a child process; returns its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    if kill:
        die_before_second_commit()
    settings = load_settings()
    prepare_environment(settings)
    outcome = materialize_everything(settings, Console(file=sys.stderr), live=False)
    for failure in outcome.failures:
        print("failure", failure, flush=True)
    os._exit(0 if outcome.success else 1)


def die_before_second_commit() -> None:
    """The run makes one commit, works on towards the next, and is killed where it would make it."""
    commit = Lake._retry
    commits = 0
    # Tables are committed side by side: the first commit is made before the second one kills.
    in_turn = threading.RLock()

    def commit_once(lake: Lake, action: Callable[[], Any]) -> Any:
        nonlocal commits
        with in_turn:
            if commits:
                os.kill(os.getpid(), signal.SIGKILL)
            result = commit(lake, action)
            commits += 1
            return result

    Lake._retry = commit_once  # type: ignore[method-assign]


def main() -> int:
    kill = "--undisturbed" not in sys.argv
    stop_the_clock()
    for number in range(MOST_RUNS):
        StoppedClock.run = number
        status = run_once(kill=kill)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            print(f"killed {number}", flush=True)
            continue
        return os.waitstatus_to_exitcode(status)
    print(f"no run got through after {MOST_RUNS} kills: a run killed at its second commit made no progress")
    return 1


if __name__ == "__main__":
    sys.exit(main())
