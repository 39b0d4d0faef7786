"""Passages and whole adverts that readers wrote, with what they say, before running any of the code (ARCHITECTURE).

`gold/passages*.jsonl`: `loc`, `title` and `text` are those of an advert; `label` is pay as [minimum, maximum, currency,
period], years, a level, a workplace, countries, or [city, region, country] ("a|b" allows either, "*" anything).
`gold/adverts*.jsonl`: adverts with all of these, "?" where their reader would not say; nothing was changed for those
held out. What two readers could take two ways is in `DEBATABLE`.
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

GOLD = Path(__file__).parent / "gold"
# A firm that is fully distributed; a city that is a state; no matter in which country.
DEBATABLE = ("We're a fully distributed company", "Singapore", "Work from anywhere in the world")
FACTS = {
    "pay": "pay",
    "years": "years",
    "level": "level",
    "workplace": "workplace",
    "apply": "apply",
    "place": "location",
}


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLD / name).read_text(encoding="utf-8").splitlines()]


def told(name: str) -> list[dict[str, Any]]:
    """The facts of whole adverts, each as a passage; a place only of an advert that has a location field."""
    return [
        {"fact": fact, "label": advert[name], "loc": advert["loc"], "title": advert["title"], "text": advert["text"]}
        for advert in read(name)
        for name, fact in FACTS.items()
        if advert.get(name, "?") != "?" and (fact != "location" or advert["loc"])
    ]


def is_debatable(passage: dict[str, Any]) -> bool:
    told_in = "loc" if passage["fact"] == "location" else "text"
    return (passage.get(told_in) or "").startswith(DEBATABLE)


def holds(passage: dict[str, Any]) -> bool:
    """Whether the code reads what the reader read."""
    label, text, place = passage["label"], passage.get("text") or "", passage.get("loc")
    match passage["fact"]:
        case "pay":
            pay = find_salary(text)
            # As cleaning does: "$" alone are the dollars of the job's country.
            pay = pay.paid_in(parse_place(place).country) if pay else None
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
    ("passages", "counts", "most_missed"),
    [
        (read("passages.jsonl"), (81, 40, 30, 60, 50, 40), 0.02),
        (read("passages_later.jsonl"), (80, 40, 30, 60, 60, 30), 0.04),
        (read("passages_last.jsonl"), (80, 50, 50, 60, 60, 0), 0.05),
        (read("passages_ordinary.jsonl"), (80, 80, 80, 0, 140, 0), 0.02),
        (read("passages_workplace.jsonl"), (0, 0, 0, 1032, 0, 0), 0.03),
        (told("adverts.jsonl"), (60, 60, 60, 60, 60, 59), 0.02),
        (told("adverts_later.jsonl"), (148, 147, 142, 149, 145, 0), 0.03),
        (told("adverts_last.jsonl"), (132, 134, 132, 132, 133, 0), 0.1),
        (told("adverts_held_out.jsonl"), (60, 60, 60, 60, 60, 58), 0.19),
    ],
    ids=[
        "passages",
        "passages later",
        "passages last",
        "ordinary",
        "workplace",
        "adverts",
        "adverts later",
        "adverts last",
        "adverts held out",
    ],
)
@pytest.mark.parametrize("fact", FACTS.values())
def test_what_a_reader_reads_is_read(
    passages: list[dict[str, Any]], counts: tuple[int, ...], most_missed: float, fact: str
) -> None:
    mine = [passage for passage in passages if passage["fact"] == fact]
    assert len(mine) == dict(zip(FACTS.values(), counts, strict=True))[fact]
    judged = [one for one in mine if not is_debatable(one)]
    missed = [one for one in judged if not holds(one)]
    print(f"{fact}: {len(judged) - len(missed)} of {len(judged)}")
    assert len(missed) <= most_missed * len(judged), [
        (one.get("loc"), (one.get("text") or "")[:200], one["label"]) for one in missed
    ]
