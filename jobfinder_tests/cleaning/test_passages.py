"""Passages and whole adverts that readers wrote, with what they say, before running any of the code (ARCHITECTURE).

`gold/passages*.jsonl`: `loc`, `title` and `text` are those of an advert; `label` is pay as [minimum, maximum, currency,
period], years, a level, a workplace, countries, or [city, region, country] ("a|b" allows either, "*" anything).
`gold/adverts*.jsonl`: adverts with all of these, "?" where their reader would not say; nothing but the reading of
workplaces was changed for those held out. What two readers could take two ways is in `DEBATABLE`.
"""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.cleaning.eligibility import eligible_countries
from jobfinder_assets.cleaning.location import parse_workplace
from jobfinder_assets.cleaning.places import parse_place
from jobfinder_assets.cleaning.salary_prose import find_salary
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


# Passages; how many there are of each fact of `FACTS`; the share of them that may be missed.
SETS: dict[str, tuple[list[dict[str, Any]], tuple[int, ...], float]] = {
    "passages": (read("passages.jsonl"), (81, 40, 30, 60, 50, 40), 0.02),
    "passages later": (read("passages_later.jsonl"), (80, 40, 30, 60, 60, 30), 0.04),
    "passages last": (read("passages_last.jsonl"), (80, 50, 50, 60, 60, 0), 0.05),
    "ordinary": (read("passages_ordinary.jsonl"), (80, 80, 80, 0, 140, 0), 0.02),
    "workplace": (read("passages_workplace.jsonl"), (0, 0, 0, 1032, 0, 0), 0.03),
    "workplace later": (read("passages_workplace_later.jsonl"), (0, 0, 0, 396, 0, 0), 0.06),
    "adverts": (told("adverts.jsonl"), (60, 60, 60, 60, 60, 59), 0.02),
    "adverts later": (told("adverts_later.jsonl"), (148, 147, 142, 149, 145, 0), 0.03),
    "adverts last": (told("adverts_last.jsonl"), (132, 134, 132, 132, 133, 0), 0.1),
    "adverts held out": (told("adverts_held_out.jsonl"), (60, 60, 60, 60, 60, 58), 0.19),
}


@pytest.mark.parametrize("name", SETS)
def test_each_passage_is_counted(name: str) -> None:
    passages, counts, _ = SETS[name]
    assert tuple(sum(one["fact"] == fact for one in passages) for fact in FACTS.values()) == counts


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        (name, fact)
        for name, (_, counts, _) in SETS.items()
        for fact, count in zip(FACTS.values(), counts, strict=True)
        if count
    ],
)
def test_what_a_reader_reads_is_read(name: str, fact: str) -> None:
    passages, _, most_missed = SETS[name]
    mine = [passage for passage in passages if passage["fact"] == fact]
    judged = [one for one in mine if not is_debatable(one)]
    missed = [one for one in judged if not holds(one)]
    print(f"{fact}: {len(judged) - len(missed)} of {len(judged)}")
    assert len(missed) <= most_missed * len(judged), [
        (one.get("loc"), (one.get("text") or "")[:200], one["label"]) for one in missed
    ]
