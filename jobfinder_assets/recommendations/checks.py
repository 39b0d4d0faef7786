"""What must hold of every list before it is shown."""

import dagster as dg

from jobfinder_assets.recommendations.assets import recommendations
from jobfinder_assets.recommendations.verification import violations
from jobfinder_assets.storage.io_manager import LakeResource


@dg.asset_check(asset=recommendations, name="sound", blocking=True)
def recommendations_are_sound(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """No labelled or closed posting, one per opening, ranks 1 to n, and a reason for each."""
    found = violations(lake.open(), context.partition_key)
    return dg.AssetCheckResult(
        passed=not found,
        description="; ".join(f"{rule}: {', '.join(rows[:5])}" for rule, rows in found.items()) or None,
        metadata={rule: len(rows) for rule, rows in found.items()},
    )
