"""One profile's list: scored by its model, or by its own words while there is none, ranked, explained, stored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from jobfinder_assets.config import Profile, Settings
from jobfinder_assets.labels.events import latest_labels
from jobfinder_assets.labels.queue import QUEUE_LENGTH, label_queue
from jobfinder_assets.recommendations.ranking import POSTING_COLUMNS, RANKING_VERSION, rank
from jobfinder_assets.recommendations.reasons import Sentence, profile_sentences, sentences, to_json
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES, TABLES
from jobfinder_assets.training.baselines import profile_scores
from jobfinder_assets.training.features import FeatureEncoder, FeatureMatrix, load_encoder, read_features
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
    """

    state: Literal["written", "unchanged"]
    recommendations: pd.DataFrame
    model_version: str
    filtered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores by posting id, and how to explain some of them."""

    scores: "pd.Series[float]"
    champion: Champion | None = None
    encoder: FeatureEncoder | None = None
    features: FeatureMatrix | None = None


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
    scored = _score(lake, postings[postings["closed_at"].isna()], role_tags, wishes, model=model, encoder=encoder)
    ranking = rank(
        postings,
        clusters,
        role_tags,
        scored.scores,
        profile=wishes,
        labelled=set(latest_labels(lake.read("label_events", where=[("profile", "=", profile)]))["posting_id"]),
        now=now,
        previous={*stored["posting_id"], *stored["cluster_id"]},
    )
    _store_queue(lake, settings, profile, postings, clusters, scored.scores, version=version)
    reasons = _explain(ranking.recommendations, scored, postings, role_tags, wishes)
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
    scores: "pd.Series[float]",
    *,
    version: str,
) -> None:
    """What this person should label next, of all open postings."""
    cluster_of = clusters.set_index("posting_id")["cluster_id"]
    events = latest_labels(lake.read("label_events", where=[("profile", "=", profile)]), cluster_of)
    opened = postings.loc[postings["closed_at"].isna(), "posting_id"]
    candidates = pd.DataFrame({"posting_id": opened, "cluster_id": opened.map(cluster_of).fillna(opened)})
    candidates["score"] = candidates["posting_id"].map(scores)
    # Another day's random picks are others; a run repeated on the same labels picks the same.
    seed = settings.training.seed + len(events)
    queue = label_queue(candidates, set(events["cluster_id"]), n=QUEUE_LENGTH, seed=seed)
    queue = queue.assign(
        profile=profile, position=range(1, len(queue) + 1), score=queue["posting_id"].map(scores), model_version=version
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
    if model is None or encoder is None:
        values = profile_scores(wishes, postings, role_tags)
        return _Scored(pd.Series(values, index=postings["posting_id"], dtype="float64"))
    features = read_features(lake, encoder.version, vectors_version=model.tags.get("vectors_version", ""))
    features = features.take(pd.Series(features.posting_ids).isin(postings["posting_id"]).to_numpy())
    scores = pd.Series(model.model.score_features(features), index=features.posting_ids, dtype="float64")
    return _Scored(scores, model, encoder, features)


def _explain(
    listed: pd.DataFrame, scored: _Scored, postings: pd.DataFrame, role_tags: pd.DataFrame, wishes: Profile
) -> list[list[Sentence]]:
    if scored.champion is None or scored.encoder is None or scored.features is None:
        shown = postings.set_index("posting_id").loc[listed["posting_id"]].reset_index()
        return profile_sentences(shown, scored.scores, profile=wishes, role_tags=role_tags)
    place = pd.Series(range(len(scored.features)), index=scored.features.posting_ids)
    rows = scored.features.take(place.loc[listed["posting_id"]].to_numpy(dtype="int64"))
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
