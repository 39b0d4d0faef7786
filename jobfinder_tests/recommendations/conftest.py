"""Hand-built postings, clusters and role tags."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.recommendations.ranking import POSTING_COLUMNS
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def frames(*rows: dict[str, Any]) -> Frames:
    """(postings, clusters, role_tags) with p0, p1, … and what `rows` say differently.

    `cluster` joins postings; the first of a cluster is its canonical one.
    """
    facts = []
    for number, row in enumerate(rows):
        defaults = {
            "posting_id": f"p{number}", "title": "Data Engineer", "company": f"Company {number}", "source": "sample",
            "description": "We build pipelines.", "workplace": "unspecified", "seniority": "mid",
            "url": f"https://jobs.example.com/{number}", "first_seen_at": datetime(2026, 2, 1, tzinfo=UTC),
        }  # fmt: skip
        facts.append(defaults | row)
    postings = pd.DataFrame([{name: fact.get(name) for name in (*POSTING_COLUMNS, "description")} for fact in facts])
    for name in ("posted_at", "first_seen_at", "closed_at"):
        postings[name] = pd.to_datetime(postings[name], utc=True)
    postings["salary_annual_usd"] = postings["salary_annual_usd"].astype("float64")
    ids = [fact["posting_id"] for fact in facts]
    members = [fact.get("cluster", posting) for posting, fact in zip(ids, facts, strict=True)]
    first = {cluster: posting for posting, cluster in reversed(list(zip(ids, members, strict=True)))}
    clusters = pd.DataFrame(
        {"posting_id": ids, "cluster_id": members, "canonical_id": [first[cluster] for cluster in members]}
    )
    roles = [fact.get("role", "data_engineer") for fact in facts]
    tags = pd.DataFrame({"posting_id": ids, "role": roles})
    for role in ROLES:
        tags[role] = [0.8 if role == tag else 0.05 for tag in roles]
    return postings, clusters, tags


@pytest.fixture
def fill(lake: Lake) -> Callable[..., None]:
    """Put hand-built rows into the lake, in the place of those there."""

    def write(*rows: dict[str, Any]) -> None:
        postings, clusters, tags = frames(*rows)
        versions = {"content_hash": "1", "tagger_version": "1"}
        lake.replace("postings", postings.assign(content_hash="1"))
        lake.replace("posting_clusters", clusters)
        lake.replace("role_tags", tags.assign(**versions))

    return write
