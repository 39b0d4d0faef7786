"""Vectors of the postings in the lake: by the transformer itself or by its static words, only for what is new."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jobfinder_assets.config import Encoder, Home
from jobfinder_assets.encoder.static import StaticVectors, distil, load_static, save_static
from jobfinder_assets.encoder.tokenizer import TOKENIZER_VERSION, Coverage, coverage, learn_words
from jobfinder_assets.encoder.vectors import Vectors, vectors_table
from jobfinder_assets.encoder.weights import NOT_INSTALLED, find_weights, installed, load, weights_version
from jobfinder_assets.encoder.windows import WINDOWS_VERSION, windows
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CORPUS_LIMIT = 20_000
REFIT_GROWTH = 0.25
# Two windows tell more than one (benchmarks/encoder.py); a third seldom has duties left.
WINDOWS_READ = 2
_COVERAGE_SAMPLE = 2_000
_BATCH = 32
_WORD_BATCH = 256


@dataclass(frozen=True)
class DomainTokenizer:
    """What was learnt from the corpus: words that become tokens, and how they cover it.

    version: 16 hex of base weights, code and words; corpus_rows: postings it was learnt on.
    """

    version: str
    weights: str
    most_words: int
    corpus_rows: int
    words: tuple[str, ...]
    coverage: Coverage


@dataclass(frozen=True)
class VectorsSource:
    """Vectors of one version: how to make them, how many in a commit, how many in a run (None: all)."""

    version: str
    encode: Callable[[pd.DataFrame], Vectors]
    batch_rows: int = 1_000
    most: int | None = None
    made_now: bool = False


@dataclass(frozen=True)
class VectorCounts:
    """What an update found: postings new or changed, unchanged, and left for the next run."""

    new: int
    unchanged: int
    waiting: int


def corpus(lake: Lake, *, limit: int = CORPUS_LIMIT) -> pd.DataFrame:
    """At most `limit` postings (posting_id, title, company, description), chosen and ordered by a hash of their ids."""
    columns = ["posting_id", "title", "company", "description"]
    ids = lake.read("postings", ["posting_id"])["posting_id"]
    keys = [hashlib.sha256(identity.encode()).hexdigest() for identity in ids]
    chosen = list(ids.iloc[np.argsort(np.array(keys), kind="stable")[:limit]]) if len(ids) else []
    return (
        lake.read("postings", columns, [("posting_id", "in", chosen)]).set_index("posting_id").loc[chosen].reset_index()
    )


def tokenizer_in_force(lake: Lake, home: Home, settings: Encoder) -> tuple[DomainTokenizer | None, bool]:
    """The stored domain tokenizer, or one learnt anew; and whether that was so. None without postings.

    Learnt anew when there is none, when weights, code or settings changed, or when the corpus has grown by a quarter.
    """
    folder = find_weights(settings)
    identity = f"{weights_version(folder)}|{TOKENIZER_VERSION}"
    stored, rows = load_tokenizer(home), min(lake.count("postings"), CORPUS_LIMIT)
    if not rows:
        return None, False
    same = stored is not None and (stored.weights, stored.most_words) == (identity, settings.words)
    if same and stored is not None and rows < stored.corpus_rows * (1 + REFIT_GROWTH):
        return stored, False
    postings = corpus(lake)
    base = load(folder, device="cpu").tokenizer
    texts = [f"{title}\n{body}" for title, body in zip(postings["title"], postings["description"], strict=True)]
    companies = [name if isinstance(name, str) else "" for name in postings["company"]]
    words = learn_words(texts, companies, base, most=settings.words)
    domain = load(folder, device="cpu", words=words).tokenizer
    found = DomainTokenizer(
        hashlib.sha256("|".join([identity, *words]).encode()).hexdigest()[:16], identity, settings.words, len(postings),
        words, coverage(texts[:_COVERAGE_SAMPLE], base, domain, words=len(words)),
    )  # fmt: skip
    write_json(_tokenizer_path(home), asdict(found))
    return found, True


def load_tokenizer(home: Home) -> DomainTokenizer | None:
    """The stored domain tokenizer, if there is one."""
    path = _tokenizer_path(home)
    if not path.is_file():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    return DomainTokenizer(**stored | {"words": tuple(stored["words"]), "coverage": Coverage(**stored["coverage"])})


def load_encoder(settings: Encoder, tokenizer: DomainTokenizer) -> "SentenceTransformer":
    """The transformer with the domain's words as tokens."""
    return load(find_weights(settings), device=settings.device, words=tokenizer.words)


def encode_postings(encoder: "SentenceTransformer", postings: pd.DataFrame, *, most: int = WINDOWS_READ) -> Vectors:
    """(n, d) unit vectors of n postings (title, description): the mean of their first `most` windows."""
    texts = windows(postings, encoder.tokenizer, tokens=int(encoder.max_seq_length or 256), most=most)
    flat = [text for each in texts for text in each]
    found = np.asarray(encoder.encode(flat, batch_size=_BATCH, show_progress_bar=False), np.float32)
    owner = np.repeat(np.arange(len(texts)), [len(each) for each in texts])
    total = np.zeros((len(texts), found.shape[1] if len(flat) else 0), np.float32)
    np.add.at(total, owner, found)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)


def vectors_source(lake: Lake, home: Home, settings: Encoder) -> VectorsSource | str:
    """What makes the vectors that the settings ask for; or in words why there are none.

    Static vectors need numpy alone: a table that was distilled once goes on without the extra.
    """
    if settings.vectors == "none":
        return "skipped: [encoder] vectors is none"
    tokenizer, static = load_tokenizer(home), load_static(home)
    if not installed():
        if settings.vectors == "transformer" or static is None:
            return NOT_INSTALLED
        return VectorsSource(static.version, static.encode)
    if tokenizer is None:
        return "no postings yet"
    if settings.vectors == "static":
        static, made_now = static_in_force(lake, home, settings, tokenizer)
        return VectorsSource(static.version, static.encode, made_now=made_now)
    encode = when_needed(settings, tokenizer)
    return VectorsSource(transformer_version(tokenizer), encode, batch_rows=200, most=settings.most_per_run)


def when_needed(settings: Encoder, tokenizer: DomainTokenizer) -> Callable[[pd.DataFrame], Vectors]:
    """`encode_postings` with an encoder that is loaded by the first call: with nothing new, torch is not imported."""
    encoder = cache(partial(load_encoder, settings, tokenizer))
    return lambda postings: encode_postings(encoder(), postings)


def transformer_version(tokenizer: DomainTokenizer) -> str:
    """16 hex: which vectors `encode_postings` makes with this tokenizer."""
    text = f"transformer|{tokenizer.version}|{WINDOWS_VERSION}|{WINDOWS_READ}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def static_in_force(
    lake: Lake, home: Home, settings: Encoder, tokenizer: DomainTokenizer
) -> tuple[StaticVectors, bool]:
    """The stored word table of this encoder, or one distilled now; and whether that was so."""
    wanted = transformer_version(tokenizer)
    stored = load_static(home)
    if stored is not None and stored.encoder_version == wanted:
        return stored, False
    encoder = load_encoder(settings, tokenizer)
    made = distil(
        corpus(lake),
        lambda words: np.asarray(encoder.encode(words, batch_size=_WORD_BATCH, show_progress_bar=False), np.float32),
        lambda postings: encode_postings(encoder, postings),
        encoder_version=wanted,
    )
    save_static(home, made)
    return made, True


def update_vectors(
    lake: Lake,
    encode: Callable[[pd.DataFrame], Vectors],
    version: str,
    *,
    batch_rows: int,
    most: int | None = None,
) -> VectorCounts:
    """Encode the postings that `posting_vectors` lacks at this version, or holds with another content.

    `most` bounds the work of one run; the newest postings come first.
    """
    state = lake.read("postings", ["posting_id", "content_hash", "cleaning_version", "first_seen_at"])
    state = state.set_index("posting_id")
    # New cleaning gives the same record another text.
    state["content_hash"] += "/" + state["cleaning_version"].fillna("")
    stored = lake.read("posting_vectors", ["posting_id", "content_hash"], [("vectors_version", "=", version)])
    same = (stored.set_index("posting_id")["content_hash"].reindex(state.index) == state["content_hash"]).to_numpy(bool)
    stale = state[~same].sort_values("first_seen_at", ascending=False, kind="stable").index
    chosen = list(stale[:most])
    for first in range(0, len(chosen), batch_rows):
        part = chosen[first : first + batch_rows]
        postings = lake.read("postings", ["posting_id", "title", "description"], [("posting_id", "in", part)])
        hashes = state["content_hash"].reindex(postings["posting_id"])
        vectors = encode(postings)
        lake.merge("posting_vectors", vectors_table(list(postings["posting_id"]), list(hashes), vectors, version))
    return VectorCounts(len(chosen), int(same.sum()), len(stale) - len(chosen))


def _tokenizer_path(home: Home) -> Path:
    return home.models / "transformer" / "tokenizer.json"
