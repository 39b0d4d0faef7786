"""Made-up postings and one made-up person's labels, written by a seeded generator."""

from typing import Any

import numpy as np
import pandas as pd

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.features import FeatureEncoder
from jobfinder_assets.training.training_set import Examples

DUTIES = {
    "data_engineer": "build pipelines with airflow spark kafka and dbt for the warehouse and the lake",
    "data_analyst": "prepare dashboards and reports in tableau and excel on sales and marketing figures",
    "ml_engineer": "deploy models to production with pytorch kubernetes and monitoring of inference",
    "data_scientist": "design experiments regression forecasts and causal statistics for the product",
}
PADDING = [
    "team",
    "work",
    "office",
    "people",
    "customers",
    "benefits",
    "culture",
    "growth",
    "remote",
    "agile",
    "english",
    "degree",
    "talent",
    "health",
]
NOW = pd.Timestamp("2026-06-01", tz="UTC")


def postings(n: int, *, seed: int = 0, companies: int | None = None) -> pd.DataFrame:
    """n postings, one role each, about four per company."""
    random = np.random.default_rng(seed)
    roles = random.choice(list(DUTIES), n)
    rows: list[dict[str, Any]] = []
    for i, role in enumerate(roles):
        duties = random.permutation(DUTIES[role].split())[:9]
        words = random.permutation([*duties, *random.choice(PADDING, 12)])
        rows.append(
            {
                "posting_id": f"p{i:04d}",
                "source": "sample",
                "board": "sample",
                "source_id": str(i),
                "content_hash": f"h{i}",
                "cleaning_version": "1",
                "title": random.choice(["Data Specialist", "Senior Data Specialist", role.replace("_", " ").title()]),
                "company": f"Company {random.integers(companies or max(n // 4, 2))} Ltd",
                "description": " ".join(words),
                "location": random.choice(["Berlin, Germany", "Paris, France"]),
                "city": "Berlin",
                "country": "DE",
                "workplace": random.choice(["remote", "onsite", "unspecified"]),
                "seniority": random.choice(["junior", "senior", "unspecified"]),
                "salary_annual_usd": float(random.integers(50, 150) * 1000),
                "posted_at": NOW - pd.Timedelta(days=int(random.integers(1, 60))),
                "first_seen_at": NOW,
                "last_seen_at": NOW,
                "role": role,
            }
        )
    return pd.DataFrame(rows)


def clusters(posts: pd.DataFrame) -> pd.DataFrame:
    """Every posting a cluster of its own."""
    return pd.DataFrame(
        {
            "posting_id": posts["posting_id"],
            "cluster_id": "c" + posts["posting_id"],
            "canonical_id": posts["posting_id"],
            "size": 1,
        }
    )


def role_tags(posts: pd.DataFrame) -> pd.DataFrame:
    tags = pd.DataFrame({role: np.where(posts["role"] == role, 0.8, 0.05) for role in ROLES})
    return tags.assign(
        posting_id=posts["posting_id"], content_hash=posts["content_hash"], tagger_version="1", role=posts["role"]
    )


def label_events(
    posts: pd.DataFrame, *, likes: str = "data_engineer", profile: str = "ann", noise: float = 0.0, seed: int = 0
) -> pd.DataFrame:
    """One label per posting: the role `likes` is liked, a share `noise` of the labels is turned round."""
    turned = np.random.default_rng(seed).random(len(posts)) < noise
    return pd.DataFrame(
        {
            "event_id": [f"{profile}-e{i}" for i in range(len(posts))],
            "profile": profile,
            "posting_id": posts["posting_id"],
            "cluster_id": "c" + posts["posting_id"],
            "interesting": (posts["role"] == likes) ^ turned,
            "labelled_at": NOW,
            "consumed_at": NOW,
            "file": "labels.csv",
            "row": np.arange(len(posts)),
            "policy": "chosen",
            "propensity": np.nan,
        }
    )


def fill(lake: Lake, posts: pd.DataFrame, events: pd.DataFrame | None = None) -> None:
    """Write postings, clusters, role tags and labels into the lake."""
    lake.replace("postings", posts.drop(columns="role"))
    lake.replace("posting_clusters", clusters(posts))
    lake.replace("role_tags", role_tags(posts))
    if events is not None:
        lake.replace("label_events", events)


def examples(n: int, *, seed: int = 0, noise: float = 0.0, likes: str = "data_engineer") -> Examples:
    """n labelled postings with their features, fitted on those postings."""
    posts = postings(n, seed=seed)
    frame = posts.merge(role_tags(posts)[["posting_id", *ROLES]], on="posting_id").assign(
        years_min=np.nan, employment_type=None, language="en"
    )
    labels = label_events(posts, likes=likes, noise=noise, seed=seed)["interesting"].to_numpy(bool)
    return Examples(
        frame,
        FeatureEncoder(components=16, seed=0).fit(frame).transform(frame),
        labels,
        posts["company"].to_numpy(object),
        np.full(n, np.datetime64("NaT"), dtype="datetime64[us]"),
        np.zeros(n, dtype=bool),
    )
