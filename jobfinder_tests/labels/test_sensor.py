"""The sensor: complete files ask for one run, others are named."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.labels.files import Inbox, scan_inbox
from jobfinder_assets.labels.sensor import label_inbox, run_key
from jobfinder_assets.storage.io_manager import SettingsResource
from jobfinder_tests.labels.conftest import NOW

TEXT = "profile,posting,label\ncarla,p1,yes\n"


def put(home: Home, name: str, *, age: float, text: str = TEXT) -> Path:
    """A file last written `age` seconds before the present, which is what the sensor goes by."""
    path = home.inbox / name
    path.write_text(text, encoding="utf-8")
    moment = datetime.now(UTC).timestamp() - age
    os.utime(path, (moment, moment))
    return path


def tick(instance: dg.DagsterInstance) -> dg.SensorResult:
    context = dg.build_sensor_context(instance=instance, resources={"settings": SettingsResource()})
    result = label_inbox(context)
    assert isinstance(result, dg.SensorResult)
    return result


def skipped(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert result.skip_reason is not None
    return str(result.skip_reason.skip_message)


def test_an_empty_inbox_is_skipped(instance: dg.DagsterInstance) -> None:
    assert skipped(tick(instance)) == "no label files in the inbox"


def test_half_written_files_are_named_and_not_consumed(instance: dg.DagsterInstance, home: Home) -> None:
    put(home, "a.csv.partial", age=999)
    put(home, "b.csv", age=1)
    put(home, "c.csv", age=20, text=TEXT.rstrip())
    reason = skipped(tick(instance))
    assert "a.csv.partial (its name says that it is not finished)" in reason
    assert "b.csv (written 1 s ago" in reason
    assert "c.csv (its last line has no end yet" in reason


def test_complete_files_ask_for_one_run(instance: dg.DagsterInstance, home: Home) -> None:
    put(home, "a.csv", age=999)
    (request,) = tick(instance).run_requests or []
    (again,) = tick(instance).run_requests or []
    assert again.run_key == request.run_key
    put(home, "b.csv", age=999)
    (other,) = tick(instance).run_requests or []
    assert other.run_key != request.run_key


def test_a_file_that_stays_is_tried_again_later(home: Home) -> None:
    put(home, "a.csv", age=999)
    inbox = scan_inbox(home, now=datetime.now(UTC))
    assert run_key(inbox, now=NOW) == run_key(inbox, now=NOW + timedelta(minutes=1))
    assert run_key(inbox, now=NOW) != run_key(inbox, now=NOW + timedelta(hours=1))
    assert run_key(Inbox((), {}), now=NOW) != run_key(inbox, now=NOW)


def test_profiles_of_settings_and_files_become_partitions(instance: dg.DagsterInstance, home: Home) -> None:
    put(home, "a.csv", age=999)
    put(home, "bad.csv", age=999, text="nothing\n")
    (request,) = tick(instance).dynamic_partitions_requests or []
    assert list(request.partition_keys) == ["carla", "example"]
    instance.add_dynamic_partitions("profile", ["carla", "example"])
    assert not tick(instance).dynamic_partitions_requests


def test_a_wrong_setting_is_an_error_not_silence(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_PROFILES__ME__REMOTE", '"sometimes"')
    with pytest.raises(Exception, match="remote"):
        tick(instance)


def test_it_runs_by_itself() -> None:
    assert label_inbox.default_status is dg.DefaultSensorStatus.RUNNING
    assert label_inbox.minimum_interval_seconds == 15
