"""Training one profile end to end: gate, MLflow, the champion and its copy that needs no MLflow."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import Home, Profile, Settings, Training
from jobfinder_assets.storage.files import write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.mlflow_store import mlflow_client
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training import registry
from jobfinder_assets.training.features import (
    Wanted,
    fit_encoder,
    load_encoder,
    read_features,
    save_encoder,
    update_features,
)
from jobfinder_assets.training.model import LinearModel
from jobfinder_assets.training.training_set import build_training_set
from jobfinder_tests.training import people

TRAINING = Training(trials=4, outer_folds=3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One MLflow store for the module: creating its tables takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def settings(store: str, home: Home) -> Settings:
    return Settings(mlflow_uri=store, training=TRAINING)


@pytest.fixture(autouse=True)
def one_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "evaluate", partial(ev.evaluate, repeats=1))


def write_labels(lake: Lake, posts: pd.DataFrame, profile: str, **labels: object) -> None:
    events = people.label_events(posts, profile=profile, **labels)  # type: ignore[arg-type]
    frame = build_training_set(events, people.clusters(posts), posts, profile=profile)
    lake.replace("training_set", frame, where=f"profile = '{profile}'")


def encode(lake: Lake, home: Home, posts: pd.DataFrame) -> None:
    people.fill(lake, posts)
    save_encoder(home, fit_encoder(lake))
    encoder = load_encoder(home)
    assert encoder is not None
    update_features(lake, encoder)


def test_a_profile_from_nothing_to_its_second_model(settings: Settings, lake: Lake, home: Home) -> None:
    posts = people.postings(90)
    assert registry.train(settings, lake, "ann").state == "no_features"
    encode(lake, home, posts)
    write_labels(lake, posts.head(20), "ann")
    few = registry.train(settings, lake, "ann")
    assert (few.state, few.champion) == ("too_few_labels", None)
    assert registry.champion(settings, "ann") is None

    write_labels(lake, posts.head(60), "ann", noise=0.05)
    first = registry.train(settings, lake, "ann")
    assert first.state == "trained"
    assert first.decision is not None
    assert first.decision.against == ev.LINEAR
    kept = registry.champion(settings, "ann")
    assert kept is not None
    assert kept.version == "1"
    encoder_version = kept.tags["encoder_version"]
    features = read_features(lake, encoder_version, list(posts["posting_id"][60:]))
    scores = kept.model.score_features(features)
    likes = (posts["role"][60:] == "data_engineer").to_numpy()
    assert scores[likes].mean() > scores[~likes].mean()

    again = registry.train(settings, lake, "ann")
    assert again.state == "unchanged"
    assert again.champion is not None
    assert again.champion.version == "1"

    write_labels(lake, posts, "ann", noise=0.05)
    second = registry.train(settings, lake, "ann")
    assert second.decision is not None
    assert second.decision.against == ev.CHAMPION
    assert second.champion is not None
    assert second.champion.version == "2"
    assert ev.CHAMPION in set(second.champion.scoreboard["model"])
    pd.testing.assert_frame_equal(second.champion.previous_scoreboard, kept.scoreboard)

    registry.promote(settings, "ann", "1")
    rolled_back = registry.champion(settings, "ann")
    assert rolled_back is not None
    assert rolled_back.model.score_features(features) == pytest.approx(scores, abs=1e-9)
    with pytest.raises(FileNotFoundError, match="no model '7'"):
        registry.promote(settings, "ann", "7")

    # As after a kill between alias and file: the file follows the alias, and nothing is trained again.
    pointer = home.models / "preference" / "ann" / "champion.json"
    registry.promote(settings, "ann", "2")
    pointer.write_text('{"version": "1"}', encoding="utf-8")
    repaired = registry.train(settings, lake, "ann")
    assert repaired.state == "unchanged"
    assert json.loads(pointer.read_text(encoding="utf-8")) == {"version": "2"}

    check_mlflow(settings, posts, second)

    # What a person asks for is a fact of the model: other keywords are news.
    wishing = settings.model_copy(update={"profiles": {"ann": Profile(keywords=("pipelines",))}})
    third = registry.train(wishing, lake, "ann")
    assert third.state == "trained"
    assert third.champion is not None
    encoder = load_encoder(home)
    assert encoder is not None
    assert third.champion.model.wanted == encoder.wanted(["pipelines"]) != Wanted()
    assert registry.train(wishing, lake, "ann").state == "unchanged"


def check_mlflow(settings: Settings, posts: pd.DataFrame, outcome: registry.Outcome) -> None:
    """What stands in MLflow after the second training of `ann`."""
    import mlflow.pyfunc

    client = mlflow.MlflowClient(settings.mlflow_location)
    experiment = client.get_experiment_by_name("jobfinder/ann")
    assert experiment is not None
    assert Path(experiment.artifact_location.removeprefix("file://")).is_relative_to(settings.home.mlflow / "artifacts")
    run = client.get_run(outcome.run_id)
    assert run.info.status == "FINISHED"
    metrics = {"AP", "low", "high", "precision_at_10", "ROC-AUC_low", "positives", "AP_of_TF-IDF_and_LinearSVC"}
    assert metrics <= set(run.data.metrics)
    assert run.data.tags["label_hash"] == outcome.champion.tags["label_hash"]  # type: ignore[union-attr]
    trials = client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{outcome.run_id}'", max_results=50
    )
    assert len(trials) == TRAINING.trials
    assert all({"inner_AP", "seconds"} <= set(trial.data.metrics) for trial in trials)
    assert all("regularisation" in trial.data.params for trial in trials)
    (data_set,) = run.inputs.dataset_inputs
    assert {tag.key for tag in data_set.tags} >= {"training_set_version", "posting_features_version"}
    names = {item.path for item in client.list_artifacts(outcome.run_id)}
    assert {"cost_of_diversity", "nDCG_at_10_with_diversity"} <= set(run.data.metrics)
    assert "costs" in registry.diversity_words(outcome.champion)  # type: ignore[arg-type]
    worst = json.loads(Path(client.download_artifacts(outcome.run_id, "mistakes.json")).read_text(encoding="utf-8"))
    said = people.label_events(posts, noise=0.05).set_index("posting_id")["interesting"]
    assert {one["said"] for one in worst} == {"interesting", "not interesting"}
    assert all(said[one["posting_id"]] == (one["said"] == "interesting") for one in worst)
    assert all(one["reasons"] and 1 <= one["place"] <= one["of"] == 90 for one in worst)
    assert names >= {
        "precision_recall.png", "tuning.png", "parameters.png", "scoreboard.png", "scoreboard.csv",
        "previous_scoreboard.csv", "folds.csv", "decision.json", "canaries.json",
    }  # fmt: skip
    version = client.get_model_version_by_alias("jobfinder-ann", "champion")
    assert str(version.version) == "2"
    model = mlflow.pyfunc.load_model("models:/jobfinder-ann@champion")
    assert model.metadata.signature is not None
    example = model.input_example
    assert example is not None
    assert len(example) == 3
    assert np.isfinite(model.predict(example)).all()
    frame = posts.merge(people.role_tags(posts), on="posting_id", suffixes=("", "_tag"))
    frame = frame.assign(years_min=np.nan, employment_type="", language="")
    scores = model.predict(frame[list(example.columns)])
    likes = (posts["role"] == "data_engineer").to_numpy()
    assert scores[likes].mean() > scores[~likes].mean()


def test_scoring_needs_no_mlflow_and_no_model_of_older_code(
    settings: Settings, lake: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = people.postings(50, seed=1)
    encode(lake, home, posts)
    write_labels(lake, posts, "bob")
    registry.train(settings, lake, "bob")
    script = (
        "import sys\n"
        "from jobfinder_assets.config import load_settings\n"
        "from jobfinder_assets.training import registry\n"
        "champion = registry.champion(load_settings(), 'bob')\n"
        "print(champion.version, [name for name in ('mlflow', 'optuna', 'matplotlib') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["1", "[]"]
    monkeypatch.setattr(registry, "MODEL_CODE_VERSION", "later")
    assert registry.champion(settings, "bob") is None


def evaluation(challenger: np.ndarray, incumbent: np.ndarray, *, champion: bool) -> ev.Evaluation:
    labels = np.arange(120) % 4 == 0
    groups = np.array([f"g{i}" for i in range(120)], dtype=object)
    scores = {ev.MODEL: challenger[None, :], ev.LINEAR: incumbent[None, :]}
    if champion:
        scores[ev.CHAMPION] = incumbent[None, :]
        scores[ev.LINEAR] = -incumbent[None, :]
    return ev.Evaluation(
        plan=ev.FoldPlan("grouped", ((ev.Fold(np.arange(60), np.arange(60, 120)),),), "f"),
        scores=scores,
        labels=labels,
        measured=np.ones(120, dtype=bool),
        basis="all labels",
        draws=ev.group_bootstrap(groups, samples=200, seed=0),
    )


GOOD = (np.arange(120) % 4 == 0) + np.random.default_rng(0).normal(0, 0.3, 120)
NOISE = np.random.default_rng(1).normal(size=120)


@pytest.mark.parametrize(
    ("challenger", "incumbent", "champion", "winner"),
    [
        (GOOD, NOISE, False, "model"),
        (GOOD, GOOD, False, "model"),
        (NOISE, GOOD, False, "linear model"),
        (NOISE, GOOD, True, "champion"),
        (GOOD, NOISE, True, "model"),
        # Worse, but not surely so.
        (GOOD + 0.02 * NOISE, GOOD, True, "model"),
    ],
)
def test_the_gate(challenger: np.ndarray, incumbent: np.ndarray, champion: bool, winner: str) -> None:
    decision = registry.decide(evaluation(challenger, incumbent, champion=champion))
    assert decision.winner == winner
    assert decision.promoted == (winner == "model")
    assert decision.against == ("champion" if champion else "linear model")
    assert winner in str(decision)


def test_a_refused_challenger_leaves_the_incumbents_recipe_in_force(
    settings: Settings, lake: Lake, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = people.postings(60, seed=2)
    encode(lake, home, posts)
    write_labels(lake, posts, "cleo", noise=0.05)
    refused = registry.Decision("linear model", "linear model", ev.Interval(-0.2, -0.3, -0.1))
    monkeypatch.setattr(registry, "decide", lambda evaluation: refused)
    outcome = registry.train(settings, lake, "cleo")
    assert outcome.champion is not None
    assert outcome.champion.tags["recipe"] == "linear model"
    assert "is worse than" in outcome.champion.tags["decision"]
    features = read_features(lake, outcome.champion.tags["encoder_version"])
    linear = LinearModel().fit_features(*labelled(lake, outcome.champion.tags["encoder_version"]))
    assert outcome.champion.model.score_features(features) == pytest.approx(linear.score_features(features), abs=1e-9)


def labelled(lake: Lake, encoder_version: str) -> tuple[object, np.ndarray, np.ndarray]:
    rows = lake.read("training_set", where=[("profile", "=", "cleo")]).sort_values("cluster_id")
    features = read_features(lake, encoder_version, list(rows["posting_id"]))
    return features, rows["interesting"].to_numpy(bool), rows["group"].to_numpy(object)


def test_the_fingerprint_follows_what_a_model_depends_on(lake: Lake) -> None:
    posts = people.postings(10)
    frame = build_training_set(people.label_events(posts), people.clusters(posts), posts, profile="ann")
    first = registry.fingerprint(frame, "v1", TRAINING)
    assert registry.fingerprint(frame.iloc[::-1], "v1", TRAINING) == first
    for other in (
        registry.fingerprint(frame.head(9), "v1", TRAINING),
        registry.fingerprint(frame, "v2", TRAINING),
        registry.fingerprint(frame, "v1", Training(trials=7)),
    ):
        assert other != first


def test_a_recipe_that_is_surely_worse_than_the_linear_model_is_noticed() -> None:
    champion = registry.Champion(
        model=registry.PreferenceModel(),
        version="1",
        tags={},
        metrics={"difference high": -0.01},
        parameters=registry.LINEAR_PARAMETERS,
        scoreboard=pd.DataFrame(),
        previous_scoreboard=pd.DataFrame(),
        canaries=(),
    )
    assert registry.worse_than_linear(champion)
    assert not registry.worse_than_linear(replace(champion, metrics={"difference high": 0.01}))


def test_a_rollback_lasts_until_something_is_new(settings: Settings, lake: Lake, home: Home) -> None:
    settings = settings.model_copy(update={"training": Training(trials=1, outer_folds=3)})
    posts = people.postings(90, seed=3)
    encode(lake, home, posts)
    for count in (50, 60, 70):
        write_labels(lake, posts.head(count), "dan", noise=0.05)
        assert registry.train(settings, lake, "dan").state == "trained"
    for version in ("2", "1"):
        registry.promote(settings, "dan", version)
        for _ in range(2):
            kept = registry.train(settings, lake, "dan")
            assert (kept.state, kept.champion and kept.champion.version) == ("unchanged", version)
    in_force = registry.champion(settings, "dan")
    assert in_force is not None and in_force.version == "1"

    write_labels(lake, posts.head(75), "dan", noise=0.05)
    news = registry.train(settings, lake, "dan")
    assert (news.state, news.champion and news.champion.version) == ("trained", "4")
    # What was turned down in the place of another model says nothing of this one.
    write_labels(lake, posts.head(70), "dan", noise=0.05)
    assert registry.train(settings, lake, "dan").state == "trained"


def kept_version(home: Home, version: str, **tags: str) -> None:
    """A version as far as putting it in force asks about it."""
    made = registry.Champion(
        model=registry.PreferenceModel(), version=version, tags=tags, metrics={}, canaries=(),
        parameters=registry.LINEAR_PARAMETERS, scoreboard=pd.DataFrame(), previous_scoreboard=pd.DataFrame(),
    )  # fmt: skip
    write_object(home.models / "preference" / "eve" / f"{version}.joblib", made)


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ({"model_code_version": "0"}, "model 1 of profile 'eve' .* other model code"),
        ({"encoder_version": "gone"}, "model 1 of profile 'eve' .* features of another encoder"),
        ({}, None),
    ],
)
def test_what_cannot_rank_is_not_put_in_force(
    settings: Settings, lake: Lake, home: Home, tags: dict[str, str], problem: str | None
) -> None:
    encode(lake, home, people.postings(20))
    encoder = load_encoder(home)
    assert encoder is not None
    good = {"model_code_version": registry.MODEL_CODE_VERSION, "encoder_version": encoder.version}
    kept_version(home, "1", **good | tags)
    kept_version(home, "2", **good)
    pointer = home.models / "preference" / "eve" / "champion.json"
    with mlflow_client(settings) as client:
        for _ in range(2):
            registry.register(client, "eve", "file:///nowhere", run_id="", tags={}, model_id=None)
    if problem is None:
        registry.promote(settings, "eve", "1")
        assert json.loads(pointer.read_text(encoding="utf-8")) == {"version": "1"}
        return
    registry.promote(settings, "eve", "2")
    with pytest.raises(registry.UnusableVersion, match=f"{problem}.*those that can be put in force: 2$"):
        registry.promote(settings, "eve", "1")
    assert json.loads(pointer.read_text(encoding="utf-8")) == {"version": "2"}
