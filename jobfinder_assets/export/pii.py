"""Personal data in short texts: titles, companies, places, reasons and searches.

Presidio's recognizers (maintained; patterns with checksums, and Google's phone number rules through `phonenumbers`)
run offline without any language model; a recognizer for names over the name lists of Faker, maintained as well, and
one for postal addresses stand beside them, since Presidio finds those by models that would have to be downloaded.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from itertools import pairwise
from typing import Any

from jobfinder_assets.export.errors import MissingExtra

# Both may be ordinary words: a person may say that what was found names nobody.
ARGUABLE = ("name", "address", "phone")
_KINDS = {
    "EMAIL_ADDRESS": "e-mail",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card number",
    "IBAN_CODE": "bank account",
    "IP_ADDRESS": "IP address",
    "US_SSN": "social security number",
}
# A number of fewer digits is none of the numbers that are looked for.
_FEWEST_DIGITS = 7
# Postings come from anywhere; a number without its country code is read as one of these countries'.
_PHONE_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "IN", "AU", "BR", "CH", "AT")
_NOT_NUMBERS = re.compile(r"\b\d{5}-\d{4}\b|[$€£]\s?\d[\d.,]*\s?[kK]?|\d[\d.,]*\s?(?:[kK]\b|USD|EUR|GBP|[$€£])")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN_NAMES = re.compile(r"[ \t]+(?:[^\W\d_]\.?[ \t]+)?")
_LAST_FIRST = re.compile(r",[ \t]*")
_ADDRESS = re.compile(
    "|".join(
        (
            r"\b\d{1,5}[a-zA-Z]?,? (?:[NSEW]\.? )?(?:[^\W\d_][\w'’.-]*,? ){1,4}?"
            r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|square|sq|terrace|place|pl|"
            r"highway|hwy|parkway|pkwy|crescent|close|mews)\b\.?",
            r"\b[^\W\d_][\w'’.-]{2,}(?:stra(?:ß|ss)e|str\.|weg|gasse|allee|platz|damm|straat|laan|gracht|plein)"
            r"\s?\d{1,4}\s?[a-z]?\b",
            r"\b(?:[^\W\d_][\w'’.-]+ )(?:straße|strasse|str\.|weg|gasse|allee|platz|damm) \d{1,4}\s?[a-z]?\b",
            r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|place|impasse|quai) "
            r"(?:de |du |des |la |l['’])*[^\W\d_]\w+",
            r"\b(?:calle|avenida|paseo|plaza|via|viale|piazza|rua|ulica|ul\.) (?:[^\W\d_][\w'’.-]* ){1,4}?\d{1,4}\b",
            r"\bP\.? ?O\.? Box \d+\b",
        )
    ),
    re.IGNORECASE,
)
_PROFILE_LINK = re.compile(
    r"(?:linkedin\.com/(?:in|pub)|xing\.com/profile|facebook\.com|instagram\.com|t\.me)/[\w.%-]+", re.IGNORECASE
)


@dataclass(frozen=True)
class Hit:
    """Something personal: its kind, and where in the text it stands."""

    kind: str
    start: int
    end: int


class Detector:
    """Finds personal data in short texts; made once, then asked often.

    Raises `MissingExtra` when Presidio or Faker is not installed.
    """

    def __init__(self) -> None:
        self._email, self._numbers = _recognizers()
        self._first, self._last = _name_lists()

    def hits(self, text: str, *, own_words: bool = False) -> list[Hit]:
        """What is personal in the text, in the order of its place.

        own_words: the text is a person's own note or search, where names may be written in small letters.
        """
        found: list[Hit] = []
        if "@" in text or "(at)" in text or "[at]" in text:
            found += _ask(self._email, re.sub(r"\s?[(\[]at[)\]]\s?", "@", text))
        if sum(map(str.isdigit, text)) >= _FEWEST_DIGITS:
            # Pay and US postcodes look like numbers of people.
            found += _ask(self._numbers, _NOT_NUMBERS.sub(lambda match: "x" * len(match[0]), text))
        if any(map(str.isdigit, text)) or "/" in text:
            found += [Hit("address", *match.span()) for match in _ADDRESS.finditer(text)]
            found += [Hit("link to a person", *match.span()) for match in _PROFILE_LINK.finditer(text)]
        found += self._names(text, own_words=own_words)
        return sorted(set(found), key=lambda hit: (hit.start, hit.kind))

    def _names(self, text: str, *, own_words: bool) -> list[Hit]:
        """A first name beside a last name, with an initial between them or turned round with a comma."""
        found = []
        words = list(_WORD.finditer(text))
        for one, two in pairwise(words):
            if not own_words and not (one[0][0].isupper() and two[0][0].isupper()):
                continue
            between = text[one.end() : two.start()]
            if (_BETWEEN_NAMES.fullmatch(between) and self._is_name(one[0], two[0])) or (
                _LAST_FIRST.fullmatch(between)
                and self._is_name(two[0], one[0])
                # "Birmingham, Alabama"
                and not (_is_place(one[0]) or _is_place(two[0]))
            ):
                found.append(Hit("name", one.start(), two.end()))
        # "Maria L. Schmidt": the initial is a word of its own.
        for one, middle, two in zip(words, words[1:], words[2:], strict=False):
            if len(middle[0]) == 1 and one[0][0].isupper() and two[0][0].isupper() and self._is_name(one[0], two[0]):
                found.append(Hit("name", one.start(), two.end()))
        return found

    def _is_name(self, first: str, last: str) -> bool:
        return first.casefold() in self._first and last.casefold() in self._last and not _is_place(f"{first} {last}")


def find(texts: Mapping[str, Iterable[str]], *, cleared: Iterable[str] = ()) -> dict[tuple[str, str], tuple[str, ...]]:
    """The kinds of personal data in each text that has any, by (field, text).

    texts: distinct texts by field (title, company, place, reason, search). cleared: texts, or parts of them, that the
    person says name nobody; counts for names, addresses and numbers taken for a phone's, not for e-mail and the rest.
    """
    detector = Detector()
    allowed = {each.casefold().strip() for each in cleared}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for field, values in texts.items():
        for text in dict.fromkeys(values):
            hits = detector.hits(text, own_words=field in ("reason", "search"))
            kinds = [hit.kind for hit in hits if not _is_cleared(hit, text, allowed)]
            if kinds:
                found[field, text] = tuple(dict.fromkeys(kinds))
    return found


def _is_cleared(hit: Hit, text: str, allowed: set[str]) -> bool:
    return hit.kind in ARGUABLE and not allowed.isdisjoint(
        {text[hit.start : hit.end].casefold(), text.casefold().strip()}
    )


def _ask(recognizers: Iterable[Any], text: str) -> list[Hit]:
    return [
        Hit(_KINDS[result.entity_type], result.start, result.end)
        for recognizer in recognizers
        for result in recognizer.analyze(text, recognizer.supported_entities, None) or ()
    ]


@cache
def _recognizers() -> tuple[list[Any], list[Any]]:
    """Presidio's recognizers for texts with an at sign, and for those with many digits (1 s)."""
    try:
        import tldextract
        from presidio_analyzer.predefined_recognizers import (
            CreditCardRecognizer,
            EmailRecognizer,
            IbanRecognizer,
            IpRecognizer,
            PhoneRecognizer,
            UsSsnRecognizer,
        )
    except ImportError as error:
        raise MissingExtra("presidio-analyzer") from error
    # The list of domain endings that ships with the library: it would fetch a newer one from the network.
    endings = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class OfflineEmailRecognizer(EmailRecognizer):
        def validate_result(self, pattern_text: str) -> bool:
            return bool(endings(pattern_text.rpartition("@")[2]).suffix)

    numbers = [
        PhoneRecognizer(supported_regions=_PHONE_REGIONS),
        CreditCardRecognizer(),
        IbanRecognizer(),
        IpRecognizer(),
        UsSsnRecognizer(),
    ]
    return [OfflineEmailRecognizer()], numbers


@cache
def _name_lists() -> tuple[frozenset[str], frozenset[str]]:
    """First and last names of all of Faker's languages that write in letters with case, folded (0.2 s)."""
    try:
        import pkgutil

        import faker.providers.person as people
    except ImportError as error:
        raise MissingExtra("Faker") from error
    found: dict[str, set[str]] = {"first": set(), "last": set()}
    for module in pkgutil.iter_modules(people.__path__):
        provider = import_module(f"{people.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            kind = attribute.partition("_")[0]
            values = getattr(provider, attribute)
            if kind in found and "name" in attribute and isinstance(values, list | tuple | dict | set):
                found[kind] |= {str(name) for name in values}
    ordinary = _not_names()
    first, last = (
        frozenset(
            name.casefold()
            for name in names
            if len(name) > 2 and name[0].isupper() and _WORD.fullmatch(name) and name.casefold() not in ordinary
        )
        for names in (found["first"], found["last"])
    )
    return first, last


@cache
def _not_names() -> frozenset[str]:
    file = resources.files("jobfinder_assets.export") / "data" / "not_names.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _is_place(words: str) -> bool:
    """Whether a pair of words is the name of a city, a state or a country: Santa Rosa, Saint Paul."""
    from jobfinder_assets.cleaning.gazetteer import gazetteer

    world, folded = gazetteer(), words.casefold()
    return folded in world.cities or folded in world.us_states or folded in world.countries
