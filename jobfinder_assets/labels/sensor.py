"""The sensor that watches the inbox: complete label files ask for a run that consumes them."""

import hashlib
from datetime import UTC, datetime

import dagster as dg

from jobfinder_assets.labels.files import Inbox, scan_inbox, usable_labels
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import SettingsResource


@dg.sensor(
    name="label_inbox",
    target=dg.AssetSelection.assets("label_events", "role_tags"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=15,
    description="Label files in $JOBFINDER_HOME/labels/inbox are consumed as soon as they are complete.",
)
def label_inbox(context: dg.SensorEvaluationContext, settings: SettingsResource) -> dg.SensorResult:
    now = datetime.now(UTC)
    loaded = settings.load()
    inbox = scan_inbox(loaded.home, now=now)
    wanted = {*loaded.profiles, *profiles_in(inbox, now=now)}
    missing = sorted(wanted - set(context.instance.get_dynamic_partitions(str(PROFILES.name))))
    partitions = [PROFILES.build_add_request(missing)] if missing else []
    if not inbox.ready:
        return dg.SensorResult(skip_reason=what_waits(inbox), dynamic_partitions_requests=partitions)
    request = dg.RunRequest(run_key=run_key(inbox, now=now), tags={"jobfinder/label_files": str(len(inbox.ready))})
    return dg.SensorResult(run_requests=[request], dynamic_partitions_requests=partitions)


def run_key(inbox: Inbox, *, now: datetime) -> str:
    """One run per set of files and contents; tried again each hour while a failed run has left them there."""
    lines = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in inbox.ready]
    return f"{now:%Y-%m-%dT%H}-{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"


def profiles_in(inbox: Inbox, *, now: datetime) -> set[str]:
    """The profiles that the complete files name in rows that can be read."""
    # The asset says what is wrong with the others.
    return {label.profile for label in usable_labels(inbox.ready, now=now) if label.profile}


def what_waits(inbox: Inbox) -> str:
    """What the inbox holds when nothing in it can be read yet."""
    if not inbox.waiting:
        return "no label files in the inbox"
    return "no complete label file; waiting: " + "; ".join(f"{name} ({why})" for name, why in inbox.waiting.items())
