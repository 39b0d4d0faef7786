"""What the optional encoder adds on a person's own labels: average precision by number of labels, and what it costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.config import Home, Settings, Training
from jobfinder_assets.encoder import embed
from jobfinder_assets.encoder.static import load_static
from jobfinder_assets.encoder.vectors import Vectors
from jobfinder_assets.encoder.weights import installed
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training.evaluation import (
    BOOTSTRAP_SAMPLES,
    Evaluation,
    Fixed,
    Fold,
    FoldPlan,
    enough_labels,
    group_bootstrap,
    interval,
    measured_rows,
    one_thread,
    plan_folds,
)
from jobfinder_assets.training.features import FeatureEncoder, load_encoder
from jobfinder_assets.training.model import Parameters
from jobfinder_assets.training.training_set import Examples, load_examples
from jobfinder_assets.training.tuning import MEANING_WEIGHT

TABLE_COLUMNS = ("model", "labels", "AP", "low", "high", "against linear", "against low", "against high",
                 "seconds to train", "postings/s", "MiB")  # fmt: skip
SIZES = (50, 100, 300)
LINEAR, TREES, STATIC, TRANSFORMER = "linear", "LightGBM", "LightGBM with static vectors", "LightGBM with MiniLM"
# Of each kind, so that there is something to learn.
_FEWEST = 2
_MIB = 2**20


@dataclass(frozen=True, eq=False)
class _Reading:
    """Features as a model reads them, how many postings a second come to that, and the MiB held for it."""

    examples: Examples
    rate: float
    held: float


def labelled(lake: Lake, settings: Settings, profile: str) -> Examples | None:
    """The labelled postings with their features; None while they are too few to measure anything."""
    encoder = load_encoder(settings.home)
    rows = lake.read("training_set", where=[("profile", "=", profile)])
    if encoder is None or rows.empty:
        return None
    examples = load_examples(lake, rows, encoder.version)
    return None if enough_labels(examples, settings.training) else examples


def encoder_table(lake: Lake, settings: Settings, profile: str, *, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """One row of `TABLE_COLUMNS` per way to read postings and number of labels; empty with too few labels.

    Ways: linear; the same with LightGBM's trees; with static vectors, where they have been distilled; with MiniLM's,
    where the extra is installed, which then reads the labelled postings. All have default parameters and the first
    repeat of the frozen folds. labels: how many of a fold's training side were learnt from, at most; the last is all
    of them. low, high: 95 % over groups; "against linear": paired. postings/s: from text to score, on what is here;
    MiB: of the weights and tables that this needs.
    """
    examples, encoder = labelled(lake, settings, profile), load_encoder(settings.home)
    if examples is None or encoder is None:
        return pd.DataFrame(columns=list(TABLE_COLUMNS))
    plan = plan_folds(examples, training=settings.training, repeats=1)
    longest = max(len(fold.train) for fold in plan.repeats[0])
    readings = _readings(examples, encoder, settings.home, settings)
    ways = {LINEAR: (Parameters(), LINEAR), TREES: (Parameters(trees=True), LINEAR)} | {
        name: (Parameters(trees=True, meaning_weight=MEANING_WEIGHT), name) for name in readings if name != LINEAR
    }
    rows = []
    for size in [*(size for size in sizes if size < longest), longest]:
        less = _with_fewer(plan, examples, size, seed=settings.training.seed)
        scores, seconds = {}, {}
        for name, (parameters, reading) in ways.items():
            recipe = partial(Fixed, parameters, seed=settings.training.seed)
            scores[name], seconds[name] = _timed_scores(recipe, readings[reading].examples, less)
        evaluation = _evaluation(scores, examples, less, settings.training)
        for name, (_, reading) in ways.items():
            found, against = interval(evaluation.metrics[name]["AP"]), evaluation.difference(name, LINEAR)
            paired = (against.value, against.low, against.high) if name != LINEAR else (np.nan,) * 3
            bounds = (found.value, found.low, found.high)
            rows.append((name, size, *bounds, *paired, seconds[name], readings[reading].rate, readings[reading].held))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def _readings(examples: Examples, encoder: FeatureEncoder, home: Home, settings: Settings) -> Mapping[str, _Reading]:
    """Each way to read the labelled postings that there is here, timed; without vectors first."""
    encode: dict[str, tuple[Callable[[pd.DataFrame], Vectors], int]] = {}
    if (static := load_static(home)) is not None:
        encode[STATIC] = static.encode, static.table.nbytes
    tokenizer = embed.load_tokenizer(home)
    if installed() and tokenizer is not None:
        whole = embed.load_encoder(settings.encoder, tokenizer)
        weights = sum(part.numel() * part.element_size() for part in whole.parameters())
        encode[TRANSFORMER] = partial(embed.encode_postings, whole), weights
    started = perf_counter()
    encoder.transform(examples.postings)
    plain = perf_counter() - started
    own = encoder.components_.nbytes
    found = {LINEAR: _Reading(examples, len(examples) / plain, own / _MIB)}
    for name, (make, held) in encode.items():
        started = perf_counter()
        vectors = make(examples.postings)
        seconds = plain + perf_counter() - started
        features = replace(examples.features, meaning=vectors)
        found[name] = _Reading(replace(examples, features=features), len(examples) / seconds, (own + held) / _MIB)
    return found


def _with_fewer(plan: FoldPlan, examples: Examples, size: int, *, seed: int) -> FoldPlan:
    """The same folds, each with at most `size` rows to learn from: drawn at random, two of each kind at least."""
    draw = np.random.default_rng(seed)
    folds = []
    for fold in plan.repeats[0]:
        order = draw.permutation(fold.train)
        sure = np.concatenate([order[examples.labels[order] == value][:_FEWEST] for value in (True, False)])
        folds.append(Fold(np.concatenate([sure, order[~np.isin(order, sure)]])[:size], fold.test, fold.cut))
    return FoldPlan(plan.kind, (tuple(folds),), plan.fingerprint)


def _timed_scores(recipe: Callable[[], Fixed], examples: Examples, plan: FoldPlan) -> tuple[NDArray[np.float64], float]:
    """(1, n) scores of rows not learnt from, and the seconds that a fit took on average."""
    scores, seconds = np.full((1, len(examples)), np.nan), 0.0
    with one_thread():
        for fold in plan.repeats[0]:
            train = examples.take(fold.train)
            started = perf_counter()
            model = recipe().fit(train)
            seconds += perf_counter() - started
            scores[0, fold.test] = model.score(examples.take(fold.test))
    return scores, seconds / len(plan.repeats[0])


def _evaluation(
    scores: Mapping[str, NDArray[np.float64]], examples: Examples, plan: FoldPlan, training: Training
) -> Evaluation:
    measured, basis = measured_rows(examples, plan, training=training)
    draws = group_bootstrap(examples.groups, samples=BOOTSTRAP_SAMPLES, seed=training.seed)
    return Evaluation(plan, scores, examples.labels, measured, basis, draws)
