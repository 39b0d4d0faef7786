"""What tells apart an employer's posts that share a title and most of a text: contract, weekly hours, ward or team.

A hospital advertises twenty of its posts with one template, in which a few words differ. Everything here is read from
the advert's own words; what is not said is no difference, but for the contract, which is permanent unless one is named.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from jobfinder_assets.cleaning.cues import lowered

_CONTRACTS = {
    "fixed term": (
        "fixed term", "fixed-term", "temporary contract", "temporary post", "temporary position", "temporary role",
        "temporary basis", "temporary cover", "maternity cover", "maternity leave cover", "maternity-leave cover",
        "temporary full", "temporary part",
        "cover maternity", "cover a maternity", "cover for maternity", "covering maternity", "paternity cover",
    ),
    "locum": ("locum consultant", "locum post", "locum position", "locum doctor", "locum gp", "locum general"),
    # The British health service's pool of staff for single shifts.
    "bank": (
        "bank nurs", "bank staff nurs", "bank worker", "bank shift", "bank post", "bank registered", "bank health",
        "bank support work", "bank midwi", "bank physio",
    ),
}  # fmt: skip
_PERMANENT = re.compile(r"\bperm(?:anent)?\b(?! (?:resid|disab|address|right|work auth))")
_HOURS = re.compile(
    r"(?<![\d.:])(\d{1,2}(?:[.:]\d{1,2})?) ?(?:hours|hrs)\b"
    r"(?=[ ,()]{0,3}(?:(?:per|a|each|/) ?w(?:eek|k)|p/?w\b|weekly|\W{0,3}(?:mon|tue|wed|thu|fri|sat|sun)))"
)
_FEWEST_HOURS, _MOST_HOURS = 4, 60
_BEFORE_HOURS, _BEHIND_HOURS = 8, 20
_SHOPS = (
    "pharmacy", "store", "shop", "branch", "restaurant", "salon", "nursery", "hotel", "depot", "surgery",
)  # fmt: skip
_UNITS = (
    "ward", "unit", "team", "locality", "clinic", "department", "division", "lodge", "house", "court", "manor", "road",
    "centre", "center", "hub", *_SHOPS,
)  # fmt: skip
# "Business unit: Structural Heart"
_NAME_OF_LABEL = re.compile(r":\s{0,3}([A-Z][A-Za-z&'’ -]{2,40})")
# "our shop in Harbour Lane"
_PLACE_BEHIND = re.compile(r" (?:in|at|on) (?:the )?((?:[A-Z][a-z'’]+ ?){1,3})")
# "Ward 12"
_NUMBER_BEHIND = re.compile(r" #?(\d{1,5}[A-Za-z]?|[A-Z]\d{1,2})\b")
# What the one reading of a text looks for.
_SOUGHT = {**_CONTRACTS, "permanent": ("perm",), "hours": ("hours", "hrs"), "unit": _UNITS}
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


@dataclass(frozen=True)
class Post:
    """contracts: permanent, fixed term, bank, as named; weekly_hours: hours a week, of posts between a few hours and a
    full week; units: wards, teams, shops and departments, each as the lower-case words of its name, or with its number:
    "ward 12"."""

    contracts: frozenset[str]
    weekly_hours: frozenset[float]
    units: frozenset[frozenset[str]]


# A cluster's texts are asked again when it is resolved, and one text stands in many postings.
@lru_cache(maxsize=16_384)
def read_post(text: str) -> Post:
    """What a text says of its post, found in one pass over it."""
    plain = lowered(text)
    contracts: set[str] = set()
    hours: set[float] = set()
    units: set[frozenset[str]] = set()
    automaton, kinds = _automaton()
    for number, start, end in automaton.find_matches_as_indexes(plain):
        kind = kinds[number]
        if kind == "unit":
            units.add(_unit(text, start, end))
            if plain[start:end] in ("ward", "store", "branch") and (number := _NUMBER_BEHIND.match(text, end)):
                units.add(frozenset({f"{plain[start:end]} {number[1].lower()}"}))
            behind = _NAME_OF_LABEL.match(text, end)
            if behind is None and plain[start:end] in _SHOPS:
                behind = _PLACE_BEHIND.match(text, end)
            if behind:
                units.add(_name_at_end(behind[1]))
        elif kind == "hours":
            around = plain[max(0, start - _BEFORE_HOURS) : start + _BEHIND_HOURS]
            hours.update(float(value.replace(":", ".")) for value in _HOURS.findall(around))
        elif kind != "permanent" or _PERMANENT.match(plain, start):
            contracts.add(kind)
    return Post(
        contracts=frozenset(contracts),
        weekly_hours=frozenset(value for value in hours if _FEWEST_HOURS <= value <= _MOST_HOURS),
        units=frozenset(units - {frozenset()}),
    )


@cache
def _automaton() -> tuple[Any, list[str]]:
    from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

    words = [(word, kind) for kind, words in _SOUGHT.items() for word in words]
    automaton = AhoCorasick(
        [word for word, _ in words], matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA
    )
    return automaton, [kind for _, kind in words]


def _unit(text: str, start: int, end: int) -> frozenset[str]:
    """The name of the unit whose word stands there, or nothing: "community" is no unit, and "our team" has no name."""
    first = text[text.rfind(" ", 0, max(0, start - 1)) + 1 : start][:1]
    if text[start - 1 : start] != " " or text[end : end + 1].isalnum() or first.islower() or text[start + 1].isupper():
        return frozenset()
    return _name_at_end(text[max(0, start - _NAME_SPAN) : start].rpartition("\n")[2])


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
