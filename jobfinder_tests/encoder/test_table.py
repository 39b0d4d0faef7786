"""The table of notebook 02: what the encoder adds on a person's own labels, and what it costs."""

import numpy as np
import pytest

from jobfinder_assets.config import Encoder, Home, Settings, Training
from jobfinder_assets.encoder import embed
from jobfinder_assets.encoder.static import distil, save_static
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import encoder_table as tables
from jobfinder_assets.training.imbalance import STRATEGY_COLUMNS, strategies_table
from jobfinder_assets.training.training_set import Examples
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.encoder.test_bundle import fill
from jobfinder_tests.encoder.test_static import postings_as, words_as
from jobfinder_tests.training import people

SETTINGS = Settings(training=Training(trials=2, outer_folds=3))


def test_without_labels_the_table_is_empty(lake: Lake, home: Home) -> None:
    assert tables.encoder_table(lake, SETTINGS, "ann").empty
    fill(lake, home, n=20)
    assert tables.encoder_table(lake, SETTINGS, "ann").empty
    assert tables.labelled(lake, SETTINGS, "ann") is None


def test_each_way_to_read_is_measured_by_the_number_of_labels(lake: Lake, home: Home) -> None:
    fill(lake, home, n=90)
    save_static(home, distil(people.postings(90), words_as, postings_as, encoder_version="e"))
    table = tables.encoder_table(lake, SETTINGS, "ann", sizes=(30, 500))
    assert tuple(table.columns) == tables.TABLE_COLUMNS
    ways = [tables.LINEAR, tables.TREES, tables.STATIC]
    assert list(table["model"].iloc[:3]) == ways
    assert set(table["labels"]) == {30, 60}
    assert ((table["low"] <= table["AP"]) & (table["AP"] <= table["high"])).all()
    assert (table[["seconds to train", "postings/s"]] > 0).all(axis=None)
    found = table.set_index(["model", "labels"])
    assert found.loc[(tables.TREES, 60), "against linear"] == pytest.approx(
        found.loc[(tables.TREES, 60), "AP"] - found.loc[(tables.LINEAR, 60), "AP"]
    )
    # The vectors cost time and memory on top of everything else.
    assert found.loc[(tables.STATIC, 60), "MiB"] > found.loc[(tables.TREES, 60), "MiB"] > 0
    assert found.loc[(tables.STATIC, 60), "postings/s"] < found.loc[(tables.LINEAR, 60), "postings/s"]


@needs_extra
def test_the_transformer_reads_the_labelled_postings(lake: Lake, home: Home, tiny: Encoder) -> None:
    fill(lake, home)
    embed.tokenizer_in_force(lake, home, tiny)
    table = tables.encoder_table(lake, SETTINGS.model_copy(update={"encoder": tiny}), "ann", sizes=())
    assert list(table["model"]) == [tables.LINEAR, tables.TREES, tables.TRANSFORMER]
    assert table["postings/s"].iloc[2] < table["postings/s"].iloc[1]


@pytest.fixture(scope="module")
def examples() -> Examples:
    return people.examples(90, noise=0.05)


def test_fewer_labels_are_drawn_from_the_training_side_alone(examples: Examples) -> None:
    plan = tables.plan_folds(examples, training=SETTINGS.training, repeats=1)
    less = tables._with_fewer(plan, examples, 12, seed=0)
    for whole, fold in zip(plan.repeats[0], less.repeats[0], strict=True):
        assert len(set(fold.train)) == 12
        assert set(fold.train) <= set(whole.train)
        assert np.array_equal(fold.test, whole.test)
        assert 2 <= examples.labels[fold.train].sum() <= 10


def test_strategies_for_rare_likes_stand_in_one_table(examples: Examples) -> None:
    plan = tables.plan_folds(examples, training=SETTINGS.training)
    tested = np.zeros(len(examples), bool)
    tested[np.concatenate([fold.test for fold in plan.repeats[0]])] = True
    perfect = [float(label) if known else None for label, known in zip(examples.labels, tested, strict=True)]
    constant = [0.0 if known else None for known in tested]
    others = [
        {"strategy": "head, none", "scores": constant, "seconds": 1.0},
        {"strategy": "head, focal", "scores": perfect, "seconds": 2.0},
    ]
    table = strategies_table(examples, plan, training=SETTINGS.training, others=others)
    assert tuple(table.columns) == STRATEGY_COLUMNS
    found = table.set_index("strategy")
    assert len(found) == 10
    assert found.loc["head, focal", "AP"] == 1
    assert found.loc["head, none", "AP"] == pytest.approx(examples.labels[tested].mean())
    assert found.loc["head, focal", "against none"] == pytest.approx(1 - examples.labels[tested].mean())
    assert found.loc["head, focal", "against low"] > 0
    assert found["against none"].isna().sum() == 3
