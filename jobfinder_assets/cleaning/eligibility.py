"""From which countries one may apply: three-valued, and unknown is never a refusal."""

import re
from functools import cache, lru_cache

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.lexicon import joined, read_patterns, read_toml
from jobfinder_assets.cleaning.places import parse_places, pieces_of

_SAID = read_patterns("eligibility.toml")
_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|work from home|wfh|home[- ]?office|telecommut\w*|distributed|virtual)\b", re.I
)
_EVERYWHERE = re.compile(r"\b(?:worldwide|globally|global|anywhere in the world|any country)\b", re.I)
_LEGAL_TEXT = _SAID["legal_text"]
_US_CITIZENS = _SAID["us_citizens"]
_CLEARANCE = _SAID["clearance"]
_NOT_ASKED = _SAID["not_asked"]


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
    text = (location or "")[:300]
    if not (_REMOTE.search(text) or text.casefold().rstrip().endswith(" only")) or _EVERYWHERE.search(text):
        return None
    if any(place.city for place in parse_places(text)):
        # "Berlin; Remote, Germany": what stands beside the word alone.
        pieces = [piece for piece in pieces_of(text) if _REMOTE.search(piece)]
        pieces = [piece for piece in pieces if not any(place.city for place in parse_places(piece))]
    else:
        pieces = [text]
    found: set[str] = set()
    for piece in pieces:
        # "Remote-EMEA" names a group, "South Africa" none.
        lower = piece.casefold().replace("remote-", "remote ").replace("-remote", " remote")
        lower = lower.replace("south africa", "")
        for name, codes in gazetteer().groups.items():
            if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lower):
                found.update(codes)
        found.update(place.country for place in parse_places(piece) if place.country)
    return frozenset(found) or None


def text_countries(cues: Cues) -> frozenset[str] | None:
    """What the text says of who may apply."""
    for sentence in [*cues.sentences("eligibility"), *cues.sentences("workplace")]:
        if (named := sentence_countries(sentence)) is not None:
            return named
    return None


# Employers repeat such sentences in every advert.
@lru_cache(maxsize=16_384)
def sentence_countries(sentence: str) -> frozenset[str] | None:
    """What one sentence, in lower case, says of who may apply."""
    if _LEGAL_TEXT.search(sentence):
        return None
    named: set[str] = set()
    for match in _BINDING.finditer(sentence):
        named |= _countries_at_start(match[match.lastgroup or 0])
    for before in sentence.split(" only")[:-1]:
        named |= _countries_at_end(_WHO.sub("", before[-80:]))
    if named:
        return frozenset(named)
    if _asks_for_us_citizens(sentence):
        return frozenset({"US"})
    # "During the coronavirus timeframe" is in no zone.
    if (zone := _time_zone().search(sentence)) and _WHERE.search(sentence):
        return frozenset(_time_zones()[zone[0]])
    return None


def _asks_for_us_citizens(sentence: str) -> bool:
    """By their name, or by a clearance that only they are given."""
    if "citizen" in sentence and _ONLY_CITIZENS.search(sentence):
        return True
    named = [_US_CITIZENS.search(sentence)] if _REQUIRED.search(sentence) else []
    if any(word in sentence for word in _OF_CLEARANCES):
        named.append(_CLEARANCE.search(sentence))
    around = (sentence[max(0, one.start() - _AROUND) : one.end() + _AROUND] for one in named if one)
    return any(not _NOT_ASKED.search(words) for words in around)


# What is wished for, or not asked, is said close by.
_AROUND = 40
_OF_CLEARANCES = ("secret", "clearance", "ts/sci")
_REQUIRED = re.compile(
    r"\b(?:must|requir\w*|need\w*|only|active|(?:ability|able) to obtain|obtain|possess|eligible|limited to|maintain)\b"
)
_ONLY_CITIZENS = re.compile(
    r"^\W*u\.?s\.? citizen(?:s|ship)?(?: only| required)?\W*$"
    r"|\b(?:us|u\.s\.) citizens?(?: only| and green card| ?/ ?(?:gc|green card))"
)


@cache
def _time_zones() -> dict[str, tuple[str, ...]]:
    zones = {name: tuple(codes) for name, codes in read_toml("regions.toml")["time_zones"].items()}
    europe = gazetteer().groups["europe"]
    return zones | {
        "european time": europe,
        "cet time": europe,
        "cet +": europe,
        "cet ±": europe,
        "central european time": europe,
    }


@cache
def _time_zone() -> re.Pattern[str]:
    names = sorted(_time_zones(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})")


_WHERE = re.compile(r"\b(?:must|only|within|based|located|live|reside|overlap|requir)")
_SOME = r"(?:the )?[a-z.]+(?:[ ,/]{1,2}[a-z.]+){0,7}"
# The countries are looked up in what stands where a country must stand: a pattern of all their names is slow.
_BINDING = re.compile(
    joined(
        [
            r"\b(?:authori[sz](?:ed|ation)|eligible|legally able|(?:legally )?entitled|permitted|permission|right"
            r"|permit|eligibility) (?:to (?:live and )?work|for (?:full-time )?(?:employment|work))(?: \S+){0,5}?"
            rf" (?:in|within|for any employer in) (?P<work>{_SOME})",
            r"\b(?:must|need to|only|should|required to|have to|applicants?|candidates?|who) (?:\S+ ){0,4}?"
            r"(?:reside|residing|live|living|be (?:physically )?(?:based|located)|located|based|residents?) "
            rf"(?:with)?in (?P<live>{_SOME})",
            r"\b(?:remote|remotely|work from anywhere|anywhere)(?: from)?(?: anywhere)? (?:with)?in "
            rf"(?P<remote>{_SOME})",
            rf"\b(?:open|available|limited|restricted) (?:only )?to (?:\S+ ){{0,4}}?(?:in|of|from) (?P<open>{_SOME})",
            r"\b(?:seeking|looking for|hiring) an? (?P<based>[a-z.]+)-based\b",
            r"\bfor (?P<individuals>[a-z.]+) work[- ]authori[sz]ed\b",
            rf"\b(?:limited|restricted) (?:only )?to (?P<nationals>{_SOME})(?<=nationals)",
            rf"\bemployment in (?P<employment>{_SOME})(?= must have)",
            rf"\bwork authori[sz]ation\W{{1,4}}(?P<authorization>{_SOME})(?= \(required\))",
            rf"\bable to (?:legally )?(?:live and )?work (?:with)?in (?P<able>{_SOME})",
            # Who must is a person: named, or left out at the beginning of a sentence.
            r"\b(?:(?:you|candidates?|applicants?|employees?) must|(?<![\w,] )must) be (?:with)?in "
            rf"(?P<inside>(?!(?:the )?[a-z.]+ office){_SOME})",
            rf"\blive in any (?:state of|of) (?:the )?(?:50 )?(?P<states>{_SOME})",
            r"\b(?<!not )(?:consider|accept|welcome|hire|hiring|open to|invite) (?:\w+ )?(?:candidates|applicants) "
            rf"(?:from )?(?:across|throughout|within|anywhere in) (?P<across>{_SOME})",
        ]
    )
)
_WHO = re.compile(r"(?:[- ]based|[ ,](?:residents?|candidates?|applicants?|citizens?|remote|persons?|nationals?))+$")


def _countries_at_start(words: str) -> set[str]:
    """Countries of the names that `words` begin with, joined by "or", "and", a comma or a slash."""
    names, found = _names(), set[str]()
    rest = words
    while rest:
        rest = rest.strip(" ,/").removeprefix("either ").removeprefix("or ").removeprefix("and ").removeprefix("the ")
        parts = rest.split(" ")
        for length in range(min(4, len(parts)), 0, -1):
            name = " ".join(parts[:length])
            known = names.get(name.strip(" .,/")) or names.get(name.strip(" ,/"))
            if known is None and length == 1 and "/" in name:
                known = tuple(code for part in name.split("/") for code in names.get(part, ()))
            if known:
                found.update(known)
                rest = " ".join(parts[length:])
                break
        else:
            return found
    return found


def _countries_at_end(words: str) -> set[str]:
    parts = words.split(" ")
    return next((found for n in range(4, 0, -1) if len(parts) >= n and (found := _whole(" ".join(parts[-n:])))), set())


def _whole(words: str) -> set[str]:
    names = _names()
    parts = [part.strip(" .").removeprefix("the ") for part in re.split(r",|/|\bor\b|\band\b", words)]
    return {code for part in parts for code in names[part]} if all(part in names for part in parts) else set()


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Countries of each name that may stand in a sentence; short codes ("in", "it") are words there."""
    known = gazetteer()
    names: dict[str, tuple[str, ...]] = {
        name: (code,) for name, code in known.countries.items() if len(name) > 3 or name in _SHORT
    }
    return names | {name: codes for name, codes in known.groups.items() if name != "middle_east"}


_SHORT = frozenset(
    {"us", "usa", "u.s.", "u.s", "u.s.a.", "uk", "u.k.", "eu", "the us", "the uk", "iran", "iraq", "uae"}
)
