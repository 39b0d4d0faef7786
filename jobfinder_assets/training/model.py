"""One person's taste: how likely a posting is to be liked, learnt from a few labels.

Score = linear margin + tree correction, in log-odds.

The linear margin is a logistic regression over title terms, description terms, fact terms, latent
vector and structured facts, blended with a strongly regularised one over words alone. With a few hundred
labels and tens of thousands of columns it is solved exactly in the space of the labelled postings
(representer theorem: weights = features' x alpha), so a
fit costs milliseconds and tuning a few seconds. The correction is a LightGBM booster of small trees
over the structured facts, rising with pay, that starts from the *out-of-fold* linear margin: it can only learn what the
words do not tell, and it is left out while the labels are too few for it or it does not win in the
inner folds (tuning.py). Every score is a sum, so every score can be explained.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from jobfinder_assets.cleaning.text import readable, text_or_empty
from jobfinder_assets.encoder.focal import focal_loss, focal_regression
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.features import (
    SENIORITY_LEVELS,
    STRUCTURED,
    TERM_BLOCKS,
    WORKPLACES,
    FeatureEncoder,
    FeatureMatrix,
    Wanted,
)

# Trees need this many labels, and this many of each class, before they can tell signal from chance.
TREES_MINIMUM_LABELS = 50
TREES_MINIMUM_PER_CLASS = 5
# The name of the reason that the optional encoder's vectors are: no word or fact stands for it.
MEANING = "meaning"
OUT_OF_FOLD_SPLITS = 5
# Sampled negatives: at most so many for each positive.
NEGATIVES_PER_POSITIVE = 3
# Trials of the search that `fit` makes when it is given no parameters.
FIT_TRIALS = 25
# One thread: a few hundred rows are done before a second has woken up, and sums keep their order.
_THREADS = 1
# What trees may say of a fact in one direction only: nobody likes a job less because the same job pays more, or names
# more of what they ask for. A few labels would often have it the other way round, as pay goes with levels and firms.
MONOTONE = {"log10 pay in USD": 1, "wanted words": 1}
_LEAST_CURVATURE = 1e-3

# Scores are computed in doubles, so many rows at a time, whatever their number.
_ROWS_AT_ONCE = 50_000

# What is done about a rare class: nothing; its rows weigh more; fewer of the others are read; easy rows weigh little.
Balance = Literal["none", "weights", "sampled", "focal"]
Kind = Literal["term", "title", "topic", "fact", "meaning", "base"]
Floats = NDArray[np.float64]
# (train rows, test rows) of each fold.
Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

# Centre and spread of each structured column as this field knows them (not of the few labelled rows),
# so that unknown (NaN) is the centre and a column weighs the same for 20 labels as for 2,000.
_SCALES: dict[str, tuple[float, float]] = {
    **{f"role {role}": (0.2, 0.35) for role in ROLES},
    "seniority": (2.0, 1.2),
    "years required": (3.0, 3.0),
    "log10 pay in USD": (5.0, 0.2),
    "remote": (0.3, 0.5),
    "hybrid": (0.2, 0.5),
    "onsite": (0.4, 0.5),
    "age in days when first seen": (15.0, 30.0),
    "log10 description length": (3.4, 0.4),
    "wanted words": (0.2, 0.2),
}
_CENTRE = np.array([_SCALES[name][0] for name in STRUCTURED])
_SPREAD = np.array([_SCALES[name][1] for name in STRUCTURED])
_ROLE_COLUMNS, _FACT_COLUMNS = slice(0, len(ROLES)), slice(len(ROLES), None)
_SENIORITY_AT = STRUCTURED.index("seniority")
_WANTED_AT = len(STRUCTURED) - 1


@dataclass(frozen=True)
class Parameters:
    """Everything the model's behaviour depends on beside labels and features.

    The linear weights scale whole blocks against description terms (1.0); `regularisation` is the C of
    the logistic regression. `words_weight` is how much a second regression counts beside it, one that reads words
    alone and is regularised so strongly that it comes near the difference of the classes' means: with few labels of
    a rare taste it is the steadier one. `trees` switches the LightGBM correction, `tree_weight` shrinks it. The
    defaults are those that did best for the simulated people of `benchmarks/likers.py`. `meaning_weight` is that of the
    optional encoder's vectors: none, so that the linear incumbent does without them and the gate decides.
    """

    regularisation: float = 3.0
    title_weight: float = 0.3
    fact_weight: float = 0.2
    latent_weight: float = 0.4
    meaning_weight: float = 0.0
    role_weight: float = 0.25
    structured_weight: float = 0.16
    balance: Balance = "none"
    words_weight: float = 0.5
    trees: bool = False
    tree_weight: float = 1.0
    leaves: int = 4
    learning_rate: float = 0.05
    rounds: int = 40
    min_child: int = 10
    l2: float = 5.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Parameters":
        """Read what `to_dict` gave; raises ValueError naming an unknown parameter."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown parameter {unknown[0]!r}; known: {', '.join(sorted(known))}")
        return cls(**values)


# The regression that reads words alone.
_WORDS = Parameters(
    regularisation=0.1, title_weight=0.15, fact_weight=0.0, latent_weight=0.0, role_weight=0.0, structured_weight=0.0,
    balance="weights", words_weight=0.0,
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """One addend of a score, in log-odds."""

    name: str
    kind: Kind
    contribution: float


def check_labels(labels: Any, rows: int) -> NDArray[np.int64]:
    """Labels as 0/1 integers; raises ValueError saying what is needed when they cannot be learnt from."""
    values = np.asarray(labels)
    if values.shape != (rows,):
        raise ValueError(f"labels have shape {values.shape}, postings {rows} rows; give one label per posting")
    values = values.astype(np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("labels must be 0 (not interesting) or 1 (interesting), one per posting")
    positives = int(values.sum())
    if positives == 0 or positives == rows:
        raise ValueError(
            f"a preference needs at least one interesting and one not interesting posting, got {positives} and "
            f"{rows - positives}; label more postings"
        )
    return values.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Kernels:
    """(n, n) inner products of n labelled postings, one matrix per feature block; all a linear model needs."""

    description: Floats
    title: Floats
    fact: Floats
    latent: Floats
    roles: Floats
    structured: Floats
    meaning: Floats | None = None

    @classmethod
    def of(cls, features: FeatureMatrix) -> "Kernels":
        def products(block: Any) -> Floats:
            inner = block @ block.T
            return np.asarray(inner.todense() if sparse.issparse(inner) else inner, np.float64)

        terms, scaled = features.terms.astype(np.float64), _scaled(features)
        return cls(
            description=products(terms[:, TERM_BLOCKS["description"]]),
            title=products(terms[:, TERM_BLOCKS["title"]]),
            fact=products(terms[:, TERM_BLOCKS["fact"]]),
            latent=products(features.vector.astype(np.float64)),
            roles=products(scaled[:, _ROLE_COLUMNS]),
            structured=products(scaled[:, _FACT_COLUMNS]),
            meaning=None if features.meaning is None else products(features.meaning.astype(np.float64)),
        )

    def both(self, parameters: Parameters) -> tuple[Floats, Floats]:
        """The kernels of the two regressions that the linear margin is made of."""
        return self.combined(parameters), self.of_words()

    def of_words(self) -> Floats:
        """The kernel of the regression that reads words alone."""
        return self.combined(_WORDS)

    def combined(self, parameters: Parameters) -> Floats:
        """The kernel of the weighted concatenation of the blocks."""
        meaning = 0.0 if self.meaning is None else parameters.meaning_weight**2 * self.meaning
        return (
            meaning
            + self.description
            + parameters.title_weight**2 * self.title
            + parameters.fact_weight**2 * self.fact
            + parameters.latent_weight**2 * self.latent
            + parameters.role_weight**2 * self.roles
            + parameters.structured_weight**2 * self.structured
        )


def one_thread() -> Any:
    """Keep linear algebra to one thread: faster for a few hundred rows, and sums in the same order everywhere."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=1)


def solve(kernel: Floats, labels: NDArray[np.int64], parameters: Parameters, *, seed: int = 0) -> tuple[Floats, float]:
    """Logistic regression in the space of its rows: (n,) dual weights and the intercept.

    The margin of any posting x is kernel(x, rows) @ weights + intercept. With kernel = L L' the problem
    is an ordinary logistic regression on the rows of L.
    """
    from scipy.linalg import cholesky, solve_triangular
    from sklearn.linear_model import LogisticRegression

    rows = _balanced_rows(labels, seed=seed) if parameters.balance == "sampled" else np.arange(len(labels))
    part = kernel[np.ix_(rows, rows)]
    jitter = 1e-6 * max(float(np.trace(part)) / len(rows), 1e-6)
    lower = cholesky(part + jitter * np.eye(len(rows)), lower=True)
    if parameters.balance == "focal":
        coefficients, intercept = focal_regression(lower, labels, strength=parameters.regularisation)
        return solve_triangular(lower.T, coefficients, lower=False), intercept
    regression = LogisticRegression(
        C=parameters.regularisation,
        class_weight="balanced" if parameters.balance == "weights" else None,
        solver="newton-cholesky",
        tol=1e-8,
        max_iter=100,
    ).fit(lower, labels[rows])
    weights = np.zeros(len(labels))
    weights[rows] = solve_triangular(lower.T, regression.coef_[0], lower=False)
    return weights, float(regression.intercept_[0])


def grouped_folds(labels: NDArray[np.int64], groups: NDArray[Any], *, splits: int, seed: int) -> Folds:
    """Stratified (train, test) rows with no group on both sides and both classes in every train part.

    Fewer splits when a class has fewer groups; none at all when a class has a single one.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    scarce = min(len(set(groups[labels == value])) for value in (0, 1))
    splits = min(splits, scarce)
    if splits < 2:
        return []
    folds = StratifiedGroupKFold(splits, shuffle=True, random_state=seed).split(labels, labels, groups)
    return [(train, test) for train, test in folds if 0 < labels[train].sum() < len(train)]


def held_out_margin(
    kernels: tuple[Floats, Floats],
    labels: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    parameters: Parameters,
    *,
    seed: int,
    words: Floats | None = None,
) -> Floats:
    """Linear margins of the rows `test` by a model fitted on the rows `train`.

    kernels: (n, n) of all blocks, and of words alone. `words`: the `words_margin` of these rows, where it is known.
    """
    margin = _margin(kernels[0], labels, train, test, parameters, seed=seed)
    if not parameters.words_weight:
        return margin
    words = words_margin(kernels[1], labels, train, test, seed=seed) if words is None else words
    ratio = _ratio(margin, words, parameters)
    return (margin + ratio * words) / (1 + parameters.words_weight)


def words_margin(
    kernel: Floats, labels: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64], *, seed: int
) -> Floats:
    """Margins of the rows `test` by words alone: the same whatever the parameters. kernel: (n, n) `of_words`."""
    return _margin(kernel, labels, train, test, _WORDS, seed=seed)


def out_of_fold_margin(
    kernels: tuple[Floats, Floats],
    labels: NDArray[np.int64],
    folds: Folds,
    parameters: Parameters,
    *,
    seed: int,
    words: Sequence[Floats] | None = None,
) -> Floats | None:
    """(n,) each row's linear margin by a model that saw no row of its group; None when folds leave rows out.

    `words`: the `words_margin` of each fold, where they are known.
    """
    margin = np.full(len(labels), np.nan)
    for number, (train, test) in enumerate(folds):
        known = None if words is None else words[number]
        margin[test] = held_out_margin(kernels, labels, train, test, parameters, seed=seed, words=known)
    return None if np.isnan(margin).any() else margin


def _margin(
    kernel: Floats,
    labels: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    parameters: Parameters,
    *,
    seed: int,
) -> Floats:
    weights, intercept = solve(kernel[np.ix_(train, train)], labels[train], parameters, seed=seed)
    return kernel[np.ix_(test, train)] @ weights + intercept


def _ratio(margin: Floats, words: Floats, parameters: Parameters) -> float:
    """What margins of words are multiplied by, so that their spread is `words_weight` times that of the others."""
    spread = float(words.std())
    return parameters.words_weight * float(margin.std()) / spread if spread > 0 else 0.0


def fit_trees(
    features: FeatureMatrix, labels: NDArray[np.int64], margin: Floats, parameters: Parameters, *, seed: int
) -> Any:
    """A LightGBM booster over the structured facts that starts from `margin`."""
    import lightgbm

    settings = {
        "objective": "binary",
        "num_leaves": parameters.leaves,
        "learning_rate": parameters.learning_rate,
        "min_data_in_leaf": parameters.min_child,
        "min_sum_hessian_in_leaf": 1e-3,
        "lambda_l2": parameters.l2,
        "min_data_in_bin": 1,
        "seed": seed,
        "monotone_constraints": [MONOTONE.get(name, 0) for name in STRUCTURED],
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _THREADS,
        "verbosity": -1,
    }
    rows = _balanced_rows(labels, seed=seed) if parameters.balance == "sampled" else np.arange(len(labels))
    positives = labels[rows].mean()
    weight = np.where(labels[rows] == 1, 0.5 / positives, 0.5 / (1 - positives))
    data = lightgbm.Dataset(
        features.structured[rows].astype(np.float64),
        label=labels[rows],
        weight=weight if parameters.balance == "weights" else None,
        init_score=margin[rows],
        feature_name=[name.replace(" ", "_") for name in STRUCTURED],
        params={"verbosity": -1},
    )
    if parameters.balance == "focal":
        settings["objective"] = _focal_objective
    return lightgbm.train(settings, data, num_boost_round=parameters.rounds)


def _focal_objective(scores: Floats, data: Any) -> tuple[Floats, Floats]:
    """The focal loss for LightGBM: slope and curvature, which must not fall below zero for it."""
    _, slope, curvature = focal_loss(scores, np.asarray(data.get_label(), np.int64))
    return slope, np.maximum(curvature, _LEAST_CURVATURE)


def enough_for_trees(labels: NDArray[np.int64]) -> bool:
    return len(labels) >= TREES_MINIMUM_LABELS and min(labels.sum(), (1 - labels).sum()) >= TREES_MINIMUM_PER_CLASS


class LinearModel:
    """The incumbent: logistic regression over terms, latent vector and structured facts.

    Attributes (after `fit_features`)
    ---------------------------------
    term_weights (n_terms,), vector_weights (d,), structured_weights (len(STRUCTURED),), intercept; meaning_weights
    (k,), or None for a model without the optional encoder's vectors; meaning_mean (k,), their mean over the rows
    """

    meaning_weights: Floats | None = None
    meaning_mean: Floats | float = 0.0

    def __init__(self, parameters: Parameters | None = None, *, seed: int = 0) -> None:
        self.parameters = parameters or Parameters()
        self.seed = seed

    def fit_features(
        self, features: FeatureMatrix, labels: Any, groups: Any = None, *, kernels: Kernels | None = None
    ) -> "LinearModel":
        """Learn from n features and n labels (0/1). `groups` (n,) keeps rows of a group on one side of inner folds."""
        labels = check_labels(labels, len(features))
        groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
        parameters = self.parameters
        with one_thread():
            kernels = kernels or Kernels.of(features)
            everything, words = kernels.both(parameters)
            dual, intercept = solve(everything, labels, parameters, seed=self.seed)
            self._take(features, dual, intercept + _prior_shift(labels, parameters))
            if parameters.words_weight:
                ratio = _held_out_ratio((everything, words), labels, groups, parameters, seed=self.seed)
                self._add_words(features, solve(words, labels, _WORDS, seed=self.seed)[0], ratio)
        return self

    def _take(self, features: FeatureMatrix, dual: Floats, intercept: float) -> None:
        parameters = self.parameters
        self.term_weights = _term_weights(features, dual, parameters)
        self.vector_weights = parameters.latent_weight**2 * (features.vector.T.astype(np.float64) @ dual)
        self.structured_weights = _scaled(features).T @ dual
        self.structured_weights[_ROLE_COLUMNS] *= parameters.role_weight**2
        self.structured_weights[_FACT_COLUMNS] *= parameters.structured_weight**2
        if features.meaning is not None and parameters.meaning_weight:
            self.meaning_mean = features.meaning.mean(axis=0, dtype=np.float64)
            self.meaning_weights = parameters.meaning_weight**2 * (features.meaning.T.astype(np.float64) @ dual)
        self.intercept = intercept

    def _add_words(self, features: FeatureMatrix, dual: Floats, ratio: float) -> None:
        """Blend in the second regression's weights: the sum is one linear model, and is explained as one.

        The mean score of the labelled postings stays what it was, so that scores stay log-odds.
        """
        before = float(self.score_features(features).mean())
        whole = 1 + self.parameters.words_weight
        self.term_weights = (self.term_weights + ratio * _term_weights(features, dual, _WORDS)) / whole
        self.vector_weights, self.structured_weights = self.vector_weights / whole, self.structured_weights / whole
        if self.meaning_weights is not None:
            self.meaning_weights = self.meaning_weights / whole
        self.intercept += before - float(self.score_features(features).mean())

    def score_features(self, features: FeatureMatrix) -> Floats:
        """(n,) log-odds."""
        weights = np.zeros(features.terms.shape[1])
        width = min(len(weights), len(self.term_weights))
        weights[:width] = self.term_weights[:width]
        score, meaning = np.empty(len(features)), _known_meaning(features)
        for first in range(0, len(features), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            score[rows] = features.terms[rows] @ weights
            score[rows] += features.vector[rows].astype(np.float64) @ self.vector_weights
            if self.meaning_weights is not None and meaning is not None:
                score[rows] += meaning[rows].astype(np.float64) @ self.meaning_weights
        return score + _scaled(features) @ self.structured_weights + self.intercept

    def meaning_parts(self, features: FeatureMatrix) -> tuple[Floats, Floats]:
        """(n,) what the optional encoder's vectors add beyond what a labelled posting's add on average; (n,) that.

        Both are zero where a posting has no vector, and where the model reads none.
        """
        meaning = _known_meaning(features)
        if self.meaning_weights is None or meaning is None:
            return np.zeros(len(features)), np.zeros(len(features))
        mean = float(np.sum(self.meaning_mean * self.meaning_weights))
        common = np.where(meaning.any(axis=1), mean, 0.0)
        return np.asarray(meaning.astype(np.float64) @ self.meaning_weights - common, np.float64), common


class PreferenceModel:
    """Learns one person's likes; see the module's head for how.

    Parameters
    ----------
    parameters : as found by `tuning.search`; None searches in `fit` and takes the defaults in `fit_features`.
    seed : of folds and booster; the same seed and data give the same scores in any process.
    wanted : the words that the person asks for; how many of them a posting holds is a fact like its pay.
    """

    def __init__(self, parameters: Parameters | None = None, *, seed: int = 0, wanted: Wanted | None = None) -> None:
        self.parameters = parameters
        self.seed = seed
        self.wanted = wanted or Wanted()
        self.encoder: FeatureEncoder | None = None
        self.tagger: Any = None

    @classmethod
    def of(cls, linear: LinearModel) -> "PreferenceModel":
        """A model of a linear part that is fitted already, and of no trees."""
        model = cls(linear.parameters, seed=linear.seed)
        model.fitted_parameters, model.linear, model.booster = linear.parameters, linear, None
        return model

    def fit(
        self, postings: pd.DataFrame, labels: Any, *, corpus: pd.DataFrame | None = None, seed: int | None = None
    ) -> "PreferenceModel":
        """Learn from n postings (title, company, description; location and facts when there) and n labels (0/1).

        corpus : unlabelled postings that vocabulary, latent space and role tagger are fitted on; default: `postings`.
        Raises ValueError when the labels have one class only or do not fit the postings.
        """
        from jobfinder_assets.training.tuning import search

        labels = check_labels(labels, len(postings))
        self.seed = self.seed if seed is None else seed
        postings = readable(postings)
        corpus = postings if corpus is None else readable(corpus)
        self.tagger = fit_tagger(corpus) if _lacks_roles(postings) or _lacks_roles(corpus) else None
        self.encoder = FeatureEncoder(seed=self.seed).fit(corpus)
        features = self._encode(postings)
        groups = company_groups(postings)
        parameters = self.parameters or search(features, labels, groups, trials=FIT_TRIALS, seed=self.seed)
        return self._fit(features, labels, groups, parameters=parameters)

    def score(self, postings: pd.DataFrame) -> Floats:
        """(n,) log-odds that each posting is liked: finite, and comparable within one fitted model."""
        return self.score_features(self._encode(readable(postings)))

    def reasons(self, postings: pd.DataFrame, *, top: int = 8) -> list[list[Reason]]:
        """For each posting the addends of its score; see `contributions`."""
        features = self._encode(readable(postings))
        return self.contributions(features, top=top, names=cast(FeatureEncoder, self.encoder))

    def fit_features(self, features: FeatureMatrix, labels: Any, groups: Any = None) -> "PreferenceModel":
        """Learn from n encoded postings. `groups` (n,) keeps rows of a group on one side of the inner folds."""
        labels = check_labels(labels, len(features))
        groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
        return self._fit(features, labels, groups, parameters=self.parameters or Parameters())

    def _fit(
        self, features: FeatureMatrix, labels: NDArray[np.int64], groups: NDArray[Any], *, parameters: Parameters
    ) -> "PreferenceModel":
        features = self.wanted.added(features)
        self.fitted_parameters = parameters
        self.booster: Any = None
        with one_thread():
            kernels = Kernels.of(features)
            linear = LinearModel(parameters, seed=self.seed)
            self.linear = linear.fit_features(features, labels, groups, kernels=kernels)
            if parameters.trees and enough_for_trees(labels):
                folds = grouped_folds(labels, groups, splits=OUT_OF_FOLD_SPLITS, seed=self.seed)
                margin = out_of_fold_margin(kernels.both(parameters), labels, folds, parameters, seed=self.seed)
                if margin is not None:
                    self.booster = fit_trees(features, labels, margin, parameters, seed=self.seed)
        return self

    def score_features(self, features: FeatureMatrix) -> Floats:
        """(n,) log-odds of encoded postings."""
        features = self.wanted.added(features)
        score = _fitted(self).linear.score_features(features)
        if self.booster is not None and len(features):
            raw = self.booster.predict(features.structured.astype(np.float64), raw_score=True, num_threads=_THREADS)
            score = score + self.fitted_parameters.tree_weight * np.asarray(raw, np.float64)
        return score

    def contributions(self, features: FeatureMatrix, *, top: int = 8, names: FeatureEncoder) -> list[list[Reason]]:
        """For each posting its `top` strongest reasons, the rest as "everything else", and the "base".

        They add up to the score. The weight on the latent vector is carried back to the terms it was made
        of, so a reason is a word or a fact that stands in the advert, never a component nobody can read.
        What the optional encoder's vectors add cannot be carried back: it is one reason, and says so.
        """
        scores = self.score_features(features)
        features = self.wanted.added(features)
        terms, base = self._term_contributions(features, names)
        facts, shift = self._fact_contributions(features)
        meaning, common = self.linear.meaning_parts(features)
        base = base + shift + common
        held = self.wanted.held(features.terms)
        wanted = np.array([names.term_names[columns[0]] for columns in self.wanted.columns], object)
        result = []
        for row in range(len(features)):
            cells = slice(terms.indptr[row], terms.indptr[row + 1])
            reasons = [
                Reason(names.term_names[at], _term_kind(at), part)
                for at, part in _strongest(terms.indices[cells], terms.data[cells], top)
            ]
            reasons += [
                Reason(fact_name(at, float(features.structured[row, at]), wanted[held[row]]), "fact", part)
                for at, part in _strongest(np.arange(len(STRUCTURED)), facts[row], top)
            ]
            if meaning[row]:
                reasons.append(Reason(MEANING, "meaning", float(meaning[row])))
            shown = sorted(reasons, key=lambda reason: -abs(reason.contribution))[:top]
            rest = float(scores[row] - base[row] - sum(reason.contribution for reason in shown))
            shown += [Reason("everything else", "base", rest), Reason("base", "base", float(base[row]))]
            result.append(shown)
        return result

    def _term_contributions(self, features: FeatureMatrix, names: FeatureEncoder) -> tuple[Any, Floats]:
        """(n, n_terms) CSR of what each term adds, directly and through the latent vector; (n,) what is left over."""
        terms, scale = features.terms, names.latent_scale(features.terms)
        direct = np.zeros(terms.shape[1])
        width = min(len(direct), len(self.linear.term_weights))
        direct[:width] = self.linear.term_weights[:width]
        rows = np.repeat(np.arange(len(features)), np.diff(terms.indptr))
        weights = direct[terms.indices]
        base = np.full(len(features), self.linear.intercept)
        for column, block in enumerate(names.latent_blocks):
            latent = self.linear.vector_weights[block.start : block.stop]
            # Zero outside the block's own terms, as the components are.
            pulled = latent @ names.components_[block.start : block.stop, : terms.shape[1]].astype(np.float64)
            weights += scale[rows, column] * pulled[terms.indices]
            base -= scale[:, column] * float(block.centre @ latent)
        parts = sparse.csr_matrix((terms.data * weights, terms.indices, terms.indptr), shape=terms.shape)
        return parts, base

    def _fact_contributions(self, features: FeatureMatrix) -> tuple[Floats, Floats]:
        """(n, len(STRUCTURED)) what each fact adds in the linear model and the trees; (n,) the trees' own base."""
        facts = _scaled(features) * self.linear.structured_weights
        if self.booster is None or not len(features):
            return facts, np.zeros(len(features))
        raw = self.booster.predict(features.structured.astype(np.float64), pred_contrib=True, num_threads=_THREADS)
        trees = self.fitted_parameters.tree_weight * np.asarray(raw, np.float64)
        return facts + trees[:, :-1], trees[:, -1]

    def _encode(self, postings: pd.DataFrame) -> FeatureMatrix:
        if self.encoder is None:
            raise ValueError("this model was not fitted on postings; call fit(postings, labels) first")
        return self.encoder.transform(with_facts(postings, self.tagger))


def with_facts(postings: pd.DataFrame, tagger: Any = None) -> pd.DataFrame:
    """Add what the cleaning and roles rooms know of a posting, where its column is not there yet."""
    from jobfinder_assets.cleaning.location import parse_workplace
    from jobfinder_assets.cleaning.seniority import parse_seniority

    added: dict[str, Any] = {}
    titles, descriptions = _texts(postings, "title"), _texts(postings, "description")
    if "seniority" not in postings or "years_min" not in postings:
        parsed = [parse_seniority(*texts) for texts in zip(titles, descriptions, strict=True)]
        added["seniority"] = [one.level for one in parsed]
        added["years_min"] = [one.years_min for one in parsed]
    if "workplace" not in postings:
        locations = _texts(postings, "location")
        added["workplace"] = [parse_workplace(*texts) for texts in zip(locations, descriptions, strict=True)]
    if "salary_annual_usd" not in postings:
        added["salary_annual_usd"] = [_annual_pay(text) for text in descriptions]
    frame = postings.assign(**{name: values for name, values in added.items() if name not in postings})
    if tagger is not None and _lacks_roles(frame):
        probabilities = tagger.predict_proba(postings)
        frame = frame.assign(**{role: np.asarray(probabilities[role], np.float64) for role in ROLES})
    return frame


def fit_tagger(corpus: pd.DataFrame) -> Any:
    """A role tagger fitted on unlabelled postings."""
    from jobfinder_assets.roles.tagger import RoleTagger

    tagger = RoleTagger()
    tagger.fit(corpus)
    return tagger


def company_groups(postings: pd.DataFrame) -> NDArray[Any]:
    """(n,) one group per company name in lower-case letters and digits; an unnamed company is a group of its own."""
    names = pd.Series(_texts(postings, "company")).str.lower().str.replace(r"[\W_]+", "", regex=True)
    alone = pd.Series([f"row {row}" for row in range(len(names))])
    return np.array(names.where(names != "", alone), dtype=object)


def fact_name(at: int, value: float, wanted: Sequence[str] = ()) -> str:
    """A structured fact in words: "senior", "role data engineer 0.83", "years required 5", "wanted words spark"."""
    name = STRUCTURED[at].replace("_", " ")
    if np.isnan(value):
        return f"{name.removeprefix('log10 ')} not stated"
    if at == _SENIORITY_AT:
        return f"level {SENIORITY_LEVELS[round(value)]}"
    if name in WORKPLACES:
        return name if value else f"not {name}"
    if name.startswith("log10 "):
        return f"{name.removeprefix('log10 ')} {10**value:,.0f}"
    if at == _WANTED_AT:
        return f"{name} {', '.join(wanted) or 'none'}"
    return f"{name} {value:.2f}" if name.startswith("role ") else f"{name} {value:.0f}"


def _scaled(features: FeatureMatrix) -> Floats:
    """(n, len(STRUCTURED)) centred and scaled, 0 where unknown."""
    return np.nan_to_num((features.structured.astype(np.float64) - _CENTRE) / _SPREAD, nan=0.0)


def _balanced_rows(labels: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Every positive and a seeded sample of the negatives."""
    negatives = np.flatnonzero(labels == 0)
    keep = min(len(negatives), NEGATIVES_PER_POSITIVE * int(labels.sum()))
    chosen = np.random.default_rng(seed).choice(negatives, keep, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(labels == 1), chosen]))


def _term_weights(features: FeatureMatrix, dual: Floats, parameters: Parameters) -> Floats:
    weights = np.asarray(features.terms.T.astype(np.float64) @ dual).ravel()
    weights[TERM_BLOCKS["title"]] *= parameters.title_weight**2
    weights[TERM_BLOCKS["fact"]] *= parameters.fact_weight**2
    return weights


def _prior_shift(labels: NDArray[np.int64], parameters: Parameters) -> float:
    """Where balanced classes were assumed: what makes the odds those of the labels as they are."""
    if parameters.balance == "sampled":
        return _sampled_shift(labels)
    return 0.0 if parameters.balance == "none" else _log_odds(labels)


def _held_out_ratio(
    kernels: tuple[Floats, Floats],
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    parameters: Parameters,
    *,
    seed: int,
) -> float:
    """As `_ratio`, from margins of rows that neither regression saw: what they say of other postings."""
    alone = replace(parameters, words_weight=0.0)
    folds = grouped_folds(labels, groups, splits=OUT_OF_FOLD_SPLITS, seed=seed)
    everything = np.arange(len(labels))
    pairs = []
    for kernel, own in ((kernels[0], alone), (kernels[1], _WORDS)):
        margin = out_of_fold_margin((kernel, kernel), labels, folds, own, seed=seed) if folds else None
        # With a single group of a class there are no folds: what the rows themselves say must do.
        pairs.append(_margin(kernel, labels, everything, everything, own, seed=seed) if margin is None else margin)
    return _ratio(pairs[0], pairs[1], parameters)


def _log_odds(labels: NDArray[np.int64]) -> float:
    return float(np.log(labels.sum() / (1 - labels).sum()))


def _sampled_shift(labels: NDArray[np.int64]) -> float:
    negatives = int((1 - labels).sum())
    return float(np.log(min(negatives, NEGATIVES_PER_POSITIVE * int(labels.sum())) / negatives))


def _strongest(ids: Any, parts: Floats, top: int) -> list[tuple[int, float]]:
    order = np.argsort(-np.abs(parts), kind="stable")[:top]
    return [(int(ids[at]), float(parts[at])) for at in order if parts[at] != 0]


def _term_kind(column: int) -> Kind:
    if column < TERM_BLOCKS["title"].stop:
        return "title"
    return "fact" if column < TERM_BLOCKS["fact"].stop else "term"


def _known_meaning(features: FeatureMatrix) -> NDArray[np.float32] | None:
    """The vectors; None also where no posting has one, as nobody knows how long it would be."""
    return None if features.meaning is None or not features.meaning.shape[1] else features.meaning


def _fitted(model: PreferenceModel) -> PreferenceModel:
    if not hasattr(model, "linear"):
        raise ValueError("this PreferenceModel was not fitted; call fit(postings, labels) or fit_features first")
    return model


def _lacks_roles(postings: pd.DataFrame) -> bool:
    return any(role not in postings for role in ROLES)


def _texts(postings: pd.DataFrame, name: str) -> list[str]:
    if name not in postings:
        return [""] * len(postings)
    return [text_or_empty(value) for value in postings[name]]


def _annual_pay(description: str) -> float:
    """Yearly pay in US dollars, as cleaning would find it; NaN where the text states none."""
    from jobfinder_assets.cleaning.salary_prose import find_salary

    pay = find_salary(description)
    annual = None if pay is None else pay.annual_usd
    return float("nan") if annual is None else annual
