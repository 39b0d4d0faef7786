"""From postings and labels to as little as possible: closed vocabularies, bins, weeks, and nothing that is rare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.company import clean_company
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.lexicon import read_toml
from jobfinder_assets.export.columns import LONGEST_VALUE, PAY_BOUNDS, QUASI, YEARS_BOUNDS
from jobfinder_assets.export.words import words_of
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES

SMALLEST_PLACE = 500_000
# A row keeps at least so many of its facts, or it goes.
_FEWEST_FACTS = 2
_LEVELS = ("intern", "junior", "mid", "senior", "lead", "unspecified")
_WORKPLACES = ("onsite", "hybrid", "remote", "unspecified")
_EMPLOYMENTS = ("full_time", "part_time", "contract", "temporary", "internship")
_READ = (
    "posting_id", "source", "title", "company", "location", "city", "country", "workplace", "salary_annual_usd",
    "seniority", "years_min", "skills", "employment_type", "language",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Rare:
    """What became of rows whose combination of facts too few openings share.

    kept: which rows stay; blanked: how often each column was emptied; classes: for each kept row, how many openings
    of the corpus share what is left of it.
    """

    kept: NDArray[np.bool_]
    blanked: Mapping[str, int]
    classes: NDArray[np.int64]


def read_corpus(lake: Lake) -> pd.DataFrame:
    """Every posting by its id: the product's facts about it, and raw `title`, `company` and `location` to be scanned.

    `cluster_id` says which opening it is; `first` is true for one posting of each opening.
    """
    frame = lake.read("postings", _READ).set_index("posting_id").sort_index()
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]
    roles = lake.read("role_tags", ["posting_id", "role"]).set_index("posting_id")["role"]
    ids = pd.Series(frame.index, index=frame.index)
    cluster = ids.map(clusters).astype("object").fillna(ids)
    places = {pair: metropolis(*pair) for pair in set(zip(frame["city"], frame["country"], strict=True))}
    return pd.DataFrame(
        {
            "cluster_id": cluster,
            "first": ~cluster.duplicated(),
            "title": _text(frame["title"]),
            "company": _text(frame["company"]),
            "location": _text(frame["location"]),
            "role": _known(ids.map(roles), ROLES),
            "country": _known(frame["country"], gazetteer().codes),
            "seniority": _known(frame["seniority"], _LEVELS),
            "workplace": _known(frame["workplace"], _WORKPLACES),
            "pay": _bins(frame["salary_annual_usd"], PAY_BOUNDS, unit="USD"),
            "place": [places[pair] for pair in zip(frame["city"], frame["country"], strict=True)],
            "employment": _known(frame["employment_type"], _EMPLOYMENTS),
            "years": _bins(frame["years_min"], YEARS_BOUNDS, unit="years"),
            "language": frame["language"].astype("object").where(frame["language"].str.fullmatch(r"[a-z]{2}"), None),
            "employer": _employers(frame["company"]),
            "source": _text(frame["source"]),
            "skills": [_skills(value) for value in frame["skills"]],
            "title_words": [words_of(value) if isinstance(value, str) else [] for value in frame["title"]],
        },
        index=frame.index,
    )


def read_labels(lake: Lake, profile: str) -> pd.DataFrame:
    """One row per labelled opening that is still there: posting_id, interesting, time, reason."""
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]
    latest = latest_labels(lake.read("label_events", where=[("profile", "=", profile)]), clusters)
    return latest[["posting_id", "interesting", "time", "reason"]].reset_index(drop=True)


def iso_weeks(times: "pd.Series[Any]") -> list[str | None]:
    """Times as ISO 8601 weeks: 2026-W07."""
    weeks = pd.to_datetime(times, utc=True).dt.isocalendar()
    return [
        None if pd.isna(year) else f"{year}-W{week:02d}"
        for year, week in zip(weeks["year"], weeks["week"], strict=True)
    ]


@cache
def metropolis(city: Any, country: Any) -> str | None:
    """The name of a large city as the gazetteer writes it; None for anything smaller or unknown."""
    if not isinstance(city, str) or not isinstance(country, str):
        return None
    found = [each for each in gazetteer().cities.get(city.casefold(), ()) if each.country == country]
    large = found and found[0].population >= SMALLEST_PLACE and len(found[0].name) <= LONGEST_VALUE
    return found[0].name if large else None


def blank_rare(corpus: pd.DataFrame, rows: pd.DataFrame, columns: Sequence[str], *, k: int) -> Rare:
    """Empty cells of `rows`, in place, until at least k openings of the corpus share what a row still says.

    columns: those of `QUASI` in the product, the most useful first; the last are emptied first. A row that would keep
    fewer than two facts is not kept.
    """
    names = [name for name in QUASI if name in columns]
    classes = np.zeros(len(rows), dtype=np.int64)
    if not names:
        return Rare(np.ones(len(rows), dtype=bool), {}, classes)
    openings = corpus[corpus["first"]]
    codes = {name: pd.factorize(pd.concat([openings[name], rows[name]]), use_na_sentinel=False)[0] for name in names}
    left = np.full(len(rows), -1, dtype=np.int64)
    for level in range(len(names), min(_FEWEST_FACTS, len(names)) - 1, -1):
        combined = (
            pd.DataFrame({name: codes[name] for name in names[:level]}).groupby(names[:level]).ngroup().to_numpy()
        )
        sizes = np.bincount(combined[: len(openings)], minlength=combined.max(initial=0) + 1)[combined[len(openings) :]]
        fits = (left < 0) & (sizes >= k)
        left[fits], classes[fits] = level, sizes[fits]
    blanked: dict[str, int] = {}
    for position, name in enumerate(names):
        empty = (left >= 0) & (position >= left) & rows[name].notna().to_numpy()
        rows.loc[rows.index[empty], name] = None
        if empty.any():
            blanked[name] = int(empty.sum())
    return Rare(left >= 0, blanked, classes[left >= 0])


def class_sizes(rows: pd.DataFrame, columns: Sequence[str]) -> dict[str, int]:
    """How rows of a product stand together on some columns: the smallest class, and rows that are alone in theirs."""
    keys = pd.DataFrame({name: rows[name].map(_hashable) for name in columns})
    sizes = np.bincount(keys.groupby(list(columns), dropna=False).ngroup()) if len(keys) else np.zeros(0, dtype=int)
    return {"smallest_class": int(sizes.min(initial=len(keys))), "unique_rows": int((sizes == 1).sum())}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | np.ndarray) else value


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.astype("object").where(column.notna(), None)


def _known(column: "pd.Series[Any]", allowed: Any) -> "pd.Series[Any]":
    """Values of a closed vocabulary; anything else is nothing."""
    return column.astype("object").where(column.isin(list(allowed)), None)


def _bins(column: "pd.Series[Any]", bounds: Sequence[int], *, unit: str) -> "pd.Series[Any]":
    """Numbers as words: under_40k_USD, 40k_to_under_60k_USD, from_200k_USD."""
    # In thousands: 60000-79999 is a phone number to those who look for one.
    shown = [f"{bound // 1000}k" if bound % 1000 == 0 else str(bound) for bound in bounds]
    names = [f"under_{shown[0]}_{unit}"]
    names += [f"{low}_to_under_{high}_{unit}" for low, high in pairwise(shown)]
    names += [f"from_{shown[-1]}_{unit}"]
    numbers = pd.to_numeric(column, errors="coerce")
    binned = pd.cut(numbers, [-np.inf, *bounds, np.inf], right=False, labels=names)
    return binned.astype("object").where(numbers.notna(), None)


def _employers(companies: "pd.Series[Any]") -> "pd.Series[Any]":
    names = companies.astype("object").where(companies.notna(), None)
    cleaned = {name: clean_company(name) for name in names.unique() if isinstance(name, str)}
    short = {name: value if value and len(value) <= LONGEST_VALUE else None for name, value in cleaned.items()}
    return names.map(short).astype("object").where(names.notna(), None)


def _skills(values: Any) -> list[str]:
    names = values if isinstance(values, np.ndarray | list) else ()
    return sorted({known for name in names if (known := _known_skills().get(str(name).casefold()))})


@cache
def _known_skills() -> dict[str, str]:
    """The skills of the lexicon as one word each, by their folded name: text from anywhere else is no skill."""
    table = read_toml("skills.toml")
    names = (
        name.casefold()
        for section, skills in table.items()
        if section not in ("capitalised", "short")
        for name in skills
    )
    return {name: name.replace(" ", "_") for name in names if len(name) <= LONGEST_VALUE}
