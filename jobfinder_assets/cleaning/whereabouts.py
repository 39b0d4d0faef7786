"""Where an opening is, as far as that tells it from another: cities with their states, and the city they lie around."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from jobfinder_assets.cleaning.cues import read_cues
from jobfinder_assets.cleaning.gazetteer import City, gazetteer, kilometres
from jobfinder_assets.cleaning.location import text_workplace
from jobfinder_assets.cleaning.opening_words import OPENING_WORDS, STATES, plain_words, state_code
from jobfinder_assets.cleaning.places import parse_place
from jobfinder_assets.cleaning.text import text_or_empty

_NOT_CITIES = frozenset(OPENING_WORDS["not_cities"])
CITY_SPELLINGS: dict[str, str] = OPENING_WORDS["city_spellings"]
_REMOTE = re.compile(r"\b(?:remote|remotely|telecommut\w{0,4}|work from home|wfh|home[ -]based|anywhere)\b", re.I)
# "Foo Ltd in Atlanta, GA 30303", as one board writes it.
_EMPLOYER_IN = re.compile(r"^.{1,200}\bin (?=[A-Z][^,]{1,40}, [A-Z]{2}(?: \d{5})?$)")
_METRO = re.compile(r"\b(?:greater|metro(?:politan|plex)?|bay area|area|region|county|vicinity|surrounding)\b")
# "Newcastle upon Tyne", of which texts say "Newcastle".
_ON_A_RIVER = re.compile(r"(?<=[a-z]{4}) (?:up)?on (?:the )?[a-z]+$")
# Of the US, and of the UK behind a place: "London N19 5NF".
_POSTCODE = re.compile(r"\b\d{5}(?:-\d{4})?\b|(?<=[\s,])[A-Z]{1,2}\d{1,2}[A-Z]?(?:\s?\d[A-Z]{2})?\s{0,2}(?=$|,)")
# "Surry Hills, Sydney NSW 2010"; WA and SA are states of others as well.
_AUSTRALIAN = re.compile(r"(?<=[a-z]),? (?:NSW|VIC|QLD|TAS|ACT|NT|(?:WA|SA)(?= \d{4}))(?: \d{4})?(?=,|$)")
_POSTCODE_ALONE = re.compile(r"[a-z]{1,2}\d{1,2}[a-z]?(?: ?\d[a-z]{2})?")
_SHORT_WORDS = {"saint": "st", "fort": "ft", "mount": "mt"}
_SPARE_WORDS = frozenset({"downtown", "township", "twp"})
_METROPOLIS, _SUBURB_KILOMETRES = 300_000, 30
# So many cities in a row are a list of them, and none the state of the one before.
_FEWEST_LISTED, _LARGE = 3, 200_000


@dataclass(frozen=True)
class Places:
    """Where a job is: cities with their state or region ("" unknown), and what is said of remote work."""

    cities: frozenset[tuple[str, str]] = frozenset()
    remote: bool | None = None

    def contradict(self, other: "Places") -> bool:
        """Both name cities, and none in common. A board may err in the state of a town that is in one state only."""
        if not self.cities or not other.cities:
            return False
        return not any(
            a == b and (not s or not t or s == t or not (_known(a, s) and _known(b, t)))
            for a, s in self.cities
            for b, t in other.cities
        )

    def share_a_city(self, other: "Places") -> bool:
        """A city of both; a state that one of them leaves out is no difference."""
        return any(a == b and (s == t or not s or not t) for a, s in self.cities for b, t in other.cities)

    def share_a_metropolis(self, other: "Places") -> bool:
        """Cities of both lie around one large city: boards write the suburb or the city."""
        return any(a[1] == b[1] and metropolis(*a) == metropolis(*b) for a in self.cities for b in other.cities)

    def may_be_near(self, other: "Places") -> bool:
        """Cities of both lie in one state, and the gazetteer does not know where one of them is."""
        return any(a[1] and a[1] == b[1] and not (_known(*a) and _known(*b)) for a in self.cities for b in other.cities)


@lru_cache(maxsize=65_536)
def metropolis(name: str, state: str) -> str:
    """The largest city of 300,000 people within 30 km and in the same country, or the city itself.

    Without a state the city is the largest of its name, unless that lies in the US.
    """
    known = _known(name, state)
    if not known:
        return name
    here = known[0]
    around = (_degrees(here, north, east) for north in (-1, 0, 1) for east in (-1, 0, 1))
    near = [
        city
        for square in around
        for city in _large_cities().get(square, ())
        if city.country == here.country and kilometres(city, here) <= _SUBURB_KILOMETRES
    ]
    return city_name(max(near, key=lambda city: city.population).name) if near else name


def _known(name: str, state: str) -> list[City]:
    named = gazetteer().cities.get(name, ())
    if state:
        return [city for city in named if city.state == state.upper()]
    return [city for city in named[:1] if city.country != "US"]


def _degrees(city: City, north: int = 0, east: int = 0) -> tuple[int, int]:
    return int(city.latitude // 1) + north, int(city.longitude // 1) + east


@cache
def _large_cities() -> dict[tuple[int, int], list[City]]:
    """Cities of 300,000 people by their degrees; of a city's several names the first."""
    found: dict[tuple[float, float], City] = {}
    for cities in gazetteer().cities.values():
        for city in cities:
            if city.population >= _METROPOLIS:
                found.setdefault((city.latitude, city.longitude), city)
    by_degrees: dict[tuple[int, int], list[City]] = {}
    for city in found.values():
        by_degrees.setdefault(_degrees(city), []).append(city)
    return by_degrees


def read_places(row: Mapping[str, object]) -> Places:
    """Cities and remote work from the fields city, region, location, workplace and title."""
    location, workplace = text_or_empty(row.get("location")), text_or_empty(row.get("workplace"))
    remote = None
    if workplace == "remote" or _REMOTE.search(location) or _REMOTE.search(text_or_empty(row.get("title"))):
        remote = True
    elif workplace in ("onsite", "hybrid"):
        remote = False
    # Cleaned postings say their workplace; of others the text is read.
    if remote is None and not workplace:
        remote = text_workplace(read_cues(text_or_empty(row.get("description")))) == "remote" or None
    return Places(cities_of(row), remote)


def cities_of(row: Mapping[str, object]) -> frozenset[tuple[str, str]]:
    """The cities of `read_places`."""
    fields = row.get("location"), row.get("city"), row.get("region")
    return _cities(*map(text_or_empty, fields))


@lru_cache(maxsize=65_536)
def _cities(location: str, city: str, region: str) -> frozenset[tuple[str, str]]:
    # Of "K\ufffdln" it is not known what it was.
    location, city = ("" if "\ufffd" in name else name for name in (location, city))
    cities = cities_in(location)
    if not city and len(cities) == 1:
        cities = _completed(cities, location)
    if city and len(cities) < 2:
        named = city_name(city)
        state = state_code(" ".join(plain_words(region))) or next((state for _, state in cities), "")
        cities = frozenset({(named, state)} if named else cities)
    return cities


def _completed(cities: frozenset[tuple[str, str]], location: str) -> frozenset[tuple[str, str]]:
    """Where the field is written so that no city is known ("US-TX-Austin"), or no state, the one that it names."""
    ((name, state),) = cities
    is_known = name in gazetteer().cities
    # "Newark" alone may lie in any state.
    if is_known and (state or name == " ".join(plain_words(location))):
        return cities
    found = parse_place(location)
    if not found.city or (is_known and city_name(found.city) != name):
        return cities
    region = (found.region or "").lower() if found.country == "US" else ""
    return frozenset({(city_name(found.city) or name, state or region)})


@lru_cache(maxsize=65_536)
def cities_in(location: str) -> frozenset[tuple[str, str]]:
    """Cities named by a location field, each with its state where it is said."""
    found: set[tuple[str, str]] = set()
    location = _AUSTRALIAN.sub("", _EMPLOYER_IN.sub("", location))
    for piece in re.split(r"[;|/•]|\s(?:or|and|&)\s", _POSTCODE.sub(" ", location)):
        plain = [" ".join(plain_words(part)) for part in piece.split(",")]
        parts = [part for part in plain if part and part not in _NOT_CITIES and not _REMOTE.search(part)]
        if not parts:
            continue
        if len(parts) >= _FEWEST_LISTED and all(map(_is_a_large_city, parts)):
            # "Berlin, Hamburg, Leipzig"
            found.update((city_name(part), "") for part in parts)
            continue
        state = ""
        if len(parts) > 1 and state_code(parts[-1]):
            state = state_code(parts.pop())
        words = (parts[-1] if state else _known_part(parts)).split()
        if len(words) > 1 and words[-1] in STATES:
            state = state or words[-1]
            words = words[:-1]
        city = " ".join(words)
        if not state and city != "new york" and city != "washington" and state_code(city):
            continue
        if (named := city_name(city)) and not named[0].isdigit() and not _POSTCODE_ALONE.fullmatch(named):
            found.add((named, state))
    return frozenset(found)


def _is_a_large_city(name: str) -> bool:
    known = gazetteer()
    return any(city.population >= _LARGE for city in known.cities.get(name, ())[:1]) and name not in known.other_states


def _known_part(parts: list[str]) -> str:
    """Of an address, the first part that is a city; the first, if the gazetteer knows none.

    "Kingston upon Thames, Surrey" ends with a county, "Chelsea, London" with the city.
    """
    if len(parts) < 2 or "london" in parts:
        return "london" if "london" in parts else parts[0]
    known = gazetteer()
    return next((part for part in parts if part in known.cities and part not in known.other_states), parts[0])


def city_name(name: str) -> str:
    """A city's name in one spelling; "" for a metropolitan area, whose cities are not said."""
    plain = " ".join(plain_words(name))
    if _METRO.search(plain):
        return ""
    plain = _ON_A_RIVER.sub("", CITY_SPELLINGS.get(plain, plain))
    words = (_SHORT_WORDS.get(word, word) for word in plain.split())
    return " ".join(word for word in words if word not in _SPARE_WORDS)
