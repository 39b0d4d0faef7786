"""`jobfinder serve` and `jobfinder app` as processes: how they are stopped, with stand-ins for their servers."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from jobfinder_assets import launch
from jobfinder_assets.config import Home, Settings

SCRIPT = """
import sys
from rich.console import Console
from jobfinder_assets import launch
from jobfinder_assets.config import Settings

wait = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
waiting = [sys.executable, "-c", wait]
launch.app_command = lambda port: [*waiting, sys.argv[1] + "/app.pid"]
launch._server_commands = lambda *_, **__: {"dagster-daemon": [*waiting, sys.argv[1] + "/daemon.pid"]}
sys.exit(launch.CALL)
"""
STARTED = {
    "serve(Settings(), Console(), app_port=0, dagster_port=0, mlflow_port=0)": ("app.pid", "daemon.pid"),
    "open_app(Settings(), Console(), port=0)": ("app.pid",),
}


def ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("ignored", [False, True], ids=["in a terminal", "in a script's background"])
@pytest.mark.parametrize("call", STARTED, ids=["serve", "app"])
def test_what_is_terminated_ends_its_servers(tmp_path: Path, call: str, ignored: bool) -> None:
    command = [sys.executable, "-c", SCRIPT.replace("CALL", call), str(tmp_path)]
    if ignored:
        command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    environment = {**os.environ, "JOBFINDER_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    files = [tmp_path / name for name in STARTED[call]]
    try:
        deadline = time.monotonic() + 60
        while not all(path.exists() and path.read_text() for path in files):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert all(ended(int(path.read_text())) for path in files)
    finally:
        process.kill()
        for path in files:
            if path.exists() and not ended(int(path.read_text())):
                os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("uri", ["http://localhost:5000", "HTTPS://mlflow.example/[of]/us"])
def test_an_mlflow_server_of_ones_own_is_shown_and_none_is_started(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def interrupted(processes: Mapping[str, object], logs: Path, console: Console) -> int:
        started.extend(processes)
        raise KeyboardInterrupt

    monkeypatch.setenv("JOBFINDER_DAGSTER_ADDRESS", "")
    monkeypatch.setattr(launch, "app_command", lambda port: ["true"])
    monkeypatch.setattr(launch, "_tool", lambda name: "true")
    monkeypatch.setattr(launch, "_end_when_terminated", lambda: None)
    monkeypatch.setattr(launch, "_watch", interrupted)
    told = io.StringIO()
    with socket.socket() as its_own:
        its_own.bind(("127.0.0.1", 0))
        its_own.listen()
        ports = {"app_port": 0, "dagster_port": 0, "mlflow_port": its_own.getsockname()[1]}
        assert launch.serve(Settings(mlflow_uri=uri), Console(file=told), **ports) == 0
    assert started == ["app", "dagster-webserver", "dagster-daemon"]
    assert f"MLflow   {uri}" in told.getvalue()


@pytest.mark.parametrize("uri", ["", "sqlite:////tmp/mlflow.db", "postgresql://someone@db/mlflow"])
def test_a_database_gets_an_mlflow_server(home: Home, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_tool", lambda name: name)
    settings = Settings(mlflow_uri=uri)
    command = launch._server_commands(settings, home, dagster_port=3000, mlflow_port=5000)["mlflow"]
    assert settings.mlflow_location in command


def test_a_step_under_way_names_its_profile() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with launch._progress(console, live=True) as progress:
        progress.start("recommendations [ann]")
        progress.start("training [/b]")
    assert isinstance(console.file, io.StringIO)
    assert "recommendations [ann]" in console.file.getvalue() and "training [/b]" in console.file.getvalue()
