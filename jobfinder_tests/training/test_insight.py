"""What is told of a model in words: how good, what it learnt, where it errs, what was before."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import Home, Settings, Training
from jobfinder_assets.storage.files import write_object
from jobfinder_assets.storage.mlflow_store import experiment_id, mlflow_client
from jobfinder_assets.training import insight
from jobfinder_assets.training.evaluation import Canary
from jobfinder_assets.training.features import FeatureEncoder
from jobfinder_assets.training.insight import Run
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_assets.training.registry import MODEL_CODE_VERSION, Champion
from jobfinder_assets.training.training_set import Examples
from jobfinder_tests.training import people

TRAINING = Training(outer_folds=3)
BOARD = {"role tag only": 0.9, "model": 0.8, "linear model": 0.7, "newest first": 0.3, "prevalence": 0.2}


def champion(ap: float = 0.8, low: float = 0.7, *, recipe: str = "model", **tags: str) -> Champion:
    """A champion of which only the figures are told."""
    board = pd.DataFrame({"model": list(BOARD), "AP": list(BOARD.values()), "low": 0.1, "high": 1.0})
    told = {
        "recipe": recipe, "positives": "12", "negatives": "48", "basis": "all labels", "encoder_version": "e1",
        "model_code_version": MODEL_CODE_VERSION, "decision": "the new model wins", "fold_kind": "grouped",
    }  # fmt: skip
    return Champion(
        model=PreferenceModel(), version="1", tags=told | tags, metrics={"AP": ap, "low": low, "high": 1.0},
        parameters=Parameters(), scoreboard=board, previous_scoreboard=pd.DataFrame(),
        canaries=(Canary("shuffled labels", True, "AP 0.2"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ap", "low", "expected", "unexpected"),
    [
        (0.95, 0.9, "from the others very well.", "no more than"),
        (0.95, 0.7, "very well. Judged on 60 labels (12 interesting, 48 not)", "better than chance"),
        (0.95, 0.7, "it may be no more than well; more labels would tell", "better than chance"),
        (0.5, 0.3, "from the others fairly well.", "very well"),
        (0.5, 0.3, "it may be no more than somewhat", "very well"),
        (0.8, 0.19, "not yet shown to tell the jobs you like from the others better than chance", "well."),
        (0.8, float("nan"), "not yet shown", "well."),
    ],
)
def test_a_verdict_in_words(ap: float, low: float, expected: str, unexpected: str) -> None:
    words = insight.verdict(champion(ap, low))
    assert expected in words and unexpected not in words
    assert "%" not in words and "role" in words


def test_a_verdict_names_the_simpler_ways_that_did_better() -> None:
    words = insight.verdict(champion())
    assert "Of the 3 simpler ways to rank, these did better: your profile's roles." in words
    assert "picked at random" not in words
    assert "Judged on your latest 60 labels (12" in insight.verdict(champion(fold_kind="time"))
    words = insight.verdict(champion(recipe="role tag only", basis="random picks"))
    assert "None of the 2 simpler ways to rank did better." in words and "picked at random, each" in words


@pytest.fixture(scope="module")
def told() -> tuple[PreferenceModel, FeatureEncoder, Examples]:
    posts = people.postings(120)
    frame = posts.merge(people.role_tags(posts).drop(columns=["content_hash", "role"]), on="posting_id")
    frame = frame.assign(years_min=np.nan, employment_type=None, language="en")
    encoder = FeatureEncoder(components=16).fit(frame)
    examples = replace(people.examples(120), postings=frame, features=encoder.transform(frame))
    model = PreferenceModel(Parameters()).fit_features(examples.features, examples.labels, groups=examples.groups)
    return model, encoder, examples


def test_what_it_learnt_is_what_its_reasons_say(told: tuple[PreferenceModel, FeatureEncoder, Examples]) -> None:
    model, encoder, examples = told
    found = insight.learnt(model, encoder, examples, most=4)
    reasons = model.contributions(examples.features, top=100_000, names=encoder)
    for one in found:
        if one.part == "fact":
            continue
        name = f"title: {one.name}" if one.part == "title" else one.name
        parts = [sum(reason.contribution for reason in row if reason.name == name) for row in reasons]
        assert abs(one.strength) == pytest.approx(np.std(parts), rel=1e-4), one
        assert np.sign(one.strength) == np.sign(np.mean(parts))
    duties = next(one for one in found if one.name == "data engineering duties")
    parts = [sum(r.contribution for r in row if r.name.startswith("role data engineer")) for row in reasons]
    assert duties.strength == pytest.approx(np.std(parts), rel=1e-4) and duties.disliked == 0


def test_what_it_learnt_has_examples_and_counts(told: tuple[PreferenceModel, FeatureEncoder, Examples]) -> None:
    model, encoder, examples = told
    found = insight.learnt(model, encoder, examples, most=4)
    words = examples.postings["description"].str.split().map(set)
    texts = dict(zip(examples.postings["posting_id"], words, strict=True))
    likes = dict(zip(examples.postings["posting_id"], examples.labels, strict=True))
    described = [one for one in found if one.part == "description" and " " not in one.name]
    assert {one.name for one in described if one.strength > 0} <= set(people.DUTIES["data_engineer"].split())
    for one in described:
        has = [posting for posting, words in texts.items() if one.name in words]
        assert (one.liked, one.disliked) == (sum(likes[p] for p in has), sum(not likes[p] for p in has))
        for example, liked in ((one.liked_example, True), (one.disliked_example, False)):
            assert (example in has and likes[example] == liked) if example else not any(likes[p] == liked for p in has)
    for part in ("title", "description", "fact"):
        for positive in (True, False):
            side = [abs(one.strength) for one in found if one.part == part and (one.strength > 0) == positive]
            assert len(side) <= 4 and side == sorted(side, reverse=True)


def test_a_word_inside_a_stronger_phrase_is_said_once(told: tuple[PreferenceModel, FeatureEncoder, Examples]) -> None:
    found = insight.learnt(*told, most=8)
    assert any(" " in one.name for one in found)
    for one, other in permutations(found, 2):
        same_side = one.part == other.part and (one.strength > 0) == (other.strength > 0)
        assert not same_side or f" {one.name} " not in f" {other.name} "


def test_labels_turned_round_are_the_worst_misses(told: tuple[PreferenceModel, FeatureEncoder, Examples]) -> None:
    _, encoder, examples = told
    rows = [int(np.flatnonzero(examples.labels)[3]), int(np.flatnonzero(~examples.labels)[5])]
    labels = examples.labels.copy()
    labels[rows] = ~labels[rows]
    found = insight.misses(Parameters(), replace(examples, labels=labels), encoder, training=TRAINING, most=1)
    assert {miss.row for miss in found} == set(rows)
    for miss in found:
        assert miss.interesting == labels[miss.row] and miss.of == len(examples)
        assert (miss.place > labels.sum()) == miss.interesting, "a like below, a dislike above"
        assert {reason.name for reason in miss.reasons} > {"base", "everything else"}


def test_reasons_of_misses_name_the_wanted_words_that_a_posting_holds(
    told: tuple[PreferenceModel, FeatureEncoder, Examples],
) -> None:
    _, encoder, examples = told
    wanted = encoder.wanted(["agile"])
    held = wanted.held(examples.features.terms).any(axis=1)
    assert held.any() and not held.all()
    examples = replace(examples, features=wanted.added(examples.features))
    labels = np.where(np.arange(len(examples)) % 7 == 0, ~examples.labels, examples.labels)
    turned = replace(examples, labels=labels)
    found = insight.misses(Parameters(), turned, encoder, training=TRAINING, wanted=wanted, most=20)
    told_of = {miss.row: [reason.name for reason in miss.reasons if "wanted words" in reason.name] for miss in found}
    assert any(told_of.values())
    for row, names in told_of.items():
        assert all(name.endswith(" none") != held[row] for name in names)


def test_no_misses_without_labels_to_split(told: tuple[PreferenceModel, FeatureEncoder, Examples]) -> None:
    _, encoder, examples = told
    few = examples.take(np.arange(10))
    assert insight.misses(Parameters(), few, encoder, training=TRAINING) == []


def test_versions_say_what_they_were_and_whether_they_can_rank(home: Home) -> None:
    folder = home.models / "preference" / "ann"
    write_object(folder / "1.joblib", champion(model_code_version="0"))
    write_object(folder / "2.joblib", champion(0.6, 0.5, labels="90"))
    write_object(folder / "10.joblib", champion(0.7, 0.6, encoder_version="e2"))
    second, third = insight.stored_versions(Settings(), "ann", "e2")
    assert (second.version, second.labels, second.usable) == ("2", 90, False)
    assert (third.version, third.labels, third.usable) == ("10", 60, True)
    assert (third.average_precision.value, third.average_precision.low, third.chance) == (0.7, 0.6, 0.2)
    assert insight.stored_versions(Settings(), "ben", "e2") == []


def test_runs_are_the_trainings_without_their_trials(home: Home) -> None:
    settings = Settings()
    with mlflow_client(settings) as client:
        experiment = experiment_id(client, settings, "jobfinder/ann", "ann")
        ids = []
        for number in range(2):
            run = client.create_run(
                experiment, start_time=1_000 * (number + 1), tags={"label_hash": "x"}, run_name=f"ann {number} labels"
            )
            ids.append(run.info.run_id)
            client.log_metric(run.info.run_id, "AP", 0.5 + number / 10)
            client.log_param(run.info.run_id, "leaves", number)
            client.set_terminated(run.info.run_id)
            client.create_run(experiment, run_name="trial 000")
        client.create_registered_model("jobfinder-ann")
        client.create_model_version("jobfinder-ann", source=f"{run.info.artifact_uri}/model", run_id=ids[0])
    newest, before = insight.training_runs(settings, "ann")
    assert (newest.run_id, newest.version, newest.name) == (ids[1], "", "ann 1 labels")
    assert (before.version, before.status, before.metrics, before.parameters) == (
        "1", "FINISHED", {"AP": 0.5}, {"leaves": "0"},
    )  # fmt: skip
    assert len(insight.training_runs(settings, "ann", most=1)) == 1
    assert insight.training_runs(settings, "ben") == []


def run(metrics: dict[str, float], parameters: dict[str, str]) -> Run:
    now: Any = pd.Timestamp("2026-01-01", tz="UTC")
    return Run("r", "name", "1", now, "FINISHED", parameters, metrics)


def test_two_runs_side_by_side() -> None:
    one = run({"AP_of_x": 0.1, "low": 0.4, "AP": 0.6, "precision_at_10": 0.5}, {"l2": "5.000001", "trees": "True"})
    other = run({"AP": 0.5, "high": 0.9}, {"l2": "5.000001", "trees": "False", "leaves": "4"})
    metrics = insight.compared_metrics(one, other)
    assert metrics["name"].tolist() == ["AP", "low", "high", "precision at 10", "AP of x"]
    assert metrics["difference"].iloc[0] == pytest.approx(0.1) and metrics["difference"].iloc[1:].isna().all()
    parameters = insight.compared_parameters(one, other)
    assert parameters.values.tolist() == [
        ["leaves", "", "4", True], ["trees", "True", "False", True], ["l2", "5", "5", False],
    ]  # fmt: skip
    assert insight.compared_metrics(run({}, {}), run({}, {})).empty
    assert insight.compared_parameters(run({}, {}), run({}, {})).empty
