"""Jobicy: one call an hour, and both shapes of its salaries and dates."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, NotYet, Pay, Query, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.jobicy import BOARD, Jobicy
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/api/v2/remote-jobs"
JOB: dict[str, Any] = {
    "id": 150001,
    "url": "https://jobicy.example/jobs/150001-data-engineer",
    "jobSlug": "150001-data-engineer",
    "jobTitle": "Data Engineer",
    "companyName": "Acme Labs",
    "companyLogo": False,
    "jobIndustry": ["Data Science &amp; Analytics"],
    "jobType": ["Full-Time"],
    "jobGeo": "USA",
    "jobLevel": "Midweight",
    "jobExcerpt": "We build &#8220;pipelines&#8221;",
    "jobDescription": "<p>Build pipelines</p>",
    "pubDate": "2026-08-03T18:45:05+00:00",
    "salaryMin": 122600,
    "salaryMax": 204400,
    "salaryCurrency": "USD",
    "salaryPeriod": "yearly",
}
NEW = ("salaryMin", "salaryMax", "salaryCurrency", "salaryPeriod")
OLD_JOB: dict[str, Any] = {name: value for name, value in JOB.items() if name not in NEW} | {
    "jobType": ["full-time"],
    "pubDate": "2024-03-10 08:21:51",
    "annualSalaryMin": "60000",
    "annualSalaryMax": "70000",
    "salaryCurrency": "USD",
}


def built(server: Server, http: Http, **keys: Any) -> Jobicy:
    settings = Settings(http=http, sources={"jobicy": {"base_url": server.url + "/", **keys}})
    return Jobicy.build(settings.source_section("jobicy", Jobicy.settings_model), settings)


@pytest.fixture
def jobicy(server: Server, http: Http) -> Jobicy:
    return built(server, http)


def test_the_newest_hundred_are_read_and_close_nothing(server: Server, jobicy: Jobicy) -> None:
    server.on(PATH, reply({"jobCount": 2, "jobs": [JOB, JOB | {"id": 2}]}, ETag='"1"'))
    fetched = jobicy.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    assert [posting.source_id for posting in postings] == ["150001", "2"]
    assert not fetched.complete and fetched.bytes > 0 and not fetched.message
    assert not fetched.validators, "were it called unchanged, every stored job would be seen again"
    assert server.requests[0][0] == f"{PATH}?count=100", "empty parameters may be refused"
    assert postings[0].record == JOB, "records are stored as they came, entities and all"


def test_it_is_on_unless_told_otherwise(jobicy: Jobicy) -> None:
    assert jobicy.boards() == ("jobs",) and Jobicy.settings_model().enabled and jobicy.searches


def test_the_settings_narrow_what_is_asked_for(server: Server, http: Http) -> None:
    server.on(PATH, reply({"jobs": [JOB]}))
    built(server, http, geo=" usa ", industry="data-science", tag="sql").fetch(BOARD, validators={})
    assert server.requests[0][0] == f"{PATH}?count=100&geo=usa&industry=data-science&tag=sql"


@pytest.mark.parametrize("tag", ["R", "x" * 51])
def test_a_tag_that_would_be_refused(server: Server, http: Http, tag: str) -> None:
    with pytest.raises(ConfigError, match="tag"):
        built(server, http, tag=tag)


def test_a_search_asks_by_tag(server: Server, http: Http) -> None:
    server.on(PATH, reply({"jobs": [JOB]}))
    fetched = built(server, http, geo="usa", tag="sql").search(BOARD, Query(" data  engineer", "Berlin"))
    (posting,) = fetched.postings
    assert (posting.board, posting.source_id, fetched.complete) == (BOARD, "150001", False)
    assert server.requests[0][0] == f"{PATH}?count=100&geo=usa&tag=data+engineer"


def test_a_long_search_is_cut_between_words(server: Server, jobicy: Jobicy) -> None:
    server.on(PATH, reply({"jobs": []}))
    jobicy.search(BOARD, Query("machine learning engineer for forecasting of energy prices"))
    assert server.requests[0][0].endswith("&tag=machine+learning+engineer+for+forecasting+of")


@pytest.mark.parametrize("words", ["", "R", "ß", "x" * 51])
def test_a_search_that_would_be_refused_is_not_asked(server: Server, jobicy: Jobicy, words: str) -> None:
    with pytest.raises(SourceError, match="3 to 50 characters"):
        jobicy.search(BOARD, Query(words))
    assert server.requests == []


def test_one_call_an_hour_and_no_more(server: Server, jobicy: Jobicy, http: Http) -> None:
    server.on(PATH, reply({"jobs": [JOB]}))
    jobicy.fetch(BOARD, validators={})
    for again in (jobicy, built(server, http)):
        with pytest.raises(NotYet, match="by the source's own limits"):
            again.search(BOARD, Query("data engineer"))
    assert server.asked(PATH) == 1


def test_odd_rows_do_not_cost_the_others(server: Server, jobicy: Jobicy) -> None:
    server.on(PATH, reply({"jobs": [None, JOB, [], {"jobTitle": "no id"}]}))
    fetched = jobicy.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["150001"]
    assert fetched.message == "3 rows without an id left out"


def test_no_jobs_are_no_error(server: Server, jobicy: Jobicy) -> None:
    server.on(PATH, reply({"jobs": [], "message": "No jobs found for the applied filters."}))
    assert list(jobicy.fetch(BOARD, validators={}).postings) == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (reply({}, 404), BoardGone, "404"),
        (reply({}, 403), BoardBlocked, "403"),
        (reply({"success": False, "error": "Unknown region"}, 400), SourceError, "Unknown region"),
        (reply({"locations": []}), SchemaDrift, "no list"),
        (reply([JOB]), SchemaDrift, "no list"),
        (reply({"jobs": [{"jobTitle": "no id"}]}), SchemaDrift, "no job has an id"),
    ],
)
def test_errors(server: Server, jobicy: Jobicy, answer: Any, error: type[SourceError], words: str) -> None:
    server.on(PATH, answer)
    with pytest.raises(error, match=words):
        jobicy.fetch(BOARD, validators={})


def test_draft_of_2026() -> None:
    draft = Jobicy.draft(JOB)
    assert (draft.title, draft.company, draft.description) == ("Data Engineer", "Acme Labs", "<p>Build pipelines</p>")
    assert (draft.workplace, draft.location, draft.employment_type) == ("remote", "USA", "Full-Time")
    assert draft.pay == Pay(122_600, 204_400, "USD", "year")
    assert (draft.url, draft.posted_at) == (JOB["url"], datetime(2026, 8, 3, 18, 45, 5, tzinfo=UTC))


def test_draft_of_2024() -> None:
    draft = Jobicy.draft(OLD_JOB)
    assert (draft.employment_type, draft.pay) == ("full-time", Pay(60_000, 70_000, "USD", "year"))
    assert draft.posted_at == datetime(2024, 3, 10, 8, 21, 51, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"jobGeo": "Canada,  USA"}, "location", "Canada; USA"),
        ({"jobGeo": "Anywhere"}, "location", "Anywhere"),
        ({"jobGeo": ""}, "location", None),
        ({"jobGeo": ["USA"]}, "location", None),
        ({"jobType": ["Contract", None, "Part-Time"]}, "employment_type", "Contract, Part-Time"),
        ({"jobType": []}, "employment_type", None),
        ({"jobType": "Contract"}, "employment_type", "Contract"),
        ({"jobDescription": ""}, "description", "We build &#8220;pipelines&#8221;"),
        ({"companyName": ""}, "company", None),
        ({"salaryMin": 40, "salaryMax": 55, "salaryPeriod": "hourly"}, "pay", Pay(40, 55, "USD", "hour")),
        ({"salaryMin": 4000, "salaryMax": None, "salaryPeriod": "Monthly"}, "pay", Pay(4000, None, "USD", "month")),
        ({"salaryPeriod": "per project"}, "pay", Pay(122_600, 204_400, "USD", None)),
        ({"salaryPeriod": None}, "pay", Pay(122_600, 204_400, "USD", None)),
        ({"salaryCurrency": ""}, "pay", Pay(122_600, 204_400, None, "year")),
        ({"salaryMin": 0, "salaryMax": 0}, "pay", None),
        ({"salaryMin": None, "salaryMax": {}}, "pay", None),
        ({"pubDate": "lately"}, "posted_at", None),
        (
            {"jobTitle": None, "jobDescription": None, "jobExcerpt": None},
            "unreadable",
            "neither a title nor a text",
        ),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Jobicy.draft(JOB | changes), name) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("40000", "", Pay(40_000, None, "USD", "year")),
        ("", "50,000", Pay(None, 50_000, "USD", "year")),
        ("0", "0", None),
        ("", "", None),
        ("much", None, None),
    ],
)
def test_odd_salaries_of_2024(low: Any, high: Any, expected: Pay | None) -> None:
    assert Jobicy.draft(OLD_JOB | {"annualSalaryMin": low, "annualSalaryMax": high}).pay == expected


@pytest.mark.parametrize(
    ("name", "rows", "paid", "open_ended", "anywhere", "year"),
    [("jobicy_full_2024-03", 50, 19, 3, 8, 2024), ("jobicy_2026-08.trimmed", 5, 5, 0, 0, 2026)],
)
def test_recorded_answers(
    shared: Path,
    server: Server,
    jobicy: Jobicy,
    name: str,
    rows: int,
    paid: int,
    open_ended: int,
    anywhere: int,
    year: int,
) -> None:
    content = json.loads((shared / "fixtures" / "jobicy" / f"{name}.json").read_text(encoding="utf-8-sig"))
    server.on(PATH, reply(content))
    fetched = jobicy.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    drafts = [Jobicy.draft(posting.record) for posting in postings]
    pays = [draft.pay for draft in drafts if draft.pay]
    assert len({posting.source_id for posting in postings}) == len(postings) == rows
    assert all(draft.title and draft.company and draft.description and draft.location for draft in drafts)
    assert all(draft.url and draft.posted_at and draft.posted_at.year == year for draft in drafts)
    assert len(pays) == paid and {(pay.currency, pay.period) for pay in pays} == {("USD", "year")}
    assert sum(pay.maximum is None for pay in pays) == open_ended
    assert sum(draft.location == "Anywhere" for draft in drafts) == anywhere
    assert [posting.record for posting in postings] == content["jobs"]
