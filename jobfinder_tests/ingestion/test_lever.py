"""Lever: the shapes of its list, its errors, and what a posting's fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.cleaning.clean import clean_batch
from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import BoardGone, Pay, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.lever import Lever
from jobfinder_tests.cleaning.test_clean import raw
from jobfinder_tests.ingestion.conftest import Server, reply

POSTING: dict[str, Any] = {
    "id": "5ac21346-8e0c-4494-8e7a-3eb92ff77902",
    "text": "Data Engineer",
    "categories": {
        "location": "Berlin, Germany",
        "commitment": "Full-time",
        "allLocations": ["Berlin, Germany", "Lisbon, Portugal"],
    },
    "country": "DE",
    "createdAt": 1770000000000,
    "description": "<p>We build things.</p>",
    "descriptionPlain": "We build things.",
    "lists": [{"text": "What you need", "content": "<li>Spark</li><li>5+ years of experience</li>"}],
    "additional": "<p>The salary is EUR 70,000 to 90,000 per year.</p>",
    "hostedUrl": "https://jobs.lever.example/acme/5ac21346",
    "workplaceType": "on-site",
}


@pytest.fixture
def lever(server: Server, http: Http) -> Lever:
    section = {
        "base_url": server.url,
        "europe_url": f"{server.url}/europe",
        "boards": ["acme", "eu:acme", "acme"],
        "starter": False,
    }
    settings = Settings(http=http, sources={"lever": section})
    return Lever.build(settings.source_section("lever", Lever.settings_model), settings)


def test_a_site_is_read_whole(server: Server, lever: Lever) -> None:
    server.on("/v0/postings/acme", reply([POSTING, POSTING | {"id": "2"}]))
    fetched = lever.fetch("acme", validators={})
    postings = list(fetched.postings)
    assert [posting.source_id for posting in postings] == [POSTING["id"], "2"]
    assert fetched.complete and server.requests[0][0].endswith("?mode=json")
    assert postings[0].record.items() >= POSTING.items()
    assert Lever.draft(postings[0].record).company == "acme", "Lever never says whose site it is"


def test_europe_has_a_host_of_its_own(server: Server, lever: Lever) -> None:
    assert lever.boards() == ("acme", "eu:acme")
    server.on("/europe/v0/postings/acme", reply([POSTING]))
    (posting,) = lever.fetch("eu:acme", validators={}).postings
    assert (posting.board, Lever.draft(posting.record).company) == ("eu:acme", "acme")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"ok": False, "error": "Document not found"}, 404), BoardGone),
        (reply({"ok": False, "error": "Document not found"}), SchemaDrift),
        (reply([{"text": "no id"}]), SchemaDrift),
        (reply(["text"]), SchemaDrift),
    ],
)
def test_errors(server: Server, lever: Lever, answer: Any, error: type[SourceError]) -> None:
    server.on("/v0/postings/acme", answer)
    with pytest.raises(error):
        lever.fetch("acme", validators={})


def test_draft() -> None:
    draft = Lever.draft(POSTING)
    assert (draft.title, draft.country, draft.workplace) == ("Data Engineer", "DE", "onsite")
    assert draft.location == "Berlin, Germany; Lisbon, Portugal"
    assert draft.posted_at == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)
    assert (draft.employment_type, draft.url) == ("Full-time", POSTING["hostedUrl"])
    assert draft.description is not None
    for part in ("We build things.", "<li>Spark</li>", "What you need", "70,000"):
        assert part in draft.description


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"categories": {"location": "Remote"}}, "location", "Remote"),
        ({"categories": "Berlin"}, "location", None),
        ({"workplaceType": "unspecified"}, "workplace", None),
        ({"workplaceType": "remote"}, "workplace", "remote"),
        ({"createdAt": "soon"}, "posted_at", None),
        ({"createdAt": 10**30}, "posted_at", None),
        ({"lists": None, "additional": None}, "description", "<p>We build things.</p>"),
        (
            {"text": None, "description": None, "lists": [], "additional": ""},
            "unreadable",
            "neither a title nor a text",
        ),
        (
            {"salaryRange": {"currency": "USD", "interval": "per-year-salary", "min": 100000, "max": 120000}},
            "pay",
            Pay(100_000, 120_000, "USD", "year"),
        ),
        (
            {"salaryRange": {"currency": "USD", "interval": "one-time", "min": 5, "max": None}},
            "pay",
            Pay(5, None, "USD", None),
        ),
        ({"salaryRange": {}}, "pay", None),
        ({"salaryRange": "lots"}, "pay", None),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Lever.draft(POSTING | changes), name) == expected


def test_cleaning_finds_what_only_the_lists_say() -> None:
    kept = clean_batch(raw(POSTING).assign(source="lever"), now=datetime(2026, 11, 1, tzinfo=UTC)).kept.iloc[0]
    assert (kept["years_min"], kept["workplace"], kept["city"], kept["country"]) == (5, "onsite", "Berlin", "DE")
    assert (kept["salary_min"], kept["salary_currency"]) == (70_000, "EUR")


def test_recorded_answers(shared: Path, server: Server, lever: Lever) -> None:
    recorded = (shared / "fixtures" / "lever" / "lever_palantir_2026-07.trimmed.json").read_bytes()
    server.on("/v0/postings/acme", reply(json.loads(recorded)))
    drafts = [Lever.draft(posting.record) for posting in lever.fetch("acme", validators={}).postings]
    assert drafts and all(draft.title and draft.description and draft.url and draft.posted_at for draft in drafts)
