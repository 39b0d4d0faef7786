"""What to label next: the mix, the chances, and one posting per opening."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.labels.queue import label_queue


def scored(scores: list[float], clusters: list[str] | None = None) -> pd.DataFrame:
    ids = [f"p{number}" for number in range(len(scores))]
    return pd.DataFrame({"posting_id": ids, "cluster_id": clusters or ids, "score": scores})


def test_the_mix_of_a_large_queue() -> None:
    queue = label_queue(scored(np.linspace(-2, 2, 200).tolist()), set(), n=20, seed=0, boundary=0.0)
    assert queue["policy"].value_counts().to_dict() == {"top": 8, "uncertain": 8, "random": 4}
    picked = queue.set_index("policy")["posting_id"].str.removeprefix("p").astype(int)
    assert set(picked["top"]) == set(range(192, 200))
    assert set(picked["uncertain"]) == set(range(96, 104))
    assert queue.set_index("policy")["propensity"]["random"].tolist() == [pytest.approx(4 / 184)] * 4


def test_labelled_openings_and_copies_are_left_out() -> None:
    frame = scored([3.0, 2.0, 1.0, 0.0, float("nan")], ["a", "a", "b", "c", "d"])
    queue = label_queue(frame, {"b"}, n=10, seed=0)
    assert set(queue["posting_id"]) == {"p0", "p3"}


def test_weighing_by_chance_makes_the_queue_stand_for_all() -> None:
    """The Horvitz-Thompson estimate of how many are liked is right on average, though tops are favoured."""
    frame = scored(np.linspace(0, 1, 60).tolist())
    liked = set(frame["posting_id"][::3])
    estimates = []
    for seed in range(400):
        queue = label_queue(frame, set(), n=15, seed=seed)
        estimates.append((queue["posting_id"].isin(liked) / queue["propensity"]).sum())
    assert np.mean(estimates) == pytest.approx(len(liked), abs=1.5)


def test_the_same_seed_gives_the_same_queue() -> None:
    frame = scored([0.5] * 50)
    assert label_queue(frame, set(), n=9, seed=1).equals(label_queue(frame, set(), n=9, seed=1))
    assert not label_queue(frame, set(), n=9, seed=1).equals(label_queue(frame, set(), n=9, seed=2))


def test_nothing_left_gives_an_empty_queue() -> None:
    queue = label_queue(scored([1.0]), {"p0"}, n=3, seed=0)
    assert list(queue.columns) == ["posting_id", "policy", "propensity"]
    assert queue.empty


def test_a_queue_without_places_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one place"):
        label_queue(scored([1.0]), set(), n=0, seed=0)


@given(scores=st.lists(st.floats(-5, 5), min_size=1, max_size=30), n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_every_queue_is_a_sample_with_chances(scores: list[float], n: int, seed: int) -> None:
    queue = label_queue(scored(scores), set(), n=n, seed=seed)
    assert len(queue) == min(n, len(scores))
    assert queue["posting_id"].is_unique
    assert queue["propensity"].between(0, 1, inclusive="right").all()
    assert (queue["policy"] == "random").any()
