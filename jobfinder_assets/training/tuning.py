"""Search for the model's parameters: Optuna's TPE over inner grouped folds, average precision as the goal.

With few labels a search finds luck more easily than truth. So the default parameters are trial 0, a
winner must beat them by more than its own standard error over resampled groups, trees must beat the
best model without trees likewise, and below the counts in model.py trees are not tried at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobfinder_assets.training.features import FeatureMatrix
from jobfinder_assets.training.model import (
    OUT_OF_FOLD_SPLITS,
    Floats,
    Folds,
    Kernels,
    Parameters,
    check_labels,
    enough_for_trees,
    fit_trees,
    grouped_folds,
    held_out_margin,
    one_thread,
    out_of_fold_margin,
    words_margin,
)

# Below this many labels of a class the folds cannot tell one setting from another: the defaults hold.
MINIMUM_PER_CLASS = 4
INNER_SPLITS = 4
REPEATS = 2
# What the optional encoder's vectors weigh; measured flat between .3 and .5 (benchmarks/encoder.py).
MEANING_WEIGHT = 0.4
_RESAMPLES = 200
# A challenger's mean gain must be this many standard errors above zero.
_STANDARD_ERRORS = 1.5


@dataclass(frozen=True, eq=False)
class Fold:
    """One inner fold: its rows, their features, and the folds inside its train part that feed the trees.

    words, inside_words: the margins by words alone of its test rows and of each fold inside, which no trial changes.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    train_features: FeatureMatrix
    test_features: FeatureMatrix
    inside: Folds
    words: Floats
    inside_words: tuple[Floats, ...]


@dataclass(frozen=True)
class TrialReport:
    """One trial: its number, parameters, mean average precision over the repeats, and duration."""

    number: int
    parameters: Parameters
    value: float
    seconds: float


def search(
    features: FeatureMatrix,
    labels: Any,
    groups: Any,
    *,
    trials: int,
    seed: int,
    on_trial: Callable[[TrialReport], None] | None = None,
) -> Parameters:
    """The parameters to fit with, chosen on inner grouped, stratified, repeated folds of these labels only.

    features: n postings; labels: (n,) 0/1; groups: (n,), no group is on both sides of a fold.
    Trial 0 is always the defaults. Raises ValueError when the labels have one class only.
    """
    import optuna

    labels, groups = check_labels(labels, len(features)), np.asarray(groups)
    with one_thread():
        kernels = Kernels.of(features)
        repeats = _repeats(features, kernels.of_words(), labels, groups, seed=seed)
    start = Parameters(meaning_weight=MEANING_WEIGHT if features.meaning is not None else 0.0)
    if not repeats:
        return start
    tried: list[tuple[Parameters, list[Floats]]] = []

    def objective(trial: Any) -> float:
        started = perf_counter()
        # An encoder's vectors are part of every challenger; the gate compares it with models without them.
        found = start if trial.number == 0 else _suggest(trial, trees_allowed=enough_for_trees(labels))
        parameters = replace(found, meaning_weight=start.meaning_weight)
        margins = [_held_out(kernels, labels, parameters, folds=folds, seed=seed) for folds in repeats]
        value = float(np.mean([_average_precision(labels, margin) for margin in margins]))
        tried.append((parameters, margins))
        if on_trial is not None:
            on_trial(TrialReport(trial.number, parameters, value, perf_counter() - started))
        return value

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(trials // 3, 5))
        with one_thread():
            optuna.create_study(direction="maximize", sampler=sampler).optimize(objective, n_trials=trials)
    finally:
        optuna.logging.set_verbosity(level)
    return _chosen(tried, labels, groups, seed=seed)


def _suggest(trial: Any, *, trees_allowed: bool) -> Parameters:
    linear = {
        "regularisation": trial.suggest_float("regularisation", 0.3, 100.0, log=True),
        "words_weight": trial.suggest_float("words_weight", 0.0, 1.5),
        "title_weight": trial.suggest_float("title_weight", 0.1, 1.0, log=True),
        "fact_weight": trial.suggest_float("fact_weight", 0.05, 0.6, log=True),
        "latent_weight": trial.suggest_float("latent_weight", 0.15, 1.2, log=True),
        "role_weight": trial.suggest_float("role_weight", 0.1, 0.6, log=True),
        "structured_weight": trial.suggest_float("structured_weight", 0.05, 0.6, log=True),
        "balance": trial.suggest_categorical("balance", ["none", "weights", "sampled"]),
    }
    if not trees_allowed or not trial.suggest_categorical("trees", [False, True]):
        return Parameters(**linear)
    return Parameters(
        **linear,
        trees=True,
        tree_weight=trial.suggest_float("tree_weight", 0.25, 1.0),
        leaves=trial.suggest_int("leaves", 2, 8),
        learning_rate=trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        rounds=trial.suggest_int("rounds", 10, 80),
        min_child=trial.suggest_int("min_child", 3, 20),
        l2=trial.suggest_float("l2", 0.5, 30.0, log=True),
    )


def _repeats(
    features: FeatureMatrix, of_words: Floats, labels: NDArray[np.int64], groups: NDArray[Any], *, seed: int
) -> list[list[Fold]]:
    if min(labels.sum(), (1 - labels).sum()) < MINIMUM_PER_CLASS:
        return []
    repeats = []
    for repeat in range(REPEATS):
        folds = grouped_folds(labels, groups, splits=INNER_SPLITS, seed=seed + repeat)
        if not folds or sum(len(test) for _, test in folds) < len(labels):
            return []
        repeats.append(
            [_fold(features, of_words, labels, groups, train=train, test=test, seed=seed) for train, test in folds]
        )
    return repeats


def _fold(
    features: FeatureMatrix,
    of_words: Floats,
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    *,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    seed: int,
) -> Fold:
    inside = grouped_folds(labels[train], groups[train], splits=OUT_OF_FOLD_SPLITS, seed=seed)
    kernel = of_words[np.ix_(train, train)]
    return Fold(
        train,
        test,
        features.take(train),
        features.take(test),
        inside,
        words_margin(of_words, labels, train, test, seed=seed),
        tuple(words_margin(kernel, labels[train], *fold, seed=seed) for fold in inside),
    )


def _held_out(
    kernels: Kernels,
    labels: NDArray[np.int64],
    parameters: Parameters,
    *,
    folds: list[Fold],
    seed: int,
) -> Floats:
    """(n,) score of each row by a model fitted without its fold."""
    both = kernels.both(parameters)
    score = np.zeros(len(labels))
    for fold in folds:
        train, test = fold.train, fold.test
        score[test] = held_out_margin(both, labels, train, test, parameters, seed=seed, words=fold.words)
        if not parameters.trees:
            continue
        inside = both[0][np.ix_(train, train)], both[1][np.ix_(train, train)]
        margin = out_of_fold_margin(inside, labels[train], fold.inside, parameters, seed=seed, words=fold.inside_words)
        if margin is not None:
            booster = fit_trees(fold.train_features, labels[train], margin, parameters, seed=seed)
            raw = booster.predict(fold.test_features.structured.astype(np.float64), raw_score=True, num_threads=1)
            score[test] += parameters.tree_weight * np.asarray(raw)
    return score


def _chosen(
    tried: list[tuple[Parameters, list[Floats]]], labels: NDArray[np.int64], groups: NDArray[Any], *, seed: int
) -> Parameters:
    """Defaults, unless the best linear setting surely beats them; with trees, if they surely beat that."""

    def value(trial: tuple[Parameters, list[Floats]]) -> float:
        return float(np.mean([_average_precision(labels, margin) for margin in trial[1]]))

    champion = tried[0]
    for trees in (False, True):
        rivals = [trial for trial in tried if trial[0].trees == trees]
        if rivals:
            challenger = max(rivals, key=value)
            gain, error = _paired_gain(challenger[1], champion[1], labels, groups, seed=seed)
            if gain > _STANDARD_ERRORS * error and gain > 0:
                champion = challenger
    return champion[0]


def _paired_gain(
    challenger: list[Floats], champion: list[Floats], labels: NDArray[np.int64], groups: NDArray[Any], *, seed: int
) -> tuple[float, float]:
    """Mean gain in average precision, and its standard error over resampled groups."""
    names, member = np.unique(groups.astype(str), return_inverse=True)
    rows_of = [np.flatnonzero(member == group) for group in range(len(names))]
    random = np.random.default_rng(seed)
    gains = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([rows_of[group] for group in random.integers(len(names), size=len(names))])
        if 0 < labels[rows].sum() < len(rows):
            pairs = zip(challenger, champion, strict=True)
            one = [
                _average_precision(labels[rows], new[rows]) - _average_precision(labels[rows], old[rows])
                for new, old in pairs
            ]
            gains.append(float(np.mean(one)))
    return float(np.mean(gains)), float(np.std(gains))


def _average_precision(labels: NDArray[np.int64], scores: Floats) -> float:
    """Average precision; rows of equal score count at their last rank, as in scikit-learn."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    ranks = np.flatnonzero(last) + 1
    found = hits[ranks - 1]
    return float(np.sum(np.diff(found, prepend=0) * found / ranks) / max(found[-1], 1))
