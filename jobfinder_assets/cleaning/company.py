"""Company names: what is shown, and the key under which spellings of one company meet."""

import re
import unicodedata
from functools import lru_cache

from jobfinder_assets.cleaning.lexicon import read_lines, read_toml

_RATING = re.compile(r"\s{0,9}[\r\n]\s{0,9}\d(?:\.\d)?$")
# "Foo - Careers" names a page, not another employer.
_CAREERS_PAGE = re.compile(r"(?<=\w)(?:\s{1,3}[-–—|]|:)\s{0,3}(?:careers?|jobs|career site)\s*$", re.I)
_LONGEST_NAME = 300
_SPACE = re.compile(r"\s+")
_SENTINELS = frozenset(read_lines("sentinels.txt"))
_LEGAL_FORMS = frozenset(read_lines("legal_forms.txt"))


def clean_company(raw: str | None) -> str | None:
    """The name as shown: a rating after a newline ("Foo\\n3.8") and spare white space removed.

    Sentinels for "missing" (`-1`, `Unknown`, `N/A`) give None. The legal form stays.
    """
    if raw is None:
        return None
    name = _SPACE.sub(" ", _RATING.sub("", raw.strip()[:_LONGEST_NAME])).strip()
    return None if is_sentinel(name) else name


def is_sentinel(text: str) -> bool:
    """Does `text` stand for "missing" in one of the known data sets?"""
    return not text.strip() or text.strip().casefold() in _SENTINELS


@lru_cache(maxsize=65_536)
def company_key(name: str) -> str:
    """A key equal for spellings of one company: case-folded, without accents, punctuation and legal form.

    "Foo, Inc." and "FOO" give "foo"; a name that is only a legal form keeps it.
    """
    plain = _CAREERS_PAGE.sub("", _RATING.sub("", name.strip()[:_LONGEST_NAME]))
    folded = unicodedata.normalize("NFKD", plain).casefold()
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    # "S.A." and "L.L.C." are one word, "A&B" two.
    bare = bare.replace("'", "").replace("’", "")
    words = re.sub(r"[^\w]+", " ", re.sub(r"\b(\w)\.(?=\w\b)", r"\1", bare)).split()
    if words and words[0] == "the":
        words = words[1:] or words
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def is_agency(company: str | None, text: str) -> bool:
    """Does the company advertise another's opening: by its name, or by what the text says of "our client"?

    A consultancy that staffs its own projects for clients ("work with our clients") is none.
    """
    return names_agency(company) or says_agency(text[:_OPENING_CHARACTERS].lower())


def names_agency(company: str | None) -> bool:
    """Is the company known as an agency, or named as they are?"""
    return bool(company) and _is_agency_name(company_key(company))


def says_agency(lower: str) -> bool:
    """Does a text, in lower case, say in its beginning that it advertises another's opening?"""
    opening = lower[:_OPENING_CHARACTERS]
    return any(map(opening.__contains__, _CLIENT)) and any(map(opening.__contains__, _AGENCY_TEXT))


_AGENCIES = read_toml("agencies.toml")
_AGENCY_NAMES = frozenset(_AGENCIES["names"])
_AGENCY_WORDS = tuple(f" {word} " for word in _AGENCIES["words"])
_AGENCY_ENDS = tuple(f" {word}" for word in _AGENCIES["last_words"])
_AGENCY_TEXT = tuple(_AGENCIES["text"])
_CLIENT = ("client", "kunde", "mandant", "opdrachtgever")
# Further down "our clients" are those of a consultancy.
_OPENING_CHARACTERS = 1_500


@lru_cache(maxsize=65_536)
def _is_agency_name(key: str) -> bool:
    padded = f" {key} "
    return key in _AGENCY_NAMES or key.endswith(_AGENCY_ENDS) or any(word in padded for word in _AGENCY_WORDS)
