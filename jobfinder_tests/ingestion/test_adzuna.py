"""Adzuna: its key, the pages of several queries merged, and what a result's fields mean."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jobfinder_assets.config import ConfigError, Http, Profile, Settings
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import (
    NOTE,
    BoardBlocked,
    BoardGone,
    Known,
    NotYet,
    Pay,
    Query,
    SchemaDrift,
    SourceError,
)
from jobfinder_assets.ingestion.searches import wanted_searches
from jobfinder_assets.ingestion.sources.adzuna import Adzuna
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply

RESULT: dict[str, Any] = {
    "id": "4712",
    "title": "Data Engineer",
    "company": {"display_name": "Acme"},
    "location": {
        "display_name": "Farringdon, Central London",
        "area": ["UK", "London", "Central London", "Farringdon"],
    },
    "created": "2026-11-02T03:04:38Z",
    "description": "Build pipelines\u2026",
    "redirect_url": "https://adzuna.example/land/ad/4712?se=abc&utm_medium=api&utm_source=[key]&v=9",
    "adref": "token",
    "salary_is_predicted": "0",
    "salary_min": 70000,
    "salary_max": 85000,
    "contract_time": "full_time",
    "contract_type": "permanent",
}
STORED = RESULT | {NOTE: {"board": "gb"}}
FIRST, SECOND = "/v1/api/jobs/gb/search/1", "/v1/api/jobs/gb/search/2"


def results(*names: object) -> dict[str, Any]:
    return {"count": 900, "results": [RESULT | {"id": str(name)} for name in names]}


def built(server: Server, http: Http, **section: Any) -> Adzuna:
    settings = Settings(http=http, sources={"adzuna": {"base_url": server.url, "countries": ["gb"]} | section})
    return Adzuna.build(settings.source_section("adzuna", Adzuna.settings_model), settings)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADZUNA_APP_ID", "planted-id")
    monkeypatch.setenv("ADZUNA_APP_KEY", "planted-key")


@pytest.fixture
def adzuna(server: Server, http: Http, key: None) -> Adzuna:
    return built(server, http, queries=["data engineer", "data analyst"])


def asked(server: Server) -> list[tuple[str, dict[str, str]]]:
    parts = [urlsplit(path) for path, _ in server.requests]
    return [(part.path, {name: values[0] for name, values in parse_qs(part.query).items()}) for part in parts]


def test_the_pages_of_all_queries_are_merged_by_id(server: Server, adzuna: Adzuna) -> None:
    server.on(FIRST, reply(results(*range(50))), reply(results(49, 50)))
    server.on(SECOND, reply(results(60)))
    fetched = adzuna.fetch("gb", validators={})
    assert [posting.source_id for posting in fetched.postings] == [*map(str, range(50)), "60", "50"]
    assert not fetched.complete and not fetched.message and fetched.bytes > 0
    question = {"what": "data engineer", "sort_by": "date", "results_per_page": "50"}
    secret = {"app_id": "planted-id", "app_key": "planted-key"}
    # The second query's first page was not full: no other was asked for.
    assert asked(server) == [
        (FIRST, question | secret),
        (SECOND, question | secret),
        (FIRST, question | {"what": "data analyst"} | secret),
    ]


def test_records_are_kept_as_they_came_but_for_the_board(server: Server, adzuna: Adzuna) -> None:
    server.on(FIRST, reply({"results": [RESULT]}))
    (posting,) = adzuna.fetch("gb", validators={}).postings
    assert posting.record == STORED


def test_the_search_asks_by_words_and_place(server: Server, adzuna: Adzuna) -> None:
    server.on(FIRST, reply(results(1)))
    fetched = adzuna.search("gb", Query("spark", "Leeds"))
    assert [(posting.board, posting.source_id) for posting in fetched.postings] == [("gb", "1")]
    assert not fetched.complete and adzuna.searches
    adzuna.search("gb", Query("spark"))
    (_, placed), (_, anywhere) = asked(server)
    assert (placed["what"], placed["where"]) == ("spark", "Leeds")
    assert "where" not in anywhere


def test_what_is_stored_is_not_stored_again(server: Server, adzuna: Adzuna, lake: Lake) -> None:
    server.on(FIRST, reply(results(1)), reply(results(1)), reply({"results": [RESULT | {"id": "1", "adref": "other"}]}))
    for day, counts in ((1, (1, 0, 0)), (2, (0, 0, 1))):
        collected = collect(adzuna, lake, run=str(day), now=datetime(2026, 11, day, tzinfo=UTC))
        assert tuple(map(collected.total, ("new", "changed", "unchanged"))) == counts
    assert lake.count("raw_postings") == 1


def test_a_query_that_fails_leaves_the_earlier_ones(server: Server, adzuna: Adzuna) -> None:
    server.on(FIRST, reply(results(1)), reply({"exception": "AUTH_FAIL"}, 401))
    fetched = adzuna.update("gb", validators={}, known=Known(lambda: {"1": datetime(2026, 11, 1, tzinfo=UTC)}))
    with pytest.raises(BoardBlocked):
        list(fetched.postings)
    assert fetched.still_there == ["1"]


def test_odd_rows_cost_no_other(server: Server, adzuna: Adzuna) -> None:
    server.on(FIRST, reply({"results": [RESULT, "odd", {"title": "no id"}]}), reply({"results": []}))
    fetched = adzuna.fetch("gb", validators={})
    assert len(list(fetched.postings)) == 1
    assert fetched.message == "2 results without an id left out"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": "no such country"}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply({"jobs": []}), SchemaDrift),
        (reply([RESULT]), SchemaDrift),
        (reply({"results": [{"title": "no id"}]}), SchemaDrift),
    ],
)
def test_errors(server: Server, adzuna: Adzuna, answer: Any, error: type[SourceError]) -> None:
    server.on(FIRST, answer)
    with pytest.raises(error):
        adzuna.fetch("gb", validators={})


@pytest.mark.parametrize("missing", ["ADZUNA_APP_ID", "ADZUNA_APP_KEY"])
def test_without_a_key_it_says_what_to_do(
    server: Server, http: Http, key: None, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv(missing, " ")
    adzuna = built(server, http)
    for ask in (lambda: adzuna.fetch("gb", validators={}), lambda: adzuna.search("gb", Query("spark"))):
        with pytest.raises(BoardBlocked, match=r"developer\.adzuna\.com.*ADZUNA_APP_ID and ADZUNA_APP_KEY"):
            ask()
    assert server.requests == []


def test_more_than_25_requests_a_minute_have_to_wait(server: Server, http: Http, key: None) -> None:
    adzuna = built(server, http, queries=[f"query {number}" for number in range(26)])
    server.on(FIRST, reply(results(1)))
    fetched = adzuna.fetch("gb", validators={})
    assert len(server.requests) == 25 and "by the source's own limits" in fetched.message
    with pytest.raises(NotYet):
        adzuna.fetch("gb", validators={})


def test_it_is_off_unless_asked_for() -> None:
    section = Settings().source_section("adzuna", Adzuna.settings_model)
    assert not section.enabled


def test_each_country_is_a_board(server: Server, http: Http) -> None:
    assert built(server, http, countries=["gb", "us", "gb"]).boards() == ("gb", "us")
    with pytest.raises(ConfigError, match="countries"):
        built(server, http, countries=["Germany"])


@pytest.mark.parametrize(
    ("queries", "profiles", "expected"),
    [
        (["own query"], {"me": Profile(searches=("mine",))}, ("own query",)),
        ([], {"a": Profile(searches=("etl  dev", " ")), "b": Profile(searches=("dbt",))}, ("etl dev", "dbt")),
        (["Spark", "spark", ""], {}, ("spark",)),
        ([], {"me": Profile()}, ("data engineer", "data scientist", "data analyst", "machine learning engineer")),
    ],
)  # fmt: skip
def test_what_is_searched_for(queries: list[str], profiles: dict[str, Profile], expected: tuple[str, ...]) -> None:
    assert wanted_searches(queries, Settings(profiles=profiles)) == expected


def test_draft() -> None:
    draft = Adzuna.draft(STORED)
    assert (draft.title, draft.company, draft.description) == ("Data Engineer", "Acme", "Build pipelines\u2026")
    assert (draft.location, draft.country) == ("Farringdon, Central London, London, UK", "GB")
    assert draft.pay == Pay(70_000, 85_000, "GBP", "year")
    assert (draft.employment_type, draft.workplace) == ("full_time, permanent", None)
    assert draft.url == "https://adzuna.example/land/ad/4712?se=abc&utm_medium=api&v=9"
    assert draft.posted_at == datetime(2026, 11, 2, 3, 4, 38, tzinfo=UTC)
    assert draft.unreadable is None


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"salary_is_predicted": "1", "salary_max": 70000}, "pay", Pay(70_000, 70_000, "GBP", "year", True)),
        ({"salary_is_predicted": 1}, "pay", Pay(70_000, 85_000, "GBP", "year", True)),
        ({"salary_max": 70000}, "pay", Pay(70_000, 70_000, "GBP", "year")),
        ({"salary_is_predicted": None, "salary_min": None}, "pay", Pay(None, 85_000, "GBP", "year")),
        ({"salary_min": 0, "salary_max": None}, "pay", None),
        ({"salary_min": "lots", "salary_max": [1]}, "pay", None),
        ({NOTE: {"board": "de"}}, "pay", Pay(70_000, 85_000, "EUR", "year")),
        ({NOTE: {"board": "xx"}}, "pay", Pay(70_000, 85_000, None, "year")),
        ({NOTE: None}, "country", None),
        ({"location": {"display_name": "Deutschland", "area": ["Deutschland"]}}, "location", "Deutschland"),
        ({"location": {"area": ["US", None, "Ohio", {}]}}, "location", "Ohio, US"),
        ({"location": {"display_name": "Leeds", "area": "UK"}}, "location", "Leeds"),
        ({"location": "Leeds"}, "location", None),
        ({"company": None}, "company", None),
        ({"contract_type": None}, "employment_type", "full_time"),
        ({"contract_type": None, "contract_time": 3.5}, "employment_type", "3.5"),
        ({"redirect_url": "https://adzuna.example/4712?utm_source=[key]"}, "url", "https://adzuna.example/4712"),
        ({"redirect_url": {"href": "x"}}, "url", None),
        ({"created": "soon"}, "posted_at", None),
        ({"title": None, "description": " "}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Adzuna.draft(STORED | changes), name) == expected


@pytest.mark.parametrize(
    ("name", "board", "rows", "pays"),
    [
        ("adzuna_gb_page_2025-08", "gb", 50, {("GBP", True): 26, ("GBP", False): 24}),
        ("adzuna_de_page1_2024-03", "de", 10, {("EUR", False): 1}),
    ],
)
def test_recorded_answers(
    shared: Path, server: Server, http: Http, key: None, name: str, board: str, rows: int, pays: dict[Any, int]
) -> None:
    adzuna = built(server, http, countries=[board], queries=["engineer"], pages=1)
    answer = json.loads((shared / "fixtures" / "adzuna" / f"{name}.json").read_bytes())
    server.on(f"/v1/api/jobs/{board}/search/1", reply(answer))
    drafts = [Adzuna.draft(posting.record) for posting in adzuna.fetch(board, validators={}).postings]
    assert len(drafts) == rows
    for draft in drafts:
        assert draft.title and draft.company and draft.description and draft.url and draft.posted_at and draft.location
    assert Counter((draft.pay.currency, draft.pay.is_estimate) for draft in drafts if draft.pay) == pays
    assert all(draft.pay.minimum == draft.pay.maximum for draft in drafts if draft.pay and draft.pay.is_estimate)
    assert all(draft.location.endswith({"gb": "UK", "de": "Deutschland"}[board]) for draft in drafts if draft.location)
