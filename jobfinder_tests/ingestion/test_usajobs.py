"""USAJOBS: its key, its pages, whom an announcement is for, and what its fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, Pay, Query, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.usajobs import BOARD, UsaJobs
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/api/Search"
YEARLY = {"MinimumRange": "99200.0", "MaximumRange": "153354.0", "RateIntervalCode": "PA", "Description": "Per Year"}
BOSTON = {
    "LocationName": "Boston, Massachusetts",
    "CountryCode": "United States",
    "CountrySubDivisionCode": "Massachusetts",
    "CityName": "Boston, Massachusetts",
}
NAPLES = {
    "LocationName": "Naples, Italy",
    "CountryCode": "Italy",
    "CountrySubDivisionCode": "N/A",
    "CityName": "Naples, Italy",
}
ANYWHERE = {
    "LocationName": " Location Negotiable After Selection, United States",
    "CountryCode": "United States",
    "CityName": " Location Negotiable After Selection, United States",
}
JOB: dict[str, Any] = {
    "PositionID": "AB-26-0001",
    "PositionTitle": "Data Scientist",
    "PositionURI": "https://usajobs.example/job/1",
    "PositionLocationDisplay": "Boston, Massachusetts",
    "PositionLocation": [BOSTON],
    "OrganizationName": "Bureau of Examples",
    "DepartmentName": "Department of Samples",
    "PositionSchedule": [{"Name": "Full-time", "Code": "1"}],
    "PositionOfferingType": [{"Name": "Permanent", "Code": "15317"}],
    "QualificationSummary": "One year of experience.",
    "PositionRemuneration": [YEARLY],
    "PublicationStartDate": "2026-11-02T00:00:00.0000",
}
DETAILS: dict[str, Any] = {
    "JobSummary": "You count things.",
    "MajorDuties": ["Count.", "Report."],
    "HiringPath": ["public"],
    "RemoteIndicator": False,
    "TeleworkEligible": True,
}


def item(name: object = 1, job: dict[str, Any] | None = None, **details: Any) -> dict[str, Any]:
    described = JOB | (job or {}) | {"UserArea": {"Details": DETAILS | details}}
    return {"MatchedObjectId": str(name), "MatchedObjectDescriptor": described, "RelevanceRank": 0}


def page(items: list[Any], total: Any = None, pages: Any = "1") -> dict[str, Any]:
    result = {
        "SearchResultCount": len(items),
        "SearchResultCountAll": len(items) if total is None else total,
        "SearchResultItems": items,
        "UserArea": {"NumberOfPages": pages},
    }
    return {"LanguageCode": "EN", "SearchParameters": {}, "SearchResult": result}


def built(server: Server, http: Http, **section: Any) -> UsaJobs:
    settings = Settings(http=http, sources={"usajobs": {"base_url": server.url + "/"} | section})
    return UsaJobs.build(settings.source_section("usajobs", UsaJobs.settings_model), settings)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAJOBS_EMAIL", "planted@mail.example")
    monkeypatch.setenv("USAJOBS_KEY", "planted-key")


@pytest.fixture
def usajobs(server: Server, http: Http, key: None) -> UsaJobs:
    return built(server, http)


def asked(server: Server) -> list[dict[str, str]]:
    return [{name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} for path, _ in server.requests]


def test_every_page_is_read(server: Server, usajobs: UsaJobs) -> None:
    pages = [[item(1), item(2)], [item(3), item(4)], [item(5)]]
    server.on(PATH, *(reply(page(items, total=5, pages="3")) for items in pages))
    fetched = usajobs.fetch(BOARD, validators={})
    postings = list(fetched.postings)
    assert [posting.source_id for posting in postings] == ["1", "2", "3", "4", "5"]
    assert fetched.complete and not fetched.message and fetched.bytes > 0
    assert postings[0].record == item(1)
    question = {"JobCategoryCode": "1560;1550;2210", "ResultsPerPage": "500", "Fields": "Full"}
    assert all(params.items() >= question.items() for params in asked(server))
    assert [params["Page"] for params in asked(server)] == ["1", "2", "3"]
    headers = server.requests[0][1]
    assert (headers["User-Agent"], headers["Authorization-Key"]) == ("planted@mail.example", "planted-key")


def test_no_announcement_is_a_whole_board_too(server: Server, usajobs: UsaJobs) -> None:
    server.on(PATH, reply(page([], pages="0")))
    fetched = usajobs.fetch(BOARD, validators={})
    assert fetched.complete and list(fetched.postings) == []


def test_a_query_gives_10000_rows_at_most(server: Server, usajobs: UsaJobs) -> None:
    server.on(PATH, *(reply(page([item(number)], total=10_000, pages="20")) for number in range(25)))
    fetched = usajobs.fetch(BOARD, validators={})
    assert len(list(fetched.postings)) == len(server.requests) == 20
    assert not fetched.complete and "more follow" in fetched.message


def test_a_list_that_ends_early_closes_nothing(server: Server, usajobs: UsaJobs) -> None:
    server.on(PATH, reply(page([item(1)], total="3", pages="1")))
    fetched = usajobs.fetch(BOARD, validators={})
    assert not fetched.complete and fetched.message == "1 of 3 announcements were listed"


def test_a_page_without_rows_where_there_should_be_some_fails(server: Server, usajobs: UsaJobs) -> None:
    server.on(PATH, reply(page([item(1)], total=3, pages=None)), reply(page([], total=3, pages=None)))
    postings = iter(usajobs.fetch(BOARD, validators={}).postings)
    assert next(postings).source_id == "1"
    with pytest.raises(SourceError, match="page 2 is empty, where 1 of 3"):
        next(postings)


@pytest.mark.parametrize(
    "details",
    [
        {"HiringPath": ["fed-internal-search"]},
        {"HiringPath": ["fed-competitive", "FED-EXCEPTED", "fed-transition"]},
        {"HiringPath": "fed-competitive;fed-transition"},
        {"HiringPath": [], "WhoMayApply": {"Name": "Agency Employees Only", "Code": "15509"}},
        {"HiringPath": None, "WhoMayApply": {"Name": "", "Code": "15510"}},
        {"HiringPath": None, "WhoMayApply": {"Name": "Current permanent Federal employees", "Code": ""}},
    ],
)
def test_what_is_for_federal_employees_only_is_left_out(
    server: Server, usajobs: UsaJobs, details: dict[str, Any]
) -> None:
    server.on(PATH, reply(page([item(1), item(2, **details)])))
    fetched = usajobs.fetch(BOARD, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["1"]
    assert fetched.complete and fetched.message == "1 announcements for federal employees only left out"


@pytest.mark.parametrize(
    "details",
    [
        {"HiringPath": ["fed-competitive", "vet"]},
        {"HiringPath": ["public"], "WhoMayApply": {"Name": "Agency Employees Only", "Code": "15509"}},
        {"HiringPath": [], "WhoMayApply": {"Name": "United States Citizens", "Code": "15514"}},
        {"HiringPath": None, "WhoMayApply": {"Name": "The public and current federal employees", "Code": ""}},
        {"HiringPath": None, "WhoMayApply": {"Name": "", "Code": ""}},
        {"HiringPath": [None, {}], "WhoMayApply": None},
        {"HiringPath": 3},
    ],
)
def test_what_is_open_to_others_or_does_not_say_stays(
    server: Server, usajobs: UsaJobs, details: dict[str, Any]
) -> None:
    server.on(PATH, reply(page([item(2, **details)])))
    fetched = usajobs.fetch(BOARD, validators={})
    assert len(list(fetched.postings)) == 1 and not fetched.message


def test_the_search_stays_within_the_categories(server: Server, usajobs: UsaJobs) -> None:
    server.on(PATH, reply(page([item(7)])))
    fetched = usajobs.search(BOARD, Query("statistics", "Boston, Massachusetts"))
    assert [(posting.board, posting.source_id) for posting in fetched.postings] == [(BOARD, "7")]
    assert not fetched.complete and usajobs.searches
    usajobs.search(BOARD, Query("statistics"))
    placed, anywhere = asked(server)
    assert (placed["Keyword"], placed["LocationName"]) == ("statistics", "Boston, Massachusetts")
    assert placed["JobCategoryCode"] == "1560;1550;2210" and "LocationName" not in anywhere


def test_odd_rows_cost_no_other(server: Server, usajobs: UsaJobs) -> None:
    odd = ["text", {"MatchedObjectId": "3"}, item("") | {"MatchedObjectId": None}]
    server.on(PATH, reply(page([item(1), *odd])))
    fetched = usajobs.fetch(BOARD, validators={})
    assert len(list(fetched.postings)) == 1
    assert fetched.complete and fetched.message == "3 rows without an id left out"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({}, 404), BoardGone),
        (reply({"title": "Unauthorized", "status": 401}, 401), BoardBlocked),
        (reply({}, 403), BoardBlocked),
        (reply({"SearchResult": None}), SchemaDrift),
        (reply([item()]), SchemaDrift),
        (reply(page([item()], total="many")), SchemaDrift),
        (reply(page([{"title": "no id"}])), SchemaDrift),
    ],
)
def test_errors(server: Server, usajobs: UsaJobs, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        usajobs.fetch(BOARD, validators={})


@pytest.mark.parametrize("missing", ["USAJOBS_EMAIL", "USAJOBS_KEY"])
def test_without_a_key_it_says_what_to_do(
    server: Server, http: Http, key: None, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    usajobs = built(server, http)
    for ask in (lambda: usajobs.fetch(BOARD, validators={}), lambda: usajobs.search(BOARD, Query("spark"))):
        with pytest.raises(BoardBlocked, match=r"developer\.usajobs\.gov.*USAJOBS_EMAIL.*USAJOBS_KEY"):
            ask()
    assert server.requests == []


def test_settings(server: Server, http: Http) -> None:
    assert not Settings().source_section("usajobs", UsaJobs.settings_model).enabled
    assert built(server, http, categories="0110").boards() == (BOARD,)
    with pytest.raises(ConfigError, match="categories"):
        built(server, http, categories="data science")


def test_draft() -> None:
    draft = UsaJobs.draft(item())
    assert (draft.title, draft.company) == ("Data Scientist", "Bureau of Examples")
    assert draft.description == "You count things.\n\nCount.\n\nReport.\n\nOne year of experience."
    assert (draft.location, draft.city, draft.country) == ("Boston, Massachusetts", "Boston", "United States")
    assert draft.pay == Pay(99_200, 153_354, "USD", "year")
    assert (draft.employment_type, draft.workplace) == ("Full-time, Permanent", None)
    assert (draft.url, draft.requisition_id) == ("https://usajobs.example/job/1", "AB-26-0001")
    assert draft.posted_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert draft.unreadable is None


def paid(low: object, high: object, code: object, words: object = None) -> dict[str, Any]:
    rate = {"MinimumRange": low, "MaximumRange": high, "RateIntervalCode": code, "Description": words}
    return {"PositionRemuneration": [rate]}


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        (paid("31.50", "40", "PH"), "pay", Pay(31.5, 40, "USD", "hour")),
        (paid("1,000", "1200", "Per Day"), "pay", Pay(1000, 1200, "USD", "day")),
        (paid("4000", "5001", "BW", "Bi-weekly"), "pay", Pay(2000, 2500.5, "USD", "week")),
        (paid("0", "5000", "BW"), "pay", Pay(None, 2500, "USD", "week")),
        (paid("7000", "9000", "PM"), "pay", Pay(7000, 9000, "USD", "month")),
        (paid("70000", "90000", "??", "per year"), "pay", Pay(70_000, 90_000, "USD", "year")),
        (paid("70000", "90000", "SY", "School Year"), "pay", Pay(70_000, 90_000, "USD", None)),
        (paid("3", "5", "PW", "Piece Work"), "pay", None),
        (paid("0", "0", "WC", "Without Compensation"), "pay", None),
        (paid("0.0", "0.0", "PA"), "pay", None),
        (paid(None, {}, ["PA"]), "pay", None),
        ({"PositionRemuneration": [None, paid("0", "0", "PA"), YEARLY]}, "pay", Pay(99_200, 153_354, "USD", "year")),
        ({"PositionRemuneration": YEARLY}, "pay", None),
        (
            {"PositionLocation": [BOSTON, NAPLES, BOSTON], "PositionLocationDisplay": "Multiple Locations"},
            "location",
            "Boston, Massachusetts; Naples, Italy",
        ),
        ({"PositionLocation": [BOSTON, NAPLES]}, "city", None),
        ({"PositionLocation": [BOSTON, NAPLES]}, "country", None),
        ({"PositionLocation": [BOSTON, ANYWHERE]}, "country", "United States"),
        ({"PositionLocation": [NAPLES]}, "city", "Naples"),
        ({"PositionLocation": [ANYWHERE]}, "city", None),
        ({"PositionLocation": [ANYWHERE]}, "location", "United States"),
        (
            {"PositionLocationDisplay": "Anywhere in the U.S. (remote job)", "PositionLocation": [BOSTON, ANYWHERE]},
            "location",
            "Anywhere in the U.S. (remote job)",
        ),
        ({"PositionLocation": None}, "location", "Boston, Massachusetts"),
        ({"PositionLocation": ["Boston"], "PositionLocationDisplay": 3}, "location", "3"),
        ({"OrganizationName": ""}, "company", "Department of Samples"),
        ({"PositionSchedule": [{"Name": "", "Code": "1"}], "PositionOfferingType": "x"}, "employment_type", None),
        ({"PublicationStartDate": "soon"}, "posted_at", None),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(UsaJobs.draft(item(job=changes)), name) == expected


@pytest.mark.parametrize(
    ("details", "name", "expected"),
    [
        ({"RemoteIndicator": True}, "workplace", "remote"),
        ({"RemoteIndicator": "True"}, "workplace", "remote"),
        ({"RemoteIndicator": None}, "workplace", None),
        ({"MajorDuties": "Count.", "JobSummary": {}}, "description", "Count.\n\nOne year of experience."),
        ({"Requirements": "A clearance."}, "unreadable", None),
    ],
)
def test_draft_of_odd_details(details: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(UsaJobs.draft(item(**details)), name) == expected


@pytest.mark.parametrize("descriptor", [None, [], {"PositionTitle": None, "UserArea": "x"}])
def test_a_record_without_texts_is_unreadable(descriptor: object) -> None:
    draft = UsaJobs.draft({"MatchedObjectId": "1", "MatchedObjectDescriptor": descriptor})
    assert draft.unreadable == "neither a title nor a text"


def test_the_recorded_announcement(shared: Path, server: Server, usajobs: UsaJobs) -> None:
    recorded = json.loads((shared / "fixtures" / "usajobs" / "usajobs_record_2016.json").read_bytes())
    server.on(PATH, reply(page([{"MatchedObjectId": "333412700", "MatchedObjectDescriptor": recorded}])))
    (posting,) = usajobs.fetch(BOARD, validators={}).postings
    draft = UsaJobs.draft(posting.record)
    assert draft.title == "Staff Physician (MICU Hospitalist)"
    assert draft.company == "Veterans Affairs, Veterans Health Administration"
    assert (draft.location, draft.city) == ("Philadelphia, Pennsylvania", "Philadelphia")
    assert draft.country == "United States"
    assert draft.pay == Pay(150_000, 240_000, "USD", "year")
    assert draft.employment_type == "Full Time, Excepted Service Permanent"
    assert draft.posted_at == datetime(2016, 7, 14, tzinfo=UTC)
    assert draft.requisition_id == "PHL-13-803793" and draft.url and len(draft.description or "") > 2_000
