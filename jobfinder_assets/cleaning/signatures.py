"""Texts as sets of hashed word shingles, and shingles as bands of a MinHash signature.

Two texts that share most shingles (Broder 1997) share a band with high probability (Leskovec, Rajaraman, Ullman,
*Mining of Massive Datasets*, ch. 3), so that near-duplicates are found without comparing every pair. Hashing is done
on whole batches with numpy; MinHash is rensa's.
"""

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

Hashes = npt.NDArray[np.uint64]

BANDS = 16
ROWS_PER_BAND = 4
PERMUTATIONS = BANDS * ROWS_PER_BAND
_SEED = 20_250_101
# What is made of a chunk stays in the processor's cache.
_CHUNK_BYTES = 1 << 17
_MAX_TEXT_BYTES = 60_000
_LATIN_SHARE = 0.7

_BASE = 0x9E3779B97F4A7C15
# Odd numbers of random bits: what they multiply is told apart by its place.
_SECOND, _THIRD = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)
_WORD_BYTES = 8
# What of eight bytes, read as a little-endian number, belongs to a word of that many letters.
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(_WORD_BYTES + 1)], np.uint64)
_SPLITMIX = [
    (np.uint64(shift), np.uint64(factor)) for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
]
_TAG = re.compile(r"<[^<>]{0,500}>")
# Scripts that are written without spaces: every character is a word.
_UNSPACED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff])")
_APOSTROPHES = b"'`"
_WORDS_ONLY = bytes(byte if (chr(byte).isascii() and chr(byte).isalnum()) or byte >= 128 else 32 for byte in range(256))
_LOWER = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))
# A word begins where the class grows: 0 a blank, 1 a small letter (or another script), 2 a digit, 3 a capital.
_CLASS = bytes(0 if byte == 32 else 2 if 48 <= byte <= 57 else 3 if 65 <= byte <= 90 else 1 for byte in range(256))


@dataclass(frozen=True)
class Shingles:
    """The shingles of a batch: those of text `i` are `hashes[starts[i]:starts[i + 1]]`, in reading order."""

    hashes: Hashes
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, index: int) -> Hashes:
        return self.hashes[self.starts[index] : self.starts[index + 1]]


def stable_hash(*parts: str) -> int:
    """The same unsigned 64-bit number for the same strings on every machine and in every process."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest(), "little")


def words_of(text: str) -> bytes:
    """Words parted by white space, in their own case: no markup, punctuation or accents.

    Accented letters and wrongly decoded ones are dropped alike, so that a text equals its mojibake; a text that is
    mostly not Latin keeps its letters, in UTF-8.
    """
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        latin = text.encode("ascii", "ignore")
        if len(latin) >= _LATIN_SHARE * len(text):
            return _plain_words(latin)
        text = _UNSPACED.sub(r" \1 ", text[:_MAX_TEXT_BYTES].lower())
    return _plain_words(text.encode("utf-8", "ignore"))


def _plain_words(text: bytes) -> bytes:
    """Bytes of other signs become blanks; "bull" is "&bull;" whose signs a scraper lost."""
    words = text[:_MAX_TEXT_BYTES].translate(_WORDS_ONLY, _APOSTROPHES)
    return words.replace(b" bull ", b" ") if b"bull" in words else words


def shingle(texts: Sequence[str]) -> Shingles:
    """The hashed runs of three words of each text (shorter at its end); an empty text has none.

    Case does not count, but a capital or digit behind a small letter and a capital behind a digit begin a word:
    scrapers that lose line breaks write "environmentResponsibilities".
    """
    parts: list[Hashes] = []
    counts: list[npt.NDArray[np.int64]] = []
    chunk: list[bytes] = []
    size = 0
    for text in texts:
        words = words_of(text)
        chunk.append(words)
        size += len(words) + 1
        if size >= _CHUNK_BYTES:
            _shingle_chunk(chunk, parts, counts)
            chunk, size = [], 0
    if chunk:
        _shingle_chunk(chunk, parts, counts)
    starts = np.concatenate([np.zeros(1, np.int64), *counts]).cumsum()
    return Shingles(np.concatenate(parts) if parts else np.zeros(0, np.uint64), starts)


def minhash(shingles: Shingles) -> Hashes:
    """MinHash signatures, one row of `PERMUTATIONS` numbers a text."""
    if not len(shingles):
        return np.zeros((0, PERMUTATIONS), np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.hashes, shingles.starts.astype(np.uint64), PERMUTATIONS, _SEED
    )
    return np.asarray(matrix.to_rows(), dtype=np.uint64)


def band(signatures: Hashes) -> Hashes:
    """Locality-sensitive bands: `BANDS` hashes a text, each of `ROWS_PER_BAND` signature numbers."""
    bands = np.empty((len(signatures), BANDS), np.uint64)
    for number in range(BANDS):
        rows = signatures[:, number * ROWS_PER_BAND : (number + 1) * ROWS_PER_BAND]
        bands[:, number] = mix(np.full(len(signatures), number, np.uint64), *rows.T)
    return bands


def mix(*columns: Hashes) -> Hashes:
    """Hash columns of numbers together, row by row (splitmix64, Steele et al. 2014)."""
    state = np.zeros(len(columns[0]), np.uint64)
    shifted = np.empty_like(state)
    for column in columns:
        state ^= column
        state += np.uint64(_BASE)
        for shift, factor in _SPLITMIX:
            np.right_shift(state, shift, out=shifted)
            state ^= shifted
            state *= factor
        np.right_shift(state, np.uint64(31), out=shifted)
        state ^= shifted
    return state


def _shingle_chunk(texts: list[bytes], parts: list[Hashes], counts: list[npt.NDArray[np.int64]]) -> None:
    whole = b" " + b" ".join(texts) + b" "
    classes = np.frombuffer(whole.translate(_CLASS), np.uint8)
    before, behind = classes[:-1], classes[1:]
    first = np.flatnonzero(behind > before) + 1
    # Before a blank the difference is that of 0 and 1, the largest number of a byte.
    last = np.flatnonzero((behind - np.uint8(1) >= before) & (before > 0)) + 1
    words = _hash_words(whole.translate(_LOWER), first, last - first)
    ends = np.searchsorted(first, np.cumsum([len(text) + 1 for text in texts]), side="right")
    # A text's last words have none behind them.
    second, third = np.zeros((2, len(words)), np.uint64)
    second[:-1], third[:-2] = words[1:], words[2:]
    filled = ends[ends > 0] - 1
    second[filled] = third[filled] = third[filled - 1] = 0
    parts.append(mix(words + second * _SECOND + third * _THIRD))
    counts.append(np.diff(ends, prepend=0))


def _hash_words(text: bytes, first: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Hashes:
    """A hash of each word from its length, its first eight bytes and its last eight: of what is longer than sixteen,
    the middle does not count."""
    eights = np.ndarray(len(text), np.dtype("<u8"), text + bytes(_WORD_BYTES), strides=(1,))
    words = eights[first]
    words &= _MASKS[np.minimum(lengths, _WORD_BYTES)]
    words += lengths.astype(np.uint64) * _THIRD
    long = np.flatnonzero(lengths > _WORD_BYTES)
    words[long] += eights[first[long] + lengths[long] - _WORD_BYTES] * _SECOND
    return mix(words)
