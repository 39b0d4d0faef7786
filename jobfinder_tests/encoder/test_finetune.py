"""Fine-tuning a tiny transformer: that it learns, that it repeats itself, and that folds stay apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobfinder_assets.encoder.weights import load
from jobfinder_assets.encoder.windows import whole_texts
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.training import people

pytest.importorskip("torch", reason='needs the extra: pip install "jobfinder[encoder]"')

from jobfinder_assets.encoder import finetune

pytestmark = needs_extra
QUICK = finetune.Recipe(layers=1, epochs=4, batch=16, learning_rate=3e-3)


@pytest.fixture(scope="module")
def encoder(tiny_weights: Path) -> Any:
    return load(tiny_weights, device="cpu")


@pytest.fixture(scope="module")
def posts() -> Any:
    return people.postings(160)


@pytest.fixture(scope="module")
def labels(posts: Any) -> Any:
    return (posts["role"] == "data_engineer").to_numpy(bool)


@pytest.fixture(scope="module")
def reading(encoder: Any, posts: Any) -> finetune.Reading:
    return finetune.read(encoder, whole_texts(posts), layers=1)


def test_reading_and_upper_layers_give_what_the_whole_encoder_gives(encoder: Any, posts: Any, reading: Any) -> None:
    expected = encoder.encode(whole_texts(posts))
    layers = encoder[0].model.encoder.layer[1:]
    found = finetune._vectors(layers, reading, np.arange(len(reading)))
    # Kept in half precision.
    assert found == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("kind", ["contrastive", "head"])
def test_what_it_learns_holds_for_other_postings(
    kind: Any, encoder: Any, posts: Any, labels: Any, reading: finetune.Reading
) -> None:
    from sklearn.metrics import average_precision_score

    train, test = np.arange(100), np.arange(100, 160)
    values = {**QUICK.to_dict(), "kind": kind, "balance": "weights", "early_stopping": False, "epochs": 6}
    recipe = finetune.Recipe.from_dict(values)
    found = finetune.fine_tune(
        encoder, finetune.take(reading, train), labels[train], posts["company"].to_numpy()[train], recipe
    )
    scores = found.score(finetune.take(reading, test))
    assert average_precision_score(labels[test], scores) > labels[test].mean() + 0.3


def test_contrastive_training_brings_likes_together(encoder: Any, posts: Any, labels: Any, reading: Any) -> None:
    def apart(epochs: int) -> float:
        recipe = finetune.Recipe.from_dict(QUICK.to_dict() | {"early_stopping": False, "epochs": epochs})
        layers = finetune.fine_tune(encoder, reading, labels, posts["company"], recipe).layers
        vectors = finetune._vectors(layers, reading, np.arange(len(reading)))
        alike = vectors @ vectors.T
        return float(alike[np.ix_(labels, labels)].mean() - alike[np.ix_(labels, ~labels)].mean())

    assert apart(4) > 2 * apart(0)


def test_the_number_of_epochs_comes_from_the_inner_folds(encoder: Any, posts: Any, labels: Any, reading: Any) -> None:
    found = finetune.fine_tune(encoder, reading, labels, posts["company"], QUICK)
    assert len(found.history) == QUICK.epochs + 1
    assert found.epochs == int(np.argmax(found.history))
    again = finetune.fine_tune(encoder, reading, labels, posts["company"], QUICK)
    assert np.array_equal(again.score(reading), found.score(reading))


def test_the_encoder_itself_is_not_changed(encoder: Any, posts: Any, labels: Any, reading: Any) -> None:
    before = encoder.encode(["build pipelines with airflow"])
    found = finetune.fine_tune(encoder, reading, labels, posts["company"], QUICK)
    assert np.array_equal(encoder.encode(["build pipelines with airflow"]), before)
    texts = whole_texts(posts.head(5))
    vectors = finetune.merged(encoder, found).encode(texts)
    scores = vectors @ found.coefficients + found.intercept
    assert scores == pytest.approx(found.score(finetune.take(reading, range(5))), abs=0.05)


def test_inner_folds_keep_groups_whole(posts: Any, labels: Any) -> None:
    groups = posts["company"].to_numpy()
    folds = finetune.inner_folds(labels.astype(int), groups, seed=0)
    assert len(folds) == finetune.INNER_SPLITS
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
    assert finetune.inner_folds(labels.astype(int), np.where(labels, "one", groups), seed=0) == []


@pytest.mark.parametrize("name", finetune.STRATEGIES)
def test_every_strategy_for_a_rare_class_runs(name: str, encoder: Any, posts: Any, reading: finetune.Reading) -> None:
    rare = np.zeros(len(posts), bool)
    rare[[1, 40, 80, 120, 150]] = True
    folds = [(np.arange(80, 160), np.arange(80)), (np.arange(80), np.arange(80, 160))]
    recipe = finetune.Recipe.from_dict(
        finetune.STRATEGIES[name].to_dict() | {"layers": 1, "epochs": 1, "batch": 16, "learning_rate": 3e-3}
    )
    rows = finetune.compare(encoder, reading, rare, posts["company"], folds, strategies={name: recipe})
    assert [row["strategy"] for row in rows] == [name]
    assert 0 < rows[0]["AP"] <= 1
    assert rows[0]["seconds"] > 0


def test_sampled_batches_hold_as_many_of_each_class() -> None:
    labels = np.zeros(100, dtype=np.int64)
    labels[:20] = 1
    draw = np.random.default_rng(0)
    batches = list(finetune._batches(labels, np.arange(100), finetune.Recipe(balance="sampled", batch=16), draw))
    assert all(labels[batch].sum() == 8 and len(set(batch)) == 16 for batch in batches)
    every = np.concatenate(list(finetune._batches(labels, np.arange(100), finetune.Recipe(balance="none"), draw)))
    assert sorted(every) == list(range(100))


def test_the_contrastive_loss_is_lower_when_likes_lie_together() -> None:
    import torch

    target = torch.tensor([1, 1, 0, 0])
    apart = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]]), dim=1)
    labels = target.numpy()
    head = torch.nn.Linear(2, 1)
    for balance in ("none", "weights"):
        recipe = finetune.Recipe(balance=balance)
        good = finetune._loss(apart, target, head, labels, recipe)
        bad = finetune._loss(apart[[0, 2, 1, 3]], target, head, labels, recipe)
        assert good < bad


def test_a_focal_loss_forgets_what_is_easy() -> None:
    import torch

    head = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(head.weight)
    torch.nn.init.zeros_(head.bias)
    target, labels = torch.tensor([1.0]), np.array([0, 1])

    def ratio(balance: Any) -> float:
        recipe = finetune.Recipe(kind="head", balance=balance)
        easy, hard = (finetune._loss(torch.tensor([[x]]), target, head, labels, recipe).item() for x in (4.0, -1.0))
        return easy / hard

    assert ratio("focal") < ratio("none") / 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.ones(160)}, "one kind only"),
        ({"recipe": finetune.Recipe(layers=2)}, "read for 1 trained layers, the recipe trains 2"),
    ],
)
def test_what_cannot_be_learnt_is_said(
    change: Any, message: str, encoder: Any, posts: Any, labels: Any, reading: Any
) -> None:
    given = {"labels": labels, "recipe": QUICK} | change
    with pytest.raises(ValueError, match=message):
        finetune.fine_tune(encoder, reading, given["labels"], posts["company"], given["recipe"])


def test_recipes_are_checked() -> None:
    with pytest.raises(ValueError, match="focal loss needs a classification head"):
        finetune.Recipe(kind="contrastive", balance="focal")
    with pytest.raises(ValueError, match="unknown setting 'epoch'"):
        finetune.Recipe.from_dict({"epoch": 3})


@pytest.mark.parametrize(
    ("cuda", "native", "device", "kind"),
    [(False, False, "cpu", None), (True, True, "cuda", "bfloat16"), (True, False, "cuda", "float16")],
)
def test_a_gpu_is_taken_when_there_is_one_and_then_half_precision(
    cuda: bool, native: bool, device: str, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from jobfinder_assets.encoder.weights import EncoderUnavailable, chosen_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    # A T4 emulates bfloat16: that does not count.
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: native or including_emulation)
    chosen = chosen_device("auto")
    assert chosen == device
    assert finetune.precision(torch.device(chosen)) == (getattr(torch, kind) if kind else None)
    assert chosen_device("cpu") == "cpu"
    assert finetune.precision(torch.device("cpu")) is None
    if not cuda:
        with pytest.raises(EncoderUnavailable, match="torch sees no GPU"):
            chosen_device("cuda")


def test_frozen_leaves_the_encoder_as_it_is(encoder: Any, posts: Any, labels: Any, reading: Any) -> None:
    before = finetune._vectors(encoder[0].model.encoder.layer[1:], reading, np.arange(20))
    rare = labels & (np.arange(len(labels)) % 4 == 0)
    for balance in ("none", "weights", "sampled", "focal"):
        recipe = finetune.Recipe(kind="frozen", balance=balance, layers=1)
        found = finetune.fine_tune(encoder, reading, rare, posts["company"], recipe)
        assert (found.epochs, found.history) == (0, ())
        assert np.array_equal(finetune._vectors(found.layers, reading, np.arange(20)), before)
        assert found.score(reading)[rare].mean() > found.score(reading)[~rare].mean()


def test_sampling_keeps_the_rare_and_as_many_of_the_others() -> None:
    values = np.array([0, 0, 0, 0, 1, 0, 1, 0])
    rows = finetune._as_many(values, np.arange(8), seed=0)
    assert sorted(values[rows]) == [0, 0, 1, 1]
    assert {4, 6} <= set(rows.tolist())
