"""A small lake of postings that labels can be about."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.storage.lake import Lake

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Put = Callable[..., Path]


def fill_postings(lake: Lake) -> list[str]:
    """Six postings p0 … p5; p0 and p1 are one opening, p4 and p5 share a URL but are two."""
    ids = [f"p{number}" for number in range(6)]
    urls = [f"https://jobs.example.com/acme/{number}" for number in range(4)] + ["https://jobs.example.com/all"] * 2
    lake.replace("postings", pd.DataFrame({"posting_id": ids, "url": urls, "title": "Engineer"}))
    clusters = ["c0", "c0", "c2", "c3", "c4", "c5"]
    lake.replace("posting_clusters", pd.DataFrame({"posting_id": ids, "cluster_id": clusters, "canonical_id": ids}))
    return ids


@pytest.fixture
def postings(lake: Lake) -> list[str]:
    return fill_postings(lake)


@pytest.fixture
def put(home: Home) -> Put:
    """Put a file into the inbox as an editor would, last written `age` seconds before NOW."""

    def write(name: str, content: str | bytes, age: float = 3600) -> Path:
        path = home.inbox / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = (NOW - timedelta(seconds=age)).timestamp()
        os.utime(path, (moment, moment))
        return path

    return write
