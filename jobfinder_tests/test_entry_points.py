"""The entry points that notebooks call with frames from anywhere read an advert alike in whatever dress it comes."""

import html
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.cleaning.duplicates import cluster_postings
from jobfinder_assets.cleaning.location import parse_workplace
from jobfinder_assets.cleaning.salary import parse_salary
from jobfinder_assets.cleaning.salary_prose import find_salary
from jobfinder_assets.cleaning.seniority import Seniority, parse_seniority
from jobfinder_assets.cleaning.text import clean_text, readable
from jobfinder_assets.roles.tagger import RoleTagger
from jobfinder_assets.training.model import Parameters, PreferenceModel, with_facts
from jobfinder_tests.training.synthetic import likes, synthetic_postings

ADVERT = """About the job
Founded in 1987 with 400 people, we mend ferries & trams. You’ll join the Quay Analytics team.
- Build nightly pipelines with Airflow & dbt for the city’s “tide” warehouse
- 4+ years of experience with Python required
- Hybrid work: two days a week in our office
This is a fixed term contract of 37.5 hours per week on the Harbour Ward.
Salary: £48,000 – £55,000 per year"""


def paragraphs(text: str) -> str:
    return "<div>" + "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n")) + "</div>"


DRESSES: dict[str, Callable[[str], str]] = {
    "paragraphs": paragraphs,
    "escaped once more": lambda text: html.escape(paragraphs(text)),
    "breaks": lambda text: html.escape(text).replace("\n", "<br/>"),
    "another system's line ends": lambda text: text.replace("\n", "\r\n"),
    "two blanks for one": lambda text: text.replace(" ", "  "),
    "hard blanks": lambda text: text.replace(" ", "\xa0"),
    "decoded wrongly": lambda text: text.encode().decode("cp1252", "ignore"),
}
dressed = pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)


@dressed
def test_facts(dress: Callable[[str], str]) -> None:
    for text in (ADVERT, dress(ADVERT)):
        assert parse_workplace("Leith", text) == "hybrid"
        assert parse_seniority("Data Engineer", text).years_min == 4
        pay = find_salary(text)
        assert pay is not None
        assert (pay.minimum, pay.maximum, pay.currency, pay.period) == (48_000, 55_000, "GBP", "year")


@pytest.mark.parametrize("dress", [html.escape, DRESSES["decoded wrongly"], DRESSES["hard blanks"]])
def test_a_salary_field(dress: Callable[[str], str]) -> None:
    field = "£48,000 – £55,000 a year"
    assert parse_salary(dress(field)) == parse_salary(field) is not None


@dressed
def test_the_same_opening(dress: Callable[[str], str]) -> None:
    posting = {"title": "Data Engineer", "company": "Ferry & Tram Works", "location": "Leith", "description": ADVERT}
    again = {name: dress(text) if name != "location" else text for name, text in posting.items()}
    clusters = cluster_postings(pd.DataFrame([posting, again]))
    assert clusters.nunique() == 1


def test_another_contract_is_seen_through_markup() -> None:
    posting = {"title": "Data Engineer", "company": "Ferry & Tram Works", "location": "Leith", "description": ADVERT}
    permanent = paragraphs(ADVERT.replace("fixed term contract", "permanent contract"))
    assert cluster_postings(pd.DataFrame([posting, {**posting, "description": permanent}])).nunique() == 2


@dressed
def test_roles(dress: Callable[[str], str]) -> None:
    frame = pd.DataFrame({"title": ["Data R&D", "Clerk"], "description": [ADVERT, "Answers letters & calls."]})
    tagger = RoleTagger()
    np.testing.assert_array_equal(tagger.predict_proba(frame.map(dress)), tagger.predict_proba(frame))


@dressed
def test_preferences(dress: Callable[[str], str]) -> None:
    postings = synthetic_postings(80, roles=False)[["title", "company", "location", "description"]]
    liked = likes(synthetic_postings(80, roles=False))[:60]
    plain = readable(postings)
    other = postings.assign(description=plain["description"].map(dress))
    plain_model, other_model = (
        PreferenceModel(Parameters()).fit(frame.head(60), liked, seed=3) for frame in (plain, other)
    )
    np.testing.assert_allclose(other_model.score(other.tail(20)), plain_model.score(plain.tail(20)), atol=1e-9)


def test_a_number_at_the_beginning_of_an_advert_is_no_pay() -> None:
    bare = pd.DataFrame({"title": ["Data Engineer"], "company": ["A"], "location": [""], "description": [ADVERT]})
    found = with_facts(bare)["salary_annual_usd"].iloc[0]
    pay = find_salary(ADVERT)
    assert pay is not None and found == pay.annual_usd
    without = with_facts(bare.assign(description=ADVERT.rpartition("\n")[0]))["salary_annual_usd"]
    assert without.isna().all()


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, ""])
def test_a_missing_text_says_nothing(nothing: Any) -> None:
    assert parse_workplace(nothing, nothing) == "unspecified"
    assert parse_seniority(nothing, nothing) == Seniority("unspecified", None)
    assert parse_salary(nothing) is None and find_salary(nothing) is None


def test_a_hidden_title_may_be_a_missing_column() -> None:
    frame = pd.DataFrame({"title": ["", None], "description": [ADVERT, "Builds dashboards in Tableau for finance."]})
    without = frame.drop(columns="title")
    np.testing.assert_array_equal(RoleTagger().fit(without).predict_proba(without), RoleTagger().predict_proba(frame))


def test_what_is_readable_stays_the_very_same() -> None:
    frame = pd.DataFrame({"title": ["A", None], "description": [clean_text(ADVERT), "two\nlines"], "score": [1, 2]})
    pd.testing.assert_frame_equal(readable(frame), frame)
