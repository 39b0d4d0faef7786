"""Recruitee: the shapes of its list, its errors, and what an offer's fields mean.

No answer of it is among the recorded ones; the fields are those of its documentation and of others' recordings.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import (
    NOTE,
    BoardBlocked,
    BoardGone,
    Draft,
    Pay,
    SchemaDrift,
    SourceError,
    Unchanged,
)
from jobfinder_assets.ingestion.sources.recruitee import Recruitee
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/acme/api/offers/"
UTRECHT = {
    "id": 1,
    "name": "Headquarters",
    "city": "Utrecht",
    "state": "Utrecht",
    "state_code": "UT",
    "country": "Netherlands",
    "country_code": "NL",
}
LISBON = {"id": 2, "name": "Lisbon", "city": "Lisbon", "state": None, "country": "Portugal", "country_code": "PT"}
OFFER: dict[str, Any] = {
    "id": 2751915,
    "slug": "data-engineer",
    "title": "Data Engineer",
    "company_name": "Acme B.V.",
    "status": "published",
    "location": "Utrecht, Utrecht, Netherlands",
    "city": "Utrecht",
    "state_name": "Utrecht",
    "state_code": "UT",
    "country": "Netherlands",
    "country_code": "NL",
    "locations": [UTRECHT],
    "remote": False,
    "hybrid": True,
    "on_site": False,
    "salary": {"min": "3750", "max": "5250.50", "period": "month", "currency": "EUR"},
    "employment_type_code": "fulltime_permanent",
    "careers_url": "https://jobs.acme.example/o/data-engineer",
    "careers_apply_url": "https://jobs.acme.example/o/data-engineer/c/new",
    "description": "<p>You build pipelines.</p>",
    "requirements": "<ul><li>Spark</li></ul>",
    "created_at": "2026-09-11 12:20:09 UTC",
    "published_at": "2026-09-18 13:27:28 UTC",
}


def recruitee_at(base_url: str, http: Http) -> Recruitee:
    settings = Settings(http=http, sources={"recruitee": {"base_url": base_url, "boards": ["acme"], "starter": False}})
    return Recruitee.build(settings.source_section("recruitee", Recruitee.settings_model), settings)


@pytest.fixture
def recruitee(server: Server, http: Http) -> Recruitee:
    return recruitee_at(f"{server.url}/{{company}}", http)


def test_a_site_is_read_whole(server: Server, recruitee: Recruitee) -> None:
    server.on(PATH, reply({"offers": [OFFER, OFFER | {"id": 2}]}, ETag='"7"'), reply(b"", 304))
    fetched = recruitee.fetch("acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["2751915", "2"]
    assert next(iter(fetched.postings)).record == OFFER
    assert fetched.complete and not fetched.message and recruitee.boards() == ("acme",)
    with pytest.raises(Unchanged):
        recruitee.fetch("acme", validators=fetched.validators)


def test_each_company_has_a_host_of_its_own() -> None:
    section = Settings().source_section("recruitee", Recruitee.settings_model)
    assert getattr(section, "base_url", "").replace("{company}", "acme") == "https://acme.recruitee.com"


@pytest.mark.parametrize("ending", ["", "/", "/{company}/"])
def test_the_address_may_be_any(server: Server, http: Http, ending: str) -> None:
    server.on(f"{ending.format(company='acme').rstrip('/')}/api/offers/", reply({"offers": [OFFER]}))
    assert len(list(recruitee_at(server.url + ending, http).fetch("acme", validators={}).postings)) == 1


def test_a_company_s_name_is_one_part_of_the_address(server: Server, recruitee: Recruitee) -> None:
    with pytest.raises(BoardGone):
        recruitee.fetch("evil.example/?", validators={})
    assert server.requests[0][0] == "/evil.example%2F%3F/api/offers/"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": "not found"}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply(b"", 302, Location="https://recruitee.example/"), SourceError),
        (reply({"jobs": []}), SchemaDrift),
        (reply([OFFER]), SchemaDrift),
        (reply({"offers": [{"title": "no id"}, "text"]}), SchemaDrift),
    ],
)
def test_errors(server: Server, recruitee: Recruitee, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        recruitee.fetch("acme", validators={})


def test_an_odd_offer_is_left_out(server: Server, recruitee: Recruitee) -> None:
    server.on(PATH, reply({"offers": [OFFER, None, {"title": "no id"}]}))
    fetched = recruitee.fetch("acme", validators={})
    assert len(list(fetched.postings)) == 1 and fetched.message == "2 offers without an id left out"


def test_only_published_offers_are_open_to_all(server: Server, recruitee: Recruitee) -> None:
    others = [OFFER | {"id": 2, "status": "draft"}, OFFER | {"id": 3, "status": None}]
    server.on(PATH, reply({"offers": [OFFER, *others]}))
    assert [posting.source_id for posting in recruitee.fetch("acme", validators={}).postings] == ["2751915", "3"]


def test_a_nameless_company_is_called_like_its_board(server: Server, recruitee: Recruitee) -> None:
    server.on(PATH, reply({"offers": [OFFER | {"company_name": None}]}))
    (posting,) = recruitee.fetch("acme", validators={}).postings
    assert posting.record[NOTE] == {"board": "acme"} and Recruitee.draft(posting.record).company == "acme"


@pytest.mark.parametrize(
    ("url", "board"),
    [
        ("https://acme.recruitee.com/o/data-engineer", "acme"),
        ("https://Acme-Labs.recruitee.com", "acme-labs"),
        ("https://www.recruitee.com/", None),
        ("https://recruitee.com/", None),
        ("https://app.recruitee.com/#/login", None),
        ("https://docs.recruitee.com/reference", None),
        ("https://acme.recruitee.com.example.org/", None),
    ],
)
def test_its_addresses(url: str, board: str | None) -> None:
    assert Recruitee.board_of(url) == board


def test_draft() -> None:
    draft = Recruitee.draft(OFFER)
    assert (draft.title, draft.company, draft.workplace) == ("Data Engineer", "Acme B.V.", "hybrid")
    assert (draft.location, draft.city) == ("Utrecht, Utrecht, Netherlands", "Utrecht")
    assert (draft.region, draft.country) == ("UT", "NL")
    assert draft.pay == Pay(3750, 5250.5, "EUR", "month")
    assert (draft.employment_type, draft.url) == ("fulltime_permanent", OFFER["careers_url"])
    assert draft.posted_at == datetime(2026, 9, 18, 13, 27, 28, tzinfo=UTC)
    assert draft.description == "<p>You build pipelines.</p>\n<ul><li>Spark</li></ul>"


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"remote": True, "hybrid": False, "location": "Remote job"}, "workplace", "remote"),
        ({"remote": True, "location": "Remote job"}, "location", "Utrecht, Utrecht, Netherlands"),
        ({"remote": True, "hybrid": True, "on_site": True}, "workplace", "remote"),
        ({"hybrid": False, "on_site": True}, "workplace", "onsite"),
        ({"hybrid": False}, "workplace", None),
        ({"hybrid": "true"}, "workplace", None),
        ({"locations": [UTRECHT, LISBON]}, "location", "Utrecht, Utrecht, Netherlands; Lisbon, Portugal"),
        ({"locations": [UTRECHT, LISBON]}, "country", None),
        ({"locations": [UTRECHT, UTRECHT]}, "city", "Utrecht"),
        ({"locations": [{"name": "Anywhere"}]}, "location", "Anywhere"),
        ({"locations": None}, "location", "Utrecht, Utrecht, Netherlands"),
        ({"locations": "Utrecht", "country_code": None}, "country", "Netherlands"),
        ({"locations": [None, 3]}, "location", "Utrecht, Utrecht, Netherlands"),
        (
            {"locations": [], "city": None, "state_name": None, "country": None, "location": "Remote job"},
            "location",
            "Remote job",
        ),
        ({"salary": {"min": None, "max": None, "period": None, "currency": None}}, "pay", None),
        ({"salary": {"min": "0.0", "max": 0, "period": "year", "currency": "EUR"}}, "pay", None),
        ({"salary": "lots"}, "pay", None),
        (
            {"salary": {"min": 115000, "max": None, "period": "Year", "currency": "EUR"}},
            "pay",
            Pay(115_000, None, "EUR", "year"),
        ),
        (
            {"salary": {"min": "75.00", "max": "95.00", "period": "year", "currency": "USD"}},
            "pay",
            Pay(75, 95, "USD", None),
        ),
        (
            {"salary": {"min": "18.50", "max": "18.50", "period": "hour", "currency": "EUR"}},
            "pay",
            Pay(18.5, 18.5, "EUR", "hour"),
        ),
        (
            {"salary": {"min": 5000, "max": 6000, "period": ["month"], "currency": {}}},
            "pay",
            Pay(5000, 6000, None, None),
        ),
        ({"published_at": None}, "posted_at", datetime(2026, 9, 11, 12, 20, 9, tzinfo=UTC)),
        ({"published_at": "soon", "created_at": []}, "posted_at", None),
        ({"careers_url": None, "url": "https://acme.example/o/1"}, "url", "https://acme.example/o/1"),
        ({"requirements": None}, "description", "<p>You build pipelines.</p>"),
        ({"title": {}, "description": "", "requirements": []}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Recruitee.draft(OFFER | changes), name) == expected


@pytest.mark.parametrize("value", [None, True, 0, -1, 1e300, "", "\ud800", [], {}, [None, "x", [1]], {"a": {"b": []}}])
def test_no_value_of_any_field_raises(value: Any) -> None:
    for name in (*OFFER, NOTE):
        assert isinstance(Recruitee.draft(OFFER | {name: value}), Draft)
