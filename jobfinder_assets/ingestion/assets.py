"""One asset per source, each with its check: made from the catalog, so that a new source needs no line here."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from jobfinder_assets.ingestion.catalog import asset_name, build_sources, source_classes
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import Query, Source
from jobfinder_assets.ingestion.health import complaints, health_table
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource

COUNTS = ("rows", "new", "changed", "unchanged", "closed", "bytes")


# How old a source's last fetch may be: (a warning, a failure) of the freshness policy.
FRESHNESS = {
    "ats": (timedelta(hours=26), timedelta(days=3)),
    "feed": (timedelta(hours=14), timedelta(days=2)),
}


class Search(dg.Config):
    """A search on demand: sources that can search are asked for this only; the others are read as ever."""

    query: str = ""
    location: str = ""


def source_asset(source_class: type[Source]) -> dg.AssetsDefinition:
    """The asset that fetches one source."""
    name = source_class.name

    @dg.asset(
        name=asset_name(name),
        kinds={"python", "deltalake"},
        description=source_class.__doc__,
        tags={"source_kind": source_class.kind},
        freshness_policy=_freshness(source_class.kind),
        metadata={"terms": source_class.terms.note, "homepage": dg.MetadataValue.url(source_class.terms.homepage)},
    )
    def source_postings(
        context: dg.AssetExecutionContext, config: Search, settings: SettingsResource, lake: LakeResource
    ) -> dg.MaterializeResult[None]:
        loaded = settings.load()
        source = build_sources(loaded).get(name)
        if source is None:
            return dg.MaterializeResult(metadata={"state": f"disabled: set sources.{name}.enabled = true to fetch it"})
        collected = collect(
            source,
            lake.open(),
            run=context.run.run_id,
            now=datetime.now(UTC),
            query=Query(config.query, config.location) if config.query else None,
            interval=timedelta(minutes=loaded.http.interval_minutes),
            connections=loaded.http.connections,
        )
        for board in collected.boards:
            context.log.info("%s: %s, %d rows. %s", board.board, board.status, board.rows, board.message)
        healthy = sum(board.healthy for board in collected.boards)
        state = f"{healthy} of {len(collected.boards)} boards healthy"
        return dg.MaterializeResult(
            metadata={
                "state": state + (f", {len(collected.waiting)} not asked" if collected.waiting else ""),
                "health": dg.MetadataValue.md(health_table(collected.frame)),
                "not asked": dg.MetadataValue.md(
                    "\n".join(f"- {board}: {reason}" for board, reason in collected.waiting.items())
                ),
                **{count: collected.total(count) for count in COUNTS},
            }
        )

    return source_postings


def _freshness(kind: str) -> dg.FreshnessPolicy | None:
    if kind not in FRESHNESS:
        return None
    warn, fail = FRESHNESS[kind]
    return dg.FreshnessPolicy.time_window(warn_window=warn, fail_window=fail)


def source_check(source_class: type[Source]) -> dg.AssetChecksDefinition:
    """The check that every board of one source was reached and gave what it used to. It blocks nothing."""
    name = source_class.name

    @dg.asset_check(
        asset=asset_name(name), name="healthy", description="Every board was reached and gave what it used to."
    )
    def healthy(settings: SettingsResource, lake: LakeResource) -> dg.AssetCheckResult:
        source = build_sources(settings.load()).get(name)
        boards = source.boards() if source is not None else ()
        history = lake.open().read("source_health", where=[("source", "=", name)])
        found = complaints(history, boards)
        severe = any(complaint.severe for complaint in found)
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
            description="\n".join(f"{complaint.board}: {complaint.words}" for complaint in found)
            or ("disabled" if source is None else f"{len(boards)} boards"),
            metadata={"unhealthy_boards": len({complaint.board for complaint in found})},
        )

    return healthy


ASSETS = [source_asset(source_class) for source_class in source_classes().values()]
CHECKS = [source_check(source_class) for source_class in source_classes().values()]
