"""Real assets on an ephemeral instance, with a local server in the place of the live sources."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.ingestion.assets import ASSETS, CHECKS
from jobfinder_assets.ingestion.catalog import asset_name, source_classes
from jobfinder_assets.ingestion.contract import LIVE, Source
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import KEYS, Server, reply


def fields(source: type[Source]) -> set[str]:
    return set(source.settings_model.model_fields)


RESOURCES = {"settings": SettingsResource(), "lake": LakeResource()}


def configure(home: Home, **sections: Any) -> None:
    lines = []
    for name, section in sections.items():
        lines += [f"[sources.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    lines += ["[http]", "retries = 0", "total_timeout_seconds = 1.0", "interval_minutes = 0"]
    (home.root / "jobfinder.toml").write_text("\n".join(lines), encoding="utf-8")


def run(instance: dg.DagsterInstance, source: str) -> dg.ExecuteInProcessResult:
    (asset,) = [asset for asset in ASSETS if asset.key == dg.AssetKey(asset_name(source))]
    checks = [check for check in CHECKS if asset.key in {key.asset_key for key in check.check_keys}]
    result = dg.materialize([asset, *checks], resources=RESOURCES, instance=instance)
    assert result.success
    return result


def metadata(result: dg.ExecuteInProcessResult, source: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(asset_name(source))
    return {name: value.value for name, value in event.metadata.items()}


def check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def test_there_is_one_asset_and_one_check_per_source() -> None:
    names = {asset_name(name) for name in source_classes()}
    assert {asset.key.to_user_string() for asset in ASSETS} == names
    assert {key.asset_key.to_user_string() for each in CHECKS for key in each.check_keys} == names


def test_a_live_source_through_its_asset(home: Home, server: Server, instance: dg.DagsterInstance) -> None:
    configure(home, greenhouse={"base_url": server.url, "boards": ["acme", "lost"], "starter": False})
    server.on("/v1/boards/acme/jobs", reply({"jobs": [{"id": 1, "title": "Data Engineer"}]}))
    result = run(instance, "greenhouse")
    told = metadata(result, "greenhouse")
    assert (told["rows"], told["new"], told["closed"]) == (1, 1, 0)
    assert told["state"] == "1 of 2 boards healthy"
    assert "acme | ok | 1" in told["health"] and "lost | gone | 0" in told["health"]
    assert not check(result).passed and check(result).severity == dg.AssetCheckSeverity.WARN
    assert "lost: " in str(check(result).description) and "acme" not in str(check(result).description)
    assert Lake(str(home.lake)).count("raw_postings") == 1

    server.on("/v1/boards/lost/jobs", reply({"jobs": [{"id": 2, "title": "Analyst"}]}))
    again = run(instance, "greenhouse")
    assert (metadata(again, "greenhouse")["new"], metadata(again, "greenhouse")["unchanged"]) == (1, 1)
    assert check(again).passed


def test_offline_the_run_ends_well_and_says_so(
    home: Home, closed_port: int, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    url = f"http://127.0.0.1:{closed_port}"
    live = [name for name, source in source_classes().items() if source.kind in LIVE and "base_url" in fields(source)]
    assert {"greenhouse", "lever", "ashby", "hackernews"} <= set(live)
    configure(home, **{source: {"base_url": url, "enabled": True} for source in live})
    for source in live:
        result = run(instance, source)
        assert not check(result).passed
        assert "cannot be reached" in metadata(result, source)["health"]


def test_a_disabled_source_does_nothing_and_passes(home: Home, instance: dg.DagsterInstance) -> None:
    result = run(instance, "kaggle")
    assert metadata(result, "kaggle") == {"state": "disabled: set sources.kaggle.enabled = true to fetch it"}
    assert check(result).passed
    assert not Lake(str(home.lake)).exists("source_health")


def test_a_board_that_is_silently_empty_fails_the_check(
    home: Home, server: Server, instance: dg.DagsterInstance
) -> None:
    configure(home, greenhouse={"base_url": server.url, "boards": ["acme"], "starter": False})
    server.on("/v1/boards/acme/jobs", reply({"jobs": []}))
    assert "nothing came back" in str(check(run(instance, "greenhouse")).description)


def test_files_and_sample_through_their_assets(home: Home, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("title,company\nData Engineer,Acme\nbroken\n", encoding="utf-8")
    configure(home)
    with (home.root / "jobfinder.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'\n[[sources.files.imports]]\nname = "mine"\npath = "{path}"\n')
    assert metadata(run(instance, "files"), "files")["new"] == 2
    assert metadata(run(instance, "sample"), "sample")["new"] > 300
    again = run(instance, "sample")
    assert metadata(again, "sample")["new"] == 0 and check(again).passed


@pytest.mark.parametrize("source", ["files", "sample"])
def test_a_mistake_in_the_settings_fails_the_run_with_its_place(
    home: Home, source: str, instance: dg.DagsterInstance
) -> None:
    configure(home, greenhouse={"bords": ["acme"]})
    (asset,) = [asset for asset in ASSETS if asset.key == dg.AssetKey(asset_name(source))]
    result = dg.materialize([asset], resources=RESOURCES, instance=instance, raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "sources.greenhouse.bords" in str(failure.event_specific_data)
