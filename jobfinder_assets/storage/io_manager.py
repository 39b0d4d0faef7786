"""Dagster's way to the lake: resources for assets that read and write in batches, and an IO
manager for the assets whose whole output is one frame per profile."""

from typing import Any

import dagster as dg
import pandas as pd

from jobfinder_assets.config import Settings, load_settings
from jobfinder_assets.storage.lake import Lake


class SettingsResource(dg.ConfigurableResource[Any]):
    """The settings in force, read anew at each use so that a changed file counts at once."""

    def load(self) -> Settings:
        settings = load_settings()
        settings.home.create()
        return settings


class LakeResource(dg.ConfigurableResource[Any]):
    """The lake of the settings in force, or the one at `uri`."""

    uri: str = ""

    def open(self) -> Lake:
        return Lake(self.uri or load_settings().lake_location)


class ProfileTableIOManager(dg.ConfigurableIOManager):
    """Stores a frame as the rows of one profile (the partition) in the table named like the asset."""

    lake: LakeResource

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        table, profile = context.asset_key.path[-1], context.partition_key
        lake = self.lake.open()
        lake.replace(table, obj.assign(profile=profile), where=f"profile = '{profile}'")
        context.add_output_metadata({"rows": len(obj), "lake_version": lake.version(table)})

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        return self.lake.open().read(context.asset_key.path[-1], where=[("profile", "=", context.partition_key)])
