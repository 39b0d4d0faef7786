"""The parsers on postings read by hand, before anything was tuned on them, in the meanings of the conventions.

The files in `gold/` hold ids ("file:row") and labels; the texts are read from
JOBFINDER_SHARED. "?" stands where two careful readers differ; it is not counted.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.real_postings import read_postings
from jobfinder_assets.cleaning.duplicates import cluster_postings
from jobfinder_assets.cleaning.eligibility import eligible_countries, field_countries
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.location import field_workplace, parse_workplace
from jobfinder_assets.cleaning.pay import Salary
from jobfinder_assets.cleaning.places import parse_place
from jobfinder_assets.cleaning.salary import parse_salary
from jobfinder_assets.cleaning.salary_prose import find_salary
from jobfinder_assets.cleaning.seniority import parse_seniority
from jobfinder_assets.cleaning.text import clean_text

GOLD = Path(__file__).parent / "gold"


@pytest.fixture(scope="module")
def postings(shared: Path) -> pd.DataFrame:
    return read_postings(shared / "data")


def labels(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLD / name, dtype=str, keep_default_na=False)


def pay(row: pd.Series) -> tuple[float | None, float | None, str | None, str | None]:
    low, high = (float(row[name]) if row[name] else None for name in ("pay_min", "pay_max"))
    return low, high, row["currency"] or None, row["period"] or None


def stated(found: Salary | None) -> tuple[float | None, float | None, str | None, str | None]:
    return (found.minimum, found.maximum, found.currency, found.period) if found else (None,) * 4


def shares(gold: pd.DataFrame, checks: dict[str, tuple[str, Callable[[pd.Series], bool]]]) -> dict[str, float]:
    """For each check, the share of the rows with a label in its column that it holds for."""
    found = {}
    for name, (column, check) in checks.items():
        told = gold[gold[column] != "?"]
        assert len(told) >= 150, f"{name}: {len(told)} labels"
        found[name] = sum(check(row) for _, row in told.iterrows()) / len(told)
    return found


@pytest.mark.parametrize("name", ["facts.csv", "facts_fresh.csv", "facts_later.csv", "facts_last.csv"])
def test_facts_of_postings(postings: pd.DataFrame, name: str) -> None:
    """Each later set was read when the parsers had been tuned on those before it, and before they were again."""
    gold = labels(name).set_index("id").join(postings)
    gold["description"] = gold["description"].map(clean_text)
    assert gold["file"].nunique() >= 4

    def years(row: pd.Series) -> bool:
        found = parse_seniority(row["title"], row["description"]).years_min
        return found == (float(row["years_min"]) if row["years_min"] else None)

    held = shares(
        gold,
        {
            "workplace": (
                "workplace",
                lambda row: (
                    row["workplace"]
                    == (
                        field_workplace(row["location"])
                        or field_workplace(row["title"])
                        or parse_workplace(row["location"], row["description"])
                    )
                ),
            ),
            "level": ("level", lambda row: parse_seniority(row["title"], row["description"]).level == row["level"]),
            "years": ("years_min", years),
            "pay": ("pay_min", lambda row: stated(find_salary(row["description"])) == pay(row)),
        },
    )
    print(held)
    assert held["workplace"] >= 0.95 and held["level"] >= 0.90 and held["years"] >= 0.90 and held["pay"] >= 0.97


def test_workplaces_of_adverts_that_speak_of_one(postings: pd.DataFrame) -> None:
    """Two draws among adverts with a word of remote, hybrid or on-site work; the label is what the text says.

    A wrong workplace costs more than a missed one.
    """
    gold = labels("workplaces.csv").set_index("id").join(postings)
    gold = gold[gold["workplace"] != "?"]
    found = gold["description"].map(lambda text: parse_workplace(None, text))
    right, silent = found == gold["workplace"], found == "unspecified"
    print(right.sum(), len(gold), (~right & ~silent).sum())
    assert gold["file"].nunique() >= 4 and len(gold) >= 400
    assert right.mean() >= 0.89 and (~right & ~silent).mean() <= 0.045


@pytest.mark.parametrize("name", ["facts.csv", "facts_fresh.csv", "facts_later.csv", "facts_last.csv"])
def test_pay_that_is_not_there_is_not_found(postings: pd.DataFrame, name: str) -> None:
    gold = labels(name).set_index("id").join(postings)
    without = gold[(gold["pay_min"] == "") & (gold["pay_max"] == "")]
    false = [name for name, row in without.iterrows() if find_salary(clean_text(row["description"]))]
    assert len(false) <= 0.01 * len(without), false


@pytest.mark.parametrize(
    ("name", "city"), [("places.csv", 0.95), ("places_later.csv", 0.95), ("places_last.csv", 0.92)]
)
def test_location_fields(postings: pd.DataFrame, shared: Path, name: str, city: float) -> None:
    """Fields of the seven files, some drawn as often as they are met, most from the long tail.

    Each later set was read when the parser had been tuned on those before it.
    """
    listings = pd.read_parquet(shared / "data" / "bench" / "listings_117k.parquet")["location"]
    listings.index = pd.Index([f"listings:{row}" for row in range(len(listings))])
    fields = pd.concat([postings["location"], listings])
    gold = labels(name).set_index("id").join(fields[~fields.index.duplicated()])
    gold["location"] = gold["location"].map(clean_text)

    def same(found: str | None, told: str) -> bool:
        return _bare(found or "") == _bare(told)

    def may_apply(row: pd.Series) -> bool:
        found, told = field_countries(row["location"]) or (), _countries(row["eligible"])
        return set(found) == told or (len(told) > 10 and len(found) > 10)

    held = shares(
        gold,
        {
            "city": ("city", lambda row: same(parse_place(row["location"]).city, row["city"])),
            "country": ("country", lambda row: same(parse_place(row["location"]).country, row["country"])),
            "eligible": ("eligible", may_apply),
        },
    )
    print(held)
    assert held["city"] >= city and held["country"] >= 0.97 and held["eligible"] >= 0.95


def _bare(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return plain.replace(".", "").replace("-", " ").replace("saint", "st").strip()


def _countries(told: str) -> set[str]:
    """Codes of a label: "US;CA", or "GROUP:EMEA"; nobody's code where the group has no list."""
    groups = gazetteer().groups
    parts = [part for part in told.split(";") if part]
    found = [groups.get(part[6:].lower(), ("??",)) if part.startswith("GROUP:") else (part,) for part in parts]
    return {code for codes in found for code in codes}


def test_who_may_apply(postings: pd.DataFrame) -> None:
    """Adverts that speak of citizens, permits, clearances or remote work; a wrong refusal costs more than a miss."""
    gold = pd.concat([labels(f"eligible{part}.csv") for part in ("", "_later", "_last")]).set_index("id").join(postings)
    gold = gold[gold["eligible"] != "?"]
    found = [
        set(eligible_countries(row["location"] or None, clean_text(row["description"])) or ())
        for _, row in gold.iterrows()
    ]
    told = [_countries(label) for label in gold["eligible"]]
    right = sum(one == other or (len(one) > 10 and len(other) > 10) for one, other in zip(found, told, strict=True))
    wrong = sum(bool(one) and not other for one, other in zip(found, told, strict=True))
    print(right, len(gold), wrong)
    assert len(gold) >= 150 and right >= 0.95 * len(gold) and wrong <= 0.02 * len(gold)


def test_salary_fields(postings: pd.DataFrame) -> None:
    gold = labels("salaries.csv").set_index("id").join(postings)
    british = gold["file"] == "health"
    found = [
        stated(parse_salary(row["salary"], default_currency="GBP" if uk else "USD")) == pay(row)
        for (_, row), uk in zip(gold.iterrows(), british, strict=True)
    ]
    print(sum(found), len(found))
    assert len(found) >= 150 and sum(found) >= 0.97 * len(found)


@pytest.mark.parametrize(
    ("name", "least", "wrong_share"),
    [
        ("pairs.csv", 0.95, 0.015),
        ("pairs_held_out.csv", 0.92, 0.03),
        ("pairs_fresh.csv", 0.89, 0.04),
        ("pairs_drawn.csv", 0.94, 0.01),
        ("pairs_drawn_later.csv", 0.91, 0.005),
        ("pairs_last.csv", 0.94, 0.01),
    ],
)
def test_pairs_of_postings(postings: pd.DataFrame, name: str, least: float, wrong_share: float) -> None:
    """Pairs that look alike, judged by reading both: the hard cases, not what is met at random.

    `pairs_held_out.csv` has other companies than `pairs.csv`, and the health file; it was judged before the rules of
    `pairs.csv` had been tried on it; so was `pairs_fresh.csv`, after both had been used. The two `pairs_drawn` and
    `pairs_last.csv` are drawn without a look at any rule, equally from bands of the cosine of their texts; `weight` is
    how many of the look-alikes of all files a pair stands for, and so gives the score at natural rates.
    """
    pairs = labels(name)
    pairs = pairs[pairs["same"] != "?"]
    files = {id_.partition(":")[0] for id_ in (*pairs["left"], *pairs["right"])}
    frame = postings[postings["file"].isin(files)].reset_index(names="posting_id")
    frame["description"] = frame["description"].map(clean_text)
    cluster = cluster_postings(frame).set_axis(frame["posting_id"])
    found = (pairs["left"].map(cluster) == pairs["right"].map(cluster)).to_numpy()
    same = (pairs["same"] == "1").to_numpy()
    right, wrong, missed = found & same, found & ~same, same & ~found

    def f1(weight: np.ndarray) -> float:
        return float(2 * weight[right].sum() / (2 * weight[right].sum() + weight[wrong | missed].sum()))

    held = f1(np.ones(len(pairs)))
    print({"pairs": len(pairs), "same": same.sum(), "joined wrongly": wrong.sum(), "missed": missed.sum(), "F1": held})
    assert held >= least
    assert wrong.sum() <= wrong_share * len(pairs)
    if "weight" in pairs:
        natural = f1(pairs["weight"].astype(float).to_numpy())
        print({"F1 at natural rates": natural})
        assert natural >= 0.95
