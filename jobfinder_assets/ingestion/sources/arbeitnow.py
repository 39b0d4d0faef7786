"""Arbeitnow's job board, mostly of Germany: https://www.arbeitnow.com/blog/job-board-api, no key, newest first."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient
from jobfinder_assets.ingestion.paging import Page, read_pages

BOARD = "jobs"

_ROWS_OF_A_PAGE = 100


class ArbeitnowSettings(SourceSettings):
    """`[sources.arbeitnow]`: `pages` of 100 jobs each, the newest first, are read at most."""

    base_url: str = "https://www.arbeitnow.com"
    pages: Annotated[int, Field(ge=1, le=100)] = 5


class Arbeitnow(Source):
    """The newest jobs, descriptions included."""

    name = "arbeitnow"
    kind = "feed"
    terms = Terms(
        homepage="https://www.arbeitnow.com/blog/job-board-api",
        attribution="Arbeitnow; link to the posting at arbeitnow.com",
        redistributable="unknown",
        note="Free and not to be abused; a link back is appreciated. Renewed once an hour.",
    )
    settings_model: ClassVar[type[SourceSettings]] = ArbeitnowSettings

    def __init__(self, section: ArbeitnowSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: ArbeitnowSettings, settings: Settings) -> "Arbeitnow":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        pages = _Pages(self._client, f"{self._section.base_url.rstrip('/')}/api/job-board-api", board)
        read = read_pages(board, pages.read, most=self._section.pages)
        # A short page ends the reading; that it ends the board must be said by the board, or jobs would close.
        read.complete = read.complete and pages.ended
        notes = [read.message, f"{pages.odd} rows without an id left out" if pages.odd else ""]
        read.message = "; ".join(note for note in notes if note)
        return read

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("title")), text(record.get("description"))
        return Draft(
            title=title,
            company=text(record.get("company_name")),
            description=description,
            location=text(record.get("location")),
            # Of a job that is not remote, nobody says whether it is hybrid.
            workplace="remote" if record.get("remote") is True else None,
            employment_type=_listed(record.get("job_types")),
            url=text(record.get("url")),
            posted_at=moment(record.get("created_at")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Pages:
    """Pages by their number: `links.next` can lead into a search that nobody asked for, and is not followed.

    odd: rows without an id so far.
    ended: whether the last page read says that no other follows.
    """

    def __init__(self, client: HttpClient, url: str, board: str) -> None:
        self._client, self._url, self._board = client, url, board
        self.odd = 0
        self.ended = False

    def read(self, index: int) -> Page:
        answer = self._client.get_json(self._url, params={"page": index + 1})
        content = mapping(answer.content)
        rows = content.get("data")
        if not isinstance(rows, list):
            raise SchemaDrift(f"page {index + 1} holds no list of jobs")
        known = [row for row in rows if text(mapping(row).get("slug")) is not None]
        if rows and not known:
            raise SchemaDrift(f"page {index + 1}: no job has a slug")
        self.odd += len(rows) - len(known)
        self.ended = mapping(content.get("links")).get("next", "unknown") is None
        postings = [RawPosting(self._board, str(row["slug"]), dict(row)) for row in known]
        full = number(mapping(content.get("meta")).get("per_page")) or _ROWS_OF_A_PAGE
        return Page(postings, answer.bytes, last=len(rows) < full)


def _listed(value: Any) -> str | None:
    """The words of a list: "Internship, hilfstätigkeit / student"."""
    words = [text(word) for word in value] if isinstance(value, list) else [text(value)]
    return ", ".join(word for word in words if word) or None
