"""One profile's list: scored by its model, or by its own words while there is none, ranked, explained, stored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.config import Profile, Settings
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.labels.queue import QUEUE_LENGTH, label_queue, shown_again
from jobfinder_assets.recommendations.ranking import POSTING_COLUMNS, RANKING_VERSION, rank
from jobfinder_assets.recommendations.reasons import Sentence, profile_sentences, sentences, to_json
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES, TABLES
from jobfinder_assets.training.baselines import profile_scores
from jobfinder_assets.training.features import FeatureEncoder, feature_batches, load_encoder, read_features
from jobfinder_assets.training.registry import Champion, champion

# The model version of a list that follows the profile's words.
PROFILE_WORDS = "profile words"
_INPUTS = ("postings", "posting_clusters", "role_tags", "posting_features", "label_events")
# What may differ between two lists that say the same.
_WHEN = ("recommended_at", "is_new")
_REASONS_PER_POSTING = 12


@dataclass(frozen=True, eq=False)
class Refreshed:
    """What a refresh did.

    state : "written"; "unchanged" when nothing the list depends on has changed, or when it came out the same.
    recommendations : the list now in the table `recommendations`.
    filtered : how many postings each filter took; empty when nothing had to be computed.
    """

    state: Literal["written", "unchanged"]
    recommendations: pd.DataFrame
    model_version: str
    filtered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoded:
    """What is kept of the stored features while a list is made: terms are read, scored and forgotten.

    posting_ids: (n,) str; vectors: (n, d) float32; scores: (n,) log-odds of the model, NaN without one.
    """

    posting_ids: NDArray[Any]
    vectors: NDArray[np.float32]
    scores: NDArray[np.float64]

    def vectors_of(self, posting_ids: Any) -> NDArray[np.float32]:
        """(len(posting_ids), d), zeros for postings that are not encoded."""
        place = pd.Index(self.posting_ids).get_indexer(pd.Index(posting_ids))
        found = np.zeros((len(place), self.vectors.shape[1]), np.float32)
        found[place >= 0] = self.vectors[place[place >= 0]]
        return found


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores by posting id, and how to explain some of them."""

    scores: "pd.Series[float]"
    champion: Champion | None = None
    encoder: FeatureEncoder | None = None
    encoded: Encoded | None = None


def refresh(lake: Lake, settings: Settings, profile: str, *, now: datetime) -> Refreshed:
    """Bring the list of `profile` up to date; writes only what has changed.

    A profile without a section in the settings (its labels came in a file) has no wishes.
    """
    wishes = settings.profiles.get(profile, Profile())
    encoder = load_encoder(settings.home)
    model = usable_champion(champion(settings, profile), encoder)
    version = model.version if model else PROFILE_WORDS
    state = _state(lake, wishes, model_version=version, encoder_version=encoder.version if encoder else "")
    stored = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank", ignore_index=True)
    if _read_state(settings, profile) == state:
        return Refreshed("unchanged", stored, version)
    postings = lake.read("postings", POSTING_COLUMNS)
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id", "canonical_id"])
    role_tags = lake.read("role_tags", ["posting_id", "role", *ROLES])
    events = lake.read("label_events", where=[("profile", "=", profile)])
    labels = latest_labels(events, clusters.set_index("posting_id")["cluster_id"])
    scored = _score(lake, postings[postings["closed_at"].isna()], role_tags, wishes, model=model, encoder=encoder)
    ranking = rank(
        postings,
        clusters,
        role_tags,
        scored.scores,
        profile=wishes,
        labelled=set(labels["posting_id"]),
        now=now,
        previous={*stored["posting_id"], *stored["cluster_id"]},
    )
    _store_queue(lake, settings, profile, postings, clusters, labels, scored, version=version)
    reasons = _explain(lake, ranking.recommendations, scored, postings, role_tags, wishes)
    listed = ranking.recommendations.assign(profile=profile, model_version=version, reasons=list(map(to_json, reasons)))
    same = same_list(listed, stored)
    if not same:
        lake.replace("recommendations", listed, where=f"profile = '{profile}'")
        stored = lake.read("recommendations", where=[("profile", "=", profile)]).sort_values("rank", ignore_index=True)
    # Last: a process killed before it works once more, and writes nothing when all is done.
    write_json(_state_path(settings, profile), state)
    return Refreshed("unchanged" if same else "written", stored, version, ranking.filtered)


def _store_queue(
    lake: Lake,
    settings: Settings,
    profile: str,
    postings: pd.DataFrame,
    clusters: pd.DataFrame,
    labels: pd.DataFrame,
    scored: _Scored,
    *,
    version: str,
) -> None:
    """What this person should label next, of all open postings."""
    cluster_of = clusters.set_index("posting_id")["cluster_id"]
    opened = postings.loc[postings["closed_at"].isna(), ["posting_id", "company", "title"]].reset_index(drop=True)
    ids = opened["posting_id"]
    candidates = opened.assign(cluster_id=ids.map(cluster_of).fillna(ids), score=ids.map(scored.scores))
    # Another day's random picks are others; a run repeated on the same labels picks the same.
    seed = settings.training.seed + len(labels)
    queue = label_queue(
        candidates,
        set(labels["cluster_id"]),
        n=QUEUE_LENGTH,
        seed=seed,
        vectors=None if scored.encoded is None else scored.encoded.vectors_of(ids),
        again=[one for one in shown_again(labels) if one in set(ids)],
    )
    queue = queue.assign(
        profile=profile,
        position=range(1, len(queue) + 1),
        score=queue["posting_id"].map(scored.scores),
        model_version=version,
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
) -> _Scored:
    encoded = encoded_postings(lake, encoder, model) if encoder is not None else None
    if model is None or encoder is None or encoded is None:
        values = profile_scores(wishes, postings, role_tags)
        scores = pd.Series(values, index=postings["posting_id"], dtype="float64")
        return _Scored(scores, encoder=encoder, encoded=encoded)
    here = pd.Series(encoded.posting_ids).isin(postings["posting_id"]).to_numpy()
    scores = pd.Series(encoded.scores[here], index=encoded.posting_ids[here], dtype="float64")
    return _Scored(scores, model, encoder, encoded)


def encoded_postings(lake: Lake, encoder: FeatureEncoder, model: Champion | None) -> Encoded | None:
    """Read the stored features once, batch by batch, and score them; None when there are none."""
    ids, vectors, scores = [], [], []
    for batch in feature_batches(lake, encoder.version):
        ids.append(batch.posting_ids)
        vectors.append(batch.vector)
        scores.append(model.model.score_features(batch) if model is not None else np.full(len(batch), np.nan))
    if not ids:
        return None
    return Encoded(np.concatenate(ids), np.concatenate(vectors), np.concatenate(scores))


def _explain(
    lake: Lake, listed: pd.DataFrame, scored: _Scored, postings: pd.DataFrame, role_tags: pd.DataFrame, wishes: Profile
) -> list[list[Sentence]]:
    if scored.champion is None or scored.encoder is None:
        shown = postings.set_index("posting_id").loc[listed["posting_id"]].reset_index()
        return profile_sentences(shown, scored.scores, profile=wishes, role_tags=role_tags)
    rows = read_features(lake, scored.encoder.version, list(listed["posting_id"]))
    found = scored.champion.model.contributions(rows, top=_REASONS_PER_POSTING, names=scored.encoder)
    return [sentences(reasons) for reasons in found]


def _state(lake: Lake, wishes: Profile, *, model_version: str, encoder_version: str) -> dict[str, Any]:
    """Everything that a list depends on; equal states need no new list."""
    settings = hashlib.sha256(wishes.model_dump_json().encode()).hexdigest()[:16]
    return {
        "ranking_version": RANKING_VERSION,
        "model_version": model_version,
        "encoder_version": encoder_version,
        "profile_settings": settings,
        "tables": {name: lake.version(name) for name in _INPUTS},
        "lake": str(lake.uri),
    }


def _state_path(settings: Settings, profile: str) -> Path:
    return settings.home.root / "recommendations" / f"{profile}.json"


def _read_state(settings: Settings, profile: str) -> dict[str, Any] | None:
    path = _state_path(settings, profile)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
