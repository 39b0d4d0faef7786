"""From which countries one may apply: three-valued, and unknown is never a refusal."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.lexicon import joined, read_toml
from jobfinder_assets.cleaning.places import Place, parse_places, pieces_of

_TABLE = read_toml("eligibility.toml")
_SAID = {name: re.compile(joined(parts)) for name, parts in _TABLE.items() if name != "binding"}
_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|remot[oa]|anywhere|work from home|wfh|home[- ]?(?:office|based)|telecommut\w*|distributed"
    r"|virtual|télétravail|teletrabajo)\b",
    re.I,
)
# Nobody agrees which countries are "Western Europe"; "South Africa" is one, and no part of a group.
_PART_OF_A_GROUP = re.compile(r"\b(?:north|south|east|west|central)\w*[ -](?:east\w*[ -])?(?:europe|asia|africa)\b")
_EVERYWHERE = re.compile(r"\b(?:worldwide|globally|global|anywhere in the world|any country)\b", re.I)
_LEGAL_TEXT = _SAID["legal_text"]
_CONDITIONAL = _SAID["conditional"]
_OTHERS = _SAID["others"]
_US_CITIZENS = _SAID["us_citizens"]
_CLEARANCE = _SAID["clearance"]
_CLEARANCES = {country: _SAID[f"clearance_{country.lower()}"] for country in ("GB", "AU", "CA")}
_NOT_ASKED, _FOREIGN = _SAID["not_asked"], _SAID["foreign"]
_OF_A_COUNTRY, _NOT_OF_A_COUNTRY = _SAID["of_a_country"], _SAID["not_of_a_country"]


def eligible_countries(location: str | None, description: str | None) -> list[str] | None:
    """Countries (ISO 3166-1 alpha-2) from which one may apply, when that is clearly stated; None is unknown.

    A remote job's location field ("Remote - Germany", "Remote (EMEA)") says it; so do phrases like "US only", "must be
    authorised to work in Canada" and "European time zones". Never raises.
    """
    return combine(field_countries(location), text_countries(read_cues(description or "")))


def combine(by_field: frozenset[str] | None, by_text: frozenset[str] | None) -> list[str] | None:
    """The narrower of the two where they agree on anything; the field's where they do not."""
    if by_field and by_text:
        return sorted(by_field & by_text or by_field)
    found = by_field or by_text
    return sorted(found) if found else None


@lru_cache(maxsize=65_536)
def field_countries(location: str | None) -> frozenset[str] | None:
    """What a remote job's location field says; a city beside "Remote" says nothing."""
    text = (location or "")[:300].replace("_", " ")
    if not (_REMOTE.search(text) or text.casefold().rstrip().endswith(" only")) or _EVERYWHERE.search(text):
        return None
    # "Remote, US preferred" refuses nobody.
    if "prefer" in (lower := text.casefold()) and " only" not in lower:
        return None
    if any(map(_is_city, parse_places(text))):
        # "Berlin; Remote, Germany": what stands beside the word alone.
        pieces = [piece for piece in _beside_remote(text) if not any(map(_is_city, parse_places(piece)))]
    else:
        pieces = [text]
    found: set[str] = set()
    for piece in pieces:
        # "Remote-EMEA" names a group, "South Africa" none.
        lower = piece.casefold().replace("remote-", "remote ").replace("-remote", " remote")
        lower = _PART_OF_A_GROUP.sub("", lower)
        for name, codes in gazetteer().groups.items():
            if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lower):
                found.update(codes)
        found.update(place.country for place in parse_places(piece) if place.country)
    return frozenset(found) or None


def _beside_remote(text: str) -> Iterator[str]:
    """The pieces of a location field that say "Remote", and all that the brackets behind it hold: "Toronto / Remote
    (US/Canada)"."""
    is_open = False
    for piece in pieces_of(text):
        said = _REMOTE.search(piece)
        if is_open:
            inside, closed, _ = piece.partition(")")
            is_open = not closed
            yield inside
        elif said:
            is_open = piece.rfind("(") > max(piece.rfind(")"), said.start())
            yield piece


def _is_city(place: Place) -> bool:
    """A city inside a country: "Remote, Singapore" names the country."""
    return place.city is not None and place.city != gazetteer().city_states.get(place.country or "")


def text_countries(cues: Cues) -> frozenset[str] | None:
    """What the text says of who may apply."""
    for sentence in [*cues.sentences("eligibility"), *cues.sentences("workplace")]:
        if (named := sentence_countries(sentence)) is not None:
            return named
    for position in cues.at("workplace"):
        if cues.lower.startswith("remote", position) and (named := _line_countries(cues, position)):
            return named
    return None


def _line_countries(cues: Cues, position: int) -> frozenset[str] | None:
    """What a short line says of which nothing but a label, "remote" and countries is left: "Location: Remote (US)"."""
    # "Remote (India) | Contract": a bar parts lines as well.
    start = max(cues.lower.rfind(mark, max(0, position - _LONGEST_LINE), position) for mark in "\n|") + 1
    ends = [cues.lower.find(mark, position, position + _LONGEST_LINE) for mark in "\n|"]
    line = cues.lower[start : min((end for end in ends if end >= 0), default=position + _LONGEST_LINE)]
    match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    return frozenset(_whole((match["before"] or match["behind"]).removesuffix(" only"))) or None if match else None


# Employers repeat such sentences in every advert.
@lru_cache(maxsize=16_384)
def sentence_countries(sentence: str) -> frozenset[str] | None:
    """What one sentence, in lower case, says of who may apply."""
    if _LEGAL_TEXT.search(sentence) or _CONDITIONAL.match(sentence):
        return None
    named: set[str] = set()
    for match in chain.from_iterable(
        pattern.finditer(sentence) for word, pattern in _BINDING.items() if word in sentence
    ):
        # "A permit for Switzerland or EU citizenship": who has one of them is not said.
        is_either = match.lastgroup == "permit" and "citizen" in sentence
        if not is_either and not _OTHERS.search(sentence, max(0, match.start() - _AROUND), match.start()):
            words = match[match.lastgroup or 0]
            named |= _whole(words) if match.lastgroup == "whole" else _countries_at_start(words)
    listed = _STATES_LISTED.search(sentence) if "following" in sentence else None
    if listed and listed[1] in gazetteer().us_states:
        named.add("US")
    for before in sentence.split(" only")[:-1]:
        if _PRONOUN.search(before):
            continue
        said = before[-80:].replace("remote (", "")
        whose = _WHO.sub("", said)
        named |= _countries_at_end(whose, _adjectives() if whose != said else _names())
    named |= _countries_of_adjectives(sentence)
    if named:
        return frozenset(named)
    if _asks_for_us_citizens(sentence):
        return frozenset({"US"})
    # "During the coronavirus timeframe" is in no zone.
    if (zone := _time_zone().search(sentence)) and _WHERE.search(sentence) and "wherever" not in sentence:
        return frozenset(_time_zones()[zone[0]])
    return None


def _countries_of_adjectives(sentence: str) -> set[str]:
    """The countries of "Canadian citizens", "EU work permit" and "UK security clearance", where they are asked for."""
    found: set[str] = set()
    if not any(map(sentence.__contains__, _OF_ADJECTIVES)) or not _is_asked(sentence):
        return found
    for match in _OF_A_COUNTRY.finditer(sentence):
        start, end = match.span()
        # "A valid EU work permit, as we cannot sponsor one"
        behind = sentence[end : end + _AROUND].partition(",")[0]
        if not _NOT_OF_A_COUNTRY.search(sentence[max(0, start - _AROUND) : end] + behind):
            whose = _countries_at_end(sentence[max(0, start - _AROUND) : start].rstrip(" -"), _adjectives())
            # A citizen of the EU may live anywhere.
            found |= whose if len(whose) < _A_GROUP or match[0].startswith("work") else set()
    if any(map(sentence.__contains__, _OF_CLEARANCES)) and not _NOT_ASKED.search(sentence):
        found.update(country for country, pattern in _CLEARANCES.items() if pattern.search(sentence))
    return found


def _is_asked(sentence: str) -> bool:
    return _REQUIRED.search(sentence) is not None or _LISTED.match(sentence) is not None


def _asks_for_us_citizens(sentence: str) -> bool:
    """By their name, or by a clearance that only they are given."""
    if "citizen" in sentence and _ONLY_CITIZENS.search(sentence):
        return True
    is_told = any(map(sentence.__contains__, _OF_US_CITIZENS)) and _is_asked(sentence)
    named = [_US_CITIZENS.search(sentence)] if is_told else []
    if any(map(sentence.__contains__, _OF_CLEARANCES)):
        named.append(_CLEARANCE.search(sentence))
    around = (sentence[max(0, one.start() - _AROUND) : one.end() + _AROUND] for one in named if one)
    return any(
        not _NOT_ASKED.search(words) and (not _FOREIGN.search(words) or _AMERICAN.search(words)) for words in around
    )


# An item of a list of requirements: "Full Australian working rights", "US citizenship or permanent residence".
_LISTED = re.compile(
    r"(?!.*\bprefer)\W*(?:(?:an?|full|unrestricted|valid|current) )?(?:[a-z.]+ ){1,2}"
    r"(?:work(?:ing)? rights|citizen(?:ship)?)(?=\W*$| (?:for|with|or|and)\b|,)"
)
# What is wished for, or not asked, is said close by.
_AROUND, _A_GROUP = 40, 4
_OF_ADJECTIVES = (
    "citizen", "nationals", "permanent residen", "clearance", "cleared", "authorisation", "authorization", "permit",
    "work visa", "rights", "reliability status", "agsva",
)  # fmt: skip
_OF_US_CITIZENS = ("citizen", "person", "itar", "green card", "gc", "clearance")
_OF_CLEARANCES = (
    "secret", "clearance", "cleared", "ts/sci", "ts sci", "ts, sci", "reliability status", "classified information",
    "public trust", "security investigation", "agsva",
)  # fmt: skip
_AMERICAN = re.compile(r"\bu\.?s\b|\bdod\b")
_REQUIRED = re.compile(
    r"\b(?:must|requir\w*|need\w*|only|active|(?:ability|able) to obtain|obtain|possess|eligible|limited to|maintain"
    r"|valid|existing)\b"
)
_ONLY_CITIZENS = re.compile(
    r"^\W*(?:work authori[sz]ation\W{1,4})?u\.?s\.? citizen(?:s|ship)?(?: only| required|, green card)?\W*$"
    r"|\b(?:us|u\.s\.) citizens?(?: only| and green card| ?/ ?(?:gc|green card))"
)


@cache
def _time_zones() -> dict[str, tuple[str, ...]]:
    zones = {name: tuple(codes) for name, codes in read_toml("regions.toml")["time_zones"].items()}
    europe = gazetteer().groups["europe"]
    return zones | {
        "european time": europe,
        "cet time": europe,
        "hours of cet": europe,
        "cet +": europe,
        "cet ±": europe,
        "central european time": europe,
    }


@cache
def _time_zone() -> re.Pattern[str]:
    names = sorted(_time_zones(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})")


_WHERE = re.compile(
    r"\b(?:must|only|within|based|located|live|reside|overlap|requir|time ?zone:"
    r"|(?:looking for|seek|seeking|hiring) (?:\w+ ){1,3}?(?:based )?in )"
)
_STATES_LISTED = re.compile(
    r"\b(?:reside|live|located|based|hire|hiring|employ|candidates|applicants|residents)\b.{0,40}"
    r"\bfollowing (?:u\.?s\.? )?states\W{1,3}([a-z]+)"
)
_SOME = r"(?:the )?[a-z.]+(?:[ ,/:]{1,2}[a-z.]+){0,30}"
# The countries are looked up in what stands where a country must stand: a pattern of all their names is slow.
_BINDING = {word: re.compile(joined(parts).replace("{some}", _SOME)) for word, parts in _TABLE["binding"].items()}
# "Mails from us only come from our own domain."
_PRONOUN = re.compile(r"\b(?:from|with|by|at|of|about|join|contact|among) us$")
_LONGEST_LINE = 80
_LINE = re.compile(
    r"[\W_]*(?:(?:job |work )?location\W{1,4})?"
    rf"(?:(?:fully |100% )?remote(?: role| position| job)?(?:\W{{1,4}}| in )(?P<behind>{_SOME})"
    rf"|(?P<before>{_SOME})[ /(-]{{1,3}}remote)(?: only)?\W*"
)
_WHO = re.compile(
    r"(?:[- ]based|[ ,](?:residents?|candidates?|applicants?|citizens?|remote|persons?|nationals?|(?:and )?prs))+$"
)


_JOINED = re.compile(
    r"^[ ,/]*(?:(?:(?:one of )?the following countries|(?:any|an?) (?:country|state|city|location) (?:with)?in"
    r"|any(?= e\.?u\b)|anywhere in|countr(?:y|ies)|member states?|of(?= the)|the state of|either|or|and"
    r"|oder|und|the|der|die"
    r"|(?:continental|contiguous)(?= u\.?s\b| united states))[ ,/:]+)*"
)


def _countries_at_start(words: str) -> set[str]:
    """Countries of the names that `words` begin with, joined by "or", "and", a comma or a slash."""
    names, found = _names(), set[str]()
    rest = words
    while rest:
        rest = _JOINED.sub("", rest)
        parts = rest.split(" ")
        for length in range(min(4, len(parts)), 0, -1):
            name = " ".join(parts[:length])
            known = names.get(name.strip(" .,/:")) or names.get(name.strip(" ,/:"))
            if known is None and length == 1 and "/" in name:
                known = tuple(code for part in name.split("/") for code in names.get(part, ()))
            if known:
                found.update(known)
                rest = " ".join(parts[length:])
                break
        else:
            return found
    return found


def _countries_at_end(words: str, names: dict[str, tuple[str, ...]]) -> set[str]:
    parts = words.split(" ")
    ends = (" ".join(parts[-number:]) for number in range(4, 0, -1) if len(parts) >= number)
    return next((found for end in ends if (found := _whole(end, names))), set())


def _whole(words: str, names: dict[str, tuple[str, ...]] | None = None) -> set[str]:
    names = _names() if names is None else names
    parts = [part.strip(" .").removeprefix("the ") for part in re.split(r",|/|\bor\b|\band\b", words)]
    return {code for part in parts for code in names[part]} if all(part in names for part in parts) else set()


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Countries of each name that may stand in a sentence; short codes ("in", "it") are words there.

    Who must live in California must live in the US. "Georgia" is either.
    """
    known = gazetteer()
    states = {name: "US" for name in known.us_states if len(name) > _LONGEST_CODE}
    states |= {
        name: "CA"
        for name, (_, country) in known.other_states.items()
        if country == "CA" and "/" not in name and len(name) > _LONGEST_CODE
    }
    names: dict[str, tuple[str, ...]] = {name: (code,) for name, code in states.items()}
    names |= {name: (code,) for name, code in known.countries.items() if len(name) > 3 or name in _SHORT}
    del names["georgia"]
    return names | {name: codes for name, codes in known.groups.items() if name != "middle_east"}


@cache
def _adjectives() -> dict[str, tuple[str, ...]]:
    """The same, and "Canadian", which is a language or a market where no citizen or permit stands behind."""
    return _names() | {name: (code,) for code, names in read_toml("regions.toml")["demonyms"].items() for name in names}


_LONGEST_CODE = 2
_SHORT = frozenset(
    {"us", "usa", "u.s.", "u.s", "u.s.a.", "uk", "u.k.", "eu", "the us", "the uk", "iran", "iraq", "uae"}
)
