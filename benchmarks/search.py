"""Search and the app's reads at many postings: the index's first build, an update, and how long answers take.

    jobfinder bench search [--postings 100000] [--data FOLDER]

With FOLDER (default $JOBFINDER_SHARED/data) the texts are those of `bench/postings_text_15k.parquet`, each with a word
of its own added so that no two are equal; without it they are drawn from a vocabulary.
"""

import argparse
import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

QUERIES = (
    "data", "data engineer", "python sql spark", '"machine learning" -senior', "nurse", "kubernetes terraform airflow",
    "", "zzzunknown",
)  # fmt: skip
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def texts(count: int, data: Path | None) -> list[str]:
    file = data / "bench" / "postings_text_15k.parquet" if data else None
    if file and file.is_file():
        from jobfinder_assets.cleaning.text import clean_text

        found = [clean_text(text) for text in pd.read_parquet(file)["description"].dropna().head(5_000)]
    else:
        random = np.random.default_rng(0)
        known = ["data", "engineer", "python", "sql", "spark", "machine", "learning"]
        vocabulary = np.array([*known, *map(str, range(5_000))])
        weights = 1 / np.arange(1, len(vocabulary) + 1)
        weights /= weights.sum()
        found = [" ".join(random.choice(vocabulary, 500, p=weights)) for _ in range(2_000)]
    return [f"{found[number % len(found)]} word{number}" for number in range(count)]


def fill(count: int, data: Path | None) -> Any:
    from jobfinder_assets.config import load_settings
    from jobfinder_assets.storage.lake import Lake

    lake = Lake(load_settings().lake_location)
    random = np.random.default_rng(1)
    ids = [f"{number:016x}" for number in range(count)]
    roles = random.choice(["data_engineer", "data_analyst", "ml_engineer", "data_scientist", "other"], count)
    words = texts(count, data)
    for start in range(0, count, 20_000):
        rows = slice(start, start + 20_000)
        size = len(ids[rows])
        frame = pd.DataFrame(
            {
                "posting_id": ids[rows], "content_hash": "1", "cleaning_version": "1", "source": "bench",
                "title": [f"{role.replace('_', ' ').title()} {number}" for number, role in enumerate(roles[rows])],
                "company": [f"Company {number % 7_000}" for number in range(start, start + size)],
                "description": words[rows], "location": "Berlin, Germany", "city": "Berlin", "country": "DE",
                "workplace": random.choice(["remote", "hybrid", "onsite", "unspecified"], size),
                "seniority": random.choice(["junior", "mid", "senior", "unspecified"], size),
                "salary_annual_usd": np.where(random.random(size) < 0.4, random.integers(40, 200, size) * 1e3, np.nan),
                "first_seen_at": NOW - timedelta(days=3),
                "posted_at": [NOW - timedelta(days=int(days)) for days in random.integers(0, 90, size)],
            }
        )  # fmt: skip
        lake.append("postings", frame)
        tags = pd.DataFrame({"posting_id": ids[rows], "role": roles[rows], "content_hash": "1", "tagger_version": "1"})
        lake.append("role_tags", tags)
        clusters = {"posting_id": ids[rows], "cluster_id": ids[rows], "canonical_id": ids[rows], "size": 1}
        lake.append("posting_clusters", pd.DataFrame(clusters))
    return lake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--postings", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JOBFINDER_HOME"] = folder
        from jobfinder_assets.recommendations.search import Filters, SearchIndex

        lake = fill(options.postings, options.data)
        path = Path(folder) / "search.sqlite"
        started = time.perf_counter()
        SearchIndex(path).update(lake)
        first = time.perf_counter() - started
        size = path.stat().st_size / 1e6
        print(
            f"{options.postings:,} postings indexed in {first:.1f} s ({options.postings / first:,.0f}/s), "
            f"{size:,.0f} MB"
        )
        started = time.perf_counter()
        SearchIndex(path).update(lake)
        print(f"nothing new: {time.perf_counter() - started:.1f} s")
        index = SearchIndex(path)
        started = time.perf_counter()
        index.facts()
        print(f"facts read: {time.perf_counter() - started:.2f} s, once per change")
        for query in QUERIES:
            for name, filters in (("", Filters()), (" filtered", Filters(roles=["data_engineer"], country="de"))):
                started = time.perf_counter()
                found = index.search(query, filters, now=NOW)
                seconds = time.perf_counter() - started
                print(f"{query + name!r:<45} {found.total:>8,} found  {seconds * 1000:6.0f} ms")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
