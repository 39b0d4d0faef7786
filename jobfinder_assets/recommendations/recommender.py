"""One profile's list: scored by its model, or by its own words while there is none, ranked, explained, stored."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.config import Profile, Settings
from jobfinder_assets.encoder.vectors import projected
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.labels.queue import QUEUE_LENGTH, label_queue, shown_again
from jobfinder_assets.recommendations import neighbours
from jobfinder_assets.recommendations.drift import Drift, drift
from jobfinder_assets.recommendations.ranking import POSTING_COLUMNS, RANKING_VERSION, holding_blocked_words, rank
from jobfinder_assets.recommendations.reasons import Sentence, joined, profile_sentences, sentences, to_json
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake, Where
from jobfinder_assets.storage.schemas import ROLES, TABLES
from jobfinder_assets.training.baselines import bm25_of, profile_scores, profile_words, word_counts
from jobfinder_assets.training.cold_start import (
    CV_WEIGHT,
    EXAMPLE_WEIGHT,
    Early,
    Shown,
    cv_digest,
    early_model,
    shown_by,
    stored_features,
)
from jobfinder_assets.training.features import FeatureEncoder, feature_batches, load_encoder
from jobfinder_assets.training.model import PreferenceModel
from jobfinder_assets.training.registry import Champion, champion

# The model version of a list that follows the profile's words.
PROFILE_WORDS = "profile words"
_INPUTS = ("postings", "posting_clusters", "role_tags", "posting_features", "posting_vectors", "label_events")
# What may differ between two lists that say the same.
_WHEN = ("recommended_at", "is_new")
_REASONS_PER_POSTING = 12


@dataclass(frozen=True, eq=False)
class Refreshed:
    """What a refresh did.

    state : "written"; "unchanged" when nothing the list depends on has changed, or when it came out the same.
    recommendations : the list now in the table `recommendations`.
    filtered : how many postings each filter took; empty when nothing had to be computed.
    problems : examples or a CV of the profile that could not be used, and why.
    """

    state: Literal["written", "unchanged"]
    recommendations: pd.DataFrame
    model_version: str
    filtered: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Encoded:
    """What is kept of the stored features while a list is made: terms are read, scored and forgotten.

    posting_ids: (n,) str; vectors: (n, d) float32; structured: (n, len(STRUCTURED)) float32;
    scores: (n,) log-odds of the model, NaN without one.
    """

    posting_ids: NDArray[Any]
    vectors: NDArray[np.float32]
    structured: NDArray[np.float32]
    scores: NDArray[np.float64]

    def vectors_of(self, posting_ids: Any) -> NDArray[np.float32]:
        """(len(posting_ids), d), zeros for postings that are not encoded."""
        place = pd.Index(self.posting_ids).get_indexer(pd.Index(posting_ids))
        found = np.zeros((len(place), self.vectors.shape[1]), np.float32)
        found[place >= 0] = self.vectors[place[place >= 0]]
        return found

    def scores_of(self, posting_ids: Any) -> NDArray[np.float64]:
        """(len(posting_ids),), the mean of all for postings that are not encoded yet."""
        place = pd.Index(self.posting_ids).get_indexer(pd.Index(posting_ids))
        return np.where(place >= 0, self.scores[place], self.scores.mean())


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores by posting id, and how to explain some of them.

    by_words: what of a cold start's scores the profile's words, roles and places are; shown: its examples and CV.
    """

    scores: "pd.Series[float]"
    version: str
    champion: Champion | None = None
    encoder: FeatureEncoder | None = None
    encoded: Encoded | None = None
    by_words: "pd.Series[float] | None" = None
    shown: Shown | None = None
    early: Early | None = None


def refresh(lake: Lake, settings: Settings, profile: str, *, now: datetime) -> Refreshed:
    """Bring the list of `profile` up to date; writes only what has changed.

    A profile without a section in the settings (its labels came in a file) has no wishes.
    """
    wishes = settings.profiles.get(profile, Profile())
    encoder = load_encoder(settings.home)
    model = usable_champion(champion(settings, profile), encoder)
    state = _state(lake, settings, wishes, model=model, encoder=encoder)
    stored = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank", ignore_index=True)
    if _read_state(settings, profile) == state:
        told = str(stored["model_version"].iloc[0]) if len(stored) else PROFILE_WORDS
        return Refreshed("unchanged", stored, model.version if model else told)
    postings = lake.read("postings", POSTING_COLUMNS)
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id"])
    role_tags = lake.read("role_tags", ["posting_id", "role", *ROLES])
    events = lake.read("label_events", where=[("profile", "=", profile)])
    labels = latest_labels(events, clusters.set_index("posting_id")["cluster_id"])
    opened = postings[postings["closed_at"].isna()]
    early = None
    if model is None and encoder is not None:
        early = early_model(lake, encoder, labels, training=settings.training)
    scored = _score(lake, opened, role_tags, wishes, model=model, encoder=encoder, early=early)
    ranking = rank(
        postings,
        clusters,
        role_tags,
        scored.scores,
        profile=wishes,
        labelled=set(labels["cluster_id"]),
        now=now,
        previous={*stored["posting_id"], *stored["cluster_id"]},
        blocked=_blocked(lake, wishes),
        vectors=scored.encoded.vectors_of if scored.encoded is not None else None,
    )
    _store_queue(lake, settings, profile, postings, clusters, labels, scored)
    reasons = _explain(lake, ranking.recommendations, scored, postings, role_tags, wishes)
    near = _neighbours(ranking.recommendations, scored, labels, postings)
    listed = ranking.recommendations.assign(
        profile=profile,
        model_version=scored.version,
        reasons=list(map(to_json, reasons)),
        neighbours=list(map(neighbours.to_json, near)),
    )
    same = same_list(listed, stored)
    if not same:
        lake.replace("recommendations", listed, where=f"profile = '{profile}'")
        stored = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank", ignore_index=True)
    if scored.champion is not None and scored.encoded is not None:
        write_json(drift_path(settings, profile), _drift(scored.champion, scored.encoded, postings).to_dict())
    # Last: a process killed before it works once more, and writes nothing when all is done.
    write_json(_state_path(settings, profile), state)
    problems = scored.shown.problems if scored.shown is not None else ()
    return Refreshed("unchanged" if same else "written", stored, scored.version, ranking.filtered, problems)


def _texts(lake: Lake, where: Where = None) -> Iterator[pd.DataFrame]:
    """posting_id, title and description, some thousand rows at a time: those of all postings fit into no memory."""
    return lake.batches("postings", ["posting_id", "title", "description"], where)


def _blocked(lake: Lake, wishes: Profile) -> set[str]:
    return holding_blocked_words(wishes, _texts(lake)) if any(map(str.strip, wishes.blocked_words)) else set()


def _by_words(lake: Lake, wishes: Profile, ids: "pd.Series[str]") -> NDArray[np.float64]:
    """(n,) BM25 of the profile's words over the open postings `ids`."""
    words = profile_words(wishes)
    if not words:
        return np.zeros(len(ids))
    counts = [
        pd.DataFrame(word_counts(words, batch), index=batch["posting_id"])
        for batch in _texts(lake, "closed_at IS NULL")
    ]
    return bm25_of(pd.concat(counts).reindex(ids).fillna(0.0).to_numpy()) if counts else np.zeros(len(ids))


def _store_queue(
    lake: Lake,
    settings: Settings,
    profile: str,
    postings: pd.DataFrame,
    clusters: pd.DataFrame,
    labels: pd.DataFrame,
    scored: _Scored,
) -> None:
    """What this person should label next, of all open postings."""
    cluster_of = clusters.set_index("posting_id")["cluster_id"]
    opened = postings.loc[postings["closed_at"].isna(), ["posting_id", "company", "title"]].reset_index(drop=True)
    ids = opened["posting_id"]
    here = set(ids)
    candidates = opened.assign(cluster_id=ids.map(cluster_of).fillna(ids), score=ids.map(scored.scores))
    # Another day's random picks are others; a run repeated on the same labels picks the same.
    seed = settings.training.seed + len(labels)
    queue = label_queue(
        candidates,
        set(labels["cluster_id"]),
        n=QUEUE_LENGTH,
        seed=seed,
        vectors=None if scored.encoded is None else scored.encoded.vectors_of(ids),
        again=[one for one in shown_again(labels) if one in here],
    )
    queue = queue.assign(
        profile=profile,
        position=range(1, len(queue) + 1),
        score=queue["posting_id"].map(scored.scores),
        model_version=scored.version,
    )
    stored = lake.read("label_queue", where=[("profile", "=", profile)]).sort_values("position")
    # A run that was killed after this commit must get further the next time.
    if not _same_rows(queue, stored, TABLES["label_queue"].columns):
        lake.replace("label_queue", queue, where=f"profile = '{profile}'")


def usable_champion(found: Champion | None, encoder: FeatureEncoder | None) -> Champion | None:
    """The model, if the features now stored are those that it was trained on."""
    if found is None or encoder is None or found.tags["encoder_version"] != encoder.version:
        return None
    return found


def same_list(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Whether two lists say the same, whenever they were made."""
    return _same_rows(left, right, [name for name in TABLES["recommendations"].columns if name not in _WHEN])


def _same_rows(left: pd.DataFrame, right: pd.DataFrame, columns: Sequence[str]) -> bool:
    return len(left) == len(right) and all(_plain(left[name]) == _plain(right[name]) for name in columns)


def _plain(column: "pd.Series[Any]") -> list[Any]:
    return column.astype("object").where(column.notna(), None).tolist()


def _score(
    lake: Lake,
    postings: pd.DataFrame,
    role_tags: pd.DataFrame,
    wishes: Profile,
    *,
    model: Champion | None,
    encoder: FeatureEncoder | None,
    early: Early | None,
) -> _Scored:
    ids = postings["posting_id"]
    taste = model.model if model is not None else early.model if early is not None else None
    vectors = model.vectors_version if model is not None else ""
    encoded = encoded_postings(lake, encoder, taste, vectors_version=vectors) if encoder is not None else None
    if model is not None and encoded is not None:
        here = pd.Series(encoded.posting_ids).isin(ids).to_numpy()
        by_taste = pd.Series(encoded.scores[here], index=encoded.posting_ids[here], dtype="float64")
        return _Scored(by_taste, model.version, champion=model, encoder=encoder, encoded=encoded)
    by_words = profile_scores(wishes, postings, role_tags, by_words=_by_words(lake, wishes, ids))
    by_profile: NDArray[np.float64] = by_words
    shown, version = None, PROFILE_WORDS
    if encoder is not None and encoded is not None:
        shown = shown_by(wishes, lake, encoder)
        by_profile = by_words + shown.scores(encoded.vectors_of(ids))
    scores = by_profile
    if early is not None and encoded is not None:
        by_model = encoded.scores_of(ids)
        early = early.scaled(by_profile, by_model)
        scores, version = early.blended(by_profile, by_model), f"profile and {early.labels} labels"
    return _Scored(
        pd.Series(scores, index=ids, dtype="float64"),
        version,
        encoder=encoder,
        encoded=encoded,
        by_words=pd.Series(by_words, index=ids, dtype="float64"),
        shown=shown,
        early=early,
    )


def encoded_postings(
    lake: Lake, encoder: FeatureEncoder, model: PreferenceModel | None, *, vectors_version: str = ""
) -> Encoded | None:
    """Read the stored features once, batch by batch, and score them; None when there are none.

    A model that was fitted with vectors of the optional encoder needs their version.
    """
    n = lake.count("posting_features", [("encoder_version", "=", encoder.version)])
    ids, scores = np.empty(n, dtype=object), np.full(n, np.nan)
    blocks: list[NDArray[np.float32]] = []
    at = 0
    for batch in feature_batches(lake, encoder.version):
        if not blocks:
            blocks = [np.empty((n, part.shape[1]), np.float32) for part in (batch.vector, batch.structured)]
        rows = slice(at, at + len(batch))
        # Copied: a view of one column would keep the whole batch, terms and all, in memory.
        ids[rows], blocks[0][rows], blocks[1][rows] = batch.posting_ids, batch.vector, batch.structured
        if model is not None:
            scores[rows] = model.score_features(batch)
        at += len(batch)
    weights = model.linear.meaning_weights if model is not None and vectors_version else None
    if weights is not None:
        # A part of the sum that is read by itself: looked up batch by batch, its table would be read for each.
        scores += projected(lake, vectors_version, weights).reindex(ids).fillna(0.0).to_numpy(np.float64)
    return Encoded(ids, blocks[0], blocks[1], scores) if blocks else None


def _explain(
    lake: Lake,
    listed: pd.DataFrame,
    scored: _Scored,
    postings: pd.DataFrame,
    role_tags: pd.DataFrame,
    wishes: Profile,
) -> list[list[Sentence]]:
    ids = list(listed["posting_id"])
    if scored.champion is not None and scored.encoder is not None:
        version = scored.champion.vectors_version
        return _of_model(lake, scored.champion.model, scored.encoder, ids, vectors_version=version)
    rows = postings.set_index("posting_id")
    texts = lake.read("postings", ["posting_id", "description"], [("posting_id", "in", ids)]).set_index("posting_id")
    words = profile_sentences(
        rows.loc[ids].join(texts).reset_index(),
        cast("pd.Series[float]", scored.by_words),
        profile=wishes,
        role_tags=role_tags,
    )
    if scored.shown is None or scored.encoded is None or scored.encoder is None:
        return words
    vectors = scored.encoded.vectors_of(ids)
    found = []
    own = [_of_shown(scored.shown, vectors[[at]], rows) for at in range(len(ids))]
    early = scored.early
    model: list[list[Sentence]] = [[] for _ in ids]
    if early is not None:
        model = _of_model(lake, early.model, scored.encoder, ids)
    for spoken, shown, learnt in zip(words, own, model, strict=True):
        by_profile, by_model = (early.profile_scale, early.model_scale) if early is not None else (1.0, 0.0)
        found.append(joined((spoken, by_profile), (shown, by_profile), (learnt, by_model)))
    return found


def _of_model(
    lake: Lake, model: PreferenceModel, encoder: FeatureEncoder, ids: list[str], *, vectors_version: str = ""
) -> list[list[Sentence]]:
    rows = stored_features(lake, encoder, ids, vectors_version=vectors_version)
    found = model.contributions(rows, top=_REASONS_PER_POSTING, names=encoder)
    told = dict(zip(rows.posting_ids, map(sentences, found), strict=True))
    return [told.get(one, []) for one in ids]


def _of_shown(shown: Shown, vector: Any, postings: pd.DataFrame) -> list[Sentence]:
    """What examples and CV add to one posting's score, in words."""
    near, which, own = shown.likeness(vector)
    spoken = []
    if near[0] > 0:
        example = shown.example_ids[which[0]]
        title = postings["title"].get(example) or "that"
        spoken.append(Sentence(f"like your example {title}", EXAMPLE_WEIGHT * float(near[0])))
    if own[0] > 0:
        spoken.append(Sentence("like your CV", CV_WEIGHT * float(own[0])))
    return spoken


def _neighbours(
    listed: pd.DataFrame, scored: _Scored, labels: pd.DataFrame, postings: pd.DataFrame
) -> list[neighbours.Neighbours]:
    if scored.encoded is None or labels.empty:
        return [neighbours.Neighbours()] * len(listed)
    told = labels[["posting_id", "interesting"]].merge(postings[["posting_id", "title", "company"]], on="posting_id")
    vectors = scored.encoded.vectors_of(listed["posting_id"])
    return neighbours.nearest(vectors, told, scored.encoded.vectors_of(told["posting_id"]))


def _drift(champion: Champion, encoded: Encoded, postings: pd.DataFrame) -> Drift:
    """Of all stored postings, the closed as well: those that are open would be the newer ones."""
    seen = encoded.posting_ids
    times = postings.set_index("posting_id")["first_seen_at"].reindex(seen)
    trained_at = datetime.fromisoformat(champion.tags["trained_at"])
    return drift(encoded.structured, encoded.scores, times, trained_at=trained_at)


def drift_of(settings: Settings, profile: str) -> Drift | None:
    """What the last list of a model found; None while there is none."""
    path = drift_path(settings, profile)
    return Drift(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def drift_path(settings: Settings, profile: str) -> Path:
    return settings.home.root / "recommendations" / f"{profile}.drift.json"


def _state(
    lake: Lake, settings: Settings, wishes: Profile, *, model: Champion | None, encoder: FeatureEncoder | None
) -> dict[str, Any]:
    """Everything that a list depends on; equal states need no new list."""
    profile_settings = hashlib.sha256(wishes.model_dump_json().encode()).hexdigest()[:16]
    return {
        "ranking_version": RANKING_VERSION,
        "model_version": model.version if model is not None else "",
        "encoder_version": encoder.version if encoder is not None else "",
        "profile_settings": profile_settings,
        "cv": cv_digest(wishes),
        "training": [settings.training.minimum_labels, settings.training.minimum_per_class, settings.training.seed],
        "tables": {name: lake.version(name) for name in _INPUTS},
        "lake": str(lake.uri),
    }


def _state_path(settings: Settings, profile: str) -> Path:
    return settings.home.root / "recommendations" / f"{profile}.json"


def _read_state(settings: Settings, profile: str) -> dict[str, Any] | None:
    path = _state_path(settings, profile)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
