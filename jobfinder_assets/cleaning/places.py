"""City, region and country of a location field, for the world, as job sites write them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, zip_longest

from jobfinder_assets.cleaning.gazetteer import City, Gazetteer, gazetteer
from jobfinder_assets.cleaning.lexicon import read_patterns, read_toml

_SAID = read_patterns("no_towns.toml", re.I)
_NO_TOWN, _NO_PLACE, _NOT_A_PLACE = _SAID["no_town"], _SAID["no_place"], _SAID["not_a_place"]
_AROUND_A_CITY, _STREET = _SAID["around_a_city"], _SAID["street"]
_METRO = re.compile(
    r"^(?:greater|metro|in)\s+|(?:\s+|^bay\s+)(?:(?:city|metro(?:politan)?|bay)\s+)?(?:area|region|metroplex)$|\s+metro$"
    r"|^downtown\s+",
    re.I,
)
_ZIP = re.compile(r"\s+\d{5}(?:-\d{4})?\b")
# It stands behind one address, whatever joins the names of the building before it.
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b")
# "AZ_Mesa_HQ"
_STATE_JOINED = re.compile(r"(?<![A-Za-z])([A-Z]{2})_(?=[A-Z])")
_JOINERS = frozenset({"or", "and", "&", "und", "oder", "ou"})
_INSIDE_A_PLACE = re.compile(
    r",|\s[-–—]\s|(?<=[A-Za-z])-\s|\s-(?=[A-Za-z])|(?:(?<=\b[A-Z]{2})|(?<=\b[A-Z]{3}))-(?=[A-Z])|\(|\)|:\s"
)
# Two blanks are left where an "or" was taken out.
_EITHER = re.compile(r"\s*/\s*|\s{2,}")
_CITY_AND_STATE = re.compile(r"(.+?)\s+([A-Z]{2})")
_DIRECTION = re.compile(r"^(?:north|south|east|west|central)(?:[ -]?(?:east|west|central))?(?:ern)?[ -]", re.I)
_BEFORE_THEIR_CITIES = frozenset({"ontario", "new brunswick"})
_SPARE = " .:-–—…'\""
_MOST_PLACES = 20
_CODE, _LONGEST_CODE, _LONGEST_LETTERS, _MOST_WORDS = 2, 3, 5, 4
_METROPOLIS, _CITY_OF_QUARTERS, _LARGE, _LISTED = 1_000_000, 300_000, 100_000, 3
# "Milano (MI)", which is no town in Michigan.
_IN_ITALY = re.compile(rf"(.+?)\s*\(({'|'.join(read_toml('regions.toml')['italy']['provinces'])})\)")


@dataclass(frozen=True)
class Place:
    """Parts that are known; country is ISO 3166-1 alpha-2, region a state's or province's code."""

    city: str | None = None
    region: str | None = None
    country: str | None = None


def parse_place(location: str | None) -> Place:
    """City, region and country of the first place that a location field names. Never raises."""
    places = parse_places(location)
    return places[0] if places else Place()


@lru_cache(maxsize=65_536)
def parse_places(location: str | None) -> tuple[Place, ...]:
    """Every place that a location field names, as job sites write them; what is unknown of one is None."""
    text = _STATE_JOINED.sub(r"\1 - ", _ZIP.sub("", (location or "")[:300]))
    text = text.replace("_", " ")
    found: dict[Place, None] = {}
    for piece in pieces_of(text):
        place = _place(piece)
        if place != Place():
            found[place] = None
    places = list(found)
    # "Berlin / Germany": what says only the country of a city before it is not another place.
    for place in list(places):
        wider = [other for other in places if other != place and other.country == place.country and other.city]
        is_wider = place.city is None and place.region is None and wider
        # "Bengaluru / Bangalore", "Bengaluru / Bangalore, Karnataka"
        index = places.index(place)
        same = next((number for number in range(index) if _is_same_city(place, places[number])), None)
        if is_wider or same is not None:
            del places[index]
        if same is not None and not places[same].region:
            places[same] = Place(places[same].city, place.region, place.country)
    return tuple(dict.fromkeys(places))


def _is_same_city(one: Place, other: Place) -> bool:
    """Whether `one` is the city of `other`, by a name of its own or with the region that `other` leaves out."""
    cities = gazetteer().cities
    known = cities.get((one.city or "").casefold())
    same_name = known is not None and known == cities.get((other.city or "").casefold())
    return same_name and one.country == other.country and other.region in (None, one.region)


@cache
def _between_places() -> re.Pattern[str]:
    """What parts a list of places; the "and" of "Trinidad and Tobago" does not."""
    known = gazetteer()
    halves = {name.partition(" and ")[2].strip() for name in (*known.countries, *known.other_states)}
    second = "|".join(re.escape(half) for half in sorted(halves - known.countries.keys() - {""}))
    return re.compile(
        rf"([;|/•·\n]|\s(?:or|Or|OR|and|AND|&|und|oder|ou)\s(?!\d|(?i:{second})\b)"
        # "IL - Tel Aviv, Israel" is one.
        r"|(?<!^[A-Z]{2})(?<![;|] [A-Z]{2})\s[-–—]\s(?=(?:[A-Z][\w.]+\s?){1,3},)"
        # "Freiburg (Germany), San Francisco (USA)"
        r"|(?<=\)),\s(?=[^(),;]{2,40}\())"
    )


def pieces_of(text: str) -> list[str]:
    """The parts of a location field of which each names one place."""
    postcodes = _POSTCODE.findall(text)
    text = _POSTCODE.sub("", text)
    if len(postcodes) == 1:
        return [text]
    pieces: list[str] = []
    split = _between_places().split(text)[: 2 * _MOST_PLACES]
    for piece, joiner in zip_longest(split[::2], split[1::2], fillvalue=""):
        if "," not in piece:
            pieces.append(piece)
            continue
        parts = [_NOT_A_PLACE.sub("", part).strip(_SPARE) for part in piece.split(",")]
        is_listed = joiner.strip().casefold() in _JOINERS
        pieces += _listed([part for part in parts if part], is_listed=is_listed) or [piece]
    return pieces[:_MOST_PLACES]


def _listed(parts: list[str], *, is_listed: bool) -> list[str]:
    """The places of a list joined by commas, or none where the parts together name one place.

    Lists are: countries ("US, Canada"), three states and more, cities with their states, three large cities and more,
    which may end with the country or state of all ("Houston, Dallas, Austin, TX"); two before "or" (`is_listed`).
    """
    known = gazetteer()
    countries = [_country(part, known) if _names_country(part, known) else None for part in parts]
    are_states = [len(part) > 2 and part.casefold() in known.us_states for part in parts]
    are_large = [any(city.population >= _LARGE for city in known.cities.get(part.casefold(), ())) for part in parts]
    # "Luxembourg, LU" and "Georgia, US" are one place.
    is_place = len(parts) == 2 and (parts[0].casefold() in known.cities or are_states[0])
    if len(parts) > 1 and None not in countries and len(set(countries)) == len(parts) and not is_place:
        return parts
    is_pair = is_listed and len(parts) == _LISTED - 1 and not _lies_in(parts[0], parts[1], known)
    is_long = is_pair or len(parts) >= _LISTED
    are_codes = [len(part) == _CODE and part.isupper() and _is_us_state(part, known) for part in parts]
    if is_long and (all(are_states) or all(are_codes)):
        return parts
    if len(with_states := _cities_with_states(parts, known)) > 1:
        return with_states
    if not is_long or len({part.casefold() for part in parts}) < len(parts):
        return []
    if sum(are_large) < (len(parts) if is_pair else _LISTED) or not are_large[0]:
        return []
    pieces: list[str] = []
    for part, large in zip(parts, are_large, strict=True):
        if large:
            pieces.append(part)
        elif not _is_wider(part, None, known):
            return []
        else:
            # At the end may stand the state or country of all, elsewhere that of the city before.
            whose = 0 if part == parts[-1] else len(pieces) - 1
            pieces[whose:] = [f"{piece}, {part}" if _lies_in(piece, part, known) else piece for piece in pieces[whose:]]
    return pieces


def _cities_with_states(parts: list[str], known: Gazetteer) -> list[str]:
    """The places of "Boston, MA, New York, NY", each with its state and country; none, if one of them has no such."""
    groups: list[list[str]] = []
    for part in parts:
        # "New York" is a state behind "Brooklyn" and a city behind "Boston, MA".
        is_also_city = len(part) > _CODE and _is_us_state(part, known) and part.casefold() in known.cities
        if not groups or not _is_wider(part, None, known) or (is_also_city and len(groups[-1]) > 1):
            groups.append([part])
        else:
            groups[-1].append(part)
    return [", ".join(group) for group in groups] if all(len(group) > 1 for group in groups) else []


def _lies_in(city: str, wider: str, known: Gazetteer) -> bool:
    state, country = known.us_states.get(wider.casefold()), _country(wider, known)
    cities = known.cities.get(city.casefold(), ())
    return any(city.country == country or (state is not None and city.state == state) for city in cities)


def _is_us_state(part: str, known: Gazetteer) -> bool:
    return part.casefold() in known.us_states


def _place(piece: str) -> Place:
    known = gazetteer()
    if piece.endswith(")") and (whole := piece.strip(_SPARE)).casefold() in known.cities:  # "Halle (Saale)"
        return _alone(whole, known)
    town = _IN_ITALY.fullmatch(piece.strip())
    if town and _lies_in(town[1], "IT", known) and not _lies_in(town[1], town[2], known):
        return Place(town[1], None, "IT")
    split = [_bare(part, known) for part in _INSIDE_A_PLACE.split(piece)]
    # "Seattle, Boston, Portland Maine" are three places, of which the first counts.
    halves = _halves if sum(part.casefold() in known.cities for part in split) < _LISTED - 1 else _city_and_state
    split = [half for part in split if part for half in halves(_without_direction(part, known), known)]
    parts = [part for number, part in enumerate(split) if _may_be_named(part, split[number + 1 :], known)]
    is_address = len(parts) < len(split) or split[:1] == ["GB"] or any(part[0].isdigit() for part in parts)
    parts = _city_first(parts, known)
    if not parts:
        return Place()
    if len(parts) == 1:
        return _alone(parts[0], known)
    return _city_among(parts, known) or _unknown_town(parts, known, is_address=is_address)


def _bare(part: str, known: Gazetteer) -> str:
    """A name without the words and postcodes around it; "Central Falls" and "City of Industry" are names."""
    name = part.strip(_SPARE)
    if _is_known(name, known):  # "Greater Manchester"
        return name
    name = _NOT_A_PLACE.sub("", part).strip(_SPARE)
    if _is_known(name, known):
        return name
    name = _METRO.sub("", name).strip(_SPARE)
    inner = _AROUND_A_CITY.sub("", name)
    if inner == name or _is_known(name, known):
        return name
    first = _halves(inner, known)[0].casefold()
    return inner if first in known.cities or first in known.countries else name


def _is_known(name: str, known: Gazetteer) -> bool:
    key = name.casefold()
    tables = (known.cities, known.us_states, known.countries, known.other_states, known.groups)
    return any(key in table for table in tables)


def _may_be_named(part: str, behind: list[str], known: Gazetteer) -> bool:
    """No group of countries, building or street; "College Station" before a state's name is a town."""
    if part.casefold() in known.groups or _NO_PLACE.search(part):
        return False
    # Behind a street, "New York" before "NY" is the city.
    is_town = bool(behind) and _is_us_state(behind[0], known) and not (behind[1:] and _is_us_state(behind[1], known))
    is_street = _STREET.search(part) is not None
    if is_street and part[0].isdigit():
        return False
    return is_town or not (is_street or _NO_TOWN.search(part))


def _without_direction(part: str, known: Gazetteer) -> str:
    """ "Southern California" is a part of California, "West London" of London, "South Africa" none of Africa."""
    wider = _DIRECTION.sub("", part)
    if wider == part or _is_known(part, known):
        return part
    is_large = any(city.population >= _METROPOLIS for city in known.cities.get(wider.casefold(), ())[:1])
    return wider if is_large or _names_country(wider, known) or _is_us_state(wider, known) else part


def _city_and_state(part: str, known: Gazetteer) -> list[str]:
    """ "Mechanicsburg PA" """
    both = _CITY_AND_STATE.fullmatch(part)
    return [both[1].rstrip(_SPARE), both[2]] if both and _is_us_state(both[2], known) else [part]


def _halves(part: str, known: Gazetteer) -> list[str]:
    """ "Munich Germany" and "Sydney New South Wales" are a city and where it is known to lie."""
    both = _city_and_state(part, known)
    words = part.split()
    if len(both) > 1 or len(words) == 1 or _is_known(part, known):
        return both
    for cut in range(len(words) - 1, max(0, len(words) - _MOST_WORDS), -1):
        city, wider = " ".join(words[:cut]), " ".join(words[cut:])
        cities = known.cities.get(city.casefold(), ())
        if _is_us_state(city, known) and known.countries.get(wider.casefold()) == "US":
            return [city, wider]
        if _lies_in(city, wider, known) or (cities and _state_at_home(wider.casefold(), cities, known)):
            return [city, wider]
    return [part]


def _city_first(parts: list[str], known: Gazetteer) -> list[str]:
    """ "GB, Luton", "Germany - Munich", "USA-NY-New York" and "CH - Shanghai, China" in the other order."""
    if len(parts) < 2:
        return parts
    first, rest = parts[0], parts[1:]
    is_us = known.countries.get(first.casefold()) == "US" and not _names_country(rest[0], known)
    if is_us and len(rest) > 1 and len(rest[0]) == 2 and rest[1].casefold() in known.cities:
        return [*rest[1:], rest[0], first]
    if rest[0].casefold() in known.us_states and not is_us:
        return parts
    # "Florida - Pompano Beach"
    if first.casefold() in known.us_states and not is_us and len(rest) == 1 and _lies_in(rest[0], first, known):
        return [*rest, first]
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
        country = _country(name, known)
        return Place(known.city_states.get(country or ""), None, country)
    # "Ontario" alone is not the city in California.
    if key in known.other_states and (not cities or key in _BEFORE_THEIR_CITIES):
        return Place(None, *known.other_states[key])
    if not cities and (quarter_of := _large_city_before(name, known)):
        name, cities = quarter_of
    return Place(known.shown(name), cities[0].state, cities[0].country) if cities else Place()


def _large_city_before(name: str, known: Gazetteer) -> tuple[str, tuple[City, ...]] | None:
    """The large city that a name of a quarter begins with: "Zürich Oerlikon", "Berlin Mitte"."""
    words = name.split()
    for cut in range(min(len(words), _MOST_WORDS) - 1, 0, -1):
        city = " ".join(words[:cut])
        cities = known.cities.get(city.casefold(), ())
        if cities and cities[0].population >= _CITY_OF_QUARTERS and not _is_us_state(city, known):
            return city, cities
    return None


def _city_among(parts: list[str], known: Gazetteer) -> Place | None:
    """The first part that the gazetteer has as a city where the others say, else a part of one."""
    wider = [number > 0 and _is_wider(part, None, known) for number, part in enumerate(parts)]
    readings: tuple[Callable[[str], list[str]], ...] = (lambda part: [part], _names_inside)
    tried = chain.from_iterable(((number, part, read(part)) for number, part in enumerate(parts)) for read in readings)
    for number, part, names in tried:
        for name in names if not wider[number] else ():
            cities = known.cities.get(name.casefold(), ())
            country, state = _around(parts[:number] + parts[number + 1 :], cities, known)
            there = [city for city in cities if country in (None, city.country) and state in (None, city.state)]
            # Outside of the countries whose states it knows, the gazetteer cannot tell that the state is another.
            there = there or [city for city in cities if city.state is None and city.country == country]
            # "Hong Kong, China"
            there = there or [city for city in cities[:1] if number == 0 and _names_country(name, known)]
            if there and (name == part or country is not None):
                return Place(known.shown(name), state or there[0].state, country or there[0].country)
    return None


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


def _unknown_town(parts: list[str], known: Gazetteer, *, is_address: bool) -> Place:
    """The place of parts of which the gazetteer has none as a city: the first is the town, of an address the last."""
    first, rest = parts[0], parts[1:]
    country, state = _around(rest, (), known)
    if first.casefold() in known.us_states and country == "US" and not state:
        return Place(None, known.us_states[first.casefold()], "US")
    if country is None:
        return Place(None, None, _country(first, known)) if _names_country(first, known) else Place()
    region, of_country = known.other_states.get(first.casefold(), (None, None))
    state = state or (region if of_country == country else None)
    towns = [part for part in parts if not _is_wider(part, country, known) and _may_be_a_town(part)]
    # "California, MD" and "Essex, MA" are towns, "US, Texas" is none.
    is_named = country == "US" and _is_us_state(rest[0], known) and len(first.split()) <= _MOST_WORDS
    # "Northern Virginia, VA"
    is_same_state = len(first) > _CODE and known.us_states.get(first.casefold()) == state
    if is_named and known.countries.get(first.casefold()) != "US" and not is_same_state:
        towns = towns or [first]
    return Place((towns[-1] if is_address else towns[0]) if towns else None, state, country)


def _may_be_a_town(part: str) -> bool:
    """Neither "2300 SW 34th St", "PR3", "SWBH", "Staffordshire & surrounding areas" nor "As and where required"."""
    is_short = part.isupper() and len(part) <= _LONGEST_LETTERS
    return not (is_short or any(c.isdigit() for c in part) or "&" in part or len(part.split()) > _MOST_WORDS)


def _is_wider(part: str, country: str | None, known: Gazetteer) -> bool:
    """A part that names a country, or a state (of the country, if one is given)."""
    key = part.casefold()
    if _names_country(part, known) or key in known.us_states:
        return True
    of_country = known.other_states.get(key, ("", ""))[1]
    return (of_country != "" and country in (None, of_country)) or f"{country}/{key}".casefold() in known.other_states


def _around(rest: list[str], cities: tuple[City, ...], known: Gazetteer) -> tuple[str | None, str | None]:
    """Country and state that the parts behind a city's name say.

    "DE" is Delaware behind Wilmington only, "BY" Bavaria behind Erlangen, "ON" Ontario behind Toronto, "Georgia" a
    country behind Tbilisi.
    """
    country = state = None
    for part in rest:
        name = part.casefold()
        as_state, as_country = known.us_states.get(name), _country(part, known)
        of_home = _state_at_home(name, cities, known)
        if of_home and not (as_state and any(city.state == as_state for city in cities)):
            country, state = country or of_home[0], state or of_home[1]
        elif as_state and as_country:
            in_country = any(city.country == as_country for city in cities)
            in_state = any(city.state == as_state for city in cities)
            if in_state or not in_country:
                state, country = state or as_state, country or "US"
            else:
                country = country or as_country
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
    return country, state


def _state_at_home(name: str, cities: tuple[City, ...], known: Gazetteer) -> tuple[str, str] | None:
    """Country and code of the state of this name, in lower case, in a country where a city of that name lies."""
    for country in dict.fromkeys(city.country for city in cities):
        entry = known.other_states.get(f"{country}/{name}".casefold())
        if entry:
            return country, entry[0]
    return None


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
