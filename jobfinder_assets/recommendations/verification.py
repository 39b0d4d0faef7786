"""The rules that every stored list keeps, judged on the tables alone."""

import json
import math

import pandas as pd

from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.storage.lake import Lake


def violations(lake: Lake, profile: str) -> dict[str, list[str]]:
    """The postings (or ranks) that break each rule in the stored list of `profile`; empty when it is sound."""
    listed = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank")
    ids = listed["posting_id"]
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id"]).set_index("posting_id")["cluster_id"]
    postings = lake.read("postings", ["posting_id", "closed_at"])
    closed = postings[postings["closed_at"].notna()]["posting_id"]
    labels = latest_labels(lake.read("label_events", where=[("profile", "=", profile)]), clusters)
    opening = ids.map(clusters).fillna(ids)
    ranks = pd.Series(range(1, len(listed) + 1), index=listed.index)
    broken = {
        "labelled": ids[opening.isin(labels["cluster_id"])],
        "closed": ids[ids.isin(closed)],
        "not a posting": ids[~ids.isin(postings["posting_id"])],
        "a second posting of one opening": ids[opening.duplicated()],
        "rank out of order": ids[listed["rank"] != ranks],
        "score above that of a better rank": ids[listed["score"].diff() > 0],
        "no score": ids[~listed["score"].map(math.isfinite).astype(bool)],
        "no reason": ids[~listed["reasons"].map(_has_reason).astype(bool)],
    }
    return {rule: rows.tolist() for rule, rows in broken.items() if len(rows)}


def _has_reason(text: object) -> bool:
    return isinstance(text, str) and any(one["text"] for one in json.loads(text))
