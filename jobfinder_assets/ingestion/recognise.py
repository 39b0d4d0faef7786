"""Which source reads the careers page at a web address, and whether it does."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import Board, BoardSettings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import SourceError
from jobfinder_assets.ingestion.http import HttpClient, Key

_PAGE = "text/html, application/rss+xml;q=0.9, application/xml;q=0.8"
_ADDRESS = re.compile(r"""(?:https?:)?//[^\s"'<>\\]{4,500}""")
_JOB_POSTING = re.compile(r"""["']@type["']\s*:\s*\[?\s*["'](?:https?://schema\.org/)?JobPosting["']""")
_FEED = re.compile(r"<(?:rss|feed|rdf:RDF)\b", re.IGNORECASE)
_FEED_ADDRESS = re.compile(r"\.(?:rss|xml|atom)\b|/(?:rss|feed|atom)\b", re.IGNORECASE)
_SHOWN = 3


class UnknownSystem(ValueError):
    """No source reads this address; the message says which would."""


@dataclass(frozen=True)
class Sighted:
    """A board that was read: how many postings it has, and the titles of a few."""

    board: Board
    postings: int
    titles: tuple[str, ...]


def recognise(url: str, settings: Settings, *, read: bool = True) -> Board:
    """The board at `url`: by the address itself, else by what the page there links to or holds.

    Without `read` nothing is asked for: an address that tells nothing is a feed or a page, by how it is spelled.

    Raises
    ------
    UnknownSystem
        When neither tells, or it is no web address.
    SourceError
        When the page cannot be read.
    """
    if (board := _addressed(url)) is not None:
        return board
    if not _is_web_address(url):
        raise UnknownSystem(f"{url!r} is no web address; those begin with https:// and a server's name")
    if not read:
        return Board("rss" if _FEED_ADDRESS.search(url) else "jobposting", url)
    page = HttpClient(settings.http, key=Key.of_addresses([url])).get_text(url, accept=_PAGE).content
    # Scripts spell addresses with "\/".
    linked = Counter(filter(None, map(_addressed, _addresses(html.unescape(page).replace("\\/", "/")))))
    if linked:
        return linked.most_common(1)[0][0]
    if _FEED.search(page[:2_000]):
        return Board("rss", url)
    if _JOB_POSTING.search(page):
        return Board("jobposting", url)
    systems = ", ".join(name for name, source in source_classes().items() if source.kind == "ats")
    raise UnknownSystem(
        f"{url} belongs to no system that jobfinder knows, links to none, and holds no schema.org JobPosting; "
        f"known: {systems}, and RSS feeds"
    )


def look(board: Board, settings: Settings) -> Sighted:
    """Read the board once, as the source will. Raises `SourceError` when it cannot be, or gives nothing."""
    source_class = source_classes()[board.source]
    section = settings.source_section(board.source, source_class.settings_model)
    if isinstance(section, BoardSettings):
        # It is not listed yet, and may name what the environment holds.
        section = section.model_copy(update={"boards": (*section.boards, board.board)})
    source = source_class.build(section, settings)
    drafts = [source_class.draft(posting.record) for posting in source.fetch(board.board, validators={}).postings]
    if not drafts:
        raise SourceError(f"{board.source} board {board.board!r} gives no postings: look at the page in a browser")
    titles = (draft.title for draft in drafts if draft.title)
    return Sighted(board, len(drafts), tuple(islice(titles, _SHOWN)))


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _addressed(url: str) -> Board | None:
    for name, source in source_classes().items():
        if (board := source.board_of(url)) is not None:
            return Board(name, board)
    return None


def _addresses(page: str) -> Iterator[str]:
    for found in _ADDRESS.finditer(page):
        yield found[0] if found[0].startswith("http") else f"https:{found[0]}"
