"""What a trained model is, in words and tables for a person: how good, what it learnt, where it errs, what was before.

Nothing is trained for good here and nothing is stored. MLflow is asked by `training_runs` alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from jobfinder_assets.config import Settings, Training
from jobfinder_assets.storage.files import read_object
from jobfinder_assets.storage.mlflow_store import mlflow_client
from jobfinder_assets.training.evaluation import (
    CHAMPION,
    LINEAR,
    MODEL,
    Fixed,
    Interval,
    enough_labels,
    grouped_folds,
    one_thread,
)
from jobfinder_assets.training.features import (
    STRUCTURED,
    TERM_BLOCKS,
    WORKPLACES,
    FeatureEncoder,
    FeatureMatrix,
    Wanted,
)
from jobfinder_assets.training.model import LinearModel, Parameters, PreferenceModel, Reason
from jobfinder_assets.training.registry import MODEL_CODE_VERSION, Champion, model_name, versions, why_unusable
from jobfinder_assets.training.training_set import Examples

Part = Literal["title", "description", "fact"]
Floats = NDArray[np.float64]

CHANCE = "prevalence"
# How the contestants of the scoreboard are called where a person reads them.
CONTESTANTS: Mapping[str, str] = {
    MODEL: "tuned model",
    CHAMPION: "model before",
    LINEAR: "untuned linear model",
    CHANCE: "no order at all",
    "profile keywords": "your profile's words",
    "role tag only": "your profile's roles",
}
# How much of the way from chance to a perfect list an average precision must have gone to be called so.
_PRAISE = ((0.8, "very well"), (0.55, "well"), (0.3, "fairly well"), (0.0, "somewhat"))
# A word that a single labelled posting has says something of that posting only.
_FEWEST_HOLDERS = 2
# A posting has a role or a workplace from this probability on.
_HAS = 0.5
_REASONS = 12
_FACTS: Mapping[str, str] = {
    "role data_engineer": "data engineering duties",
    "role data_analyst": "data analysis duties",
    "role ml_engineer": "ML engineering duties",
    "role data_scientist": "data science duties",
    "role other": "duties other than data",
    "seniority": "a higher level",
    "years required": "more years asked",
    "log10 pay in USD": "higher pay",
    "remote": "remote work",
    "hybrid": "hybrid work",
    "onsite": "work on site",
    "age in days when first seen": "older when found",
    "log10 description length": "a longer advert",
    "wanted words": "more of your keywords",
}


@dataclass(frozen=True)
class Learnt:
    """One word or fact that moves the scores.

    strength: by how much it sets the labelled postings apart, in log-odds: the standard deviation of what it adds to
    their scores, above 0 when it speaks for a posting. liked, disliked: how many labelled postings of each kind have
    it; the examples are those in which it stands out most, "" where no posting of the kind has it.
    """

    name: str
    part: Part
    strength: float
    liked: int
    disliked: int
    liked_example: str
    disliked_example: str


@dataclass(frozen=True)
class Miss:
    """A labelled posting that the model, without having seen its label, would have put in the wrong half.

    place: where it stands among all `of` labelled postings, best first; reasons: the addends of that score.
    """

    row: int
    interesting: bool
    place: int
    of: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Version:
    """A registered version as it was judged when it was trained.

    labels: how many it was trained on (of models that do not say: judged on). usable: whether the features as they are
    stored now are those it was trained on; it cannot rank by others.
    """

    version: str
    stored_at: datetime
    labels: int
    average_precision: Interval
    chance: float
    recipe: str
    usable: bool


@dataclass(frozen=True)
class Run:
    """A training as MLflow keeps it. `version`: that of the model registered by it, "" when there is none."""

    run_id: str
    name: str
    version: str
    started_at: datetime
    status: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]


def verdict(champion: Champion) -> str:
    """How good the model in force is, in words and on how many labels."""
    found, chance = measured(champion)
    likes, others = int(champion.tags["positives"]), int(champion.tags["negatives"])
    praise, at_least = _praise(found.value, chance), _praise(found.low, chance)
    # In a time split the first labels are learnt from and never asked about.
    latest = "your latest " if champion.tags["fold_kind"] == "time" else ""
    sentences = [
        f"It tells the jobs you like from the others {praise}."
        if at_least
        else "It is not yet shown to tell the jobs you like from the others better than chance does.",
        f"Judged on {latest}{likes + others} labels ({likes} interesting, {others} not), "
        + ("picked at random, " if champion.tags["basis"] == "random picks" else "")
        + "each by a model that had not seen it.",
        _against_the_others(champion),
    ]
    if at_least and at_least != praise:
        sentences.append(f"With so few labels it may be no more than {at_least}; more labels would tell.")
    return " ".join(sentences)


def measured(champion: Champion) -> tuple[Interval, float]:
    """Average precision of the recipe in force with its interval, and what no order at all earns on the same labels."""
    value, low, high = (champion.metrics.get(name, float("nan")) for name in ("AP", "low", "high"))
    chance = champion.scoreboard.loc[champion.scoreboard["model"] == CHANCE, "AP"]
    return Interval(value, low, high), float(chance.iloc[0])


def _praise(average_precision: float, chance: float) -> str:
    """ "" when it is no more than chance, or unknown."""
    way = (average_precision - chance) / max(1 - chance, 1e-9)
    return next((words for least, words in _PRAISE if way > least), "")


def _against_the_others(champion: Champion) -> str:
    """Which simpler ways of ranking did better on the same labels."""
    board = champion.scoreboard.set_index("model")["AP"]
    simpler = board.drop([MODEL, CHAMPION, champion.tags["recipe"], CHANCE], errors="ignore")
    better = [contestant(name) for name in simpler.index[simpler > board[champion.tags["recipe"]]]]
    if not better:
        return f"None of the {len(simpler)} simpler ways to rank did better."
    return f"Of the {len(simpler)} simpler ways to rank, these did better: {', '.join(better)}."


def contestant(name: str) -> str:
    """A row of the scoreboard as a person reads it."""
    return CONTESTANTS.get(name, name)


def learnt(model: PreferenceModel, encoder: FeatureEncoder, examples: Examples, *, most: int = 6) -> list[Learnt]:
    """The words and facts that set the labelled postings apart: at most `most` for and against in each part.

    Those of the linear model: what it put on the latent vector is carried back to the terms the vector was made of.
    """
    terms = _term_parts(model.linear, encoder, examples.features)
    facts = _fact_parts(model.linear, examples.features).std(axis=0) * np.sign(model.linear.structured_weights)
    places = np.flatnonzero(np.bincount(terms.indices, minlength=terms.shape[1]) >= _FEWEST_HOLDERS)
    found = [
        _learnt(encoder.term_names[at].removeprefix("title: "), _part(at), strength, has, examples)
        for at, strength, has in _candidates(terms.tocsc(), places, most)
    ]
    found += [
        _learnt(_FACTS[name], "fact", strength, holds, examples)
        for name, strength, holds in zip(STRUCTURED, facts, _holders(examples.features), strict=True)
    ]
    return _strongest(found, most)


def _term_parts(linear: LinearModel, encoder: FeatureEncoder, features: FeatureMatrix) -> Any:
    """(n, n_terms) CSR of what each term adds to each score, directly and through the latent vector."""
    terms, scale = features.terms, encoder.latent_scale(features.terms)
    rows = np.repeat(np.arange(len(features)), np.diff(terms.indptr))
    direct = np.zeros(terms.shape[1])
    width = min(len(direct), len(linear.term_weights))
    direct[:width] = linear.term_weights[:width]
    weights = direct[terms.indices]
    for column, block in enumerate(encoder.latent_blocks):
        latent = linear.vector_weights[block.start : block.stop]
        carried = latent @ encoder.components_[block.start : block.stop, : terms.shape[1]].astype(np.float64)
        weights += scale[rows, column] * carried[terms.indices]
    return sparse.csr_matrix((terms.data * weights, terms.indices, terms.indptr), shape=terms.shape)


def _fact_parts(linear: LinearModel, features: FeatureMatrix) -> Floats:
    """(n, len(STRUCTURED)) what each fact adds, by scoring postings of which nothing else is known."""
    n = len(features)
    parts = np.zeros((n, len(STRUCTURED)))
    for column in range(len(STRUCTURED)):
        alone = np.full_like(features.structured, np.nan)
        alone[:, column] = features.structured[:, column]
        known = FeatureMatrix(features.posting_ids, sparse.csr_matrix((n, 0)), np.zeros_like(features.vector), alone)
        parts[:, column] = linear.score_features(known) - linear.intercept
    return parts


def _candidates(parts: Any, places: NDArray[np.int64], most: int) -> list[tuple[int, float, Floats]]:
    """(term, strength, what it adds to each posting) of the strongest terms of each part, with some to spare."""
    n = parts.shape[0]
    mean = np.asarray(parts.sum(axis=0)).ravel()[places] / n
    spread = np.sqrt(np.maximum(np.asarray(parts.power(2).sum(axis=0)).ravel()[places] / n - mean**2, 0))
    strength = spread * np.sign(mean)
    chosen: list[tuple[int, float, Floats]] = []
    for block in TERM_BLOCKS.values():
        mine = np.flatnonzero((places >= block.start) & (places < (block.stop or parts.shape[1])))
        order = mine[np.argsort(strength[mine], kind="stable")]
        for at in dict.fromkeys([*order[: 4 * most], *order[::-1][: 4 * most]]):
            chosen.append((int(places[at]), float(strength[at]), parts[:, [places[at]]].toarray().ravel()))
    return chosen


def _holders(features: FeatureMatrix) -> list[Floats]:
    """For each structured fact (n,) how far above having it a posting is; 0 where it has it not."""
    holds = []
    for name, values in zip(STRUCTURED, features.structured.astype(np.float64).T, strict=True):
        known = values[~np.isnan(values)]
        yes_or_no = name.startswith("role ") or name in WORKPLACES
        least = _HAS if yes_or_no else float(np.median(known)) if len(known) else 0.0
        has = values >= least if yes_or_no else values > least
        holds.append(np.where(has, np.nan_to_num(values), 0.0))
    return holds


def _learnt(name: str, part: Part, strength: float, stands_out: Floats, examples: Examples) -> Learnt:
    """`stands_out`: (n,) how strongly each posting has it, 0 where it has not."""
    amount, ids = np.abs(stands_out), examples.features.posting_ids
    has = amount > 0
    sides = (has & examples.labels, has & ~examples.labels)
    best = [str(ids[np.argmax(np.where(side, amount, -1.0))]) if side.any() else "" for side in sides]
    return Learnt(name, part, float(strength), int(sides[0].sum()), int(sides[1].sum()), best[0], best[1])


def _strongest(found: list[Learnt], most: int) -> list[Learnt]:
    """Strongest first, at most `most` of each part and direction; a word inside a chosen phrase is not said twice."""
    chosen: dict[tuple[Part, bool], list[Learnt]] = {}
    for one in sorted(found, key=lambda one: (-abs(one.strength), one.name)):
        side = chosen.setdefault((one.part, one.strength > 0), [])
        if one.strength and len(side) < most and not any(_overlap(one.name, other.name) for other in side):
            side.append(one)
    return [one for side in chosen.values() for one in side]


def _overlap(one: str, other: str) -> bool:
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


def _part(column: int) -> Part:
    if column < TERM_BLOCKS["title"].stop:
        return "title"
    return "fact" if column < TERM_BLOCKS["fact"].stop else "description"


def misses(
    parameters: Parameters,
    examples: Examples,
    encoder: FeatureEncoder,
    *,
    training: Training,
    wanted: Wanted | None = None,
    most: int = 5,
) -> list[Miss]:
    """The worst errors of a recipe: at most `most` likes that it puts low, then as many dislikes that it puts high.

    `wanted` are the words that the examples were read with.

    Each posting is scored by a model fitted on the labels of other employers. With k likes, a perfect list has them on
    its first k places: a like below them and a dislike among them are errors. Empty with too few labels to split.
    """
    if enough_labels(examples, training) is not None:
        return []
    labels, features = examples.labels, examples.features
    scores, number = np.empty(len(examples)), np.empty(len(examples), dtype=np.int64)
    folds = grouped_folds(labels, examples.groups, folds=training.outer_folds, seed=training.seed)
    with one_thread():
        models = [
            Fixed(parameters, seed=training.seed, wanted=wanted).fit(examples.take(fold.train)).model for fold in folds
        ]
        for at, (model, fold) in enumerate(zip(models, folds, strict=True)):
            scores[fold.test], number[fold.test] = model.score_features(features.take(fold.test)), at
        order = np.argsort(-scores, kind="stable")
        likes = int(labels.sum())
        low = [row for row in order[likes:][::-1] if labels[row]][:most]
        high = [row for row in order[:likes] if not labels[row]][:most]
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(1, len(order) + 1)
        return [
            Miss(
                row=int(row),
                interesting=bool(labels[row]),
                place=int(place[row]),
                of=len(examples),
                reasons=tuple(models[number[row]].contributions(features.take([row]), top=_REASONS, names=encoder)[0]),
            )
            for row in (*low, *high)
        ]


def gallery(worst: list[Miss], examples: Examples) -> list[dict[str, Any]]:
    """The mistakes as MLflow keeps them, worst first in each direction: what was said, where it stood and why."""
    told = []
    for miss in worst:
        posting = examples.postings.iloc[miss.row]
        told.append(
            {
                "posting_id": str(posting["posting_id"]),
                "title": str(posting["title"]),
                "company": str(posting["company"]),
                "said": "interesting" if miss.interesting else "not interesting",
                "place": miss.place,
                "of": miss.of,
                "reasons": [{"name": one.name, "adds": round(one.contribution, 4)} for one in miss.reasons],
            }
        )
    return told


def stored_versions(settings: Settings, profile: str, encoder_version: str) -> list[Version]:
    """The versions kept in the home, oldest first, without those that older code wrote.

    encoder_version: of the features as they are stored now.
    """
    found = []
    for version in versions(settings, profile):
        path = settings.home.models / "preference" / profile / f"{version}.joblib"
        kept: Champion = read_object(path)
        if kept.tags.get("model_code_version") != MODEL_CODE_VERSION:
            continue
        average_precision, chance = measured(kept)
        judged = int(kept.tags["positives"]) + int(kept.tags["negatives"])
        found.append(
            Version(
                version=version,
                stored_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
                labels=int(kept.tags.get("labels", judged)),
                average_precision=average_precision,
                chance=chance,
                recipe=kept.tags["recipe"],
                usable=not why_unusable(kept, encoder_version),
            )
        )
    return found


def training_runs(settings: Settings, profile: str, *, most: int = 50) -> list[Run]:
    """The trainings of a profile in MLflow, newest first, without the trials of their searches."""
    with mlflow_client(settings) as client:
        experiment = client.get_experiment_by_name(f"jobfinder/{profile}")
        if experiment is None:
            return []
        registered = client.search_model_versions(f"name = '{model_name(profile)}'")
        made = {str(one.run_id): str(one.version) for one in registered}
        # Trials carry no tags of their own.
        found = client.search_runs(
            [experiment.experiment_id],
            "tags.label_hash != ''",
            max_results=most,
            order_by=["attributes.start_time DESC"],
        )
    return [
        Run(
            run_id=str(run.info.run_id),
            name=str(run.info.run_name),
            version=made.get(str(run.info.run_id), ""),
            started_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            status=str(run.info.status),
            parameters=dict(run.data.params),
            metrics=dict(run.data.metrics),
        )
        for run in found
    ]


def compared_metrics(one: Run, other: Run) -> pd.DataFrame:
    """Metrics of two runs side by side, and what `one` has more than `other`: name, one, other, difference.

    Average precision first, then other metrics, the average precisions of other ways to rank, and bounds of intervals.
    """

    def order(name: str) -> tuple[int, str]:
        if name in ("AP", "low", "high"):
            return ("AP", "low", "high").index(name), name
        return 5 if name.endswith(("_low", "_high")) else 4 if name.startswith("AP_of") else 3, name

    names = sorted({*one.metrics, *other.metrics}, key=order)
    values = {
        column: [run.metrics.get(name, np.nan) for name in names] for column, run in (("one", one), ("other", other))
    }
    frame = pd.DataFrame({"name": [name.replace("_", " ") for name in names], **values})
    return frame.assign(difference=frame["one"] - frame["other"])


def compared_parameters(one: Run, other: Run) -> pd.DataFrame:
    """Parameters of two runs side by side, those that differ first: name, one, other, differs."""
    names = sorted({*one.parameters, *other.parameters})
    pairs = [(one.parameters.get(name, ""), other.parameters.get(name, "")) for name in names]
    frame = pd.DataFrame(
        {
            "name": [name.replace("_", " ") for name in names],
            "one": [_rounded(own) for own, _ in pairs],
            "other": [_rounded(its) for _, its in pairs],
            "differs": [own != its for own, its in pairs],
        }
    )
    return frame.sort_values("differs", ascending=False, kind="stable", ignore_index=True)


def _rounded(value: str) -> str:
    """A parameter as it is read: a number with a decimal point to three figures."""
    return f"{float(value):.3g}" if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", value) else value
