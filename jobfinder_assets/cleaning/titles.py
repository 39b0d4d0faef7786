"""A title taken apart: level, core words, states and numbers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.opening_words import OPENING_WORDS, STATES, plain_words
from jobfinder_assets.cleaning.requisitions import BOARD_CODE, plain_number
from jobfinder_assets.cleaning.whereabouts import CITY_SPELLINGS

STEM_LETTERS = 5
LEVELS: dict[str, str] = OPENING_WORDS["levels"]
_NUMERALS = frozenset(OPENING_WORDS["numerals"])
_NOT_LEVELS = frozenset(OPENING_WORDS["not_levels"])
_SPELLINGS: dict[str, list[str]] = OPENING_WORDS["spellings"]
_TITLE_NOISE = frozenset(OPENING_WORDS["title_noise"])
_TITLE_NUMBER = re.compile(
    r"#[A-Za-z]{0,4}-?\d{3,14}\b|\b[A-Za-z]{0,4}-?\d{5,14}[A-Za-z]{0,3}\b"
    # "(2018-7190)" is a number, "(2025-2026)" a school year.
    r"|\((?:19|20)\d\d-(?!(?:19|20)\d\d\))\d{3,6}\)"
)
# Of the advert, not of the job: "£35-40k", "up to 5 posts".
_ASIDE = re.compile(
    r"[£$€]\s?\d[\d,.]*k?\b(?:\s?(?:-|–|to)\s?[£$€]?\s?\d[\d,.]*k?\b)?"
    r"|\b(?:up to )?(?:\d{1,2}|two|three|several|multiple)\s?x?\s(?:posts|positions|vacancies|openings|sessions)\b",
    re.I,
)
# "Co-ordinator", "Co-op"
_HYPHEN = re.compile(r"\b(co)-(?=ord|op)", re.I)
# Of an agency's trade, not of the job.
_DIRECT_CLIENT = re.compile(r"\bdirect client\b", re.I)
_TAIL = re.compile(r"[-–—|(:]\s?([^-–—|(:]+?)\)?\s*$")
_JOINED = re.compile(r"\s*(?:[,/;&]|\b(?:or|and|oder|und)\b)\s*", re.I)
_STATE_CODE = re.compile(r"\b[A-Z]{2}\b")


@dataclass(frozen=True)
class Title:
    """levels and states as named, in small letters; core: stems of the words that say what the job is; numbers: those
    that may be an opening's."""

    levels: frozenset[str]
    core: frozenset[str]
    states: frozenset[str]
    numbers: frozenset[str]


def read_title(title: str, company: str = "", *, cities: Iterable[tuple[str, str]] = ()) -> Title:
    """Take a title apart; the employer's whole name and words of the posting's places are no part of the core."""
    words, numbers, states = _title_words(title)
    own_words: set[str] = set()
    for city, state in cities:
        own_words.update(_words_of_place(city, state))
    phrase = _company_words(company)
    if phrase and phrase[0] in words:
        words = _without_phrase(words, phrase)
    levels, core = _levels_and_core(words)
    # The same object for the same words: its hash is known.
    distinct = core if core.isdisjoint(own_words) else core - own_words
    return Title(levels, distinct or core, states, numbers)


@lru_cache(maxsize=65_536)
def _title_words(title: str) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    """The words of a title without its numbers; those numbers; the states that it names by their code."""
    numbers = frozenset(
        plain_number(value) for value in _TITLE_NUMBER.findall(title) if not BOARD_CODE.match(value.lstrip("#"))
    )
    states = frozenset(code.lower() for code in _STATE_CODE.findall(title) if code.lower() in STATES)
    plain = _without_cities(_HYPHEN.sub(r"\1", _ASIDE.sub(" ", _DIRECT_CLIENT.sub(" ", _TITLE_NUMBER.sub(" ", title)))))
    return tuple(part for word in plain_words(plain) for part in _SPELLINGS.get(word, [word])), numbers, states


def _without_cities(title: str) -> str:
    """The title without a list of cities at its end: "Rigger - Oslo, Bergen or Kiel"."""
    tail = _TAIL.search(title)
    cities = [" ".join(plain_words(piece)) for piece in _JOINED.split(tail[1])] if tail else []
    if (
        tail is None
        or len(cities) < 2
        or not all(city in CITY_SPELLINGS or city in gazetteer().cities for city in cities)
    ):
        return title
    return title[: tail.start()]


@lru_cache(maxsize=65_536)
def _levels_and_core(words: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    levels: set[str] = set()
    core: set[str] = set()
    for position, word in enumerate(words):
        after_word = position > 0 and (len(words[position - 1]) > 1 or words[position - 1] in _NUMERALS)
        if word in LEVELS and (word not in _NUMERALS or after_word) and not _in_phrase(words, position):
            levels.add(LEVELS[word])
        elif len(word) == 2 and word[0] == "l" and word[1] in "123456789":
            levels.add(word)
        elif word not in _TITLE_NOISE and word not in _NUMERALS and not word.isdigit():
            core.add(word[:STEM_LETTERS])
    return frozenset(levels), frozenset(core)


def _in_phrase(words: tuple[str, ...], position: int) -> bool:
    """The word belongs to a phrase in which it is no level: "data entry", "lead generation"."""
    here = (words[max(0, position - 1) : position + 1], words[position : position + 2])
    return any(" ".join(pair) in _NOT_LEVELS for pair in here)


@lru_cache(maxsize=65_536)
def _words_of_place(city: str, state: str) -> frozenset[str]:
    """Stems of the words by which a title may name the place."""
    words = [*city.split(), *state.split(), *STATES.get(state, "").split()]
    words += [short for short, name in CITY_SPELLINGS.items() if name == city]
    return frozenset(word[:STEM_LETTERS] for word in words)


@lru_cache(maxsize=65_536)
def _company_words(company: str) -> tuple[str, ...]:
    return tuple(plain_words(company_key(company))) if company else ()


def _without_phrase(words: tuple[str, ...], phrase: tuple[str, ...]) -> tuple[str, ...]:
    """`words` without the first place where `phrase` stands, unless that is all there is."""
    size = len(phrase)
    for start in range(len(words) - size + 1) if 0 < size < len(words) else ():
        if words[start : start + size] == phrase:
            return words[:start] + words[start + size :]
    return words
