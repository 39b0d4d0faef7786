"""What a board's history tells: silence, streaks, and fields that went missing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.ingestion.contract import Status
from jobfinder_assets.ingestion.health import BoardHealth, Complaint, complaints, frame

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
FULL = {"title": 1.0, "pay": 0.6, "location": 0.9}


def history(*runs: tuple[Status, int] | tuple[Status, int, dict[str, float]]) -> pd.DataFrame:
    rows = [
        BoardHealth("told", "acme", str(day), run[0], NOW + timedelta(days=day), rows=run[1], filled=dict(*run[2:]))
        for day, run in enumerate(runs)
    ]
    return frame(rows)


def of(*runs: Any) -> list[Complaint]:
    return complaints(history(*runs), ["acme"])


def test_a_healthy_board_is_no_complaint() -> None:
    assert of(("ok", 30, FULL), ("unchanged", 30), ("ok", 31, FULL)) == []


def test_a_board_never_fetched_is_said() -> None:
    assert complaints(history(("ok", 1)), ["acme", "new"]) == [Complaint("new", "never fetched")]
    assert complaints(history(("failed", 0)), []) == [], "a board that is read no more is nobody's trouble"


def test_silence_after_postings_is_severe_but_a_board_that_was_always_empty_is_not() -> None:
    (silent,) = of(("ok", 30), ("empty", 0))
    assert silent.severe and silent.words.startswith("it gave 30 postings before and gives none now")
    (empty,) = of(("empty", 0), ("empty", 0))
    assert not empty.severe


@pytest.mark.parametrize(("failures", "severe"), [(1, False), (2, False), (3, True), (5, True)])
def test_a_streak_of_failures_is_severe(failures: int, severe: bool) -> None:
    (complaint,) = of(("ok", 30), *[("blocked", 0)] * failures)
    assert complaint.severe == severe
    assert not severe or complaint.words.startswith(f"{failures} fetches in a row failed, since 2026-11-24")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (FULL | {"pay": 0.25}, ["pay: 25% of the postings have it, 60% had it before; has the source changed?"]),
        (
            {"title": 1.0, "location": 0.9},
            ["pay: 0% of the postings have it, 60% had it before; has the source changed?"],
        ),
        (FULL | {"pay": 0.31}, []),
        ({}, []),
    ],
)
def test_a_field_that_went_missing_is_severe(now: dict[str, float], words: list[str]) -> None:
    found = of(("ok", 30, FULL), ("ok", 30, FULL), ("ok", 30, now))
    assert [complaint.words for complaint in found] == words
    assert all(complaint.severe for complaint in found)


def test_few_postings_or_a_rare_field_tell_nothing() -> None:
    assert of(("ok", 5, FULL), ("ok", 5, {"title": 1.0})) == []
    rare = {"title": 1.0, "pay": 0.1}
    assert of(("ok", 30, rare), ("ok", 30, {"title": 1.0})) == []


def test_health_of_an_older_jobfinder_has_no_shares() -> None:
    rows = history(("ok", 30, FULL), ("ok", 30, FULL))
    rows.loc[0, "filled"] = None
    assert complaints(rows, ["acme"]) == []
