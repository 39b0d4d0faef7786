"""A word is looked for before an expression is: wherever the expression fits, one of its words stands."""

import re
from collections.abc import Collection

import pytest

from jobfinder_assets.cleaning import eligibility, location, requisitions, seniority
from jobfinder_tests.cleaning.automata import found_without


def _in_lower_case(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The expression with its symbols, which are words in capitals, in small letters."""
    return re.compile(re.sub(r"[A-Z_]{2,}", lambda match: match[0].lower(), pattern.pattern))


AHEAD: dict[str, tuple[Collection[str], re.Pattern[str]]] = {
    **{
        f"workplace: {rule}": ([word.lower() for word in location.SPEAKING], _in_lower_case(location._RULES[rule]))
        for rule in ("refused", "choice", "hybrid", "remote", "onsite")
    },
    **{f"level: {level}": (words, pattern) for level, words, pattern in seniority._TEXT_LEVELS},
    "years not asked": (seniority._NOT_ASKED_WORDS, seniority._NOT_ASKED),
    "years asked": (seniority._ASKED_WORDS, seniority._ASKED_AFTER),
    **{f"who may apply: {word}": ((word,), pattern) for word, pattern in eligibility._BINDING.items()},
    "of a country": (eligibility._OF_ADJECTIVES, eligibility._OF_A_COUNTRY),
    "citizens of the US": (eligibility._OF_US_CITIZENS, eligibility._US_CITIZENS),
    "citizens only": (("citizen",), eligibility._ONLY_CITIZENS),
    "states": (("following",), eligibility._STATES_LISTED),
    **{
        f"clearance: {country}": (eligibility._OF_CLEARANCES, pattern)
        for country, pattern in eligibility._CLEARANCES.items()
    },
    "requisition": (requisitions._LABELS, requisitions._REQUISITION),
    "glued requisition": (requisitions._LABELS, requisitions._GLUED_REQUISITION),
}


@pytest.mark.parametrize("name", AHEAD)
def test_one_of_the_words_stands_in_whatever_the_expression_finds(name: str) -> None:
    words, pattern = AHEAD[name]
    assert found_without(pattern, words) is None


@pytest.mark.parametrize(
    ("pattern", "words", "without"),
    [
        (r"\bremote\b|home", ["remote", "home"], False),
        (r"\bremote\b|home", ["remote"], True),
        (r"jours? par", ["jours"], True),
        (r"jours? par", ["jour"], False),
        (r"x[a-c]{2}|\d+%", ["%", "xa", "xb"], True),
        (r"x[a-c]{2}|\d+%", ["%", "x"], False),
        (r"a(?:b|c)?d", ["abd", "acd", "ad"], False),
        (r"a.*b", ["ab"], True),
        (r"\ba\Bb", ["ab"], False),
        (r"(?i)OFFICE", ["office"], False),
    ],
)
def test_the_automata_find_what_an_expression_finds_without_the_words(
    pattern: str, words: list[str], without: bool
) -> None:
    found = found_without(re.compile(pattern), words)
    assert (found is not None) == without
    assert found is None or re.search(pattern, found)
