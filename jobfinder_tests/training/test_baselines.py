"""What a model must beat, and the ranking for a profile that has not labelled enough."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.config import EXAMPLE_PROFILE, Profile
from jobfinder_assets.training.baselines import Keywords, Newest, RoleTag, TextClassifier, bm25, profile_scores
from jobfinder_assets.training.evaluation import ranking_metrics
from jobfinder_tests.training import people


def texts(*descriptions: str | None, title: str = "Job") -> pd.DataFrame:
    return pd.DataFrame({"title": title, "description": pd.Series(descriptions, dtype="str")})


def test_bm25_is_the_published_formula() -> None:
    found = bm25(["spark"], texts("spark spark java", "java java java", "spark one two three four five"))
    n, having, k1, b = 3, 2, 1.2, 0.75
    idf = np.log(1 + (n - having + 0.5) / (having + 0.5))
    # Blanks around the words of title and text: a length is one more than the number of words.
    length = np.array([5, 5, 8])
    count = np.array([2, 0, 1])
    expected = idf * count * (k1 + 1) / (count + k1 * (1 - b + b * length / length.mean()))
    assert found == pytest.approx(expected / (idf * (k1 + 1)))


@pytest.mark.parametrize(
    ("word", "text", "hit"),
    [
        ("python", "We use Python.", True),
        ("Python", "python, java", True),
        ("java", "javascript only", False),
        ("C++", "modern c++/rust", True),
        ("c#", "C# and .NET", True),
        ("data engineer", "a data-engineer role", True),
        ("data engineer", "data and engineer", False),
        ("größe", "Die GRÖSSE? Nein: Größe", True),
        (".net", "c# .net core", True),
    ],
)
def test_words_are_found_as_words(word: str, text: str, hit: bool) -> None:
    assert (bm25([word], texts(text, "nothing"))[0] > 0) == hit


def test_a_word_named_twice_and_blank_words_count_once() -> None:
    frame = texts("spark job", "java job")
    assert bm25(["spark", "Spark", " ", "--"], frame) == pytest.approx(bm25(["spark"], frame))
    assert bm25([" "], frame).tolist() == [0, 0]
    assert bm25(["spark"], frame.head(0)).shape == (0,)
    assert bm25(["spark"], texts(None, "spark"))[0] == 0


def test_wishes_raise_a_posting_and_what_is_not_wished_adds_nothing() -> None:
    frame = pd.DataFrame(
        {
            "posting_id": ["plain", "words", "role", "place", "remote", "untagged"],
            "title": "Job",
            "description": ["x", "spark", "x", "x", "x", None],
            "location": ["Paris", "Paris", "Paris", "Berlin, Germany", None, "Berlinale"],
            "city": None,
            "country": ["FR", "FR", "FR", "DE", None, None],
            "workplace": ["onsite", "onsite", "onsite", "onsite", "remote", None],
        }
    )
    tags = pd.DataFrame(
        {"posting_id": ["plain", "role"], "data_engineer": [0.0, 0.9], "data_analyst": 0.0, "ml_engineer": 0.0}
    ).assign(data_scientist=0.0, other=0.1)
    wishes = Profile(roles=("data_engineer",), keywords=("spark",), places=("Berlin",), remote="preferred")
    scores = dict(zip(frame["posting_id"], profile_scores(wishes, frame, tags), strict=True))
    assert scores["plain"] == scores["untagged"] == 0
    assert min(scores[name] for name in ("words", "role", "place", "remote")) > 0
    assert scores["role"] == pytest.approx(0.9)
    assert scores["place"] == pytest.approx(0.3)
    country = profile_scores(Profile(country="de"), frame, tags)
    assert np.flatnonzero(country).tolist() == [3]
    assert profile_scores(Profile(remote="no"), frame, tags)[4] == -1
    assert profile_scores(Profile(), frame, tags.head(0)).tolist() == [0] * 6


@settings(max_examples=40)
@given(
    descriptions=st.lists(st.none() | st.text(max_size=60), min_size=1, max_size=8),
    words=st.lists(st.text(max_size=8), max_size=4),
)
def test_profile_scores_are_finite_whatever_the_texts(descriptions: list[str | None], words: list[str]) -> None:
    n = len(descriptions)
    frame = texts(*descriptions).assign(
        posting_id=[f"p{i}" for i in range(n)], location=None, city=None, country=None, workplace=None
    )
    tags = people.role_tags(people.postings(2))
    scores = profile_scores(Profile(keywords=tuple(words), roles=("other",), places=tuple(words)), frame, tags)
    assert scores.shape == (n,)
    assert np.isfinite(scores).all()


def test_hostile_text_is_scored_in_no_time() -> None:
    frame = texts("a-" * 50_000, " " * 100_000, "<" * 100_000)
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    bm25(EXAMPLE_PROFILE.keywords, frame)
    assert time.process_time() - started < 5


def test_every_baseline_scores_every_row_and_text_classifiers_learn() -> None:
    examples = people.examples(80)
    halves = examples.take(np.arange(50)), examples.take(np.arange(50, 80))
    rankers = [
        Newest(),
        Keywords(EXAMPLE_PROFILE),
        RoleTag(EXAMPLE_PROFILE),
        TextClassifier("logistic"),
        TextClassifier("svm"),
        TextClassifier("logistic", ("company",)),
    ]
    found = []
    for ranker in rankers:
        scores = ranker.fit(halves[0]).score(halves[1])
        assert scores.shape == (30,)
        assert np.isfinite(scores).all()
        found.append(float(ranking_metrics(halves[1].labels, scores)["AP"][0]))
    prevalence = halves[1].labels.mean()
    assert min(found[3], found[4]) > prevalence + 0.4
    assert found[5] < prevalence + 0.25


def test_newest_first_uses_the_first_sight_where_the_date_is_unknown() -> None:
    examples = people.examples(8)
    posted, seen = [pd.NaT] * 8, [people.NOW] * 8
    posted[0], seen[1] = people.NOW + pd.Timedelta(days=1), pd.NaT
    posts = examples.postings.assign(posted_at=pd.to_datetime(posted, utc=True), first_seen_at=seen)
    scores = Newest().score(replace(examples, postings=posts))
    assert np.argmax(scores) == 0
    assert np.argmin(scores) == 1
    assert len(set(scores[2:])) == 1
