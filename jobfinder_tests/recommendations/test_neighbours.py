"""The labelled postings a recommended one is most like."""

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.recommendations.neighbours import ALIKE, Neighbour, Neighbours, from_json, nearest, to_json

LABELLED = pd.DataFrame(
    {
        "posting_id": ["a", "b", "c", "d"], "title": ["Data Engineer", "Baker", None, "Analyst"],
        "company": ["Foo", None, "Bar", "Baz"], "interesting": [True, False, True, False],
    }
)  # fmt: skip
VECTORS = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_the_nearest_of_each_kind() -> None:
    found = nearest(np.array([[2.0, 0.1, 0], [0, 0, 1], [0, 0, 0]]), LABELLED, VECTORS)
    assert found[0].liked is not None and found[0].disliked is not None
    assert (found[0].liked.posting_id, found[0].disliked.posting_id) == ("a", "b")
    assert found[0].liked.similarity == pytest.approx(2 / np.sqrt(4.01), abs=1e-4)
    assert found[0].because == "because you liked Data Engineer at Foo"
    assert found[1].because == "" and found[1].liked is not None, "the nearest is far"
    assert found[2] == Neighbours(), "of what is not encoded nothing is near"


def test_what_was_turned_down_and_is_nearer_is_said() -> None:
    [found] = nearest(np.array([[0.1, 1.0, 0]]), LABELLED, VECTORS)
    assert found.because == "though you turned down Baker"


def test_without_labels_of_a_kind_there_is_none() -> None:
    assert nearest(np.eye(2), LABELLED.head(0), VECTORS[:0]) == [Neighbours()] * 2
    [found] = nearest(np.array([[1.0, 0, 0]]), LABELLED.iloc[[0]], VECTORS[[0]])
    assert found.disliked is None and found.because.endswith("Foo")


def test_stored_and_read_again() -> None:
    told = Neighbours(Neighbour("a", 'Data "é" <b>', "Foo", 0.9), None)
    assert from_json(to_json(told)) == told
    assert from_json(None) == from_json(float("nan")) == Neighbours()
    assert 0 < ALIKE < 1
