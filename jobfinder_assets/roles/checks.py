"""Checks on the role tags."""

import dagster as dg

from jobfinder_assets.storage.io_manager import LakeResource
from jobfinder_assets.storage.schemas import ROLES

_LARGEST_SHARE = 0.95


@dg.asset_check(asset="role_tags", blocking=True, description="Every posting has one tag; probabilities sum to 1.")
def role_tags_complete(lake: LakeResource) -> dg.AssetCheckResult:
    store = lake.open()
    tags = store.read("role_tags", ["posting_id", *ROLES])
    postings = set(store.read("postings", ["posting_id"])["posting_id"])
    untagged, surplus = postings - set(tags["posting_id"]), set(tags["posting_id"]) - postings
    off = tags[(tags[list(ROLES)].sum(axis=1) - 1).abs() > 1e-6]
    problems = {"postings without a tag": untagged, "tags without a posting": surplus, "sums off 1": set(off["posting_id"])}
    found = {words: sorted(ids)[:5] for words, ids in problems.items() if ids}
    return dg.AssetCheckResult(
        passed=not found, severity=dg.AssetCheckSeverity.ERROR, description=f"{found or 'all tagged'}", metadata={"tags": len(tags)}
    )


@dg.asset_check(asset="role_tags", description="No role swallows the others.")
def role_shares(lake: LakeResource) -> dg.AssetCheckResult:
    shares = lake.open().read("role_tags", ["role"])["role"].value_counts(normalize=True)
    largest = float(shares.max()) if len(shares) else 0.0
    words = f"{shares.index[0]} has {largest:.0%} of the postings" if len(shares) else "no postings"
    return dg.AssetCheckResult(
        passed=largest <= _LARGEST_SHARE, severity=dg.AssetCheckSeverity.WARN, description=words, metadata={"largest_share": largest}
    )
