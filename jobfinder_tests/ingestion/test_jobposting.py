"""schema.org JobPosting in pages: where it hides, and what employers make of its fields."""

import json
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import NOTE, BoardGone, Pay, SchemaDrift
from jobfinder_assets.ingestion.sources.jobposting import JobPosting
from jobfinder_tests.ingestion.conftest import Server, reply

JOB: dict[str, Any] = {
    "@context": "https://schema.org", "@type": "JobPosting", "title": "Data Engineer &amp; Analyst",
    "description": "&lt;p&gt;Build pipelines&lt;/p&gt;", "datePosted": "2026-06-01",
    "hiringOrganization": {"@type": "Organization", "name": "Acme"},
    "jobLocation": {"address": {"addressLocality": "Berlin", "addressRegion": "BE", "addressCountry": "DE"}},
    "identifier": {"name": "Acme", "value": "R-7"}, "employmentType": ["FULL_TIME", "CONTRACTOR"],
    "baseSalary": {
        "currency": "EUR",
        "value": {"@type": "QuantitativeValue", "minValue": 60000, "maxValue": 80000, "unitText": "YEAR"},
    },
}  # fmt: skip


def page(*blocks: Any) -> bytes:
    scripts = "".join(
        f'<script type="application/ld+json">{block if isinstance(block, str) else json.dumps(block)}</script>'
        for block in blocks
    )
    return f"<html><head>{scripts}</head><body>Jobs</body></html>".encode()


@pytest.fixture
def source(server: Server, http: Http) -> JobPosting:
    settings = Settings(http=http, sources={"jobposting": {"boards": [f"{server.url}/careers"], "starter": False}})
    return JobPosting.build(settings.source_section("jobposting", JobPosting.settings_model), settings)


@pytest.mark.parametrize(
    "blocks",
    [
        (JOB,),
        ([JOB],),
        ({"@graph": [{"@type": "WebSite"}, JOB]},),
        ({"@type": "ItemList", "itemListElement": [{"item": JOB}]},),
        (JOB | {"@type": ["JobPosting", "Thing"]},),
        (JOB | {"@type": "https://schema.org/JobPosting"},),
        ("{ broken", JOB),
        (json.dumps(JOB).replace("Build pipelines", "Build\npipelines"),),
        (f"<!-- {json.dumps(JOB)} -->",),
        (f"//<![CDATA[\n{json.dumps(JOB)}\n//]]>",),
        (f"/*<![CDATA[*/ {json.dumps(JOB)} /*]]>*/",),
        (f"{json.dumps(JOB)};",),
        (json.dumps(JOB | {"title": "Data Engineer & Analyst"}).replace('"', "&quot;"),),
    ],
)
def test_it_is_found_wherever_it_stands(server: Server, source: JobPosting, blocks: tuple[Any, ...]) -> None:
    server.on("/careers", reply(page(*blocks), Content_Type="text/html"))
    (board,) = source.boards()
    fetched = source.fetch(board, validators={})
    (posting,) = fetched.postings
    assert posting.source_id == "R-7"
    assert fetched.complete == ("{ broken" not in blocks)
    draft = JobPosting.draft(posting.record)
    assert (draft.title, draft.company, draft.city, draft.country) == (
        "Data Engineer & Analyst",
        "Acme",
        "Berlin",
        "DE",
    )
    assert draft.url == board, "without an address of its own, the page's"


def test_a_charset_may_follow_the_type(server: Server, source: JobPosting) -> None:
    server.on("/careers", reply(page(JOB).replace(b"ld+json", b"LD+JSON; charset=utf-8")))
    (board,) = source.boards()
    assert len(list(source.fetch(board, validators={}).postings)) == 1


def test_what_an_employer_calls_each_of_its_jobs_is_no_id(server: Server, source: JobPosting) -> None:
    (board,) = source.boards()
    chef = JOB | {"title": "Chef"}

    def ids(*jobs: Any) -> list[str]:
        server.on("/careers", reply(page(*jobs)))
        return [posting.source_id for posting in source.fetch(board, validators={}).postings]

    both = ids(JOB, chef)
    assert len(set(both)) == 2 and all(name.startswith("R-7#") for name in both)
    assert ids(chef | {"description": "edited"}, JOB) == both[::-1], "neither order nor text changes an id"
    assert set(ids(JOB, JOB)) == {"R-7"}, "the same job twice is one"


def test_half_a_character_costs_no_run(server: Server, source: JobPosting) -> None:
    (board,) = source.boards()
    server.on("/careers", reply(page(JOB | {"identifier": "\ud800"})))
    (posting,) = source.fetch(board, validators={}).postings
    assert posting.source_id.encode()


def test_long_blanks_in_broken_json_take_no_time(server: Server, source: JobPosting) -> None:
    (board,) = source.boards()
    server.on("/careers", reply(page("{" + " " * 200_000 + ";" + " " * 200_000 + "x")))
    with pytest.raises(SchemaDrift):
        source.fetch(board, validators={})


def test_errors(server: Server, source: JobPosting) -> None:
    (board,) = source.boards()
    server.on("/careers", reply(page("{ broken")))
    with pytest.raises(SchemaDrift, match="cannot be read"):
        source.fetch(board, validators={})
    server.on("/careers", reply(b"gone", 404))
    with pytest.raises(BoardGone):
        source.fetch(board, validators={})
    server.on("/careers", reply(page({"@type": "WebSite"})))
    assert list(source.fetch(board, validators={}).postings) == []


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({}, "description", "<p>Build pipelines</p>"),
        ({}, "employment_type", "FULL_TIME, CONTRACTOR"),
        ({}, "location", "Berlin, BE, DE"),
        ({}, "pay", Pay(60_000, 80_000, "EUR", "year")),
        ({"hiringOrganization": "Acme Labs"}, "company", "Acme Labs"),
        ({"jobLocationType": "TELECOMMUTE"}, "workplace", "remote"),
        ({"jobLocation": None, "jobLocationType": "TELECOMMUTE"}, "location", "Remote"),
        (
            {"jobLocation": None, "applicantLocationRequirements": [{"@type": "Country", "name": "USA"}]},
            "location",
            "USA",
        ),
        ({"jobLocation": [{"address": {"addressLocality": "Paris"}}, {"address": "Rome"}]}, "location", "Paris; Rome"),
        ({"jobLocation": [{"address": {"addressLocality": "Paris"}}, {"address": "Rome"}]}, "city", None),
        ({"baseSalary": 90000}, "pay", Pay(90_000, 90_000, None, None)),
        ({"baseSalary": {"currency": "USD", "value": 45, "unitText": "HOUR"}}, "pay", Pay(45, 45, "USD", "hour")),
        (
            {"baseSalary": {"currency": "USD", "value": {"minValue": 120, "maxValue": 150, "unitText": "YEAR"}}},
            "pay",
            Pay(120_000, 150_000, "USD", "year"),
        ),
        ({"baseSalary": {"currency": "USD", "value": {"minValue": "0"}}}, "pay", None),
        (
            {"baseSalary": {"currency": "USD", "value": {"minValue": 120, "maxValue": 150_000, "unitText": "YEAR"}}},
            "pay",
            Pay(120_000, 150_000, "USD", "year"),
        ),
        (
            {"baseSalary": [{"currency": "USD", "value": {"value": 45, "unitText": "HOURLY"}}]},
            "pay",
            Pay(45, 45, "USD", "hour"),
        ),
        ({"baseSalary": "55,000", "salaryCurrency": "GBP"}, "pay", Pay(55_000, 55_000, "GBP", None)),
        ({"baseSalary": {"value": {"minValue": 900, "unitText": "MONTH"}}}, "pay", Pay(900, None, None, "month")),
        ({"identifier": "R-8"}, "requisition_id", "R-8"),
        ({"identifier": [None, {"value": "R-9"}]}, "requisition_id", "R-9"),
        ({"identifier": {"name": "Acme"}}, "requisition_id", None),
        ({"hiringOrganization": [{"name": "Acme Labs"}]}, "company", "Acme Labs"),
        ({"jobLocation": "Berlin"}, "location", "Berlin"),
        (
            {"jobLocation": {"address": [{"addressLocality": "Rome"}, {"addressLocality": "Bari"}]}},
            "location",
            "Rome; Bari",
        ),
        ({"jobLocation": {"address": [{"addressLocality": "Rome"}, {"addressLocality": "Bari"}]}}, "city", None),
        ({"jobLocationType": "https://schema.org/TELECOMMUTE"}, "workplace", "remote"),
        ({"jobLocationType": ["telecommute"]}, "workplace", "remote"),
        ({"jobLocationType": "onsite"}, "workplace", None),
        (
            {"description": "<p>You write &lt;b&gt; &amp;amp;</p>"},
            "description",
            "<p>You write &lt;b&gt; &amp;amp;</p>",
        ),
        ({"url": "/jobs/7", NOTE: {"page": "https://acme.example/careers"}}, "url", "https://acme.example/jobs/7"),
        ({"url": "http://[", NOTE: {"page": "https://acme.example/careers"}}, "url", "https://acme.example/careers"),
        ({"title": "", "description": None}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(JobPosting.draft(JOB | changes), name) == expected


def test_without_identifier_and_address_the_words_are_the_id(server: Server, source: JobPosting) -> None:
    plain = {name: value for name, value in JOB.items() if name != "identifier"}
    server.on("/careers", reply(page(plain, plain | {"title": "Chef"}, plain | {"url": "https://acme.example/3"})))
    (board,) = source.boards()
    ids = [posting.source_id for posting in source.fetch(board, validators={}).postings]
    assert len(set(ids)) == 3 and ids[2] == "https://acme.example/3"
