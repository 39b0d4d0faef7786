"""A word is looked for before an expression is: wherever the expression fits, one of its words stands.

Hypothesis writes what each expression finds; to list examples would miss the alternative that nobody thought of.
"""

import re
from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobfinder_assets.cleaning import eligibility, location, requisitions, seniority

AHEAD: dict[str, tuple[Collection[str], re.Pattern[str]]] = {
    "onsite": (location.ONSITE_WORDS, location._ONSITE_SAID),
    "hybrid": (location.HYBRID_WORDS, location._HYBRID_SAID),
    "remote": (location.REMOTE_WORDS, location._REMOTE_SAID),
    **{f"level: {level}": (words, pattern) for level, words, pattern in seniority._TEXT_LEVELS},
    "years not asked": (seniority._NOT_ASKED_WORDS, seniority._NOT_ASKED),
    "years asked": (seniority._ASKED_WORDS, seniority._ASKED_AFTER),
    **{f"who may apply: {word}": ((word,), pattern) for word, pattern in eligibility._BINDING.items()},
    "of a country": (eligibility._OF_ADJECTIVES, eligibility._OF_A_COUNTRY),
    "citizens only": (("citizen",), eligibility._ONLY_CITIZENS),
    "states": (("following",), eligibility._STATES_LISTED),
    "clearance": (eligibility._OF_CLEARANCES, eligibility._CLEARANCE),
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

    @settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    @given(st.from_regex(pattern))
    def holds(text: str) -> None:
        assert any(word in text.lower() for word in words)

    holds()
