"""Fine-tuned transformers that the gate has put in force: what each says of every posting, kept in `posting_vectors`.

A fine-tuned model is its encoder and a linear head; of the two the list needs their sum alone. So its "vector" of a
posting is one number: its score, less what it says of a labelled posting on average. It is one person's, and lies with
that person's models: `models/preference/PROFILE/fine_tuned/`.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from jobfinder_assets.config import Encoder, Home
from jobfinder_assets.encoder.bundle import Scorer
from jobfinder_assets.encoder.embed import VectorCounts, update_vectors
from jobfinder_assets.encoder.vectors import Vectors
from jobfinder_assets.encoder.weights import NOT_INSTALLED, chosen_device, installed
from jobfinder_assets.storage.files import write_bytes, write_json
from jobfinder_assets.storage.lake import Lake

_BATCH_ROWS = 200


@dataclass(frozen=True)
class InForce:
    """One person's fine-tuned model.

    version: of its numbers in `posting_vectors`; typical: its mean score of the labelled postings, in log-odds.
    """

    profile: str
    version: str
    typical: float


def version_of(profile: str, bundle: bytes) -> str:
    """The version of a bundle's numbers in `posting_vectors`; it names the person, whose they are."""
    return f"{versions_prefix(profile)}{sha256(bundle).hexdigest()[:16]}"


def versions_prefix(profile: str) -> str:
    """How all versions begin that are of this person's taste."""
    return f"fine-tuned/{profile}/"


def keep(home: Home, profile: str, bundle: Path) -> str:
    """Copy a verified model bundle to where `update` reads it from; returns its version."""
    content = bundle.read_bytes()
    version = version_of(profile, content)
    write_bytes(_bundle(home, profile, version), content)
    return version


def put_in_force(home: Home, profile: str, found: InForce | None) -> None:
    """Say which model's numbers are to be kept up to date for a person; None: no model's."""
    pointer = _folder(home, profile) / "in_force.json"
    if found is not None:
        write_json(pointer, asdict(found))
    else:
        pointer.unlink(missing_ok=True)


def in_force(home: Home) -> list[InForce]:
    """Everybody's fine-tuned model, by profile."""
    found = sorted((home.models / "preference").glob("*/fine_tuned/in_force.json"))
    return [InForce(**json.loads(path.read_text(encoding="utf-8"))) for path in found]


def update(lake: Lake, home: Home, settings: Encoder, found: InForce, *, most: int | None = None) -> VectorCounts | str:
    """Score the postings that are new or changed, at most `most` of them; or in words why that cannot be."""
    if not installed():
        return NOT_INSTALLED
    encode = _scores(_bundle(home, found.profile, found.version), settings.device, found.typical)
    return update_vectors(lake, encode, found.version, batch_rows=_BATCH_ROWS, most=most)


def _scores(bundle: Path, device: str, typical: float) -> Callable[[pd.DataFrame], Vectors]:
    """(n, 1) what the bundle's model says of n postings; it is loaded by the first call."""

    @cache
    def scorer() -> Scorer:
        return Scorer.read(bundle, device=chosen_device(device))

    def encode(postings: pd.DataFrame) -> Vectors:
        return np.asarray(scorer().predict(postings) - typical, np.float32)[:, None]

    return encode


def _bundle(home: Home, profile: str, version: str) -> Path:
    return _folder(home, profile) / f"{version.rpartition('/')[2]}.zip"


def _folder(home: Home, profile: str) -> Path:
    return home.models / "preference" / profile / "fine_tuned"
