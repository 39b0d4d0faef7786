"""A broken table is caught, and the failure names column, rule and rows."""

from collections.abc import Callable

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.cleaning import checks
from jobfinder_assets.cleaning.checks import POSTINGS, result
from jobfinder_assets.cleaning.expectations import Failure, validate

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
        "days_ahead": -3.0,
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
        (change("days_ahead", 40.0), "days_ahead"),
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
