"""Which of a person's words may go into a product: those that enough postings have, so that a word tells of the market,
and none of the special categories of personal data (GDPR Art. 9) that the consent does not let in.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd
from ahocorasick_rs import AhoCorasick

from jobfinder_assets.export.columns import LONGEST_VALUE
from jobfinder_assets.storage.lake import Lake

CATEGORIES = ("health", "disability", "faith", "union", "politics", "sexuality", "origin")
# Words, and names such as C++, C# and node.js.
_WORD = re.compile(r"[^\W_](?:[\w+#]|[.-](?=\w))*")
_PART_OF_WORD = frozenset("+#_")
_SHORTEST = 2
# Said in every advert, they say nothing.
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an and are as at be been but by can do for from had has have i if in into is it its me my no not of on or our
        so than that the their them they this to too very was we were what when which who will with would you your
        der die das und ist ein eine ich mit nicht von zu den dem des für auf im
        """,
    )
)


@dataclass(frozen=True)
class Occurrences:
    """common: the words that enough openings have; of_posting: the watched words that each posting has."""

    common: frozenset[str]
    of_posting: Mapping[str, frozenset[str]]


def words_of(text: str) -> list[str]:
    """The words of a text that say something, folded, each once, sorted."""
    found = {word.casefold() for word in _WORD.findall(text)}
    return sorted(word for word in found if _SHORTEST <= len(word) <= LONGEST_VALUE and word not in _EMPTY_WORDS)


def common_values(lists: "pd.Series[Any]", *, k: int) -> frozenset[str]:
    """The values that at least k of the lists hold."""
    counts = lists.explode().dropna().value_counts()
    return frozenset(str(value) for value in counts.index[counts >= k])


def occurrences(
    lake: Lake,
    watched: Collection[str],
    counted: Collection[str],
    *,
    k: int,
    cluster_of: "pd.Series[str]",
    wanted: Collection[str],
) -> Occurrences:
    """Read every posting's title and text once for the given words (folded).

    watched: words to note for each of the `wanted` postings; counted: words to count only. A word is common when at
    least k openings have it: copies of one opening count once.
    """
    openings: dict[str, set[str]] = {word: set() for word in {*watched, *counted}}
    of_posting: dict[str, frozenset[str]] = {}
    if not openings:
        return Occurrences(frozenset(), {})
    clusters, ids = cluster_of.to_dict(), set(wanted)
    open_words: list[str] = []
    finder = AhoCorasick(open_words)
    for number, batch in enumerate(lake.batches("postings", ["posting_id", "title", "description"])):
        # A word that enough openings have is not counted on: the commonest cost the most, and are known first. To
        # make a finder of many words takes a second: after 1, 2, 4, 8 … batches.
        if number & (number - 1) == 0:
            open_words = sorted({*watched, *(word for word, seen in openings.items() if len(seen) < k)})
            if not open_words:
                break
            finder = AhoCorasick(open_words)
        texts = batch["title"].fillna("").astype(str) + "\n" + batch["description"].fillna("").astype(str)
        for posting, text in zip(batch["posting_id"], texts, strict=True):
            found = _whole_words(finder, open_words, text.casefold())
            for word in found:
                if len(openings[word]) < k:
                    openings[word].add(clusters.get(posting, posting))
            if posting in ids and (noted := found.intersection(watched)):
                of_posting[posting] = frozenset(noted)
    return Occurrences(frozenset(word for word, seen in openings.items() if len(seen) >= k), of_posting)


def keep(words: Iterable[str], allowed: Collection[str]) -> list[str]:
    """The allowed words, sorted."""
    return sorted(word for word in words if word in allowed)


def categories_of(word: str) -> frozenset[str]:
    """The special categories that a word may tell of; most words tell of none."""
    folded, words = word.casefold(), _special_words()
    return frozenset(name for name, (whole, begun) in words.items() if folded in whole or folded.startswith(begun))


def may_stay(word: str, allowed: tuple[str, ...]) -> bool:
    """Whether the consent lets this word into a product: it tells of nothing special, or only of what is allowed."""
    return categories_of(word) <= set(allowed)


@cache
def _special_words() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """By category: whole words, and beginnings of words, folded."""
    file = resources.files("jobfinder_assets.export") / "data" / "special_categories.toml"
    table: dict[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        name: (
            frozenset(word for word in words if not word.endswith("*")),
            tuple(word.removesuffix("*") for word in words if word.endswith("*")),
        )
        for name, words in table.items()
    }


def _whole_words(finder: AhoCorasick, patterns: list[str], text: str) -> set[str]:
    found: set[str] = set()
    for number, start, end in finder.find_matches_as_indexes(text, overlapping=True):
        word = patterns[number]
        if word not in found and _edge(text, start - 1) and _edge(text, end):
            found.add(word)
    return found


def _edge(text: str, position: int) -> bool:
    if not 0 <= position < len(text):
        return True
    return not (text[position].isalnum() or text[position] in _PART_OF_WORD)
