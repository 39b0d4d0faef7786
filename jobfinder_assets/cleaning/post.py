"""What tells apart an employer's posts that share a title and most of a text: contract, weekly hours, ward or team.

A hospital advertises twenty of its posts with one template, in which a few words differ. Everything here is read from
the advert's own words; what is not said is no difference, but for the contract, which is permanent unless one is named.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_PERMANENT = re.compile(r"\bperm(?:anent)?\b(?! (?:resid|disab|address|right|work auth))")
_CONTRACTS = {
    "fixed term": (
        "fixed term", "fixed-term", "temporary contract", "temporary post", "temporary position", "temporary role",
        "temporary basis", "temporary cover", "maternity cover", "maternity leave cover", "maternity-leave cover",
        "cover maternity", "cover a maternity", "cover for maternity", "covering maternity", "paternity cover",
    ),
    # The British health service's pool of staff for single shifts.
    "bank": (
        "bank nurs", "bank staff nurs", "bank worker", "bank shift", "bank post", "bank registered", "bank health",
        "bank support work", "bank midwi", "bank physio",
    ),
}  # fmt: skip
# Without one of these, none of the phrases stands in a text.
_HINTS = {"fixed term": ("fixed", "temporary", "ternity"), "bank": ("bank ",)}
_HOURS = re.compile(
    r"(?<![\d.:])(\d{1,2}(?:[.:]\d{1,2})?) ?(?:hours|hrs)\b"
    r"(?=[ ,()]{0,3}(?:(?:per|a|each|/) ?w(?:eek|k)|p/?w\b|weekly|\W{0,3}(?:mon|tue|wed|thu|fri|sat|sun)))"
)
_HOUR_WORDS = ("hours", "hrs")
_FEWEST_HOURS, _MOST_HOURS = 4, 60
_BEFORE_HOURS, _BEHIND_HOURS = 8, 20
_UNITS = ("ward", "unit", "team", "locality", "clinic", "department", "division", "lodge", "hub")
_UNIT_SPELLINGS = tuple(spelling for unit in _UNITS for spelling in (unit, unit.capitalize()))
_NAME_SPAN, _NAME_WORDS = 60, 4
_JOINERS = frozenset({"and", "&", "of"})
_NOT_NAMES = frozenset(
    {
        "a",
        "an",
        "and",
        "as",
        "at",
        "each",
        "for",
        "in",
        "of",
        "on",
        "our",
        "the",
        "this",
        "to",
        "we",
        "within",
        "you",
        "your",
    }
)
_WORD = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=16_384)
def contracts(text: str) -> frozenset[str]:
    """Contracts that the text names: permanent, fixed term, bank."""
    plain = text.lower()
    found = {
        name
        for name, phrases in _CONTRACTS.items()
        if any(hint in plain for hint in _HINTS[name]) and any(phrase in plain for phrase in phrases)
    }
    if "perm" in plain and _PERMANENT.search(plain):
        found.add("permanent")
    return frozenset(found)


@lru_cache(maxsize=16_384)
def weekly_hours(text: str) -> frozenset[float]:
    """Hours a week that the text states, of posts between a few hours and a full week."""
    plain = text.lower()
    found: set[float] = set()
    for word in _HOUR_WORDS:
        for at in _spots(word, plain):
            around = plain[max(0, at - _BEFORE_HOURS) : at + _BEHIND_HOURS]
            found.update(float(value.replace(":", ".")) for value in _HOURS.findall(around))
    return frozenset(value for value in found if _FEWEST_HOURS <= value <= _MOST_HOURS)


@lru_cache(maxsize=16_384)
def units(text: str) -> frozenset[frozenset[str]]:
    """Wards, teams and departments that the text names, each as the lower-case words of its name."""
    found: set[frozenset[str]] = set()
    for spelling in _UNIT_SPELLINGS:
        for at in _spots(spelling, text):
            # "community" is no unit, and "our team" has no name.
            end, first = at + len(spelling), text[text.rfind(" ", 0, max(0, at - 1)) + 1 : at][:1]
            if text[at - 1 : at] == " " and not text[end : end + 1].isalnum() and not first.islower():
                found.add(_name_at_end(text[max(0, at - _NAME_SPAN) : at].rpartition("\n")[2]))
    return frozenset(found - {frozenset()})


def _spots(words: str, text: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _name_at_end(text: str) -> frozenset[str]:
    """The words of the name at the end of `text`: capitalised, or numbered ("Ward 7A", "4B Unit")."""
    names: list[str] = []
    for word in reversed(text.split()):
        if word in _JOINERS and names:
            continue
        if not (word[0].isupper() or word[0].isdigit()) or word[-1] in ".,;:!?)" or len(names) == _NAME_WORDS:
            break
        names.append(word)
    plain = unicodedata.normalize("NFKD", " ".join(names)).encode("ascii", "ignore").decode().lower().replace("'", "")
    return frozenset(_WORD.findall(plain)) - _NOT_NAMES
