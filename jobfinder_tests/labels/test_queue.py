"""What to label next: the mix, the chances, and one posting per opening."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.labels.queue import PER_COMPANY, REMEMBERED, label_queue, shown_again
from jobfinder_assets.labels.similarity import NEAR_COPY, Diverse, like_any, near_copies, unit


def scored(scores: list[float], clusters: list[str] | None = None) -> pd.DataFrame:
    ids = [f"p{number}" for number in range(len(scores))]
    return pd.DataFrame({"posting_id": ids, "cluster_id": clusters or ids, "score": scores})


def with_texts(n: int, *, copies: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """n texts that differ, each `copies` times under ids of its own, the copies of one company and title."""
    texts = np.random.default_rng(seed).standard_normal((n, 24))
    which = np.repeat(np.arange(n), copies)
    frame = scored(np.linspace(1, 0, n * copies).tolist()).assign(
        company=[f"Firm {number}" for number in which], title="Data  Engineer"
    )
    return frame, texts[which] + 0.001 * np.random.default_rng(seed + 1).standard_normal((len(which), 24))


def test_near_copies_are_shown_once_whatever_the_policy() -> None:
    frame, vectors = with_texts(40, copies=5)
    shuffled = np.random.default_rng(3).permutation(len(frame))
    queue = label_queue(frame.iloc[shuffled].reset_index(drop=True), set(), n=40, seed=0, vectors=vectors[shuffled])
    companies = frame.set_index("posting_id").loc[queue["posting_id"], "company"]
    assert len(queue) == 40
    assert companies.is_unique
    # Without vectors nothing is known of the texts, and the copies are openings like any others.
    unknown = label_queue(frame, set(), n=40, seed=0)
    assert not frame.set_index("posting_id").loc[unknown["posting_id"], "company"].is_unique


def test_a_copy_at_another_company_is_not_shown_beside_a_likely_one() -> None:
    frame, vectors = with_texts(30, copies=2)
    frame["company"] = [f"Firm {number}" for number in range(len(frame))]
    for seed in range(5):
        queue = label_queue(frame, set(), n=20, seed=seed, vectors=vectors)
        texts = queue["posting_id"].str.removeprefix("p").astype(int) // 2
        chosen = texts[queue["policy"] != "random"]
        assert chosen.is_unique
        assert not set(chosen) & set(texts[queue["policy"] == "random"])


def test_random_picks_stand_for_all_distinct_openings() -> None:
    """Each opening's chance of being picked is the propensity stored with it."""
    frame, vectors = with_texts(30, copies=2)
    drawn: dict[str, int] = {}
    for seed in range(600):
        queue = label_queue(frame, set(), n=10, seed=seed, vectors=vectors)
        random = queue[queue["policy"] == "random"]
        assert random["propensity"].tolist() == [pytest.approx(1 / 21)]
        for one in random["posting_id"]:
            drawn[one] = drawn.get(one, 0) + 1
    assert len(drawn) == 21
    assert max(abs(times / 600 - 1 / 21) for times in drawn.values()) < 0.035


def test_one_company_cannot_fill_the_queue_while_there_are_others() -> None:
    frame = scored(np.linspace(1, 0, 120).tolist()).assign(title="Engineer")
    frame["company"] = ["Big Corp"] * 60 + [f"Firm {number}" for number in range(60)]
    queue = label_queue(frame, set(), n=40, seed=0)
    sure = queue[queue["policy"] != "random"]["posting_id"]
    assert (frame.set_index("posting_id").loc[sure, "company"] == "Big Corp").sum() == PER_COMPANY
    alone = label_queue(frame.head(60), set(), n=40, seed=0)
    assert len(alone) == 40, "where there is one company only, it fills the queue"


def test_picks_are_unlike_each_other() -> None:
    """Twenty likely openings of one kind, and ten of another a little less likely: both kinds are asked about."""
    kinds = np.repeat(np.eye(3), (20, 10, 10), axis=0)
    vectors = np.hstack([kinds, 0.1 * np.random.default_rng(0).standard_normal((40, 8))])
    scores = np.repeat([1.0, 0.98, 0.0], (20, 10, 10))
    diverse = Diverse(unit(vectors), [None] * 40, per_company=3)
    picked = diverse.choose(np.arange(40), scores, 14)
    assert any(20 <= row < 30 for row in picked) and all(row < 30 for row in picked)
    assert len(set(picked)) == 14
    again = diverse.choose(np.arange(40), scores, 14)
    assert not set(again) & set(picked)


def test_some_are_shown_again_and_never_the_latest() -> None:
    times = pd.date_range("2026-01-01", periods=50, tz="UTC")
    labels = pd.DataFrame({"posting_id": [f"p{number:02d}" for number in range(50)], "time": times})
    labels["said_again"] = [number < 4 for number in range(50)]
    again = shown_again(labels)
    assert again == [f"p{number:02d}" for number in range(4, 50 - REMEMBERED)]
    queue = label_queue(scored(np.linspace(0, 1, 300).tolist()), set(), n=100, seed=1, again=again)
    repeated = queue[queue["policy"] == "again"]
    assert len(queue) == 100 and len(repeated) == 5
    assert set(repeated["posting_id"]) <= set(again)
    assert repeated["propensity"].tolist() == [pytest.approx(5 / 26)] * 5
    assert shown_again(labels.head(REMEMBERED)) == []


def test_near_copies_keep_the_first_of_each_kind() -> None:
    text = unit([[1, 0], [1, 0.01], [0, 1], [1, 0], [0, 0], [0, 0]])
    assert near_copies(text, ["a", "a", "a", "b", "c", "c"]).tolist() == [False, True, False, False, False, False]
    assert like_any(text, text[[2]]).tolist() == [False, False, True, False, False, False]
    assert not like_any(text, text[:0]).any()


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from("ab")), max_size=25))
def test_what_is_left_without_copies_is_unlike(rows: list[tuple[float, float, str]]) -> None:
    units, kinds = unit(np.array([row[:2] for row in rows]).reshape(-1, 2)), [row[2] for row in rows]
    kept = ~near_copies(units, kinds)
    for kind in "ab":
        mine = units[kept & (np.array(kinds, dtype=object) == kind)]
        assert ((mine @ mine.T - np.eye(len(mine)) * 2) < NEAR_COPY).all()


def test_the_mix_of_a_large_queue() -> None:
    queue = label_queue(scored(np.linspace(-2, 2, 200).tolist()), set(), n=20, seed=0, boundary=0.0)
    assert queue["policy"].value_counts().to_dict() == {"top": 14, "uncertain": 4, "random": 2}
    picked = queue.set_index("policy")["posting_id"].str.removeprefix("p").astype(int)
    assert set(picked["top"]) == set(range(186, 200))
    assert set(picked["uncertain"]) == set(range(98, 102))
    assert queue.set_index("policy")["propensity"]["random"].tolist() == [pytest.approx(2 / 182)] * 2


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
