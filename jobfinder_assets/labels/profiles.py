"""Profiles as Dagster partitions: one deployment serves a household or a class."""

import dagster as dg

PROFILES = dg.DynamicPartitionsDefinition(name="profile")
