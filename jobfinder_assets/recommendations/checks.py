"""What must hold of every list before it is shown."""

import dagster as dg

from jobfinder_assets.recommendations.assets import recommendations
from jobfinder_assets.recommendations.drift import SHIFTED
from jobfinder_assets.recommendations.recommender import drift_of
from jobfinder_assets.recommendations.verification import violations
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource


@dg.asset_check(asset=recommendations, name="sound", blocking=True)
def recommendations_are_sound(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """No labelled or closed posting, one per opening, ranks 1 to n, and a reason for each."""
    found = violations(lake.open(), context.partition_key)
    return dg.AssetCheckResult(
        passed=not found,
        description="; ".join(f"{rule}: {', '.join(rows[:5])}" for rule, rows in found.items()) or None,
        metadata={rule: len(rows) for rule, rows in found.items()},
    )


@dg.asset_check(asset=recommendations, name="drift")
def postings_have_not_drifted(
    context: dg.AssetCheckExecutionContext, settings: SettingsResource
) -> dg.AssetCheckResult:
    """Postings found since the model was trained are like those before: the stability index of features and scores."""
    found = drift_of(settings.load(), context.partition_key)
    if found is None:
        return dg.AssetCheckResult(passed=True, metadata={"skipped": "no model yet"})
    told = "; ".join(f"{name} {found.index[name]:.2f}" for name in found.shifted)
    return dg.AssetCheckResult(
        passed=not found.shifted,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"shifted (index from {SHIFTED}): {told}; train anew when there are labels of these"
        if told
        else None,
        metadata={
            "postings before": found.old,
            "postings since": found.new,
            "enough to tell": found.known,
            **{f"index of {name}": value for name, value in found.index.items()},
        },
    )
