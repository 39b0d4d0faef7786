"""The asset: by hand only, for a named recipient, and red with the reason when it is refused."""

import dagster as dg
import pandas as pd

from jobfinder_assets.config import Home
from jobfinder_assets.export.assets import personal_dataset
from jobfinder_assets.export.demo import PROFILE
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.export.conftest import BUYER, agree


def run(instance: dg.DagsterInstance, **config: object) -> dg.ExecuteInProcessResult:
    instance.add_dynamic_partitions(str(PROFILES.name), [PROFILE])
    return dg.materialize(
        [personal_dataset],
        instance=instance,
        partition_key=PROFILE,
        resources={"settings": SettingsResource(), "lake": LakeResource()},
        run_config={"ops": {"personal_dataset": {"config": {"recipient": BUYER, **config}}}},
        raise_on_error=False,
    )


def test_a_package_and_what_is_known_of_it(person: Lake, home: Home, instance: dg.DagsterInstance) -> None:
    agree(person, home)
    result = run(instance, leave_out=["rare-words"])
    assert result.success
    metadata = result.asset_materializations_for_node("personal_dataset")[0].metadata
    assert metadata["rows"].value == 90
    assert len(pd.read_parquet(f"{metadata['folder'].value}/data.parquet")) == 90


def test_without_consent_the_run_fails_with_the_reason(person: Lake, home: Home, instance: dg.DagsterInstance) -> None:
    result = run(instance)
    assert not result.success
    failure = next(event for event in result.all_events if event.event_type_value == "STEP_FAILURE")
    assert "has given no consent" in str(failure.step_failure_data.user_failure_data.description)
    assert not (home.root / "products").exists()


def test_an_unknown_thing_to_leave_out_fails(person: Lake, home: Home, instance: dg.DagsterInstance) -> None:
    agree(person, home)
    assert not run(instance, leave_out=["everything"]).success


def test_nothing_materializes_it_by_itself() -> None:
    from jobfinder_assets.definitions import defs

    key = personal_dataset.key
    assert personal_dataset.specs_by_key[key].automation_condition is None
    graph = defs.resolve_asset_graph()
    assert not graph.has(key) or graph.get(key).automation_condition is None
    for name in ("refresh", "refresh_feeds", "learn", "recommend"):
        assert key not in defs.resolve_job_def(name).asset_layer.executable_asset_keys
