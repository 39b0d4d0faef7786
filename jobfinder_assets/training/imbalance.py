"""What is done about rare likes: nothing, weights, sampling or a focal loss, side by side on the frozen folds."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, get_args

import numpy as np
import pandas as pd

from jobfinder_assets.config import Training
from jobfinder_assets.training.evaluation import (
    BOOTSTRAP_SAMPLES,
    Evaluation,
    Fixed,
    FoldPlan,
    group_bootstrap,
    interval,
    measured_rows,
    one_thread,
    out_of_fold_scores,
)
from jobfinder_assets.training.model import Balance, Parameters, enough_for_trees
from jobfinder_assets.training.training_set import Examples

STRATEGY_COLUMNS = ("strategy", "AP", "low", "high", "against none", "against low", "against high", "seconds")
_NONE = "none"


def strategies_table(
    examples: Examples, plan: FoldPlan, *, training: Training, others: Sequence[dict[str, Any]] = ()
) -> pd.DataFrame:
    """One row of `STRATEGY_COLUMNS` per kind of model and strategy: "linear, weights".

    AP with its interval over groups; "against none": AP minus that of the same kind without any strategy, paired. All
    on the first repeat of the folds. Kinds: the linear model, the same with trees where labels suffice for them, and
    `others`, which were fitted elsewhere on these folds: strategy, seconds, scores (n, None where not tested).
    """
    first = FoldPlan(plan.kind, plan.repeats[:1], plan.fingerprint)
    scores, seconds = {}, {}
    for name, parameters in _recipes(examples).items():
        started = perf_counter()
        with one_thread():
            scores[name] = out_of_fold_scores(partial(Fixed, parameters, seed=training.seed), examples, plan=first)
        seconds[name] = perf_counter() - started
    for row in others:
        scores[row["strategy"]] = np.array([row["scores"]], dtype=np.float64)
        seconds[row["strategy"]] = row["seconds"]
    measured, basis = measured_rows(examples, first, training=training)
    draws = group_bootstrap(examples.groups, samples=BOOTSTRAP_SAMPLES, seed=training.seed)
    evaluation = Evaluation(first, scores, examples.labels, measured, basis, draws)
    return pd.DataFrame([_row(evaluation, name, seconds[name]) for name in scores], columns=list(STRATEGY_COLUMNS))


def _recipes(examples: Examples) -> dict[str, Parameters]:
    kinds = {"linear": Parameters()}
    if enough_for_trees(examples.labels.astype(np.int64)):
        kinds["linear and trees"] = Parameters(trees=True)
    return {
        f"{kind}, {balance}": replace(parameters, balance=balance)
        for kind, parameters in kinds.items()
        for balance in get_args(Balance)
    }


def _row(evaluation: Evaluation, name: str, seconds: float) -> tuple[str | float, ...]:
    found = interval(evaluation.metrics[name]["AP"])
    nothing = f"{name.rsplit(', ', 1)[0]}, {_NONE}"
    against = (np.nan,) * 3
    if name != nothing and nothing in evaluation.scores:
        paired = evaluation.difference(name, nothing)
        against = (paired.value, paired.low, paired.high)
    return name, found.value, found.low, found.high, *against, seconds
