"""Passages that a reader wrote, with what they say, before running any of the code (ARCHITECTURE, "What was measured").

`gold/passages.jsonl`: `loc`, `title` and `text` are those of an advert; `label` is pay as [minimum, maximum, currency,
period], years, a level, a workplace, countries, or [city, region, country] ("a|b" allows either, "*" anything). What
two readers could take two ways is in `DEBATABLE`.
"""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.cleaning.eligibility import eligible_countries
from jobfinder_assets.cleaning.location import parse_workplace
from jobfinder_assets.cleaning.places import parse_place
from jobfinder_assets.cleaning.salary import find_salary
from jobfinder_assets.cleaning.seniority import parse_seniority

PASSAGES = [
    json.loads(line)
    for line in (Path(__file__).parent / "gold" / "passages.jsonl").read_text(encoding="utf-8").splitlines()
]
# A firm that is fully distributed; a city that is a state.
DEBATABLE = frozenset({"We're a fully distributed company", "Singapore"})


def holds(passage: dict[str, Any]) -> bool:
    """Whether the code reads what the reader read."""
    label, text, place = passage["label"], passage.get("text") or "", passage.get("loc")
    match passage["fact"]:
        case "pay":
            pay = find_salary(text)
            return ([pay.minimum, pay.maximum, pay.currency, pay.period] if pay else None) == label
        case "years":
            return parse_seniority("", text).years_min == label
        case "level":
            return parse_seniority(passage["title"], text).level in label.split("|")
        case "workplace":
            return parse_workplace(place, text) in label.split("|")
        case "apply":
            found = eligible_countries(place, text)
            if isinstance(label, dict):
                return found is not None and set(label["has"]) <= set(found) and not set(label["not"]) & set(found)
            return found == label
        case _:
            found_place = parse_place(place)
            parts = zip((found_place.city, found_place.region, found_place.country), label, strict=True)
            return all(got == said or said == "*" or fnmatch(got or "", said or "") for got, said in parts)


@pytest.mark.parametrize(
    ("fact", "passages"),
    [("pay", 81), ("years", 40), ("level", 30), ("workplace", 60), ("apply", 50), ("location", 40)],
)
def test_what_a_reader_reads_is_read(fact: str, passages: int) -> None:
    mine = [passage for passage in PASSAGES if passage["fact"] == fact]
    assert len(mine) == passages
    judged = [one for one in mine if not str(one.get("text") or one.get("loc")).startswith(tuple(DEBATABLE))]
    missed = [one for one in judged if not holds(one)]
    assert len(missed) <= 0.02 * len(judged), [(one.get("loc"), one.get("text"), one["label"]) for one in missed]
