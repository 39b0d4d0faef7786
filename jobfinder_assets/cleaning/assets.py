"""The assets of cleaning: `postings` and `rejected_postings`, made together so that no row is in neither."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from jobfinder_assets.cleaning.clean import accounting, clean_pending
from jobfinder_assets.ingestion.catalog import asset_name, source_classes
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource

SOURCES = [asset_name(name) for name in source_classes()]
_PREVIEW = ["title", "company", "city", "country", "workplace", "salary_annual_usd", "seniority"]


@dg.multi_asset(
    specs=[
        dg.AssetSpec("postings", deps=SOURCES, kinds={"deltalake", "pandas"}, description="What passed the cleaning."),
        dg.AssetSpec(
            "rejected_postings", deps=SOURCES, kinds={"deltalake"}, description="What did not, with the rule."
        ),
    ]
)
def cleaned_postings(settings: SettingsResource, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
    store = lake.open()
    counts = clean_pending(store, settings.load(), now=datetime.now(UTC))
    work = {"new": counts.new, "changed": counts.changed, "unchanged": counts.unchanged}
    preview = store.read("postings", _PREVIEW).head(5)
    by_source = dg.MetadataValue.md(accounting(store).to_markdown())
    yield dg.MaterializeResult(
        asset_key="postings",
        metadata=work
        | {
            "kept_now": counts.kept,
            "by_source": by_source,
            "preview": dg.MetadataValue.md(preview.to_markdown(index=False)),
        },
    )
    rejected = store.read("rejected_postings", ["rule", "source"])
    rules = rejected.groupby(["rule", "source"]).size().rename("rows").reset_index()
    yield dg.MaterializeResult(
        asset_key="rejected_postings",
        metadata=work
        | {"rejected_now": counts.rejected, "by_rule": dg.MetadataValue.md(rules.to_markdown(index=False))},
    )
