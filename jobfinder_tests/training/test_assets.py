"""The training assets and checks, materialized for real on an ephemeral instance."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import LakeResource, ProfileTableIOManager, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import assets, checks, registry
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
    assert "12" in str(verdicts(result)["sane"].metadata["problems"].value) or lake.count("training_set") == 24
    assert "preference_model" not in {event.step_key for event in result.get_step_success_events()}


def test_a_model_worse_than_the_linear_one_fails_the_gate(
    lake: Lake, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = people.postings(50, seed=3)
    people.fill(lake, posts, people.label_events(posts, profile="eve", noise=0.05))
    assert run(instance, "eve").success
    monkeypatch.setattr(registry, "worse_than_linear", lambda champion: True)
    gate = verdicts(run(instance, "eve"))["gate"]
    assert not gate.passed
    assert gate.severity == dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize("asset", ["posting_features", "training_set", "preference_model"])
def test_assets_are_thin(asset: str) -> None:
    lines = Path(assets.__file__).read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"def {asset}("))
    body = next(number for number, line in enumerate(lines[start + 1 :]) if line and not line.startswith((" ", ")")))
    assert body <= 25
