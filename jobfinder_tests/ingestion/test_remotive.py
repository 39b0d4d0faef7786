"""Remotive: one whole list, asked for seldom; what its free texts mean and what they do not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Home, Http, Settings
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import (
    BoardBlocked,
    BoardGone,
    NotYet,
    Query,
    SchemaDrift,
    SourceError,
    Unchanged,
    record_json,
)
from jobfinder_assets.ingestion.sources.remotive import BOARD, Remotive
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/api/remote-jobs"
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
JOB: dict[str, Any] = {
    "id": 2090001,
    "url": "https://remotive.example/remote-jobs/data/data-engineer-2090001",
    "title": "Data Engineer",
    "company_name": "Acme Labs",
    "company_logo": "https://remotive.example/logo",
    "category": "Data and Analytics",
    "tags": ["sql", "spark"],
    "job_type": "full_time",
    "publication_date": "2026-07-26T20:49:11",
    "candidate_required_location": "USA, Canada",
    "salary": "$18 - $22/hr",
    "description": "<p>Build pipelines</p>",
}


def listed(*jobs: Any, total: Any = None) -> dict[str, Any]:
    count = len(jobs) if total is None else total
    return {"00-warning": "moved", "job-count": len(jobs), "total-job-count": count, "jobs": list(jobs)}


def built(server: Server, http: Http, **keys: Any) -> Remotive:
    settings = Settings(http=http, sources={"remotive": {"base_url": server.url + "/", **keys}})
    return Remotive.build(settings.source_section("remotive", Remotive.settings_model), settings)


@pytest.fixture
def remotive(server: Server, http: Http) -> Remotive:
    return built(server, http)


def test_the_list_is_read_whole(server: Server, remotive: Remotive) -> None:
    server.on(PATH, reply(listed(JOB, JOB | {"id": 2})))
    fetched = remotive.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    assert [posting.source_id for posting in postings] == ["2090001", "2"]
    assert fetched.complete and fetched.bytes > 0 and not fetched.message
    assert server.requests[0][0] == PATH, "nothing is asked for but everything"
    assert postings[0].record == JOB, "records are stored as they came"


def test_it_is_on_unless_told_otherwise(remotive: Remotive) -> None:
    assert remotive.boards() == ("jobs",) and Remotive.settings_model().enabled and remotive.searches


def test_a_category_says_nothing_of_the_rest(server: Server, http: Http) -> None:
    server.on(PATH, reply(listed(JOB)))
    fetched = built(server, http, category="data").fetch(BOARD, validators={})
    assert server.requests[0][0] == f"{PATH}?category=data"
    assert not fetched.complete and not fetched.validators


def test_a_list_that_names_a_higher_total_is_not_whole(server: Server, remotive: Remotive) -> None:
    server.on(PATH, reply(listed(JOB, total=900)))
    fetched = remotive.fetch(BOARD, validators={})
    assert not fetched.complete and fetched.message == "1 of 900 jobs came"


@pytest.mark.parametrize("total", ["many", None, -1, []])
def test_an_odd_total_is_no_total(server: Server, remotive: Remotive, total: Any) -> None:
    server.on(PATH, reply(listed(JOB) | {"total-job-count": total}))
    assert remotive.fetch(BOARD, validators={}).complete


def test_a_search_finds_the_same_jobs(server: Server, http: Http) -> None:
    server.on(PATH, reply(listed(JOB)))
    remotive = built(server, http, category="data")
    fetched = remotive.search(BOARD, Query(" data engineer ", "Berlin"))
    (posting,) = fetched.postings
    assert (posting.board, posting.source_id, fetched.complete) == (BOARD, "2090001", False)
    assert server.requests[0][0] == f"{PATH}?category=data&search=data+engineer"


def test_a_search_without_words_is_not_the_whole_board(server: Server, remotive: Remotive) -> None:
    server.on(PATH, reply(listed(JOB)))
    assert not remotive.search(BOARD, Query("  ")).complete


def test_two_calls_a_minute_and_no_more(server: Server, remotive: Remotive, http: Http) -> None:
    server.on(PATH, reply(listed(JOB)))
    remotive.fetch(BOARD, validators={})
    built(server, http).search(BOARD, Query("data"))
    with pytest.raises(NotYet, match="by the source's own limits"):
        remotive.fetch(BOARD, validators={})
    assert server.asked(PATH) == 2
    assert [(rate.limit, rate.interval) for rate in Remotive.rates] == [(2, 60_000), (4, 86_400_000)]


def test_an_unchanged_list_is_not_read_again(server: Server, remotive: Remotive) -> None:
    server.on(PATH, reply(listed(JOB), ETag='"1"'), reply(b"", 304))
    fetched = remotive.fetch(BOARD, validators={})
    with pytest.raises(Unchanged):
        remotive.fetch(BOARD, validators=fetched.validators)
    assert server.requests[1][1]["If-None-Match"] == '"1"'


def test_a_job_that_left_the_list_has_closed(server: Server, remotive: Remotive, home: Home) -> None:
    lake = Lake(str(home.lake))
    server.on(PATH, reply(listed(JOB, JOB | {"id": 2})), reply(listed(JOB)))
    collect(remotive, lake, run="1", now=NOW)
    assert collect(remotive, lake, run="2", now=NOW + timedelta(days=1)).total("closed") == 1


def test_odd_rows_do_not_cost_the_others(server: Server, remotive: Remotive) -> None:
    server.on(PATH, reply(listed(JOB, None, "job", {"title": "no id"}, {"id": []}, {"id": " "})))
    fetched = remotive.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["2090001"]
    assert fetched.message == "5 rows without an id left out"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply(b"<!DOCTYPE html><title>Just a moment...</title>"), BoardBlocked),
        (reply({"job-count": 0}), SchemaDrift),
        (reply({"jobs": {"1": JOB}}), SchemaDrift),
        (reply([JOB]), SchemaDrift),
        (reply(listed({"title": "no id"})), SchemaDrift),
    ],
)
def test_errors(server: Server, remotive: Remotive, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        remotive.fetch(BOARD, validators={})


def test_draft() -> None:
    draft = Remotive.draft(JOB)
    assert (draft.title, draft.company, draft.description) == ("Data Engineer", "Acme Labs", "<p>Build pipelines</p>")
    assert (draft.workplace, draft.location, draft.employment_type) == ("remote", "USA; Canada", "full_time")
    assert (draft.pay, draft.pay_text) == (None, "$18 - $22/hr"), "pay is free text, of any period"
    assert (draft.url, draft.posted_at) == (JOB["url"], datetime(2026, 7, 26, 20, 49, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"salary": ""}, "pay_text", None),
        ({"salary": "$31,2k- $52k"}, "pay_text", "$31,2k- $52k"),
        ({"salary": {"min": 1}}, "pay_text", None),
        ({"job_type": ""}, "employment_type", None),
        ({"candidate_required_location": ""}, "location", None),
        ({"candidate_required_location": " , ,"}, "location", None),
        ({"candidate_required_location": "Worldwide"}, "location", "Worldwide"),
        ({"candidate_required_location": "USA, CST (UTC-6), USA"}, "location", "USA; CST (UTC-6)"),
        ({"candidate_required_location": ["USA"]}, "location", None),
        ({"publication_date": "soon"}, "posted_at", None),
        ({"publication_date": 10**30}, "posted_at", None),
        ({"title": None, "description": " "}, "unreadable", "neither a title nor a text"),
        ({"title": None}, "unreadable", None),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Remotive.draft(JOB | changes), name) == expected


@pytest.mark.parametrize(
    ("name", "rows", "paid", "placed"),
    [("remotive_full_2026-07", 35, 27, 35), ("remotive_2026-08.trimmed", 5, 3, 5)],
)
def test_recorded_answers(
    shared: Path, server: Server, remotive: Remotive, name: str, rows: int, paid: int, placed: int
) -> None:
    content = json.loads((shared / "fixtures" / "remotive" / f"{name}.json").read_text(encoding="utf-8-sig"))
    server.on(PATH, reply(content))
    fetched = remotive.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    drafts = [Remotive.draft(posting.record) for posting in postings]
    assert fetched.complete and not fetched.message
    assert len({posting.source_id for posting in postings}) == len(postings) == rows
    assert all(draft.title and draft.company and draft.description and draft.url for draft in drafts)
    assert all(draft.posted_at and draft.posted_at.year == 2026 for draft in drafts)
    assert {draft.workplace for draft in drafts} == {"remote"}
    assert sum(draft.pay_text is not None for draft in drafts) == paid
    assert sum(draft.location is not None for draft in drafts) == placed
    assert [record_json(posting.record) for posting in postings] == [record_json(job) for job in content["jobs"]]
