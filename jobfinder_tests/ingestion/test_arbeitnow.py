"""Arbeitnow: pages by their number until a short one, and what its few fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.arbeitnow import BOARD, Arbeitnow
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/api/job-board-api"
JOB: dict[str, Any] = {
    "slug": "data-engineer-berlin-4711",
    "company_name": "Acme GmbH",
    "title": "Data Engineer (m/f/x)",
    "description": "<p>Build pipelines</p>\n<p>Find <a href='https://arbeitnow.example/'>Jobs</a> on Arbeitnow</a>",
    "remote": False,
    "url": "https://arbeitnow.example/jobs/companies/acme/data-engineer-berlin-4711",
    "tags": ["Data"],
    "job_types": ["Working student", "hilfstätigkeit / student"],
    "location": "Berlin",
    "created_at": 1710082143,
}


def page(*slugs: str, more: bool = True, size: int = 2) -> dict[str, Any]:
    """A page; its link to the next one leads astray, as the source's own does now and then."""
    following = "https://arbeitnow.example/api/job-board-api?search=carpenter&page=9"
    return {
        "data": [JOB | {"slug": slug} for slug in slugs],
        "links": {"first": "…", "last": None, "prev": None, "next": following if more else None},
        "meta": {"current_page": 1, "per_page": size},
    }


def built(server: Server, http: Http, **keys: Any) -> Arbeitnow:
    settings = Settings(http=http, sources={"arbeitnow": {"base_url": server.url + "/", **keys}})
    return Arbeitnow.build(settings.source_section("arbeitnow", Arbeitnow.settings_model), settings)


@pytest.fixture
def arbeitnow(server: Server, http: Http) -> Arbeitnow:
    return built(server, http)


def slugs(fetched: Any) -> list[str]:
    return [posting.source_id for posting in fetched.postings]


def test_pages_are_read_by_number_until_a_short_one(server: Server, arbeitnow: Arbeitnow) -> None:
    server.on(PATH, reply(page("a", "b")), reply(page("c", "d")), reply(page("e", more=False)))
    fetched = arbeitnow.fetch(BOARD, validators={})
    assert slugs(fetched) == ["a", "b", "c", "d", "e"]
    assert [path for path, _ in server.requests] == [f"{PATH}?page={number}" for number in (1, 2, 3)]
    assert fetched.complete and not fetched.message and fetched.bytes > 0


def test_it_is_on_and_cannot_search(arbeitnow: Arbeitnow) -> None:
    assert arbeitnow.boards() == ("jobs",) and Arbeitnow.settings_model().enabled and not arbeitnow.searches


def test_records_are_stored_as_they_came(server: Server, arbeitnow: Arbeitnow) -> None:
    server.on(PATH, reply({"data": [JOB]}))
    (posting,) = arbeitnow.fetch(BOARD, validators={}).postings
    assert posting.record == JOB


def test_no_more_pages_than_the_settings_say(server: Server, http: Http) -> None:
    server.on(PATH, reply(page("a", "b")), reply(page("c", "d")), reply(page("e")))
    fetched = built(server, http, pages=2).fetch(BOARD, validators={})
    assert slugs(fetched) == ["a", "b", "c", "d"]
    assert not fetched.complete and fetched.message == "the first 2 pages; more follow"


def test_five_pages_unless_told_otherwise(server: Server, arbeitnow: Arbeitnow) -> None:
    server.on(PATH, *(reply(page(f"a{number}", f"b{number}")) for number in range(9)))
    assert len(slugs(arbeitnow.fetch(BOARD, validators={}))) == 10
    assert server.asked(PATH) == 5


@pytest.mark.parametrize("pages", [0, 101, "all"])
def test_settings_that_make_no_sense(server: Server, http: Http, pages: Any) -> None:
    with pytest.raises(ConfigError, match="pages"):
        built(server, http, pages=pages)


@pytest.mark.parametrize("answer", [page("a", more=True), {"data": [JOB]}, page("a") | {"links": [None]}])
def test_a_short_page_that_does_not_say_it_is_the_last_closes_nothing(
    server: Server, arbeitnow: Arbeitnow, answer: Any
) -> None:
    server.on(PATH, reply(answer))
    fetched = arbeitnow.fetch(BOARD, validators={})
    assert server.asked(PATH) == 1 and not fetched.complete


def test_a_page_without_its_size_holds_a_hundred(server: Server, arbeitnow: Arbeitnow) -> None:
    full = {"data": [JOB | {"slug": str(number)} for number in range(100)]}
    server.on(PATH, reply(full), reply({"data": []}))
    assert len(slugs(arbeitnow.fetch(BOARD, validators={}))) == 100 and server.asked(PATH) == 2


def test_a_page_that_fails_leaves_those_before_it(server: Server, arbeitnow: Arbeitnow) -> None:
    server.on(PATH, reply(page("a", "b")), reply({}, 403))
    fetched = arbeitnow.fetch(BOARD, validators={})
    got = []
    with pytest.raises(BoardBlocked):
        for posting in fetched.postings:
            got.append(posting.source_id)
    assert got == ["a", "b"] and not fetched.complete


def test_odd_rows_do_not_cost_the_others(server: Server, arbeitnow: Arbeitnow) -> None:
    odd = page("a", more=False, size=9)
    odd["data"] += [None, 7, {"title": "no slug"}]
    server.on(PATH, reply(odd))
    fetched = arbeitnow.fetch(BOARD, validators={})
    assert slugs(fetched) == ["a"] and fetched.message == "3 rows without an id left out"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply({"jobs": [JOB]}), SchemaDrift),
        (reply([JOB]), SchemaDrift),
        (reply({"data": [{"title": "no slug"}]}), SchemaDrift),
        (reply({"data": "none"}), SchemaDrift),
    ],
)
def test_errors(server: Server, arbeitnow: Arbeitnow, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        arbeitnow.fetch(BOARD, validators={})


def test_draft() -> None:
    draft = Arbeitnow.draft(JOB)
    assert (draft.title, draft.company, draft.location) == ("Data Engineer (m/f/x)", "Acme GmbH", "Berlin")
    assert draft.description == JOB["description"], "texts are cleaned elsewhere"
    assert (draft.workplace, draft.pay, draft.pay_text, draft.country) == (None, None, None, None)
    assert draft.employment_type == "Working student, hilfstätigkeit / student"
    assert (draft.url, draft.posted_at) == (JOB["url"], datetime(2024, 3, 10, 14, 49, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"remote": True}, "workplace", "remote"),
        ({"remote": "true"}, "workplace", None),
        ({"remote": 1}, "workplace", None),
        ({"job_types": []}, "employment_type", None),
        ({"job_types": None}, "employment_type", None),
        ({"job_types": [None, "", "Internship", {}]}, "employment_type", "Internship"),
        ({"job_types": "Freelance"}, "employment_type", "Freelance"),
        ({"job_types": {"a": 1}}, "employment_type", None),
        ({"created_at": 1710082143000}, "posted_at", datetime(2024, 3, 10, 14, 49, 3, tzinfo=UTC)),
        ({"created_at": "just now"}, "posted_at", None),
        ({"location": ["Berlin"]}, "location", None),
        ({"title": "", "description": None}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Arbeitnow.draft(JOB | changes), name) == expected


@pytest.mark.parametrize(
    ("name", "rows", "remote", "typed", "year"),
    [("arbeitnow_page1_full_2024-03", 100, 14, 27, 2024), ("arbeitnow_2026-08.trimmed", 5, 0, 3, 2026)],
)
def test_recorded_answers(
    shared: Path, server: Server, arbeitnow: Arbeitnow, name: str, rows: int, remote: int, typed: int, year: int
) -> None:
    content = json.loads((shared / "fixtures" / "arbeitnow" / f"{name}.json").read_text(encoding="utf-8-sig"))
    server.on(PATH, reply(content), reply({"data": []}))
    fetched = arbeitnow.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    drafts = [Arbeitnow.draft(posting.record) for posting in postings]
    assert len({posting.source_id for posting in postings}) == len(postings) == rows
    assert all(draft.title and draft.company and draft.description and draft.location for draft in drafts)
    assert all(draft.url and draft.posted_at and draft.posted_at.year == year for draft in drafts)
    assert sum(draft.workplace == "remote" for draft in drafts) == remote
    assert sum(draft.employment_type is not None for draft in drafts) == typed
    assert [posting.record for posting in postings] == content["data"]
