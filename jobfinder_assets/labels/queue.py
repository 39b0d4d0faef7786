"""What to label next: the likely, the doubtful and some at random, so that labels can also judge the model."""

import math
from collections.abc import Collection

import numpy as np
import pandas as pd

# EVALUATION.md, protocol 6: 10-20 % random picks, or labels chosen by the model would grade it.
RANDOM_SHARE = 0.2
TOP_SHARE = 0.4
# As many as a person labels in a sitting, and more.
QUEUE_LENGTH = 100
# Where no boundary is given: likes are rare, so the doubtful ones stand above most of the others.
_BOUNDARY_QUANTILE = 0.85


def label_queue(
    scores: pd.DataFrame, labelled: Collection[str], *, n: int, seed: int, boundary: float | None = None
) -> pd.DataFrame:
    """Choose `n` postings to label.

    Parameters
    ----------
    scores : columns posting_id, cluster_id, score; one row per posting.
    labelled : ids of the clusters that already have a label.
    n : how many to choose; fewer come back when there are fewer unlabelled clusters.
    seed : of the random picks and of the order shown.
    boundary : the score between likes and dislikes, around which the model is in doubt.

    Returns
    -------
    DataFrame with posting_id, policy (top | uncertain | random) and propensity, the chance with which
    the posting came into the queue: 1 for the first two, for a random pick its share among what the
    other two left. Weighing labels by 1 / propensity makes them stand for all candidates (Horvitz and
    Thompson 1952).
    """
    if n < 1:
        raise ValueError(f"a queue needs at least one place, not {n}")
    candidates = (
        scores[~scores["cluster_id"].isin(list(labelled)) & scores["score"].notna()]
        .sort_values(["score", "posting_id"], ascending=[False, True])
        .drop_duplicates("cluster_id")
        .reset_index(drop=True)
    )
    if candidates.empty:
        return pd.DataFrame({"posting_id": pd.Series(dtype="str"), "policy": pd.Series(dtype="str"), "propensity": []})
    generator = np.random.default_rng(seed)
    size = min(n, len(candidates))
    n_random = math.ceil(size * RANDOM_SHARE)
    n_top = min(math.ceil(size * TOP_SHARE), size - n_random)
    n_uncertain = size - n_random - n_top
    middle = float(candidates["score"].quantile(_BOUNDARY_QUANTILE)) if boundary is None else boundary
    rest = candidates.iloc[n_top:]
    doubt = (rest["score"] - middle).abs().sort_values(kind="stable")
    uncertain = doubt.index[:n_uncertain]
    left = doubt.index[n_uncertain:]
    random = generator.choice(np.sort(left.to_numpy()), size=n_random, replace=False)
    chosen = pd.concat(
        [
            candidates.iloc[:n_top].assign(policy="top", propensity=1.0),
            candidates.loc[uncertain].assign(policy="uncertain", propensity=1.0),
            candidates.loc[random].assign(policy="random", propensity=n_random / len(left)),
        ]
    )
    # Mixed order: a person who stops half-way has seen some of each kind.
    order = generator.permutation(len(chosen))
    return chosen.iloc[order][["posting_id", "policy", "propensity"]].reset_index(drop=True)
