"""Greenhouse: the shapes of its list, its errors, and what a posting's fields mean."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, Pay, SchemaDrift, SourceError, Unchanged
from jobfinder_assets.ingestion.sources.greenhouse import Greenhouse
from jobfinder_tests.ingestion.conftest import Server, reply

JOB: dict[str, Any] = {
    "id": 11,
    "title": "Data Engineer",
    "company_name": "Acme",
    "location": {"name": "Berlin, Germany"},
    "absolute_url": "https://boards.example/acme/jobs/11",
    "content": "&lt;p&gt;Build &amp;amp; run pipelines&lt;/p&gt;",
    "requisition_id": "R-100",
    "first_published": "2026-06-02T08:58:57-04:00",
    "updated_at": "2026-07-13T14:37:36-04:00",
    "language": "en",
    "offices": [{"id": 1, "name": "Berlin"}, {"id": 2, "name": "Lisbon"}],
}


@pytest.fixture
def greenhouse(server: Server, http: Http) -> Greenhouse:
    section = {"base_url": server.url, "boards": ["acme"], "starter": False}
    settings = Settings(http=http, sources={"greenhouse": section})
    return Greenhouse.build(settings.source_section("greenhouse", Greenhouse.settings_model), settings)


def path(board: str = "acme") -> str:
    return f"/v1/boards/{board}/jobs"


def test_a_board_is_read_whole_with_its_validators(server: Server, greenhouse: Greenhouse) -> None:
    server.on(path(), reply({"jobs": [JOB, JOB | {"id": 12}], "meta": {"total": 2}}, ETag='"7"'), reply(b"", 304))
    fetched = greenhouse.fetch("acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["11", "12"]
    assert next(iter(fetched.postings)).record == JOB
    assert fetched.complete and fetched.bytes > 500
    assert server.requests[0][0].endswith("/jobs?content=true")
    with pytest.raises(Unchanged):
        greenhouse.fetch("acme", validators=fetched.validators)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"status": 404, "error": "Job not found"}, 404), BoardGone),
        (reply({"error": "Could not find a job board with token 'acme'"}, 400), BoardGone),
        (reply({"error": "bad parameter"}, 400), SourceError),
        (reply({}, 403), BoardBlocked),
        (reply({"positions": []}), SchemaDrift),
        (reply([]), SchemaDrift),
        (reply({"jobs": {"11": {}}}), SchemaDrift),
        (reply({"jobs": [{"title": "no id"}]}), SchemaDrift),
        (reply({"jobs": ["text"]}), SchemaDrift),
    ],
)
def test_errors(server: Server, greenhouse: Greenhouse, answer: Any, error: type[SourceError]) -> None:
    server.on(path(), answer)
    with pytest.raises(SourceError) as caught:
        greenhouse.fetch("acme", validators={})
    assert isinstance(caught.value, error) and caught.value.status == error.status


def test_fewer_jobs_than_announced_are_no_complete_answer(server: Server, greenhouse: Greenhouse) -> None:
    server.on(path(), reply({"jobs": [JOB], "meta": {"total": 5}}, ETag='"7"'))
    fetched = greenhouse.fetch("acme", validators={})
    assert not fetched.complete and fetched.validators == {} and fetched.message == "1 of 5 jobs came"


def test_a_boards_name_cannot_leave_its_path(server: Server, greenhouse: Greenhouse) -> None:
    with pytest.raises(BoardGone):
        greenhouse.fetch("../../secret?x=", validators={})
    assert server.requests[0][0].startswith("/v1/boards/..%2F..%2Fsecret%3Fx%3D/jobs")


def test_draft() -> None:
    draft = Greenhouse.draft(JOB)
    assert (draft.title, draft.company, draft.location) == ("Data Engineer", "Acme", "Berlin, Germany")
    assert draft.description == JOB["content"], "unescaping is cleaning's"
    assert draft.url == JOB["absolute_url"]
    assert draft.posted_at == datetime(2026, 6, 2, 12, 58, 57, tzinfo=UTC)
    assert (draft.requisition_id, draft.language, draft.pay, draft.unreadable) == ("R-100", "en", None, None)


def test_a_board_without_company_names_gives_its_own(server: Server, greenhouse: Greenhouse) -> None:
    server.on(path(), reply({"jobs": [{"id": 1, "title": "Analyst"}]}))
    (posting,) = greenhouse.fetch("acme", validators={}).postings
    assert Greenhouse.draft(posting.record).company == "acme"


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"location": {"name": "Hybrid"}}, "location", "Berlin; Lisbon; Hybrid"),
        ({"location": {"name": ""}}, "location", "Berlin; Lisbon"),
        ({"location": {"name": "Remote - US"}}, "location", "Remote - US"),
        ({"location": None, "offices": None}, "location", None),
        ({"location": "Berlin", "offices": [None, 3]}, "location", None),
        ({"requisition_id": "See Opening ID"}, "requisition_id", None),
        ({"requisition_id": 4711}, "requisition_id", "4711"),
        ({"first_published": "yesterday"}, "posted_at", None),
        ({"title": None, "content": None}, "unreadable", "neither a title nor a text"),
        ({"pay_input_ranges": "lots"}, "pay", None),
        ({"pay_input_ranges": []}, "pay", None),
        (
            {
                "pay_input_ranges": [
                    {"min_cents": 12000000, "max_cents": 15000000, "currency_type": "USD", "title": "NYC", "blurb": ""},
                    {"min_cents": 10000000, "max_cents": 13000000, "currency_type": "USD", "title": "Ohio"},
                    {"min_cents": 1, "max_cents": 2, "currency_type": "EUR"},
                ]
            },
            "pay",
            Pay(100_000, 150_000, "USD", None),
        ),
        (
            {
                "pay_input_ranges": [
                    {"min_cents": 2550, "max_cents": None, "currency_type": "USD", "title": "Hourly pay"}
                ]
            },
            "pay",
            Pay(25.5, None, "USD", "hour"),
        ),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Greenhouse.draft(JOB | changes), name) == expected


def recorded(shared: Path, name: str) -> bytes:
    file = shared / "fixtures" / "greenhouse" / name
    if file.suffix == ".json":
        return file.read_bytes()
    (interaction,) = yaml.safe_load(file.read_text(encoding="utf-8"))["http_interactions"]
    return str(interaction["response"]["body"]["string"]).encode()


@pytest.mark.parametrize(
    ("name", "jobs"), [("greenhouse_stripe_2026-07.trimmed.json", 2), ("cassette_jobs_with_content.2013.yml", 2)]
)
def test_recorded_boards(shared: Path, server: Server, greenhouse: Greenhouse, name: str, jobs: int) -> None:
    body = recorded(shared, name)
    server.on(path(), reply(body, Content_Type="text/html; charset=utf-8"))
    drafts = [Greenhouse.draft(posting.record) for posting in greenhouse.fetch("acme", validators={}).postings]
    assert len(drafts) == jobs
    assert all(draft.title and draft.description and draft.company and draft.unreadable is None for draft in drafts)
    if "2026" in name:
        assert all(draft.posted_at and draft.url and draft.requisition_id is None for draft in drafts)


def test_a_recorded_unknown_board_is_gone(shared: Path, server: Server, greenhouse: Greenhouse) -> None:
    server.on(path(), reply(recorded(shared, "cassette_error_unknown_board.2013.yml"), 400))
    with pytest.raises(BoardGone, match="acme"):
        greenhouse.fetch("acme", validators={})
