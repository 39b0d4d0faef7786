"""Blocking checks on what cleaning writes: nothing downstream runs on tables that break their suite."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd

from jobfinder_assets.cleaning.clean import (
    MAXIMUM_DESCRIPTION,
    MINIMUM_DESCRIPTION,
    RULES,
    accounting,
    restored_postings,
)
from jobfinder_assets.cleaning.expectations import (
    Before,
    Failure,
    between,
    compare,
    filled,
    matches,
    not_null,
    one_of,
    unique,
    validate,
)
from jobfinder_assets.cleaning.pay import PLAUSIBLE_USD_A_YEAR
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

POSTINGS = (
    not_null("posting_id"),
    unique("posting_id"),
    not_null("title"),
    between("description_length", MINIMUM_DESCRIPTION, MAXIMUM_DESCRIPTION),
    not_null("company", mostly=0.5),
    one_of("workplace", ("onsite", "hybrid", "remote", "unspecified")),
    one_of("seniority", ("intern", "junior", "mid", "senior", "lead", "unspecified")),
    one_of("salary_period", ("hour", "day", "week", "month", "year")),
    one_of("salary_origin", ("structured", "field", "text", "estimate")),
    matches("country", "^[A-Z]{2}$"),
    matches("salary_currency", "^[A-Z]{3}$"),
    between("salary_annual_usd", *PLAUSIBLE_USD_A_YEAR, mostly=0.98),
    between("years_min", 0, 30),
    between("posted_at_days_ahead", None, 2),
    between("first_seen_at_days_ahead", None, 2),
    between("last_seen_at_days_ahead", None, 2),
    not_null("content_hash"),
    not_null("source"),
    not_null("workplace"),
    not_null("seniority"),
    not_null("first_seen_at"),
    not_null("language", mostly=0.5),
)
REJECTED = (not_null("posting_id"), not_null("evidence"), one_of("rule", tuple(RULES)))
CLUSTERS = (
    not_null("posting_id"),
    unique("posting_id"),
    not_null("cluster_id"),
    not_null("canonical_id"),
    between("size", 1, 10_000),
    between("reposts", 0, 10_000),
    between("similarity", 0, 1),
)
# Checks looked back on for one that passed.
_HISTORY = 100


@dg.asset_check(asset="postings", blocking=True, description="The postings keep their contract.")
def postings_suite(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, settings: SettingsResource
) -> dg.AssetCheckResult:
    store = lake.open()
    frame = _facts(store, "postings", datetime.now(UTC))
    # A restored row was kept against the rules, by a person's word.
    under_rules = frame[~frame["posting_id"].isin(restored_postings(store))]
    return _judged(context, settings, frame, validate(under_rules, POSTINGS))


@dg.asset_check(
    asset="rejected_postings", blocking=True, description="In = kept + rejected, each with rule and evidence."
)
def rejected_suite(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    frame = store.read("rejected_postings")
    counts = accounting(store)
    lost = counts[counts["in"] != counts["kept"] + counts["rejected"]]
    failures = [Failure("source", "in = kept + rejected", lost.reset_index())] if len(lost) else []
    failures += _future(frame["rejected_at"], datetime.now(UTC), "rejected_at")
    # No rejected row at all is good news.
    return result(failures + (validate(frame, REJECTED) if len(frame) else []), rows=len(frame))


@dg.asset_check(asset="posting_clusters", blocking=True, description="Every posting is in exactly one cluster.")
def clusters_suite(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, settings: SettingsResource
) -> dg.AssetCheckResult:
    store = lake.open()
    frame = store.read("posting_clusters")
    postings = store.read("postings", ["posting_id"])
    alone = postings[~postings["posting_id"].isin(frame["posting_id"])]
    failures = [Failure("posting_id", "every posting has a cluster", alone.head())] if len(alone) else []
    sizes = frame.groupby("cluster_id")["posting_id"].transform("size")
    wrong = frame[frame["size"] != sizes]
    failures += [Failure("size", "counts the postings of the cluster", wrong.head())] if len(wrong) else []
    return _judged(context, settings, frame, failures + validate(frame, CLUSTERS))


def _facts(store: Lake, table: str, now: datetime) -> pd.DataFrame:
    """A table for a suite: its texts as `description_length`, its times as days ahead of now."""
    parts = [pd.DataFrame(columns=[*TABLES[table].columns, "description_length"])]
    for batch in store.batches(table, rows=20_000):
        lengths = batch["description"].str.len()
        parts.append(batch.assign(description_length=lengths).drop(columns="description"))
    frame = pd.concat(parts[1:] or parts, ignore_index=True)
    for name in ("posted_at", "first_seen_at", "last_seen_at"):
        frame[f"{name}_days_ahead"] = (pd.to_datetime(frame[name], utc=True) - now).dt.total_seconds() / 86_400
    return frame


def _future(times: pd.Series, now: datetime, column: str) -> list[Failure]:
    ahead = times[pd.to_datetime(times, utc=True) > now + timedelta(days=2)]
    return [Failure(column, "does not lie in the future", ahead.to_frame().head())] if len(ahead) else []


def _judged(
    context: dg.AssetCheckExecutionContext, settings: SettingsResource, frame: pd.DataFrame, failures: list[Failure]
) -> dg.AssetCheckResult:
    """The suite's failures and what was lost since the last check that passed, which the next check will compare."""
    shares = filled(frame)
    before = _last_passed(context)
    failures += compare(len(frame), shares, before, largest_drop=settings.load().checks.largest_drop)
    return result(failures, rows=len(frame), more={"filled": dg.MetadataValue.json(shares)})


def _last_passed(context: dg.AssetCheckExecutionContext) -> Before:
    (key,) = context.selected_asset_check_keys
    records = context.instance.event_log_storage.get_asset_check_execution_history(key, limit=_HISTORY)
    for record in records:
        if isinstance(record.evaluation, dg.AssetCheckEvaluation) and record.evaluation.passed:
            rows, shares = (record.evaluation.metadata.get(name) for name in ("rows", "filled"))
            if isinstance(rows, dg.IntMetadataValue) and isinstance(shares, dg.JsonMetadataValue):
                return Before(rows.value or 0, dict(shares.value))  # type: ignore[arg-type]
    return Before()


def result(
    failures: list[Failure], *, rows: int, more: Mapping[str, dg.MetadataValue[Any]] | None = None
) -> dg.AssetCheckResult:
    """A check's outcome whose description and metadata name column, rule and example rows."""
    shown = [f"**{failure}**\n\n{failure.examples.head(5).to_markdown(index=False)}" for failure in failures]
    return dg.AssetCheckResult(
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(map(str, failures)) or f"{rows} rows keep every rule",
        metadata={"rows": rows, "failures": dg.MetadataValue.md("\n\n".join(shown) or "none"), **(more or {})},
    )
