"""One asset per source, each with its check: made from the catalog, so that a new source needs no line here."""

from datetime import UTC, datetime

import dagster as dg

from jobfinder_assets.ingestion.catalog import asset_name, build_sources, source_classes
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import Source
from jobfinder_assets.ingestion.health import HEALTHY, health_table, latest_health, what_to_do
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource

COUNTS = ("rows", "new", "changed", "unchanged", "closed", "bytes")


def source_asset(source_class: type[Source]) -> dg.AssetsDefinition:
    """The asset that fetches one source."""
    name = source_class.name

    @dg.asset(name=asset_name(name), kinds={"python", "deltalake"}, description=source_class.__doc__)
    def source_postings(
        context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
    ) -> dg.MaterializeResult[None]:
        source = build_sources(settings.load()).get(name)
        if source is None:
            return dg.MaterializeResult(metadata={"state": f"disabled: set sources.{name}.enabled = true to fetch it"})
        collected = collect(source, lake.open(), run=context.run.run_id, now=datetime.now(UTC))
        for board in collected.boards:
            context.log.info("%s: %s, %d rows. %s", board.board, board.status, board.rows, board.message)
        healthy = sum(board.healthy for board in collected.boards)
        return dg.MaterializeResult(
            metadata={
                "state": f"{healthy} of {len(collected.boards)} boards healthy",
                "health": dg.MetadataValue.md(health_table(collected.frame)),
                **{count: collected.total(count) for count in COUNTS},
            }
        )

    return source_postings


def source_check(source_class: type[Source]) -> dg.AssetChecksDefinition:
    """The check that every board of one source was reached and gave postings. It warns and blocks nothing."""
    name = source_class.name

    @dg.asset_check(asset=asset_name(name), name="healthy", description="Every board was reached and gave postings.")
    def healthy(settings: SettingsResource, lake: LakeResource) -> dg.AssetCheckResult:
        source = build_sources(settings.load()).get(name)
        boards = set(source.boards()) if source is not None else set()
        health = latest_health(lake.open(), name)
        ill = health[health["board"].isin(boards) & ~health["status"].isin(HEALTHY)]
        silent = boards - set(health["board"])
        advice = [f"{row.board}: {what_to_do(str(row.status), str(row.message))}" for row in ill.itertuples()]
        advice += [f"{board}: never fetched" for board in sorted(silent)]
        return dg.AssetCheckResult(
            passed=not advice,
            severity=dg.AssetCheckSeverity.WARN,
            description="\n".join(advice) or ("disabled" if source is None else f"{len(boards)} boards"),
            metadata={"unhealthy_boards": len(advice)},
        )

    return healthy


ASSETS = [source_asset(source_class) for source_class in source_classes().values()]
CHECKS = [source_check(source_class) for source_class in source_classes().values()]
