"""What the recommender makes of the vectors: a block of its own, off unless vectors exist, judged by the gate."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from jobfinder_assets.config import Home, Settings, Training
from jobfinder_assets.encoder.static import distil, save_static
from jobfinder_assets.encoder.vectors import put_in_force, vectors_table
from jobfinder_assets.recommendations.reasons import sentences
from jobfinder_assets.recommendations.recommender import encoded_postings
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training import registry
from jobfinder_assets.training.features import (
    FeatureEncoder,
    FeatureMatrix,
    fit_encoder,
    read_features,
    save_encoder,
    update_features,
)
from jobfinder_assets.training.model import Balance, LinearModel, Parameters, PreferenceModel, Reason
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


def test_what_the_vectors_say_is_a_reason_of_its_own(examples: Examples) -> None:
    names = FeatureEncoder(components=16, seed=0).fit(examples.postings)
    features = with_meaning(examples, telling=True)
    trees = Parameters(meaning_weight=0.4, trees=True)
    model = PreferenceModel(trees).fit_features(features, examples.labels, examples.groups)
    scores = model.score_features(features)
    found = model.contributions(features, top=10_000, names=names)
    named = []
    for score, reasons in zip(scores, found, strict=True):
        assert sum(reason.contribution for reason in reasons) == pytest.approx(score, abs=1e-6)
        # With every reason told, nothing is left that has no name.
        rest = next(reason for reason in reasons if reason.name == "everything else")
        assert rest.contribution == pytest.approx(0, abs=1e-6)
        named += [reason.contribution for reason in reasons if reason.kind == "meaning"]
    assert len(named) == len(examples)
    # Against a labelled posting as they are on average: for some it speaks, against others.
    assert np.mean(named) == pytest.approx(0, abs=1e-6)
    assert np.mean(np.array(named)[examples.labels]) > 0
    # A posting without a vector has no such reason, and its reasons still add up.
    unknown = replace(features, meaning=np.zeros_like(features.meaning)).take([0])
    reasons = model.contributions(unknown, top=10_000, names=names)[0]
    assert "meaning" not in {reason.kind for reason in reasons}
    assert sum(reason.contribution for reason in reasons) == pytest.approx(model.score_features(unknown)[0], abs=1e-6)


def test_the_reason_is_named_for_what_it_is() -> None:
    spoken = [Reason("meaning", "meaning", 0.4), Reason("kafka", "term", 0.2), Reason("base", "base", 9.0)]
    assert [one.text for one in sentences(spoken)] == ["reads like postings you liked", "mentions kafka"]
    assert sentences([Reason("meaning", "meaning", -0.4)])[0].text == "reads unlike postings you liked"


@pytest.mark.parametrize("trees", [False, True])
@pytest.mark.parametrize("balance", ["none", "weights", "sampled", "focal"])
def test_every_answer_to_a_rare_class_learns(balance: Balance, trees: bool) -> None:
    examples = people.examples(160)
    train, test = np.arange(100), np.arange(100, 160)
    model = PreferenceModel(Parameters(balance=balance, trees=trees, words_weight=0.0))
    model.fit_features(examples.features.take(train), examples.labels[train], examples.groups[train])
    assert (model.booster is not None) == trees
    scores = model.score_features(examples.features.take(test))
    truth = examples.labels[test]
    assert scores[truth].mean() > scores[~truth].mean()


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
