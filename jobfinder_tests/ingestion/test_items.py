"""What is stored as it was sent is not parsed again, and nothing is lost by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.collect import Collected, collect
from jobfinder_assets.ingestion.contract import Known, Source
from jobfinder_assets.ingestion.sightings import read_sightings
from jobfinder_assets.ingestion.sources.ashby import Ashby
from jobfinder_assets.ingestion.sources.greenhouse import Greenhouse
from jobfinder_assets.ingestion.sources.lever import Lever
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
Wrap = Callable[[list[dict[str, Any]]], Any]
KINDS: dict[str, tuple[type[Source], str, Wrap]] = {
    "greenhouse": (Greenhouse, "/v1/boards/acme/jobs", lambda jobs: {"jobs": jobs, "meta": {"total": len(jobs)}}),
    "lever": (Lever, "/v0/postings/acme", lambda jobs: jobs),
    "ashby": (Ashby, "/posting-api/job-board/acme", lambda jobs: {"apiVersion": "1", "jobs": jobs}),
}


def job(name: str, words: str = "We build pumps") -> dict[str, Any]:
    return {"id": name, "title": f"Engineer {name}", "text": f"Engineer {name}", "content": words, "description": words}


class Board:
    """One board that answers as it is told, of each kind of source."""

    def __init__(self, kind: str, server: Server, http: Http, lake: Lake) -> None:
        self.kind, self.path, self.wrap = KINDS[kind]
        section = {"base_url": server.url, "boards": ["acme"], "starter": False}
        settings = Settings(http=http, sources={kind: section})
        self.source = self.kind.build(settings.source_section(kind, self.kind.settings_model), settings)
        self.server, self.lake = server, lake

    def go(self, jobs: list[dict[str, Any]] | bytes, day: int) -> Collected:
        self.server.on(self.path, reply(jobs if isinstance(jobs, bytes) else self.wrap(jobs)))
        return collect(self.source, self.lake, run=str(day), now=NOW + timedelta(days=day))

    def parsed(self, jobs: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
        """Ids of the jobs that an update parses, and of those that it only recognises."""
        raw = self.lake.read("raw_postings", ["source_id", "sent_hash"]).dropna()
        sent = dict(zip(raw["sent_hash"], raw["source_id"], strict=True))
        self.server.on(self.path, reply(self.wrap(jobs)))
        fetched = self.source.update("acme", validators={}, known=Known(sent=lambda: sent))
        return sorted(posting.source_id for posting in fetched.postings), sorted(fetched.still_there)


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest, server: Server, http: Http, lake: Lake) -> Board:
    return Board(request.param, server, http, lake)


def counts(collected: Collected) -> dict[str, int]:
    return {name: collected.total(name) for name in ("rows", "new", "changed", "unchanged", "closed")}


def test_only_what_is_new_or_changed_is_parsed(board: Board) -> None:
    board.go([job("a"), job("b"), job("c")], 0)
    later = [job("a"), job("b", "We build valves"), job("d")]
    assert board.parsed(later) == (["b", "d"], ["a"])
    assert counts(board.go(later, 1)) == {"rows": 3, "new": 1, "changed": 1, "unchanged": 1, "closed": 1}
    raw = board.lake.read("raw_postings", ["source_id", "record"]).set_index("source_id")["record"]
    assert sorted(raw.index) == ["a", "b", "c", "d"] and "valves" in raw["b"] and "pumps" in raw["a"]
    assert board.parsed(later) == ([], ["a", "b", "d"])


def test_what_closed_opens_again_as_it_was(board: Board) -> None:
    board.go([job("a"), job("b")], 0)
    board.go([job("a")], 1)
    assert counts(board.go([job("a"), job("b")], 2))["unchanged"] == 2
    seen = read_sightings(board.lake, ["closed_at", "last_seen_at"]).to_pandas()
    assert seen["closed_at"].isna().all() and (seen["last_seen_at"] == NOW + timedelta(days=2)).all()


def test_another_spelling_of_the_same_job_is_no_change(board: Board) -> None:
    board.go([job("a"), job("b")], 0)
    respelled = board.wrap([dict(reversed(job("a").items())), job("b")])
    assert counts(board.go(orjson.dumps(respelled, option=orjson.OPT_INDENT_2), 1))["unchanged"] == 2


def test_a_lake_of_an_older_version_is_read_once_more(board: Board) -> None:
    board.go([job("a"), job("b")], 0)
    raw = board.lake.read("raw_postings")
    board.lake.replace("raw_postings", raw.assign(sent_hash=None))
    health = board.lake.read("source_health")
    board.lake.replace("source_health", health.assign(validators=None))
    assert board.parsed([job("a"), job("b")]) == (["a", "b"], [])
    assert counts(board.go([job("a"), job("b")], 1)) == {
        "rows": 2, "new": 0, "changed": 0, "unchanged": 2, "closed": 0
    }  # fmt: skip
    assert board.parsed([job("a"), job("b")]) == ([], ["a", "b"])


def test_a_field_that_disappears_is_seen_though_most_is_not_parsed(board: Board) -> None:
    jobs = [job(f"n{number}") for number in range(60)]
    board.go(jobs, 0)
    (steady,) = board.go([*jobs, job("one more")], 1).boards
    assert steady.unchanged == 60 and steady.filled["title"] == 1.0
    (halved,) = board.go([each | {"title": None, "text": None} for each in jobs], 2).boards
    assert halved.filled.get("title", 0.0) == 0.0


@pytest.mark.parametrize("odd", [b'"note": NaN', rb'"note": "\ud800"', b'"note": 1e999'])
def test_json_that_only_a_lenient_parser_reads(board: Board, odd: bytes) -> None:
    whole = orjson.dumps(board.wrap([job("a"), job("b")])).replace(b'"id":"a"', b'"id":"a",' + odd)
    assert counts(board.go(whole, 0)) == {"rows": 2, "new": 2, "changed": 0, "unchanged": 0, "closed": 0}
    assert counts(board.go(whole, 1))["unchanged"] == 2


def test_a_cut_answer_closes_nothing(board: Board) -> None:
    board.go([job("a"), job("b")], 0)
    whole = orjson.dumps(board.wrap([job("a"), job("b")]))
    (health,) = board.go(whole[:-20], 1).boards
    assert (health.status, health.closed) == ("failed", 0)


def test_one_id_twice_does_not_change_its_posting_at_every_run(board: Board) -> None:
    twice = [job("a"), job("a", "We build valves"), job("b")]
    board.go(twice, 0)
    for day in (1, 2):
        assert counts(board.go([*twice, job(f"new {day}")], day))["changed"] == 0
    raw = board.lake.read("raw_postings", ["source_id", "record"]).set_index("source_id")["record"]
    assert "pumps" in raw["a"]


def test_fields_are_counted_over_an_answer_that_did_not_change(board: Board) -> None:
    jobs = [job(f"n{number}") for number in range(60)]
    for day in (0, 1):
        board.go(jobs, day)
    (last,) = board.go([*jobs, job("bare") | {"title": None, "text": None}], 2).boards
    assert last.new == 1 and last.filled["title"] > 0.9
