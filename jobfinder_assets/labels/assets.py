"""The asset of what people said about postings."""

from datetime import UTC, datetime

import dagster as dg

from jobfinder_assets.ingestion.sources.sample import SampleSettings
from jobfinder_assets.labels.events import consume, label_counts
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.labels.sample_labels import drop_sample_labels
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource

_COUNTS = dg.TableSchema(
    columns=[
        dg.TableColumn("profile", "string"),
        dg.TableColumn("interesting", "int"),
        dg.TableColumn("not_interesting", "int"),
    ]
)


@dg.asset(deps=["postings", "posting_clusters"], kinds={"python", "deltalake"})
def label_events(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Every label ever given, append-only: the inbox's files, and the bundled sample's labels while it is on."""
    loaded, store, now = settings.load(), lake.open(), datetime.now(UTC)
    sample = loaded.source_section("sample", SampleSettings)
    if sample.enabled and sample.labels_for:
        drop_sample_labels(store, loaded.home, profile=sample.labels_for, now=now)
    done = consume(store, loaded.home, now=now)
    counts = label_counts(store)
    context.instance.add_dynamic_partitions(
        str(PROFILES.name), sorted({*loaded.profiles, *(row["profile"] for row in counts)})
    )
    return dg.MaterializeResult(
        metadata={
            "state": "written" if done.new else "unchanged",
            "new": done.new,
            "duplicates": done.duplicates,
            "quarantined": done.quarantined,
            "role_corrections": store.count("role_corrections"),
            "problems": dg.MetadataValue.json(dict(done.problems) | dict(done.refused)),
            "files": dg.MetadataValue.json(list(done.files)),
            "labels": dg.MetadataValue.table([dg.TableRecord(row) for row in counts], schema=_COUNTS),
        }
    )
