"""Ashby: the shapes of its list, its errors, and what a job's fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, Pay, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.ashby import Ashby
from jobfinder_tests.ingestion.conftest import Server, reply

SALARY = {
    "compensationType": "Salary",
    "interval": "1 YEAR",
    "currencyCode": "USD",
    "minValue": 100000,
    "maxValue": 120000,
}
JOB: dict[str, Any] = {
    "id": "0c2a",
    "title": "Data Engineer",
    "location": "San Francisco",
    "secondaryLocations": [],
    "employmentType": "FullTime",
    "publishedAt": "2026-06-02T08:58:57.123+00:00",
    "isListed": True,
    "isRemote": None,
    "address": {"postalAddress": {"addressLocality": "San Francisco", "addressCountry": "United States"}},
    "jobUrl": "https://jobs.ashby.example/acme/0c2a",
    "descriptionHtml": "<p>Build pipelines</p>",
    "compensation": {"summaryComponents": [SALARY, {"compensationType": "EquityCashValue", "minValue": 1}]},
}  # fmt: skip


@pytest.fixture
def ashby(server: Server, http: Http) -> Ashby:
    section = {"base_url": server.url, "boards": ["Acme Labs"], "starter": False}
    settings = Settings(http=http, sources={"ashby": section})
    return Ashby.build(settings.source_section("ashby", Ashby.settings_model), settings)


PATH = "/posting-api/job-board/Acme%20Labs"


def test_a_board_is_read_whole_but_for_what_is_not_listed(server: Server, ashby: Ashby) -> None:
    server.on(PATH, reply({"apiVersion": "1", "jobs": [JOB, JOB | {"id": "1", "isListed": False}]}))
    fetched = ashby.fetch("Acme Labs", validators={})
    (posting,) = fetched.postings
    assert posting.source_id == "0c2a" and fetched.complete
    assert server.requests[0][0].endswith("?includeCompensation=true")
    assert Ashby.draft(posting.record).company == "Acme Labs"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": "not found"}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply({"apiVersion": "2", "postings": []}), SchemaDrift),
        (reply({"jobs": [{"title": "no id"}]}), SchemaDrift),
    ],
)
def test_errors(server: Server, ashby: Ashby, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        ashby.fetch("Acme Labs", validators={})


def test_draft() -> None:
    draft = Ashby.draft(JOB)
    assert (draft.title, draft.location, draft.city) == ("Data Engineer", "San Francisco", "San Francisco")
    assert (draft.country, draft.workplace) == ("United States", None)
    assert draft.pay == Pay(100_000, 120_000, "USD", "year")
    assert draft.posted_at == datetime(2026, 6, 2, 8, 58, 57, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"isRemote": True}, "workplace", "remote"),
        ({"isRemote": False, "location": "Remote (US)"}, "workplace", None),
        ({"workplaceType": "OnSite", "isRemote": True}, "workplace", "onsite"),
        ({"workplaceType": "Hybrid"}, "workplace", "hybrid"),
        ({"secondaryLocations": [{"location": "New York"}, None]}, "location", "San Francisco; New York"),
        ({"secondaryLocations": [{"location": "New York"}]}, "city", None),
        ({"address": None}, "country", None),
        ({"compensation": None}, "pay", None),
        ({"compensation": {"summaryComponents": "lots"}}, "pay", None),
        (
            {"compensation": {"summaryComponents": [SALARY, SALARY | {"minValue": 90000, "maxValue": None}]}},
            "pay",
            Pay(90_000, 120_000, "USD", "year"),
        ),
        (
            {"compensation": {"summaryComponents": [SALARY | {"interval": "1 HOUR", "minValue": 40, "maxValue": 50}]}},
            "pay",
            Pay(40, 50, "USD", "hour"),
        ),
        ({"publishedAt": "soon"}, "posted_at", None),
        ({"title": None, "descriptionHtml": None}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Ashby.draft(JOB | changes), name) == expected


@pytest.mark.parametrize(
    "name", ["ashby_character_2025-10", "ashby_openai_2026-07.trimmed", "ashby_truelogic_2026-08.trimmed"]
)
def test_recorded_answers(shared: Path, server: Server, ashby: Ashby, name: str) -> None:
    server.on(PATH, reply(json.loads((shared / "fixtures" / "ashby" / f"{name}.json").read_bytes())))
    drafts = [Ashby.draft(posting.record) for posting in ashby.fetch("Acme Labs", validators={}).postings]
    assert drafts and all(draft.title and draft.description and draft.url and draft.posted_at for draft in drafts)
