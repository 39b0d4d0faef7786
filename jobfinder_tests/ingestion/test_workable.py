"""Workable: the widget's list, the careers page's where that is empty, and what both shapes' fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import (
    NOTE,
    BoardBlocked,
    BoardGone,
    Draft,
    Known,
    SchemaDrift,
    SourceError,
    Unchanged,
)
from jobfinder_assets.ingestion.sources.workable import Workable
from jobfinder_tests.ingestion.conftest import Server, reply

WIDGET = "/api/v1/widget/accounts/acme"
CAREERS = "/api/v3/accounts/acme/jobs"
AT = datetime(2026, 7, 1, tzinfo=UTC)
PARIS = {"country": "France", "countryCode": "FR", "city": "Paris", "region": "Île-de-France", "hidden": False}
ATHENS = {"country": "Greece", "countryCode": "GR", "city": "Athens", "region": "Attica", "hidden": False}

JOB: dict[str, Any] = {
    "title": "Data Engineer",
    "shortcode": "AB12CD34EF",
    "code": "1026",
    "employment_type": "Full-time",
    "telecommuting": False,
    "department": "Data",
    "url": "https://apply.workable.example/j/AB12CD34EF",
    "shortlink": "https://apply.workable.example/s/AB12CD34EF",
    "published_on": "2026-06-23",
    "created_at": "2026-06-01",
    "country": "France",
    "city": "Paris",
    "state": "Île-de-France",
    "locations": [PARIS],
    "description": "<p>You build pipelines.</p>",
}
LISTED: dict[str, Any] = {
    "id": 5856207,
    "shortcode": "97904BAC90",
    "title": "Data Advocate",
    "remote": True,
    "location": {name: PARIS[name] for name in ("country", "countryCode", "city", "region")},
    "locations": [PARIS],
    "state": "published",
    "code": "",
    "published": "2026-05-29T00:00:00.000Z",
    "type": "full",
    "language": "en",
    "department": ["Data"],
    "workplace": "hybrid",
}


def widget(*jobs: Any) -> Any:
    return reply({"name": "Acme Inc.", "description": None, "jobs": jobs})


def careers(*rows: Any, **more: Any) -> Any:
    return reply({"total": len(rows), "results": rows} | more)


@pytest.fixture
def questions(server: Server) -> list[Any]:
    return server.questions


@pytest.fixture
def workable(server: Server, http: Http) -> Workable:
    section = {"base_url": server.url, "boards": ["acme"], "starter": False}
    settings = Settings(http=http, sources={"workable": section})
    return Workable.build(settings.source_section("workable", Workable.settings_model), settings)


def test_an_account_is_read_whole_from_its_widget(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget(JOB, JOB | {"shortcode": "2"}))
    fetched = workable.fetch("acme", validators={})
    first, second = fetched.postings
    assert (first.source_id, second.source_id) == ("AB12CD34EF", "2")
    assert first.record == JOB | {NOTE: {"board": "acme", "company": "Acme Inc."}}
    assert fetched.complete and not fetched.message and not questions
    assert server.requests[0][0].endswith("?details=true")
    assert Workable.draft(first.record).company == "Acme Inc."
    with pytest.raises(Unchanged):
        workable.update("acme", validators=fetched.validators, known=Known(lambda: {"AB12CD34EF": AT}))


def test_a_job_with_a_row_for_each_place_is_one_job(server: Server, workable: Workable) -> None:
    athens = JOB | {"city": "Athens", "state": "Attica", "country": "Greece", "locations": [ATHENS]}
    server.on(WIDGET, widget(JOB, athens, athens, JOB | {"shortcode": "2"}))
    fetched = workable.fetch("acme", validators={})
    first, second = fetched.postings
    assert (first.source_id, second.source_id, fetched.message) == ("AB12CD34EF", "2", "")
    draft = Workable.draft(first.record)
    assert draft.location == "Paris, Île-de-France, France; Athens, Attica, Greece"
    assert (draft.city, draft.country) == (None, None)


def test_an_empty_widget_sends_to_the_careers_page(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, LISTED | {"shortcode": "2"}))
    fetched = workable.fetch("acme", validators={})
    first, second = fetched.postings
    assert (first.source_id, second.source_id) == ("97904BAC90", "2")
    assert questions == [{"query": "", "location": [], "department": [], "worktype": [], "remote": []}]
    assert first.record.items() >= LISTED.items() and Workable.draft(first.record).company == "Acme Inc."
    assert fetched.complete and fetched.message == "titles without texts: the widget's list is empty"
    assert not fetched.validators, "an unchanged widget would hide what changed on the page"


@pytest.mark.parametrize("name", ["nextPage", "token"])
def test_the_careers_page_has_pages(server: Server, workable: Workable, questions: list[Any], name: str) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, total=2, **{name: "p2"}), careers(LISTED | {"shortcode": "2"}, total=2))
    fetched = workable.fetch("acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["97904BAC90", "2"]
    assert fetched.complete and "token" not in questions[0] and questions[1]["token"] == "p2"


def test_a_page_that_comes_again_ends_the_list(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, total=9, nextPage="same"))
    fetched = workable.fetch("acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["97904BAC90"]
    assert len(questions) == 2 and not fetched.complete


def test_a_careers_page_that_fails_leaves_the_earlier_ones(
    server: Server, workable: Workable, questions: list[Any]
) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, total=2, nextPage="p2"), reply({}, 429))
    fetched = workable.fetch("acme", validators={})
    postings = iter(fetched.postings)
    assert next(postings).source_id == "97904BAC90" and not fetched.complete
    with pytest.raises(BoardBlocked):
        next(postings)
    assert questions


def test_a_cut_list_closes_nothing(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, total=7))
    fetched = workable.fetch("acme", validators={})
    assert not fetched.complete and fetched.message.endswith("1 of 7 jobs came")


def test_rows_without_texts_replace_no_stored_ones(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, careers(LISTED, LISTED | {"shortcode": "2"}))
    fetched = workable.update("acme", validators={}, known=Known(lambda: {"2": AT, "closed": AT}))
    assert [posting.source_id for posting in fetched.postings] == ["97904BAC90"]
    assert set(fetched.still_there) == {"2"} and fetched.complete


@pytest.mark.parametrize("answer", [careers(), reply({"error": "no such account"}, 404)])
def test_an_account_without_jobs_is_empty(
    server: Server, workable: Workable, questions: list[Any], answer: Any
) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, answer)
    fetched = workable.fetch("acme", validators={})
    assert not list(fetched.postings) and not fetched.message and len(questions) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 404), BoardGone),
        (reply({}, 429), BoardBlocked),
        (reply(b"<html><title>Just a moment</title></html>"), BoardBlocked),
        (reply({"name": "Acme", "results": []}), SchemaDrift),
        (reply([]), SchemaDrift),
        (widget({"title": "no shortcode"}, "text"), SchemaDrift),
    ],
)
def test_errors_of_the_widget(server: Server, workable: Workable, answer: Any, error: type[SourceError]) -> None:
    server.on(WIDGET, answer)
    with pytest.raises(error):
        workable.fetch("acme", validators={})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 403), BoardBlocked),
        (reply({"total": 0, "jobs": []}), SchemaDrift),
        (careers({"title": "no shortcode"}), SchemaDrift),
    ],
)
def test_errors_of_the_careers_page(
    server: Server, workable: Workable, questions: list[Any], answer: Any, error: type[SourceError]
) -> None:
    server.on(WIDGET, widget())
    server.on(CAREERS, answer)
    with pytest.raises(error):
        workable.fetch("acme", validators={})
    assert questions


def test_odd_rows_are_left_out(server: Server, workable: Workable, questions: list[Any]) -> None:
    server.on(WIDGET, widget({"title": "no shortcode"}, JOB, None), widget())
    server.on(CAREERS, careers(LISTED, 3))
    fetched = workable.fetch("acme", validators={})
    assert len(list(fetched.postings)) == 1 and fetched.message == "2 rows without a shortcode left out"
    fetched = workable.fetch("acme", validators={})
    assert len(list(fetched.postings)) == 1 and fetched.message.endswith("; 1 rows without a shortcode left out")
    assert questions


@pytest.mark.parametrize(
    ("url", "board"),
    [
        ("https://apply.workable.com/acme/", "acme"),
        ("https://apply.workable.com/acme/j/AB12CD34EF/apply", "acme"),
        ("https://apply.workable.com/api/v1/widget/accounts/acme?details=true", "acme"),
        ("https://apply.workable.com/api/v3/accounts/acme/jobs", "acme"),
        ("https://acme.workable.com/jobs/30606", "acme"),
        ("https://apply.workable.com/j-labs/", "j-labs"),
        ("https://apply.workable.com/j/AB12CD34EF", None),
        ("https://jobs.workable.com/jobs/1", None),
        ("https://www.workable.com/pricing", None),
    ],
)
def test_its_addresses(url: str, board: str | None) -> None:
    assert Workable.board_of(url) == board


def test_draft_of_the_widget() -> None:
    draft = Workable.draft(JOB | {NOTE: {"board": "acme", "company": "Acme Inc."}})
    assert (draft.title, draft.company, draft.workplace) == ("Data Engineer", "Acme Inc.", None)
    assert (draft.location, draft.city, draft.country) == ("Paris, Île-de-France, France", "Paris", "FR")
    assert (draft.employment_type, draft.requisition_id, draft.language) == ("Full-time", "1026", None)
    assert (draft.url, draft.description) == (JOB["url"], JOB["description"])
    assert draft.posted_at == datetime(2026, 6, 23, tzinfo=UTC)


def test_draft_of_the_careers_page() -> None:
    draft = Workable.draft(LISTED | {NOTE: {"board": "acme"}})
    assert (draft.title, draft.company, draft.description) == ("Data Advocate", "acme", None)
    assert (draft.location, draft.city, draft.country) == ("Paris, Île-de-France, France", "Paris", "FR")
    assert (draft.workplace, draft.employment_type, draft.language) == ("hybrid", "full", "en")
    assert (draft.url, draft.requisition_id) == ("https://apply.workable.com/acme/j/97904BAC90/", None)
    assert draft.posted_at == datetime(2026, 5, 29, tzinfo=UTC) and draft.unreadable is None


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"telecommuting": True}, "workplace", "remote"),
        ({"telecommuting": "true"}, "workplace", None),
        ({"workplace": "on_site", "telecommuting": True}, "workplace", "onsite"),
        ({"workplace": ["remote"]}, "workplace", None),
        ({"locations": []}, "location", "Paris, Île-de-France, France"),
        ({"locations": "Paris"}, "country", "France"),
        ({"locations": [PARIS | {"hidden": True}]}, "location", None),
        ({"locations": [PARIS, ATHENS | {"hidden": True}]}, "location", "Paris, Île-de-France, France"),
        ({"locations": [PARIS, ATHENS]}, "location", "Paris, Île-de-France, France; Athens, Attica, Greece"),
        ({"locations": [None, 3]}, "location", None),
        ({"locations": None, "city": "", "state": None}, "location", "France"),
        ({NOTE: {"places": "Paris"}}, "city", "Paris"),
        ({NOTE: {"places": [None, {"city": "Rome"}]}}, "location", "Paris, Île-de-France, France; Rome"),
        ({"code": "Data Engineer"}, "requisition_id", None),
        ({"url": None}, "url", JOB["shortlink"]),
        ({"url": None, "shortlink": None}, "url", None),
        (
            {"url": None, "shortlink": None, "shortcode": "a/\ud800", NOTE: {"board": "acme"}},
            "url",
            "https://apply.workable.com/acme/j/a%2F%3F/",
        ),
        ({"published_on": "soon"}, "posted_at", datetime(2026, 6, 1, tzinfo=UTC)),
        ({"published_on": [], "created_at": {}}, "posted_at", None),
        ({"requirements": "<p>Spark</p>"}, "description", "<p>You build pipelines.</p>\n<p>Spark</p>"),
        ({"title": [], "description": {}}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Workable.draft(JOB | changes), name) == expected


@pytest.mark.parametrize("value", [None, True, 0, -1, 1e300, "", "\ud800", [], {}, [None, "x", [1]], {"a": {"b": []}}])
def test_no_value_of_any_field_raises(value: Any) -> None:
    for name in (*JOB, *LISTED, NOTE):
        assert isinstance(Workable.draft(JOB | LISTED | {name: value}), Draft)


def test_recorded_answer(shared: Path, server: Server, workable: Workable, questions: list[Any]) -> None:
    """Three of seven jobs, as the careers page lists them."""
    recorded = (shared / "fixtures" / "workable" / "workable_v3_jobs_2026-07.trimmed.json").read_bytes()
    server.on(WIDGET, widget())
    server.on(CAREERS, reply(json.loads(recorded)))
    fetched = workable.fetch("acme", validators={})
    drafts = [Workable.draft(posting.record) for posting in fetched.postings]
    assert len(drafts) == 3 and all(draft.title and draft.url and draft.posted_at for draft in drafts)
    assert {draft.workplace for draft in drafts} == {"remote"}
    assert [draft.country for draft in drafts] == ["US", "FR", "FR"]
    assert [draft.city for draft in drafts] == [None, None, "Paris"]
    assert {(draft.employment_type, draft.language, draft.requisition_id) for draft in drafts} == {("full", "en", None)}
    assert not fetched.complete and fetched.message.endswith("3 of 7 jobs came") and questions
