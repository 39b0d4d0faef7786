"""Single fields: a value or None, whatever stands there."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.ingestion.contract import record_json, well_formed
from jobfinder_assets.ingestion.fields import moment, number, text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-06-02", datetime(2026, 6, 2, tzinfo=UTC)),
        ("2026-06-02T08:58:57-04:00", datetime(2026, 6, 2, 12, 58, 57, tzinfo=UTC)),
        ("2026-06-02T08:58:57.123Z", datetime(2026, 6, 2, 8, 58, 57, 123000, tzinfo=UTC)),
        ("2021-10-03 04:25:55 +0000", datetime(2021, 10, 3, 4, 25, 55, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 07:00:00 GMT", datetime(2026, 11, 23, 7, tzinfo=UTC)),
        (1_782_918_120, datetime(2026, 7, 1, 15, 2, tzinfo=UTC)),
        ("1782918120000", datetime(2026, 7, 1, 15, 2, tzinfo=UTC)),
        (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
        ("March 5, 2021", datetime(2021, 3, 5, tzinfo=UTC)),
        ("3/25/2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("25.03.2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("3/3/2021", datetime(2021, 3, 3, tzinfo=UTC)),
        ("3/4/2021", None),
        ("31/31/2021", None),
        ("21 days ago", None),
        ("30+ days ago", None),
        ("time_posted", None),
        ("save job", None),
        ("", None),
        (None, None),
        (7, None),
        (float("nan"), None),
        (True, None),
        ("9" * 5000, None),
    ],
)
def test_moments(value: Any, expected: datetime | None) -> None:
    assert moment(value) == expected


@given(ANYTHING)
def test_no_value_raises(value: Any) -> None:
    for read, kind in ((text, str), (number, float), (moment, datetime)):
        assert isinstance(read(value), kind | None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("120,000", 120_000), (3, 3), ("x", None), (0, None), (-1, None), ("nan", None), (True, None)],
)
def test_numbers(value: Any, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3.0, "3"), (" ", None), ({}, None), ([], None), (float("inf"), None)])
def test_texts(value: Any, expected: str | None) -> None:
    assert text(value) == expected


def test_lone_surrogates_do_not_reach_the_lake() -> None:
    assert record_json({"a": "x\ud800y"}) == '{"a":"x�y"}'
    assert well_formed("😀é\ud83d") == "😀é�"
