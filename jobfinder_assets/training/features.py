"""What a posting is to a model: sparse terms, a latent semantic vector and structured facts.

The encoder is fitted on unlabelled postings only, so it can never know a label. Terms live in three
vocabulary blocks (title, description, fact), each weighted by (1 + ln tf) x smoothed idf and brought to
unit length, so that a title of four words weighs as much as an advert of six hundred. Terms are words
and pairs of neighbouring words, but for function words (function_words.py) and pairs with one. The
latent vector is a truncated SVD of the description's and of the title's terms (latent semantic
analysis), centred on the corpus. Texts are counted in Arrow and numpy, never in Python loops, with RE2
patterns that run in linear time on any text. A description counts with its first 6,000 characters.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from jobfinder_assets.cleaning.skills import one_word_skills
from jobfinder_assets.config import Home
from jobfinder_assets.encoder.vectors import read_vectors
from jobfinder_assets.storage.files import read_object, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.function_words import function_words

ENCODER_CODE_VERSION = "2"
CORPUS_LIMIT = 20_000
DESCRIPTION_CHARACTERS = 6_000
REFIT_GROWTH = 0.25

# The structured column that depends on who asks.
WANTED = -1
SENIORITY_LEVELS = ("intern", "junior", "mid", "senior", "lead")
WORKPLACES = ("remote", "hybrid", "onsite")
STRUCTURED: tuple[str, ...] = (
    *(f"role {role}" for role in ROLES),
    "seniority",
    "years required",
    "log10 pay in USD",
    *WORKPLACES,
    "age in days when first seen",
    "log10 description length",
    "wanted words",
)
# What a posting must have, and what is used when it is there.
REQUIRED = ("title", "company", "description")
OPTIONAL = (
    "posting_id", "location", "country", "workplace", "salary_annual_usd", "seniority", "years_min",
    "employment_type", "language", "posted_at", "first_seen_at",
)  # fmt: skip
COLUMNS = (*REQUIRED, *OPTIONAL, "content_hash")

# Columns of `FeatureMatrix.terms` by vocabulary block: fixed places, so that a matrix needs no map beside it.
# A place that the corpus did not fill has the name "".
TERM_BLOCKS: dict[str, slice] = {
    "title": slice(0, 8192),
    "fact": slice(8192, 10_240),
    "description": slice(10_240, None),
}
# (block, words in a term, share of `max_terms`, most columns), in the order of the columns.
_VOCABULARY = (
    ("title", 1, 0.07, 3072),
    ("title", 2, 0.10, 5120),
    ("fact", 1, 0.03, 2048),
    ("description", 1, 0.40, None),
    ("description", 2, 0.40, None),
)
# (block, share of the components, length of its part of the vector): measured, titles mislead more than they tell.
_LATENT = (("description", 0.8, 1.0), ("title", 0.2, 0.4))
# Columns of `posting_features` that a `FeatureMatrix` is made of.
_STORED = ("posting_id", "term_ids", "term_weights", "vector", "structured")
_MINIMUM_DOCUMENTS = {1: 2, 2: 3}
_MAXIMUM_SHARE_OF_DOCUMENTS = 0.5
_SVD_ITERATIONS = 3


@dataclass(frozen=True)
class Counts:
    """How much work an incremental step found."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, eq=False)
class LatentBlock:
    """Columns start..stop of the latent vector: the space of one vocabulary block, brought to length `weight`."""

    name: str
    start: int
    stop: int
    weight: float
    centre: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """Features of n postings, row by row.

    posting_ids: (n,) str
    terms: (n, n_terms) CSR float32; columns as in `FeatureEncoder.term_names` and `TERM_BLOCKS`
    vector: (n, d) float32, each latent block of a row brought to its length (zero where no term is known)
    structured: (n, len(STRUCTURED)) float32, NaN where unknown; the last column is a person's own (`Wanted.added`), NaN
        in what is stored
    meaning: (n, k) float32 unit vectors of the optional encoder (table `posting_vectors`), zero where a posting has
        none; None when none were asked for
    """

    posting_ids: NDArray[Any]
    terms: Any
    vector: NDArray[np.float32]
    structured: NDArray[np.float32]
    meaning: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.posting_ids)

    def take(self, rows: Any) -> "FeatureMatrix":
        """The given rows (indices or a mask), in that order."""
        rows = np.asarray(rows)
        meaning = None if self.meaning is None else self.meaning[rows]
        return FeatureMatrix(
            self.posting_ids[rows], self.terms[rows], self.vector[rows], self.structured[rows], meaning
        )


@dataclass(frozen=True)
class Wanted:
    """The words that a person asks for, as terms of an encoder: which share of them a posting holds.

    columns: for each word, the columns of `FeatureMatrix.terms` of which any says that a posting holds it.
    """

    columns: tuple[tuple[int, ...], ...] = ()

    def added(self, features: FeatureMatrix) -> FeatureMatrix:
        """The features with the share, 0 to 1, in their last structured column; as they are when nothing is wanted."""
        if not self.columns:
            return features
        structured = features.structured.copy()
        structured[:, WANTED] = self.share(features.terms)
        return replace(features, structured=structured)

    def share(self, terms: Any) -> NDArray[np.float32]:
        """(n,) of an (n, any width) CSR of terms."""
        return self.held(terms).mean(axis=1, dtype=np.float32)

    def held(self, terms: Any) -> NDArray[np.bool_]:
        """(n, words) which words each row of an (n, any width) CSR of terms holds."""
        # The place of each column's word; a table over the columns reads every cell once, whatever is wanted.
        word = np.full(terms.shape[1], -1, np.int16)
        for number, columns in enumerate(self.columns):
            word[[column for column in columns if column < len(word)]] = number
        words = word[terms.indices]
        hits = np.flatnonzero(words >= 0)
        rows = np.searchsorted(terms.indptr, hits, side="right") - 1
        found = np.zeros((terms.shape[0], len(self.columns)), bool)
        found[rows, words[hits]] = True
        return found


class FeatureEncoder:
    """Turns postings into a `FeatureMatrix`; fitted on unlabelled postings.

    Parameters
    ----------
    components : length of the latent vector (fewer when the corpus is small).
    max_terms : upper bound of the vocabulary over all blocks (not counting places left empty).
    seed : of the randomised SVD.

    Attributes (after `fit`)
    ------------------------
    code_version : ENCODER_CODE_VERSION of the code that fitted it.
    corpus_rows : postings it was fitted on, for `needs_refit`.
    version : 16 hex, the same for the same code, parameters and corpus in any order of rows.
    function_words : words of the corpus that are no terms.
    term_names : one name per column of `FeatureMatrix.terms` ("title: data engineer", "airflow", "place: berlin").
    components_ : (d, n_terms) float32, the latent space over the terms (0 for facts).
    """

    def __init__(self, *, components: int = 128, max_terms: int = 60_000, seed: int = 0) -> None:
        self.components = components
        self.max_terms = max_terms
        self.seed = seed

    def fit(self, postings: pd.DataFrame) -> "FeatureEncoder":
        """Learn vocabulary, document frequencies and latent space.

        Of more than 20,000 postings the 20,000 with the smallest hash of their id count: a fixed
        sample whatever the order of the rows.
        """
        postings = corpus_sample(_checked(postings))
        identity = hashlib.sha256(
            f"{ENCODER_CODE_VERSION}|{self.components}|{self.max_terms}|{self.seed}|{CORPUS_LIMIT}".encode()
        )
        for text in _identities(postings):
            identity.update(text.encode())
        tokens = _tokens(postings)
        self.function_words = _function_words(tokens, postings)
        identity.update("|".join(sorted(self.function_words)).encode())
        self.code_version = ENCODER_CODE_VERSION
        self.version = identity.hexdigest()[:16]
        self.corpus_rows = len(postings)
        self._learn_vocabulary(tokens, len(postings))
        self._learn_latent_space(self._terms(tokens, len(postings)))
        return self

    def transform(self, postings: pd.DataFrame) -> FeatureMatrix:
        """Encode postings; columns title, company, description are needed, facts and role columns used when there.

        Raises ValueError when a needed column is missing or the encoder was not fitted.
        """
        if not hasattr(self, "version"):
            raise ValueError("this FeatureEncoder was not fitted; call fit(postings) first")
        postings = _checked(postings)
        terms = self._terms(_tokens(postings, each_text_once=True), len(postings))
        vector = np.asarray(terms @ self.components_.T, np.float32)
        scale = self._scale(vector.astype(np.float64))
        for column, block in enumerate(self.latent_blocks):
            part = vector[:, block.start : block.stop]
            vector[:, block.start : block.stop] = (part - block.centre) * scale[:, [column]]
        return FeatureMatrix(_posting_ids(postings), terms, vector, _structured(postings))

    def latent_scale(self, terms: Any) -> NDArray[np.float64]:
        """(n, blocks) what each block's centred projection was multiplied by; 0 for a text of no known term.

        vector[i, block] = (components_[block] @ terms[i] - centre) * scale[i, block]: with it a weight on
        the vector is a weight on terms again, exactly.
        """
        # Stored features may be narrower than the vocabulary: they end with the last term that occurs.
        return self._scale(np.asarray(terms @ self.components_[:, : terms.shape[1]].T, np.float64))

    def _scale(self, projected: NDArray[np.float64]) -> NDArray[np.float64]:
        scale = np.zeros((len(projected), len(self.latent_blocks)))
        for column, block in enumerate(self.latent_blocks):
            part = projected[:, block.start : block.stop]
            length = np.linalg.norm(part - block.centre, axis=1)
            known = (np.abs(part).max(axis=1) > 0) & (length > 0)
            scale[known, column] = block.weight / length[known]
        return scale

    def wanted(self, words: Sequence[str]) -> Wanted:
        """Where the words or pairs of words stand among the terms; those that no description has are left out."""
        place = {name: column for column, name in enumerate(self.term_names) if name}
        split = _Tokens.of("description", pa.array(list(words), pa.string()))
        names = split.words.take(pa.array(split.ids[split.ids >= 0])).to_pylist()
        rows = split.rows[split.ids >= 0]
        found = {}
        for row in range(len(words)):
            name = " ".join(np.array(names, object)[rows == row])
            if place.get(name, 0) >= TERM_BLOCKS["description"].start:
                found[name] = (place[name], *([place[f"title: {name}"]] if f"title: {name}" in place else []))
        return Wanted(tuple(found.values()))

    def _learn_vocabulary(self, tokens_of: dict[str, "_Tokens"], n: int) -> None:
        self._words: dict[str, pa.Array] = {}
        self._codes: dict[tuple[str, int], NDArray[np.int64]] = {}
        self._places: dict[tuple[str, int], int] = {}
        self.term_names: list[str] = []
        frequencies: list[NDArray[np.int64]] = []
        for block, size, share, most in _VOCABULARY:
            limit = min(max(int(self.max_terms * share), 1), most or self.max_terms)
            codes, documents, names = _chosen_terms(
                tokens_of[block],
                size,
                n,
                common=block != "description",
                most=limit,
                without=frozenset() if block == "fact" else self.function_words,
            )
            if size == 1:
                self._fill_to(TERM_BLOCKS[block].start, frequencies)
            self._places[block, size] = len(self.term_names)
            self._codes[block, size] = codes
            self.term_names += [f"title: {name}" if block == "title" else name for name in names]
            frequencies.append(documents)
        for block, tokens in tokens_of.items():
            self._remember_words(block, tokens)
        self._idf = (np.log((1 + n) / (1 + np.concatenate(frequencies))) + 1).astype(np.float32)

    def _fill_to(self, place: int, frequencies: list[NDArray[np.int64]]) -> None:
        empty = place - len(self.term_names)
        self.term_names += [""] * empty
        frequencies.append(np.zeros(empty, np.int64))

    def _remember_words(self, block: str, tokens: "_Tokens") -> None:
        """Keep the words that chosen terms are made of, and say the terms in their numbers."""
        width = max(len(tokens.words), 1)
        pairs = self._codes.get((block, 2), np.empty(0, np.int64))
        used = np.unique(np.concatenate([self._codes[block, 1], pairs // width, pairs % width]))
        number = np.full(width, -1, np.int64)
        number[used] = np.arange(len(used))
        self._words[block] = tokens.words.take(pa.array(used))
        self._codes[block, 1] = number[self._codes[block, 1]]
        if (block, 2) in self._codes:
            self._codes[block, 2] = number[pairs // width] * len(used) + number[pairs % width]

    def _terms(self, tokens_of: dict[str, "_Tokens"], n: int) -> Any:
        """(n, n_terms) CSR float32 of weights, each block of a row of unit length."""
        parts = []
        for block, unnumbered in tokens_of.items():
            tokens = unnumbered.renumbered(self._words[block])
            found = []
            for (owner, size), codes in self._codes.items():
                if owner != block or not len(codes):
                    continue
                rows, ids = tokens.terms(size)
                order = np.argsort(codes, kind="stable")
                place = np.minimum(np.searchsorted(codes[order], ids), len(codes) - 1)
                hit = codes[order][place] == ids
                found.append((rows[hit], self._places[block, size] + order[place[hit]]))
            if found:
                height = n if tokens.copy_of is None else int(tokens.copy_of.max(initial=-1)) + 1
                weighted = self._weighted(found, height)
                parts.append(weighted if tokens.copy_of is None else weighted[tokens.copy_of])
        return sum(parts, sparse.csr_matrix((n, len(self.term_names)), dtype=np.float32)).tocsr()

    def _weighted(self, found: list[tuple[NDArray[np.int64], NDArray[np.int64]]], n: int) -> Any:
        rows = np.concatenate([rows for rows, _ in found])
        columns = np.concatenate([columns for _, columns in found])
        width = max(len(self.term_names), 1)
        cells, counts = _distinct(rows * width + columns)
        rows, columns = cells // width, cells % width
        weights = (1 + np.log(counts)) * self._idf[columns] if len(cells) else np.empty(0)
        lengths = np.sqrt(np.bincount(rows, weights**2, minlength=n))
        weights = (weights / lengths[rows]).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
        return sparse.csr_matrix(
            (weights, columns.astype(np.int32), starts.astype(np.int64)), shape=(n, len(self.term_names))
        )

    def _learn_latent_space(self, terms: Any) -> None:
        """One latent space over description terms, a smaller one over title terms; each centred on the corpus."""
        parts = []
        self.latent_blocks: list[LatentBlock] = []
        for block, share, weight in _LATENT:
            columns = np.flatnonzero([name != "" for name in self.term_names[TERM_BLOCKS[block]]])
            columns += TERM_BLOCKS[block].start
            components = _principal_components(terms[:, columns], max(int(self.components * share), 1), seed=self.seed)
            if not len(components):
                continue
            wide = np.zeros((len(components), len(self.term_names)), np.float32)
            wide[:, columns] = components
            parts.append(wide)
            first = self.latent_blocks[-1].stop if self.latent_blocks else 0
            centre = np.asarray(terms[:, columns].mean(axis=0), np.float64).ravel() @ components.T
            self.latent_blocks.append(LatentBlock(block, first, first + len(components), weight, centre))
        self.components_ = np.concatenate(parts) if parts else np.zeros((0, len(self.term_names)), np.float32)


@dataclass(frozen=True, eq=False)
class _Tokens:
    """The words of n texts as numbers into `words`; -1 is a word that is not there.

    copy_of: where each text was read once, which of the texts read each posting has.
    """

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    words: Any
    copy_of: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, block: str, texts: pa.Array, *, each_text_once: bool = False) -> "_Tokens":
        copy_of = None
        if each_text_once:
            distinct = texts.dictionary_encode()
            texts, copy_of = distinct.dictionary, distinct.indices.to_numpy().astype(np.int64)
        if block != "fact":
            # Letters and digits of any script; + and # for C++ and C#; .net and node.js fall into their words.
            texts = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^\p{L}\p{N}+#]+", " ")
            texts = pc.utf8_trim_whitespace(texts)
        lists = pc.split_pattern(texts, pattern="\x1f" if block == "fact" else " ")
        encoded = lists.flatten().dictionary_encode()
        rows = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
        ids = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        words = encoded.dictionary
        blank = pc.index_in(pa.array([""]), words).to_pylist()[0]
        ids[ids == (-2 if blank is None else blank)] = -1
        return cls(rows, ids, words, copy_of)

    def renumbered(self, words: Any) -> "_Tokens":
        """The same tokens in the numbers of another word list."""
        number = pc.fill_null(pc.index_in(self.words, words), -1).to_numpy(zero_copy_only=False).astype(np.int64)
        ids = np.where(self.ids >= 0, number[self.ids], -1) if len(number) else self.ids
        return _Tokens(self.rows, ids, words, self.copy_of)

    def terms(self, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows, codes) of every term of `size` words: a word's number, or first x len(words) + second."""
        if size == 1:
            known = self.ids >= 0
            return self.rows[known], self.ids[known]
        left, right = self.ids[:-1], self.ids[1:]
        known = (left >= 0) & (right >= 0) & (self.rows[:-1] == self.rows[1:])
        return self.rows[1:][known], left[known] * len(self.words) + right[known]

    def names(self, codes: NDArray[np.int64], size: int) -> NDArray[Any]:
        words = np.array(self.words.to_pylist(), dtype=object)
        if size == 1:
            return words[codes] if len(codes) else np.empty(0, object)
        if not len(codes):
            return np.empty(0, object)
        return words[codes // len(words)] + " " + words[codes % len(words)]


def _principal_components(terms: Any, size: int, *, seed: int) -> NDArray[np.float32]:
    """(<= size, n_terms) right singular vectors of a sparse matrix by randomised subspace iteration.

    Halko, Martinsson, Tropp 2011, algorithm 4.4, orthonormalised on the side of the rows, which are
    fewer than the terms. Signs are fixed: the largest loading of each vector is positive.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rows, columns = terms.shape
    size = min(size, rows - 1, columns - 1)
    if size < 1 or not terms.nnz:
        return np.empty((0, columns), np.float32)
    start = np.random.default_rng(seed).standard_normal((columns, min(size + 12, rows, columns)), dtype=np.float32)
    transposed = terms.T.tocsr()
    # One thread: the order of additions, and so the last bits, stay the same in every process.
    with threadpool_limits(limits=1):
        basis = np.linalg.qr(terms @ start)[0]
        for _ in range(_SVD_ITERATIONS):
            basis = np.linalg.qr(terms @ (transposed @ basis))[0]
        small = np.asarray(transposed @ basis, np.float64)
        values, vectors = np.linalg.eigh(small.T @ small)
        order = np.argsort(-values, kind="stable")[:size]
        order = order[values[order] > 1e-8 * values.max()]
        components = (small @ (vectors[:, order] / np.sqrt(values[order]))).T
    signs = np.sign(components[np.arange(len(components)), np.abs(components).argmax(axis=1)])
    return (components * signs[:, None]).astype(np.float32)


def _chosen_terms(
    tokens: _Tokens, size: int, n: int, *, common: bool, most: int, without: frozenset[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """(codes, documents, names) of up to `most` terms, by name; the most frequent are chosen, names break ties.

    `common` keeps terms that stand in more than half of the documents, as is done for skills in any case; terms with a
    word of `without` are none.
    """
    codes, documents = _document_frequencies(tokens, size, without)
    highest = n if common or n < 10 else n * _MAXIMUM_SHARE_OF_DOCUMENTS
    usual = documents <= highest
    if size == 1:
        # Most adverts may name a skill, and yet it is one that a person asks for.
        skills = pa.array(sorted(one_word_skills()), pa.string())
        usual |= pc.is_in(tokens.words, skills).to_numpy(zero_copy_only=False)[codes]
    keep = (documents >= min(_MINIMUM_DOCUMENTS[size], max(n // 5, 1))) & usual
    codes, documents = codes[keep], documents[keep]
    names = tokens.names(codes, size)
    order = np.lexsort((names, -documents))[:most]
    order = order[np.argsort(names[order], kind="stable")]
    return codes[order], documents[order], names[order]


def _document_frequencies(
    tokens: _Tokens, size: int, without: frozenset[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(codes, documents that hold each)."""
    rows, codes = tokens.terms(size)
    if without and len(codes):
        left_out = pc.is_in(tokens.words, pa.array(sorted(without))).to_numpy(zero_copy_only=False)
        # A pair that begins or ends with a function word says what its other word says.
        useful = ~left_out[codes % len(left_out)]
        if size == 2:
            useful &= ~left_out[codes // len(left_out)]
        rows, codes = rows[useful], codes[useful]
    span = max(len(tokens.words), 1) ** size
    cells, _ = _distinct(rows * span + codes)
    return _distinct(cells % span)


def _function_words(tokens_of: dict[str, _Tokens], postings: pd.DataFrame) -> frozenset[str]:
    languages = postings["language"] if "language" in postings else [None] * len(postings)
    found = [
        function_words(tokens.rows, tokens.ids, tokens.words.to_pylist(), list(languages))
        for block, tokens in tokens_of.items()
        if block != "fact"
    ]
    return frozenset().union(*found)


def _distinct(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(sorted distinct values, how often each occurs)."""
    values = np.sort(values)
    starts = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
    return values[starts], np.diff(starts, append=len(values))


def _tokens(postings: pd.DataFrame, *, each_text_once: bool = False) -> dict[str, _Tokens]:
    """The words of each block of every posting; a fifth of real postings repeat a text, most repeat a title."""
    title = pc.fill_null(pa.array(postings["title"], pa.string(), from_pandas=True), "")
    description = pc.fill_null(pa.array(postings["description"], pa.string(), from_pandas=True), "")
    texts = {
        "title": title,
        "fact": _fact_texts(postings),
        "description": pc.utf8_slice_codeunits(description, 0, DESCRIPTION_CHARACTERS),
    }
    return {
        block: _Tokens.of(
            block, text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text, each_text_once=each_text_once
        )
        for block, text in texts.items()
    }


def _fact_texts(postings: pd.DataFrame) -> pa.Array:
    """Named facts of each posting, joined by the unit separator: "place: berlin", "country: de"."""
    columns: list[list[str]] = [[] for _ in range(len(postings))]
    for name, label in (("country", "country"), ("employment_type", "employment"), ("language", "language")):
        if name in postings:
            for facts, value in zip(columns, postings[name], strict=True):
                if isinstance(value, str) and value:
                    facts.append(f"{label}: {value.lower()}")
    if "location" in postings:
        for facts, value in zip(columns, postings["location"], strict=True):
            if isinstance(value, str):
                facts += [f"place: {part.strip().lower()}" for part in value[:200].split(",") if part.strip()]
    return pa.array(["\x1f".join(dict.fromkeys(facts)) for facts in columns], pa.string())


def _structured(postings: pd.DataFrame) -> NDArray[np.float32]:
    columns = [_number(postings, role) for role in ROLES]
    levels = {level: float(rank) for rank, level in enumerate(SENIORITY_LEVELS)}
    columns.append(_mapped(postings, "seniority", levels))
    columns.append(_number(postings, "years_min"))
    pay = _number(postings, "salary_annual_usd")
    columns.append(np.log10(np.where(pay > 0, pay, np.nan)))
    for workplace in WORKPLACES:
        columns.append(_mapped(postings, "workplace", {name: float(name == workplace) for name in WORKPLACES}))
    columns.append(_age(postings))
    length = postings["description"].str.len().fillna(0).to_numpy(np.float64)
    columns.append(np.log10(length + 1))
    columns.append(np.full(len(postings), np.nan))
    return np.column_stack(columns).astype(np.float32)


def _number(postings: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in postings:
        return np.full(len(postings), np.nan)
    return np.asarray(pd.to_numeric(postings[name], errors="coerce"), np.float64)


def _mapped(postings: pd.DataFrame, name: str, values: dict[str, float]) -> NDArray[np.float64]:
    if name not in postings:
        return np.full(len(postings), np.nan)
    return np.asarray(postings[name].map(values).to_numpy(np.float64, na_value=np.nan), np.float64)


def _age(postings: pd.DataFrame) -> NDArray[np.float64]:
    """Days from posting to our first sight of it: a fact that does not change, unlike today's age."""
    if "posted_at" not in postings or "first_seen_at" not in postings:
        return np.full(len(postings), np.nan)
    posted = pd.to_datetime(postings["posted_at"], utc=True, errors="coerce")
    seen = pd.to_datetime(postings["first_seen_at"], utc=True, errors="coerce")
    days: NDArray[np.float64] = (seen - posted).dt.total_seconds().to_numpy(np.float64) / 86_400
    return np.asarray(np.clip(days, 0, 365), np.float64)


def _checked(postings: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in REQUIRED if name not in postings]
    if missing:
        raise ValueError(f"postings lack the column {missing[0]!r}; needed: {', '.join(REQUIRED)}")
    return postings


def _posting_ids(postings: pd.DataFrame) -> NDArray[Any]:
    values = postings.get("posting_id", postings.index)
    return np.array([str(value) for value in values], dtype=object)


def _identities(postings: pd.DataFrame) -> list[str]:
    """Sorted digests of what the encoder learns from; the order of rows does not matter."""
    location = postings["location"] if "location" in postings else [""] * len(postings)
    rows = zip(postings["title"], postings["description"], location, strict=True)
    return sorted(hashlib.sha256("\x1f".join(map(str, row)).encode(errors="replace")).hexdigest() for row in rows)


def corpus_sample(postings: pd.DataFrame, limit: int = CORPUS_LIMIT) -> pd.DataFrame:
    """At most `limit` postings, in an order and a choice that depend on their ids alone."""
    keys = [hashlib.sha256(identity.encode()).hexdigest() for identity in _posting_ids(postings)]
    return postings.iloc[np.argsort(np.array(keys), kind="stable")[:limit]]


def fit_encoder(lake: Lake, *, batch_rows: int = 5_000, seed: int = 0) -> FeatureEncoder:
    """Fit an encoder on the stored postings, holding no more than the sample and one batch in memory."""
    sample = pd.DataFrame(columns=list(COLUMNS))
    for batch in lake.batches("postings", COLUMNS, rows=batch_rows):
        sample = corpus_sample(pd.concat([sample, batch], ignore_index=True) if len(sample) else batch)
    return FeatureEncoder(seed=seed).fit(sample)


def needs_refit(stored_rows: int, rows_now: int) -> bool:
    """Whether the encoder must be fitted again: there is none (0 rows), or the corpus has grown by a quarter."""
    return rows_now > 0 and (stored_rows == 0 or rows_now >= stored_rows * (1 + REFIT_GROWTH))


def save_encoder(home: Home, encoder: FeatureEncoder) -> Path:
    """Store the encoder; the one before is replaced in one step."""
    return write_object(_encoder_path(home), encoder)


def load_encoder(home: Home) -> FeatureEncoder | None:
    """The stored encoder; None when there is none, or when older code wrote it."""
    path = _encoder_path(home)
    encoder = read_object(path) if path.is_file() else None
    return encoder if getattr(encoder, "code_version", None) == ENCODER_CODE_VERSION else None


def _encoder_path(home: Home) -> Path:
    return home.models / "encoder" / "encoder.joblib"


def update_features(lake: Lake, encoder: FeatureEncoder, *, batch_rows: int = 5_000) -> Counts:
    """Encode the postings that `posting_features` lacks or holds in an older state, batch by batch.

    A row is up to date when posting content, role tag version and encoder version are those stored.
    Rows of other encoder versions stay, for the models that were trained on them.
    """
    state = _wanted_state(lake)
    stored = lake.read(
        "posting_features",
        ["posting_id", "content_hash", "tagger_version"],
        [("encoder_version", "=", encoder.version)],
    ).set_index("posting_id")
    known = state.index.isin(stored.index)
    same = (state.fillna("") == stored.reindex(state.index).fillna("")).all(axis=1).to_numpy() & known
    stale = state.index[~same]
    if not len(stale):
        return Counts(unchanged=len(state))
    where = None if len(stale) == len(state) else [("posting_id", "in", list(stale))]
    for batch in lake.batches("postings", COLUMNS, where, rows=batch_rows):
        # What another run has added since is its own to encode, or the next one's.
        batch = batch[batch["posting_id"].isin(stale)]
        ids = batch["posting_id"]
        tags = lake.read("role_tags", ["posting_id", *ROLES], [("posting_id", "in", list(ids))])
        features = encoder.transform(batch.merge(tags, on="posting_id", how="left"))
        lake.merge("posting_features", _feature_table(features, state.loc[ids], encoder.version))
    return Counts(new=int((~known).sum()), changed=int((known & ~same).sum()), unchanged=int(same.sum()))


def read_features(
    lake: Lake, encoder_version: str, posting_ids: Sequence[str] | None = None, *, vectors_version: str = ""
) -> FeatureMatrix:
    """Stored features of one encoder version: all, or those of the given postings in the given order.

    With a `vectors_version` the vectors of the optional encoder stand beside them.
    Arrow's list buffers become the CSR's data and indices without a copy, its offsets the row pointers.
    The matrix ends with the largest term id that occurs; absent columns mean weight 0.
    Raises ValueError when a given posting has no stored features.
    """
    where: list[tuple[str, str, Any]] = [("encoder_version", "=", encoder_version)]
    if posting_ids is not None:
        where.append(("posting_id", "in", list(posting_ids)))
    table = lake.read_arrow("posting_features", _STORED, where).combine_chunks()
    if posting_ids is None:
        return _with_meaning(_feature_matrix(table), lake, vectors_version)
    place = pd.Series(np.arange(table.num_rows), index=table.column("posting_id").to_pylist(), dtype="float64")
    rows = place.reindex(list(posting_ids))
    if rows.isna().any():
        raise ValueError(
            f"posting {rows.index[rows.isna()][0]!r} and {int(rows.isna().sum()) - 1} more have no features of encoder "
            f"{encoder_version}; materialize posting_features first"
        )
    return _with_meaning(_feature_matrix(table).take(rows.to_numpy(np.int64)), lake, vectors_version)


def _with_meaning(features: FeatureMatrix, lake: Lake, vectors_version: str) -> FeatureMatrix:
    if not vectors_version or not len(features):
        return features
    return replace(features, meaning=read_vectors(lake, vectors_version, features.posting_ids))


def feature_batches(lake: Lake, encoder_version: str) -> Iterator[FeatureMatrix]:
    """All stored features of one encoder version, some thousand rows at a time: memory does not grow with the rows."""
    for batch in lake.arrow_batches("posting_features", _STORED, [("encoder_version", "=", encoder_version)]):
        if batch.num_rows:
            yield _feature_matrix(pa.Table.from_batches([batch]))


def _wanted_state(lake: Lake) -> pd.DataFrame:
    """(posting_id) content_hash and tagger_version as they stand in the lake now."""
    postings = lake.read("postings", ["posting_id", "content_hash"])
    tags = lake.read("role_tags", ["posting_id", "tagger_version"])
    return postings.merge(tags, on="posting_id", how="left").set_index("posting_id")


def _feature_table(features: FeatureMatrix, state: pd.DataFrame, encoder_version: str) -> pa.Table:
    terms = features.terms
    return pa.table(
        {
            "posting_id": pa.array(features.posting_ids, pa.string()),
            "encoder_version": pa.array([encoder_version] * len(features), pa.string()),
            "content_hash": pa.array(state["content_hash"], pa.string(), from_pandas=True),
            "tagger_version": pa.array(state["tagger_version"], pa.string(), from_pandas=True),
            "term_ids": _lists(terms.indices.astype(np.int32), terms.indptr),
            "term_weights": _lists(terms.data.astype(np.float32), terms.indptr),
            "vector": _rows(features.vector),
            "structured": _rows(features.structured),
        }
    )


def _lists(values: NDArray[Any], starts: NDArray[Any]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), pa.array(values))


def _rows(matrix: NDArray[np.float32]) -> pa.Array:
    starts = np.arange(len(matrix) + 1) * matrix.shape[1]
    # NaN is a value of its own here: as null it would not survive as a buffer.
    return _lists(np.ascontiguousarray(matrix).ravel(), starts)


def _feature_matrix(table: pa.Table) -> FeatureMatrix:
    ids = np.array(table.column("posting_id").to_pylist(), dtype=object)
    if not len(ids):
        vector, structured = np.empty((0, 0), np.float32), np.empty((0, len(STRUCTURED)), np.float32)
        return FeatureMatrix(ids, sparse.csr_matrix((0, 0), dtype=np.float32), vector, structured)
    columns, starts = _buffers(table, "term_ids")
    weights, _ = _buffers(table, "term_weights")
    width = int(columns.max(initial=-1)) + 1
    terms = sparse.csr_matrix((weights, columns, starts), shape=(len(ids), width), copy=False)
    dense = [_buffers(table, name)[0].reshape(len(ids), -1) for name in ("vector", "structured")]
    return FeatureMatrix(ids, terms, dense[0], dense[1])


def _buffers(table: pa.Table, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """(values, offsets) of a list column."""
    column = table.column(name)
    lists = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    starts = lists.offsets.to_numpy().astype(np.int64)
    return lists.values.to_numpy(zero_copy_only=False)[starts[0] : starts[-1]], starts - starts[0]
