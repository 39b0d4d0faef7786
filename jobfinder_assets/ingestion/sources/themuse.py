"""The Muse: https://www.themuse.com/developers/api/v2, without a key 500 requests an hour.

Its list holds some 300,000 jobs and is in no order of time: each board is one category, of which the first pages are
read. Levels are not believed (a shop assistant is "Senior Level").
"""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pyrate_limiter import Duration, Rate

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
from jobfinder_assets.ingestion.http import HttpClient, Key
from jobfinder_assets.ingestion.paging import Page, read_pages

KEY = "THEMUSE_API_KEY"
_REMOTE = "flexible / remote"


class TheMuseSettings(SourceSettings):
    """`[sources.themuse]`: `categories` as the site names them; `pages` of 20 jobs are read of each."""

    base_url: str = "https://www.themuse.com"
    categories: tuple[str, ...] = ("Data and Analytics", "Data Science")
    pages: Annotated[int, Field(ge=1, le=100)] = 10


class TheMuse(Source):
    """One board per category. A key of one's own in THEMUSE_API_KEY is sent; the pace stays that of no key."""

    name = "themuse"
    kind = "feed"
    terms = Terms(
        homepage="https://www.themuse.com/developers/api/v2",
        attribution="The Muse; link to the posting",
        redistributable="unknown",
        note="A public API; its terms could not be read when this was written: look before you pass anything on.",
    )
    rates = (Rate(500, Duration.HOUR),)
    settings_model: ClassVar[type[SourceSettings]] = TheMuseSettings

    def __init__(self, section: TheMuseSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: TheMuseSettings, settings: Settings) -> "TheMuse":
        key = os.environ.get(KEY, "").strip()
        return cls(section, HttpClient.of(cls, settings, Key(params={"api_key": key} if key else {})))

    def boards(self) -> Sequence[str]:
        return tuple(dict.fromkeys(self._section.categories))

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        odd, total, ids = 0, 0.0, set[str]()

        def page(index: int) -> Page:
            nonlocal odd, total
            url = f"{self._section.base_url.rstrip('/')}/api/public/jobs"
            answer = self._client.get_json(url, params={"page": str(index), "category": board})
            content = mapping(answer.content)
            rows = content.get("results")
            if not isinstance(rows, list):
                raise SchemaDrift(f"category {board!r}: the answer holds no list of results")
            postings = [RawPosting(board, str(row["id"]), dict(row)) for row in rows if _is_job(row)]
            if rows and not postings:
                raise SchemaDrift(f"category {board!r}: no job has an id")
            odd += len(rows) - len(postings)
            ids.update(posting.source_id for posting in postings)
            total = number(content.get("total")) or 0
            pages = content.get("page_count")
            return Page(postings, answer.bytes, not rows or (isinstance(pages, int) and index + 1 >= pages))

        fetched = read_pages(board, page, most=self._section.pages)
        # The list is in no order: while it is read, jobs move from page to page, and one that moved has not closed.
        missed = fetched.complete and len(ids) + odd < total
        fetched.complete = fetched.complete and not missed
        notes = [
            fetched.message,
            f"{odd} rows without an id left out" if odd else "",
            f"{len(ids)} of {total:g} jobs came" if missed else "",
        ]
        fetched.message = "; ".join(note for note in notes if note)
        return fetched

    @staticmethod
    def draft(record: Record) -> Draft:
        places = _named(record.get("locations"))
        remote = any(place.lower() == _REMOTE for place in places)
        title, description = text(record.get("name")), text(record.get("contents"))
        return Draft(
            title=title,
            company=text(mapping(record.get("company")).get("name")),
            description=description,
            location="; ".join("Remote" if place.lower() == _REMOTE else place for place in places) or None,
            # Beside a city it is an offer to choose.
            workplace="remote" if remote and len(places) == 1 else None,
            url=text(mapping(record.get("refs")).get("landing_page")),
            posted_at=moment(record.get("publication_date")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _is_job(row: Any) -> bool:
    return isinstance(row, Mapping) and text(row.get("id")) is not None


def _named(values: Any) -> list[str]:
    names = [text(mapping(value).get("name")) for value in values] if isinstance(values, list) else []
    return list(dict.fromkeys(name.strip() for name in names if name))
