"""The one Definitions object. Nothing is defined here: the rooms' assets, checks and automation are gathered."""

import dagster as dg

from jobfinder_assets import automation
from jobfinder_assets.cleaning import assets as cleaning
from jobfinder_assets.cleaning import checks as cleaning_checks
from jobfinder_assets.cleaning import cluster_assets
from jobfinder_assets.encoder import assets as encoder
from jobfinder_assets.export import assets as export
from jobfinder_assets.ingestion import assets as ingestion
from jobfinder_assets.labels import assets as labels
from jobfinder_assets.labels import sensor
from jobfinder_assets.recommendations import assets as recommendations
from jobfinder_assets.recommendations import checks as recommendation_checks
from jobfinder_assets.roles import assets as roles
from jobfinder_assets.roles import checks as role_checks
from jobfinder_assets.storage.io_manager import LakeResource, ProfileTableIOManager, SettingsResource
from jobfinder_assets.training import assets as training
from jobfinder_assets.training import checks as training_checks

ROOMS = {
    "ingestion": [ingestion],
    "cleaning": [cleaning, cluster_assets],
    "roles": [roles],
    "labels": [labels],
    "encoder": [encoder],
    "training": [training],
    "recommendations": [recommendations],
}

lake = LakeResource()

defs = dg.Definitions(
    assets=[
        *automation.follow_upstream(
            asset for room, modules in ROOMS.items() for asset in dg.load_assets_from_modules(modules, group_name=room)
        ),
        # Follows nothing: it is made on demand alone.
        *dg.load_assets_from_modules([export], group_name="export"),
    ],
    asset_checks=dg.load_asset_checks_from_modules(
        [ingestion, cleaning_checks, role_checks, training_checks, recommendation_checks]
    ),
    jobs=[automation.refresh, automation.refresh_feeds, automation.learn, automation.recommend],
    schedules=[automation.daily_refresh, automation.feeds_refresh],
    sensors=[sensor.label_inbox, automation.follow_up],
    resources={
        "settings": SettingsResource(),
        "lake": lake,
        "profile_table": ProfileTableIOManager(lake=lake),
    },
    executor=dg.in_process_executor,
)
