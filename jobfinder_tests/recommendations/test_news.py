"""News: each opening is told once, a mail only where one is configured, and a failed mail loses nothing."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
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


def news(home: Home, frame: pd.DataFrame, mail: Mail | None = None, to: str = "") -> Told:
    return tell(frame, TERMS, home, profile="ann", mail=mail or Mail(), to=to)


def test_each_opening_is_told_once(home: Home) -> None:
    assert [job.company for job in news(home, listed("a", "b")).jobs] == ["a", "b"]
    assert news(home, listed("a", "b")) == Told((), ())
    later = news(home, listed("b", "c", day=1))
    assert [job.company for job in later.jobs] == ["c"]
    page = next(path for path in later.files if path.suffix == ".html").read_text(encoding="utf-8")
    assert "jobs.example/c" in page and "jobs.example/b" not in page
    feed = ElementTree.fromstring((home.digests / "ann" / "news" / "feed.rss").read_text(encoding="utf-8"))
    assert [item.findtext("link") for item in feed.iter("item")] == [f"https://jobs.example/{n}" for n in "cba"]


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
