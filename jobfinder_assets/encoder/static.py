"""Static vectors: what the transformer makes of single words, learnt once, so that a posting costs a sum.

The method begins as model2vec's (Tulkens and van Dongen 2024): every word of the corpus, and the commonest pairs of
neighbours, passes through the transformer alone, principal components are kept, and common words weigh little (SIF,
Arora et al. 2017). Then the word table is turned, by a ridge regression, so that the mean over a posting's words comes
nearest to what the transformer makes of whole postings: measured, without that step the vectors tell the recommender
nothing, with it they do (benchmarks/encoder.py). Words are found as in roles/tokens.py, by hash and in numpy: to encode
a posting takes neither the transformer nor torch. The package model2vec is not used: its distillation is bound to
transformers before 5.4 and asks a server for a model card.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from jobfinder_assets.config import Home
from jobfinder_assets.roles.tokens import Tokens, tokenize
from jobfinder_assets.storage.files import read_object, write_object

STATIC_VERSION = "1"
# Kept of a word; a posting's vector is as long as the transformer's.
DIMENSIONS = 256
# Postings that the transformer reads whole: a minute or two on two cores.
TEACHER_ROWS = 1_000
MOST_WORDS, MOST_PAIRS = 24_000, 12_000
_FEWEST_DOCUMENTS = {1: 2, 2: 5}
# SIF: a word of probability p weighs a / (a + p).
_SIF = 1e-3
_RIDGE = 1.0
_CHARACTERS = 6_000
_BATCH = 1_000
_LONGEST_WORD = 40

Vectors = NDArray[np.float32]
Bits = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class StaticVectors:
    """Word table of a distilled encoder.

    keys: (w,) sorted hashes of words and pairs; table: (w, d) their weighted vectors; centre: (d,) mean of the
    corpus' postings; version: 16 hex, equal for equal corpus, encoder and code; encoder_version: of the encoder that
    it was distilled from.
    """

    keys: Bits
    table: Vectors
    centre: Vectors
    version: str
    encoder_version: str

    def encode(self, postings: pd.DataFrame) -> Vectors:
        """(n, d) unit vectors of n postings (title, description), centred on the corpus; 0 where no word is known."""
        found = np.zeros((len(postings), self.table.shape[1]), np.float32)
        for first in range(0, len(postings), _BATCH):
            rows = slice(first, first + _BATCH)
            means = _means(tokenize(_texts(postings.iloc[rows])), self.keys, self.table)
            found[rows] = _centred(means, self.centre)
        return found


def distil(
    postings: pd.DataFrame,
    words_as: Callable[[list[str]], Vectors],
    postings_as: Callable[[pd.DataFrame], Vectors],
    *,
    encoder_version: str,
    teacher_rows: int = TEACHER_ROWS,
) -> StaticVectors:
    """Learn the word table from unlabelled postings (title, description) and an encoder.

    words_as: list of w texts -> (w, D); postings_as: frame of n postings -> (n, D). The encoder reads every word and
    the first `teacher_rows` postings.
    """
    texts = _texts(postings)
    names, keys, probability = _vocabulary(texts)
    identity = hashlib.sha256(f"{STATIC_VERSION}|{encoder_version}|{teacher_rows}".encode())
    identity.update(keys.tobytes() + probability.tobytes())
    version = identity.hexdigest()[:16]
    if not len(names):
        return StaticVectors(
            keys, np.zeros((0, DIMENSIONS), np.float32), np.zeros(DIMENSIONS, np.float32), version, encoder_version
        )
    table = _principal(np.asarray(words_as(names), np.float64), DIMENSIONS) * (_SIF / (_SIF + probability))[:, None]
    order = np.argsort(keys)
    keys, table = keys[order], table[order]
    means = np.concatenate([_means(batch, keys, table) for batch in _batches(texts)])
    centre = means.mean(axis=0)
    teacher = np.asarray(postings_as(postings.head(teacher_rows)), np.float64)
    turn = _ridge(_centred(means[: len(teacher)], centre), _centred(teacher, teacher.mean(axis=0)))
    return StaticVectors(
        keys, np.asarray(table @ turn, np.float32), np.asarray(centre @ turn, np.float32), version, encoder_version
    )


def save_static(home: Home, vectors: StaticVectors) -> Path:
    """Store the word table; the one before is replaced in one step."""
    return write_object(_path(home), vectors)


def load_static(home: Home) -> StaticVectors | None:
    """The stored word table; None when there is none."""
    path = _path(home)
    return read_object(path) if path.is_file() else None


def _path(home: Home) -> Path:
    return home.models / "transformer" / "static.joblib"


def _ridge(found: Vectors, wanted: Vectors) -> NDArray[np.float64]:
    """(d, D) the map from static vectors to the transformer's, on the same postings."""
    rows = found.astype(np.float64)
    return np.asarray(np.linalg.solve(rows.T @ rows + _RIDGE * np.eye(rows.shape[1]), rows.T @ wanted), np.float64)


def _principal(raw: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    """The rows in their leading principal components, signs fixed."""
    centred = raw - raw.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    chosen = vectors[:, np.argsort(-values, kind="stable")[:dimensions]]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])
    return np.asarray(centred @ chosen, np.float64)


def _vocabulary(texts: Sequence[str]) -> tuple[list[str], Bits, NDArray[np.float64]]:
    """(names, keys, probability) of the words and pairs that occur in enough texts, most frequent first."""
    chosen, probability = [], []
    for size, most in ((1, MOST_WORDS), (2, MOST_PAIRS)):
        counted = [_counts(batch, size) for batch in _batches(texts)]
        if not counted:
            continue
        hashes, where = np.unique(np.concatenate([keys for keys, _, _ in counted]), return_inverse=True)
        documents = np.bincount(where, np.concatenate([found for _, found, _ in counted]), minlength=len(hashes))
        uses = np.bincount(where, np.concatenate([uses for _, _, uses in counted]), minlength=len(hashes))
        enough = np.flatnonzero((documents >= _FEWEST_DOCUMENTS[size]) & (hashes != 0))
        order = enough[np.lexsort((hashes[enough], -documents[enough]))][:most]
        chosen.append(hashes[order])
        probability.append(uses[order] / max(uses.sum(), 1))
    if not chosen:
        return [], np.empty(0, np.uint64), np.empty(0)
    keys = np.concatenate(chosen)
    return _names(texts, keys), keys, np.concatenate(probability)


def _counts(tokens: Tokens, size: int) -> tuple[Bits, NDArray[np.int64], NDArray[np.int64]]:
    """(hashes, texts that hold each, uses) of the runs of `size` words."""
    runs = tokens.ngrams(size)
    keys, where, uses = np.unique(runs, return_inverse=True, return_counts=True)
    cells = np.unique(where * tokens.documents + tokens.document[: len(runs)])
    return keys, np.bincount(cells // max(tokens.documents, 1), minlength=len(keys)), uses


def _names(texts: Sequence[str], keys: Bits) -> list[str]:
    """Each key as it is first written, in lower case."""
    found: dict[int, str] = {}
    wanted = np.sort(keys)
    for tokens in _batches(texts):
        for size in (1, 2):
            runs, first = np.unique(tokens.ngrams(size), return_index=True)
            held = np.isin(runs, wanted)
            for key, at in zip(runs[held].tolist(), first[held].tolist(), strict=True):
                if key not in found:
                    found[key] = _written(tokens, at, size)
    return [found[key] for key in keys.tolist()]


def _batches(texts: Sequence[str]) -> Iterator[Tokens]:
    for first in range(0, len(texts), _BATCH):
        yield tokenize(texts[first : first + _BATCH])


def _written(tokens: Tokens, at: int, size: int) -> str:
    start, end = int(tokens.start[at]), int(tokens.end[at + size - 1])
    return tokens.text[start : min(end, start + size * _LONGEST_WORD)].lower()


def _means(tokens: Tokens, keys: Bits, table: NDArray[Any]) -> Vectors:
    """(n, d) sum of the known words' and pairs' vectors of each text, by its number of words."""
    texts = tokens.documents
    counts = sparse.csr_matrix((texts, len(keys)), dtype=np.float32)
    for size in (1, 2):
        hashes = tokens.ngrams(size)
        at = np.minimum(np.searchsorted(keys, hashes), max(len(keys) - 1, 0))
        hit = keys[at] == hashes if len(keys) else np.zeros(len(hashes), bool)
        ones = np.ones(int(hit.sum()), np.float32)
        counts += sparse.csr_matrix((ones, (tokens.document[: len(hashes)][hit], at[hit])), shape=counts.shape)
    length = np.maximum(np.bincount(tokens.document, minlength=texts), 1)
    return np.asarray((counts @ table) / length[:, None], np.float32)


def _centred(means: NDArray[Any], centre: NDArray[Any]) -> Vectors:
    known = np.abs(means).max(axis=1, initial=0) > 0
    vectors = means - centre
    length = np.linalg.norm(vectors, axis=1)
    scale = np.where(known & (length > 0), 1 / np.maximum(length, 1e-12), 0)
    return np.asarray(vectors * scale[:, None], np.float32)


def _texts(postings: pd.DataFrame) -> list[str]:
    pairs = zip(postings["title"], postings["description"], strict=True)
    return [f"{_text(title)}\n{_text(body)[:_CHARACTERS]}" for title, body in pairs]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
