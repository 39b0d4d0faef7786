"""A profile's runs and models out of MLflow, and Dagster's history of runs, down to the pages of their databases."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.export.errors import ExportError
from jobfinder_assets.roles import report
from jobfinder_assets.storage.mlflow_store import mlflow_client
from jobfinder_assets.training.registry import model_name


def erase_mlflow(settings: Settings, profile: str, *, tagger: bool) -> dict[str, int]:
    """Remove the profile's registered model, runs, logged models, data sets and artifacts; returns what was removed.

    tagger: the fits of the role tagger as well, because they learnt from the profile's corrections.
    """
    local = settings.mlflow_location.startswith("sqlite:")
    if local and not local_mlflow(settings).is_file():
        return {}
    folders = {f"jobfinder/{profile}": profile} | ({report.EXPERIMENT: "roles"} if tagger else {})
    done = {"MLflow runs": 0, "MLflow models": 0}
    with mlflow_client(settings) as client:
        for model in client.search_registered_models(f"name = '{model_name(profile)}'"):
            client.delete_registered_model(model.name)
            done["MLflow models"] += 1
        experiments = [each for each in _experiments(client) if each.name in folders]
        for experiment in experiments:
            for run in _runs(client, experiment.experiment_id):
                if run.info.lifecycle_stage == "active":
                    client.delete_run(run.info.run_id)
                done["MLflow runs"] += 1
            for model in _logged_models(client, experiment.experiment_id):
                client.delete_logged_model(model.model_id)
            if experiment.lifecycle_stage == "active":
                client.delete_experiment(experiment.experiment_id)
            if local:
                _delete_for_good(client, experiment.experiment_id)
    for folder in folders.values():
        shutil.rmtree(settings.home.mlflow / "artifacts" / folder, ignore_errors=True)
    if local:
        vacuum(local_mlflow(settings))
    return {what: count for what, count in done.items() if count}


def erase_dagster(home: Home, *, force: bool) -> dict[str, int]:
    """Empty Dagster's history: runs, events, ticks, partitions and logs of all profiles, which cannot be told apart.

    Only what it remembers goes: the next run, or the servers, start a new history.

    Raises `ExportError` while a run is in progress, unless `force` says that it is a dead one's leftover.
    """
    if not any(home.dagster.glob("*/")):
        return {}
    with _instance(home) as instance:
        running = _running(instance)
        if running and not force:
            raise ExportError(
                f"{running} runs are in progress; wait for their end, or say --force if no jobfinder is running"
            )
        runs = int(instance.get_runs_count())
        instance.wipe()
        instance.schedule_storage.wipe()
    for file in home.dagster.rglob("*.db"):
        vacuum(file)
    for folder in (home.dagster / "storage", home.dagster / ".logs_queue", home.dagster / ".telemetry"):
        shutil.rmtree(folder, ignore_errors=True)
    return {"Dagster runs": runs}


def require_idle(home: Home) -> None:
    """Raises `ExportError` while a Dagster run is in progress: it would write back what is being erased."""
    if any(home.dagster.glob("*/")):
        with _instance(home) as instance:
            if running := _running(instance):
                raise ExportError(
                    f"{running} runs are in progress; wait for their end, or say --force if no jobfinder is running"
                )


def local_mlflow(settings: Settings) -> Path:
    """The database of an MLflow store on this machine."""
    return Path(settings.mlflow_location.removeprefix("sqlite:///")).absolute()


def vacuum(file: Path) -> None:
    """Write a SQLite database anew, so that nothing deleted stays in its free pages or its log."""
    with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # What is keyed by a cursor's name is rebuilt when it is asked for.
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "kvs" in tables:
            database.execute("DELETE FROM kvs")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _instance(home: Home) -> Iterator[Any]:
    import dagster as dg

    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    finally:
        if before is None:
            os.environ.pop("DAGSTER_HOME", None)
        else:
            os.environ["DAGSTER_HOME"] = before


def _running(instance: Any) -> int:
    import dagster as dg

    statuses = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    return int(instance.get_runs_count(dg.RunsFilter(statuses=statuses)))


def _experiments(client: Any) -> Iterator[Any]:
    from mlflow.entities import ViewType

    yield from _pages(lambda token: client.search_experiments(view_type=ViewType.ALL, page_token=token))


def _runs(client: Any, experiment: str) -> list[Any]:
    from mlflow.entities import ViewType

    return list(_pages(lambda token: client.search_runs([experiment], run_view_type=ViewType.ALL, page_token=token)))


def _logged_models(client: Any, experiment: str) -> list[Any]:
    return list(_pages(lambda token: client.search_logged_models([experiment], page_token=token)))


def _pages(ask: Any) -> Iterator[Any]:
    token = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return


def _delete_for_good(client: Any, experiment: str) -> None:
    """What `mlflow gc` does: a deleted run is only marked as such."""
    store = client._tracking_client.store
    for run in _runs(client, experiment):
        store._hard_delete_run(run.info.run_id)
    for model in store._get_deleted_logged_models():
        store._hard_delete_logged_model(model)
    store._hard_delete_experiment(experiment)
