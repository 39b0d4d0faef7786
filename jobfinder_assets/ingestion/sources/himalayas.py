"""Himalayas' remote jobs: https://himalayas.app/api, no key, the newest first in pages of twenty."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    Pay,
    Query,
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

# More are not given, whatever is asked for.
_ROWS_OF_A_PAGE = 20
_PERIODS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "annual": "year"}
# In every currency that is paid in, less than this is no year's pay.
_LEAST_OF_A_YEAR = 1_000


class HimalayasSettings(SourceSettings):
    """`[sources.himalayas]`: `pages` of 20 jobs each are read at most; there are some 5,000 of them in all."""

    base_url: str = "https://himalayas.app"
    pages: Annotated[int, Field(ge=1, le=100)] = 5


class Himalayas(Source):
    """The newest jobs, descriptions included: a job that is missing from them may well be open."""

    name = "himalayas"
    kind = "feed"
    terms = Terms(
        homepage="https://himalayas.app/api",
        attribution="Himalayas; link to the posting at himalayas.app",
        redistributable="unknown",
        note="Free; asks to be named and linked to wherever its jobs are shown.",
    )
    settings_model: ClassVar[type[SourceSettings]] = HimalayasSettings

    def __init__(self, section: HimalayasSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: HimalayasSettings, settings: Settings) -> "Himalayas":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self._read(_Pages(self._client, self._url, board))

    def search(self, board: str, query: Query) -> Fetched:
        """Jobs that the words find. The place is not asked for: the source knows countries only."""
        return self._read(_Pages(self._client, f"{self._url}/search", board, query.words.strip()))

    @property
    def _url(self) -> str:
        return f"{self._section.base_url.rstrip('/')}/jobs/api"

    def _read(self, pages: "_Pages") -> Fetched:
        read = read_pages(pages.board, pages.read, most=self._section.pages)
        # How the end of the feed looks is not known, so that nothing may close because of it.
        read.complete = False
        notes = [read.message, f"{pages.odd} rows without an id left out" if pages.odd else ""]
        read.message = "; ".join(note for note in notes if note)
        return read

    @staticmethod
    def draft(record: Record) -> Draft:
        title = text(record.get("title"))
        description = text(record.get("description")) or text(record.get("excerpt"))
        return Draft(
            title=title,
            company=text(record.get("companyName")),
            description=description,
            location=_places(record.get("locationRestrictions")),
            # The site lists nothing else.
            workplace="remote",
            pay=_pay(record),
            employment_type=text(record.get("employmentType")),
            url=_address(record),
            # Seconds, although the documentation says milliseconds; either is read.
            posted_at=moment(record.get("pubDate")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Pages:
    """The feed's pages; or those of a search for `words`, which alone are numbered and may be short before the last.

    The feed is read on by the cursor that each answer names; answers before August 2026 named none, and are read on
    by an offset, which the source has announced to abolish.

    odd: rows without an id so far.
    """

    def __init__(self, client: HttpClient, url: str, board: str, words: str | None = None) -> None:
        self._client, self._url, self._words = client, url, words
        self.board = board
        self._cursor: str | None = None
        self._rows = 0
        self._seen: set[str] = set()
        self.odd = 0

    def read(self, index: int) -> Page:
        answer = self._client.get_json(self._url, params=self._params(index))
        content = mapping(answer.content)
        rows = content.get("jobs")
        if not isinstance(rows, list):
            raise SchemaDrift(f"page {index + 1} holds no list of jobs")
        known = [row for row in rows if text(mapping(row).get("guid")) is not None]
        if rows and not known:
            raise SchemaDrift(f"page {index + 1}: no job has a guid")
        self.odd += len(rows) - len(known)
        self._rows += len(rows)
        postings = [RawPosting(self.board, str(row["guid"]), dict(row)) for row in known]
        # A server that does not know the parameter any more would give its first page for ever.
        news = {posting.source_id for posting in postings} - self._seen
        self._seen |= news
        before, self._cursor = self._cursor, text(content.get("nextCursor"))
        if self._cursor or before:
            ended = self._cursor is None
        else:
            ended = self._rows >= (number(content.get("totalCount")) or math.inf)
        return Page(postings, answer.bytes, last=ended or not news)

    def _params(self, index: int) -> dict[str, Any]:
        if self._words is not None:
            return {"q": self._words, "page": index + 1}
        return {"limit": _ROWS_OF_A_PAGE} | ({"cursor": self._cursor} if self._cursor else {"offset": self._rows})


def _places(value: Any) -> str | None:
    """The countries that one may live in: names, or objects with a name as in the documentation."""
    listed = value if isinstance(value, list) else []
    names = [text(mapping(place).get("name")) or text(place) for place in listed]
    return "; ".join(dict.fromkeys(name for name in names if name)) or None


def _address(record: Record) -> str | None:
    """The posting's page at Himalayas, to which its terms ask to link; it is the id as well."""
    page = text(record.get("guid"))
    return page if page and page.startswith("http") else text(record.get("applicationLink"))


def _pay(record: Record) -> Pay | None:
    """The salary, where there is one: a currency stands there without it too.

    Its period is a field of its own since 2026. Where that is missing the amounts are of a year: the documentation
    says so, and the one recorded row that can be checked agrees, whose text offers 50,000 to 55,000 pesos (a month)
    and whose fields hold twelve times that. Not believed are amounts too small for a year, and unknown periods.
    """
    low, high = number(record.get("minSalary")), number(record.get("maxSalary"))
    if low is None and high is None:
        return None
    stated = text(record.get("salaryPeriod"))
    period = _PERIODS.get(stated.strip().lower()) if stated else "year"
    if period == "year" and (high or low or 0) < _LEAST_OF_A_YEAR:
        period = None
    return Pay(low, high, text(record.get("currency")), period)
