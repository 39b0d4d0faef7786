"""Which part of an advert a word stands in."""

import pytest

from jobfinder_assets.roles.sections import SECTIONS, section_weights, sections_of
from jobfinder_assets.roles.tokens import tokenize


def section_of(text: str, word: str) -> str:
    tokens = tokenize([text])
    at = next(i for i in range(len(tokens)) if tokens.text[tokens.start[i] : tokens.end[i]] == word)
    return SECTIONS[sections_of(tokens)[at]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We sell shoes. MARK", "summary"),
        ("Responsibilities:\nMARK reports", "duties"),
        ("We sell.\n\nWhat You’ll Do\n- MARK", "duties"),
        ("• Key Responsibilities •\nMARK", "duties"),
        ("Highlighted Responsibilities:\nMARK", "duties"),
        ("We sell shoes. Responsibilities: MARK reports", "duties"),
        ("We sell shoes.Responsibilities* MARK reports", "duties"),
        ("work with clientsQualificationsMARK degree", "requirements"),
        ("Duties\nSell.\nPreferred Qualifications:\nMARK", "preferred"),
        ("Duties\nSell.\nNice to have\nMARK", "preferred"),
        ("Duties\nSell.\nAbout us\nMARK", "company"),
        ("Duties\nSell.\nBenefits: MARK", "benefits"),
        ("Duties\nSell. We are an equal opportunity employer and MARK", "benefits"),
        ("As analyst you will be responsible for MARK", "duties"),
        ("There are many responsibilities and MARK", "summary"),
        ("Duties\nGather Requirements from MARK", "duties"),
        ("We have requirements: MARK", "summary"),
    ],
)
def test_headings(text: str, expected: str) -> None:
    assert section_of(text, "MARK") == expected


def test_each_text_begins_anew() -> None:
    tokens = tokenize(["Benefits:\nlunch", "lunch"])
    assert [SECTIONS[section] for section in sections_of(tokens)] == ["benefits", "benefits", "summary"]


def test_benefits_end_where_no_heading_says_so() -> None:
    words = " and".join([" lunch"] * 149)
    assert section_of(f"Duties\nSell.\nBenefits:{words} MARK", "MARK") == "duties"
    assert section_of("Work Location Springfield. We have MARK", "MARK") == "benefits"
    tokens = tokenize([f"Duties: sell. Benefits: {words[:600]}", "lunch " * 300])
    assert SECTIONS[sections_of(tokens)[-1]] == "summary"


def test_requirements_count_more_when_no_duties_are_told() -> None:
    told, untold = tokenize(["Duties\nsell\nRequirements\nSQL"]), tokenize(["Requirements\nSQL"])
    assert section_weights(told, sections_of(told))[-1] < section_weights(untold, sections_of(untold))[-1]


def test_no_text_at_all() -> None:
    tokens = tokenize(["", ""])
    assert len(sections_of(tokens)) == 0
    assert len(section_weights(tokens, sections_of(tokens))) == 0
