"""Checks of what the models stand on, and of the models themselves; each for the profile of the run.

Canaries and gate are worked out once, when a model is trained, and kept with it: these checks show
them again on every run, so that a run without news stays short.
"""

import dagster as dg

from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.training import registry
from jobfinder_assets.training.assets import preference_model, training_set
from jobfinder_assets.training.evaluation import training_set_problems


@dg.asset_check(asset=training_set, name="sane", blocking=True)
def training_set_is_sane(
    context: dg.AssetCheckExecutionContext, settings: SettingsResource, lake: LakeResource
) -> dg.AssetCheckResult:
    """One row per opening, every row in a group, and no group on both sides of any fold."""
    rows = lake.open().read("training_set", where=[("profile", "=", context.partition_key)])
    problems = training_set_problems(rows, training=settings.load().training)
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"rows": len(rows), "problems": dg.MetadataValue.json(problems)},
    )


@dg.asset_check(asset=preference_model, name="canaries")
def canaries_sing(context: dg.AssetCheckExecutionContext, settings: SettingsResource) -> dg.AssetCheckResult:
    """Shuffled labels earn nothing, duplicated rows move nothing, planted leaks are found (EVALUATION.md, 8)."""
    champion = registry.champion(settings.load(), context.partition_key)
    if champion is None:
        return dg.AssetCheckResult(passed=True, metadata={"skipped": "no model yet: too few labels"})
    return dg.AssetCheckResult(
        passed=all(canary.passed for canary in champion.canaries),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={canary.name: canary.detail for canary in champion.canaries},
    )


@dg.asset_check(asset=preference_model, name="gate")
def gate_was_kept(context: dg.AssetCheckExecutionContext, settings: SettingsResource) -> dg.AssetCheckResult:
    """The model in force is not worse than the linear one in the paired interval; shows decision and both tables."""
    champion = registry.champion(settings.load(), context.partition_key)
    if champion is None:
        return dg.AssetCheckResult(passed=True, metadata={"skipped": "no model yet: too few labels"})
    return dg.AssetCheckResult(
        passed=not registry.worse_than_linear(champion),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "decision": champion.tags["decision"],
            "scoreboard": dg.MetadataValue.md(registry.board_markdown(champion.scoreboard)),
            "scoreboard of the champion before": dg.MetadataValue.md(
                registry.board_markdown(champion.previous_scoreboard)
            ),
        },
    )
