"""Seeded synthetic adverts for the training tests: every word is made up here, no advert was copied."""

import numpy as np
import pandas as pd

from jobfinder_assets.storage.schemas import ROLES

_DUTIES = {
    "data_engineer": "build pipelines airflow spark kafka warehouse ingestion etl streaming lake tables orchestration",
    "data_analyst": "dashboards reports tableau excel stakeholders kpi insight adhoc sql charts metrics",
    "ml_engineer": "deploy models serving pytorch inference latency mlops gpu features registry monitoring",
    "data_scientist": "experiments hypothesis causal regression forecasting statistics bayesian uplift inference tests",
    "other": "shifts customers deliveries payroll invoices catering warehouse cleaning recruitment calls",
}
_TITLES = {
    "data_engineer": ("Data Engineer", "Platform Engineer", "Data Scientist"),
    "data_analyst": ("Data Analyst", "BI Analyst", "Data Scientist"),
    "ml_engineer": ("ML Engineer", "Data Scientist", "AI Engineer"),
    "data_scientist": ("Data Scientist", "Decision Scientist", "Statistician"),
    "other": ("Shift Manager", "Office Assistant", "Recruiter"),
}
_COMMON = (
    "team company work people benefits office join grow partner product market support value culture plan "
    "customers quality learn skills experience degree years communication salary pension holiday remote"
)
_PLACES = ("Berlin, DE", "Leeds, UK", "Austin, TX", "Remote")


def synthetic_postings(n: int, *, seed: int = 0, roles: bool = True) -> pd.DataFrame:
    """n postings with the columns of the lake's `postings`, and role probabilities unless told otherwise."""
    random = np.random.default_rng(seed)
    kinds = random.choice(list(_DUTIES), size=n)
    rows = []
    for number, kind in enumerate(kinds):
        words = [
            *random.choice(_DUTIES[kind].split(), size=12),
            *random.choice(_DUTIES[random.choice(list(_DUTIES))].split(), size=3),
            *random.choice(_COMMON.split(), size=40),
        ]
        random.shuffle(words)
        rows.append(
            {
                "posting_id": f"{seed:02d}{number:06d}",
                "content_hash": f"h{number}",
                "title": str(random.choice(_TITLES[kind])),
                "company": f"Firm {random.integers(max(n // 3, 2))}",
                "description": " ".join(words),
                "location": str(random.choice(_PLACES)),
                "country": "DE",
                "workplace": str(random.choice(["remote", "hybrid", "onsite", "unspecified"])),
                "salary_annual_usd": float(random.integers(40, 200) * 1000) if random.random() < 0.5 else np.nan,
                "seniority": str(random.choice(["junior", "senior", "lead", "unspecified"])),
                "years_min": float(random.integers(0, 10)) if random.random() < 0.7 else np.nan,
                "kind": str(kind),
            }
        )
    frame = pd.DataFrame(rows)
    if roles:
        for role in ROLES:
            frame[role] = np.where(frame["kind"] == role, 0.8, 0.05)
    return frame


def likes(postings: pd.DataFrame, kind: str = "data_engineer") -> np.ndarray:
    """1 for postings with the duties of `kind`."""
    return (postings["kind"] == kind).to_numpy(dtype=np.int64)
