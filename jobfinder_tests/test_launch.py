"""`jobfinder serve` and `jobfinder app` as processes: how they are stopped, with stand-ins for their servers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
