"""News: each opening is told once, a mail only where one is configured, and a failed mail loses nothing."""

import json
import smtplib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from jobfinder_assets.config import Home, Mail
from jobfinder_assets.ingestion.contract import Terms
from jobfinder_assets.recommendations.news import MailError, Told, tell
from jobfinder_assets.recommendations.reasons import Sentence, to_json
from jobfinder_tests.recommendations.conftest import NOW

TERMS = {"lever": Terms("https://lever.example", "Lever", "unknown")}


def listed(*clusters: str, band: str = "strong", day: int = 0, title: str = "Data Engineer") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "rank": number, "posting_id": f"p-{name}", "cluster_id": name, "band": band, "title": title,
                "company": name, "location": "Berlin", "country": "DE", "workplace": "remote", "source": "lever",
                "salary_annual_usd": 90_000.0, "role": "data_engineer", "seniority": "senior", "is_new": True,
                "url": f"https://jobs.example/{name}", "also_seen_on": None, "posted_at": NOW, "score": 1.0,
                "reasons": to_json([Sentence("mentions dbt", 0.5)]), "model_version": "1",
                "recommended_at": pd.Timestamp(NOW + timedelta(days=day)),
            }
            for number, name in enumerate(clusters, start=1)
        ]
    )  # fmt: skip


def news(home: Home, frame: pd.DataFrame, mail: Mail | None = None, to: str = "", **options: Any) -> Told:
    return tell(frame, TERMS, home, profile="ann", mail=mail or Mail(), to=to, **options)


def test_each_opening_is_told_once(home: Home) -> None:
    assert [job.company for job in news(home, listed("a", "b")).jobs] == ["a", "b"]
    assert news(home, listed("a", "b")) == Told((), ())
    later = news(home, listed("b", "c", day=1))
    assert [job.company for job in later.jobs] == ["c"]
    page = next(path for path in later.files if path.suffix == ".html").read_text(encoding="utf-8")
    assert "jobs.example/c" in page and "jobs.example/b" not in page
    feed = ElementTree.fromstring((home.digests / "ann" / "news" / "feed.rss").read_text(encoding="utf-8"))
    assert [item.findtext("link") for item in feed.iter("item")] == [f"https://jobs.example/{n}" for n in "cba"]


def test_an_opening_is_told_once_whatever_its_cluster_is_called(home: Home) -> None:
    """A cluster bears the name of its smallest posting, which may join after the opening was told."""
    first = listed("b").assign(posting_id="b")
    joined = listed("a").assign(posting_id="a")
    assert len(news(home, first, cluster_of=pd.Series({"b": "b"})).jobs) == 1
    assert news(home, joined, cluster_of=pd.Series({"a": "a", "b": "a"})) == Told((), ())
    # The list of before, still there to be told.
    assert news(home, first, cluster_of=pd.Series({"a": "a", "b": "a"})) == Told((), ())


def test_an_opening_is_known_by_the_copy_that_was_shown(home: Home) -> None:
    assert len(news(home, listed("b").assign(posting_id="c"), cluster_of=pd.Series({"b": "b", "c": "b"})).jobs) == 1
    gone = pd.Series({"a": "a", "c": "a"})
    assert news(home, listed("a").assign(posting_id="a"), cluster_of=gone) == Told((), ())
    assert len(news(home, listed("d").assign(posting_id="d"), cluster_of=gone).jobs) == 1


def test_what_was_told_before_postings_were_remembered_is_not_told_again(home: Home) -> None:
    entry = {"title": "Data Engineer", "link": "", "description": "", "pubDate": "", "guid": "lever b"}
    folder = home.digests / "ann" / "news"
    folder.mkdir(parents=True)
    (folder / "told.json").write_text(json.dumps({"b": entry}), encoding="utf-8")
    assert news(home, listed("b")) == Told((), ())
    joined = listed("a", "c").assign(posting_id=["a", "c"])
    told = news(home, joined, cluster_of=pd.Series({"a": "a", "b": "a", "c": "c"}))
    assert [job.company for job in told.jobs] == ["c"]
    feed = ElementTree.fromstring((folder / "feed.rss").read_text(encoding="utf-8"))
    assert len(list(feed.iter("item"))) == 2


def test_what_is_unlikely_is_no_news(home: Home) -> None:
    assert news(home, listed("a", band="unlikely")) == Told((), ())
    assert not (home.digests / "ann" / "news").exists()


@pytest.mark.parametrize("title", ["<b>Chef</b> & co", "a\x00b\x0bc", "]]>"])
def test_the_feed_is_whole_whatever_a_title_holds(home: Home, title: str) -> None:
    news(home, listed("a", title=title))
    ElementTree.fromstring((home.digests / "ann" / "news" / "feed.rss").read_text(encoding="utf-8"))


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as a mail needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 post\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.received.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def post() -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        server.received = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_mail_is_sent_where_one_is_configured(home: Home, post: socketserver.TCPServer) -> None:
    mail = Mail(host="127.0.0.1", port=post.server_address[1], starttls=False, sender="jobs@mail.example")
    assert news(home, listed("a"), mail).mailed_to == ""
    assert news(home, listed("b"), mail, "ann@mail.example").mailed_to == "ann@mail.example"
    (message,) = post.received  # type: ignore[attr-defined]
    assert "Subject: 1 new jobs for ann" in message and "To: ann@mail.example" in message
    assert "text/plain" in message and "text/html" in message


def test_a_mail_that_fails_is_tried_again_with_its_jobs(home: Home, post: socketserver.TCPServer) -> None:
    port = post.server_address[1]
    with pytest.raises(MailError, match=r"check \[mail\] in jobfinder.toml"):
        news(home, listed("a"), Mail(host="127.0.0.1", port=1, starttls=False), "ann@mail.example")
    mail = Mail(host="127.0.0.1", port=port, starttls=False, sender="jobs@mail.example")
    assert [job.company for job in news(home, listed("a"), mail, "ann@mail.example").jobs] == ["a"]


class Server:
    """In the place of `smtplib.SMTP`: what was asked of it, in order."""

    asked: list[str]
    context: ssl.SSLContext | None

    def __init__(self, *_: Any, **__: Any) -> None:
        Server.asked, Server.context = [], None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None: ...

    def starttls(self, *, context: ssl.SSLContext | None = None) -> None:
        Server.asked.append("starttls")
        Server.context = context

    def login(self, user: str, password: str) -> None:
        Server.asked.append("login")

    def send_message(self, message: object) -> None:
        Server.asked.append("send")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    Server.asked, Server.context = [], None
    monkeypatch.setattr(smtplib, "SMTP", Server)
    return Server


def test_the_mail_servers_certificate_is_verified_before_the_password_is_sent(home: Home, server: type[Server]) -> None:
    news(home, listed("a"), Mail(host="mail.example", user="ann"), "ann@mail.example")
    assert server.asked == ["starttls", "login", "send"]
    assert server.context is not None
    assert server.context.verify_mode is ssl.CERT_REQUIRED and server.context.check_hostname


@pytest.mark.parametrize("host", ["mail.example", "192.0.2.1", "localhost.example"])
def test_no_password_goes_over_the_network_unencrypted(home: Home, server: type[Server], host: str) -> None:
    mail = Mail(host=host, user="ann", starttls=False)
    with pytest.raises(MailError, match="starttls = true"):
        news(home, listed("a"), mail, "ann@mail.example")
    assert server.asked == []
    assert len(news(home, listed("a")).jobs) == 1, "it was not told"


@pytest.mark.parametrize("host", ["localhost", "Localhost", "127.0.0.1", "127.0.0.53", "::1"])
def test_a_password_may_go_to_this_machine_unencrypted(home: Home, server: type[Server], host: str) -> None:
    news(home, listed("a"), Mail(host=host, user="ann", starttls=False), "ann@mail.example")
    assert server.asked == ["login", "send"]


def test_without_a_user_a_mail_needs_no_encryption(home: Home, server: type[Server]) -> None:
    news(home, listed("a"), Mail(host="mail.example", starttls=False, sender="jobs@mail.example"), "ann@mail.example")
    assert server.asked == ["send"]
