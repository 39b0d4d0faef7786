"""Reasons in words: from a model's addends and from the profile's own words."""

import pandas as pd
import pytest

from jobfinder_assets.config import Profile
from jobfinder_assets.recommendations.reasons import Sentence, from_json, profile_sentences, sentences, to_json
from jobfinder_assets.training.baselines import profile_scores
from jobfinder_assets.training.features import STRUCTURED, WORKPLACES
from jobfinder_assets.training.model import Reason, fact_name
from jobfinder_tests.recommendations.conftest import frames


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("remote", "fully remote"),
        ("not remote", "not remote"),
        ("onsite", "on site"),
        ("not hybrid", "not hybrid work"),
        ("level senior", "senior level"),
        ("role data engineer 0.83", "data engineering duties"),
        ("role data engineer 1.00", "data engineering duties"),
        ("role data engineer 0.07", "little data engineering"),
        ("years required 10", "requires 10 years"),
        ("years required 1", "requires at most 1 year"),
        ("pay in USD 120,000", "pays about 120k USD"),
        ("pay in USD 1,200,000", "pays about 1,200k USD"),
        ("pay in USD not stated", "pay not stated"),
        ("place: berlin", "is in berlin"),
        ("country: de", "country de"),
        ("something else", "something else"),
    ],
)
def test_facts_in_words(name: str, text: str) -> None:
    assert [one.text for one in sentences([Reason(name, "fact", 0.5)])] == [text]
    assert [one.text for one in sentences([Reason(name, "fact", -0.5)])] == [f"less: {text}"]


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [
        ("wanted words spark, dbt", "names your spark, dbt", "less: names few of your keywords"),
        ("wanted words a, b, c, d, e, f", "names your a, b, c, d, e and 1 more", "less: names few of your keywords"),
        ("wanted words none", "names none of your keywords", "less: names none of your keywords"),
    ],
)
def test_keywords_are_named_where_they_speak_for_a_job(name: str, up: str, down: str) -> None:
    assert [one.text for one in sentences([Reason(name, "fact", 0.5)])] == [up]
    assert [one.text for one in sentences([Reason(name, "fact", -0.5)])] == [down]


def test_every_fact_of_the_model_has_words_of_its_own() -> None:
    for at, name in enumerate(STRUCTURED):
        written = fact_name(at, 5.0 if name.startswith("log10") else 1.0)
        (one,) = sentences([Reason(written, "fact", 1.0)])
        assert one.text != written or name in (*WORKPLACES, "other"), written


def test_words_of_one_kind_and_direction_share_a_sentence() -> None:
    found = sentences(
        [
            Reason("airflow", "term", 0.4),
            Reason("data", "term", 0.1),
            Reason("data pipelines", "term", 0.3),
            Reason("sales", "term", -0.2),
            Reason("title: data engineer", "title", 0.9),
            Reason("remote", "fact", 0.25),
            Reason("everything else", "base", 3.0),
            Reason("base", "base", -5.0),
            Reason("nothing", "term", 0.0),
        ]
    )
    assert found == [
        Sentence("title says data engineer", 0.9),
        Sentence("mentions airflow, data pipelines", pytest.approx(0.8)),
        Sentence("fully remote", 0.25),
        Sentence("less: mentions sales", -0.2),
    ]


def test_there_is_always_a_reason() -> None:
    assert len(sentences([Reason("base", "base", 1.0)])) == 1
    assert len(sentences([])) == 1


def test_stored_and_read_again() -> None:
    spoken = [Sentence('mentions "é" <b>', 0.25), Sentence("less: far", -1.0)]
    assert from_json(to_json(spoken)) == spoken


def test_the_cold_start_says_which_of_the_profiles_words_count() -> None:
    profile = Profile(
        roles=("data_engineer", "ml_engineer"), keywords=("airflow", "dbt"), places=("Berlin",), remote="preferred"
    )
    postings, _, tags = frames(
        {"description": "Airflow and dbt.", "workplace": "remote", "location": "Berlin"},
        {"description": "Cakes.", "role": "other", "title": "Baker"},
        {"description": "We use airflow.", "role": "ml_engineer"},
    )
    tags[["data_engineer", "ml_engineer"]] = [[0.8, 0.1], [0.0, 0.0], [0.2, 0.7]]
    scores = pd.Series(profile_scores(profile, postings, tags), index=postings["posting_id"])
    found = profile_sentences(postings, scores, profile=profile, role_tags=tags)
    texts = [{one.text for one in row} for row in found]
    assert texts[0] == {"mentions airflow, dbt", "data engineering duties", "fully remote", "is in Berlin"}
    assert texts[1] == {"none of the profile's words speak for or against it"}
    assert texts[2] == {"mentions airflow", "ML engineering duties"}
    for row, score in zip(found, scores, strict=True):
        assert sum(one.contribution for one in row) == pytest.approx(score)


def test_a_profile_without_a_wish_still_gives_reasons() -> None:
    postings, _, tags = frames({}, {})
    scores = pd.Series(profile_scores(Profile(), postings, tags), index=postings["posting_id"])
    found = profile_sentences(postings, scores, profile=Profile(), role_tags=tags)
    assert [len(row) for row in found] == [1, 1]
