"""Blocking checks on what cleaning writes: nothing downstream runs on tables that break their suite."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from jobfinder_assets.cleaning.clean import RULES, accounting
from jobfinder_assets.cleaning.expectations import Failure, between, matches, not_null, one_of, unique, validate
from jobfinder_assets.storage.io_manager import LakeResource

POSTINGS = (
    not_null("posting_id"),
    unique("posting_id"),
    not_null("title"),
    between("description_length", 30, 2_000_000),
    not_null("company", mostly=0.5),
    one_of("workplace", ("onsite", "hybrid", "remote", "unspecified")),
    one_of("seniority", ("intern", "junior", "mid", "senior", "lead", "unspecified")),
    one_of("salary_period", ("hour", "day", "week", "month", "year")),
    one_of("salary_origin", ("structured", "field", "text", "estimate")),
    matches("country", "^[A-Z]{2}$"),
    matches("salary_currency", "^[A-Z]{3}$"),
    between("salary_annual_usd", 2_000, 2_000_000, mostly=0.98),
    between("years_min", 0, 30),
    between("days_ahead", None, 2),
)
REJECTED = (not_null("posting_id"), not_null("evidence"), one_of("rule", tuple(RULES)))
CLUSTERS = (
    not_null("posting_id"),
    unique("posting_id"),
    not_null("cluster_id"),
    not_null("canonical_id"),
    between("size", 1, 10_000),
)
_READ = [
    "posting_id",
    "title",
    "company",
    "workplace",
    "seniority",
    "salary_period",
    "salary_origin",
    "salary_currency",
]
_READ += ["country", "salary_annual_usd", "years_min"]


@dg.asset_check(asset="postings", blocking=True, description="The postings keep their contract.")
def postings_suite(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    now = datetime.now(UTC)
    lengths = [batch["description"].str.len() for batch in store.batches("postings", ["description"], rows=20_000)]
    frame = store.read("postings", [*_READ, "posted_at"])
    frame["description_length"] = pd.concat(lengths).to_numpy() if lengths else 0
    frame["days_ahead"] = (frame["posted_at"] - now).dt.total_seconds() / 86_400
    return result(validate(frame.drop(columns="posted_at"), POSTINGS), rows=len(frame))


@dg.asset_check(
    asset="rejected_postings", blocking=True, description="In = kept + rejected, each with rule and evidence."
)
def rejected_suite(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    frame = store.read("rejected_postings", ["posting_id", "rule", "evidence", "title"])
    counts = accounting(store)
    lost = counts[counts["in"] != counts["kept"] + counts["rejected"]]
    failures = [Failure("source", "in = kept + rejected", lost.reset_index())] if len(lost) else []
    return result(failures + (validate(frame, REJECTED) if len(frame) else []), rows=len(frame))


@dg.asset_check(asset="posting_clusters", blocking=True, description="Every posting is in exactly one cluster.")
def clusters_suite(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    frame = store.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id", "size"])
    postings = store.read("postings", ["posting_id"])
    alone = postings[~postings["posting_id"].isin(frame["posting_id"])]
    failures = [Failure("posting_id", "every posting has a cluster", alone.head())] if len(alone) else []
    return result(failures + validate(frame, CLUSTERS), rows=len(frame))


def result(failures: list[Failure], *, rows: int) -> dg.AssetCheckResult:
    """A check's outcome whose description and metadata name column, rule and example rows."""
    shown = [f"**{failure}**\n\n{failure.examples.head(5).to_markdown(index=False)}" for failure in failures]
    return dg.AssetCheckResult(
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(map(str, failures)) or f"{rows} rows keep every rule",
        metadata={"rows": rows, "failures": dg.MetadataValue.md("\n\n".join(shown) or "none")},
    )
