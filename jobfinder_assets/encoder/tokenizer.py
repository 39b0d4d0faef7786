"""The domain's names as tokens of their own: learnt from the user's corpus, added to the base tokenizer.

MiniLM's WordPiece vocabulary of 2018 spells `databricks` in three pieces and `pyspark` in three. Names that several
employers write become one token (weights.load gives them their embeddings). Ordinary words that are spelt in pieces
stay as they are: WordPiece composes `action ##able` well.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobfinder_assets.cleaning.company import company_key

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZER_VERSION = "1"
# A name must be written by so many employers: one employer's own names say who it is, not what the job is.
FEWEST_EMPLOYERS = 3
_LONGEST = 30
# A word is a name when so many of its uses inside a sentence begin with a capital, or one has a capital, a digit or
# a sign in its midst.
_CAPITAL_SHARE = 0.5
_WORD = re.compile(r"(?<![\w@/.-])[A-Za-z][A-Za-z0-9]*(?:[-.+#][A-Za-z0-9+#]+|[+#]+)*(?![\w@])")
_INNER = re.compile(r"^.+[A-Z0-9+#]")
_SENTENCE_ENDS = ".!?:;•*\n-–"
_CHARACTERS = 6_000


@dataclass(frozen=True)
class Coverage:
    """What a vocabulary does for a sample of postings.

    words: tokens added; covered: share of postings that hold at least one; before, after: mean tokens per posting.
    """

    words: int
    covered: float
    before: float
    after: float


def learn_words(
    texts: Sequence[str], companies: Sequence[str], tokenizer: "PreTrainedTokenizerBase", *, most: int
) -> tuple[str, ...]:
    """Up to `most` names, lower case, that the tokenizer spells in pieces; those that save most tokens, then by name.

    texts, companies: one of each per posting. A word counts once per employer.
    """
    employers: dict[str, set[str]] = defaultdict(set)
    inside: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    marked: set[str] = set()
    for number, (text, company) in enumerate(zip(texts, companies, strict=True)):
        employer = company_key(company) or f"unnamed {number}"
        for match in _WORD.finditer(text[:_CHARACTERS]):
            written = match.group()
            word = written.lower()
            if not 2 < len(word) <= _LONGEST:
                continue
            employers[word].add(employer)
            if not _begins_sentence(text, match.start()):
                inside[word] += 1
                capital[word] += written[0].isupper() and not written.isupper()
                # A word in capitals may be shouted; a capital in its midst is meant.
                if _INNER.match(written) and not written.isupper():
                    marked.add(word)
    known = tokenizer.get_vocab()
    names = [
        word
        for word, found in employers.items()
        if len(found) >= FEWEST_EMPLOYERS
        and (word in marked or (inside[word] and capital[word] / inside[word] >= _CAPITAL_SHARE))
        and not _is_compound(word, known)
    ]
    saved = {word: len(employers[word]) * (pieces - 1) for word, pieces in _pieces(names, tokenizer) if pieces > 1}
    return tuple(sorted(sorted(saved), key=lambda word: -saved[word])[:most])


def coverage(
    texts: Sequence[str], base: "PreTrainedTokenizerBase", domain: "PreTrainedTokenizerBase", *, words: int
) -> Coverage:
    """Tokens per posting with both tokenizers over `texts`."""
    if not texts:
        return Coverage(words, 0.0, 0.0, 0.0)
    cut = [text[:_CHARACTERS] for text in texts]
    before = _lengths(cut, base)
    after = _lengths(cut, domain)
    pairs = zip(before, after, strict=True)
    return Coverage(words, sum(b > a for b, a in pairs) / len(cut), sum(before) / len(cut), sum(after) / len(cut))


def _lengths(texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    encoded = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
    return [len(ids) for ids in encoded]


def _pieces(words: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[tuple[str, int]]:
    return list(zip(words, _lengths(words, tokenizer), strict=True)) if words else []


def _is_compound(word: str, known: Mapping[str, int]) -> bool:
    """Ordinary words joined by hyphens ("full-time"), which the base tokenizer knows one by one."""
    parts = word.split("-")
    return len(parts) > 1 and all(part in known for part in parts)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(start - 3, 0) : start].rstrip(" \t")
    return not before or before[-1] in _SENTENCE_ENDS
