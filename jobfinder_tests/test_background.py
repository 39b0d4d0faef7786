"""A command in the background: one at a time, and everyone can tell what became of it."""

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
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


def waiting(home: Home, fifo: Path) -> int:
    """Start a command that waits for what nobody writes; returns its process."""
    os.mkfifo(fifo)
    background.start(home, ["label", str(fifo)])
    return process(home)


def process(home: Home) -> int:
    return int(json.loads((home.root / "background" / "run.json").read_text(encoding="utf-8"))["pid"])


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
    pid = waiting(home, tmp_path / "labels.csv")
    with pytest.raises(AlreadyRunning, match="still running"):
        background.start(home, ["status"])
    os.kill(pid, signal.SIGKILL)
    assert ended(home).state == "stopped"
    background.start(home, ["status"])
    assert ended(home).state == "done"


def test_another_process_with_the_same_number_is_not_the_run(home: Home) -> None:
    told = {"arguments": ["run"], "started_at": "2026-11-01T06:30:00+00:00", "pid": os.getpid()}
    (home.root / "background").mkdir()
    (home.root / "background" / "run.json").write_text(json.dumps(told), encoding="utf-8")
    run = background.latest(home)
    assert run is not None and run.state == "stopped", "as after a restart of the machine"
    background.start(home, ["status"])
    assert ended(home).state == "done"


def test_how_an_earlier_run_with_the_same_number_ended_is_forgotten(home: Home, tmp_path: Path) -> None:
    background.start(home, ["status"])
    assert ended(home).state == "done"
    file = home.root / "background" / "run.json"
    earlier = json.loads(file.read_text(encoding="utf-8"))["pid"]
    pid = waiting(home, tmp_path / "labels.csv")
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"pid": earlier}), encoding="utf-8")
    run = background.latest(home)
    assert run is not None and run.running
    os.kill(pid, signal.SIGKILL)
    assert ended(home).state == "stopped"


def test_of_many_that_start_at_the_same_moment_one_wins(home: Home, tmp_path: Path) -> None:
    def start(fifo: Path) -> bool:
        try:
            waiting(home, fifo)
        except AlreadyRunning:
            return False
        return True

    fifos = [tmp_path / f"{number}.csv" for number in range(8)]
    with ThreadPoolExecutor(len(fifos)) as threads:
        won = [str(fifo) for fifo, first in zip(fifos, threads.map(start, fifos), strict=True) if first]
    run = background.latest(home)
    assert run is not None and run.running and run.arguments[1:] == tuple(won)
    os.kill(process(home), signal.SIGKILL)
    assert ended(home).state == "stopped"


LEAVING = """
import os, subprocess, sys, time
from unittest.mock import Mock
from jobfinder_assets import background, cli

def leave(**_):
    started = subprocess.Popen(["sleep", "600"], close_fds=False)
    forked = os.fork() or time.sleep(600)
    print(started.pid, forked, flush=True)
    time.sleep(600)

cli.main = Mock(main=leave)
background.main(sys.argv[1:])
"""


def test_what_a_killed_run_leaves_behind_does_not_count_as_the_run(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, python = tmp_path / "leaving.py", tmp_path / "python"
    script.write_text(LEAVING, encoding="utf-8")
    # In place of `-m jobfinder_assets.background`.
    python.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {script} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    run = background.start(home, ["status"])
    while run.running and not run.lines:
        time.sleep(0.1)
        run = background.latest(home) or run
    left = [int(number) for number in run.lines[0].split()]
    try:
        os.kill(process(home), signal.SIGKILL)
        assert ended(home).state == "stopped"
    finally:
        for pid in left:
            os.kill(pid, signal.SIGKILL)
