"""Hacker News: the right threads, their direct comments without names, and what a comment's head says."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import SchemaDrift, SourceError, record_json
from jobfinder_assets.ingestion.sources.hackernews import BOARD, HackerNews
from jobfinder_tests.ingestion.conftest import Server, reply


@pytest.fixture
def hackernews(server: Server, http: Http) -> HackerNews:
    settings = Settings(http=http, sources={"hackernews": {"base_url": server.url + "/"}})
    return HackerNews.build(settings.source_section("hackernews", HackerNews.settings_model), settings)


def story(number: int, title: str, month: int) -> dict[str, Any]:
    return {"objectID": str(number), "title": title, "created_at": f"2026-{month:02d}-01T15:00:00Z"}


def comment(
    number: int, parent: int, words: str | None = "Acme | Data Engineer | Berlin", **more: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "parent_id": parent,
        "author": "a_person",
        "created_at_i": 1_782_918_120,
        "text": words,
        "children": [{"id": number * 10, "author": "another_person", "text": "I applied"}],
    } | more


def serve(server: Server, hits: list[dict[str, Any]], threads: dict[int, list[Any]]) -> None:
    server.on("/api/v1/search_by_date", reply({"hits": hits}))
    for number, comments in threads.items():
        server.on(f"/api/v1/items/{number}", reply({"id": number, "children": comments}))


def test_the_newest_hiring_threads_are_read(server: Server, hackernews: HackerNews) -> None:
    hits = [
        story(5, "Ask HN: Who is hiring? (May 2026)", 5),
        story(8, "Ask HN: Who wants to be hired? (July 2026)", 7),
        story(7, "Ask HN: Who is hiring? (July 2026)", 7),
        story(6, "Ask HN: Who is hiring? (June 2026)", 6),
    ]
    serve(server, hits, {7: [comment(70, 7)], 6: [comment(60, 6)]})
    fetched = hackernews.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["70", "60"]
    assert "tags=story%2Cauthor_whoishiring" in server.requests[0][0]
    assert fetched.complete and fetched.bytes > 0 and not fetched.message


def test_names_and_replies_are_not_stored(server: Server, hackernews: HackerNews) -> None:
    serve(server, [story(7, "Ask HN: Who is hiring?", 7)], {7: [comment(70, 7)]})
    (posting,) = hackernews.fetch(BOARD, validators={}).postings
    assert "person" not in record_json(posting.record)
    assert posting.record["text"] == "Acme | Data Engineer | Berlin"


def test_what_is_no_posting_is_skipped_and_counted(server: Server, hackernews: HackerNews) -> None:
    comments = [
        comment(70, 7),
        comment(71, 7, None),
        comment(72, 7, "  "),
        comment(73, 7, dead=True),
        comment(74, 7, deleted=True),
        comment(75, 70),
        None,
    ]
    serve(server, [story(7, "Ask HN: Who is hiring?", 7)], {7: comments})
    fetched = hackernews.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["70"]
    assert fetched.message == "6 deleted or empty comments left out"


def test_no_thread_is_an_empty_answer_that_says_so(server: Server, hackernews: HackerNews) -> None:
    serve(server, [story(8, "Ask HN: Freelancer? Seeking freelancer?", 7)], {})
    fetched = hackernews.fetch(BOARD, validators={})
    assert list(fetched.postings) == [] and "no thread is called" in fetched.message


@pytest.mark.parametrize(("hits", "thread"), [({}, None), ({"hits": 3}, None), (None, {"children": None}), (None, [])])
def test_other_shapes_are_drift(server: Server, hackernews: HackerNews, hits: Any, thread: Any) -> None:
    server.on(
        "/api/v1/search_by_date",
        reply(hits or {"hits": [story(7, "Ask HN: Who is hiring?", 7)]} if hits is None else hits),
    )
    server.on("/api/v1/items/7", reply(thread))
    with pytest.raises(SchemaDrift):
        hackernews.fetch(BOARD, validators={})


def test_a_thread_that_fails_fails_the_board(server: Server, hackernews: HackerNews) -> None:
    serve(server, [story(7, "Ask HN: Who is hiring?", 7)], {})
    server.on("/api/v1/items/7", reply({}, 500))
    with pytest.raises(SourceError, match="answered 500"):
        hackernews.fetch(BOARD, validators={})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "Acme (YC S21) | Senior Data Engineer | Berlin, Germany | Full-time | &#x24;120k | https:&#x2F;&#x2F;a.io",
            {"company": "Acme", "title": "Senior Data Engineer", "location": "Berlin, Germany", "pay_text": "$120k"},
        ),
        (
            "Acme | REMOTE (US) | Backend Engineer<p>Text",
            {"company": "Acme", "title": "Backend Engineer", "location": "REMOTE (US)"},
        ),
        (
            "Acme | ML Engineer, Data Scientist | NYC | Onsite | Visa",
            {"title": "ML Engineer, Data Scientist", "location": "NYC, Onsite", "pay_text": None},
        ),
        ("Acme - Data Analyst - London", {"company": "Acme", "title": "Data Analyst", "location": "London"}),
        ("Acme — Data Analyst — London", {"company": "Acme", "title": "Data Analyst", "location": "London"}),
        (
            "<a href=\"https:&#x2F;&#x2F;acme.example\">Acme</a> | Engineers | Paris<p>Text",
            {"company": "Acme", "title": "Engineers", "location": "Paris"},
        ),
        ("Acme | Herder of Cats | Oslo", {"company": "Acme", "title": "Herder of Cats", "location": "Oslo"}),
        (
            "Acme Corp is looking for a data engineer for a small team.<p>More.",
            {"company": "Acme Corp", "title": "data engineer"},
        ),
        ("We are hiring. Our stack is Rust.", {"company": None, "title": "We are hiring. Our stack is Rust."}),
        (
            "Company: Acme\nLocation: Utrecht (Hybrid)\nRole: Backend Developer\nSalary: €3000–€3525\nType: Contract",
            {"location": "Utrecht (Hybrid)", "title": "Backend Developer", "employment_type": "Contract"},
        ),
        (
            "Company: Acme\nLocation: Utrecht<p>Medior Backend Developer (Node.js)<p>We build things.",
            {"company": "Acme", "title": "Medior Backend Developer (Node.js)", "location": "Utrecht"},
        ),
        (
            "Acme GmbH - Senior Scientist, Search - Denver, CO | ONSITE",
            {"company": "Acme GmbH", "title": "Senior Scientist, Search", "location": "Denver, CO, ONSITE"},
        ),
        ("Acme - Labs | Data Engineer | Rome", {"company": "Acme - Labs", "title": "Data Engineer"}),
        ("Acme (Remote US) — Full-Stack Engineer", {"company": "Acme", "location": "Remote US"}),
        ("Acme is hiring a U.S.-based developer for a team.", {"company": "Acme", "title": "U.S.-based developer"}),
        ("It has since been posted to hiring threads.", {"title": "It has since been posted to hiring threads."}),
        ("Did anybody hear back from them?", {"company": None, "title": "Did anybody hear back from them?"}),
    ],
)  # fmt: skip
def test_the_head_of_a_comment(words: str, expected: dict[str, str | None]) -> None:
    draft = HackerNews.draft(comment(70, 7, words))
    assert {name: getattr(draft, name) for name in expected} == expected
    assert draft.description == words
    assert draft.url == "https://news.ycombinator.com/item?id=70"
    assert draft.posted_at == datetime(2026, 7, 1, 15, 2, tzinfo=UTC)
    assert draft.unreadable is None


def test_nothing_to_read_is_said() -> None:
    assert HackerNews.draft({"id": 1}).unreadable == "the comment has no text"
    assert HackerNews.draft({}).url is None


@pytest.mark.parametrize(
    "words", ["<" * 100_000, "|" * 100_000, "a - " * 30_000, "(" * 100_000, "<p>" * 40_000, " hiring" * 20_000]
)
def test_hostile_text_is_read_fast(words: str) -> None:
    started = time.perf_counter()
    HackerNews.draft({"text": words})
    assert time.perf_counter() - started < 0.2


@given(st.text(max_size=200))
def test_draft_never_raises(words: str) -> None:
    draft = HackerNews.draft({"id": 1, "text": words})
    assert (draft.unreadable is None) == bool(words.strip())


def test_recorded_thread(shared: Path, server: Server, hackernews: HackerNews) -> None:
    folder = shared / "fixtures" / "hn"
    threads = json.loads((folder / "hn_algolia_search_threads_2026-07.trimmed.json").read_bytes())
    item = json.loads((folder / "hn_algolia_item_2026-07.trimmed.json").read_bytes())
    server.on("/api/v1/search_by_date", reply(threads))
    newest, second = (hit["objectID"] for hit in threads["hits"][:2])
    server.on(f"/api/v1/items/{newest}", reply(item))
    server.on(f"/api/v1/items/{second}", reply({"children": []}))
    drafts = [HackerNews.draft(posting.record) for posting in hackernews.fetch(BOARD, validators={}).postings]
    assert len(drafts) == len(item["children"])
    assert all(draft.title and draft.description and draft.posted_at for draft in drafts)
    companies = [draft.company for draft in drafts]
    assert companies[:3] == ["CaseLight", "We The Flywheel", "SmarterDx"]
