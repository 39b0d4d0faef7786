"""Remote OK: the legal notice, zeros for unknown pay, junk, and generic addresses."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import Pay, SchemaDrift
from jobfinder_assets.ingestion.sources.remoteok import BOARD, RemoteOk
from jobfinder_tests.ingestion.conftest import Server, reply

NOTICE = {"last_updated": 1, "legal": "Please link back"}
JOB: dict[str, Any] = {
    "id": "11", "epoch": 1785704722, "date": "2026-08-02T21:05:22+00:00", "company": "Acme",
    "position": "Data Engineer", "description": "Pipelines", "location": "Berlin, ",
    "salary_min": 90000, "salary_max": 120000,
    "url": "https://remoteok.example/remote-jobs/11",
}  # fmt: skip


@pytest.fixture
def remoteok(server: Server, http: Http) -> RemoteOk:
    settings = Settings(http=http, sources={"remoteok": {"base_url": server.url}})
    return RemoteOk.build(settings.source_section("remoteok", RemoteOk.settings_model), settings)


def test_the_notice_is_no_job_and_nothing_closes(server: Server, remoteok: RemoteOk) -> None:
    server.on("/api", reply([NOTICE, JOB, {"position": "no id"}]))
    fetched = remoteok.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["11"]
    assert not fetched.complete and fetched.message == "1 rows without an id left out"


def test_odd_rows_do_not_cost_the_others(server: Server, remoteok: RemoteOk) -> None:
    server.on("/api", reply([NOTICE, None, JOB, 3, "job", {"id": []}]))
    fetched = remoteok.fetch(BOARD, validators={})
    assert [posting.record for posting in fetched.postings] == [JOB]
    assert fetched.message == "4 rows without an id left out"


@pytest.mark.parametrize("content", [{"jobs": []}, ["x"], [NOTICE, 3], [NOTICE, {"position": "no id"}]])
def test_another_shape_is_drift(server: Server, remoteok: RemoteOk, content: Any) -> None:
    server.on("/api", reply(content))
    with pytest.raises(SchemaDrift):
        remoteok.fetch(BOARD, validators={})


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, "pay", Pay(90_000, 120_000, None, "year")),
        ({"salary_min": 0, "salary_max": 0}, "pay", None),
        ({"salary_min": 0, "salary_max": 60}, "pay", Pay(None, 60, None, None)),
        ({}, "location", "Berlin"),
        ({"location": ", "}, "location", None),
        ({}, "workplace", "remote"),
        ({"url": "https://remoteOK.com/remote-jobs/"}, "url", None),
        ({}, "posted_at", datetime(2026, 8, 2, 21, 5, 22, tzinfo=UTC)),
        ({"date": ""}, "posted_at", datetime(2026, 8, 2, 21, 5, 22, tzinfo=UTC)),
        ({"position": "", "description": ""}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(RemoteOk.draft(JOB | changes), name) == expected


def test_recorded_answers(shared: Path, server: Server, remoteok: RemoteOk) -> None:
    answer = json.loads((shared / "fixtures/remoteok/remoteok_2026-08.trimmed.json").read_bytes())
    server.on("/api", reply(answer))
    drafts = [RemoteOk.draft(posting.record) for posting in remoteok.fetch(BOARD, validators={}).postings]
    assert [draft.location for draft in drafts] == ["How", "Sonipat", "Ashreigney", "Success"]
    assert all(draft.title and draft.description and draft.pay is None for draft in drafts)
