"""JobSpy: how the package is called, its table made into records, and its errors. The package itself is a fake."""

import datetime as dt
import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import ConfigError, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, Pay, Query, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.jobspy import JobSpy

COLUMNS = [
    "id", "site", "job_url", "job_url_direct", "title", "company", "location", "date_posted", "job_type",
    "salary_source", "interval", "min_amount", "max_amount", "currency", "is_remote", "job_level", "job_function",
    "listing_type", "emails", "description", "company_industry", "company_url", "company_logo", "company_url_direct",
    "company_addresses", "company_num_employees", "company_revenue", "company_description", "skills",
    "experience_range", "company_rating", "company_reviews_count", "vacancy_count", "work_from_home_type",
]  # fmt: skip
JOB: dict[str, Any] = {
    "id": "in-1",
    "site": "indeed",
    "job_url": "https://indeed.example/1",
    "title": "Data Engineer",
    "company": "Acme",
    "location": "Austin, TX, USA",
    "date_posted": dt.date(2026, 11, 20),
    "job_type": "fulltime, contract",
    "salary_source": "direct_data",
    "interval": "yearly",
    "min_amount": 120_000.0,
    "max_amount": 150_000.0,
    "currency": "USD",
    "is_remote": False,
    "description": "<p>Build pipelines</p>",
    "company_reviews_count": 3,
}

Scrape = Callable[..., Any]


def table(*jobs: dict[str, Any], error: str = "", site: str = "indeed") -> pd.DataFrame:
    frame = pd.DataFrame([dict(job) for job in jobs], columns=COLUMNS)
    frame.attrs = {"errors": {site: error} if error else {}, "warnings": {}}
    return frame


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Put a fake package in place that answers each call in turn; gives the list of its calls."""

    def installed(*answers: Any) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        turns = iter(answers)

        def scrape_jobs(**arguments: Any) -> Any:
            calls.append(arguments)
            answer = next(turns)
            if isinstance(answer, Exception):
                raise answer
            return answer

        fake = ModuleType("jobspy")
        fake.scrape_jobs = scrape_jobs  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "jobspy", fake)
        return calls

    return installed


def built(**section: Any) -> JobSpy:
    settings = Settings(sources={"jobspy": {"queries": ["data engineer", "data analyst"]} | section})
    return JobSpy.build(settings.source_section("jobspy", JobSpy.settings_model), settings)


def test_each_query_is_scraped_and_rows_are_merged_by_id(install: Callable[..., Any]) -> None:
    calls = install(table(JOB, JOB | {"id": "in-2"}), table(JOB | {"id": "in-2"}, JOB | {"id": "in-3"}))
    fetched = built(results=20, hours_old=24, country="uk").fetch("indeed", validators={})
    assert [(posting.board, posting.source_id) for posting in fetched.postings] == [
        ("indeed", "in-1"), ("indeed", "in-2"), ("indeed", "in-3"),
    ]  # fmt: skip
    assert not fetched.complete and not fetched.message
    assert [call["search_term"] for call in calls] == ["data engineer", "data analyst"]
    assert calls[0] == {
        "site_name": ["indeed"],
        "search_term": "data engineer",
        "location": None,
        "results_wanted": 20,
        "country_indeed": "uk",
        "hours_old": 24,
        "description_format": "html",
        "fetch_description": True,
        "verbose": 0,
    }


def test_a_site_is_a_board() -> None:
    assert built(sites=["linkedin", "indeed", "linkedin"]).boards() == ("linkedin", "indeed")
    with pytest.raises(ConfigError, match="sites"):
        built(sites=["monster"])


def test_it_is_off_and_says_what_it_does() -> None:
    assert not Settings().source_section("jobspy", JobSpy.settings_model).enabled
    assert "terms forbid" in JobSpy.terms.note and JobSpy.terms.redistributable == "no"


def test_the_search_asks_by_words_and_place(install: Callable[..., Any]) -> None:
    calls = install(table(JOB))
    fetched = built().search("indeed", Query("spark", "Austin"))
    assert [posting.source_id for posting in fetched.postings] == ["in-1"] and not fetched.complete
    assert [(call["search_term"], call["location"]) for call in calls] == [("spark", "Austin")]


def not_a_number(*values: Any) -> bool:
    return any(isinstance(value, float) and value != value for value in values)


def test_no_gap_of_the_table_reaches_a_record(install: Callable[..., Any]) -> None:
    odd = {
        "id": "in-2",
        "title": "Analyst",
        "location": np.nan,
        "date_posted": pd.NaT,
        "min_amount": np.inf,
        "max_amount": np.nan,
        "is_remote": np.bool_(True),
        "currency": pd.NA,
        "emails": ["a@acme.example", np.nan],
        "skills": {"python": np.int64(3)},
        "company_rating": np.float64(4.5),
        "vacancy_count": pd.Timestamp("2026-11-20"),
    }
    install(table(JOB, odd))
    postings = list(built(queries=["x"]).fetch("indeed", validators={}).postings)
    for posting in postings:
        assert list(posting.record) == COLUMNS
        json.dumps(posting.record, allow_nan=False)
    record = postings[1].record
    assert [record[name] for name in ("location", "date_posted", "min_amount", "max_amount", "currency")] == [None] * 5
    assert record["emails"] == ["a@acme.example", None] and record["skills"] == {"python": 3}
    assert (record["company_rating"], record["vacancy_count"]) == (4.5, "2026-11-20T00:00:00")
    assert record["is_remote"] is True and postings[0].record["date_posted"] == "2026-11-20"
    assert not not_a_number(*record.values())


def test_a_record_is_the_same_whatever_rows_stand_beside_it(install: Callable[..., Any]) -> None:
    # A gap in another row makes pandas give 3.0 for 3.
    install(table(JOB), table(JOB | {"id": "in-2", "company_reviews_count": None}, JOB))
    (alone,) = built(queries=["x"]).fetch("indeed", validators={}).postings
    _, beside = built(queries=["x"]).fetch("indeed", validators={}).postings
    assert json.dumps(alone.record) == json.dumps(beside.record)


def test_a_row_without_an_id_has_its_address_for_one(install: Callable[..., Any]) -> None:
    install(table(JOB, JOB | {"id": None}, JOB | {"id": np.nan, "job_url": None}))
    fetched = built(queries=["x"]).fetch("indeed", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["in-1", "https://indeed.example/1"]
    assert fetched.message == "1 rows without an id left out"


@pytest.mark.parametrize("empty", [table(), pd.DataFrame()])
def test_nothing_found_is_no_error(install: Callable[..., Any], empty: pd.DataFrame) -> None:
    install(empty)
    assert list(built(queries=["x"]).fetch("indeed", validators={}).postings) == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (table(error="response status code 429 (blocked: use a proxy)"), BoardBlocked, "indeed: response status"),
        (table(error="unexpected page with no jobs (blocked?)"), BoardBlocked, "no jobs"),
        (table(error="Failed to resolve 'apis.indeed.example'"), SourceError, "resolve"),
        (ValueError("Invalid country_indeed: 'atlantis'"), SourceError, "ValueError: Invalid country_indeed"),
        (RuntimeError("bad response status code: 403"), BoardBlocked, "403"),
        (None, SchemaDrift, "no table"),
        (pd.DataFrame([{"title": "Data Engineer"}]), SchemaDrift, "has an id"),
    ],
)
def test_errors(install: Callable[..., Any], answer: Any, error: type[SourceError], words: str) -> None:
    install(answer)
    with pytest.raises(SourceError, match=words) as raised:
        built().fetch("indeed", validators={})
    assert type(raised.value) is error and len(str(raised.value)) < 400


@pytest.mark.parametrize("queries", [["a"], ["a", "b"]])
def test_an_error_beside_rows_keeps_them_and_asks_no_further(install: Callable[..., Any], queries: list[str]) -> None:
    calls = install(table(JOB, error="response status code 429"), table(JOB))
    postings = iter(built(queries=queries).fetch("indeed", validators={}).postings)
    assert next(postings).source_id == "in-1"
    with pytest.raises(BoardBlocked):
        next(postings)
    assert len(calls) == 1


def test_a_query_that_fails_leaves_the_earlier_ones(install: Callable[..., Any]) -> None:
    install(table(JOB), table(error="Timeout"))
    postings = iter(built().fetch("indeed", validators={}).postings)
    assert next(postings).source_id == "in-1"
    with pytest.raises(SourceError, match="Timeout"):
        next(postings)


@pytest.mark.parametrize("package", [None, ModuleType("jobspy")])
def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, package: ModuleType | None
) -> None:
    monkeypatch.setitem(sys.modules, "jobspy", package)
    with pytest.raises(SourceError, match=r'pip install "jobfinder\[jobspy\]"'):
        built().fetch("indeed", validators={})


def record(**changes: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | JOB | {"date_posted": "2026-11-20", "site": "linkedin"} | changes


def test_draft() -> None:
    draft = JobSpy.draft(record())
    assert (draft.title, draft.company, draft.description) == ("Data Engineer", "Acme", "<p>Build pipelines</p>")
    assert (draft.location, draft.workplace, draft.employment_type) == ("Austin, TX, USA", None, "fulltime, contract")
    assert draft.pay == Pay(120_000, 150_000, "USD", "year")
    assert draft.url == "https://indeed.example/1"
    assert draft.posted_at == dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    assert draft.unreadable is None


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"interval": "hourly", "min_amount": 40, "max_amount": None}, "pay", Pay(40, None, "USD", "hour")),
        ({"interval": "daily", "min_amount": None}, "pay", Pay(None, 150_000, "USD", "day")),
        ({"interval": "weekly"}, "pay", Pay(120_000, 150_000, "USD", "week")),
        ({"interval": "monthly", "currency": "PKR"}, "pay", Pay(120_000, 150_000, "PKR", "month")),
        ({"interval": None, "currency": None}, "pay", Pay(120_000, 150_000, None, None)),
        ({"min_amount": 150_000, "max_amount": 120_000}, "pay", Pay(120_000, 150_000, "USD", "year")),
        ({"site": "indeed"}, "pay", Pay(120_000, 150_000, "USD", "year", is_estimate=True)),
        ({"salary_source": "description"}, "pay", None),
        ({"min_amount": 0, "max_amount": 0}, "pay", None),
        ({"min_amount": "lots", "max_amount": []}, "pay", None),
        ({"is_remote": True}, "workplace", "remote"),
        ({"is_remote": "yes"}, "workplace", None),
        ({"is_remote": False, "work_from_home_type": "Hybrid"}, "workplace", "hybrid"),
        ({"is_remote": True, "work_from_home_type": "Work from office"}, "workplace", "remote"),
        ({"job_url_direct": "https://acme.example/jobs/1"}, "url", "https://acme.example/jobs/1"),
        ({"date_posted": None}, "posted_at", None),
        ({"title": None, "description": ""}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(JobSpy.draft(record(**changes)), name) == expected
