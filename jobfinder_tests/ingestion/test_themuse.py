"""The Muse: paging within a category, and what a job's fields mean."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.themuse import TheMuse
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/api/public/jobs"
JOB: dict[str, Any] = {
    "id": 7, "name": "Data Analyst", "contents": "<p>Dashboards</p>", "publication_date": "2026-06-01T10:00:00Z",
    "locations": [{"name": "Berlin, Germany"}], "levels": [{"name": "Senior Level"}],
    "refs": {"landing_page": "https://www.themuse.example/jobs/7"}, "company": {"name": "Acme"},
}  # fmt: skip


def page(number: int, count: int, *jobs: Any) -> dict[str, Any]:
    return {"page": number, "page_count": count, "results": list(jobs)}


@pytest.fixture
def muse(server: Server, http: Http) -> TheMuse:
    section = {"base_url": server.url, "categories": ["Data Science"], "pages": 3}
    settings = Settings(http=http, sources={"themuse": section})
    return TheMuse.build(settings.source_section("themuse", TheMuse.settings_model), settings)


def test_pages_are_read_until_the_last(server: Server, muse: TheMuse) -> None:
    server.on(PATH, reply(page(0, 2, JOB)), reply(page(1, 2, JOB | {"id": 8}, {"name": "no id"})))
    fetched = muse.fetch("Data Science", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["7", "8"]
    assert fetched.complete and fetched.message == "1 rows without an id left out"
    assert [asked for asked, _ in server.requests] == [f"{PATH}?page={n}&category=Data+Science" for n in (0, 1)]


def test_a_category_longer_than_the_pages_closes_nothing(server: Server, muse: TheMuse) -> None:
    server.on(PATH, *(reply(page(number, 99, JOB | {"id": number})) for number in range(3)))
    fetched = muse.fetch("Data Science", validators={})
    assert len(list(fetched.postings)) == 3 and not fetched.complete


def test_a_page_that_fails_leaves_the_ones_before(server: Server, muse: TheMuse) -> None:
    server.on(PATH, reply(page(0, 3, JOB)), reply({"code": 403, "error": "rate"}, 403))
    rows = iter(muse.fetch("Data Science", validators={}).postings)
    assert next(rows).source_id == "7"
    with pytest.raises(BoardBlocked):
        next(rows)


def test_jobs_that_moved_while_it_was_read_have_not_closed(server: Server, muse: TheMuse) -> None:
    total = {"total": 3}
    server.on(PATH, reply(page(0, 2, JOB, JOB | {"id": 8}) | total), reply(page(1, 2, JOB) | total))
    fetched = muse.fetch("Data Science", validators={})
    assert not fetched.complete and fetched.message == "2 of 3 jobs came"


def test_an_empty_page_before_the_last_is_not_the_end_of_the_category(server: Server, muse: TheMuse) -> None:
    server.on(PATH, reply(page(0, 9, JOB) | {"total": 180}), reply(page(1, 9) | {"total": 180}))
    assert not muse.fetch("Data Science", validators={}).complete
    assert server.asked(PATH) == 2


@pytest.mark.parametrize("answer", [reply({"jobs": []}), reply([1]), reply(page(0, 1, {"name": "no id"}))])
def test_another_shape_is_drift(server: Server, muse: TheMuse, answer: Any) -> None:
    server.on(PATH, answer)
    with pytest.raises(SchemaDrift):
        muse.fetch("Data Science", validators={})


def test_a_key_is_sent(server: Server, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEMUSE_API_KEY", "abc123")
    settings = Settings(http=http, sources={"themuse": {"base_url": server.url}})
    muse = TheMuse.build(settings.source_section("themuse", TheMuse.settings_model), settings)
    with pytest.raises(SourceError):
        muse.fetch("Data Science", validators={})
    assert "api_key=abc123" in server.requests[0][0]


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, "location", "Berlin, Germany"),
        ({}, "company", "Acme"),
        ({}, "workplace", None),
        ({"locations": [{"name": "Flexible / Remote"}]}, "workplace", "remote"),
        ({"locations": [{"name": "Flexible / Remote"}]}, "location", "Remote"),
        ({"locations": [{"name": "Berlin"}, {"name": "Flexible / Remote"}]}, "workplace", None),
        ({"locations": [{"name": "Berlin"}, {"name": "Flexible / Remote"}]}, "location", "Berlin; Remote"),
        ({"refs": None}, "url", None),
        ({"name": None, "contents": None}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(TheMuse.draft(JOB | changes), name) == expected


def test_recorded_answers(shared: Path, server: Server, muse: TheMuse) -> None:
    pages = [json.loads((shared / "fixtures/themuse" / f"themuse_page{n}_2024-03.json").read_bytes()) for n in (0, 1)]
    server.on(PATH, *(reply(answer) for answer in pages), reply(page(2, 3)))
    drafts = [TheMuse.draft(posting.record) for posting in muse.fetch("Data Science", validators={}).postings]
    assert len(drafts) == 40
    assert all(draft.title and draft.company and draft.description and draft.url for draft in drafts)
    old = [draft for draft in drafts if draft.posted_at is not None and draft.posted_at.isoformat() < "2023-09-18"]
    assert len(old) == 9, "the list is in no order of time"
