"""What to label next: the likely, the doubtful and some at random, so that labels can also judge the model.

Near-copies are shown once, and picks are unlike each other. One in twenty has been labelled before: it is shown again
without a word, to measure how far a person agrees with themselves (`labels.events.self_agreement`).
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.labels.events import AGAIN
from jobfinder_assets.labels.similarity import Diverse, Vectors, like_any, near_copies, unit

# EVALUATION.md, protocol 6: 10-20 % random picks, or labels chosen by the model would grade it.
# The shares, the boundary and the weight of relevance in `similarity` were chosen on three seeds of the simulated
# people of `benchmarks/labelling.py`, for the likes found; what the labels then teach was no worse than before.
RANDOM_SHARE = 0.1
TOP_SHARE = 0.7
# As many as a person labels in a sitting, and more.
QUEUE_LENGTH = 100
# Shown again, of all places; from so many labels on, and never one of the latest, which is still remembered.
AGAIN_SHARE = 0.05
REMEMBERED = 20
PER_COMPANY = 5
# Where no boundary is given: likes are rare, so the doubtful ones stand above most of the others.
_BOUNDARY_QUANTILE = 0.95
_COLUMNS = ("posting_id", "policy", "propensity")


def label_queue(
    scores: pd.DataFrame,
    labelled: Collection[str],
    *,
    n: int,
    seed: int,
    boundary: float | None = None,
    vectors: Any = None,
    again: Sequence[str] = (),
) -> pd.DataFrame:
    """Choose `n` postings to label.

    Parameters
    ----------
    scores : columns posting_id, cluster_id, score; one row per posting. With company and title, picks are spread over
        companies, and near-copies are found.
    labelled : ids of the clusters that already have a label.
    n : how many to choose; fewer come back when there are fewer unlabelled openings.
    seed : of the random picks and of the order shown.
    boundary : the score between likes and dislikes, around which the model is in doubt.
    vectors : (len(scores), d) what each posting says, zeros where that is unknown; None: near-copies are not found.
    again : ids of labelled postings that may be shown again.

    Returns
    -------
    DataFrame with posting_id, policy (top | uncertain | random | again) and propensity, the chance with which the
    posting came into the queue: 1 for the first two, for a random pick its share among the openings that the other two
    left, none of them a near-copy of a pick. Weighing labels by 1 / propensity makes them stand for all distinct
    candidates (Horvitz and Thompson 1952). For one shown again: its share among those that could be; its label keeps
    the chance with which it was first shown.
    """
    if n < 1:
        raise ValueError(f"a queue needs at least one place, not {n}")
    generator = np.random.default_rng(seed)
    repeated = generator.choice(list(again), size=min(round(n * AGAIN_SHARE), len(again)), replace=False)
    candidates, units = _distinct(scores, labelled, vectors)
    size = min(n - len(repeated), len(candidates))
    n_random = math.ceil(size * RANDOM_SHARE)
    n_top = min(math.ceil(size * TOP_SHARE), size - n_random)
    score = candidates["score"].to_numpy(np.float64)
    diverse = Diverse(units, _companies(candidates), per_company=PER_COMPANY)
    top = diverse.choose(np.arange(len(score)), score, n_top)
    uncertain = _doubtful(score, diverse, size - n_random - len(top), boundary=boundary)
    left = np.setdiff1d(np.arange(len(score)), diverse.chosen)
    if units is not None:
        left = left[~like_any(units[left], units[diverse.chosen])]
    random = generator.choice(left, size=min(n_random, len(left)), replace=False)
    ids = candidates["posting_id"]
    chosen = pd.concat(
        [
            pd.DataFrame({"posting_id": ids.iloc[top], "policy": "top", "propensity": 1.0}),
            pd.DataFrame({"posting_id": ids.iloc[uncertain], "policy": "uncertain", "propensity": 1.0}),
            pd.DataFrame(
                {"posting_id": ids.iloc[random], "policy": "random", "propensity": len(random) / max(len(left), 1)}
            ),
            pd.DataFrame(
                {"posting_id": repeated, "policy": AGAIN, "propensity": len(repeated) / max(len(again), 1)},
                columns=list(_COLUMNS),
            ),
        ]
    )
    # Mixed order: a person who stops half-way has seen some of each kind.
    order = generator.permutation(len(chosen))
    return chosen.iloc[order].astype({"posting_id": "str", "policy": "str"}).reset_index(drop=True)


def shown_again(labels: pd.DataFrame) -> list[str]:
    """Postings of `latest_labels` that may be shown again: each once, and none of those labelled last."""
    by_time = labels.sort_values(["time", "posting_id"])
    old = by_time.iloc[: max(len(by_time) - REMEMBERED, 0)]
    return sorted(old.loc[~old["said_again"], "posting_id"])


def _distinct(scores: pd.DataFrame, labelled: Collection[str], vectors: Any) -> tuple[pd.DataFrame, Vectors | None]:
    """The candidates, best first, one per opening and per text of a company and title; with their unit vectors."""
    open_rows = scores.reset_index(drop=True)
    open_rows = (
        open_rows[~open_rows["cluster_id"].isin(list(labelled)) & open_rows["score"].notna()]
        .sort_values(["score", "posting_id"], ascending=[False, True])
        .drop_duplicates("cluster_id")
    )
    if vectors is None:
        return open_rows, None
    units = unit(vectors[open_rows.index])
    if {"company", "title"} <= set(open_rows.columns):
        keys = _companies(open_rows)
        titles = open_rows["title"].fillna("").str.lower().str.split().str.join(" ")
        distinct = ~near_copies(units, [f"{key}|{title}" for key, title in zip(keys, titles, strict=True)])
        open_rows, units = open_rows[distinct], units[distinct]
    return open_rows, units


def _companies(candidates: pd.DataFrame) -> list[str | None]:
    if "company" not in candidates:
        return [None] * len(candidates)
    return [company_key(name) or None if isinstance(name, str) else None for name in candidates["company"]]


def _doubtful(score: NDArray[np.float64], diverse: Diverse, n: int, *, boundary: float | None) -> list[int]:
    """The rows that lie nearest to the boundary."""
    if not len(score):
        return []
    middle = float(np.quantile(score, _BOUNDARY_QUANTILE)) if boundary is None else boundary
    certainty = -np.abs(score - middle)
    order = np.argsort(-certainty, kind="stable")
    return diverse.choose(order, certainty[order], n)
