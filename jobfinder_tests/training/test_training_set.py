"""One row per labelled cluster: the latest label, the posting it is about, and the group."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES
from jobfinder_assets.training.training_set import build_training_set, company_groups, label_hash, same_rows
from jobfinder_tests.training import people

DAY = pd.Timedelta(days=1)


def events(*rows: tuple[str, bool, object, object]) -> pd.DataFrame:
    """(posting, interesting, labelled_at, consumed_at) in days after a start; None = unknown."""
    start = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(len(rows))],
            "profile": "ann",
            "posting_id": [row[0] for row in rows],
            "cluster_id": pd.Series([None] * len(rows), dtype="str"),
            "interesting": [row[1] for row in rows],
            "labelled_at": pd.to_datetime([None if r[2] is None else start + r[2] * DAY for r in rows], utc=True),
            "consumed_at": pd.to_datetime([None if r[3] is None else start + r[3] * DAY for r in rows], utc=True),
            "policy": pd.Series([None] * len(rows), dtype="str"),
            "propensity": float("nan"),
        }
    )


def corpus(*rows: tuple[str, str, str | None]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(posting, cluster, company); the first posting of a cluster is its canonical one."""
    frame = pd.DataFrame(rows, columns=["posting_id", "cluster_id", "company"]).astype("str")
    frame["canonical_id"] = frame.groupby("cluster_id")["posting_id"].transform("first")
    return frame[["posting_id", "cluster_id", "canonical_id"]], frame[["posting_id", "company"]]


CORPUS = corpus(("a1", "A", "Foo Inc."), ("a2", "A", "Foo"), ("b1", "B", "Bar"), ("c1", "C", "foo"))


@pytest.mark.parametrize(
    ("rows", "interesting", "contradicted"),
    [
        ([("a1", True, 1, 1)], True, False),
        ([("a1", True, 1, 1), ("a2", False, 2, 2)], False, True),
        ([("a1", True, 3, 1), ("a2", False, 2, 2)], True, True),
        ([("a1", True, 1, 1), ("a1", True, 2, 2)], True, False),
        ([("a1", True, 1, 2), ("a1", False, 1, 1)], True, True),
        # An unknown time of labelling is the time at which the file was read.
        ([("a1", True, None, 5), ("a1", False, 4, 6)], True, True),
        # Equal times: the event id decides.
        ([("a1", True, 1, 1), ("a1", False, 1, 1)], False, True),
    ],
)
def test_the_latest_label_of_a_cluster_wins(
    rows: list[tuple[str, bool, object, object]], interesting: bool, contradicted: bool
) -> None:
    frame = build_training_set(events(*rows), *CORPUS, profile="ann")
    assert list(frame.columns) == TABLES["training_set"].columns
    assert list(frame["cluster_id"]) == ["A"]
    assert frame["interesting"].tolist() == [interesting]
    assert bool(frame["contradicted"].item()) == contradicted


def test_another_persons_labels_are_not_read() -> None:
    both = pd.concat([events(("a1", True, 1, 1)), events(("b1", True, 1, 1)).assign(profile="bob")])
    assert list(build_training_set(both, *CORPUS, profile="ann")["cluster_id"]) == ["A"]
    assert list(build_training_set(both, *CORPUS, profile="bob")["cluster_id"]) == ["B"]


def test_a_label_on_a_posting_that_left_stands_for_its_cluster_or_waits() -> None:
    clusters, posts = CORPUS
    labels = events(("a2", True, 1, 1), ("b1", False, 1, 1))
    left = posts[~posts["posting_id"].isin(["a2", "b1"])]
    frame = build_training_set(labels, clusters, left, profile="ann")
    assert list(frame["posting_id"]) == ["a1"]
    assert list(build_training_set(labels, clusters, posts, profile="ann")["posting_id"]) == ["a2", "b1"]


def test_a_cluster_joined_after_labelling_has_one_row() -> None:
    labels = events(("a1", True, 1, 1), ("c1", False, 2, 2)).assign(cluster_id=["A", "C"])
    joined = corpus(("a1", "A", "Foo"), ("c1", "A", "Foo"))
    frame = build_training_set(labels, *joined, profile="ann")
    assert list(frame["cluster_id"]) == ["A"]
    assert list(frame["posting_id"]) == ["c1"]
    assert frame["contradicted"].tolist() == [True]


def test_spellings_of_a_company_and_clusters_across_companies_are_one_group() -> None:
    clusters, posts = corpus(
        ("a1", "A", "Foo Inc."), ("b1", "B", "FOO"), ("x1", "X", "Foo"), ("x2", "X", "Agency"), ("d1", "D", "Agency"),
        ("e1", "E", "Other"), ("n1", "N", None), ("n2", "M", None),
    )  # fmt: skip
    groups = dict(zip("ABDENM", company_groups(list("ABDENM"), clusters, posts), strict=True))
    # D is tied to A and B through X, which nobody labelled.
    assert groups == {"A": "A", "B": "A", "D": "A", "E": "E", "N": "N", "M": "M"}


def test_no_labels_and_no_postings_give_an_empty_table(lake: Lake) -> None:
    empty = [lake.read(table) for table in ("label_events", "posting_clusters", "postings")]
    frame = build_training_set(*empty, profile="ann")
    assert list(frame.columns) == TABLES["training_set"].columns
    assert len(frame) == 0


@given(order=st.permutations(range(6)), doubled=st.lists(st.integers(0, 5), max_size=4))
def test_order_and_copies_of_rows_mean_nothing(order: list[int], doubled: list[int]) -> None:
    labels = events(
        ("a1", True, 1, 1), ("a2", False, 2, 2), ("b1", True, 1, 3), ("c1", False, 1, 1), ("b1", False, 1, 3),
        ("c1", True, None, 9),
    )  # fmt: skip
    first = build_training_set(labels, *CORPUS, profile="ann")
    mixed = labels.iloc[[*order, *doubled]]
    clusters, posts = (frame.iloc[::-1].reset_index(drop=True) for frame in CORPUS)
    again = build_training_set(mixed, clusters, posts, profile="ann")
    pd.testing.assert_frame_equal(first, again)
    assert label_hash(first) == label_hash(again.iloc[::-1])


def test_a_stored_training_set_equals_the_one_that_was_written(lake: Lake) -> None:
    posts = people.postings(12)
    built = build_training_set(people.label_events(posts), people.clusters(posts), posts, profile="ann")
    lake.replace("training_set", built)
    stored = lake.read("training_set")
    assert same_rows(stored, built)
    assert label_hash(stored) == label_hash(built)
    turned = built.assign(interesting=~built["interesting"].astype(bool))
    assert not same_rows(stored, turned)
    assert not same_rows(stored, built.assign(encoder_version="2"))
    assert not same_rows(stored, built.head(11))
