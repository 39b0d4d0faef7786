"""Checks on the role tags: complete and sound (blocking), and not all of one role (a warning)."""

import dagster as dg
import pandas as pd

from jobfinder_assets.roles.report import LARGEST_SHIFT, role_drift
from jobfinder_assets.roles.tagging import role_shares
from jobfinder_assets.storage.io_manager import LakeResource
from jobfinder_assets.storage.schemas import ROLES

LARGEST_SHARE = 0.95
_FEW = 50


@dg.asset_check(asset="role_tags", blocking=True, description="Every posting has one tag; its probabilities sum to 1.")
def role_tags_complete(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    tags = store.read("role_tags", ["posting_id", "role", *ROLES])
    failures = find_faults(store.read("postings", ["posting_id"])["posting_id"], tags)
    shown = [f"{len(ids)} postings: {rule}, e.g. {', '.join(ids[:5])}" for rule, ids in failures.items()]
    return dg.AssetCheckResult(
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(shown) or f"{len(tags)} tags are complete",
        metadata={"tags": len(tags), "faults": sum(map(len, failures.values()))},
    )


@dg.asset_check(asset="role_tags", description="No role has nearly all postings.")
def role_shares_plausible(lake: LakeResource) -> dg.AssetCheckResult:
    shares = role_shares(lake.open())
    largest = shares.sort_values("share").iloc[-1]
    passed = bool(shares["postings"].sum() < _FEW or largest["share"] <= LARGEST_SHARE)
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{largest['share']:.1%} of {shares['postings'].sum()} postings are {largest['role']}"
        + ("" if passed else "; look at `where titles go`, or at what the sources fetch"),
        metadata={"roles": dg.MetadataValue.md(shares.to_markdown(index=False))},
    )


@dg.asset_check(asset="role_tags", description="No source's shares of roles moved far in the last four weeks.")
def role_shares_steady(lake: LakeResource) -> dg.AssetCheckResult:
    drift = role_drift(lake.open(), pd.Timestamp.now(tz="UTC"))
    moved = drift[drift["shift"] > LARGEST_SHIFT]
    names = ", ".join(f"{row['source']} ({row['shift']:.2f})" for row in moved.to_dict("records"))
    return dg.AssetCheckResult(
        passed=moved.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"roles shifted at {names}: look at what the source sends now"
        if names
        else f"{len(drift)} sources have enough postings to compare, none moved",
        metadata={"drift": dg.MetadataValue.md(drift.to_markdown(index=False))},
    )


def find_faults(posting_ids: pd.Series, tags: pd.DataFrame) -> dict[str, list[str]]:
    """Broken rules and the postings that break them; `tags` as in `role_tags`."""
    values = tags[list(ROLES)]
    in_range = values.ge(0).all(axis=1) & values.le(1).all(axis=1)
    sums_to_one = (values.sum(axis=1, skipna=False) - 1).abs() <= 1e-6
    faults = {
        "no tag": posting_ids[~posting_ids.isin(tags["posting_id"])],
        "tag without a posting": tags.loc[~tags["posting_id"].isin(posting_ids), "posting_id"],
        "more than one tag": tags.loc[tags["posting_id"].duplicated(), "posting_id"],
        "unknown role": tags.loc[~tags["role"].isin(ROLES), "posting_id"],
        "probabilities are not between 0 and 1 or do not sum to 1": tags.loc[~(in_range & sums_to_one), "posting_id"],
    }
    return {rule: sorted(ids) for rule, ids in faults.items() if len(ids)}
