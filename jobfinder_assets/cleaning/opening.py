"""What tells one opening from another: requisition numbers, level, core of the title, places, employer.

The meaning is that of `CONVENTIONS.md`, "The same opening": requisition number before level before city before team
or client before text, and a missing field is no difference.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Literal

from jobfinder_assets.cleaning.company import company_key, is_agency
from jobfinder_assets.cleaning.cues import read_cues
from jobfinder_assets.cleaning.gazetteer import City, gazetteer, kilometres
from jobfinder_assets.cleaning.lexicon import read_json, read_lines
from jobfinder_assets.cleaning.location import text_workplace
from jobfinder_assets.cleaning.post import Post, read_post

SameName = Literal["same", "alike", "other"]

_WORD = re.compile(r"[a-z0-9+#]+")
_STEM_LETTERS = 5
_SILENT_E = re.compile(rf"(?<=^.{{{_STEM_LETTERS - 1}}})e$")

_WORDS = read_json("openings.json")
_LEVELS: dict[str, str] = _WORDS["levels"]
_NUMERALS = frozenset(_WORDS["numerals"])
_NOT_LEVELS = frozenset(_WORDS["not_levels"])
_SPELLINGS: dict[str, list[str]] = _WORDS["spellings"]
_TITLE_NOISE = frozenset(_WORDS["title_noise"])
_LANGUAGES_AND_MARKETS = frozenset(_WORDS["languages_and_markets"])
_STATES: dict[str, str] = _WORDS["us_states"]
_STATE_CODES = {name: code for code, name in _STATES.items()}
_NOT_CITIES = frozenset(_WORDS["not_cities"])
_CITY_SPELLINGS: dict[str, str] = _WORDS["city_spellings"]

_REMOTE = re.compile(r"\b(?:remote|remotely|telecommut\w{0,4}|work from home|wfh|home[ -]based|anywhere)\b", re.I)
# "Location: Tempe, AZ or Chicago, IL": the advert is for any of them.
_SEVERAL_PLACES = re.compile(
    r"\blocations?(?:\s?:\s{0,3}[A-Z][\w. ]{2,25}(?:,\s?[A-Z]{2})?|\s[A-Z][\w. ]{2,25},\s?[A-Z]{2})"
    r"\s?(?:\bor\b|\band\b|[/;&|])\s?[A-Z][\w. ]{2,25}",
    re.I,
)
# "Location: Tempe, AZ": where the text itself says that the job is.
_STATED_PLACE = re.compile(
    r"(?:(?<![A-Za-z])[Ll]ocation|(?<=[A-Za-z])Location|LOCATION)\s?[:–-]{0,2}\s{0,3}"
    r"((?:[A-Z][A-Za-z.']{1,20}[ -]){0,2}[A-Z][A-Za-z.']{1,20},?\s[A-Z]{2})(?![a-z])(?![A-Z](?![a-z]))"
)
# "applicants should live in the Dallas/Fort Worth area": the job is there, whatever city a board wrote.
_RESIDENCE = re.compile(
    r"\b(?:must|should|(?:need|has|have|required) to) (?:live|reside|be (?:located|based|local)) (?:in|to|near|within) "
    r"(?:the )?((?:[A-Z][A-Za-z.']{1,20}[ /]){0,3}[A-Z][A-Za-z.']{1,20})"
)
_RESIDES = (" live ", " reside ", " located ", " based ", " local ")
_BEFORE_RESIDES, _BEHIND_RESIDES = 20, 140
# "Foo Ltd in Atlanta, GA 30303", as one board writes it.
_EMPLOYER_IN = re.compile(r"^.{1,200}\bin (?=[A-Z][^,]{1,40}, [A-Z]{2}(?: \d{5})?$)")
_METRO = re.compile(r"\b(?:greater|metro(?:politan|plex)?|bay area|area|region|county|vicinity|surrounding)\b")
# "Newcastle upon Tyne", of which texts say "Newcastle".
_ON_A_RIVER = re.compile(r"(?<=[a-z]{4}) (?:up)?on (?:the )?[a-z]+$")
_ZIP = re.compile(r"\b\d{5}(?:-\d{4})?\b")

# A number counts only behind a word that says what it is; "job code" is a class of jobs, not an opening.
_REQUISITION = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z.)])(?=[A-Z]))"
    r"(?i:(?:(?:auto|job|position|posting)\s{0,2})?"
    r"(?:req(?:uisition)?|job|position|posting|vacancy|announcement|competition|opening|opportunity|reference|ref)"
    r"[\s.]{0,2}(?:requisition\s{0,2}|reference\s{0,2}|announcement\s{0,2}|posting\s{0,2})?"
    r"(?:id|identifier|number|num|nbr|no|nr|#)s?(?![a-z])|(?:job\s{0,2})?(?:reference\s{0,2}code)(?![a-z])"
    r"|(?:req|requisition|ref)(?=[\s.:#]{0,4}[A-Z]{0,4}-?\d)|(?<![a-z0-9])id\s?#)"
    r"[\s.:#*()\[\]–-]{0,8}"
    r"([A-Za-z]{0,6}[-_]?\d[\dA-Z]{0,20}?(?:[-_/.]\d[\dA-Z]{0,14}?){0,3}(?:[A-Z]{1,4}(?![a-z]))?)(?!\d|[A-Z]{1,4}\d)"
    r"(?!\s?(?:\+|years|yrs|months|%))"
)
_GLUED_REQUISITION = re.compile(
    r"(?i:requisition|req|job|posting|vacancy|reference)\s{0,2}(?i:number|code|id)([A-Z]{0,4}-?\d{3,20}(?:-\d{1,14})?)"
)
# A number without one of these near it has no label.
_LABELS = (
    "req",
    "job",
    "posi",
    "posting",
    "vacan",
    "announ",
    "compet",
    "opening",
    "opport",
    "ref",
    "id#",
    "id #",
    "id  #",
)
_DIGITS = re.compile(r"\d[\d-]+")
_FEWEST_DIGITS = 3
_JOINS = ("_", "/", ".")
_BEFORE_NUMBER, _BEHIND_NUMBER = 60, 40
# Taleo puts the number behind the title on top of the text: "Data Engineer (Cloud)-20000OWF".
_BEHIND_TITLE = re.compile(r"(?<=[A-Za-z)])-(\d{4,8}[A-Z]{1,4}\d{0,4})\b")
_TOP = 250
_TITLE_NUMBER = re.compile(r"#[A-Za-z]{0,4}-?\d{3,14}\b|\b[A-Za-z]{0,4}-?\d{5,14}[A-Za-z]{0,3}\b")
# Of an agency's trade, not of the job.
_DIRECT_CLIENT = re.compile(r"\bdirect client\b", re.I)
_NAME = re.compile(r"[a-z,] ([A-Z][A-Za-z0-9]+)")
# A name is known by as many letters: "Developer" and "Development" are one.
_OFTEN, _NAME_LETTERS = 2, 7
_NIGHTS = frozenset({"night", "nights"})
# Of two adverts that are alike, a text so much shorter has been cut, and what it does not say is unknown.
_WHOLE = 0.8
_STATE_CODE = re.compile(r"\b[A-Z]{2}\b")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
# Numbers that a job board gave to its own copy of the advert.
_BOARD_CODE = re.compile(r"^(?:li|pi\d{6,}|gd|ind|cb|zr)", re.I)


@dataclass(frozen=True)
class Places:
    """Where a job is: cities with their state or region ("" unknown), and what is said of remote work."""

    cities: frozenset[tuple[str, str]] = frozenset()
    remote: bool | None = None

    def contradict(self, other: "Places") -> bool:
        """Both name cities, and none in common."""
        if not self.cities or not other.cities:
            return False
        return not any(a == b and (not s or not t or s == t) for a, s in self.cities for b, t in other.cities)

    def share_a_metropolis(self, other: "Places") -> bool:
        """Cities of both lie around one large city: boards write the suburb or the city."""
        return any(
            a[1] and a[1] == b[1] and metropolis(*a) == metropolis(*b) for a in self.cities for b in other.cities
        )

    def may_be_near(self, other: "Places") -> bool:
        """Cities of both lie in one state, and the gazetteer does not know where one of them is."""
        return any(a[1] and a[1] == b[1] and not (_known(*a) and _known(*b)) for a in self.cities for b in other.cities)


@lru_cache(maxsize=65_536)
def metropolis(name: str, state: str) -> str:
    """The largest city of 300,000 people within 30 km, or the city itself."""
    known = _known(name, state)
    if not known:
        return name
    here = known[0]
    near = [
        city
        for city in _large_cities()
        if abs(city.latitude - here.latitude) < 1 and kilometres(city, here) <= _SUBURB_KILOMETRES
    ]
    return max(near, key=lambda city: city.population).name if near else name


def _known(name: str, state: str) -> list[City]:
    return [city for city in gazetteer().cities.get(name, ()) if state and city.state == state.upper()]


@cache
def _large_cities() -> list[City]:
    """US cities of 300,000 people; of a city's several names the first."""
    found: dict[tuple[float, float], City] = {}
    for cities in gazetteer().cities.values():
        for city in cities:
            if city.population >= _METROPOLIS and city.state:
                found.setdefault((city.latitude, city.longitude), city)
    return list(found.values())


@dataclass(frozen=True)
class Title:
    """A title taken apart: levels, stems of its core words, and states it names (upper-case codes)."""

    levels: frozenset[str]
    core: frozenset[str]
    states: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True)
class Opening:
    """The facts of one posting that decide what it can be the same as."""

    posting_id: str
    title: Title
    title_text: str
    company: str
    company_key: str
    places: Places
    stated_number: str
    text: str = field(repr=False)

    def speaks_of(self, stems: frozenset[str]) -> bool:
        """Title or text has a word that begins with each stem; a silent e may be lost ("write", "writing")."""
        return all(f" {_SILENT_E.sub('', stem)}" in self.spoken for stem in stems)

    @cached_property
    def languages_and_markets(self) -> frozenset[str]:
        """Languages and markets that the title names: "German", not "Germany", which may only be where the job is."""
        return _LANGUAGES_AND_MARKETS.intersection(_words(self.title_text))

    @cached_property
    def post(self) -> Post:
        """What the text says of contract, hours and unit."""
        return read_post(self.text)

    @cached_property
    def contracts(self) -> frozenset[str]:
        """Contracts that title or text name."""
        return read_post(self.title_text).contracts | self.post.contracts

    @cached_property
    def requisitions(self) -> frozenset[str]:
        """Every requisition number that the field, the title or the text gives."""
        stated = {_number(self.stated_number)} - {""}
        return requisition_numbers(self.text) | self.title.numbers | stated

    @cached_property
    def stated_cities(self) -> frozenset[tuple[str, str]]:
        """Cities, with their states, at which the text says the job is located."""
        spots = _all_spots(("ocation", "OCATION"), self.text)
        stated = (_STATED_PLACE.match(self.text, max(0, at - 1)) for at in spots)
        found = frozenset(city for match in stated if match for city in _cities(match[1]))
        return frozenset((city, state) for city, state in found if state)

    @cached_property
    def home_cities(self) -> frozenset[tuple[str, str]]:
        """Cities in or around which the text says that applicants must live, with the state of the largest so named."""
        around = ((max(0, at - _BEFORE_RESIDES), at + _BEHIND_RESIDES) for at in _all_spots(_RESIDES, self.text))
        found = (_RESIDENCE.search(self.text, start, end) for start, end in around)
        parts = (part for match in found if match for part in match[1].split("/"))
        named = (" ".join(_words(part)) for part in parts)
        cities = (name for name in named if _city(name) and (name == "new york" or not _state(name)))
        known = (city for name in cities for city in gazetteer().cities.get(name, ())[:1])
        return frozenset((_city(city.name), (city.state or "").lower()) for city in known)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital that stand inside sentences more than once, in lower case."""
        times = Counter(_NAME.findall(self.text))
        return frozenset(name.lower() for name, often in times.items() if often >= _OFTEN) - _LEVELS.keys()

    @cached_property
    def spoken(self) -> str:
        """Title and text as lower-case words, with a blank at both ends."""
        return f" {' '.join(_words(self.title_text))}{self.spoken_text}"

    @cached_property
    def spoken_text(self) -> str:
        """The text as lower-case words, with a blank at both ends."""
        return f" {' '.join(_words(self.text))} "


def read_opening(row: Mapping[str, object]) -> Opening:
    """Read the facts from a posting's row; any field may be missing or NaN."""
    title, company, text = (_text(row.get(name)) for name in ("title", "company", "description"))
    places = read_places(row)
    parts = read_title(title, company=company, places=places)
    return Opening(
        posting_id=_text(row.get("posting_id")),
        title=parts,
        title_text=title,
        company=company,
        company_key=company_key(company) if company else "",
        places=places,
        stated_number=_text(row.get("requisition_id")),
        text=text,
    )


# A cluster's texts are asked again when it is resolved, and one text stands in many postings.
@lru_cache(maxsize=16_384)
def requisition_numbers(text: str) -> frozenset[str]:
    """Numbers that the text calls a requisition, job, vacancy or reference number, without signs, in lower case.

    Tracking codes of job boards are none.
    """
    found: set[str] = set()
    for start, end in _spans_with_digits(text):
        span = text[start:end].lower()
        if not any(label in span for label in _LABELS):
            continue
        for pattern in (_REQUISITION, _GLUED_REQUISITION):
            found.update(match.group(1) for match in pattern.finditer(text, start, end))
    found.update(_BEHIND_TITLE.findall(text, 0, _TOP))
    return frozenset(
        _number(value)
        for value in found
        if sum(map(str.isdigit, value)) >= 3 and not _BOARD_CODE.match(value) and not _YEAR.match(value)
    )


def _spans_with_digits(text: str) -> list[tuple[int, int]]:
    """Where the digits of a number stand together, with room for a label before and the rest of a number behind.

    Few parts of an advert have digits, and only those can hold a number: a tenth of the time of a search over all.
    """
    spans: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(text):
        if (
            match.end() - match.start() - match[0].count("-") < _FEWEST_DIGITS
            and text[match.end() : match.end() + 1] not in _JOINS
        ):
            continue
        start, end = max(0, match.start() - _BEFORE_NUMBER), match.end() + _BEHIND_NUMBER
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def read_title(title: str, company: str = "", *, places: Places | None = None) -> Title:
    """Take a title apart; the employer's whole name and words of the posting's places are no part of the core."""
    words, numbers, states = _title_words(title)
    own_words: set[str] = set()
    for city, state in (places or Places()).cities:
        own_words.update(_words_of_place(city, state))
    phrase = _company_words(company)
    if phrase and phrase[0] in words:
        words = _without_phrase(words, phrase)
    levels, core = _levels_and_core(words)
    distinct = core - own_words
    return Title(levels, distinct or core, states, numbers)


@lru_cache(maxsize=65_536)
def _title_words(title: str) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    """The words of a title without its numbers; those numbers; the states that it names by their code."""
    numbers = frozenset(
        _number(value) for value in _TITLE_NUMBER.findall(title) if not _BOARD_CODE.match(value.lstrip("#"))
    )
    states = frozenset(code.lower() for code in _STATE_CODE.findall(title) if code.lower() in _STATES)
    return tuple(_words(_DIRECT_CLIENT.sub(" ", _TITLE_NUMBER.sub(" ", title)))), numbers, states


@lru_cache(maxsize=65_536)
def _levels_and_core(words: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    levels: set[str] = set()
    core: set[str] = set()
    for position, word in enumerate(words):
        after_word = position > 0 and (len(words[position - 1]) > 1 or words[position - 1] in _NUMERALS)
        if word in _LEVELS and (word not in _NUMERALS or after_word) and not _in_phrase(words, position):
            levels.add(_LEVELS[word])
        elif len(word) == 2 and word[0] == "l" and word[1] in "123456789":
            levels.add(word)
        elif word not in _TITLE_NOISE and word not in _NUMERALS and not word.isdigit():
            core.update(part[:_STEM_LETTERS] for part in _SPELLINGS.get(word, [word]))
    return frozenset(levels), frozenset(core)


def _in_phrase(words: tuple[str, ...], position: int) -> bool:
    """The word belongs to a phrase in which it is no level: "data entry", "lead generation"."""
    here = (words[max(0, position - 1) : position + 1], words[position : position + 2])
    return any(" ".join(pair) in _NOT_LEVELS for pair in here)


@lru_cache(maxsize=65_536)
def _words_of_place(city: str, state: str) -> frozenset[str]:
    """Stems of the words by which a title may name the place."""
    words = [*city.split(), *state.split(), *_STATES.get(state, "").split()]
    words += [short for short, name in _CITY_SPELLINGS.items() if name == city]
    return frozenset(word[:_STEM_LETTERS] for word in words)


def read_places(row: Mapping[str, object]) -> Places:
    """Cities and remote work from the fields city, region, location, workplace and title."""
    says_remote = _REMOTE.search(_text(row.get("title"))) is not None
    names = ("location", "workplace", "city", "region")
    cities, remote = _placed(*(_text(row.get(name)) for name in names), title_says_remote=says_remote)
    # Cleaned postings say their workplace; of others the text is read.
    if remote is None and not _text(row.get("workplace")):
        remote = text_workplace(read_cues(_text(row.get("description")))) == "remote" or None
    return Places(cities, remote)


@lru_cache(maxsize=65_536)
def _placed(
    location: str, workplace: str, city: str, region: str, *, title_says_remote: bool
) -> tuple[frozenset[tuple[str, str]], bool | None]:
    cities = _cities(location)
    if city and len(cities) < 2:
        named = _city(city)
        state = _state(" ".join(_words(region))) or next((state for _, state in cities), "")
        cities = frozenset({(named, state)} if named else cities)
    remote = None
    if workplace == "remote" or _REMOTE.search(location) or title_says_remote:
        remote = True
    elif workplace in ("onsite", "hybrid"):
        remote = False
    return cities, remote


def conflict(left: Opening, right: Opening) -> str | None:
    """Why two postings cannot be the same opening whatever their texts say, or None."""
    shared = left.requisitions & right.requisitions
    if left.requisitions and right.requisitions and not shared:
        return "another requisition number"
    if left.title.levels != right.title.levels:
        return "another level in the title"
    if left.title.states and right.title.states and not left.title.states & right.title.states:
        return "another state in the title"
    if _other_cities(left, right) and not shared and not _place_is_open(left, right):
        return "another city"
    return None


def another_post(left: Opening, right: Opening) -> str | None:
    """Why two postings of one employer, alike in title and text, are two posts all the same, or None."""
    if _other_contract(left, right) or _other_contract(right, left):
        return "another contract"
    hours = [(a, b) for a in left.post.weekly_hours for b in right.post.weekly_hours]
    if hours and all(abs(a - b) >= 1 for a, b in hours):
        return "other weekly hours"
    if _at_night(left) != _at_night(right):
        return "nights in one title only"
    if _has_unit_of_its_own(left, right) and _has_unit_of_its_own(right, left):
        return "another ward or team"
    return None


def _other_contract(one: Opening, other: Opening) -> bool:
    """One names no contract of the other, which is permanent where its text is whole and names none."""
    if not one.contracts:
        return False
    if not other.contracts and len(other.text) < _WHOLE * len(one.text):
        return False
    return not one.contracts & (other.contracts or {"permanent"})


def _at_night(opening: Opening) -> bool:
    return not _NIGHTS.isdisjoint(_words(opening.title_text))


def _has_unit_of_its_own(opening: Opening, other: Opening) -> bool:
    return any(any(word not in other.spoken for word in unit) for unit in opening.post.units)


def same_city(left: Opening, right: Opening) -> bool:
    """A city of both, by the fields or by what both texts state."""
    return bool(left.places.cities & right.places.cities or left.stated_cities & right.stated_cities)


def agency_nearby(left: Opening, right: Opening) -> bool:
    """An agency's advert and another's, in places that may be near each other."""
    return (
        left.places.may_be_near(right.places)
        and compare_companies(left, right) == "other"
        and any(is_agency(side.company, side.text) for side in (left, right))
    )


def _said_places(left: Opening, right: Opening) -> tuple[Places, Places]:
    """What both texts state weighs more than the fields, which boards fill with an office or a metropolis."""
    if left.stated_cities and right.stated_cities:
        return replace(left.places, cities=left.stated_cities), replace(right.places, cities=right.stated_cities)
    return _home(left), _home(right)


def _home(opening: Opening) -> Places:
    return replace(opening.places, cities=opening.home_cities or opening.places.cities)


def _other_cities(left: Opening, right: Opening) -> bool:
    first, second = _said_places(left, right)
    # Where one text states nothing, the other's may name its field.
    one_text = not left.stated_cities or not right.stated_cities
    named = one_text and bool(left.stated_cities & right.places.cities or right.stated_cities & left.places.cities)
    return first.contradict(second) and not named


def compare_companies(left: Opening, right: Opening) -> SameName:
    """Whether two names are one employer's: equal, written another way (or one missing), or other names."""
    a, b = left.company_key, right.company_key
    if not a or not b:
        return "alike"
    return _compare_keys(a, b) if a <= b else _compare_keys(b, a)


def names_itself(opening: Opening, other: Opening) -> bool:
    """The text speaks of its own employer more than in passing, and never of the other's; agencies speak of theirs."""
    if is_agency(opening.company, opening.text):
        return False
    own, foreign = (f" {' '.join(_words(item.company_key))} " for item in (opening, other))
    return len(own) > 3 and opening.spoken.count(own) >= 2 and foreign not in opening.spoken


def names_of_its_own(opening: Opening, other: Opening) -> bool:
    """The text has a name inside sentences, again and again, that the other never has: of a ward, a team, a role."""
    heard = other.text.lower()
    return any(name[:_NAME_LETTERS] not in heard for name in opening.names)


_COMMON_IN_NAMES = frozenset(read_lines("common_in_names.txt"))


@lru_cache(maxsize=65_536)
def _compare_keys(a: str, b: str) -> SameName:
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return "same"
    first, second = a.split(), b.split()
    short, long = sorted((first, second), key=len)
    if long[: len(short)] == short and (len(short) > 1 or len(short[0]) > 2):
        return "alike"
    if len(short) > 1 and set(short) <= set(long):
        return "alike"
    # Houses of one name: "NYU Langone Health" and "NYU Langone Medical Center".
    if len(short) > 2 and first[:2] == second[:2] and not _COMMON_IN_NAMES & set(first[:2]):
        return "alike"
    initials = "".join(word[0] for word in long)
    if len(short) == 1 and len(long) > 1 and 1 < len(short[0]) <= 5 and short[0] in (initials, initials[:-1]):
        return "alike"
    return "other"


def _place_is_open(left: Opening, right: Opening) -> bool:
    """The job is remote, or a title or text lists a city of each side together."""
    remote = {left.places.remote, right.places.remote}
    if remote <= {True, None} and True in remote:
        return True
    if _SEVERAL_PLACES.search(left.text) and _SEVERAL_PLACES.search(right.text):
        return True
    first, second = _said_places(left, right)
    # An employer's own openings in a city and its suburb are two, unless both texts name one of them; an agency's copy
    # names either.
    if first.share_a_metropolis(second) and (
        compare_companies(left, right) == "other"
        or any(
            all(_speaks_of_city(city, side.spoken_text) for side in (left, right))
            for city, _ in first.cities | second.cities
        )
    ):
        return True
    return agency_nearby(left, right) or any(
        _lists(opening.spoken, one, other)
        for opening in (left, right)
        for one, _ in first.cities
        for other, _ in second.cities
    )


_METROPOLIS, _SUBURB_KILOMETRES = 300_000, 30
_LIST_SPAN = 120
_BOAST = re.compile(r"office|hub|headquarter|founded|campus|presence|customers|branches|worldwide|globally|clients")


def _lists(spoken: str, first: str, second: str) -> bool:
    """Both cities stand close together, and not in a sentence about the company's offices."""
    spots = [_spots(f" {city} ", spoken) for city in (first, second)]
    for a in spots[0]:
        for b in spots[1]:
            start, end = min(a, b), max(a, b)
            if end - start <= _LIST_SPAN and not _BOAST.search(spoken[max(0, start - 80) : end]):
                return True
    return False


def _speaks_of_city(city: str, spoken: str) -> bool:
    return any(not _BOAST.search(spoken[max(0, at - 80) : at]) for at in _spots(f" {city} ", spoken))


def _all_spots(phrases: Iterable[str], text: str) -> list[int]:
    return [at for words in phrases for at in _spots(words, text)]


def _spots(words: str, text: str) -> list[int]:
    """Where `words` begin in `text`: the first twenty places."""
    found: list[int] = []
    at = text.find(words)
    while at >= 0 and len(found) < 20:
        found.append(at)
        at = text.find(words, at + 1)
    return found


@lru_cache(maxsize=65_536)
def _cities(location: str) -> frozenset[tuple[str, str]]:
    """Cities named by a location field, each with its state where it is said."""
    found = set()
    location = _EMPLOYER_IN.sub("", location)
    for piece in re.split(r"[;|/•]|\s(?:or|and|&)\s", _ZIP.sub(" ", location)):
        plain = [" ".join(_words(part)) for part in piece.split(",")]
        parts = [part for part in plain if part and part not in _NOT_CITIES and not _REMOTE.search(part)]
        if not parts:
            continue
        state = ""
        if len(parts) > 1 and _state(parts[-1]):
            state = _state(parts.pop())
        words = (parts[-1] if state else _known_part(parts)).split()
        if len(words) > 1 and words[-1] in _STATES:
            state = state or words[-1]
            words = words[:-1]
        city = " ".join(words)
        if not state and city != "new york" and city != "washington" and _state(city):
            continue
        if (named := _city(city)) and not named[0].isdigit():
            found.add((named, state))
    return frozenset(found)


def _known_part(parts: list[str]) -> str:
    """Of an address, the first part that is a city; the first, if the gazetteer knows none."""
    return next((part for part in parts if len(parts) > 1 and part in gazetteer().cities), parts[0])


def _city(name: str) -> str:
    """A city's name in one spelling; "" for a metropolitan area, whose cities are not said."""
    plain = " ".join(_words(name))
    if _METRO.search(plain):
        return ""
    plain = _ON_A_RIVER.sub("", _CITY_SPELLINGS.get(plain, plain))
    words = ["st" if word == "saint" else "ft" if word == "fort" else word for word in plain.split()]
    return " ".join(word for word in words if word != "downtown")


@lru_cache(maxsize=65_536)
def _company_words(company: str) -> tuple[str, ...]:
    return tuple(_words(company_key(company))) if company else ()


def _without_phrase(words: tuple[str, ...], phrase: tuple[str, ...]) -> tuple[str, ...]:
    """`words` without the first place where `phrase` stands, unless that is all there is."""
    size = len(phrase)
    for start in range(len(words) - size + 1) if 0 < size < len(words) else ():
        if words[start : start + size] == phrase:
            return words[:start] + words[start + size :]
    return words


def _state(name: str) -> str:
    return name if name in _STATES else _STATE_CODES.get(name, "")


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _WORD.findall(plain.lower().replace("'", ""))


def _number(text: str) -> str:
    # Kenexa BrassRing writes its numbers with and without "BR", others with and without "REQ".
    return re.sub(r"^req(?=\d)|(?<=\d)br$", "", re.sub(r"[^0-9a-z]", "", text.lower()))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
