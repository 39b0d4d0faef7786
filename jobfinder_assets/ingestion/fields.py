"""Reading single fields of a source's record: whatever stands there, a value or None, never an exception."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

# Epoch numbers between 2001 and 2100: 10 digits are seconds, 13 milliseconds.
_EPOCH_SECONDS = (1_000_000_000, 4_102_444_800)
# Beyond it a whole number of JSON is no float any more.
_LARGEST = 1e300
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_WRITTEN = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d", "%Y%m%d")
_LONGEST_DATE = 64


def text(value: Any) -> str | None:
    """The value as text; None when it is absent, blank, NaN or no scalar."""
    if type(value) is str:
        return value if value and not value.isspace() else None
    if value is None or isinstance(value, Mapping | list | tuple | set):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() else value
    words = str(value)
    return words if words.strip() else None


def number(value: Any) -> float | None:
    """A finite number above zero, given as a number or as digits (`"120,000"`), else None."""
    if isinstance(value, str):
        try:
            value = float(value.replace(",", "").strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LARGEST:
        return None
    return float(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """A nested object, or an empty one when something else stands there."""
    return value if isinstance(value, Mapping) else {}


def moment(value: Any) -> datetime | None:
    """A date or time in UTC; a time without a zone is UTC.

    Reads ISO 8601, RFC 2822, epoch seconds and milliseconds, written months, and slashed dates whose
    day and month cannot be mistaken. "3 days ago" has no anchor and gives None.
    """
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(value)
    words = (text(value) or "").strip()
    return _read_moment(words) if words and len(words) <= _LONGEST_DATE else None


# Postings of one fetch share few dates, and strptime is slow.
@lru_cache(maxsize=65_536)
def _read_moment(words: str) -> datetime | None:
    if words.isdecimal() and len(words) in (10, 13):
        return _epoch(int(words))
    if (slashed := _SLASHED.fullmatch(words)) is not None:
        return _slashed(*(int(part) for part in slashed.groups()))
    for read in (datetime.fromisoformat, _spaced_zone, parsedate_to_datetime, _written):
        try:
            return _utc(read(words))
        except (ValueError, OverflowError):
            continue
    return None


def _utc(value: datetime) -> datetime:
    # A pandas Timestamp is a datetime too: keep plain ones.
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime.fromtimestamp(value.timestamp(), UTC)


def _epoch(value: float) -> datetime | None:
    if not 0 < value < _LARGEST:
        return None
    for seconds in (value, value / 1000):
        if _EPOCH_SECONDS[0] <= seconds < _EPOCH_SECONDS[1]:
            return datetime.fromtimestamp(seconds, UTC)
    return None


def _slashed(first: int, second: int, year: int) -> datetime | None:
    """03/25/2021 and 25/03/2021 are clear; 03/04/2021 is not, unless day and month are equal."""
    month, day = (first, second) if second > 12 or first == second else (second, first)
    if first <= 12 and second <= 12 and first != second:
        return None
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _spaced_zone(words: str) -> datetime:
    """`2021-10-03 04:25:55 +0000`, and the same with the name UTC."""
    return datetime.strptime(words.replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z")


def _written(words: str) -> datetime:
    for pattern in _WRITTEN:
        try:
            return datetime.strptime(words, pattern)
        except ValueError:
            continue
    raise ValueError(f"no date: {words!r}")
