"""What runs when: the jobs, the daily refresh, and the condition that turns news into new recommendations.

Unpartitioned assets (sources to features) run as `refresh`; what is a person's own (training set,
model, recommendations, digest) is partitioned by profile and follows by itself.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from jobfinder_assets.config import load_settings

PROFILE_ASSETS = dg.AssetSelection.assets("training_set", "preference_model", "recommendations", "digest")

# What leaves the house is made by hand alone.
ON_DEMAND = dg.AssetSelection.assets("personal_dataset")

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
    selection=dg.AssetSelection.all() - PROFILE_ASSETS - ON_DEMAND,
    description="Every source, then cleaning, roles, labels and features.",
)
refresh_feeds = dg.define_asset_job(
    "refresh_feeds",
    selection=dg.AssetSelection.tag("source_kind", "feed").downstream() - PROFILE_ASSETS - ON_DEMAND,
    description="The feeds, which change by the hour, and what stands on them.",
)
learn = dg.define_asset_job(
    "learn",
    selection=dg.AssetSelection.assets("label_events", "role_tags"),
    description="The label files that wait in the inbox, and the roles they correct.",
)
recommend = dg.define_asset_job(
    "recommend", selection=PROFILE_ASSETS, description="One profile: training set, model, recommendations, digest."
)

daily_refresh, feeds_refresh = (
    dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=load_settings().refresh.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    for name, job, cron in (
        ("daily_refresh", refresh, load_settings().refresh.cron),
        ("feeds_refresh", refresh_feeds, load_settings().refresh.feeds_cron),
    )
)

follow_up = dg.AutomationConditionSensorDefinition(
    "follow_up",
    target=PROFILE_ASSETS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=20,
)
