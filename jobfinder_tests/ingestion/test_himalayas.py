"""Himalayas: pages of twenty by cursor, by offset and by number, and whether a salary is a year's."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, Pay, Query, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.himalayas import BOARD, Himalayas
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/jobs/api"
SEARCH = "/jobs/api/search"
PAGE_OF_JOB = "https://himalayas.example/companies/acme/jobs/data-engineer-4711"
JOB: dict[str, Any] = {
    "title": "Data Engineer",
    "excerpt": "We build pipelines.",
    "companyName": "Acme Labs",
    "companySlug": "acme",
    "employmentType": "Full Time",
    "minSalary": 100000,
    "maxSalary": 120000,
    "currency": "USD",
    "seniority": ["Senior"],
    "locationRestrictions": ["Canada", "United States"],
    "timezoneRestrictions": [-3.5, 8.75],
    "categories": ["Data-Engineer"],
    "parentCategories": [],
    "description": "<p>Build pipelines</p>",
    "pubDate": 1774692720,
    "expiryDate": 1779876720,
    "applicationLink": PAGE_OF_JOB,
    "guid": PAGE_OF_JOB,
}


def page(*guids: str, **envelope: Any) -> dict[str, Any]:
    return {"limit": 20, "jobs": [JOB | {"guid": guid} for guid in guids], **envelope}


def built(server: Server, http: Http, **keys: Any) -> Himalayas:
    settings = Settings(http=http, sources={"himalayas": {"base_url": server.url + "/", **keys}})
    return Himalayas.build(settings.source_section("himalayas", Himalayas.settings_model), settings)


@pytest.fixture
def himalayas(server: Server, http: Http) -> Himalayas:
    return built(server, http)


def guids(fetched: Any) -> list[str]:
    return [posting.source_id for posting in fetched.postings]


def asked(server: Server) -> list[str]:
    return [path for path, _ in server.requests]


def test_the_feed_is_read_on_by_its_cursor(server: Server, himalayas: Himalayas) -> None:
    server.on(
        PATH,
        reply(page("a", "b", nextCursor="x|1=", totalCount=9)),
        reply(page("c", nextCursor="y")),
        reply(page("d", nextCursor=None, totalCount=9)),
    )
    fetched = himalayas.fetch(BOARD, validators={})
    assert guids(fetched) == ["a", "b", "c", "d"]
    first, *others = [f"{PATH}?limit=20&{rest}" for rest in ("offset=0", "cursor=x%7C1%3D", "cursor=y")]
    assert asked(server) == [first, *others]
    assert not fetched.complete and not fetched.message, "the end of the feed was never seen: nothing closes by it"


def test_without_a_cursor_it_is_read_on_by_the_rows_that_came(server: Server, himalayas: Himalayas) -> None:
    server.on(PATH, reply(page("a", "b", totalCount=3)), reply(page("c", totalCount=3)))
    fetched = himalayas.fetch(BOARD, validators={})
    assert guids(fetched) == ["a", "b", "c"] and not fetched.complete
    assert asked(server) == [f"{PATH}?limit=20&offset=0", f"{PATH}?limit=20&offset=2"]


def test_it_is_on_unless_told_otherwise(himalayas: Himalayas) -> None:
    assert himalayas.boards() == ("jobs",) and Himalayas.settings_model().enabled and himalayas.searches


def test_records_are_stored_as_they_came(server: Server, himalayas: Himalayas) -> None:
    server.on(PATH, reply({"jobs": [JOB], "totalCount": 1}))
    (posting,) = himalayas.fetch(BOARD, validators={}).postings
    assert (posting.source_id, posting.record) == (PAGE_OF_JOB, JOB)


def test_five_pages_unless_told_otherwise(server: Server, himalayas: Himalayas) -> None:
    server.on(PATH, *(reply(page(str(number), nextCursor=f"c{number}")) for number in range(9)))
    fetched = himalayas.fetch(BOARD, validators={})
    assert len(guids(fetched)) == 5 and fetched.message == "the first 5 pages; more follow"


def test_no_more_pages_than_the_settings_say(server: Server, http: Http) -> None:
    server.on(PATH, *(reply(page(str(number), nextCursor=f"c{number}")) for number in range(9)))
    assert len(guids(built(server, http, pages=2).fetch(BOARD, validators={}))) == 2
    with pytest.raises(ConfigError, match="pages"):
        built(server, http, pages=0)


@pytest.mark.parametrize("envelope", [{"totalCount": 900}, {"totalCount": "many"}, {"nextCursor": "same"}, {}])
def test_a_server_that_gives_its_first_page_for_ever(
    server: Server, himalayas: Himalayas, envelope: dict[str, Any]
) -> None:
    server.on(PATH, reply(page("a", "b", **envelope)))
    himalayas.fetch(BOARD, validators={})
    assert server.asked(PATH) == 2


def test_an_empty_page_is_the_last(server: Server, himalayas: Himalayas) -> None:
    server.on(PATH, reply(page("a", nextCursor="x")), reply(page(nextCursor="y")))
    assert guids(himalayas.fetch(BOARD, validators={})) == ["a"]
    assert server.asked(PATH) == 2


def test_a_page_that_fails_leaves_those_before_it(server: Server, himalayas: Himalayas) -> None:
    server.on(PATH, reply(page("a", nextCursor="x")), reply({}, 429))
    fetched = himalayas.fetch(BOARD, validators={})
    got = []
    with pytest.raises(BoardBlocked):
        for posting in fetched.postings:
            got.append(posting.source_id)
    assert got == ["a"]


def test_a_search_is_read_on_by_page_though_a_page_be_short(server: Server, himalayas: Himalayas) -> None:
    server.on(SEARCH, reply(page("a", "b", totalCount=40)), reply(page("c", totalCount=40)), reply(page()))
    fetched = himalayas.search(BOARD, Query(" data engineer ", "Berlin"))
    postings = list(fetched.postings)
    assert [(posting.board, posting.source_id) for posting in postings] == [(BOARD, "a"), (BOARD, "b"), (BOARD, "c")]
    assert asked(server) == [f"{SEARCH}?q=data+engineer&page={number}" for number in (1, 2, 3)]
    assert not fetched.complete


def test_odd_rows_do_not_cost_the_others(server: Server, himalayas: Himalayas) -> None:
    odd = page("a", totalCount=4)
    odd["jobs"] += [None, "job", {"title": "no guid"}]
    server.on(PATH, reply(odd))
    fetched = himalayas.fetch(BOARD, validators={})
    assert guids(fetched) == ["a"] and fetched.message == "3 rows without an id left out"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply({"data": [JOB]}), SchemaDrift),
        (reply([JOB]), SchemaDrift),
        (reply({"jobs": None}), SchemaDrift),
        (reply({"jobs": [{"title": "no guid"}]}), SchemaDrift),
    ],
)
@pytest.mark.parametrize("searched", [False, True])
def test_errors(server: Server, himalayas: Himalayas, answer: Any, error: type[SourceError], searched: bool) -> None:
    server.on(PATH, answer)
    server.on(SEARCH, answer)
    with pytest.raises(error):
        _ = himalayas.search(BOARD, Query("data")) if searched else himalayas.fetch(BOARD, validators={})


def test_draft() -> None:
    draft = Himalayas.draft(JOB)
    assert (draft.title, draft.company, draft.description) == ("Data Engineer", "Acme Labs", "<p>Build pipelines</p>")
    assert (draft.workplace, draft.location, draft.employment_type) == (
        "remote",
        "Canada; United States",
        "Full Time",
    )
    assert draft.pay == Pay(100_000, 120_000, "USD", "year")
    assert (draft.url, draft.posted_at) == (PAGE_OF_JOB, datetime(2026, 3, 28, 10, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"pubDate": 1774692720000}, "posted_at", datetime(2026, 3, 28, 10, 12, tzinfo=UTC)),
        ({"pubDate": "2026-03-28T10:12:00Z"}, "posted_at", datetime(2026, 3, 28, 10, 12, tzinfo=UTC)),
        ({"pubDate": None}, "posted_at", None),
        ({"locationRestrictions": []}, "location", None),
        ({"locationRestrictions": None}, "location", None),
        ({"locationRestrictions": "Canada"}, "location", None),
        ({"locationRestrictions": [{"alpha2": "CA", "name": "Canada"}, None, []]}, "location", "Canada"),
        ({"description": None}, "description", "We build pipelines."),
        ({"guid": "4711", "applicationLink": "https://acme.example/apply"}, "url", "https://acme.example/apply"),
        ({"applicationLink": "https://acme.example/apply"}, "url", PAGE_OF_JOB),
        ({"minSalary": None, "maxSalary": None}, "pay", None),
        ({"minSalary": 0, "maxSalary": 0}, "pay", None),
        ({"minSalary": "much", "maxSalary": []}, "pay", None),
        ({"minSalary": None}, "pay", Pay(None, 120_000, "USD", "year")),
        ({"currency": None}, "pay", Pay(100_000, 120_000, None, "year")),
        ({"minSalary": 600000, "maxSalary": 660000, "currency": "PHP"}, "pay", Pay(600_000, 660_000, "PHP", "year")),
        ({"minSalary": 25, "maxSalary": 40}, "pay", Pay(25, 40, "USD", None)),
        ({"minSalary": 25, "maxSalary": 40, "salaryPeriod": "annual"}, "pay", Pay(25, 40, "USD", None)),
        ({"minSalary": 25, "maxSalary": 40, "salaryPeriod": "hourly"}, "pay", Pay(25, 40, "USD", "hour")),
        ({"minSalary": 5000, "maxSalary": None, "salaryPeriod": "Monthly"}, "pay", Pay(5000, None, "USD", "month")),
        ({"salaryPeriod": "annual"}, "pay", Pay(100_000, 120_000, "USD", "year")),
        ({"salaryPeriod": "per project"}, "pay", Pay(100_000, 120_000, "USD", None)),
        ({"title": " ", "description": "", "excerpt": None}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Himalayas.draft(JOB | changes), name) == expected


def test_recorded_answer(shared: Path, server: Server, himalayas: Himalayas) -> None:
    recorded = shared / "fixtures" / "himalayas" / "himalayas_limit3_2026-03.json"
    content = json.loads(recorded.read_text(encoding="utf-8-sig"))
    server.on(PATH, reply(content), reply(content | {"jobs": []}))
    fetched = himalayas.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    drafts = [Himalayas.draft(posting.record) for posting in postings]
    assert [posting.record for posting in postings] == content["jobs"] and len(postings) == 3
    assert all(draft.title and draft.company and draft.description and draft.url for draft in drafts)
    assert [draft.pay for draft in drafts] == [
        None,
        Pay(600_000, 660_000, "PHP", "year"),
        Pay(108_700, 163_100, "USD", "year"),
    ]
    assert [len((draft.location or "").split("; ")) for draft in drafts] == [1, 1, 10]
    assert {draft.posted_at.date() for draft in drafts if draft.posted_at} == {datetime(2026, 3, 28).date()}
    assert {(draft.workplace, draft.employment_type) for draft in drafts} == {("remote", "Full Time")}
