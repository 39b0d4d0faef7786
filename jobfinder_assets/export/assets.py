"""The data product as an asset: made on demand alone, by a run that names its recipient."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from jobfinder_assets.export.errors import ExportError, MissingExtra, Refusal
from jobfinder_assets.export.package import make_package
from jobfinder_assets.export.work import DEFAULT_K, Request, leave_out_of
from jobfinder_assets.labels.profiles import PROFILES
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource


class PersonalDatasetConfig(dg.Config):
    """Who gets the package; the rest as in `work.Request`. No recipient has a default: no schedule can name one."""

    recipient: str
    columns: list[str] = Field(default_factory=list)
    k: int = DEFAULT_K
    leave_out: list[str] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    names_nobody: list[str] = Field(default_factory=list)


@dg.asset(
    partitions_def=PROFILES,
    deps=["label_events", "postings", "posting_clusters", "role_tags"],
    kinds={"python", "parquet", "croissant"},
    # Nothing follows by itself: a package needs a person's live consent and a recipient.
    automation_condition=None,
)
def personal_dataset(
    context: dg.AssetExecutionContext, config: PersonalDatasetConfig, settings: SettingsResource, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """The consented data product of one profile for one recipient; refused without live consent."""
    try:
        request = Request(
            context.partition_key, config.recipient, tuple(config.columns), config.k,
            leave_out_of(config.leave_out), frozenset(config.without), tuple(config.names_nobody),
        )  # fmt: skip
        done = make_package(lake.open(), settings.load(), request, now=datetime.now(UTC))
    except (Refusal, ExportError, MissingExtra) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    return dg.MaterializeResult(
        metadata={
            "package": done.id,
            "folder": dg.MetadataValue.path(str(done.folder)),
            "rows": done.rows,
            "columns": ", ".join(done.columns),
            "left out": dg.MetadataValue.json(dict(done.left_out)),
            "consent": done.consent_id,
        }
    )
