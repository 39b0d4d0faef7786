"""The asset as Dagster runs it, with and without the bundled sample's labels."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.labels import assets, sample_labels
from jobfinder_assets.labels.files import parse
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.labels.conftest import Put

Run = Callable[[], dict[str, Any]]
ROWS = [
    {"posting": "p0", "label": "interesting", "reason": "", "time": "2026-01-05T10:00:00Z"},
    {"posting": "p2", "label": "not interesting", "reason": "far", "time": "2026-01-05T10:01:00Z"},
]


@pytest.fixture
def run(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(sample_labels, "bundled_labels", lambda: ROWS)

    def materialize() -> dict[str, Any]:
        resources = {"settings": SettingsResource(), "lake": LakeResource()}
        result = dg.materialize([assets.label_events], instance=instance, resources=resources)
        (event,) = result.asset_materializations_for_node("label_events")
        return {name: value.value for name, value in event.metadata.items()}

    return materialize


def test_files_and_sample_labels_are_consumed_once(
    run: Run, lake: Lake, home: Home, postings: list[str], put: Put, instance: dg.DagsterInstance
) -> None:
    put("mine.csv", "profile,posting,label\nanna,p1,yes\nanna,nowhere,no\nanna,p3,eh\n")
    first = run()
    assert (first["state"], first["new"], first["duplicates"], first["quarantined"]) == ("written", 3, 0, 2)
    assert len(first["problems"]) == 2
    assert "mine.csv" in first["files"]
    assert set(instance.get_dynamic_partitions("profile")) == {"anna", "example"}
    version = lake.version("label_events")
    again = run()
    assert (again["state"], again["new"], again["files"]) == ("unchanged", 0, [])
    assert lake.version("label_events") == version
    sample = lake.read("label_events", where=[("profile", "=", "example")]).sort_values("row")
    assert sample["posting_id"].tolist() == ["p0", "p2"]
    assert sample["interesting"].tolist() == [True, False]


def test_counts_per_profile_are_shown(instance: dg.DagsterInstance, run: Run, postings: list[str], put: Put) -> None:
    put("mine.csv", "profile,posting,label\nanna,p1,yes\nanna,p2,no\nanna,p3,no\n")
    run()
    event = instance.get_latest_materialization_event(dg.AssetKey("label_events"))
    assert event is not None and event.asset_materialization is not None
    table = event.asset_materialization.metadata["labels"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [dict(record.data) for record in table.records] == [
        {"profile": "anna", "interesting": 1, "not_interesting": 2},
        {"profile": "example", "interesting": 1, "not_interesting": 1},
    ]


@pytest.mark.parametrize(
    "variable", ["JOBFINDER_SOURCES__SAMPLE__ENABLED=false", 'JOBFINDER_SOURCES__SAMPLE__LABELS_FOR=""']
)
def test_sample_labels_can_be_turned_off(
    run: Run, lake: Lake, postings: list[str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(*variable.split("="))  # type: ignore[arg-type]
    assert run()["new"] == 0
    assert lake.version("label_events") == -1


def test_sample_labels_wait_for_the_samples_postings(run: Run, home: Home) -> None:
    found = run()
    assert (found["new"], found["quarantined"], found["files"]) == (0, 0, [])
    assert not list(home.quarantine.iterdir())


def test_a_file_that_cannot_be_used_is_named(run: Run, postings: list[str], put: Put) -> None:
    put("binary.csv", b"\xff\xfe")
    assert "is not UTF-8" in run()["problems"]["binary.csv"]


def test_the_bundled_labels_are_all_usable() -> None:
    now = datetime.now(UTC)
    rows = parse(sample_labels.for_profile(sample_labels.bundled_labels(), "example"), received=now, now=now)
    assert rows.bad == ()
    assert {label.interesting for label in rows.labels} == {True, False}
    assert all(label.labelled_at < now for label in rows.labels)
