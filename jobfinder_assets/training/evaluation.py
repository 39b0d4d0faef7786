"""How good a ranking is, measured as EVALUATION.md says: frozen grouped folds, paired intervals, strong baselines.

A model is judged by scores of rows that it was not trained on; its tuning sees the training side of a
fold only. Every contestant is fitted on the same folds, and compared on the same bootstrap samples.

One thing is looser than the protocol: features come from the one stored encoder, which has read all
unlabelled postings, in a time split also those first seen after T. It never reads a label.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.config import Compute, Profile, Training
from jobfinder_assets.labels.similarity import near_copies, unit
from jobfinder_assets.training.baselines import Keywords, Newest, Ranker, RoleTag, Scores, TextClassifier
from jobfinder_assets.training.features import Wanted
from jobfinder_assets.training.model import LinearModel, Parameters, PreferenceModel
from jobfinder_assets.training.training_set import Examples
from jobfinder_assets.training.tuning import search

METRICS = ("AP", "precision@10", "nDCG@10", "recall at 20% read", "ROC-AUC")
MODEL, LINEAR, CHAMPION, COMPANY = "model", "linear model", "champion", "company name alone"

REPEATS = 2
BOOTSTRAP_SAMPLES = 1_000
CONFIDENCE = 0.95
# Labels spread over less than this say nothing about tomorrow's postings: no time split.
TIME_SPLIT_DAYS = 14
_TOP = 10
_READ_SHARE = 0.2
# Canary of shuffled labels: five shuffles, and how far above chance their mean may lie.
_SHUFFLES, _GUESSES, _SIGMAS = 5, 100, 3.5


@dataclass(frozen=True, eq=False)
class Fold:
    """One split of n examples: row numbers of both sides, and for a time split its T."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    cut: np.datetime64 | None = None


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """The frozen folds: `repeats[r]` are folds whose test sides do not overlap.

    Equal examples and seed give equal folds; `fingerprint` says whether two evaluations used the same ones.
    """

    kind: Literal["grouped", "time"]
    repeats: tuple[tuple[Fold, ...], ...]
    fingerprint: str

    def to_frame(self, examples: Examples) -> pd.DataFrame:
        """One row per test row and repeat: posting_id, group, repeat, fold, cut."""
        return pd.DataFrame(
            [
                (examples.features.posting_ids[row], examples.groups[row], repeat, number, fold.cut)
                for repeat, folds in enumerate(self.repeats)
                for number, fold in enumerate(folds)
                for row in fold.test
            ],
            columns=["posting_id", "group", "repeat", "fold", "cut"],
        )


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class TooFewLabels:
    """Not enough to measure anything: counts, no rates."""

    positives: int
    negatives: int
    minimum_labels: int
    minimum_per_class: int

    def __str__(self) -> str:
        return (
            f"{self.positives} interesting and {self.negatives} not interesting openings are labelled; a model needs "
            f"{self.minimum_labels} in all, {self.minimum_per_class} of each kind, not all of one employer"
        )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured.

    scores: contestant -> (repeats, n) scores of rows not trained on, NaN where a row was in no test side.
    measured: (n,) bool, the rows that the metrics are about; basis says why those.
    draws: (samples, n) how often each bootstrap sample holds each row.
    """

    plan: FoldPlan
    scores: Mapping[str, Scores]
    labels: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    basis: Literal["random picks", "all labels", "latest labels"]
    draws: NDArray[np.int64]

    @property
    def positives(self) -> int:
        return int((self.labels & self.measured).sum())

    @property
    def negatives(self) -> int:
        return int((~self.labels & self.measured).sum())

    @property
    def prevalence(self) -> float:
        return self.positives / max(self.positives + self.negatives, 1)

    def difference(self, challenger: str, incumbent: str) -> Interval:
        """AP of `challenger` minus that of `incumbent`, with its paired interval."""
        return interval(self.metrics[challenger]["AP"] - self.metrics[incumbent]["AP"])

    @cached_property
    def metrics(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """contestant -> metric -> (1 + samples,): the value, then that of every bootstrap sample; mean over repeats."""
        rows = self.measured
        counts = np.vstack([np.ones((1, int(rows.sum())), dtype=np.int64), self.draws[:, rows]])
        found = {}
        for contestant, scores in self.scores.items():
            each = [ranking_metrics(self.labels[rows], repeat[rows], counts=counts) for repeat in scores]
            found[contestant] = {name: np.mean([values[name] for values in each], axis=0) for name in METRICS}
        return found

    @cached_property
    def scoreboard(self) -> pd.DataFrame:
        """The table of EVALUATION.md, protocol 4 and 5: one row per contestant, best AP first.

        Columns: model; AP, low, high; the other metrics, each with its low and high; `difference` in AP to the
        linear model with its low and high. The row "prevalence" is what chance earns.
        """
        rows: list[dict[str, Any]] = [{"model": "prevalence", "AP": self.prevalence}]
        for contestant, metrics in self.metrics.items():
            row: dict[str, Any] = {"model": contestant}
            for name in METRICS:
                found, prefix = interval(metrics[name]), "" if name == "AP" else f"{name} "
                row |= {name: found.value, f"{prefix}low": found.low, f"{prefix}high": found.high}
            against = self.difference(contestant, LINEAR)
            rows.append(
                row | {"difference": against.value, "difference low": against.low, "difference high": against.high}
            )
        columns = list(rows[-1])
        board = pd.DataFrame(rows, columns=columns).sort_values(["AP", "model"], ascending=[False, True])
        return board.reset_index(drop=True)


class Tuned:
    """The product's model with its tuning: `search` sees the rows it is fitted on, and no others."""

    def __init__(self, *, trials: int, seed: int) -> None:
        self.trials, self.seed = trials, seed

    def fit(self, examples: Examples) -> Self:
        parameters = search(examples.features, examples.labels, examples.groups, trials=self.trials, seed=self.seed)
        self._model = Fixed(parameters, seed=self.seed).fit(examples)
        return self

    def score(self, examples: Examples) -> Scores:
        return self._model.score(examples)


class Fixed:
    """A preference model with given parameters, and for postings other than examples the words that are wanted."""

    def __init__(self, parameters: Parameters, *, seed: int, wanted: Wanted | None = None) -> None:
        self.parameters, self.seed, self.wanted = parameters, seed, wanted

    def fit(self, examples: Examples) -> Self:
        self.model = PreferenceModel(self.parameters, seed=self.seed, wanted=self.wanted)
        self.model.fit_features(examples.features, examples.labels, groups=examples.groups)
        return self

    def score(self, examples: Examples) -> Scores:
        return np.asarray(self.model.score_features(examples.features), dtype=np.float64)


class Linear:
    """The linear incumbent."""

    def fit(self, examples: Examples) -> Self:
        self.model = LinearModel()
        self.model.fit_features(examples.features, examples.labels, examples.groups)
        return self

    def score(self, examples: Examples) -> Scores:
        return np.asarray(self.model.score_features(examples.features), dtype=np.float64)


def baselines(profile: Profile) -> dict[str, Callable[[], Ranker]]:
    """What always stands beside the model (EVALUATION.md, protocol 4 and 8)."""
    return {
        "newest first": Newest,
        "profile keywords": lambda: Keywords(profile),
        "role tag only": lambda: RoleTag(profile),
        "TF-IDF + logistic regression": lambda: TextClassifier("logistic"),
        "TF-IDF + LinearSVC": lambda: TextClassifier("svm"),
        COMPANY: lambda: TextClassifier("logistic", ("company",)),
        LINEAR: Linear,
    }


def enough_labels(examples: Examples, training: Training) -> TooFewLabels | None:
    """None when a model can be trained and measured, else what is missing."""
    return _too_few(examples.labels, examples.groups, training)


def evaluate(
    examples: Examples,
    profile: Profile,
    *,
    training: Training,
    champion: Callable[[], Ranker] | None = None,
    repeats: int = REPEATS,
    compute: Compute | None = None,
) -> Evaluation | TooFewLabels:
    """Fit every contestant on the same folds and measure it on the rows left out.

    The tuned model gets its own search inside each outer fold, with a fifth of `training.trials` (at
    least 5): fewer than the final search, so its figure errs on the low side, and 5 x 2 searches stay
    quick. The champion's row is its recipe fitted anew on each fold: the stored champion has seen the
    labels it would be judged by. One that cannot be fitted anew (fine_tuned.py) repeats the scores that it
    came with, and everybody is measured on the rows it has scores of; where those are too few, it is left
    out. `compute`: where the folds of the tuned model are fitted; the scores are the same wherever that is.
    """
    if too_few := enough_labels(examples, training):
        return too_few
    plan = plan_folds(examples, training=training, repeats=repeats)
    trials = max(training.trials // 5, 5)
    contestants = baselines(profile)
    contestants[MODEL] = lambda: Tuned(trials=trials, seed=training.seed)
    if champion is not None:
        contestants[CHAMPION] = champion
    with one_thread():
        scores = {
            name: out_of_fold_scores(make, examples, plan=plan, compute=compute if name == MODEL else None)
            for name, make in contestants.items()
        }
    scored = None
    if CHAMPION in scores:
        scored = np.asarray(np.isfinite(scores[CHAMPION]).any(axis=0))
        if _too_few(examples.labels[scored], examples.groups[scored], training):
            scored = None
            del scores[CHAMPION]
    measured, basis = measured_rows(examples, plan, training=training, among=scored)
    return Evaluation(
        plan=plan,
        scores=scores,
        labels=examples.labels,
        measured=measured,
        basis=basis,
        draws=group_bootstrap(examples.groups, samples=BOOTSTRAP_SAMPLES, seed=training.seed),
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread: matrices of some hundred rows are several times slower on two, and less exact
    to repeat, as the order of additions is not fixed."""
    import scipy.linalg  # noqa: F401  (its libraries must be loaded to be limited)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield


def plan_folds(examples: Examples, *, training: Training, repeats: int = REPEATS) -> FoldPlan:
    """The frozen folds, from groups, labels, label times and seed alone.

    Times decide when each label has one, they span two weeks, and every rolled block leaves enough labels of
    both kinds on either side; else stratified folds of whole groups, `repeats` times.
    """
    rolled = _time_folds(examples, training=training)
    if rolled:
        kind: Literal["grouped", "time"] = "time"
        plan: tuple[tuple[Fold, ...], ...] = (rolled,)
    else:
        kind = "grouped"
        plan = tuple(
            grouped_folds(examples.labels, examples.groups, folds=training.outer_folds, seed=training.seed + repeat)
            for repeat in range(repeats)
        )
    text = "|".join(
        f"{repeat},{number},{name}"
        for repeat, folds in enumerate(plan)
        for number, fold in enumerate(folds)
        for name in sorted(str(examples.features.posting_ids[row]) for row in fold.test)
    )
    return FoldPlan(kind, plan, hashlib.sha256(f"{kind}|{text}".encode()).hexdigest()[:16])


def grouped_folds(labels: NDArray[np.bool_], groups: NDArray[Any], *, folds: int, seed: int) -> tuple[Fold, ...]:
    """Stratified folds of whole groups; fewer folds than asked when there are fewer groups of either class.

    Groups go, largest number of likes first, to the fold that keeps likes and dislikes most even; equal
    groups in an order drawn from a hash of group id and seed, so that the order of rows means nothing.
    Each training side has both classes. Raises ValueError when one class has a single group.
    """
    names, number = np.unique(groups.astype(str), return_inverse=True)
    likes = np.bincount(number, labels, minlength=len(names))
    rows = np.bincount(number, minlength=len(names))
    folds = min(folds, int((likes > 0).sum()), int((rows > likes).sum()))
    if folds < 2:
        raise ValueError("each kind of label must come from at least two groups (employers) to be split")
    drawn = [hashlib.sha256(f"{seed}|{name}".encode()).hexdigest() for name in names]
    order = sorted(range(len(names)), key=lambda i: (-likes[i], -rows[i], drawn[i]))
    share = np.array([likes.sum(), rows.sum() - likes.sum()]) / folds
    held = np.zeros((folds, 2))
    fold_of = np.empty(len(names), dtype=np.int64)
    for i in order:
        brings = np.array([likes[i], rows[i] - likes[i]])
        # Above all to a fold that lacks what the group brings: so each class comes to at least two folds.
        lacks = ((held == 0) & (brings > 0)).sum(axis=1)
        uneven = ((held + brings) / share * (brings > 0)).sum(axis=1)
        fold_of[i] = best = int(np.lexsort((uneven, -lacks))[0])
        held[best] += brings
    placed = fold_of[number]
    return tuple(Fold(np.flatnonzero(placed != k), np.flatnonzero(placed == k)) for k in range(folds))


def split_problems(plan: FoldPlan, examples: Examples) -> list[str]:
    """What is wrong with the folds: a group on both sides, or a row dated after T in train."""
    problems = []
    for repeat, folds in enumerate(plan.repeats):
        for number, fold in enumerate(folds):
            where = f"repeat {repeat}, fold {number}"
            both = np.intersect1d(examples.groups[fold.train].astype(str), examples.groups[fold.test].astype(str))
            if len(both):
                problems.append(f"{where}: group {both[0]!r} is on both sides")
            if fold.cut is not None:
                late = fold.train[~(examples.labelled_at[fold.train] <= fold.cut)]
                early = fold.test[~(examples.labelled_at[fold.test] > fold.cut)]
                problems += [f"{where}: {examples.features.posting_ids[row]} is dated after T in train" for row in late]
                problems += [f"{where}: {examples.features.posting_ids[row]} is dated up to T in test" for row in early]
    return problems


def training_set_problems(rows: pd.DataFrame, *, training: Training) -> list[str]:
    """What is wrong with a training set (table `training_set`, one profile); each names an example row."""
    problems = []
    for column in ("cluster_id", "posting_id", "interesting", "group"):
        if rows[column].isna().any():
            cluster = rows.loc[rows[column].isna(), "cluster_id"].iloc[0]
            problems.append(f"{int(rows[column].isna().sum())} rows have no {column}, as cluster {cluster!r}")
    for column in ("cluster_id", "posting_id"):
        twice = rows.loc[rows[column].duplicated(), column]
        if len(twice):
            problems.append(f"{column} {twice.iloc[0]!r} has more than one row; {len(twice)} such rows")
    if problems:
        return problems
    labels, groups = rows["interesting"].to_numpy(bool), rows["group"].to_numpy(object)
    if _too_few(labels, groups, training):
        return []
    folds = grouped_folds(labels, groups, folds=training.outer_folds, seed=training.seed)
    for number, fold in enumerate(folds):
        both = np.intersect1d(groups[fold.train].astype(str), groups[fold.test].astype(str))
        problems += [f"fold {number}: group {group!r} is on both sides" for group in both[:3]]
        if labels[fold.train].all() or not labels[fold.train].any():
            problems.append(f"fold {number}: the training side has labels of one kind only")
    return problems


def out_of_fold_scores(
    make: Callable[[], Ranker], examples: Examples, *, plan: FoldPlan, compute: Compute | None = None
) -> Scores:
    """(repeats, n) scores by models that were not fitted on the row; NaN where it was in no test side.

    Scores of different folds are compared with each other: stratified folds have like base rates, so
    that margins and log-odds mean the same in each. `compute`: where the folds are fitted, here by default.
    """
    from joblib import Parallel, delayed

    scores = np.full((len(plan.repeats), len(examples)), np.nan)
    work = [(repeat, fold) for repeat, folds in enumerate(plan.repeats) for fold in folds]
    backend, workers = (compute.backend, compute.workers) if compute is not None else ("sequential", 1)
    found = Parallel(n_jobs=workers, backend=backend)(
        delayed(_fold_scores)(make(), examples.take(fold.train), examples.take(fold.test)) for _, fold in work
    )
    for (repeat, fold), values in zip(work, found, strict=True):
        scores[repeat, fold.test] = values
    return scores


def _fold_scores(ranker: Ranker, train: Examples, test: Examples) -> Scores:
    with one_thread():
        return ranker.fit(train).score(test)


def measured_rows(
    examples: Examples, plan: FoldPlan, *, training: Training, among: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.bool_], Literal["random picks", "all labels", "latest labels"]]:
    """The tested rows (of `among`) that the figures are about: those picked at random, once there are enough of them.

    Labels chosen by a model cannot grade it (EVALUATION.md, protocol 6).
    """
    tested = np.zeros(len(examples), dtype=bool)
    for fold in plan.repeats[0]:
        tested[fold.test] = True
    if among is not None:
        tested &= among
    random = tested & examples.random_pick
    if _too_few(examples.labels[random], examples.groups[random], training) is None:
        return random, "random picks"
    return tested, "all labels" if tested.all() else "latest labels"


def group_bootstrap(groups: NDArray[Any], *, samples: int, seed: int) -> NDArray[np.int64]:
    """(samples, n) how often each row is drawn when whole groups are drawn with replacement."""
    names, number = np.unique(groups.astype(str), return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=samples)
    return np.asarray(drawn[:, number], dtype=np.int64)


def ranking_metrics(
    labels: NDArray[np.bool_], scores: Scores, *, counts: NDArray[np.int64] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Metrics of one ranking for b weightings of its n rows.

    Parameters
    ----------
    labels, scores : (n,); higher scores first.
    counts : (b, n) whole numbers, how often each row counts; once each (b = 1) by default.

    Returns
    -------
    name -> (b,). AP: average precision, the sum over the ranking of precision x step in recall; nDCG@10
    (Jarvelin and Kekalainen 2002, binary gains); recall at 20% read: likes among the first fifth. Rows
    of equal score are taken in all orders (AP: as one step, as scikit-learn does), so that a constant
    score earns what chance earns. NaN where a weighting has no likes, or no dislikes.
    """
    counts = np.ones((1, len(labels)), dtype=np.int64) if counts is None else counts
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    rows = np.add.reduceat(counts[:, order], first, axis=1).astype(np.float64)
    likes = np.add.reduceat(counts[:, order] * labels[order], first, axis=1).astype(np.float64)
    end, liked = rows.cumsum(axis=1), likes.cumsum(axis=1)
    start = end - rows
    total, positives = end[:, -1:], liked[:, -1:]
    negatives = total - positives
    positives = np.where((positives > 0) & (negatives > 0), positives, np.nan)
    density = np.divide(likes, rows, out=np.zeros_like(likes), where=rows > 0)

    def found(k: NDArray[np.float64]) -> NDArray[np.float64]:
        return (density * (np.minimum(end, k) - np.minimum(start, k))).sum(axis=1)

    top = np.minimum(total, _TOP)
    discount = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, _TOP + 2)))])
    gain = discount[np.minimum(end, top).astype(int)] - discount[np.minimum(start, top).astype(int)]
    ideal = discount[np.nan_to_num(np.minimum(positives, top)).astype(int)]
    precision = np.divide(liked, end, out=np.zeros_like(liked), where=end > 0)
    dislikes = rows - likes
    below = negatives - dislikes.cumsum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "AP": (likes * precision).sum(axis=1) / positives[:, 0],
            "precision@10": found(top) / top[:, 0] + 0 * positives[:, 0],
            "nDCG@10": (density * gain).sum(axis=1) / ideal[:, 0] + 0 * positives[:, 0],
            "recall at 20% read": found(np.ceil(_READ_SHARE * total)) / positives[:, 0],
            "ROC-AUC": (likes * (below + 0.5 * dislikes)).sum(axis=1) / (positives * negatives)[:, 0],
        }
    return {name: values[name] for name in METRICS}


def diversity_cost(
    evaluation: Evaluation, examples: Examples, *, contestant: str, per_company: int
) -> dict[str, float]:
    """What the list's diversity costs in nDCG@10, on the scores of rows not trained on.

    Diversity takes from the list the rows above `per_company` of a company, and a company's adverts of almost the same
    text; here they go to the end. `nDCG@10 without diversity`, `nDCG@10 with diversity`, and what it loses,
    `cost of diversity`, with the paired interval over groups (`low`, `high`).
    """
    rows = evaluation.measured
    names = examples.postings["company"].fillna("").map(company_key).astype("object")
    own = names.where(names != "", examples.postings["posting_id"].astype("object")).to_numpy()[rows]
    units, labels = unit(examples.features.vector)[rows], evaluation.labels[rows]
    counts = np.vstack([np.ones((1, int(rows.sum())), dtype=np.int64), evaluation.draws[:, rows]])
    values: dict[str, list[NDArray[np.float64]]] = {"without": [], "with": []}
    for repeat in evaluation.scores[contestant]:
        scores = repeat[rows]
        order = np.argsort(-scores, kind="stable")
        left = order[~near_copies(units[order], own[order])]
        kept = left[pd.Series(own[left]).groupby(own[left]).cumcount().to_numpy() < per_company]
        moved = np.full(len(scores), True)
        moved[kept] = False
        diverse = np.where(moved, scores - (np.ptp(scores) + 1.0), scores)
        for name, ranked in (("without", scores), ("with", diverse)):
            values[name].append(ranking_metrics(labels, ranked, counts=counts)["nDCG@10"])
    mean = {name: np.mean(found, axis=0) for name, found in values.items()}
    cost = interval(mean["without"] - mean["with"])
    return {
        "nDCG@10 without diversity": float(mean["without"][0]),
        "nDCG@10 with diversity": float(mean["with"][0]),
        "cost of diversity": cost.value,
        "cost of diversity low": cost.low,
        "cost of diversity high": cost.high,
    }


def interval(values: NDArray[np.float64]) -> Interval:
    """The first value, with the percentile interval of the bootstrap values after it (NaN left out)."""
    drawn = values[1:][~np.isnan(values[1:])]
    if not len(drawn):
        return Interval(float(values[0]), float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(values[0]), float(low), float(high))


@dataclass(frozen=True)
class Canary:
    """One experiment whose outcome is known beforehand: it sings while the measurement can be trusted."""

    name: str
    passed: bool
    detail: str


def canaries(examples: Examples, evaluation: Evaluation, *, training: Training) -> list[Canary]:
    """EVALUATION.md, protocol 8: what must be nothing is nothing, and planted faults are found."""
    with one_thread():
        shuffled = _shuffled_labels(examples, training=training)
    return [
        shuffled,
        _duplicated_rows(evaluation),
        _planted_faults(examples, evaluation.plan),
        _company_alone(evaluation),
    ]


def _shuffled_labels(examples: Examples, *, training: Training) -> Canary:
    """The linear model on shuffled labels must earn what random scores earn: more would be a leak."""
    generator = np.random.default_rng(training.seed)
    earned, chance = [], []
    for _ in range(_SHUFFLES):
        shuffled = replace(examples, labels=generator.permutation(examples.labels))
        if _too_few(shuffled.labels, shuffled.groups, training):
            continue
        plan = FoldPlan(
            "grouped",
            (grouped_folds(shuffled.labels, shuffled.groups, folds=training.outer_folds, seed=training.seed),),
            "",
        )
        scores = out_of_fold_scores(Linear, shuffled, plan=plan)[0]
        earned.append(float(ranking_metrics(shuffled.labels, scores)["AP"][0]))
        guesses = generator.random((_GUESSES, len(examples)))
        chance += [float(ranking_metrics(shuffled.labels, guess)["AP"][0]) for guess in guesses]
    if not earned:
        return Canary("shuffled labels", True, "not run: shuffled, a class has a single employer")
    limit = np.mean(chance) + _SIGMAS * np.std(chance) / np.sqrt(len(earned))
    return Canary(
        "shuffled labels",
        bool(np.mean(earned) <= limit),
        f"AP {np.mean(earned):.3f} on shuffled labels; chance earns {np.mean(chance):.3f}, the limit is {limit:.3f}",
    )


def _duplicated_rows(evaluation: Evaluation) -> Canary:
    rows, scores = evaluation.measured, evaluation.scores[MODEL][0]
    labels, scores = evaluation.labels[rows], scores[rows]
    once = ranking_metrics(labels, scores)["AP"][0]
    twice = ranking_metrics(np.tile(labels, 2), np.tile(scores, 2))["AP"][0]
    return Canary("duplicated rows", bool(abs(once - twice) < 1e-9), f"AP {once:.6f} once, {twice:.6f} twice")


def _planted_faults(examples: Examples, plan: FoldPlan) -> Canary:
    """The folds are clean, and a row dated after T or of the test side's group in train would be noticed."""
    found = split_problems(plan, examples)
    first = plan.repeats[0][0]
    leaky = replace(first, train=np.append(first.train, first.test[:1]), cut=None)
    cut = np.datetime64("2026-01-01", "us")
    dated = replace(examples, labelled_at=np.full(len(examples), cut + np.timedelta64(1, "D")))
    late = replace(first, cut=cut)
    unnoticed = [
        fault
        for fault, problems in {
            "a group on both sides": split_problems(FoldPlan("grouped", ((leaky,),), ""), examples),
            "a row dated after T in train": split_problems(FoldPlan("time", ((late,),), ""), dated),
        }.items()
        if not problems
    ]
    detail = "; ".join(found[:3] + [f"not noticed: {fault}" for fault in unnoticed])
    return Canary(
        "clean folds", not found and not unnoticed, detail or "no row is on both sides, planted faults are found"
    )


def _company_alone(evaluation: Evaluation) -> Canary:
    """Reported, not judged: companies are never on both sides, so that their names should tell little."""
    value = evaluation.metrics[COMPANY]["AP"][0]
    return Canary("company name alone", True, f"AP {value:.3f}; prevalence {evaluation.prevalence:.3f}")


def _too_few(labels: NDArray[np.bool_], groups: NDArray[Any], training: Training) -> TooFewLabels | None:
    likes, dislikes = int(labels.sum()), int((~labels).sum())
    employers = [len(set(groups[labels].tolist())), len(set(groups[~labels].tolist()))]
    few = likes + dislikes < training.minimum_labels or min(likes, dislikes) < training.minimum_per_class
    if few or min(employers) < 2:
        return TooFewLabels(likes, dislikes, training.minimum_labels, training.minimum_per_class)
    return None


def _time_folds(examples: Examples, *, training: Training) -> tuple[Fold, ...]:
    """Rolled splits: train on labels up to T, test on the block after it; empty when times do not allow it.

    Training rows whose group is in the block are left out, so that no group is on both sides.
    """
    times = examples.labelled_at
    if np.isnat(times).any() or times.max() - times.min() < np.timedelta64(TIME_SPLIT_DAYS, "D"):
        return ()
    ordered = np.sort(times)
    # The first half only trains; the rest is tested block by block.
    bounds = [ordered[round(len(ordered) * share) - 1] for share in np.linspace(0.5, 1.0, training.outer_folds + 1)]
    folds = []
    for cut, until in pairwise(bounds):
        test = np.flatnonzero((times > cut) & (times <= until))
        train = np.flatnonzero((times <= cut) & ~np.isin(examples.groups, examples.groups[test]))
        fold = Fold(train, test, cut)
        if not len(test) or _too_few(examples.labels[train], examples.groups[train], training):
            return ()
        folds.append(fold)
    tested = np.concatenate([fold.test for fold in folds])
    if _too_few(examples.labels[tested], examples.groups[tested], training):
        return ()
    return tuple(folds)
