"""Starting things: Dagster's home, a run with a progress display, and the servers of `jobfinder serve`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.storage.files import write_text

if TYPE_CHECKING:
    import dagster as dg

# One run at a time: two runs would do the same work twice and wait for each other's commits.
_DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""
_STOP_SECONDS = 10.0
_NOTE_WIDTH = 110


class LaunchError(RuntimeError):
    """Something could not be started; the message says what to do."""


def prepare_environment(settings: Settings) -> Home:
    """Make the home's folders and point Dagster and MLflow at it, for this process and its children."""
    home = settings.home.create()
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        write_text(config, _DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["JOBFINDER_HOME"] = str(home.root)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    return home


@dataclass
class Step:
    """One step of a run as it went."""

    name: str
    started: float
    seconds: float | None = None
    failed: bool = False
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOutcome:
    """How the runs went: whether all succeeded, and what failed with its message."""

    success: bool
    steps: list[Step]
    failures: list[str]


def materialize_everything(
    settings: Settings, console: Console, *, live: bool = True, query: str = "", location: str = ""
) -> RunOutcome:
    """Run the refresh, then every profile's own assets, in this process, recorded in Dagster's home.

    With a `query` the sources that can search are asked for it only, and no profile's assets are run.
    """
    profiles = () if query else None
    return _materialize(settings, console, "refresh", profiles, config=search_config(query, location), live=live)


def materialize_learning(settings: Settings, console: Console, profile: str, *, live: bool = True) -> RunOutcome:
    """Consume the waiting label files, then train and recommend for one profile; nothing is fetched."""
    return _materialize(settings, console, "learn", (profile,), config={}, live=live)


def _materialize(
    settings: Settings,
    console: Console,
    job: str,
    profiles: Sequence[str] | None,
    *,
    config: Mapping[str, Any],
    live: bool,
) -> RunOutcome:
    """One job, then the own assets of the given profiles (None: of every profile that Dagster knows)."""
    import dagster as dg

    from jobfinder_assets.definitions import defs
    from jobfinder_assets.labels.profiles import PROFILES

    steps: list[Step] = []
    failures: list[str] = []
    with dg.DagsterInstance.get() as instance, _progress(console, live=live) as progress:
        instance.add_dynamic_partitions(str(PROFILES.name), list({*settings.profiles, *(profiles or ())}))
        success = _run(defs.resolve_job_def(job), instance, progress, steps, failures, config=config)
        wanted = instance.get_dynamic_partitions(str(PROFILES.name)) if profiles is None else profiles
        for profile in wanted if success else ():
            own = defs.resolve_job_def("recommend")
            success &= _run(own, instance, progress, steps, failures, profile=profile)
    return RunOutcome(success, steps, failures)


def search_config(query: str, location: str) -> dict[str, Any]:
    """The run configuration that asks every source for `query`; empty for a whole refresh."""
    from jobfinder_assets.ingestion.catalog import asset_name, source_classes

    if not query:
        return {}
    asked = {"config": {"query": query, "location": location}}
    return {"ops": {asset_name(name): asked for name in source_classes()}}


def _run(
    job: "dg.JobDefinition",
    instance: "dg.DagsterInstance",
    progress: "_Display",
    steps: list[Step],
    failures: list[str],
    *,
    profile: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> bool:
    run_id = str(uuid.uuid4())
    running: dict[str, Step] = {}

    def listen(entry: "dg.EventLogEntry") -> None:
        event = entry.dagster_event
        if event is None:
            return
        name = f"{event.step_key} [{profile}]" if profile else str(event.step_key)
        kind = event.event_type_value
        if kind == "STEP_START":
            running[name] = Step(name, time.monotonic())
            progress.start(name)
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE") and name in running:
            step = running.pop(name)
            step.seconds, step.failed = time.monotonic() - step.started, kind == "STEP_FAILURE"
            steps.append(step)
            progress.finish(step)
            if step.failed:
                error = event.step_failure_data.error
                failures.append(f"{name}: {(error.cause or error).message.strip() if error else 'failed'}")
        elif kind == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                words = (
                    f"check {check.check_name} on {check.asset_key.to_user_string()}: {check.description or 'failed'}"
                )
                progress.note(words)
                if check.severity.name == "ERROR":
                    failures.append(words)

    instance.add_event_listener(run_id, listen)
    result = job.execute_in_process(
        run_id=run_id,
        instance=instance,
        partition_key=profile,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **(config or {})},
    )
    return result.success


class _Display:
    """One line per step: a live spinner on a terminal, plain lines elsewhere (CI, a file)."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console, self._progress = console, progress
        self._tasks: dict[str, object] = {}

    def start(self, name: str) -> None:
        if self._progress:
            self._tasks[name] = self._progress.add_task(name, total=None)

    def finish(self, step: Step) -> None:
        mark = "✗" if step.failed else "✓"
        if self._progress and step.name in self._tasks:
            self._progress.remove_task(self._tasks.pop(step.name))  # type: ignore[arg-type]
        self._console.print(f"  {mark} {step.name:<44} {step.seconds:6.1f} s", highlight=False, markup=False)

    def note(self, words: str) -> None:
        """A check's complaint, on one line: the tables after the run and Dagster's UI have the whole of it."""
        first, *more = words.splitlines()
        shortened = textwrap.shorten(first, _NOTE_WIDTH - 8, placeholder=" …") + (f" (+{len(more)})" if more else "")
        self._console.print(f"  ! {shortened}", highlight=False, markup=False, style="yellow", soft_wrap=True)


@contextmanager
def _progress(console: Console, *, live: bool) -> Iterator[_Display]:
    if not (live and console.is_terminal):
        yield _Display(console, None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Display(console, progress)


def serve(settings: Settings, console: Console, *, app_port: int, dagster_port: int, mlflow_port: int) -> int:
    """Run the app, Dagster's UI and daemon and MLflow's UI until interrupted or until one of them ends.

    Where `mlflow_uri` names an MLflow server, that one is shown and none is started.
    Returns the exit status: 0 after an interrupt, 1 when a server ended by itself.
    """
    home = prepare_environment(settings)
    ports = {"app": app_port, "Dagster": dagster_port}
    if not _has_mlflow_server(settings):
        ports["MLflow"] = mlflow_port
    for name, port in ports.items():
        _require_free(name, port, option=f"--{name.lower()}-port")
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    addresses.setdefault("MLflow", settings.mlflow_location)
    os.environ["JOBFINDER_DAGSTER_ADDRESS"] = addresses["Dagster"]
    commands = _server_commands(settings, home, dagster_port=dagster_port, mlflow_port=mlflow_port)
    commands = {"app": app_command(app_port), **commands}
    logs = home.root / "logs"
    logs.mkdir(exist_ok=True)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    _end_when_terminated()
    try:
        for name, command in commands.items():
            with (logs / f"{name}.log").open("ab") as log:
                processes[name] = subprocess.Popen(
                    command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
                )
        for name, address in addresses.items():
            console.print(f"{name:<8} {address}", markup=False, emoji=False, soft_wrap=True)
        console.print(f"logs     {logs}\nCtrl-C stops them all.", highlight=False, markup=False, emoji=False)
        return _watch(processes, logs, console)
    except KeyboardInterrupt:
        console.print("stopping …")
        return 0
    finally:
        _stop(processes)


def app_command(port: int) -> list[str]:
    """What starts the Streamlit app on localhost, without a browser, a usage report or a question on the first run."""
    app = Path(__file__).parent / "web" / "app.py"
    return [
        sys.executable, "-m", "streamlit", "run", str(app), "--server.address", "127.0.0.1", "--server.port", str(port),
        "--server.headless", "true", "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none",
        "--client.toolbarMode", "minimal", "--server.showEmailPrompt", "false",
        # A search through the whole memory after every key costs more than it frees.
        "--runner.postScriptGC", "false",
        # Streamlit's red is too pale for small letters.
        "--theme.primaryColor", "#1d4ed8",
    ]  # fmt: skip


def open_app(settings: Settings, console: Console, *, port: int) -> int:
    """Run the app alone until interrupted or terminated; returns the exit status."""
    prepare_environment(settings)
    _require_free("app", port, option="--port")
    console.print(f"app      http://127.0.0.1:{port}\nCtrl-C stops it.", highlight=False)
    _end_when_terminated()
    process = subprocess.Popen(app_command(port), start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop({"app": process})


def _end_when_terminated() -> None:
    """Both ways of being stopped end in the same orderly way, also where a script's background ignores SIGINT."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _server_commands(settings: Settings, home: Home, *, dagster_port: int, mlflow_port: int) -> Mapping[str, list[str]]:
    module = ["-m", "jobfinder_assets.definitions"]
    dagster = {
        "dagster-webserver": [
            _tool("dagster-webserver"), *module, "--host", "127.0.0.1", "--port", str(dagster_port),
        ],
        "dagster-daemon": [_tool("dagster-daemon"), "run", *module],
    }  # fmt: skip
    if _has_mlflow_server(settings):
        return dagster
    mlflow = [
        _tool("mlflow"), "server", "--backend-store-uri", settings.mlflow_location, "--workers", "1",
        "--default-artifact-root", str(home.mlflow / "artifacts"), "--host", "127.0.0.1", "--port", str(mlflow_port),
    ]  # fmt: skip
    return dagster | {"mlflow": mlflow}


def _has_mlflow_server(settings: Settings) -> bool:
    """Whether a server has the MLflow store already; elsewhere it is a database, for a server of our own to open."""
    return urlsplit(settings.mlflow_location).scheme in ("http", "https")


def _tool(name: str) -> str:
    """A command of this environment, whether or not the environment is activated."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise LaunchError(f"the command {name!r} is not installed beside {sys.executable}; run `make run` once")
    return found


def _require_free(name: str, port: int, *, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LaunchError(
                f"port {port} for {name} is taken ({error.strerror}); choose another with {option}"
            ) from error


def _watch(processes: Mapping[str, "subprocess.Popen[bytes]"], logs: Path, console: Console) -> int:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                words = f"{name} ended with status {process.returncode}; see {logs / name}.log"
                console.print(words, style="red", markup=False, emoji=False)
                return 1
        time.sleep(0.5)


def _stop(processes: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    """Ask each server's whole process group to end, then insist."""
    for signal_number, patience in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 2.0)):
        alive = [process for process in processes.values() if process.poll() is None]
        for process in alive:
            os.killpg(process.pid, signal_number)
        deadline = time.monotonic() + patience
        for process in alive:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue
