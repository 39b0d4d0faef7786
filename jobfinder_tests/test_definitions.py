"""The code location: what loads, what runs when, and that the rooms keep their doors shut."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from jobfinder_assets.definitions import defs
from jobfinder_assets.ingestion.catalog import asset_name, source_classes
from jobfinder_assets.labels.profiles import PROFILES

ROOMS = ["ingestion", "cleaning", "roles", "labels", "training", "recommendations"]


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    return defs.resolve_asset_graph()


def test_the_definitions_load() -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_asset_of_the_contract_stands_in_its_room(graph: dg.AssetGraph) -> None:
    groups = {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}
    expected = {asset_name(source): "ingestion" for source in source_classes()} | {
        "postings": "cleaning",
        "rejected_postings": "cleaning",
        "posting_clusters": "cleaning",
        "role_tags": "roles",
        "label_events": "labels",
        "posting_features": "training",
        "training_set": "training",
        "preference_model": "training",
        "recommendations": "recommendations",
        "digest": "recommendations",
    }
    assert groups == expected


def test_data_walks_downstream_through_the_rooms(graph: dg.AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        for parent in node.parent_keys:
            before, after = graph.get(parent).group_name, node.group_name
            assert ROOMS.index(before) <= ROOMS.index(after), f"{parent} ({before}) -> {key} ({after})"


def test_what_is_a_persons_own_is_partitioned_by_profile(graph: dg.AssetGraph) -> None:
    partitioned = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}
    assert partitioned == {"training_set", "preference_model", "recommendations", "digest"}


@pytest.mark.parametrize("asset", ["postings", "rejected_postings", "posting_clusters", "role_tags", "recommendations"])
def test_tables_that_others_stand_on_have_blocking_checks(graph: dg.AssetGraph, asset: str) -> None:
    checks = [graph.get(key) for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(asset)]
    assert any(check.blocking for check in checks), f"{asset} has no blocking check"


def test_schedule_and_sensors_start_by_themselves() -> None:
    schedule = defs.resolve_schedule_def("daily_refresh")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "refresh"
    for name in ("label_inbox", "follow_up"):
        assert defs.resolve_sensor_def(name).default_status == dg.DefaultSensorStatus.RUNNING


def test_new_features_lead_to_a_new_model_and_new_recommendations(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(str(PROFILES.name), ["ann"])
    unpartitioned = [key for key in defs.resolve_asset_graph().get_all_asset_keys() if not is_own(key)]
    for key in unpartitioned:
        instance.report_runless_asset_event(dg.AssetMaterialization(asset_key=key))
    first = dg.evaluate_automation_conditions(defs, instance=instance)
    requested = (
        {key.asset_key.to_user_string() for key in first._requested_partitions_by_asset_key_items()}
        if hasattr(first, "_requested_partitions_by_asset_key_items")
        else {key.to_user_string() for key in map(dg.AssetKey, OWN) if first.get_num_requested(key)}
    )
    assert requested == set(OWN)


OWN = ("training_set", "preference_model", "recommendations", "digest")


def is_own(key: dg.AssetKey) -> bool:
    return key.to_user_string() in OWN


def test_loading_the_code_location_imports_nothing_heavy() -> None:
    heavy = ["great_expectations", "lightgbm", "matplotlib", "mlflow", "optuna", "sklearn", "torch"]
    script = f"import sys, jobfinder_assets.definitions; print([m for m in {heavy!r} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_rooms_import_only_the_rooms_before_them() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    root = Path(__file__).parent.parent
    result = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
