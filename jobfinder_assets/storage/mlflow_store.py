"""The user's own MLflow store: SQLite under `JOBFINDER_HOME`, or the server that the settings name."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jobfinder_assets.config import Settings


@contextmanager
def mlflow_client(settings: Settings) -> Iterator[Any]:
    """An MLflow client on the user's own store, without telemetry and without the chatter of its migrations."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow

    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking", "mlflow.pyfunc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(settings.mlflow_location)
    mlflow.set_registry_uri(settings.mlflow_location)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
        yield mlflow.MlflowClient()


def experiment_id(client: Any, settings: Settings, name: str, folder: str) -> str:
    """The experiment `name`, made when there is none; a local store keeps its artifacts in `artifacts/FOLDER`."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = settings.mlflow_location.startswith("sqlite:")
    artifacts = settings.home.mlflow / "artifacts" / folder
    return str(client.create_experiment(name, artifact_location=artifacts.as_uri() if local else None))
