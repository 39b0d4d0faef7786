"""RSS and Atom feeds of jobs. Shipped off: We Work Remotely, the best known, does not want job search services."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, listed_boards
from jobfinder_assets.ingestion.contract import (
    BoardBlocked,
    Draft,
    Fetched,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    Terms,
)
from jobfinder_assets.ingestion.fields import moment, text
from jobfinder_assets.ingestion.http import HttpClient

_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9"
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
# What an entry is stored as: plain texts, whatever else the feed says of them.
_FIELDS = ("title", "link", "published", "updated", "author", "region", "country", "state", "category", "type",
           "expires_at", "skills", "location")  # fmt: skip


class RssSettings(BoardSettings):
    """`[sources.rss]`: `boards` are the feeds' addresses."""

    enabled: bool = False
    boards: tuple[str, ...] = ("https://weworkremotely.com/remote-jobs.rss",)


class Rss(Source):
    """Each feed is one board; what has left a feed may still be open, so nothing is closed."""

    name = "rss"
    kind = "feed"
    terms = Terms(
        homepage="https://weworkremotely.com/api-terms-and-guidelines",
        attribution="the feed's site; link to the posting",
        redistributable="unknown",
        note="We Work Remotely forbids job search services in its API's terms: switch its feed on only for yourself, "
        "and apply through its site.",
    )
    settings_model: ClassVar[type[BoardSettings]] = RssSettings

    def __init__(self, boards: Sequence[str], client: HttpClient) -> None:
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: RssSettings, settings: Settings) -> "Rss":
        return cls(listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        import feedparser

        answer = self._client.get_text(board, accept=_ACCEPT, validators=validators)
        if _ENTITY.search(answer.content):
            # A few lines of them can name a text of gigabytes.
            raise SchemaDrift(f"{board} declares XML entities of its own, which no feed needs")
        feed = feedparser.parse(answer.content, sanitize_html=False, resolve_relative_uris=False)
        if not feed.get("version"):
            if answer.content.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
                raise BoardBlocked(f"{board} answered with a web page instead of a feed")
            raise SchemaDrift(f"{board} is no RSS or Atom feed")
        records = [_record(entry) for entry in feed.entries]
        postings = [RawPosting(board, _identity(record), record) for record in records]
        return Fetched(board, postings, False, answer.bytes, answer.validators)

    @staticmethod
    def draft(record: Record) -> Draft:
        company, title = _named(text(record.get("title")) or "")
        description = text(record.get("content")) or text(record.get("summary"))
        return Draft(
            title=title,
            company=company or text(record.get("author")),
            description=description,
            location=_location(record),
            employment_type=text(record.get("type")),
            url=text(record.get("link")),
            posted_at=moment(record.get("published")) or moment(record.get("updated")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _record(entry: Mapping[str, Any]) -> dict[str, Any]:
    record = {name: entry[name] for name in _FIELDS if isinstance(entry.get(name), str)}
    record["summary"] = entry.get("summary", "")
    contents = [part.get("value", "") for part in entry.get("content", ())]
    if contents:
        record["content"] = "\n".join(contents)
    record["guid"] = entry.get("id") or entry.get("link") or ""
    return record


def _identity(record: Mapping[str, Any]) -> str:
    """The feed's own id, else the address, else what the entry says."""
    if name := text(record.get("guid")):
        return name
    return hashlib.sha256(f"{record.get('title')}\x1f{record.get('summary')}".encode()).hexdigest()[:16]


def _named(title: str) -> tuple[str | None, str | None]:
    """ "Company: Role" at the first colon that is followed by a blank; a title without one is the role."""
    company, colon, role = title.partition(": ")
    if colon and company.strip() and role.strip():
        return company.strip(), role.strip()
    return None, title.strip() or None


def _location(record: Mapping[str, Any]) -> str | None:
    parts = [text(record.get(name)) for name in ("location", "state", "country", "region")]
    return ", ".join(dict.fromkeys(part.strip() for part in parts if part)) or None
