"""Rows taken out of the lake for good: no old Delta version and no line of a table's log holds them afterwards.

`Lake.rewrite` says what an object store keeps.
"""

from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.encoder.tuned import versions_prefix
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

# What a person's correction of a role leaves on the posting: its tag, and the features made of the tag.
OF_CORRECTED = ("role_tags", "posting_features")


def personal_tables() -> list[str]:
    """The tables whose rows belong to a profile."""
    return [name for name, schema in TABLES.items() if "profile" in schema.columns]


def erase_rows(lake: Lake, profile: str, searches: Sequence[str], *, nameless: bool = False) -> dict[str, int]:
    """Take every row of the profile out of every table, and what its corrections and searches left in others.

    nameless: the corrections that name nobody as well.

    Returns the rows removed (or changed, in `source_health`) by table.
    """
    lake.finish_rewrites()
    done: dict[str, int] = {}
    corrected = corrected_postings(lake, profile, nameless=nameless)
    if corrected:
        # Before the corrections: after a kill, these alone tell which postings they are.
        for name in OF_CORRECTED:
            done[name] = lake.rewrite(name, lambda rows: rows[~rows["posting_id"].isin(corrected)])
    # A table that has no row to lose may have had one in an old version: it is written anew as well.
    for name in personal_tables():
        done[name] = lake.rewrite(name, lambda rows: rows[~_is_of(rows, profile, nameless=nameless)])
    fine_tuned = set(map(str, lake.read("posting_vectors", ["vectors_version"])["vectors_version"].unique()))
    if fine_tuned := {name for name in fine_tuned if name.startswith(versions_prefix(profile))}:
        done["posting_vectors"] = lake.rewrite(
            "posting_vectors", lambda rows: rows[~rows["vectors_version"].isin(fine_tuned)]
        )
    done["source_health"] = _forget_searches(lake, searches)
    return {name: count for name, count in done.items() if count}


def corrected_postings(lake: Lake, profile: str, *, nameless: bool) -> set[str]:
    """The postings whose roles the profile has corrected: what learns from them must be fitted anew."""
    rows = lake.read("role_corrections", ["profile", "posting_id"])
    return set(rows.loc[_is_of(rows, profile, nameless=nameless), "posting_id"])


def _is_of(rows: pd.DataFrame, profile: str, *, nameless: bool) -> "pd.Series[bool]":
    own = rows["profile"] == profile
    return own | rows["profile"].isna() if nameless else own


def _forget_searches(lake: Lake, searches: Sequence[str]) -> int:
    """Empty the messages that repeat a search, as an address that could not be read does; returns how many."""
    told = {form.casefold() for text in searches for form in (text, quote(text), quote_plus(text)) if len(text) > 2}

    def repeats(rows: pd.DataFrame) -> NDArray[np.bool_]:
        return np.array([any(form in str(message).casefold() for form in told) for message in rows["message"]], bool)

    count = int(repeats(lake.read("source_health", ["message"])).sum())
    if count:
        lake.rewrite("source_health", lambda rows: rows.assign(message=rows["message"].mask(repeats(rows))))
    return count
