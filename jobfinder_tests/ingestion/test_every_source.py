"""Every live source, as it ships, against a server that does its worst: over real sockets, into a real lake.

A new connector is covered as soon as its module exists.
"""

import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from jobfinder_assets.config import Home, Http, Settings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import LIVE, Query, RawPosting, Source, record_json
from jobfinder_assets.ingestion.health import what_to_do
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import KEYS, Handler, Server, cut_short, drip, reply

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
# Sources whose boards are addresses.
ADDRESSED = {"jobposting": "/careers", "rss": "/jobs.rss"}
# JobSpy has a network client of its own.
NAMES = sorted(name for name, source in source_classes().items() if source.kind in LIVE and name != "jobspy")
BLOCK_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Are you human?</body></html>"


FAULTS: dict[str, tuple[Handler, set[str], str]] = {
    "404": (reply({"error": "no"}, 404), {"gone"}, "404"),
    "401": (reply({}, 401), {"blocked"}, "401"),
    "403": (reply({}, 403), {"blocked"}, "403"),
    "429": (reply({}, 429, Retry_After="7200"), {"blocked"}, "too many requests"),
    "500": (reply({"error": "boom"}, 500), {"failed"}, "500"),
    "slow": (drip(Content_Length="100000"), {"failed"}, "took longer|in time|stopped sending"),
    "block page": (reply(BLOCK_PAGE), {"blocked", "schema_drift"}, ""),
    "invalid": (reply(b'{"jobs": [}'), {"failed", "schema_drift"}, ""),
    "truncated": (cut_short, {"failed"}, "cut its answer short"),
    "bomb": (reply(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), {"failed"}, "larger than 1 MB"),
    "redirect": (reply(b"", 302, Location="https://elsewhere.example/"), {"failed"}, "redirects to elsewhere.example"),
    "other shape": (reply({"unexpected": True}), {"schema_drift", "failed", "empty"}, ""),
    "odd shape": (reply([1, None, "x"]), {"schema_drift", "failed", "empty"}, ""),
}


@pytest.fixture
def impatient() -> Http:
    return Http(
        connect_timeout_seconds=1, read_timeout_seconds=0.5, total_timeout_seconds=0.5, retries=0,
        max_retry_after_seconds=0.05, max_response_megabytes=1,
    )  # fmt: skip


@pytest.fixture(params=NAMES)
def source(
    request: pytest.FixtureRequest, home: Home, server: Server, impatient: Http, monkeypatch: pytest.MonkeyPatch
) -> Source:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return built(request.param, server, impatient)


def built(name: str, server: Server, http: Http) -> Source:
    source_class = source_classes()[name]
    fields = source_class.settings_model.model_fields
    section: dict[str, Any] = {"enabled": True}
    section |= {key: server.url for key in fields if key.endswith("_url")}
    board = server.url + ADDRESSED[name] if name in ADDRESSED else "acme"
    section |= {"boards": [board]} if "boards" in fields else {}
    section |= {"starter": False} if "starter" in fields else {}
    settings = Settings(http=http, sources={name: section})
    return source_class.build(settings.source_section(name, source_class.settings_model), settings)


class Anywhere(dict[str, list[Handler]]):
    """Every path of the server gives the same answer."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self.handler = handler

    def get(self, path: str, default: Any = None) -> list[Handler]:  # type: ignore[override]
        return [self.handler]


def remembered(source: Source, lake: Lake) -> str:
    """A posting that an earlier fetch stored."""
    board = next(iter(source.boards()))

    class Before(type(source)):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def boards(self) -> list[str]:
            return [board]

        def update(self, board: str, **_: Any) -> Any:
            from jobfinder_assets.ingestion.contract import Fetched

            return Fetched(board, [RawPosting(board, "stored", {"id": "stored"})])

    collect(Before(), lake, run="before", now=NOW)
    return board


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_status_and_costs_nothing(source: Source, server: Server, lake: Lake, fault: str) -> None:
    handler, statuses, words = FAULTS[fault]
    if source.name == "jobposting":
        # Any page may be a careers page; one without markup just has no jobs.
        statuses = statuses | ({"empty"} if fault in ("block page", "invalid") else set())
    board = remembered(source, lake)
    server.answers = Anywhere(handler)  # type: ignore[assignment]
    collected = collect(source, lake, run="1", now=NOW + timedelta(days=1))
    health = {each.board: each for each in collected.boards}[board]
    assert health.status in statuses, health.message
    import re

    assert re.search(words, health.message), health.message
    assert len(what_to_do(health.status, health.message)) > 10
    assert lake.count("raw_postings") == 1, "nothing is lost"
    assert lake.read("posting_sightings")["closed_at"].isna().all(), "nothing is closed"


def test_no_key_is_told(
    source: Source, server: Server, lake: Lake, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    def echo(request: BaseHTTPRequestHandler) -> None:
        told = f"{request.path} {request.headers}"
        reply({"error": told, "jobs": told, "results": [{"id": "1", "url": told}]}, 200)(request)

    server.answers = Anywhere(echo)  # type: ignore[assignment]
    collected = collect(source, lake, run="1", now=NOW)
    texts = [caplog.text, repr(collected), *lake_texts(lake)]
    texts += [path.read_text(errors="replace") for path in home.root.rglob("*.json") if path.is_file()]
    for value in KEYS.values():
        assert not any(value in text for text in texts), value


def lake_texts(lake: Lake) -> Iterator[str]:
    for table in ("raw_postings", "posting_sightings", "source_health"):
        if lake.exists(table):
            yield lake.read(table).to_csv()


def test_without_a_key_nothing_is_asked(home: Home, server: Server, http: Http) -> None:
    assert not any(name in os.environ for name in KEYS)
    for name in {"adzuna", "usajobs"} & set(NAMES):
        source = built(name, server, http)
        health = collect(source, Lake(str(home.lake)), run="1", now=NOW).boards
        assert {each.status for each in health} == {"blocked"}
        assert all(name.upper() in each.message for each in health)
    assert server.requests == []


def test_a_search_that_finds_nothing_is_no_failure_of_the_board(source: Source, server: Server, lake: Lake) -> None:
    server.answers = Anywhere(reply({}, 500))  # type: ignore[assignment]
    collect(source, lake, run="1", now=NOW, query=Query("data engineer", "Berlin"))
    assert lake.count("source_health") == (0 if source.searches else len(source.boards()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        -1.5,
        True,
        "",
        "x" * 300,
        [],
        [None],
        [[1]],
        {},
        {"a": {"b": None}},
        "<p>",
        "2026-13-45",
        1e300,
        10**400,
    ],
)
def test_no_draft_raises_whatever_stands_in_a_field(name: str, value: Any) -> None:
    source = source_classes()[name]

    class Everywhere(dict[str, Any]):
        def get(self, key: Any, default: Any = None) -> Any:
            return value

        def __getitem__(self, key: Any) -> Any:
            return value

        def __contains__(self, key: object) -> bool:
            return True

    draft = source.draft(Everywhere(id=value))
    assert draft.title is None or isinstance(draft.title, str)
    assert draft.workplace in (None, "remote", "hybrid", "onsite")
    assert record_json({"title": draft.title, "description": draft.description})
