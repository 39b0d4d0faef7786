"""The assets as Dagster runs them."""

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.recommendations import assets, checks, news
from jobfinder_assets.recommendations.drift import Drift
from jobfinder_assets.recommendations.recommender import drift_path
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.recommendations.conftest import NOW

Run = Callable[[], dg.ExecuteInProcessResult]


@pytest.fixture
def run(instance: dg.DagsterInstance) -> Run:
    instance.add_dynamic_partitions("profile", ["anna"])

    def materialize() -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [
                assets.recommendations,
                assets.digest,
                checks.recommendations_are_sound,
                checks.postings_have_not_drifted,
            ],
            partition_key="anna",
            instance=instance,
            resources={"settings": SettingsResource(), "lake": LakeResource()},
            raise_on_error=False,
        )

    return materialize


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def test_list_and_digest_are_made_once(run: Run, lake: Lake, home: Home, fill: Callable[..., None]) -> None:
    fill({}, {"closed_at": NOW}, {"source": "greenhouse"})
    first = run()
    assert first.success
    assert [check.passed for check in first.get_asset_check_evaluations()] == [True, True]
    found = metadata(first, "recommendations")
    assert (found["state"], found["rows"], found["new"], found["filtered"]) == ("written", 2, 2, {"closed": 1})
    assert found["top"].count("Data Engineer") == 2
    assert metadata(first, "digest")["state"] == "written"
    assert "Data Engineer" in (home.digests / "anna" / "latest.md").read_text(encoding="utf-8")
    version = lake.version("recommendations")
    second = run()
    assert metadata(second, "recommendations")["state"] == "unchanged"
    assert metadata(second, "digest")["state"] == "unchanged"
    assert lake.version("recommendations") == version


def test_an_opening_whose_cluster_is_renamed_is_no_news(
    run: Run, home: Home, fill: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "WORTH_TELLING", ("maybe",))
    fill({"posting_id": "p1"})
    assert metadata(run(), "digest")["news"] == 1
    fill({"cluster": "p0"}, {"cluster": "p0"})
    second = run()
    assert (metadata(second, "recommendations")["new"], metadata(second, "digest")["news"]) == (0, 0)


def test_an_unsound_list_stops_the_digest(
    run: Run, lake: Lake, home: Home, fill: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill({}, {})
    replace = Lake.replace

    def forget_reasons(self: Lake, table: str, frame: pd.DataFrame, **options: Any) -> int:
        emptied = frame.assign(reasons=json.dumps([])) if table == "recommendations" else frame
        return replace(self, table, emptied, **options)

    monkeypatch.setattr(Lake, "replace", forget_reasons)
    result = run()
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "sound"]
    assert not check.passed
    assert check.description == "no reason: p0, p1"
    assert not result.success
    assert not result.asset_materializations_for_node("digest")
    assert not (home.digests / "anna").exists()


def test_drift_warns_and_stops_nothing(run: Run, lake: Lake, home: Home, fill: Callable[..., None]) -> None:
    fill({}, {})
    shifted = Drift(old=900, new=300, index={"score": 0.1, "role": 0.4})
    write_json(drift_path(Settings(), "anna"), shifted.to_dict())
    result = run()
    assert result.success
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "drift"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.description is not None and "role 0.40" in check.description and "score" not in check.description
    assert check.metadata["index of role"].value == 0.4
    assert metadata(result, "digest")["state"] == "written"
