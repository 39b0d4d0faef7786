"""What the pages read: settings, lake tables and the search index, each read again only when it has changed."""

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.background import BackgroundRun, latest
from jobfinder_assets.config import Home, Profile, Settings, find_file, load_settings
from jobfinder_assets.recommendations.search import SearchIndex
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES, TABLES
from jobfinder_assets.web.actions import People


def settings() -> Settings:
    """The settings in force; read again when their file has changed."""
    path = find_file()
    return _settings(str(path or ""), path.stat().st_mtime_ns if path else 0, str(Home.default().root))


@st.cache_data(show_spinner=False, max_entries=4)
def _settings(path: str, changed: int, home: str) -> Settings:
    return load_settings(Path(path) if path else None)


def home() -> Home:
    return settings().home


def lake() -> Lake:
    return Lake(settings().lake_location)


def people() -> People:
    return People(lake(), home())


def now() -> datetime:
    return datetime.now(UTC)


def profile_name() -> str:
    """The profile chosen in the sidebar."""
    names = profile_names()
    chosen = st.session_state.get("profile")
    return chosen if chosen in names else names[0]


def profile_names() -> list[str]:
    """Every profile of the settings, in their order."""
    return list(settings().profiles) or ["example"]


def profile() -> Profile:
    return settings().profiles.get(profile_name(), Profile())


def version(name: str) -> int:
    """What is another one whenever a lake table has changed: its Delta version alone begins at 0 after an erasure."""
    return hash(lake().state(name))


def table(name: str, columns: Sequence[str] | None = None, where: Sequence[tuple[str, str, Any]] = ()) -> pd.DataFrame:
    """A lake table as of now; the frame is shared between pages: do not change it."""
    return _table(str(lake().uri), name, version(name), tuple(columns or ()), tuple(where))


# Frames are shared, not copied: a hundred thousand rows are many.
@st.cache_resource(show_spinner=False, max_entries=32)
def _table(
    uri: str, name: str, version: int, columns: tuple[str, ...], where: tuple[tuple[str, str, Any], ...]
) -> pd.DataFrame:
    return Lake(uri).read(name, list(columns) or None, list(where) or None)


def posting(posting_id: str) -> dict[str, Any] | None:
    """One posting with its text, role tag and copies' sources; None when it is not kept (any more)."""
    versions = version("postings"), version("role_tags")
    return _posting(str(lake().uri), versions, posting_id)


@st.cache_data(show_spinner=False, max_entries=500)
def _posting(uri: str, versions: tuple[int, int], posting_id: str) -> dict[str, Any] | None:
    store = Lake(uri)
    # Looked up by row group: not all texts are read for one.
    where = [("posting_id", "in", [posting_id])]
    found = store.read("postings", where=where)
    if found.empty:
        return None
    row = {str(name): value for name, value in found.iloc[0].items()}
    tags = store.read("role_tags", where=where)
    row["role_tag"] = None if tags.empty else tags.iloc[0].to_dict()
    return row


def headings(posting_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What stands at the head of some postings, their role with it, in the given order; those that are kept."""
    versions = version("postings"), version("role_tags")
    return _headings(str(lake().uri), versions, tuple(posting_ids))


@st.cache_data(show_spinner=False, max_entries=64)
def _headings(uri: str, versions: tuple[int, int], posting_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = [name for name in TABLES["postings"].columns if name != "description"]
    rows = Lake(uri).read("postings", columns, [("posting_id", "in", list(posting_ids))])
    tags = Lake(uri).read("role_tags", ["posting_id", "role"], [("posting_id", "in", list(posting_ids))])
    roles = tags.set_index("posting_id")["role"]
    found = {row["posting_id"]: row for row in rows.assign(role=rows["posting_id"].map(roles)).to_dict("records")}
    return [{str(name): value for name, value in found[one].items()} for one in posting_ids if one in found]


@st.cache_resource(show_spinner=False)
def _index(path: str) -> SearchIndex:
    return SearchIndex(Path(path))


def role_shares(posting_ids: Sequence[str]) -> dict[str, float]:
    """How probable the role is that each of some postings is tagged with."""
    return _role_shares(str(lake().uri), version("role_tags"), tuple(posting_ids))


@st.cache_data(show_spinner=False, max_entries=64)
def _role_shares(uri: str, version: int, posting_ids: tuple[str, ...]) -> dict[str, float]:
    tags = Lake(uri).read("role_tags", ["posting_id", *ROLES], [("posting_id", "in", list(posting_ids))])
    return dict(zip(tags["posting_id"], tags[list(ROLES)].max(axis=1).astype(float), strict=True))


def clusters() -> "pd.Series[str]":
    """The opening of each posting, by posting_id."""
    return table("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]


def index() -> SearchIndex:
    """The search index of this home; its facts are kept in memory while it stays as it is."""
    return _index(str(home().search))


def warm(*readers: Callable[[], object]) -> None:
    """Read beside the first page what the others need of all postings; again whenever a run has changed it."""
    search = home().search
    _warm(str(search), search.stat().st_mtime_ns if search.exists() else 0, readers)


@st.cache_resource(show_spinner=False, max_entries=1)
def _warm(search: str, changed: int, _readers: Sequence[Callable[[], object]]) -> None:
    def read() -> None:
        # Streamlit's caches also serve a thread that belongs to no page, but complain of it at every call.
        logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
        for reader in _readers:
            reader()

    Thread(target=read, name="warm", daemon=True).start()


def background() -> BackgroundRun | None:
    """The run that the app started last."""
    return latest(home())


def offline() -> bool:
    """Whether the settings leave live sources alone."""
    return settings().http.offline


def address() -> str:
    """Where Dagster's UI is, when `jobfinder serve` opened the app."""
    return os.environ.get("JOBFINDER_DAGSTER_ADDRESS", "")
