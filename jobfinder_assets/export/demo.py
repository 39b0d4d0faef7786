"""An invented person over invented postings, to show, test and measure the data product without anybody's data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES

PROFILE = "invented"
SEARCHES = ("spark pipelines", "kafka warehouse")
_START = datetime(2026, 1, 5, tzinfo=UTC)
_PLACES = (("Berlin", "DE"), ("Madrid", "ES"), ("Toronto", "CA"), ("Chicago", "US"), ("London", "GB"))
_SKILLS = ("airflow", "docker", "excel", "kafka", "python", "pytorch", "spark", "sql", "tableau")
_DUTIES = {
    "data_engineer": ("pipelines", "airflow", "kafka", "spark", "warehouse"),
    "data_analyst": ("dashboards", "tableau", "excel", "reports", "figures"),
    "ml_engineer": ("inference", "pytorch", "docker", "serving", "latency"),
    "data_scientist": ("experiments", "forecasts", "regression", "causal", "surveys"),
    "other": ("meetings", "calls", "planning", "travel", "invoices"),
}
_TITLES = {role: role.replace("_", " ").title() if role != "other" else "Office Manager" for role in ROLES}
_BATCH = 20_000
# How likely the person likes a job of the role, and how much more if it is remote.
_TASTE = {"data_engineer": 0.75, "ml_engineer": 0.55, "data_scientist": 0.3, "data_analyst": 0.15, "other": 0.03}
_REMOTE = 0.2


def invent(lake: Lake, *, postings: int, labels: int, words: int = 40, seed: int = 0) -> None:
    """Fill an empty lake: postings with role tags, and labels on the first `labels` of them by a person of that taste.

    words: the length of each description.
    """
    random = np.random.default_rng(seed)
    for start in range(0, postings, _BATCH):
        size = min(_BATCH, postings - start)
        frame = _postings(random, start, size, words)
        lake.append("postings", frame.drop(columns="role"))
        lake.append("posting_clusters", frame[["posting_id"]].assign(cluster_id=frame["posting_id"]))
        tags = {"posting_id": frame["posting_id"], "role": frame["role"], "content_hash": "1", "tagger_version": "1"}
        lake.append("role_tags", pd.DataFrame(tags))
        if start < labels:
            lake.append("label_events", _labels(random, frame.head(labels - start), start))


def _postings(random: np.random.Generator, start: int, size: int, words: int) -> pd.DataFrame:
    roles = random.choice(list(ROLES), size)
    places = [_PLACES[number] for number in random.integers(0, len(_PLACES), size)]
    return pd.DataFrame(
        {
            "posting_id": [f"{number:08x}" for number in range(start, start + size)],
            "source": "sample",
            "content_hash": "1",
            "cleaning_version": "1",
            "role": roles,
            "title": [_TITLES[role] for role in roles],
            "company": [f"Example {number} Ltd" for number in random.integers(0, max(size // 20, 2), size)],
            "description": [" ".join(random.choice([*_DUTIES[role], *_DUTIES["other"]], words)) for role in roles],
            "location": [", ".join(place) for place in places],
            "city": [city for city, _ in places],
            "country": [country for _, country in places],
            "workplace": random.choice(["remote", "hybrid", "onsite"], size),
            "seniority": random.choice(["junior", "mid", "senior"], size),
            "salary_annual_usd": np.where(random.random(size) < 0.6, random.integers(35, 180, size) * 1_000.0, np.nan),
            "years_min": random.choice([1.0, 3.0, 5.0, np.nan], size),
            "skills": [sorted(set(_DUTIES[role]) & set(_SKILLS)) for role in roles],
            "employment_type": random.choice(["full_time", "contract"], size, p=[0.9, 0.1]),
            "language": "en",
            "first_seen_at": _START,
        }
    )


def _labels(random: np.random.Generator, postings: pd.DataFrame, start: int) -> pd.DataFrame:
    chance = postings["role"].map(_TASTE) + _REMOTE * (postings["workplace"] == "remote")
    liked = random.random(len(postings)) < chance
    times = [_START + timedelta(minutes=7 * number) for number in range(start, start + len(postings))]
    return pd.DataFrame(
        {
            "event_id": "event " + postings["posting_id"],
            "profile": PROFILE,
            "posting_id": postings["posting_id"],
            "cluster_id": postings["posting_id"],
            "interesting": liked,
            "reason": [f"I like {role.replace('_', ' ')} work" if yes else None
                       for yes, role in zip(liked, postings["role"], strict=True)],
            "labelled_at": times,
            "consumed_at": times,
            "policy": "own_choice",
        }
    )  # fmt: skip
