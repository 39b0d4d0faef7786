"""Words and word n-grams of many texts at once, as numbers: what rules and classifier are looked up by.

A text of 3.5 kB takes some 40 µs here and about a millisecond in a tokenizer that makes Python
strings. Words are runs of letters, digits, `+` and `#`, in lower case, without accents and without a
plural `s`; `glueHere` is two words, because many sources lose the line break between two paragraphs.
Scripts other than Latin, Greek and Cyrillic are read as white space.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bits: TypeAlias = NDArray[np.uint64]
Indices: TypeAlias = NDArray[np.int64]

# Longer texts are read up to here: no advert is longer, and a hostile one costs no more than this.
MAX_CHARACTERS = 40_000

_ALPHABET = 0x530
_BASE = 0x9E3779B97F4A7C15
_WORD_STEP = np.uint64(0xD1342543DE82EF95)
_SHIFT = np.uint64(29)
_SCRAMBLE = np.uint64(0xBF58476D1CE4E5B9)
_FILTER_SHIFT = np.uint64(46)


def _folded(code: int) -> int:
    character = chr(code)
    if character in "+#":
        return code
    if not character.isalnum():
        return 0
    return ord(unicodedata.normalize("NFKD", character.lower())[0])


# One entry more than the alphabet: every character beyond it is a separator.
_FOLD = np.array([*(_folded(code) for code in range(_ALPHABET)), 0], dtype=np.uint64)
_IS_UPPER = np.array([*(chr(code).isupper() for code in range(_ALPHABET)), False])
_IS_LOWER = np.array([*(chr(code).islower() for code in range(_ALPHABET)), False])
_KEEPS_S = np.isin(np.arange(_FOLD.max() + 1), [ord(letter) for letter in "su"])


@dataclass(frozen=True)
class Tokens:
    """The words of a batch of texts, in order.

    text: the texts joined by line breaks; first: where each text begins in it, shape (texts + 1,).
    document, start, end, hashes: one entry per word; start and end are positions in `text`.
    """

    text: str
    first: Indices
    document: Indices
    start: Indices
    end: Indices
    hashes: Bits
    capital: NDArray[np.bool_]
    _runs: dict[int, Bits] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def documents(self) -> int:
        return len(self.first) - 1

    def ngrams(self, length: int) -> Bits:
        """Hash of each run of `length` words, by its first word; a run that leaves its text is 0."""
        if length == 1:
            return self.hashes
        if length not in self._runs:
            count = max(len(self) - length + 1, 0)
            last = slice(length - 1, length - 1 + count)
            inside = self.document[:count] == self.document[last]
            self._runs[length] = (self.ngrams(length - 1)[:count] * _WORD_STEP + self.hashes[last]) * inside
        return self._runs[length]


def tokenize(texts: Sequence[str]) -> Tokens:
    """The words of `texts`; positions count characters, so that they can be shown."""
    cut = [text[:MAX_CHARACTERS] for text in texts]
    first = np.zeros(len(cut) + 1, dtype=np.int64)
    np.cumsum([len(text) + 1 for text in cut], out=first[1:])
    joined = "\n".join([*cut, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    codes = np.minimum(codes, np.uint32(_ALPHABET))
    letters = _FOLD[codes]
    inside = letters > 0
    upper = _IS_UPPER[codes]
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | (upper[1:] & _IS_LOWER[codes[:-1]])
    finishes = inside.copy()
    finishes[:-1] &= ~inside[1:] | begins[1:]
    start, end = np.flatnonzero(begins), np.flatnonzero(finishes) + 1
    document = np.searchsorted(first, start, side="right") - 1
    last = letters[end - 1] if len(end) else letters[:0]
    plural = (last == ord("s")) & (end - start > 3)
    plural[plural] = ~_KEEPS_S[letters[end[plural] - 2]]
    return Tokens(joined, first, document, start, end, _word_hashes(letters, start, end - plural), upper[start])


def _word_hashes(letters: Bits, start: Indices, end: Indices) -> Bits:
    """Polynomial hash of each word, modulo 2^64, from prefix sums over the whole batch."""
    powers, inverses = _powers(len(letters))
    sums = np.zeros(len(letters) + 1, dtype=np.uint64)
    np.cumsum(letters * powers, out=sums[1:])
    hashes = (sums[end] - sums[start]) * inverses[start]
    hashes ^= hashes >> _SHIFT
    hashes *= _SCRAMBLE
    hashes ^= hashes >> _SHIFT
    return hashes


@cache
def _power_series(size: int) -> tuple[Bits, Bits]:
    """Powers of the base and of its inverse modulo 2^64."""
    powers, inverses = (np.full(size, base, dtype=np.uint64) for base in (_BASE, pow(_BASE, -1, 1 << 64)))
    for series in (powers, inverses):
        series[0] = 1
        np.multiply.accumulate(series, out=series)
    return powers, inverses


def _powers(length: int) -> tuple[Bits, Bits]:
    powers, inverses = _power_series(1 << max(length - 1, 1 << 16).bit_length())
    return powers[:length], inverses[:length]


@dataclass(frozen=True)
class Hits:
    """Where phrases of a table stand: the word that a phrase begins with, its length, its number in the table."""

    token: Indices
    length: Indices
    phrase: Indices

    def __len__(self) -> int:
        return len(self.token)


class PhraseTable:
    """Phrases of one to a few words, found in a batch of texts by the hash of their words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = tuple(phrases)
        words = tokenize(self.phrases)
        lengths = np.bincount(words.document, minlength=len(self.phrases))
        empty = [phrase for phrase, length in zip(self.phrases, lengths, strict=True) if not length]
        if empty:
            raise ValueError(f"phrase {empty[0]!r} holds no word")
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        self._by_length: list[tuple[int, Bits, Indices]] = []
        for length in sorted({int(length) for length in lengths}):
            numbers = np.flatnonzero(lengths == length)
            keys = words.ngrams(length)[offsets[numbers]]
            order = np.argsort(keys, kind="stable")
            self._by_length.append((length, keys[order], numbers[order]))

    @cached_property
    def _filters(self) -> list[NDArray[np.bool_]]:
        """For each length, which leading bits any phrase has: most words are turned away by one look."""
        filters = []
        for _, keys, _ in self._by_length:
            seen = np.zeros(1 << (64 - int(_FILTER_SHIFT)), dtype=bool)
            seen[keys >> _FILTER_SHIFT] = True
            filters.append(seen)
        return filters

    def find(self, tokens: Tokens) -> Hits:
        """Every occurrence of every phrase, in the order of the text; a longer phrase comes first."""
        found: list[tuple[Indices, Indices, Indices]] = []
        for (length, keys, numbers), seen in zip(self._by_length, self._filters, strict=True):
            runs = tokens.ngrams(length)
            places = np.flatnonzero(seen[runs >> _FILTER_SHIFT])
            at = np.minimum(np.searchsorted(keys, runs[places]), len(keys) - 1)
            match = keys[at] == runs[places]
            places, at = places[match], at[match]
            found.append((places, np.full(len(places), length, dtype=np.int64), numbers[at]))
        if not found:
            nothing = np.zeros(0, dtype=np.int64)
            return Hits(nothing, nothing, nothing)
        token, length_, phrase = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.lexsort((-length_, token))
        return Hits(token[order], length_[order], phrase[order])
