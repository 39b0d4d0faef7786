"""A broken table is caught, and the failure names column, rule and rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.cleaning import checks
from jobfinder_assets.cleaning.checks import POSTINGS, result
from jobfinder_assets.cleaning.expectations import Before, Failure, compare, validate
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake

GOOD = pd.DataFrame(
    {
        "posting_id": [f"p{n}" for n in range(10)],
        "title": "Data Engineer",
        "description_length": 500,
        "company": "Acme",
        "workplace": "remote",
        "seniority": "senior",
        "salary_period": "year",
        "salary_origin": "field",
        "country": "US",
        "salary_currency": "USD",
        "salary_annual_usd": 120_000.0,
        "years_min": 5.0,
        "language": "en",
        "source": "files",
        "content_hash": "h",
        "first_seen_at": pd.Timestamp("2026-01-01", tz="UTC"),
        "posted_at_days_ahead": -3.0,
        "first_seen_at_days_ahead": -2.0,
        "last_seen_at_days_ahead": -1.0,
    }
)


def change(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{column: value})


def test_a_sound_table_passes() -> None:
    assert validate(GOOD, POSTINGS) == []


@pytest.mark.parametrize(
    ("damage", "column"),
    [
        (lambda frame: frame.drop(columns="title"), "title"),
        (change("title", None), "title"),
        (change("posting_id", "same"), "posting_id"),
        (change("salary_annual_usd", 120.0), "salary_annual_usd"),
        (change("salary_annual_usd", 120_000_000.0), "salary_annual_usd"),
        (change("posted_at_days_ahead", 40.0), "posted_at_days_ahead"),
        (change("workplace", None), "workplace"),
        (change("salary_period", "century"), "salary_period"),
        (change("workplace", "moon"), "workplace"),
        (change("country", "USA"), "country"),
        (change("description_length", 3), "description_length"),
        (lambda frame: frame.head(0), "(table)"),
    ],
)
def test_damage_is_named(damage: Callable[[pd.DataFrame], pd.DataFrame], column: str) -> None:
    failures = validate(damage(GOOD), POSTINGS)
    assert [failure.column for failure in failures] == [column]
    assert failures[0].rule


def test_a_failure_shows_the_rows_that_broke_the_rule() -> None:
    broken = GOOD.assign(workplace=["moon", *["remote"] * 9])
    failures = validate(broken, POSTINGS)
    assert failures[0].examples["posting_id"].tolist() == ["p0"]
    outcome = result(failures, rows=10)
    assert not outcome.passed
    assert outcome.severity == dg.AssetCheckSeverity.ERROR
    shown = str(outcome.metadata["failures"].value)
    assert "workplace" in shown and "moon" in shown and "p0" in shown


def test_a_lost_row_fails_the_account() -> None:
    lost = Failure("source", "in = kept + rejected", pd.DataFrame({"source": ["files"], "in": [2], "kept": [1]}))
    assert "in = kept + rejected" in str(result([lost], rows=1).description)


def test_every_suite_is_a_blocking_check() -> None:
    for check in (checks.postings_suite, checks.rejected_suite, checks.clusters_suite):
        assert all(spec.blocking for spec in check.check_specs)


def test_what_is_lost_between_two_checks_is_named() -> None:
    before = Before(100, {"company": 0.9, "requisition_id": 0.01})
    assert compare(60, {"company": 0.9}, before, largest_drop=0.5) == []
    (halved,) = compare(49, {"company": 0.9}, before, largest_drop=0.5)
    assert halved.column == "(table)" and "largest_drop" in halved.rule
    (empty,) = compare(100, {"company": 0.0, "requisition_id": 0.0}, before, largest_drop=0.5)
    assert empty.column == "company"
    assert compare(5, {"company": 0.1}, before, largest_drop=1.0) == []


NOW = datetime.now(UTC)


def rows(count: int, **changed: Any) -> pd.DataFrame:
    """Rows of `postings` as cleaning writes them."""
    facts = {
        "source": "files",
        "content_hash": "h",
        "cleaning_version": "1",
        "title": "Data Engineer",
        "company": "Acme",
        "description": "You build pipelines, and keep them running.",
        "location": "Berlin",
        "country": "DE",
        "workplace": "remote",
        "seniority": "senior",
        "salary_annual_usd": 90_000.0,
        "language": "en",
        "posted_at": NOW - timedelta(days=3),
        "first_seen_at": NOW,
        "last_seen_at": NOW,
    }
    return pd.DataFrame([facts | changed | {"posting_id": f"p{number:03d}"} for number in range(count)])


def run_checks(lake: Lake, instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    """Every suite on the lake as it stands, by name."""
    suites = [checks.postings_suite, checks.rejected_suite, checks.clusters_suite]
    resources = {"lake": LakeResource(uri=lake.uri), "settings": SettingsResource()}
    selection = dg.AssetSelection.checks(*suites)
    outcome = dg.materialize(suites, selection=selection, instance=instance, resources=resources, raise_on_error=False)
    return {evaluation.check_name: evaluation for evaluation in outcome.get_asset_check_evaluations()}


def store(lake: Lake, frame: pd.DataFrame) -> None:
    for table in ("postings", "posting_clusters", "raw_postings"):
        if lake.exists(table):
            lake.delete(table, lake.read(table, ["posting_id"] if table != "raw_postings" else ["source"]))
    lake.merge("postings", frame)
    ids = frame["posting_id"]
    alone = pd.DataFrame({"posting_id": ids, "cluster_id": ids, "canonical_id": ids, "size": 1, "reposts": 0})
    lake.merge("posting_clusters", alone)
    lake.merge("raw_postings", pd.DataFrame({"source": "files", "board": "b", "source_id": ids, "posting_id": ids}))


@pytest.mark.parametrize(
    ("frame", "suite", "named"),
    [
        (rows(20, location=None), "postings_suite", "location"),
        (rows(20, company=None), "postings_suite", "company"),
        (rows(20, salary_annual_usd=9_000_000.0), "postings_suite", "salary_annual_usd"),
        (rows(20, salary_annual_usd=90.0), "postings_suite", "salary_annual_usd"),
        (rows(20, posted_at=NOW + timedelta(days=30)), "postings_suite", "posted_at"),
        (rows(20, last_seen_at=NOW + timedelta(days=30)), "postings_suite", "last_seen_at"),
        (rows(9), "postings_suite", "(table)"),
        (rows(9), "clusters_suite", "(table)"),
        (rows(0).reindex(columns=["posting_id", "source"]), "postings_suite", "(table)"),
    ],
    ids=["nulls", "no company", "pay in cents", "pay in thousands", "future", "seen in the future", "half the rows",
         "half the clusters", "empty"],
)  # fmt: skip
def test_damage_in_the_lake_fails_its_check(
    lake: Lake, instance: dg.DagsterInstance, frame: pd.DataFrame, suite: str, named: str
) -> None:
    store(lake, rows(20))
    assert all(evaluation.passed for evaluation in run_checks(lake, instance).values())
    store(lake, frame)
    evaluation = run_checks(lake, instance)[suite]
    assert not evaluation.passed
    assert named in str(evaluation.description)


def test_a_loss_on_purpose_is_accepted_by_a_setting(
    lake: Lake, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(lake, rows(20))
    run_checks(lake, instance)
    store(lake, rows(2))
    assert not run_checks(lake, instance)["postings_suite"].passed
    monkeypatch.setenv("JOBFINDER_CHECKS__LARGEST_DROP", "1")
    assert run_checks(lake, instance)["postings_suite"].passed
    monkeypatch.delenv("JOBFINDER_CHECKS__LARGEST_DROP")
    assert run_checks(lake, instance)["postings_suite"].passed


def test_a_restored_row_is_not_held_to_the_rules(lake: Lake, instance: dg.DagsterInstance) -> None:
    frame = rows(20)
    frame.loc[3, "title"] = None
    store(lake, frame)
    assert "title" in str(run_checks(lake, instance)["postings_suite"].description)
    lake.merge("restorations", pd.DataFrame({"posting_id": ["p003"], "restored": [True]}))
    assert run_checks(lake, instance)["postings_suite"].passed
