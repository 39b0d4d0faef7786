"""What runs when: the jobs, the daily refresh, and the condition that turns news into new recommendations.

Unpartitioned assets (sources to features) run as `refresh`; what is a person's own (training set,
model, recommendations, digest) is partitioned by profile and follows by itself.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from jobfinder_assets.config import load_settings

PROFILE_ASSETS = dg.AssetSelection.assets("training_set", "preference_model", "recommendations", "digest")

# A failed blocking check stops its own run only; this stops the runs that would follow it as well.
WHEN_UPSTREAM_IS_NEW = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("upstream is new and sound")


def follow_upstream(assets: Iterable[Any]) -> list[Any]:
    """Give every asset that is partitioned by profile the condition that makes it follow what it stands on."""
    return list(
        dg.map_asset_specs(
            lambda spec: (
                spec.replace_attributes(automation_condition=WHEN_UPSTREAM_IS_NEW) if spec.partitions_def else spec
            ),
            assets,
        )
    )


refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - PROFILE_ASSETS,
    description="Every source, then cleaning, roles, labels and features.",
)
recommend = dg.define_asset_job(
    "recommend", selection=PROFILE_ASSETS, description="One profile: training set, model, recommendations, digest."
)

daily_refresh = dg.ScheduleDefinition(
    name="daily_refresh",
    job=refresh,
    cron_schedule=load_settings().refresh.cron,
    execution_timezone=load_settings().refresh.timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

follow_up = dg.AutomationConditionSensorDefinition(
    "follow_up",
    target=PROFILE_ASSETS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=20,
)
