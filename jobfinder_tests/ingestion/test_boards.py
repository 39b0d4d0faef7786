"""Which boards are read, and which system a careers page belongs to."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobfinder_assets.config import Home, Http, Settings
from jobfinder_assets.ingestion.boards import (
    Board,
    BoardsError,
    BoardSettings,
    address,
    keep_board,
    listed_boards,
    own_boards,
    starter_boards,
    without_password,
)
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import SourceError
from jobfinder_assets.ingestion.recognise import UnknownSystem, look, recognise
from jobfinder_tests.ingestion.conftest import Server, reply


def test_the_starter_list_is_long_and_each_board_stands_once() -> None:
    starters = starter_boards()
    assert len(starters) >= 60
    assert len({(entry.source, entry.board) for entry in starters}) == len(starters)
    assert {entry.source for entry in starters} <= set(source_classes())
    assert all(entry.company and re.fullmatch(r"[\w.:%-]+", entry.board) for entry in starters)


def test_own_boards_come_first_and_can_leave_a_starter_out(home: Home) -> None:
    keep_board(home, Board("lever", "acme", "Acme, Inc."))
    path = keep_board(home, Board("lever", "palantir", read=False))
    listed = listed_boards("lever", BoardSettings(boards=("mine",)), home)
    assert listed[:2] == ("mine", "acme")
    assert "palantir" not in listed and "spotify" in listed
    assert listed_boards("lever", BoardSettings(starter=False), home) == ("acme",)
    assert listed_boards("ashby", BoardSettings(starter=False), home) == ()
    keep_board(home, Board("lever", "palantir"))
    assert "palantir" in listed_boards("lever", BoardSettings(), home)
    assert path.read_text(encoding="utf-8").startswith('source,board,company,read\nlever,acme,"Acme, Inc.",yes\n')


@pytest.mark.parametrize(
    ("line", "words"),
    [("greenhouse,,x,yes", "line 2: a source and a board"), ("greenhouse,acme,x,maybe", "line 2: `read` is yes or no")],
)
def test_a_mistake_in_the_own_list_is_named(home: Home, line: str, words: str) -> None:
    (home.root / "boards.csv").write_text(f"source,board,company,read\n{line}\n", encoding="utf-8")
    with pytest.raises(BoardsError, match=words):
        own_boards(home)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://boards.greenhouse.io/acme", Board("greenhouse", "acme")),
        ("https://job-boards.greenhouse.io/acme/jobs/123?gh_src=x", Board("greenhouse", "acme")),
        ("https://job-boards.eu.greenhouse.io/acme", Board("greenhouse", "acme")),
        ("https://boards.greenhouse.io/embed/job_board/js?for=acme", Board("greenhouse", "acme")),
        ("https://boards.greenhouse.io/embed/job_board?b=https%3A%2F%2Fx&for=acme", Board("greenhouse", "acme")),
        ("https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true", Board("greenhouse", "acme")),
        ("https://jobs.lever.co/acme-labs/0c2a", Board("lever", "acme-labs")),
        ("https://jobs.eu.lever.co/acme", Board("lever", "eu:acme")),
        ("http://jobs.ashbyhq.com/Acme%20Labs/0c2a", Board("ashby", "Acme Labs")),
        (" https://jobs.ashbyhq.com/acme ", Board("ashby", "acme")),
    ],
)
def test_an_address_says_whose_board_it_is(url: str, expected: Board, http: Http) -> None:
    assert recognise(url, Settings(http=http)) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<iframe src="https://boards.greenhouse.io/embed/job_board?for=acme"></iframe>', Board("greenhouse", "acme")),
        ('<script>{"u":"https:\\/\\/jobs.lever.co\\/acme"}</script>', Board("lever", "acme")),
        ('<a href="//jobs.ashbyhq.com/acme/1"></a><a href="//jobs.ashbyhq.com/acme/2">', Board("ashby", "acme")),
        (
            '<a href="https://jobs.lever.co/other"><a href="https://jobs.lever.co/acme/1">'
            '<a href="https://jobs.lever.co/acme/2">',
            Board("lever", "acme"),
        ),
    ],
)
def test_a_careers_page_is_read_for_its_system(server: Server, http: Http, page: str, expected: Board) -> None:
    url = server.on("/careers", reply(f"<html><body>{page}</body></html>".encode(), Content_Type="text/html"))
    assert recognise(url, Settings(http=http)) == expected


def test_a_page_of_its_own_markup_or_a_feed_is_a_board_by_its_address(server: Server, http: Http) -> None:
    markup = b'<script type="application/ld+json">{"@type": "JobPosting"}</script>'
    url = server.on("/careers", reply(markup, Content_Type="text/html"))
    assert recognise(url, Settings(http=http)) == Board("jobposting", url)
    feed = server.on("/jobs.rss", reply(b'<?xml version="1.0"?><rss version="2.0"></rss>'))
    assert recognise(feed, Settings(http=http)) == Board("rss", feed)


def test_what_nobody_knows_is_said(server: Server, http: Http) -> None:
    url = server.on("/careers", reply(b"<html>Write to us.</html>"))
    with pytest.raises(UnknownSystem, match="known: ashby, greenhouse"):
        recognise(url, Settings(http=http))
    with pytest.raises(SourceError, match="404"):
        recognise(f"{server.url}/nowhere", Settings(http=http))


@pytest.mark.parametrize(
    "url",
    ["", "foo", "ftp://jobs.example/", "file:///etc/passwd", "javascript:1", "https://[::1", "https://a:b", "http://"],
)
def test_what_is_no_web_address_is_not_asked_for(http: Http, url: str) -> None:
    for read in (True, False):
        with pytest.raises(UnknownSystem, match="no web address"):
            recognise(url, Settings(http=http), read=read)


@pytest.mark.parametrize(
    ("path", "source"), [("/careers", "jobposting"), ("/jobs.rss", "rss"), ("/feed", "rss"), ("/rss-designers", "rss")]
)
def test_unread_an_address_is_a_page_or_a_feed_by_its_spelling(
    server: Server, http: Http, path: str, source: str
) -> None:
    assert recognise(f"{server.url}{path}", Settings(http=http), read=False) == Board(source, f"{server.url}{path}")
    assert not server.requests


def test_no_boards_name_holds_a_password(home: Home) -> None:
    board = "https://me:hunter2@jobs.example/feed?me:hunter2@"
    told = r"https://me:\*\*\*@jobs\.example/feed\S* holds a password: set it in the environment, and write \$\{NAME\}"
    with pytest.raises(BoardsError, match=told):
        keep_board(home, Board("rss", "https://me:hunter2@jobs.example/feed"))
    assert not own_boards(home)
    section = BoardSettings(boards=(board, "https://jobs.example/a:b@c"), starter=False)
    names = listed_boards("rss", section, home)
    assert names[1:] == ("https://jobs.example/a:b@c",)
    assert urlsplit(names[0]).password == "***"
    with pytest.raises(SourceError, match=told):
        address(names[0])
    keep_board(home, Board("rss", names[0], read=False))
    safe = "https://me:${PASSWORD}@jobs.example/feed"
    keep_board(home, Board("rss", safe))
    assert [address(name) for name in listed_boards("rss", section, home)] == ["https://jobs.example/a:b@c", safe]


@pytest.mark.parametrize(
    ("board", "name"),
    [
        ("https://me:p@ss@jobs.example/feed", "https://me:***@jobs.example/feed"),
        ("https://me:p]w@jobs.example/feed", "https://me:***@jobs.example/feed"),
        ("https://me:p/w#x@jobs.example/feed", "https://me:***@jobs.example/feed"),
        ("https://me:${X}rest@jobs.example/feed", "https://me:***@jobs.example/feed"),
        ("https://t0ken@jobs.example/feed", "https://***@jobs.example/feed"),
        ("https://t0ken:@jobs.example/feed", "https://***:@jobs.example/feed"),
        ("https://${T}:@jobs.example/feed", None),
        ("https://me:${P}@jobs.example/feed", None),
        ("https://jobs.example:8080/@me/feed?a:b@c", None),
        ("http://[::1]:8080/@me", None),
        ("http://[::1]/@me", None),
        ("acme", None),
        ("me:you@acme", None),
    ],
)
def test_what_a_boards_name_leaves_out(board: str, name: str | None) -> None:
    assert without_password(board) == (name or board)
    if name:
        with pytest.raises(SourceError, match="holds a password"):
            address(name)
    else:
        assert address(board) == board


def test_a_board_that_names_a_variable_is_looked_at(
    server: Server, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEED_TOKEN", "s3cret-token")
    server.on("/feed.rss", reply(b"<rss version='2.0'><channel><item><title>Chef</title></item></channel></rss>"))
    url = f"{server.url}/feed.rss?token=${{FEED_TOKEN}}"
    board = recognise(url, Settings(http=http))
    assert board == Board("rss", url)
    assert look(board, Settings(http=http)).titles == ("Chef",)
    assert {path for path, _ in server.requests} == {"/feed.rss?token=s3cret-token"}


def test_a_password_in_an_address_is_not_told(http: Http) -> None:
    with pytest.raises(SourceError, match=r"^localhost:1 cannot be reached"):
        recognise("http://me:hidden@localhost:1/careers", Settings(http=http))


def test_a_board_is_looked_at_before_it_is_kept(server: Server, http: Http) -> None:
    settings = Settings(http=http, sources={"greenhouse": {"base_url": server.url}})
    jobs = [{"id": number, "title": f"Engineer {number}"} for number in range(5)]
    server.on("/v1/boards/acme/jobs", reply({"jobs": jobs}), reply({"jobs": []}))
    sighted = look(Board("greenhouse", "acme"), settings)
    assert (sighted.postings, sighted.titles) == (5, ("Engineer 0", "Engineer 1", "Engineer 2"))
    with pytest.raises(SourceError, match="gives no postings"):
        look(Board("greenhouse", "acme"), settings)


def test_the_own_list_is_found_in_the_home(home: Home) -> None:
    assert own_boards(home) == ()
    assert keep_board(home, Board("rss", "https://jobs.example/feed")) == Path(home.root / "boards.csv")
