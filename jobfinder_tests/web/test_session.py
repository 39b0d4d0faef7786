"""What the pages keep in memory is read again whenever the lake is another one."""

import shutil

import pandas as pd
import pytest
import streamlit as st

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session


@pytest.fixture
def stored(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two people's queues, and a posting tagged by one of them; the session reads this lake."""
    monkeypatch.setattr(session, "lake", lambda: lake)
    st.cache_data.clear()
    st.cache_resource.clear()
    lake.append("label_queue", pd.DataFrame({"profile": ["ann", "ben"], "posting_id": "p"}))
    lake.append("postings", pd.DataFrame({"posting_id": ["p"]}))
    lake.append("role_tags", pd.DataFrame({"posting_id": ["p"], "role": "data_engineer"}))
    return lake


def people() -> list[str]:
    return sorted(session.table("label_queue", ["profile"])["profile"])


def test_a_table_written_anew_is_read_again_though_its_version_is_the_same(stored: Lake) -> None:
    stored.update("label_queue", pd.DataFrame({"profile": ["ben"], "posting_id": "p", "position": 1}))
    assert people() == ["ann", "ben"]
    version = stored.version("label_queue")
    stored.rewrite("label_queue", lambda rows: rows[rows["profile"] != "ann"])
    assert stored.version("label_queue") == version
    assert people() == ["ben"]


def test_a_table_made_again_is_read_again(stored: Lake) -> None:
    assert people() == ["ann", "ben"]
    shutil.rmtree(stored.path("label_queue"))
    assert people() == []
    stored.append("label_queue", pd.DataFrame({"profile": ["ben"], "posting_id": "p"}))
    assert stored.version("label_queue") == 0
    assert people() == ["ben"]


def test_a_posting_is_read_again_when_its_tag_has_changed(stored: Lake) -> None:
    first = session.posting("p")
    assert first is not None and first["role_tag"]["role"] == "data_engineer"
    stored.update("role_tags", pd.DataFrame({"posting_id": ["p"], "role": "other"}))
    second = session.posting("p")
    assert second is not None and second["role_tag"]["role"] == "other"
