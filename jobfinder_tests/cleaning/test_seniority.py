"""Level and required years (CONVENTIONS, "Facts of a posting")."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.seniority import parse_seniority

LEVELS = [
    ("Senior Data Scientist", "", "senior"),
    ("Sr. Data Engineer", "", "senior"),
    ("Data Engineer III", "", "senior"),
    ("Data Analyst II", "", "mid"),
    ("Mid-level Data Engineer", "", "mid"),
    ("Data Analyst I", "", "junior"),
    ("Associate Data Scientist", "", "junior"),
    ("Junior BI Developer", "", "junior"),
    ("Data Science Intern", "", "intern"),
    ("Staff Machine Learning Engineer", "", "lead"),
    ("Principal Data Scientist", "", "lead"),
    ("Director of Analytics", "", "lead"),
    ("Lead Data Engineer", "", "lead"),
    ("Senior Manager, Data", "", "lead"),
    ("Data Scientist", "", "unspecified"),
    ("Data Scientist", "This is an entry-level position for curious people.", "junior"),
    ("Data Scientist", "New grads are welcome.", "junior"),
    ("Internal Tools Engineer", "", "unspecified"),
    ("Data Entry Clerk", "", "unspecified"),
    ("Data Scientist, Entry", "", "junior"),
]
YEARS = [
    ("5+ years of experience in data engineering.", 5),
    ("Minimum of 3 years of professional experience.", 3),
    ("At least four years of experience with SQL.", 4),
    ("3-5 years of relevant experience required.", 3),
    ("7 to 10 years experience in analytics.", 7),
    ("Two (2) years of experience.", 2),
    ("2 years of experience with Spark preferred.", None),
    ("Nice to have: 3 years of experience in retail.", None),
    ("We have been in business for 25 years.", None),
    ("Our company has 30 years of experience in logistics.", None),
    ("You must be 18 years old.", None),
    ("Bachelor's degree and 5 years of experience, or Master's degree and 3 years of experience.", 3),
    ("No numbers here.", None),
]


@pytest.mark.parametrize(("title", "description", "level"), LEVELS)
def test_level(title: str, description: str, level: str) -> None:
    assert parse_seniority(title, description).level == level


@pytest.mark.parametrize(("description", "years"), YEARS)
def test_years(description: str, years: float | None) -> None:
    assert parse_seniority("Data Engineer", description).years_min == years


@given(st.text(max_size=100), st.text(max_size=500))
def test_no_text_makes_the_parser_raise(title: str, description: str) -> None:
    found = parse_seniority(title, description)
    assert found.years_min is None or 0 <= found.years_min <= 25


@pytest.mark.parametrize("piece", ["5 years ", "1 to ", "(5) ", "years of experience ", "x"])
def test_hostile_text_does_not_make_the_patterns_run_away(piece: str) -> None:
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    parse_seniority(piece, (piece * 100_000)[:100_000])
    assert time.process_time() - started < 5
