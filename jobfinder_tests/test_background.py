"""A command in the background: one at a time, and everyone can tell what became of it."""

import os
import signal
import time
from pathlib import Path

import pytest

from jobfinder_assets import background
from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home


def ended(home: Home) -> BackgroundRun:
    for _ in range(600):
        run = background.latest(home)
        assert run is not None
        if not run.running:
            return run
        time.sleep(0.1)
    raise AssertionError("it never ended")


def test_a_command_runs_and_tells_how_it_ended(home: Home) -> None:
    assert background.latest(home) is None
    started = background.start(home, ["status"])
    assert started.arguments == ("status",)
    run = ended(home)
    assert run.state == "done" and any("Lake at" in line for line in run.lines)
    background.start(home, ["restore", "nothing"])
    failed = ended(home)
    assert failed.state == "failed" and any("nothing" in line for line in failed.lines)


def test_a_second_one_waits_for_the_first_and_a_killed_one_is_told(home: Home, tmp_path: Path) -> None:
    fifo = tmp_path / "labels.csv"
    os.mkfifo(fifo)
    background.start(home, ["label", str(fifo)])
    with pytest.raises(AlreadyRunning, match="still running"):
        background.start(home, ["status"])
    pid = int((home.root / "background" / "run.json").read_text().split('"pid": ')[1].split("\n")[0].strip(" ,}"))
    os.kill(pid, signal.SIGKILL)
    assert ended(home).state == "stopped"
    background.start(home, ["status"])
    assert ended(home).state == "done"
