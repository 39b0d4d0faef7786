"""From where one may apply: known only when it is said."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.eligibility import eligible_countries
from jobfinder_assets.cleaning.gazetteer import gazetteer

TEXTS = [
    ("US only, please.", ["US"]),
    ("US-based candidates only.", ["US"]),
    ("You must be authorized to work in the United States.", ["US"]),
    ("Applicants must be legally authorized to work in Canada.", ["CA"]),
    ("Must be eligible to work in the US without sponsorship.", ["US"]),
    ("You have the right to work in the UK.", ["GB"]),
    ("U.S. citizenship is required.", ["US"]),
    ("US CITIZENS ONLY", ["US"]),
    ("Ability to obtain a security clearance is required.", ["US"]),
    ("Candidates must reside in Canada or the US.", ["CA", "US"]),
    ("You must be located in Germany, Austria or Switzerland.", ["AT", "CH", "DE"]),
    ("Active Secret clearance", ["US"]),
    ("Minimum clearance required: TS/SCI with poly", ["US"]),
    ("Security Clearance: US Secret and NATO Secret", ["US"]),
    ("Applicants for employment in the US must have valid work authorization.", ["US"]),
    ("Work authorization:\nUnited States (Required)", ["US"]),
    ("Restricted to UK Nationals", ["GB"]),
    ("Staff may live in any of the 50 US States.", ["US"]),
    ("Applicants must reside in either the US or Canada.", ["CA", "US"]),
    ("Remote. Must be in the US to apply.", ["US"]),
    ("We consider candidates across the United States.", ["US"]),
    ("Able to work with a team located in India.", None),
    ("Active Secret clearance is a plus", None),
    ("TS/SCI clearance is not required for this role", None),
    ("We do not accept candidates from across the US", None),
    ("Candidate data must be in the EU", None),
    ("You must be in the US office three days a week", None),
    ("You must be able to work in a small team.", None),
    ("The job is based in Leith and remote during the coronavirus timeframe.", None),
    ("Our customers are in the US.", None),
    ("We do not discriminate on the basis of citizenship status or national origin.", None),
    ("We verify that all new hires are authorized to work; see E-Verify.", None),
    ("Only the best work in our team.", None),
    ("Visa sponsorship is available.", None),
    ("Local candidates only.", None),
]
FIELDS = [
    ("Remote - Germany", ["DE"]),
    ("Remote (US)", ["US"]),
    ("United States - Remote", ["US"]),
    ("Remote, UK or Ireland", ["GB", "IE"]),
    ("Encino; Remote, USA", ["US"]),
    ("San Francisco, CA or remote within the U.S.", ["US"]),
    ("Mountain View, CA / Remote (Continental US only)", ["US"]),
    ("Remote, South Africa", ["ZA"]),
    ("Remote: Brazil, Argentina, Chile", ["AR", "BR", "CL"]),
    ("US, Canada (Remote)", ["CA", "US"]),
    ("Mexico City, Mexico (remote)", None),
    ("Remote, Berlin", None),
    ("Remote", None),
    ("Remote, worldwide", None),
    ("Berlin, Germany", None),
]


@pytest.mark.parametrize(("text", "countries"), TEXTS)
def test_what_texts_say(text: str, countries: list[str] | None) -> None:
    assert eligible_countries(None, text) == countries


@pytest.mark.parametrize(("location", "countries"), FIELDS)
def test_what_location_fields_say(location: str, countries: list[str] | None) -> None:
    assert eligible_countries(location, None) == countries


def test_groups_of_countries() -> None:
    europe = eligible_countries("Remote - Europe", None)
    assert europe is not None
    assert {"DE", "GB", "PL"} <= set(europe)
    assert "US" not in europe
    emea = eligible_countries("Remote (EMEA)", None)
    assert emea is not None
    assert {"DE", "AE", "ZA"} <= set(emea)
    zones = eligible_countries(None, "You must be based within European time zones.")
    assert zones is not None
    assert "DE" in zones


def test_the_narrower_statement_counts() -> None:
    assert eligible_countries("Remote - Europe", "You must be authorised to work in Germany.") == ["DE"]


@given(st.text(max_size=200), st.text(max_size=500))
def test_no_text_makes_it_raise(location: str, description: str) -> None:
    found = eligible_countries(location, description)
    assert found is None or set(found) <= gazetteer().codes


@pytest.mark.parametrize("piece", [" only", "authorized to work in ", "must reside in us, ", "remote in ", "a b "])
def test_hostile_text_does_not_run_away(piece: str) -> None:
    started = time.process_time()
    eligible_countries(piece * 20, (piece * 100_000)[:100_000])
    assert time.process_time() - started < 5
