"""Rows taken out of the lake for good: no old Delta version and no line of a table's log holds them afterwards.

A local table is written anew beside the old one and put in its place; on an object store, where nothing can be put in
place of anything, rows are deleted and old files vacuumed, and the log keeps its names until its own retention.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pandas as pd
from deltalake import DeltaTable
from filelock import FileLock
from numpy.typing import NDArray

from jobfinder_assets.encoder.tuned import versions_prefix
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

Keep = Callable[[pd.DataFrame], pd.DataFrame]
# What a person's correction of a role leaves on the posting: its tag, and the features made of the tag.
OF_CORRECTED = ("role_tags", "posting_features")
_ROWS = 5_000
_LOCK_SECONDS = 600


def personal_tables() -> list[str]:
    """The tables whose rows belong to a profile."""
    return [name for name, schema in TABLES.items() if "profile" in schema.columns]


def erase_rows(lake: Lake, profile: str, searches: Sequence[str]) -> dict[str, int]:
    """Take every row of the profile out of every table, and what its corrections and searches left in others.

    Returns the rows removed (or changed, in `source_health`) by table.
    """
    _recover(lake)
    own = [("profile", "=", profile)]
    corrected = set(lake.read("role_corrections", ["posting_id"], own)["posting_id"])
    done = {name: _purge(lake, name, lambda rows: rows[rows["profile"] != profile]) for name in personal_tables()}
    if corrected:
        for name in OF_CORRECTED:
            done[name] = _purge(lake, name, lambda rows: rows[~rows["posting_id"].isin(corrected)])
    fine_tuned = set(map(str, lake.read("posting_vectors", ["vectors_version"])["vectors_version"].unique()))
    if fine_tuned := {name for name in fine_tuned if name.startswith(versions_prefix(profile))}:
        done["posting_vectors"] = _purge(
            lake, "posting_vectors", lambda rows: rows[~rows["vectors_version"].isin(fine_tuned)]
        )
    done["source_health"] = _forget_searches(lake, searches)
    return {name: count for name, count in done.items() if count}


def corrected_postings(lake: Lake, profile: str) -> int:
    """How many corrections of roles the profile has made: what learns from them must be fitted anew."""
    return lake.count("role_corrections", [("profile", "=", profile)])


def _forget_searches(lake: Lake, searches: Sequence[str]) -> int:
    """Empty the messages that repeat a search, as an address that could not be read does; returns how many."""
    told = {form.casefold() for text in searches for form in (text, quote(text), quote_plus(text)) if len(text) > 2}

    def repeats(rows: pd.DataFrame) -> NDArray[np.bool_]:
        return np.array([any(form in str(message).casefold() for form in told) for message in rows["message"]], bool)

    count = int(repeats(lake.read("source_health", ["message"])).sum())
    if count:
        _rewrite(lake, "source_health", lambda rows: rows.assign(message=rows["message"].mask(repeats(rows))))
    return count


def _purge(lake: Lake, table: str, keep: Keep) -> int:
    """Write the table anew with the rows to keep; a table that has none to lose is rewritten as well if it had once.

    Returns how many rows were lost.
    """
    if not lake.exists(table):
        return 0
    rows = lake.count(table)
    _rewrite(lake, table, keep)
    return rows - lake.count(table)


def _rewrite(lake: Lake, table: str, keep: Keep) -> None:
    if "://" in str(lake.uri):
        _delete_remote(lake, table, keep)
        return
    # The lock of the lake's own upserts.
    locks = Path(lake.uri) / "_locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{table}.lock", timeout=_LOCK_SECONDS):
        building = _building(lake)
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        new = Lake(str(building))
        for rows in lake.batches(table, rows=_ROWS):
            new.append(table, keep(rows))
        old = Path(lake.path(table))
        old.rename(building / f"{table}.old")
        if new.exists(table):
            Path(new.path(table)).rename(old)
        shutil.rmtree(building)


def _recover(lake: Lake) -> None:
    """Finish what a process killed between two renames left: the new table is whole, the old one is on its way out."""
    if "://" in str(lake.uri):
        return
    building = _building(lake)
    for old in building.glob("*.old") if building.is_dir() else ():
        table = old.name.removesuffix(".old")
        new, place = building / table, Path(lake.path(table))
        if not place.exists() and new.exists():
            new.rename(place)
    shutil.rmtree(building, ignore_errors=True)


def _building(lake: Lake) -> Path:
    return Path(lake.uri) / "_erasing"


def _delete_remote(lake: Lake, table: str, keep: Keep) -> None:
    whole = lake.read(table)
    kept = keep(whole)
    lake.replace(table, kept)
    delta = DeltaTable(lake.path(table), storage_options=lake.storage_options)
    delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    delta.create_checkpoint()
