"""The code location: what loads, what runs when, and that the rooms keep their doors shut."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from jobfinder_assets.definitions import defs
from jobfinder_assets.ingestion.catalog import asset_name, source_classes
from jobfinder_assets.labels.profiles import PROFILES

OWN = ("training_set", "preference_model", "recommendations", "digest")
ROOMS = ["ingestion", "cleaning", "labels", "roles", "encoder", "training", "recommendations", "export"]
ON_DEMAND = "personal_dataset"


@pytest.fixture(scope="module")
def graph() -> Any:
    return defs.resolve_asset_graph()


def test_the_definitions_load() -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_asset_of_the_contract_stands_in_its_room(graph: Any) -> None:
    groups = {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}
    expected = {asset_name(source): "ingestion" for source in source_classes()} | {
        "postings": "cleaning",
        "rejected_postings": "cleaning",
        "posting_clusters": "cleaning",
        "role_tags": "roles",
        "label_events": "labels",
        "domain_tokenizer": "encoder",
        "posting_vectors": "encoder",
        "posting_features": "training",
        "training_set": "training",
        "preference_model": "training",
        "recommendations": "recommendations",
        "search_index": "recommendations",
        "digest": "recommendations",
        ON_DEMAND: "export",
    }
    assert groups == expected


def test_data_walks_downstream_through_the_rooms(graph: Any) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        for parent in node.parent_keys:
            before, after = graph.get(parent).group_name, node.group_name
            assert ROOMS.index(before) <= ROOMS.index(after), f"{parent} ({before}) -> {key} ({after})"


def test_what_is_a_persons_own_is_partitioned_by_profile(graph: Any) -> None:
    partitioned = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}
    assert partitioned == {*OWN, ON_DEMAND}


@pytest.mark.parametrize("asset", ["postings", "rejected_postings", "posting_clusters", "role_tags", "recommendations"])
def test_tables_that_others_stand_on_have_blocking_checks(graph: Any, asset: str) -> None:
    checks = [graph.get(key) for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(asset)]
    assert any(check.blocking for check in checks), f"{asset} has no blocking check"


def test_schedule_and_sensors_start_by_themselves() -> None:
    schedule = defs.resolve_schedule_def("daily_refresh")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "refresh"
    for name in ("label_inbox", "follow_up"):
        assert defs.resolve_sensor_def(name).default_status == dg.DefaultSensorStatus.RUNNING


def test_news_upstream_walk_down_to_new_recommendations(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(str(PROFILES.name), ["ann"])
    cursor = dg.evaluate_automation_conditions(defs, instance=instance).cursor
    refreshed(instance)
    walk: list[str] = []
    for _ in OWN:
        tick = dg.evaluate_automation_conditions(defs, instance=instance, cursor=cursor)
        requested = [name for name in OWN if tick.get_num_requested(dg.AssetKey(name))]
        for name in requested:
            report(instance, name, partition="ann")
        walk, cursor = walk + requested, tick.cursor
    assert walk == list(OWN)


def test_a_failed_blocking_check_holds_what_would_follow(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(str(PROFILES.name), ["ann"])
    cursor = dg.evaluate_automation_conditions(defs, instance=instance).cursor
    refreshed(instance, failing="posting_clusters")
    assert dg.evaluate_automation_conditions(defs, instance=instance, cursor=cursor).total_requested == 0


def refreshed(instance: dg.DagsterInstance, *, failing: str = "") -> None:
    """As after a run of the refresh job, with the checks of asset `failing` failed."""
    for key in defs.resolve_asset_graph().get_all_asset_keys():
        if key.to_user_string() not in OWN:
            report(instance, key.to_user_string(), sound=key.to_user_string() != failing)


def report(instance: dg.DagsterInstance, name: str, *, partition: str | None = None, sound: bool = True) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(asset_key=name, partition=partition))
    for key in defs.resolve_asset_graph().asset_check_keys:
        if key.asset_key == dg.AssetKey(name):
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(asset_key=key.asset_key, check_name=key.name, passed=sound, metadata={})
            )


def test_loading_the_code_location_imports_nothing_heavy() -> None:
    heavy = [
        "great_expectations",
        "lightgbm",
        "matplotlib",
        "mlflow",
        "optuna",
        "sentence_transformers",
        "sklearn",
        "torch",
    ]
    script = f"import sys, jobfinder_assets.definitions; print([m for m in {heavy!r} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_rooms_import_only_the_rooms_before_them() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    root = Path(__file__).parent.parent
    result = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
