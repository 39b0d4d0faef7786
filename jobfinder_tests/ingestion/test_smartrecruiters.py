"""SmartRecruiters: a list without texts, which texts are asked for and which are not, and what fields mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import ConfigError, Http, Settings
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import (
    NOTE,
    BoardBlocked,
    BoardGone,
    Draft,
    Known,
    NotYet,
    Query,
    SchemaDrift,
    SourceError,
)
from jobfinder_assets.ingestion.sources.smartrecruiters import SmartRecruiters
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply

PATH = "/v1/companies/Acme/postings"
RELEASED = "2026-06-02T08:58:57.123Z"
BEFORE, AFTER = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 3, tzinfo=UTC)
ADVERT: dict[str, Any] = {
    "sections": {
        "companyDescription": {"title": "Who we are", "text": "<p>Acme makes anvils.</p>"},
        "jobDescription": {"title": "What you do", "text": "<p>You build pipelines.</p>"},
        "qualifications": {"title": "What you bring", "text": ""},
        "additionalInformation": {"text": "<p>Bring a helmet.</p>"},
    }
}


def row(identity: str = "101", **changes: Any) -> dict[str, Any]:
    listed = {
        "id": identity,
        "name": "Data Engineer",
        "refNumber": "REF7A",
        "releasedDate": RELEASED,
        "location": {
            "city": "Austin",
            "region": "TX",
            "country": "us",
            "remote": False,
            "hybrid": False,
            "fullLocation": "Austin, TX, United States",
        },
        "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
        "department": {"id": "7", "label": "Data"},
        "language": {"code": "en-GB", "label": "English"},
        "ref": f"https://api.smartrecruiters.example/{identity}",
    }
    return listed | changes


def detail(identity: str = "101", **changes: Any) -> dict[str, Any]:
    full = {name: value for name, value in row(identity).items() if name != "ref"} | {
        "company": {"name": "Acme Inc.", "identifier": "Acme"},
        "department": {"id": 7, "label": "Data"},
        "postingUrl": f"https://jobs.smartrecruiters.example/Acme/{identity}-data-engineer",
        "jobAd": ADVERT,
        "active": True,
    }
    return full | changes


def listing(*rows: Any, total: int | None = None) -> Any:
    return reply({"offset": 0, "limit": 100, "totalFound": len(rows) if total is None else total, "content": rows})


def serve(server: Server, *identities: str) -> None:
    server.on(PATH, listing(*map(row, identities)))
    for identity in identities:
        server.on(f"{PATH}/{identity}", reply(detail(identity)))


@pytest.fixture(autouse=True)
def no_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for the source's pace."""
    monkeypatch.setattr(SmartRecruiters, "rates", ())


def build(server: Server, http: Http, **changes: Any) -> SmartRecruiters:
    section = {"base_url": server.url, "boards": ["Acme"], "starter": False, **changes}
    settings = Settings(http=http, sources={"smartrecruiters": section})
    return SmartRecruiters.build(settings.source_section("smartrecruiters", SmartRecruiters.settings_model), settings)


@pytest.fixture
def smartrecruiters(server: Server, http: Http) -> SmartRecruiters:
    return build(server, http)


def test_a_new_board_is_read_with_all_its_texts(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101", "102")
    fetched = smartrecruiters.fetch("Acme", validators={})
    postings = list(fetched.postings)
    assert [posting.source_id for posting in postings] == ["101", "102"]
    assert fetched.complete and not fetched.message and not fetched.still_there and fetched.bytes > 1_000
    assert server.requests[0][0] == f"{PATH}?limit=100&offset=0"
    assert smartrecruiters.boards() == ("Acme",)


def test_the_detail_wins_over_the_list_row_and_nothing_is_lost(
    server: Server, smartrecruiters: SmartRecruiters
) -> None:
    serve(server, "101")
    (posting,) = smartrecruiters.fetch("Acme", validators={}).postings
    assert posting.record == detail() | {"ref": row()["ref"]}
    assert posting.record["department"] == {"id": 7, "label": "Data"}


def test_a_nameless_company_is_called_like_its_board(server: Server, smartrecruiters: SmartRecruiters) -> None:
    server.on(PATH, listing(row()))
    server.on(f"{PATH}/101", reply(detail(company=None)))
    (posting,) = smartrecruiters.fetch("Acme", validators={}).postings
    assert posting.record[NOTE] == {"board": "Acme"}
    assert SmartRecruiters.draft(posting.record).company == "Acme"


def test_only_what_is_not_stored_is_asked_for(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101", "102", "103")
    fetched = smartrecruiters.update(
        "Acme", validators={}, known=Known(lambda: {"101": AFTER, "102": BEFORE, "99": BEFORE})
    )
    assert [posting.source_id for posting in fetched.postings] == ["103", "102"], "new ones first, then changed ones"
    assert set(fetched.still_there) == {"101"} and fetched.complete
    assert server.asked(f"{PATH}/101") == 0


def test_a_release_date_that_is_none_asks_for_nothing(server: Server, smartrecruiters: SmartRecruiters) -> None:
    server.on(PATH, listing(row(releasedDate="soon")))
    fetched = smartrecruiters.update("Acme", validators={}, known=Known(lambda: {"101": BEFORE}))
    assert (list(fetched.postings), list(fetched.still_there)) == ([], ["101"])


def test_texts_beyond_the_limit_are_left_for_later(server: Server, http: Http) -> None:
    serve(server, "101", "102", "103", "104")
    fetched = build(server, http, details=2).update("Acme", validators={}, known=Known(lambda: {"101": BEFORE}))
    assert [posting.source_id for posting in fetched.postings] == ["102", "103"]
    assert list(fetched.still_there) == ["101"], "its new text was not read, and it has not closed"
    assert fetched.complete and fetched.message == "2 texts are left for the next runs (details = 2)"


def test_runs_catch_up_and_close_what_is_gone(server: Server, http: Http, lake: Lake) -> None:
    """Left over, then read; never closed while it is listed, closed once it is not."""
    source = build(server, http, details=1)
    serve(server, "101", "102")
    counts = []
    for day, listed in enumerate([("101", "102"), ("101", "102"), ("101", "102"), ("102",)], start=10):
        server.on(PATH, listing(*map(row, listed)))
        result = collect(source, lake, run=str(day), now=datetime(2026, 7, day, tzinfo=UTC))
        counts.append(tuple(result.total(name) for name in ("rows", "new", "unchanged", "closed")))
    assert counts == [(1, 1, 0, 0), (2, 1, 1, 0), (2, 0, 2, 0), (1, 0, 1, 1)]
    assert [server.asked(f"{PATH}/{identity}") for identity in ("101", "102")] == [1, 1]


def test_a_posting_that_closed_since_the_list_is_left_out(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101", "102", "103")
    server.on(f"{PATH}/101", reply({"message": "not found"}, 404))
    server.on(f"{PATH}/103", reply({"message": "not found"}, 404))
    fetched = smartrecruiters.update("Acme", validators={}, known=Known(lambda: {"103": BEFORE}))
    assert [posting.source_id for posting in fetched.postings] == ["102"]
    assert not fetched.still_there and fetched.message == "2 postings were gone before they were read"


@pytest.mark.parametrize("answer", [reply({}, 500), reply({"id": "102"}), reply(["text"]), reply(b"{")])
def test_a_text_that_fails_costs_no_other(server: Server, smartrecruiters: SmartRecruiters, answer: Any) -> None:
    serve(server, "101", "102", "103", "104")
    server.on(f"{PATH}/102", answer)
    server.on(f"{PATH}/104", answer)
    fetched = smartrecruiters.update("Acme", validators={}, known=Known(lambda: {"104": BEFORE}))
    assert [posting.source_id for posting in fetched.postings] == ["101", "103"]
    assert list(fetched.still_there) == ["104"] and fetched.complete
    assert fetched.message.startswith("2 texts could not be read: ")


def test_an_id_that_no_address_can_hold_costs_no_other(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    server.on(PATH, listing(row("\ud800"), row("101")))
    fetched = smartrecruiters.fetch("Acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["101"]


def test_a_refusal_ends_the_asking_and_keeps_what_came(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101", "102", "103")
    server.on(f"{PATH}/102", reply({}, 403))
    fetched = smartrecruiters.fetch("Acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["101"]
    assert fetched.message.startswith("2 texts are left") and fetched.message.endswith("answered 403")
    assert server.asked(f"{PATH}/103") == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [(reply({}, 403), BoardBlocked), (reply({"id": "101"}), SchemaDrift), (reply({}, 500), SourceError)],
)
def test_no_text_at_all_is_an_error_and_no_empty_board(
    server: Server, smartrecruiters: SmartRecruiters, answer: Any, error: type[SourceError]
) -> None:
    serve(server, "101")
    server.on(f"{PATH}/101", answer)
    with pytest.raises(error):
        smartrecruiters.fetch("Acme", validators={})


def test_a_server_that_fails_every_text_is_left_alone(server: Server, smartrecruiters: SmartRecruiters) -> None:
    identities = [str(number) for number in range(12)]
    serve(server, *identities)
    for identity in identities:
        server.on(f"{PATH}/{identity}", reply({"id": identity}))
    with pytest.raises(SchemaDrift):
        smartrecruiters.fetch("Acme", validators={})
    assert len(server.requests) == 1 + 10


def test_the_source_s_own_pace_leaves_the_rest_for_later(
    server: Server, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmartRecruiters, "rates", (Rate(3, Duration.HOUR),))
    serve(server, "101", "102", "103")
    fetched = build(server, http).fetch("Acme", validators={})
    assert [posting.source_id for posting in fetched.postings] == ["101", "102"]
    assert fetched.message.startswith("1 texts are left") and "by the source's own limits" in fetched.message
    with pytest.raises(NotYet):
        build(server, http).fetch("Acme", validators={})


def test_pages_follow_each_other_without_a_gap(server: Server, http: Http) -> None:
    """This server gives two where a hundred were asked for."""
    serve(server, "101", "102", "103")
    server.on(
        PATH,
        listing(row("101"), row("102"), total=5),
        listing(row("102"), row("103"), total=5),
        listing(row("104"), total=5),
    )
    fetched = build(server, http).update("Acme", validators={}, known=Known(lambda: {"104": AFTER}))
    assert [posting.source_id for posting in fetched.postings] == ["101", "102", "103"]
    assert [asked.split("offset=")[1] for asked, _ in server.requests[:3]] == ["0", "2", "4"]
    assert fetched.complete and server.asked(f"{PATH}/102") == 1


def test_a_list_that_ends_early_closes_nothing(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    server.on(PATH, listing(row("101"), total=3), listing(total=3))
    fetched = smartrecruiters.fetch("Acme", validators={})
    assert len(list(fetched.postings)) == 1
    assert not fetched.complete and fetched.message == "1 of 3 postings were listed"


def test_a_list_without_a_total_ends_with_a_short_page(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    server.on(PATH, reply({"content": [row("101")]}))
    assert smartrecruiters.fetch("Acme", validators={}).complete
    assert server.asked(PATH) == 1


def test_a_page_that_fails_leaves_the_earlier_ones(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    server.on(PATH, listing(row("101"), total=3), reply({}, 403))
    fetched = smartrecruiters.fetch("Acme", validators={})
    postings = iter(fetched.postings)
    assert next(postings).source_id == "101" and not fetched.complete
    with pytest.raises(BoardBlocked):
        next(postings)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"message": "no"}, 404), BoardGone),
        (reply({}, 403), BoardBlocked),
        (reply({"totalFound": 1, "postings": []}), SchemaDrift),
        (reply([row()]), SchemaDrift),
        (listing({"name": "no id"}, "text"), SchemaDrift),
    ],
)
def test_errors(server: Server, smartrecruiters: SmartRecruiters, answer: Any, error: type[SourceError]) -> None:
    server.on(PATH, answer)
    with pytest.raises(error):
        smartrecruiters.fetch("Acme", validators={})


def test_an_unknown_company_is_an_empty_list(server: Server, smartrecruiters: SmartRecruiters, lake: Lake) -> None:
    server.on(PATH, listing())
    assert not list(smartrecruiters.fetch("Acme", validators={}).postings)
    (health,) = collect(smartrecruiters, lake, run="1", now=AFTER).boards
    assert health.status == "empty"


def test_an_odd_row_is_left_out(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    server.on(PATH, listing({"name": "no id"}, row("101"), None))
    fetched = smartrecruiters.fetch("Acme", validators={})
    assert len(list(fetched.postings)) == 1 and fetched.complete
    assert fetched.message == "2 rows of the list without an id left out"


def test_a_search_asks_for_words_and_closes_nothing(server: Server, smartrecruiters: SmartRecruiters) -> None:
    serve(server, "101")
    found = smartrecruiters.search("Acme", Query("data engineer", "Berlin"))
    (posting,) = found.postings
    (fetched,) = smartrecruiters.fetch("Acme", validators={}).postings
    assert posting == fetched and not found.complete
    assert server.requests[0][0].endswith("?limit=100&offset=0&q=data+engineer")


@pytest.mark.parametrize(
    ("url", "board"),
    [
        ("https://jobs.smartrecruiters.com/Acme/101-data-engineer", "Acme"),
        ("https://careers.smartrecruiters.com/Acme?x=1", "Acme"),
        ("https://api.smartrecruiters.com/v1/companies/Acme/postings", "Acme"),
        ("https://jobs.smartrecruiters.com/oneclick-ui/company/Acme/publication/1", "Acme"),
        ("https://www.smartrecruiters.com/pricing", None),
        ("https://jobs.example.com/Acme", None),
    ],
)
def test_its_addresses(url: str, board: str | None) -> None:
    assert SmartRecruiters.board_of(url) == board


def test_no_texts_at_all_is_no_setting(server: Server, http: Http) -> None:
    with pytest.raises(ConfigError, match="details"):
        build(server, http, details=0)


def test_draft() -> None:
    draft = SmartRecruiters.draft(detail())
    assert (draft.title, draft.company, draft.location) == ("Data Engineer", "Acme Inc.", "Austin, TX, United States")
    assert (draft.city, draft.region, draft.country, draft.workplace) == ("Austin", "TX", "US", None)
    assert (draft.employment_type, draft.language, draft.requisition_id) == ("Full-time", "en", "REF7A")
    assert draft.url == "https://jobs.smartrecruiters.example/Acme/101-data-engineer"
    assert draft.posted_at == datetime(2026, 6, 2, 8, 58, 57, 123_000, tzinfo=UTC)
    assert draft.description == (
        "<h3>Who we are</h3>\n<p>Acme makes anvils.</p>\n"
        "<h3>What you do</h3>\n<p>You build pipelines.</p>\n<p>Bring a helmet.</p>"
    )


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"location": {"remote": True, "hybrid": False}}, "workplace", "remote"),
        ({"location": {"remote": False, "hybrid": True}}, "workplace", "hybrid"),
        ({"location": {"remote": "yes"}}, "workplace", None),
        ({"location": "Austin"}, "location", None),
        ({"location": {"city": "Berlin", "country": "de"}}, "location", "Berlin, de"),
        ({"location": {"country": 49}}, "country", "49"),
        ({"language": None}, "language", None),
        ({"language": {"code": []}}, "language", None),
        ({"company": []}, "company", None),
        ({"postingUrl": None}, "url", "https://jobs.smartrecruiters.com/Acme/101"),
        ({"postingUrl": None, "company": None}, "url", None),
        ({"releasedDate": {"at": 1}}, "posted_at", None),
        ({"jobAd": None}, "description", None),
        ({"jobAd": {"sections": []}}, "description", None),
        ({"jobAd": {"sections": {"jobDescription": "text", "videos": {"urls": []}}}}, "description", None),
        ({"name": {"en": "x"}, "jobAd": 3}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(changes: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(SmartRecruiters.draft(detail() | changes), name) == expected


@pytest.mark.parametrize("value", [None, True, 0, -1, 1e300, "", "\ud800", [], {}, [None, "x", [1]], {"a": {"b": []}}])
def test_no_value_of_any_field_raises(value: Any) -> None:
    for name in (*detail(), NOTE):
        assert isinstance(SmartRecruiters.draft(detail() | {name: value}), Draft)


def test_recorded_answers(shared: Path, server: Server, smartrecruiters: SmartRecruiters) -> None:
    """Two rows, of which one's text was recorded."""
    folder = shared / "fixtures" / "smartrecruiters"
    listed = json.loads((folder / "smartrecruiters_visa_list_2026-07.trimmed.json").read_bytes())
    server.on(PATH, reply(listed))
    full = json.loads((folder / "smartrecruiters_visa_detail_2026-07.trimmed.json").read_bytes())
    server.on(f"{PATH}/744000133907678", reply(full))
    fetched = smartrecruiters.fetch("Acme", validators={})
    (posting,) = fetched.postings
    assert fetched.complete and fetched.message == "1 postings were gone before they were read"
    assert posting.record == full | {"ref": listed["content"][0]["ref"]}
    draft = SmartRecruiters.draft(posting.record)
    assert (draft.title, draft.company, draft.requisition_id) == ("Sr. Manager", "Visa", "REF97395W")
    assert (draft.city, draft.region, draft.country, draft.workplace) == ("Austin", "TX", "US", None)
    assert draft.posted_at == datetime(2026, 6, 24, 10, 0, 11, 853_000, tzinfo=UTC)
    assert draft.url == "https://jobs.smartrecruiters.com/Visa/744000133907678-sr-manager"
    assert draft.description is not None and draft.description.count("<h3>") == 1 and draft.pay is None
