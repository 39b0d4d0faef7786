"""What the recommender makes of the vectors: a block of its own, off unless vectors exist, judged by the gate."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from jobfinder_assets.config import Home, Settings, Training
from jobfinder_assets.encoder.static import distil, save_static
from jobfinder_assets.encoder.vectors import put_in_force, vectors_table
from jobfinder_assets.recommendations.recommender import encoded_postings
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training import registry
from jobfinder_assets.training.features import (
    FeatureMatrix,
    fit_encoder,
    read_features,
    save_encoder,
    update_features,
)
from jobfinder_assets.training.model import LinearModel, Parameters, PreferenceModel
from jobfinder_assets.training.training_set import Examples, build_training_set
from jobfinder_assets.training.tuning import MEANING_WEIGHT, search
from jobfinder_tests.encoder.test_static import postings_as, words_as
from jobfinder_tests.training import people


@pytest.fixture(scope="module")
def examples() -> Examples:
    return people.examples(80)


def with_meaning(examples: Examples, *, telling: bool) -> FeatureMatrix:
    """Vectors of which the first number tells the label, or nothing."""
    meaning = np.random.default_rng(0).standard_normal((len(examples), 6)).astype(np.float32)
    if telling:
        meaning[:, 0] = np.where(examples.labels, 3, -3)
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    return replace(examples.features, meaning=meaning)


def test_a_model_without_weight_does_not_read_the_vectors(examples: Examples) -> None:
    features = with_meaning(examples, telling=True)
    without = LinearModel().fit_features(examples.features, examples.labels)
    beside = LinearModel().fit_features(features, examples.labels)
    assert beside.meaning_weights is None
    assert np.array_equal(beside.score_features(features), without.score_features(examples.features))


def test_the_vectors_add_their_part_to_the_score(examples: Examples) -> None:
    features = with_meaning(examples, telling=True)
    model = PreferenceModel(Parameters(meaning_weight=0.4)).fit_features(features, examples.labels)
    assert model.linear.meaning_weights is not None
    assert model.linear.meaning_weights[0] == np.abs(model.linear.meaning_weights).max() > 0
    part = model.score_features(features) - model.score_features(replace(features, meaning=None))
    assert part == pytest.approx(features.meaning @ model.linear.meaning_weights, abs=1e-6)
    # A posting whose vector is still to come is scored by everything else.
    unknown = replace(features, meaning=np.zeros_like(features.meaning))
    assert np.array_equal(model.score_features(unknown), model.score_features(replace(features, meaning=None)))


def test_the_search_takes_them_when_they_are_there(examples: Examples) -> None:
    found = search(with_meaning(examples, telling=True), examples.labels, examples.groups, trials=2, seed=0)
    assert found.meaning_weight == MEANING_WEIGHT
    assert search(examples.features, examples.labels, examples.groups, trials=2, seed=0).meaning_weight == 0


def test_a_profile_is_trained_anew_when_vectors_come_and_mlflow_scores_with_them(
    lake: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "evaluate", partial(ev.evaluate, repeats=1))
    training = Training(trials=2, outer_folds=3)
    settings = Settings(mlflow_uri=f"sqlite:///{tmp_path / 'mlflow.db'}", training=training)
    posts = people.postings(60)
    people.fill(lake, posts)
    encoder = fit_encoder(lake)
    save_encoder(home, encoder)
    update_features(lake, encoder)
    rows = build_training_set(people.label_events(posts, noise=0.05), people.clusters(posts), posts, profile="ann")
    lake.replace("training_set", rows)
    assert registry.train(settings, lake, "ann").state == "trained"
    assert registry.train(settings, lake, "ann").state == "unchanged"

    words = distil(posts, words_as, postings_as, encoder_version="e")
    save_static(home, words)
    lake.merge(
        "posting_vectors", vectors_table(list(posts["posting_id"]), ["h"] * 60, words.encode(posts), words.version)
    )
    assert registry.train(settings, lake, "ann").state == "unchanged"
    put_in_force(home, words.version)
    outcome = registry.train(settings, lake, "ann")
    assert outcome.state == "trained"
    assert outcome.champion is not None
    assert outcome.champion.tags["vectors_version"] == words.version
    assert registry.train(settings, lake, "ann").state == "unchanged"

    # The list's scores are the model's, read batch by batch and with the vectors apart.
    ids = list(posts["posting_id"])
    read = read_features(lake, encoder.version, ids, vectors_version=words.version)
    listed = encoded_postings(lake, encoder, outcome.champion.model, vectors_version=words.version)
    assert listed is not None
    assert listed.scores_of(ids) == pytest.approx(outcome.champion.model.score_features(read), abs=1e-6)
    assert outcome.champion.parameters.meaning_weight == MEANING_WEIGHT

    import mlflow

    served = mlflow.pyfunc.load_model(f"models:/{registry.model_name('ann')}/2")
    frame = registry.example_postings(people.examples(5))
    features = replace(encoder.transform(frame), meaning=words.encode(frame))
    assert served.predict(frame) == pytest.approx(outcome.champion.model.score_features(features))
