"""The training assets and checks, materialized for real on an ephemeral instance."""

from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import LakeResource, ProfileTableIOManager, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import assets, checks, registry
from jobfinder_assets.training.evaluation import METRICS, Canary, evaluate
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_tests.training import people

ALL = [
    assets.posting_features, assets.training_set, assets.preference_model, checks.training_set_is_sane,
    checks.canaries_sing, checks.gate_was_kept,
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture(autouse=True)
def few_trials(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_MLFLOW_URI", store)
    monkeypatch.setenv("JOBFINDER_TRAINING__TRIALS", "3")
    monkeypatch.setenv("JOBFINDER_TRAINING__OUTER_FOLDS", "3")
    monkeypatch.setattr(registry, "evaluate", partial(evaluate, repeats=1))


def run(instance: dg.DagsterInstance, profile: str, selection: list[Any] = ALL) -> dg.ExecuteInProcessResult:
    lake = LakeResource()
    resources = {"settings": SettingsResource(), "lake": lake, "profile_table": ProfileTableIOManager(lake=lake)}
    instance.add_dynamic_partitions(str(PROFILES.name), [profile])
    unpartitioned = [assets.posting_features] if assets.posting_features in selection else []
    if unpartitioned:
        assert dg.materialize(unpartitioned, instance=instance, resources=resources).success
    own = [definition for definition in selection if definition not in unpartitioned]
    return dg.materialize(own, instance=instance, resources=resources, partition_key=profile, raise_on_error=False)


def metadata(instance: dg.DagsterInstance, asset: str) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def test_labels_become_a_model_and_a_second_run_does_nothing(lake: Lake, instance: dg.DagsterInstance) -> None:
    posts = people.postings(60)
    people.fill(lake, posts, people.label_events(posts, noise=0.05))
    first = run(instance, "ann")
    assert first.success
    assert metadata(instance, "posting_features")["new"] == 60
    written = metadata(instance, "training_set")
    assert (written["state"], written["rows"], written["contradicted"]) == ("written", 60, [])
    model = metadata(instance, "preference_model")
    assert (model["state"], model["model version"]) == ("trained", "1")
    assert "| TF-IDF + LinearSVC |" in model["scoreboard"]
    assert model["precision and recall"].startswith("![plot](data:image/png;base64,")
    found = verdicts(first)
    assert {name: check.passed for name, check in found.items()} == {"sane": True, "canaries": True, "gate": True}
    assert set(found["canaries"].metadata) == {
        "shuffled labels", "duplicated rows", "clean folds", "company name alone"
    }  # fmt: skip
    assert "in force" in str(found["gate"].metadata["decision"].value)

    versions = {table: lake.version(table) for table in ("posting_features", "training_set")}
    second = run(instance, "ann")
    assert second.success
    assert metadata(instance, "posting_features")["unchanged"] == 60
    assert metadata(instance, "training_set")["state"] == "unchanged"
    assert metadata(instance, "preference_model")["state"] == "unchanged"
    assert {table: lake.version(table) for table in versions} == versions
    assert all(check.passed for check in verdicts(second).values())


def test_too_few_labels_is_a_state(lake: Lake, instance: dg.DagsterInstance) -> None:
    posts = people.postings(12)
    people.fill(lake, posts, people.label_events(posts, profile="bob"))
    result = run(instance, "bob")
    assert result.success
    model = metadata(instance, "preference_model")
    assert model["state"] == "too_few_labels"
    assert model["interesting"] + model["not interesting"] == 12
    assert "needs 30" in model["explanation"]
    found = verdicts(result)
    assert all(check.passed for check in found.values())
    assert "skipped" in found["gate"].metadata


def test_an_empty_home_is_a_state(instance: dg.DagsterInstance) -> None:
    result = run(instance, "cleo")
    assert result.success
    assert metadata(instance, "posting_features")["state"] == "no postings yet"
    assert metadata(instance, "training_set")["rows"] == 0
    assert metadata(instance, "preference_model")["state"] == "no_features"


def test_two_people_keep_their_own_rows(lake: Lake, instance: dg.DagsterInstance) -> None:
    posts = people.postings(12)
    both = [people.label_events(posts.head(8), profile="ann"), people.label_events(posts.tail(6), profile="bob")]
    people.fill(lake, posts, pd.concat(both, ignore_index=True))
    only = [assets.training_set, checks.training_set_is_sane]
    assert run(instance, "ann", only).success
    assert run(instance, "bob", only).success
    assert lake.read("training_set").groupby("profile").size().to_dict() == {"ann": 8, "bob": 6}


def test_a_training_set_that_is_not_sane_stops_the_run(
    lake: Lake, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = people.postings(12)
    people.fill(lake, posts, people.label_events(posts, profile="dan"))
    real = assets.build_training_set
    monkeypatch.setattr(assets, "build_training_set", lambda *a, **k: pd.concat([real(*a, **k).assign(group=None)] * 2))
    result = run(instance, "dan", [assets.training_set, checks.training_set_is_sane, assets.preference_model])
    assert not result.success
    assert not verdicts(result)["sane"].passed
    assert verdicts(result)["sane"].blocking
    problems = verdicts(result)["sane"].metadata["problems"].value
    assert "24 rows have no group, as cluster 'cp0000'" in problems
    assert "cluster_id 'cp0000' has more than one row; 12 such rows" in problems
    assert "preference_model" not in {event.step_key for event in result.get_step_success_events()}


def test_a_model_worse_than_the_linear_one_and_a_silent_canary_are_shown(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = pd.DataFrame({"model": ["linear model", "model"], "AP": [0.5, 0.3], "low": 0.2, "high": 0.6})
    board = board.assign(**dict.fromkeys(("difference", "difference low", "difference high", *METRICS[1:]), 0.0))
    champion = registry.Champion(
        model=PreferenceModel(), version="3", tags={"decision": "the new model was let in"},
        metrics={"difference high": -0.1}, parameters=Parameters(), scoreboard=board, previous_scoreboard=board.head(0),
        canaries=(Canary("shuffled labels", False, "AP 0.9 on shuffled labels"),),
    )  # fmt: skip
    monkeypatch.setattr(registry, "champion", lambda settings, profile: champion)
    monkeypatch.setattr(registry, "train", lambda *a: registry.Outcome("unchanged", champion))
    result = run(instance, "eve", [assets.preference_model, checks.canaries_sing, checks.gate_was_kept])
    found = verdicts(result)
    assert (found["gate"].passed, found["gate"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "| linear model | 0.500 (0.200 to 0.600) |" in str(found["gate"].metadata["scoreboard"].value)
    assert (found["canaries"].passed, found["canaries"].severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert metadata(instance, "preference_model")["model version"] == "3"


@pytest.mark.parametrize("asset", ["posting_features", "training_set", "preference_model"])
def test_assets_are_thin(asset: str) -> None:
    lines = Path(assets.__file__).read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"def {asset}("))
    body = next(number for number, line in enumerate(lines[start + 1 :]) if line and not line.startswith((" ", ")")))
    assert body <= 25
