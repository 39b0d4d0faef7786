"""What tells one opening from another: requisition numbers, level, core of the title, places, employer.

The meaning is that of `CONVENTIONS.md`, "The same opening": requisition number before level before city before team
or client before text, and a missing field is no difference.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

from jobfinder_assets.cleaning.company import company_key, is_agency
from jobfinder_assets.cleaning.gazetteer import gazetteer
from jobfinder_assets.cleaning.lexicon import read_lines
from jobfinder_assets.cleaning.opening_words import OPENING_WORDS, plain_words, state_code
from jobfinder_assets.cleaning.post import Post, read_post
from jobfinder_assets.cleaning.requisitions import plain_number, requisition_numbers
from jobfinder_assets.cleaning.skills import find_skills
from jobfinder_assets.cleaning.text import text_or_empty
from jobfinder_assets.cleaning.titles import LEVELS, STEM_LETTERS, Title, read_title
from jobfinder_assets.cleaning.whereabouts import CITY_SPELLINGS, Places, cities_in, city_name, read_places

SameName = Literal["same", "alike", "other"]
_SILENT_E = re.compile(rf"(?<=^.{{{STEM_LETTERS - 1}}})e$")
_LANGUAGES_AND_MARKETS = frozenset(OPENING_WORDS["languages_and_markets"])
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
# "This position is located in Reno, NV."
_SITUATED = re.compile(
    r"\b(?:position|role|job|opening|opportunity) (?:is|will be) (?:located|based) (?:in|at|out of) (?:our )?"
    r"((?:[A-Z][A-Za-z.']{1,20}[ -]){0,2}[A-Z][A-Za-z.']{1,20},?\s[A-Z]{2})(?![A-Za-z])"
)
_BEFORE_SITUATED, _BEHIND_SITUATED = 30, 100
# "applicants should live in the Dallas/Fort Worth area": the job is there, whatever city a board wrote.
_RESIDENCE = re.compile(
    r"\b(?:must|should|(?:need|has|have|required) to) (?:live|reside|be (?:located|based|local)) (?:in|to|near|within) "
    r"(?:the )?((?:[A-Z][A-Za-z.']{1,20}[ /]){0,3}[A-Z][A-Za-z.']{1,20})"
)
_RESIDES = (" live ", " reside ", " located ", " based ", " local ")
_BEFORE_RESIDES, _BEHIND_RESIDES = 20, 140
_NAME = re.compile(r"[a-z,] ([A-Z][A-Za-z0-9]+)")
# A name is known by as many letters: "Developer" and "Development" are one.
_OFTEN, _NAME_LETTERS = 2, 7
_FEW_NAMES, _LONG = 6, 800
# Names of those who may advertise a client's opening without a word of it: staffing and software firms.
_MAY_PLACE_PEOPLE = re.compile(
    r"staff|people|talent|hire|hiring|recruit|search|select|consult|solution|system|tech|soft|info|data|digital|partner"
    r"|global|service"
)
# Whoever has one of these in its name does something else.
_OF_A_TRADE = re.compile(
    r"\b(?:aged|care|dental|veterinar\w+|packaging|freight|marine|school|academy|college|hospital|clinic\w*|insurance|bank"
    r"|foods?|farms?|brew\w+|hotels?|church|council|museum|motors?|air(?:lines?|ways)|mining|construction|propert\w+)\b"
)
# The capital first, which few letters are: two thirds of the time.
_NAME_INSIDE = re.compile(r"[A-Z](?<=[a-z,] .)(?:[a-z]{2,}|[A-Z]{2,})\b")
_LED_BY = 40
# "one of our esteemed clients, a housing finance company": what an agency says of whom it seeks for.
_CLIENT = re.compile(
    r"\b(?:(?:our|my)(?: \w+)? clients?\b|working (?:exclusively |closely )?with\b|on behalf of\b"
    r"|partner(?:ed|ing) with\b|recruiting for\b)[^.;:\n]{0,100}",
    re.I,
)
_CLIENT_ENDS = re.compile(
    r"\b(?:which|who|that|to (?:recruit|find|hire)|in (?:its|their) search|looking|seeking|hiring)\b"
)
_TELLS_NO_CLIENT = frozenset(
    {
        "a", "an", "and", "are", "based", "behalf", "business", "client", "clients", "closely", "company", "currently",
        "esteemed", "established", "exclusively", "firm", "for", "has", "have", "in", "is", "known", "leading", "my",
        "of", "on", "one", "organisation", "organization", "our", "partnered", "partnering", "recruiting", "the",
        "their", "with", "well", "working",
    }
)  # fmt: skip
_FEWEST_WORDS_OF_A_CLIENT = 2
# Whom one asks may change from one advert to the next, and so may examples.
_LEADS_TO_NO_POST = frozenset(
    {
        "as", "ask", "call", "chat", "contact", "email", "including", "like", "mail", "phone", "please", "report",
        "reporting", "reports", "ring", "speak", "talk", "write",
    }
)  # fmt: skip
# By as many letters as a name is known by.
_TIMES = frozenset(
    {
        "january", "februar", "march", "april", "may", "june", "july", "august", "septemb", "october", "novembe",
        "decembe", "monday", "tuesday", "wednesd", "thursda", "friday", "saturda", "sunday",
    }
)  # fmt: skip
_NIGHTS = frozenset({"night", "nights"})
# Of two adverts that are alike, a text so much shorter has been cut, and what it does not say is unknown.
_WHOLE = 0.8
_COMMON_IN_NAMES = frozenset(read_lines("common_in_names.txt"))
_LIST_SPAN = 120
_BOAST = re.compile(r"office|hub|headquarter|founded|campus|presence|customers|branches|worldwide|globally|clients")


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
        return _LANGUAGES_AND_MARKETS.intersection(plain_words(self.title_text))

    @cached_property
    def is_of_an_agency(self) -> bool:
        """Company or text says that the opening is another's."""
        return is_agency(self.company, self.text)

    @cached_property
    def client(self) -> frozenset[str]:
        """The words with which an agency describes for whom it advertises."""
        said = _CLIENT.search(self.text)
        words = plain_words(_CLIENT_ENDS.split(said[0].lower())[0]) if said else []
        return frozenset(words) - _TELLS_NO_CLIENT

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
        stated = {plain_number(self.stated_number)} - {""}
        return requisition_numbers(self.text) | self.title.numbers | stated

    @cached_property
    def stated_cities(self) -> frozenset[tuple[str, str]]:
        """Cities, with their states, at which the text says the job is located."""
        spots = _all_spots(("ocation", "OCATION"), self.text)
        stated = [_STATED_PLACE.match(self.text, max(0, at - 1)) for at in spots]
        around = _all_spots((" located ", " based "), self.text)
        stated += [_SITUATED.search(self.text, max(0, at - _BEFORE_SITUATED), at + _BEHIND_SITUATED) for at in around]
        found = frozenset(city for match in stated if match for city in cities_in(match[1]))
        return frozenset((city, state) for city, state in found if state)

    @cached_property
    def home_cities(self) -> frozenset[tuple[str, str]]:
        """Cities in or around which the text says that applicants must live, with the state of the largest so named."""
        around = ((max(0, at - _BEFORE_RESIDES), at + _BEHIND_RESIDES) for at in _all_spots(_RESIDES, self.text))
        found = (_RESIDENCE.search(self.text, start, end) for start, end in around)
        parts = (part for match in found if match for part in match[1].split("/"))
        named = (" ".join(plain_words(part)) for part in parts)
        cities = (name for name in named if city_name(name) and (name == "new york" or not state_code(name)))
        known = (city for name in cities for city in gazetteer().cities.get(name, ())[:1])
        return frozenset((city_name(city.name), (city.state or "").lower()) for city in known)

    @cached_property
    def names(self) -> frozenset[str]:
        """Words with a capital that stand inside sentences more than once, in lower case."""
        times = Counter(_NAME.findall(self.text))
        return frozenset(name.lower() for name, often in times.items() if often >= _OFTEN) - LEVELS.keys()

    @cached_property
    def name_stems(self) -> frozenset[str]:
        """First letters, in lower case, of each name that stands inside a sentence."""
        return frozenset(name[:_NAME_LETTERS].lower() for name in set(_NAME_INSIDE.findall(self.text)))

    @cached_property
    def is_generic(self) -> bool:
        """A long text with hardly a name in its sentences: of a barista, of an accountant anywhere."""
        return len(self.text) >= _LONG and len({name.lower() for name in _NAME.findall(self.text)}) <= _FEW_NAMES

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def spoken(self) -> str:
        """Title and text as lower-case words, with a blank at both ends."""
        return f" {' '.join(plain_words(self.title_text))}{self.spoken_text}"

    @cached_property
    def spoken_text(self) -> str:
        """The text as lower-case words, with a blank at both ends."""
        return f" {' '.join(plain_words(self.text))} "


def read_opening(row: Mapping[str, object]) -> Opening:
    """Read the facts from a posting's row; any field may be missing or NaN."""
    title, company, text = (text_or_empty(row.get(name)) for name in ("title", "company", "description"))
    places = read_places(row)
    parts = read_title(title, company=company, cities=places.cities)
    return Opening(
        posting_id=text_or_empty(row.get("posting_id")),
        title=parts,
        title_text=title,
        company=company,
        company_key=company_key(company) if company else "",
        places=places,
        stated_number=text_or_empty(row.get("requisition_id")),
        text=text,
    )


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
    if (_has_unit_of_its_own(left, right) and _has_unit_of_its_own(right, left)) or _have_sibling_units(left, right):
        return "another ward or team"
    if left.is_of_an_agency and right.is_of_an_agency and _for_other_clients(left, right):
        return "another client"
    return None


def _have_sibling_units(left: Opening, right: Opening) -> bool:
    """The Grid Insight team and the Customer Insight team, whatever other words the texts share."""
    own, foreign = left.post.units - right.post.units, right.post.units - left.post.units
    return any(len(unit) == len(other) == len(unit & other) + 1 > 1 for unit in own for other in foreign)


def _for_other_clients(left: Opening, right: Opening) -> bool:
    told = min(len(left.client), len(right.client)) >= _FEWEST_WORDS_OF_A_CLIENT
    return told and left.client.isdisjoint(right.client)


def _other_contract(one: Opening, other: Opening) -> bool:
    """One names no contract of the other, which is permanent where its text is whole and names none."""
    if not one.contracts:
        return False
    if not other.contracts and len(other.text) < _WHOLE * len(one.text):
        return False
    return not one.contracts & (other.contracts or {"permanent"})


def _at_night(opening: Opening) -> bool:
    return not _NIGHTS.isdisjoint(plain_words(opening.title_text))


def _has_unit_of_its_own(opening: Opening, other: Opening) -> bool:
    # What both name needs no look into the other's words, which are made at some cost.
    return any(word not in other.spoken for unit in opening.post.units - other.post.units for word in unit)


def same_city(left: Opening, right: Opening) -> bool:
    """A city of both, by the fields or by what both texts state."""
    return left.places.share_a_city(right.places) or bool(left.stated_cities & right.stated_cities)


def agency_nearby(left: Opening, right: Opening) -> bool:
    """An agency's advert and another's, in places that may be near each other."""
    return (
        left.places.may_be_near(right.places)
        and compare_companies(left, right) == "other"
        and (left.is_of_an_agency or right.is_of_an_agency)
    )


def _said_places(left: Opening, right: Opening) -> tuple[Places, Places]:
    """What both texts state weighs more than the fields, which boards fill with an office or a metropolis."""
    if left.stated_cities and right.stated_cities:
        return replace(left.places, cities=left.stated_cities), replace(right.places, cities=right.stated_cities)
    return _home(left), _home(right)


def _home(opening: Opening) -> Places:
    return replace(opening.places, cities=opening.home_cities) if opening.home_cities else opening.places


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
    if opening.is_of_an_agency:
        return False
    own, foreign = (f" {' '.join(plain_words(item.company_key))} " for item in (opening, other))
    return len(own) > 3 and opening.spoken.count(own) >= 2 and foreign not in opening.spoken


def another_name_stands_there(left: Opening, right: Opening) -> bool:
    """In one place of a template each text has a name that the other never has: of a ward, a town, a product."""
    own, foreign = _own_stems(left, right), _own_stems(right, left)
    return bool(own and foreign) and not _leads_to(own, left).isdisjoint(_leads_to(foreign, right))


def _own_stems(opening: Opening, other: Opening) -> set[str]:
    return {stem for stem in opening.name_stems - other.name_stems if stem not in other.lower and stem not in _TIMES}


def _leads_to(stems: set[str], opening: Opening) -> set[tuple[str, str]]:
    """The two words that stand before each such name: "consultant in" of "a consultant in Kestrel"."""
    leads = set()
    for match in _NAME_INSIDE.finditer(opening.text):
        if match[0][:_NAME_LETTERS].lower() in stems:
            words = opening.lower[max(0, match.start() - _LED_BY) : match.start()].replace(",", " ").split()
            before = [word for word in words if word != "the"][-2:]
            if len(before) == 2 and _LEADS_TO_NO_POST.isdisjoint(before):
                leads.add((before[0], before[1]))
    return leads


def may_be_anybodys(left: Opening, right: Opening) -> bool:
    """A generic text that names neither employer: two seek alike.

    Not where an agency, which hides its client's name, may have copied it, or where the names have a word in common;
    nor, of a text that names skills, where one may be a firm that places people.
    """
    if left.is_of_an_agency or right.is_of_an_agency or not (left.is_generic or right.is_generic):
        return False
    keys = [" ".join(plain_words(side.company_key)) for side in (left, right)]
    may_place = any(_MAY_PLACE_PEOPLE.search(key) and not _OF_A_TRADE.search(key) for key in keys)
    if may_place and any(find_skills(side.text) for side in (left, right)):
        return False
    if (set(keys[0].split()) & set(keys[1].split())) - _COMMON_IN_NAMES:
        return False
    return not any(f" {key} " in side.spoken for key in keys for side in (left, right))


def names_of_its_own(opening: Opening, other: Opening) -> bool:
    """The text has a name inside sentences, again and again, that the other never has: of a ward, a team, a role."""
    return any(name[:_NAME_LETTERS] not in other.lower for name in opening.names)


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


def _lists(spoken: str, first: str, second: str) -> bool:
    """Both cities stand close together, and not in a sentence about the company's offices."""
    spots = [_all_spots((f" {name} " for name in _spellings_of(city)), spoken) for city in (first, second)]
    for a in spots[0]:
        for b in spots[1]:
            start, end = min(a, b), max(a, b)
            if end - start <= _LIST_SPAN and not _BOAST.search(spoken[max(0, start - 80) : end]):
                return True
    return False


@lru_cache(maxsize=4_096)
def _spellings_of(city: str) -> tuple[str, ...]:
    """A city's names in a text: "munich", "munchen"."""
    return city, *(name for name, meant in CITY_SPELLINGS.items() if meant == city)


def _speaks_of_city(city: str, spoken: str) -> bool:
    return any(not _BOAST.search(spoken[max(0, at - 80) : at]) for at in _spots(f" {city} ", spoken))


def _all_spots(phrases: Iterable[str], text: str) -> list[int]:
    return [at for words in phrases if words in text for at in _spots(words, text)]


def _spots(words: str, text: str) -> list[int]:
    """Where `words` begin in `text`: the first twenty places."""
    found: list[int] = []
    at = text.find(words)
    while at >= 0 and len(found) < 20:
        found.append(at)
        at = text.find(words, at + 1)
    return found
