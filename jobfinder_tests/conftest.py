"""Fixtures for every room: a home of its own for each test, and the shared real data where there is any."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from absl.logging import get_absl_handler
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from jobfinder_assets.config import Home
from jobfinder_assets.storage.lake import Lake

# Shared machines are slow now and then: a property is judged by its cases, never by its time.
hypothesis_settings.register_profile("jobfinder", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("jobfinder")

# Dagster closes every log handler when it sets logging up. absl's, which mlcroissant brings, then closes what was
# sys.stderr when it was imported, unless that is the system's own: here it would be pytest's.
get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A fresh JOBFINDER_HOME; no variable or file of the developer's reaches the test."""
    for name in [name for name in os.environ if name.startswith("JOBFINDER_") and name != "JOBFINDER_SHARED"]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("JOBFINDER_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    return Home.default().create()


@pytest.fixture
def lake(home: Home) -> Lake:
    return Lake(str(home.lake))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real postings and recorded responses, for development and CI only."""
    value = os.environ.get("JOBFINDER_SHARED", "")
    if not value:
        pytest.skip("JOBFINDER_SHARED is not set: this test reads real postings that are not part of the project")
    folder = Path(value).absolute()
    if not folder.is_dir():
        pytest.skip(f"JOBFINDER_SHARED={value} is not a folder: this test reads real postings")
    return folder
