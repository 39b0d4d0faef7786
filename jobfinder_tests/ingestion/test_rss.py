"""Feeds: both shapes of We Work Remotely, Atom, and what is no feed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import BoardBlocked, SchemaDrift
from jobfinder_assets.ingestion.sources.rss import Rss
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
    assert (first.location, first.employment_type) == ("California, Anywhere in the World", "Full-Time")
    assert first.posted_at == datetime(2026, 3, 27, 20, 20, 27, tzinfo=UTC)
    assert first.description == "<p>Build pipelines</p>"
    assert (second.company, second.title, second.posted_at) == (None, "Analyst", None)


def test_atom(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(ATOM.encode()))
    (draft,) = (Rss.draft(record) for record in records(rss))
    assert (draft.title, draft.url, draft.description) == ("Chef", "https://jobs.example/3", "Soups")


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"<!DOCTYPE html><html>Are you human?</html>", BoardBlocked), (b'{"jobs": []}', SchemaDrift), (b"", SchemaDrift)],
)
def test_what_is_no_feed(server: Server, rss: Rss, content: bytes, error: type[Exception]) -> None:
    server.on("/jobs.rss", reply(content))
    with pytest.raises(error):
        records(rss)


def test_a_feed_that_is_cut_gives_what_came(server: Server, rss: Rss) -> None:
    server.on("/jobs.rss", reply(FEED.encode()[: FEED.index("<item><title>Analyst") + 30]))
    assert Rss.draft(records(rss)[0]).title == "Data Engineer: Platform"


def test_entities_of_its_own_are_refused(server: Server, rss: Rss) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    server.on("/jobs.rss", reply((bomb + FEED[21:].replace("Reports", "&b;")).encode()))
    with pytest.raises(SchemaDrift, match="entities of its own"):
        records(rss)


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
