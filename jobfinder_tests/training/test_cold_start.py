"""A list before there is a model: by words, roles, examples and a CV, and ever less by them as labels come."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Profile, Training
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training.cold_start import cv_digest, early_model, profile_weight, shown_by
from jobfinder_assets.training.features import FeatureEncoder, read_features, update_features
from jobfinder_tests.training import people

TRAINING = Training()


@pytest.fixture
def encoder(lake: Lake) -> FeatureEncoder:
    """80 encoded postings in the lake."""
    posts = people.postings(80).assign(url=[f"https://jobs.example.com/{number}" for number in range(80)])
    people.fill(lake, posts)
    fitted = FeatureEncoder(components=16, seed=0).fit(lake.read("postings"))
    update_features(lake, fitted)
    return fitted


def roles(lake: Lake, ids: list[str]) -> list[str]:
    tags = lake.read("role_tags", ["posting_id", "role"]).set_index("posting_id")["role"]
    return [str(tags[one]) for one in ids]


def best(lake: Lake, encoder: FeatureEncoder, scores: np.ndarray, n: int = 8) -> list[str]:
    ids = read_features(lake, encoder.version).posting_ids
    return [str(one) for one in ids[np.argsort(-scores)][:n]]


def of_role(lake: Lake, role: str) -> list[str]:
    tags = lake.read("role_tags", ["posting_id", "role"])
    return sorted(tags.loc[tags["role"] == role, "posting_id"])


def test_examples_by_id_and_by_url_bring_more_like_them(lake: Lake, encoder: FeatureEncoder) -> None:
    first, second = of_role(lake, "ml_engineer")[:2]
    url = lake.read("postings", ["url"], [("posting_id", "=", second)])["url"][0]
    shown = shown_by(Profile(examples=(first, url, first)), lake, encoder)
    assert sorted(shown.example_ids) == sorted([first, second]) and shown.problems == ()
    features = read_features(lake, encoder.version)
    near, which, own = shown.likeness(features.vector)
    assert near.max() == pytest.approx(1.0, abs=1e-5) and not own.any()
    at = list(features.posting_ids).index(first)
    assert shown.example_ids[which[at]] == first
    found = roles(lake, best(lake, encoder, shown.scores(features.vector)))
    assert found.count("ml_engineer") >= 6


def test_a_cv_brings_jobs_like_it(lake: Lake, encoder: FeatureEncoder, tmp_path: Path) -> None:
    cv = tmp_path / "cv.txt"
    cv.write_text("I prepare dashboards and reports in tableau, excel figures for sales and marketing.", "utf-8")
    shown = shown_by(Profile(cv=str(cv)), lake, encoder)
    found = roles(lake, best(lake, encoder, shown.scores(read_features(lake, encoder.version).vector)))
    assert found.count("data_analyst") >= 6
    before = cv_digest(Profile(cv=str(cv)))
    cv.write_text("something else", "utf-8")
    assert cv_digest(Profile(cv=str(cv))) != before


def test_what_cannot_be_used_is_named_and_stops_nothing(lake: Lake, encoder: FeatureEncoder, tmp_path: Path) -> None:
    picture = tmp_path / "cv.pdf"
    picture.write_bytes(b"%PDF\xff\xfe")
    shown = shown_by(Profile(examples=("nowhere",), cv=str(tmp_path / "gone.txt")), lake, encoder)
    assert [problem.split(":")[0] for problem in shown.problems] == [
        "example posting 'nowhere' is unknown", f"cv = '{tmp_path / 'gone.txt'}' cannot be read",
    ]  # fmt: skip
    assert "UTF-8" in shown_by(Profile(cv=str(picture)), lake, encoder).problems[0]
    assert not shown.scores(read_features(lake, encoder.version).vector).any()
    assert cv_digest(Profile(cv=str(picture))) == cv_digest(Profile()) == ""


@pytest.mark.parametrize(
    ("likes", "dislikes", "weight"),
    [(0, 0, 1.0), (9, 0, 1.0), (0, 40, 1.0), (1, 5, 0.8), (5, 10, 0.5), (5, 25, 0.0), (2, 300, 0.6), (200, 200, 0.0)],
)
def test_the_profile_counts_the_less_the_more_labels_there_are(likes: int, dislikes: int, weight: float) -> None:
    assert profile_weight(likes, dislikes, training=TRAINING) == pytest.approx(weight)


@given(likes=st.integers(0, 40), dislikes=st.integers(0, 40))
def test_another_label_never_gives_the_profile_more_weight(likes: int, dislikes: int) -> None:
    now = profile_weight(likes, dislikes, training=TRAINING)
    assert 0.0 <= now <= 1.0
    assert profile_weight(likes + 1, dislikes, training=TRAINING) <= now
    assert profile_weight(likes, dislikes + 1, training=TRAINING) <= now
    enough = likes + dislikes >= TRAINING.minimum_labels and min(likes, dislikes) >= TRAINING.minimum_per_class
    assert (now == 0.0) == enough, "it hands over exactly where a model can be trained"


def test_early_labels_move_the_order_from_the_profile_to_the_taste(lake: Lake, encoder: FeatureEncoder) -> None:
    posts = lake.read("postings").merge(lake.read("role_tags", ["posting_id", "role"]), on="posting_id")
    posts = posts.sort_values("posting_id", ignore_index=True)
    events = people.label_events(posts, likes="ml_engineer")
    wished = read_features(lake, encoder.version)
    tags = pd.Series(roles(lake, [str(one) for one in wished.posting_ids]))
    by_profile = (tags == "data_analyst").to_numpy(np.float64)
    shares = []
    for labels in (4, 12, 29):
        early = early_model(lake, encoder, latest_labels(events.head(labels)), training=TRAINING)
        assert early is not None and early.labels == labels
        by_model = early.model.score_features(wished)
        scaled = early.scaled(by_profile, by_model)
        blended = scaled.blended(by_profile, by_model)
        assert np.std(scaled.profile_scale * by_profile) == pytest.approx(early.weight)
        shares.append(float(np.corrcoef(blended, by_profile)[0, 1]))
    assert shares == sorted(shares, reverse=True)
    assert roles(lake, best(lake, encoder, blended)).count("ml_engineer") >= 6
    assert early_model(lake, encoder, latest_labels(events[events["interesting"]]), training=TRAINING) is None


def test_a_profile_without_wishes_leaves_the_order_to_the_labels(lake: Lake, encoder: FeatureEncoder) -> None:
    posts = lake.read("postings").merge(lake.read("role_tags", ["posting_id", "role"]), on="posting_id")
    early = early_model(lake, encoder, latest_labels(people.label_events(posts).head(12)), training=TRAINING)
    assert early is not None
    by_model = early.model.score_features(read_features(lake, encoder.version))
    blended = early.scaled(np.zeros(80), by_model).blended(np.zeros(80), by_model)
    assert (np.argsort(blended) == np.argsort(by_model)).all()
