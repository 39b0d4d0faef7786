"""What the blocking check of a training set lets through, and what it names."""

import pandas as pd
import pytest

from jobfinder_assets.config import Training
from jobfinder_assets.training.evaluation import training_set_problems
from jobfinder_assets.training.training_set import build_training_set
from jobfinder_tests.training import people


@pytest.fixture
def rows() -> pd.DataFrame:
    posts = people.postings(60)
    return build_training_set(people.label_events(posts), people.clusters(posts), posts, profile="ann")


def test_a_built_training_set_has_no_problems(rows: pd.DataFrame) -> None:
    assert training_set_problems(rows, training=Training()) == []
    assert training_set_problems(rows.head(3), training=Training()) == []
    assert training_set_problems(rows.head(0), training=Training()) == []


@pytest.mark.parametrize("column", ["posting_id", "interesting", "group"])
def test_a_missing_value_is_named_with_its_cluster(rows: pd.DataFrame, column: str) -> None:
    values = rows[column].astype("object")
    values.iloc[5] = None
    problems = training_set_problems(rows.assign(**{column: values}), training=Training())
    assert problems == [f"1 rows have no {column}, as cluster 'cp0005'"]


@pytest.mark.parametrize("column", ["cluster_id", "posting_id"])
def test_a_second_row_of_an_opening_is_named(rows: pd.DataFrame, column: str) -> None:
    values = rows[column].astype("object")
    values.iloc[7] = values.iloc[3]
    problems = training_set_problems(rows.assign(**{column: values}), training=Training())
    assert problems == [f"{column} {values.iloc[3]!r} has more than one row; 1 such rows"]
