"""Words that show in which language an advert is written, not what it says: "the", "und", "von".

They are told neither as a reason nor to a model: the language itself is a fact of its own, and which articles a text
prefers is no taste. The lists are those that spaCy maintains for some seventy languages.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.skills import one_word_skills

# Nearly every corpus is English for the most part; a text of unknown language is taken for English.
_ENGLISH = "en"
# A language that fewer texts of the sample are written in is as likely a wrong guess.
_FEWEST_TEXTS = 5
# "AI" stands on a French list (j'ai), "BI" on a Croatian one: a word of another language's list is one of theirs only
# when their texts have it so many times as often as English ones.
_TIMES_AS_OFTEN = 2.0
_WORD = re.compile(r"[^\W_]+")


def function_words(
    rows: NDArray[np.int64], ids: NDArray[np.int64], words: Sequence[str], languages: Sequence[Any]
) -> frozenset[str]:
    """Those of `words` that are function words of English or of a language of the corpus, and no skill.

    rows, ids: (tokens,) the text that each token stands in, and the place of its word in `words`, below 0 for none;
    languages: the ISO 639-1 code of each text, None where unknown.
    """
    language = pd.Series(languages, dtype="object").fillna(_ENGLISH).to_numpy()
    skills = one_word_skills()
    # "(m/w/d)", "client's", "e.g.": what is left of them is no word, in whatever language.
    letters = {word for word in words if len(word) == 1 and word.isascii() and word.isalpha()}
    found = (stop_words(_ENGLISH) & set(words) | letters) - skills
    share = _document_shares(rows, ids, len(words))
    counts = pd.Series(language).value_counts()
    for code in counts.index[counts >= _FEWEST_TEXTS].drop(_ENGLISH, errors="ignore"):
        theirs = stop_words(code) - skills - found
        at = np.array([place for place, word in enumerate(words) if word in theirs], np.int64)
        often = share(at, language == code) >= _TIMES_AS_OFTEN * share(at, language == _ENGLISH)
        found |= {words[place] for place in at[often]}
    return frozenset(found)


@cache
def stop_words(language: str) -> frozenset[str]:
    """The list of a language (ISO 639-1) in lower case; empty where there is none. "j'" and "n't" give j, n and t."""
    try:
        listed = import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS
    except ModuleNotFoundError:
        return frozenset()
    return frozenset(part for word in listed for part in _WORD.findall(word.lower()))


def _document_shares(
    rows: NDArray[np.int64], ids: NDArray[np.int64], size: int
) -> Callable[[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.float64]]:
    """A function of words and a mask of texts: the share of those texts that has each word."""

    def share(at: NDArray[np.int64], texts: NDArray[np.bool_]) -> NDArray[np.float64]:
        if not len(at) or not texts.any():
            return np.zeros(len(at))
        wanted = np.zeros(size, bool)
        wanted[at] = True
        mine = (ids >= 0) & wanted[ids] & texts[rows]
        cells = np.unique(rows[mine] * size + ids[mine])
        return np.bincount(cells % size, minlength=size)[at] / texts.sum()

    return share
