"""A score before there is a model: the profile's words, roles, places, example postings and CV, then early labels.

Until there are labels enough for a model that can be judged (`[training]` minimum_labels and minimum_per_class), what
the profile says and what a linear model has learnt so far are added, each in units of its own spread. The weight of
the profile falls from 1 at no label to 0 where the judged model takes over, so that nothing jumps.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.config import Profile, Training
from jobfinder_assets.labels.events import PostingIndex, UnknownPosting
from jobfinder_assets.labels.similarity import Vectors, unit
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training.features import FeatureEncoder, FeatureMatrix, read_features
from jobfinder_assets.training.model import Parameters, PreferenceModel

Floats = NDArray[np.float64]

# In the unit of `baselines.profile_scores`: as much as a role that is surely wanted.
EXAMPLE_WEIGHT = 1.0
CV_WEIGHT = 1.0
_LARGEST_CV = 200_000


@dataclass(frozen=True, eq=False)
class Shown:
    """What a profile shows rather than says: postings like those wanted, and a CV; all by their latent vectors.

    examples: (k, d) unit vectors; example_ids: their posting ids; cv: (d,) or None.
    problems: what of the profile could not be used, each with what to do.
    """

    examples: Vectors
    example_ids: tuple[str, ...]
    cv: Vectors | None
    problems: tuple[str, ...]

    def likeness(self, vectors: Any) -> tuple[Floats, NDArray[np.int64], Floats]:
        """For (n, d) vectors: (n,) cosine with the nearest example and its number, (n,) cosine with the CV; not below
        0, and 0 where there is nothing to compare with."""
        units = unit(vectors)
        near, which, own = np.zeros(len(units)), np.zeros(len(units), np.int64), np.zeros(len(units))
        if len(self.examples):
            alike = units @ self.examples.T
            which = alike.argmax(axis=1)
            near = np.maximum(alike[np.arange(len(units)), which], 0.0).astype(np.float64)
        if self.cv is not None:
            own = np.maximum(units @ self.cv, 0.0).astype(np.float64)
        return near, which, own

    def scores(self, vectors: Any) -> Floats:
        """(n,) what examples and CV add to `baselines.profile_scores`."""
        near, _, own = self.likeness(vectors)
        return EXAMPLE_WEIGHT * near + CV_WEIGHT * own


def shown_by(profile: Profile, lake: Lake, encoder: FeatureEncoder) -> Shown:
    """The profile's example postings (ids or URLs) and its CV (a text file), encoded; problems instead of errors, as
    a posting that is gone or a file that was moved must not stop the list."""
    ids, problems = _resolved(profile.examples, lake) if profile.examples else ([], [])
    encoded = stored_features(lake, encoder, ids)
    missing = sorted(set(ids) - set(encoded.posting_ids.tolist()))
    problems += [f"example posting {one!r} is not encoded yet; run jobfinder again" for one in missing]
    cv = None
    if profile.cv:
        try:
            cv = _encoded_text(read_cv(profile.cv), encoder)
        except OSError as error:
            problems.append(f"cv = {profile.cv!r} cannot be read: {error.strerror or error}; name a text file")
        except UnicodeDecodeError:
            problems.append(f"cv = {profile.cv!r} is no text in UTF-8; save it as a .txt or .md file")
    return Shown(unit(encoded.vector), tuple(map(str, encoded.posting_ids)), cv, tuple(problems))


def read_cv(path: str) -> str:
    """The first 200,000 characters of a CV. Raises OSError and UnicodeDecodeError."""
    return Path(path).expanduser().read_text(encoding="utf-8-sig")[:_LARGEST_CV]


def cv_digest(profile: Profile) -> str:
    """16 hex of the CV's text; "" without one, or when it cannot be read."""
    try:
        return hashlib.sha256(read_cv(profile.cv).encode()).hexdigest()[:16] if profile.cv else ""
    except (OSError, UnicodeDecodeError):
        return ""


def profile_weight(likes: int, dislikes: int, *, training: Training) -> float:
    """How much the profile counts beside early labels: 1 without any of a kind, 0 when a model can be trained."""
    if not likes or not dislikes:
        return 1.0
    progress = min((likes + dislikes) / training.minimum_labels, min(likes, dislikes) / training.minimum_per_class)
    return max(1.0 - progress, 0.0)


@dataclass(frozen=True, eq=False)
class Early:
    """The first labels' linear model, and how it is added to the profile's scores.

    score = `profile_scale` x the profile's score + `model_scale` x the model's log-odds.
    """

    model: PreferenceModel
    labels: int
    weight: float
    profile_scale: float = 1.0
    model_scale: float = 1.0

    def scaled(self, by_profile: Floats, by_model: Floats) -> "Early":
        """With scales that weigh the two by `weight`, each in units of its spread over the scored postings."""
        spreads = [float(values.std()) if len(values) else 0.0 for values in (by_profile, by_model)]
        scales = [
            share / spread if spread > 0 else 0.0
            for share, spread in zip((self.weight, 1 - self.weight), spreads, strict=True)
        ]
        return Early(self.model, self.labels, self.weight, *scales)

    def blended(self, by_profile: Floats, by_model: Floats) -> Floats:
        return self.profile_scale * by_profile + self.model_scale * by_model


def early_model(lake: Lake, encoder: FeatureEncoder, labels: pd.DataFrame, *, training: Training) -> Early | None:
    """What the labels so far (of `latest_labels`) have taught; None before there is one of each kind."""
    features = stored_features(lake, encoder, list(labels["posting_id"]))
    said = labels.set_index("posting_id")["interesting"]
    interesting = said.loc[list(features.posting_ids)].to_numpy(bool)
    likes = int(interesting.sum())
    weight = profile_weight(likes, len(interesting) - likes, training=training)
    if weight == 1.0:
        return None
    model = PreferenceModel(Parameters(), seed=training.seed).fit_features(features, interesting)
    return Early(model, len(interesting), weight)


def stored_features(
    lake: Lake, encoder: FeatureEncoder, posting_ids: Sequence[str], *, vectors_version: str = ""
) -> FeatureMatrix:
    """Features of those of the postings that are encoded, in the given order."""
    wanted = [("encoder_version", "=", encoder.version), ("posting_id", "in", list(posting_ids))]
    known = set(lake.read("posting_features", ["posting_id"], wanted)["posting_id"])
    ids = [one for one in dict.fromkeys(posting_ids) if one in known]
    return read_features(lake, encoder.version, ids, vectors_version=vectors_version)


def _resolved(examples: Sequence[str], lake: Lake) -> tuple[list[str], list[str]]:
    index = PostingIndex(lake)
    found: list[str] = []
    problems: list[str] = []
    for example in examples:
        try:
            found.append(index.resolve(example))
        except UnknownPosting as error:
            problems.append(f"example {error}")
    return list(dict.fromkeys(found)), problems


def _encoded_text(text: str, encoder: FeatureEncoder) -> Vectors:
    frame = pd.DataFrame({"title": [""], "company": [""], "description": [text]})
    vector: Vectors = unit(encoder.transform(frame).vector)[0]
    return vector
