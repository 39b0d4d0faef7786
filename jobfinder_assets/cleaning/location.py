"""Where a job is done: its places, and whether at home, in an office, or both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.gazetteer import City, Gazetteer, gazetteer
from jobfinder_assets.cleaning.lexicon import read_patterns
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_SAID = read_patterns("workplace.toml")
_REMOTE = re.compile(
    r"\b(?:remote(?:ly)?|anywhere|work from home|wfh|home[- ]?office|telecommut\w*|telework|distributed|worldwide"
    r"|virtual)\b",
    re.I,
)
_HYBRID = re.compile(r"\bhybrid\b", re.I)
_ONSITE = re.compile(r"\b(?:on[- ]?site|in[- ]office|in[- ]person)\b", re.I)
_NOT_A_PLACE = re.compile(
    r"\b(?:remote(?:ly)?|hybrid|on[- ]?site|in[- ]office|anywhere|work from home|wfh|home[- ]?office|telecommut\w*"
    r"|telework|distributed|worldwide|virtual|flexible|(?:multiple|various|several) locations|nationwide|or|only"
    r"|based|within|continental|contiguous)\b|[()\[\]]",
    re.I,
)
_METRO = re.compile(
    r"^greater\s+|\s+(?:(?:city|metro(?:politan)?|bay)\s+)?(?:area|region|metroplex)$|\s+metro$|^downtown\s+", re.I
)
_ZIP = re.compile(r"\s+\d{5}(?:-\d{4})?\b")
# It stands behind one address, whatever joins the names of the building before it.
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b")
_BETWEEN_PLACES = re.compile(r"[;|/•\n]|\s(?:or|OR|and|AND|&|und|oder)\s(?!\d)|\s[-–—]\s(?=(?:[A-Z][\w.]+\s?){1,3},)")
_INSIDE_A_PLACE = re.compile(r",|\s[-–—]\s|(?<=[a-z])-\s|(?<=\b[A-Z]{2})-(?=[A-Z])|\(|\)|:\s")
# Two blanks are left where an "or" was taken out.
_EITHER = re.compile(r"\s*/\s*|\s{2,}")
_CITY_AND_STATE = re.compile(r"(.+?)\s+([A-Z]{2})")
_MOST_PLACES = 20
_LONGEST_CODE, _LONGEST_LETTERS, _MOST_WORDS = 3, 5, 4
_LARGE, _LISTED = 100_000, 3
_NO_TOWN = read_patterns("no_towns.toml", re.I)["no_town"]

_HYBRID_SAID = _SAID["hybrid_said"]
_REMOTE_SAID = _SAID["remote_said"]
# A label whose value is not there says nothing.
_LABEL_ALONE = re.compile(r"\W*work remotely\W*")
_ONSITE_SAID = _SAID["onsite_said"]
_REFUSED = _SAID["refused"]
# "Remote until the office opens again" is where the job starts, not where it is done.
_FOR_NOW = _SAID["for_now"]
_OF_OTHERS = _SAID["of_others"]
_CHOICE = _SAID["choice"]
_NEGATED = re.compile(r"\b(?:not|no|non|isn['’]t|cannot|never|without|nor)\b[^.\n]{0,25}$")


@dataclass(frozen=True)
class Place:
    """Parts that are known; country is ISO 3166-1 alpha-2, region a state's or province's code."""

    city: str | None = None
    region: str | None = None
    country: str | None = None


def parse_workplace(location: str | None, description: str | None) -> str:
    """onsite | hybrid | remote | unspecified, from what is said; a plain city says nothing. Never raises."""
    place = clean_text(text_or_empty(location)[:500])
    return field_workplace(place) or text_workplace(read_cues(clean_text(text_or_empty(description))))


@lru_cache(maxsize=65_536)
def field_workplace(place: str) -> str | None:
    """What a location field or title says of the workplace."""
    if _HYBRID.search(place):
        return "hybrid"
    if _REMOTE.search(place):
        return "remote"
    return "onsite" if _ONSITE.search(place) else None


def text_workplace(cues: Cues) -> str:
    """What the text says of this job's workplace."""
    said = frozenset[str]().union(*map(sentence_workplace, cues.sentences("workplace")))
    # A choice between remote and office is remote; days at home and days in the office are hybrid.
    return next((workplace for workplace in ("hybrid", "remote", "onsite") if workplace in said), "unspecified")


@lru_cache(maxsize=16_384)
def sentence_workplace(sentence: str) -> frozenset[str]:
    """The workplaces that one sentence, in lower case, says of this job."""
    if _OF_OTHERS.search(sentence):
        return frozenset()
    if _REFUSED.search(sentence):
        return frozenset({"onsite"})
    if _CHOICE.search(sentence):
        return frozenset({"remote"})
    said = {"onsite"} if _ONSITE_SAID.search(sentence) else set()
    if _affirmed(_HYBRID_SAID, sentence):
        said.add("hybrid")
    elif _affirmed(_REMOTE_SAID, sentence) and not _LABEL_ALONE.fullmatch(sentence) and not _FOR_NOW.search(sentence):
        said.add("remote")
    return frozenset(said)


def parse_place(location: str | None) -> Place:
    """City, region and country of the first place that a location field names. Never raises."""
    places = parse_places(location)
    return places[0] if places else Place()


@lru_cache(maxsize=65_536)
def parse_places(location: str | None) -> tuple[Place, ...]:
    """Every place that a location field names, as job sites write them; what is unknown of one is None."""
    text = _ZIP.sub("", (location or "")[:300])
    found: dict[Place, None] = {}
    for piece in pieces_of(text):
        place = _place(piece)
        if place != Place():
            found[place] = None
    places = list(found)
    # "Berlin / Germany": what says only the country of a city before it is not another place.
    for place in list(places):
        wider = [other for other in places if other != place and other.country == place.country and other.city]
        if place.city is None and place.region is None and wider:
            places.remove(place)
    return tuple(places)


def pieces_of(text: str) -> list[str]:
    """The parts of a location field of which each names one place."""
    if _POSTCODE.search(text):
        return [_POSTCODE.sub("", text)]
    pieces: list[str] = []
    for piece in _BETWEEN_PLACES.split(text)[:_MOST_PLACES]:
        wider = [_NOT_A_PLACE.sub("", part).strip() for part in piece.split(",")]
        pieces += wider if _are_listed([part for part in wider if part]) else [piece]
    return pieces[:_MOST_PLACES]


def _are_listed(parts: list[str]) -> bool:
    """Countries ("US, Canada"), or three states or large cities and more; "Georgia, US" and "New York, NY" are one."""
    known = gazetteer()
    wider = [_names_country(part, known) or part.casefold() in known.us_states for part in parts]
    large = [any(city.population >= _LARGE for city in known.cities.get(part.casefold(), ())) for part in parts]
    if sum(big and not wide for big, wide in zip(large, wider, strict=True)) >= _LISTED and all(
        big or wide for big, wide in zip(large, wider, strict=True)
    ):
        return True
    are_states = [part.casefold() in known.us_states for part in parts]
    if len(parts) < 2 or (len(parts) == 2 and any(are_states)) or len(set(parts)) < len(parts):
        return False
    return all(state or _names_country(part, known) for part, state in zip(parts, are_states, strict=True))


def _affirmed(pattern: re.Pattern[str], sentence: str) -> bool:
    return any(not _NEGATED.search(sentence[max(0, m.start() - 40) : m.start()]) for m in pattern.finditer(sentence))


def _place(piece: str) -> Place:
    known = gazetteer()
    parts = [_METRO.sub("", _NOT_A_PLACE.sub("", part)).strip(" .-–—'\"") for part in _INSIDE_A_PLACE.split(piece)]
    parts = [part for part in parts if part and part.casefold() not in known.groups and not _NO_TOWN.search(part)]
    parts = _country_last([half for part in parts for half in _halves(part, known)], known)
    if not parts:
        return Place()
    if len(parts) == 1:
        return _alone(parts[0], known)
    for place in _cities_among(parts, known):
        return place
    first, rest = parts[0], parts[1:]
    country, state = _around(rest, (), known)
    if first.casefold() in known.us_states and country == "US" and not state:
        return Place(None, known.us_states[first.casefold()], "US")
    if country is None:
        return Place(None, None, _country(first, known)) if _names_country(first, known) else Place()
    region, of_country = known.other_states.get(first.casefold(), (None, None))
    state = state or (region if of_country == country else None)
    # "California, MD" and "Essex, MA" are towns.
    towns = [first] if rest[0].casefold() in known.us_states and country == "US" else []
    towns += [part for part in parts if not _is_wider(part, country, known) and _may_be_a_town(part)]
    # Of an address that the gazetteer does not know the town stands last.
    return Place(towns[-1] if towns else None, state, country)


def _may_be_a_town(part: str) -> bool:
    """Neither "2300 SW 34th St", "PR3", "SWBH", "Staffordshire & surrounding areas" nor "As and where required"."""
    is_short = part.isupper() and len(part) <= _LONGEST_LETTERS
    return not (is_short or any(c.isdigit() for c in part) or "&" in part or len(part.split()) > _MOST_WORDS)


def _halves(part: str, known: Gazetteer) -> list[str]:
    """ "Mechanicsburg PA" is a city and its state."""
    both = _CITY_AND_STATE.fullmatch(part)
    return [both[1], both[2]] if both and both[2].casefold() in known.us_states else [part]


def _country_last(parts: list[str], known: Gazetteer) -> list[str]:
    """ "GB, Luton", "Germany - Munich" and "CH - Shanghai, China" with the country behind the city, once."""
    if len(parts) < 2 or parts[1].casefold() in known.us_states:
        return parts
    first, rest = parts[0], parts[1:]
    is_code = first.isupper() and len(first) <= _LONGEST_CODE and _country(first, known) is not None
    if not (is_code or first.casefold() in known.countries) or _names_country(rest[0], known):
        return parts
    return rest if any(part.casefold() in known.countries for part in rest) else [*rest, first]


def _alone(name: str, known: Gazetteer) -> Place:
    """The place of a name with nothing beside it."""
    key = name.casefold()
    cities = known.cities.get(key, ())
    # "Georgia" alone is the state on job sites, "New York" the city, "CA" California.
    if key in known.us_states and (len(name) > 2 or name.isupper()) and key != "new york":
        return Place(None, known.us_states[key], "US")
    if _names_country(name, known):
        return Place(None, None, _country(name, known))
    if key in known.other_states and not cities:
        return Place(None, *known.other_states[key])
    return Place(known.shown(name), cities[0].state, cities[0].country) if cities else Place()


def _cities_among(parts: list[str], known: Gazetteer) -> Iterator[Place]:
    """The cities that the gazetteer has where the other parts say: by their whole names, then by a part of them."""
    for name_in in (_whole_names, _names_inside):
        for number, part in enumerate(parts):
            rest = parts[:number] + parts[number + 1 :]
            if number and (_is_wider(part, None, known)):
                continue
            for name in name_in(part):
                cities = known.cities.get(name.casefold(), ())
                if not cities:
                    continue
                country, state = _around(rest, cities, known)
                there = [city for city in cities if country in (None, city.country) and state in (None, city.state)]
                # Outside of the countries whose states it knows, the gazetteer cannot tell that the state is another.
                there = there or [city for city in cities if city.state is None and city.country == country]
                if not there or (name != part and country is None):
                    continue
                place = Place(known.shown(name), state or there[0].state, country or there[0].country)
                yield place


def _whole_names(part: str) -> list[str]:
    return [part]


def _names_inside(part: str) -> list[str]:
    """The one or the other of "Scarborough or Bridlington", what "211 52nd Street Pittsburgh" ends with, what stands
    before the letters of "Columbus S". Other parts of a name are no city: "Annapolis Junction" is not Annapolis."""
    halves = _EITHER.split(part)
    if len(halves) > 1:
        return halves
    words = part.split()
    if any(character.isdigit() for character in part):
        return [" ".join(words[cut:]) for cut in range(1, len(words))]
    is_letters = len(words) > 1 and words[-1].isupper() and len(words[-1]) <= _LONGEST_CODE
    return [" ".join(words[:-1])] if is_letters else []


def _is_wider(part: str, country: str | None, known: Gazetteer) -> bool:
    """A part that names a country, or a state (of the country, if one is given)."""
    key = part.casefold()
    if _names_country(part, known) or key in known.us_states:
        return True
    of_country = known.other_states.get(key, ("", ""))[1]
    return (of_country != "" and country in (None, of_country)) or f"{country}/{key}".casefold() in known.other_states


def _around(rest: list[str], cities: tuple[City, ...], known: Gazetteer) -> tuple[str | None, str | None]:
    """Country and state that the parts behind a city's name say; "DE" is Delaware behind Wilmington only."""
    country = state = None
    for part in rest:
        name = part.casefold()
        code = name.upper()
        as_state, as_country = known.us_states.get(name), _country(part, known)
        if as_state and as_country and len(part) == 2:
            in_country = any(city.country == code for city in cities)
            in_state = any(city.state == as_state for city in cities)
            if in_state or not in_country:
                state, country = state or as_state, country or "US"
            else:
                country = country or code
        elif as_state and country in (None, "US"):
            state, country = state or as_state, "US"
        elif as_country:
            country = as_country if country is None or state is None else country
        elif name in known.other_states:
            region, of_country = known.other_states[name]
            country, state = country or of_country, state or region
    if state is None and country:
        found = (known.other_states.get(f"{country}/{part}".casefold()) for part in rest)
        state = next((entry[0] for entry in found if entry), None)
    if country is None:
        # "Toronto, ON": a province's code behind a city of its country.
        for city in cities:
            for part in rest:
                entry = known.other_states.get(f"{city.country}/{part}".casefold())
                if entry:
                    return city.country, entry[0]
    return country, state


def _names_country(part: str, known: Gazetteer) -> bool:
    return part.casefold() in known.countries or (
        len(part) == 2
        and part.isupper()
        and part not in known.us_states
        and part in known.codes
        and part.casefold() not in known.us_states
    )


def _country(part: str, known: Gazetteer) -> str | None:
    found = known.countries.get(part.casefold())
    if found:
        return found
    return part if len(part) == 2 and part.isupper() and part in known.codes else None
