"""Feeds: both shapes of We Work Remotely, Atom, and what is no feed."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.collect import collect
from jobfinder_assets.ingestion.contract import BoardBlocked, SchemaDrift, SourceError
from jobfinder_assets.ingestion.sources.rss import Rss
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.ingestion.conftest import Server, reply

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Jobs</title>
<item><title>Acme: Data Engineer: Platform</title><region>Anywhere in the World</region><state>California</state>
<type>Full-Time</type><description>&lt;p&gt;Build pipelines&lt;/p&gt;</description>
<pubDate>Fri, 27 Mar 2026 20:20:27 +0000</pubDate><guid>https://jobs.example/1</guid><link>https://jobs.example/1</link>
</item>
<item><title>Analyst</title><description>Reports</description><link>https://jobs.example/2</link></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Jobs</title><entry><title>Chef</title><id>tag:1</id>
<link href="https://jobs.example/3"/><updated>2026-03-27T20:20:27Z</updated><content type="html">Soups</content>
</entry></feed>"""


@pytest.fixture
def rss(server: Server, http: Http) -> Rss:
    section = {"enabled": True, "boards": [f"{server.url}/jobs.rss"], "starter": False}
    settings = Settings(http=http, sources={"rss": section})
    return Rss.build(settings.source_section("rss", Rss.settings_model), settings)


def records(rss: Rss) -> list[Any]:
    (board,) = rss.boards()
    return [posting.record for posting in rss.fetch(board, validators={}).postings]


def test_a_feed_is_read_and_closes_nothing(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(FEED.encode()))
    (board,) = rss.boards()
    fetched = rss.fetch(board, validators={})
    assert [posting.source_id for posting in fetched.postings] == ["https://jobs.example/1", "https://jobs.example/2"]
    assert not fetched.complete
    first, second = (Rss.draft(record) for record in records(rss))
    assert (first.company, first.title) == ("Acme", "Data Engineer: Platform")
    assert (first.location, first.employment_type) == ("Anywhere in the World", "Full-Time")
    assert first.posted_at == datetime(2026, 3, 27, 20, 20, 27, tzinfo=UTC)
    assert first.description == "<p>Build pipelines</p>"
    assert (second.company, second.title, second.posted_at) == (None, "Analyst", None)


def test_atom(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(ATOM.encode()))
    (draft,) = (Rss.draft(record) for record in records(rss))
    assert (draft.title, draft.url, draft.description) == ("Chef", "https://jobs.example/3", "Soups")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"<!DOCTYPE html><html>Are you human?</html>", BoardBlocked),
        (b'{"jobs": []}', SchemaDrift),
        (b"", SchemaDrift),
        (b"\xef\xbb\xbf<!-- x --> <html>Are you human?</html>", BoardBlocked),
    ],
)
def test_what_is_no_feed(server: Server, rss: Rss, content: bytes, error: type[Exception]) -> None:
    server.on("/jobs.rss", reply(content))
    with pytest.raises(error):
        records(rss)


def test_a_feed_that_is_cut_gives_the_entries_that_came_whole(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(FEED.encode()[: FEED.index("<item><title>Analyst") + 30]))
    (board,) = rss.boards()
    fetched = rss.fetch(board, validators={})
    assert [Rss.draft(posting.record).title for posting in fetched.postings] == ["Data Engineer: Platform"]
    assert fetched.message == "the feed is cut short; its last entry is left out"
    server.on("/jobs.rss", reply(FEED.encode()[: FEED.index("<region>")]))
    with pytest.raises(SchemaDrift, match="cut short"):
        records(rss)


def test_an_answer_that_names_a_file_or_an_address_opens_neither(server: Server, rss: Rss, tmp_path: Path) -> None:
    """feedparser takes such a text for what it is to read: https://feedparser.readthedocs.io, "parse"."""
    planted = tmp_path / "planted.rss"
    planted.write_text(FEED)
    for content in (str(planted), planted.as_uri(), f"{server.url}/internal"):
        server.on("/jobs.rss", reply(content.encode()))
        with pytest.raises(SchemaDrift):
            records(rss)
    assert server.asked("/internal") == 0


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_feed_in_any_encoding(server: Server, rss: Rss, encoding: str) -> None:
    feed = FEED.replace('"1.0"?', f'"1.0" encoding="{encoding}"?').replace("Analyst", "Café: Rôle")
    server.on("/jobs.rss", reply(feed.encode(encoding), Content_Type=f"text/xml; charset={encoding}"))
    draft = Rss.draft(records(rss)[1])
    assert (draft.company, draft.title) == ("Café", "Rôle")


def test_half_a_character_is_no_bug(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(FEED.replace("Analyst", "Analyst &#xD800;").encode()))
    with pytest.raises(SchemaDrift, match="cannot be read"):
        records(rss)


def test_no_date_but_the_published_one_is_made_up(server: Server, rss: Rss, recwarn: pytest.WarningsRecorder) -> None:
    server.on("/jobs.rss", reply(FEED.encode()))
    assert "updated" not in records(rss)[0]
    assert not [warning for warning in recwarn if "feedparser" in str(warning.message)]


@pytest.mark.parametrize(
    ("record", "name", "expected"),
    [
        ({"link": "https://weworkremotely.com/remote-jobs/1"}, "workplace", "remote"),
        ({"link": "https://jobs.example/1"}, "workplace", None),
        ({"link": "4711", "guid": "4711"}, "url", None),
        ({"link": "http://["}, "url", None),
        ({"region": "USA Only", "state": "Ontario", "country": "Canada"}, "location", "USA Only"),
        ({"region": " ", "state": "Ontario", "country": "Canada"}, "location", "Ontario, Canada"),
        ({"location": "Berlin", "region": "Europe Only"}, "location", "Berlin"),
        ({"content": "<p>long</p>", "summary": "short"}, "description", "<p>long</p>"),
        ({"title": "Acme: "}, "company", None),
        ({}, "unreadable", "neither a title nor a text"),
    ],
)
def test_draft_of_odd_fields(record: dict[str, Any], name: str, expected: object) -> None:
    assert getattr(Rss.draft(record), name) == expected


def test_entities_of_its_own_are_refused(server: Server, rss: Rss) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    server.on("/jobs.rss", reply((bomb + FEED[21:].replace("Reports", "&b;")).encode()))
    with pytest.raises(SchemaDrift, match="entities of its own"):
        records(rss)


def test_a_job_may_write_of_entities(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(FEED.replace("Reports", "<![CDATA[You know <!ENTITY and DTDs]]>").encode()))
    assert len(records(rss)) == 2


@pytest.mark.parametrize(
    ("name", "rows"), [("wwr_remote-jobs_2026-03.trimmed.xml", 3), ("wwr_remote-programming-jobs_2022-11.rss", 25)]
)
def test_recorded_answers(shared: Path, server: Server, rss: Rss, name: str, rows: int) -> None:
    server.on("/jobs.rss", reply((shared / "fixtures" / "wwr" / name).read_bytes()))
    drafts = [Rss.draft(record) for record in records(rss)]
    assert len(drafts) == rows
    assert all(
        draft.title and draft.company and draft.description and draft.url and draft.posted_at for draft in drafts
    )
    assert {draft.workplace for draft in drafts} == {"remote"}
    anywhere = sum(draft.location == "Anywhere in the World" for draft in drafts)
    assert anywhere == {3: 3, 25: 10}[rows], "three of the newer ones name the employer's state as well"


def test_what_an_address_keeps_in_the_environment_is_sent_and_stored_nowhere(
    server: Server, http: Http, lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FEED_PASSWORD", "pass word/1")
    monkeypatch.setenv("FEED_TOKEN", "t0ken&more")
    host = server.url.removeprefix("http://")
    good = f"http://me:${{FEED_PASSWORD}}@{host}/jobs.rss?token=${{FEED_TOKEN}}"
    bad = f"http://{host}/gone.rss?token=${{FEED_TOKEN}}"
    told = FEED.replace("Reports", "See https://jobs.example/?token=t0ken%26more or t0ken&amp;more and t0ken&more")
    server.on("/jobs.rss", reply(told.encode()))
    server.on("/gone.rss", reply({"error": "t0ken&more is no token"}, 400))
    settings = Settings(http=http, sources={"rss": {"enabled": True, "boards": [good, bad], "starter": False}})
    source = Rss.build(settings.source_section("rss", Rss.settings_model), settings)
    collected = collect(source, lake, run="1", now=datetime(2026, 11, 30, tzinfo=UTC))
    assert [(board.board, board.status) for board in collected.boards] == [(good, "ok"), (bad, "failed")]
    paths = dict(server.requests)
    assert paths["/jobs.rss?token=t0ken%26more"]["Authorization"] == requests.auth._basic_auth_str("me", "pass word/1")
    assert lake.count("raw_postings") == 2
    everything = [caplog.text, *(lake.read(table).to_csv() for table in ("raw_postings", "source_health"))]
    for secret in ("pass word/1", "pass%20word%2F1", "t0ken&more", "t0ken%26more"):
        assert not any(secret in text for text in everything)


def test_a_variable_that_is_not_set_is_named(server: Server, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEED_TOKEN", raising=False)
    address = f"{server.url}/jobs.rss?token=${{FEED_TOKEN}}"
    settings = Settings(http=http, sources={"rss": {"enabled": True, "boards": [address], "starter": False}})
    source = Rss.build(settings.source_section("rss", Rss.settings_model), settings)
    with pytest.raises(SourceError, match=r"names \$\{FEED_TOKEN\}, which is not set in the environment"):
        records(source)
    assert not server.requests
