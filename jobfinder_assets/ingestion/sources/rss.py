"""RSS and Atom feeds of jobs. Shipped off: We Work Remotely, the best known, does not want job search services."""

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, address, listed_boards
from jobfinder_assets.ingestion.contract import (
    BoardBlocked,
    Draft,
    Fetched,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    Terms,
    well_formed,
)
from jobfinder_assets.ingestion.fields import moment, text
from jobfinder_assets.ingestion.http import HttpClient, Key

_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9"
# Only what stands before the root element is a declaration; a job's text may quote one.
_ROOT = re.compile(r"<(?:rss|feed|rdf:RDF)\b", re.IGNORECASE)
_END = re.compile(r"</(?:rss|feed|rdf:RDF)\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
# Sites that list nothing but remote jobs.
_REMOTE_ONLY = frozenset({"weworkremotely.com", "www.weworkremotely.com"})
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
        boards = listed_boards(cls.name, section, settings.home)
        return cls(boards, HttpClient.of(cls, settings, key=Key.of_addresses(boards)))

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        import feedparser

        answer = self._client.get_text(address(board), accept=_ACCEPT, validators=validators)
        root = _ROOT.search(answer.content)
        if _ENTITY.search(answer.content, 0, root.start() if root else len(answer.content)):
            # A few lines of them can name a text of gigabytes.
            raise SchemaDrift(f"{board} declares XML entities of its own, which no feed needs")
        try:
            # As a stream: a text that is an address or a file's path, feedparser would open.
            feed = feedparser.parse(
                io.BytesIO(well_formed(answer.content).encode()),
                response_headers={"content-type": "application/xml; charset=utf-8"},
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except (ValueError, RecursionError) as error:
            # Such as half a character, `&#xD800;`.
            raise SchemaDrift(f"{board} cannot be read: {error}") from error
        if not feed.get("version"):
            if _PAGE.search(answer.content, 0, 1_000):
                raise BoardBlocked(f"{board} answered with a web page instead of a feed")
            raise SchemaDrift(f"{board} is no RSS or Atom feed")
        # Of broken XML feedparser reads what it can: where the end is missing, the last entry is half a one.
        cut = bool(feed.get("bozo")) and not _END.search(answer.content)
        records = [_record(entry) for entry in (feed.entries[:-1] if cut else feed.entries)]
        if cut and not records:
            raise SchemaDrift(f"{board} is cut short")
        postings = [RawPosting(board, _identity(record), record) for record in records]
        message = "the feed is cut short; its last entry is left out" if cut else ""
        return Fetched(board, postings, False, answer.bytes, answer.validators, message)

    @staticmethod
    def draft(record: Record) -> Draft:
        company, title = _named(text(record.get("title")) or "")
        description = text(record.get("content")) or text(record.get("summary"))
        url = _address(record)
        return Draft(
            title=title,
            company=company or text(record.get("author")),
            description=description,
            location=_location(record),
            workplace="remote" if url and urlsplit(url).netloc.lower() in _REMOTE_ONLY else None,
            employment_type=text(record.get("type")),
            url=url,
            posted_at=moment(record.get("published")) or moment(record.get("updated")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _record(entry: Mapping[str, Any]) -> dict[str, Any]:
    # `in` first: asked for "updated", feedparser warns and gives "published".
    record = {name: entry[name] for name in _FIELDS if name in entry and isinstance(entry[name], str)}
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


def _address(record: Mapping[str, Any]) -> str | None:
    """The link; where there is none, feedparser gives the guid, which may be any text."""
    link = (text(record.get("link")) or "").strip()
    try:
        return link if urlsplit(link).scheme in ("http", "https") else None
    except ValueError:
        return None


def _location(record: Mapping[str, Any]) -> str | None:
    """Where one may live. We Work Remotely's `state` is the employer's: "Anywhere in the World" has one."""
    for names in (("location",), ("region",), ("state", "country")):
        parts = [(text(record.get(name)) or "").strip() for name in names]
        if place := ", ".join(part for part in parts if part):
            return place
    return None
