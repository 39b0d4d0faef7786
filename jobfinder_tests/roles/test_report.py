"""What is known of a fitted tagger: tables, judgement by corrections, drift, and its run in MLflow."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.roles.report import (
    EXPERIMENT,
    judge,
    log_fit,
    report_fit,
    role_drift,
    titled_roles,
    weekly_shares,
)
from jobfinder_assets.roles.tagging import tagger_in_force, update_tags
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_tests.roles.test_assets import postings

NOW = pd.Timestamp("2026-03-30", tz="UTC")


def test_a_judgement_counts_and_weighs() -> None:
    probabilities = np.array([[0.9, 0.1, 0, 0, 0], [0.6, 0.4, 0, 0, 0], [0, 0, 0, 0, 1.0]])
    found = judge(probabilities, np.array([0, 1, 4]))
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.confusion.loc["data_analyst", "data_engineer"] == 1
    assert found.macro_f1 == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert found.calibration_error == pytest.approx((0.1 + 0.6 + 0) / 3)


def test_titles_say_a_role_or_nothing() -> None:
    found = titled_roles(pd.Series(["Senior Data Engineer", "Zookeeper of things", None]))
    assert found.tolist() == ["data_engineer", "says nothing", "says nothing"]


def test_a_fit_is_logged_with_its_judgement(lake: Lake, home: Home) -> None:
    lake.append("postings", postings(8).assign(source="files"))
    tagger, _ = tagger_in_force(lake, home)
    update_tags(lake, tagger)
    told = lake.read("role_tags", ["posting_id", "role"]).set_index("posting_id")["role"].head(40)
    settings = Settings()
    report = report_fit(lake, tagger, told)
    assert report.judgement is not None and report.judgement.accuracy > 0.8
    assert report.titles.to_numpy().sum() == report.sources.to_numpy().sum() == report.postings
    run = mlflow.MlflowClient(settings.mlflow_location).get_run(log_fit(settings, tagger, report))
    assert run.data.metrics["corrections"] == 40 and "macro_f1" in run.data.metrics
    assert run.data.params["version"] == tagger.version
    files = {path.name for path in Path(run.info.artifact_uri.removeprefix("file://")).iterdir()}
    assert files >= {"confusion.png", "calibration.png", "where_titles_go.png", "roles_by_source.csv"}
    assert mlflow.MlflowClient(settings.mlflow_location).get_experiment_by_name(EXPERIMENT) is not None


def shares(lake: Lake, source: str, *, recent: str, before: str, count: int = 120) -> None:
    rows = [
        {"posting_id": f"{source}{number}", "source": source, "first_seen_at": NOW - pd.Timedelta(days=age)}
        for number, age in enumerate([5] * count + [60] * count)
    ]
    lake.append("postings", pd.DataFrame(rows))
    roles = [recent] * count + [before] * count
    lake.append("role_tags", pd.DataFrame({"posting_id": [row["posting_id"] for row in rows], "role": roles}))


def test_a_source_that_sends_other_roles_is_seen(lake: Lake) -> None:
    shares(lake, "steady", recent="other", before="other")
    shares(lake, "moved", recent="other", before="data_engineer")
    shares(lake, "small", recent="other", before="data_engineer", count=20)
    drift = role_drift(lake, NOW).set_index("source")["shift"]
    assert set(drift.index) == {"steady", "moved"}
    assert drift["steady"] == 0 and drift["moved"] > 1
    weeks = weekly_shares(lake)
    assert weeks[list(ROLES)].to_numpy().sum() == 2 * (120 + 120 + 20)
