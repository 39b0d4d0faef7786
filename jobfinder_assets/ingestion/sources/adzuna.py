"""Adzuna, a search over many job boards: https://developer.adzuna.com, with a free key of the user's own.

A posting comes with the first 500 characters of its text, and often with pay that Adzuna has guessed.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import Field
from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    NOTE,
    NOTHING_STORED,
    BoardBlocked,
    Draft,
    Fetched,
    Known,
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
from jobfinder_assets.ingestion.http import HttpClient, Key
from jobfinder_assets.ingestion.paging import Page, read_pages
from jobfinder_assets.ingestion.searches import wanted_searches

# The most that a page may have.
_PAGE_ROWS = 50
# An answer never names the currency: it is that of the country searched.
_CURRENCIES = {
    "at": "EUR", "au": "AUD", "be": "EUR", "br": "BRL", "ca": "CAD", "ch": "CHF", "de": "EUR", "es": "EUR", "fr": "EUR",
    "gb": "GBP", "in": "INR", "it": "EUR", "mx": "MXN", "nl": "EUR", "nz": "NZD", "pl": "PLN", "sg": "SGD", "us": "USD",
    "za": "ZAR",
}  # fmt: skip
# Links name the app id, which the client strikes out.
_STRUCK_OUT = re.compile(r"(?<=[?&])utm_source=\[key\]&?")


class AdzunaSettings(SourceSettings):
    """`[sources.adzuna]`: needs ADZUNA_APP_ID and ADZUNA_APP_KEY in the environment, free at developer.adzuna.com.

    countries: two-letter codes of the countries to search, such as us, gb, de.
    queries: what to search for; empty: the `searches` of the profiles.
    pages: how many pages of 50 to read for each query and country, a request each.
    """

    enabled: bool = False
    base_url: str = "https://api.adzuna.com"
    countries: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}$")], ...] = ("us",)
    queries: tuple[str, ...] = ()
    pages: Annotated[int, Field(ge=1, le=20)] = 2


class Adzuna(Source):
    """Each board is a country: the newest postings that the queries find there."""

    name = "adzuna"
    kind = "feed"
    terms = Terms(
        homepage="https://developer.adzuna.com/docs/terms_of_service",
        attribution="Jobs by Adzuna; link to the posting at Adzuna",
        redistributable="unknown",
        note="Adzuna: its listings may be published and used for personal research; other use by an organisation is a "
        "14-day trial. The text is the employer's.",
    )
    # https://developer.adzuna.com/docs/terms_of_service; no month is longer than 31 days.
    rates = (
        Rate(25, Duration.MINUTE),
        Rate(250, Duration.DAY),
        Rate(1_000, Duration.WEEK),
        Rate(2_500, 31 * Duration.DAY),
    )
    settings_model: ClassVar[type[SourceSettings]] = AdzunaSettings

    def __init__(self, section: AdzunaSettings, queries: Sequence[str], client: HttpClient | None) -> None:
        self._section = section
        self._queries = queries
        self._client = client

    @classmethod
    def build(cls, section: AdzunaSettings, settings: Settings) -> "Adzuna":
        names = {"app_id": "ADZUNA_APP_ID", "app_key": "ADZUNA_APP_KEY"}
        params = {param: os.environ.get(variable, "").strip() for param, variable in names.items()}
        client = HttpClient.of(cls, settings, key=Key(params=params)) if all(params.values()) else None
        return cls(section, wanted_searches(section.queries, settings), client)

    def boards(self) -> Sequence[str]:
        return tuple(dict.fromkeys(self._section.countries))

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self._read(board, [{"what": words, "sort_by": "date"} for words in self._queries])

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """What is stored is not stored again: each answer's links carry a token of its own, and all would look new."""
        fetched = self.fetch(board, validators=validators)
        there: list[str] = []
        return replace(fetched, postings=_unknown(fetched.postings, known.first_seen, there), still_there=there)

    def search(self, board: str, query: Query) -> Fetched:
        return self._read(board, [{"what": query.words} | ({"where": query.location} if query.location else {})])

    def _read(self, board: str, questions: Sequence[Mapping[str, str]]) -> Fetched:
        """Every question's pages, each posting once."""
        if self._client is None:
            raise BoardBlocked(
                "Adzuna needs a key: get one for free at https://developer.adzuna.com/signup and set ADZUNA_APP_ID and "
                "ADZUNA_APP_KEY in the environment"
            )
        url = f"{self._section.base_url.rstrip('/')}/v1/api/jobs/{quote(board, safe='')}/search"
        pages = _Pages(self._client, url, board, questions, self._section.pages)
        read = read_pages(board, pages.read, most=len(questions) * self._section.pages)
        odd = f"{pages.odd} results without an id left out" if pages.odd else ""
        return replace(read, complete=False, message="; ".join(filter(None, (read.message, odd))))

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("title")), text(record.get("description"))
        country = (text(mapping(record.get(NOTE)).get("board")) or "").lower()
        contract = [text(record.get(name)) for name in ("contract_time", "contract_type")]
        return Draft(
            title=title,
            company=text(mapping(record.get("company")).get("display_name")),
            description=description,
            location=_location(mapping(record.get("location"))),
            country=country.upper() or None,
            pay=_pay(record, _CURRENCIES.get(country)),
            employment_type=", ".join(word for word in contract if word) or None,
            url=_link(text(record.get("redirect_url"))),
            posted_at=moment(record.get("created")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Pages:
    """The pages of all questions in one row; `odd` results had no id."""

    def __init__(
        self, client: HttpClient, url: str, board: str, questions: Sequence[Mapping[str, str]], pages: int
    ) -> None:
        self._client, self._url, self._board = client, url, board
        self._wanted = [(question, number) for question in range(len(questions)) for number in range(1, pages + 1)]
        self._questions = questions
        self._finished: set[int] = set()
        self._seen: set[str] = set()
        self.odd = 0

    def read(self, index: int) -> Page:
        question, number = self._wanted[index]
        last = index == len(self._wanted) - 1
        if question in self._finished:
            return Page([], 0, last)
        params = {**self._questions[question], "results_per_page": _PAGE_ROWS}
        answer = self._client.get_json(f"{self._url}/{number}", params=params)
        results = mapping(answer.content).get("results")
        if not isinstance(results, list):
            raise SchemaDrift(f"board {self._board!r}: the answer holds no list of results")
        rows = [row for row in results if isinstance(row, Mapping) and text(row.get("id")) is not None]
        if results and not rows:
            raise SchemaDrift(f"board {self._board!r}: no result has an id")
        self.odd += len(results) - len(rows)
        if len(results) < _PAGE_ROWS:
            self._finished.add(question)
        return Page(list(self._postings(rows)), answer.bytes, last)

    def _postings(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[RawPosting]:
        for row in rows:
            source_id = str(text(row["id"]))
            if source_id not in self._seen:
                self._seen.add(source_id)
                yield RawPosting(self._board, source_id, dict(row) | {NOTE: {"board": self._board}})


def _unknown(postings: Iterable[RawPosting], known: Mapping[str, datetime], there: list[str]) -> Iterator[RawPosting]:
    """The postings that are not stored; the ids of the others are added to `there`."""
    for posting in postings:
        if posting.source_id in known:
            there.append(posting.source_id)
        else:
            yield posting


def _location(location: Mapping[str, Any]) -> str | None:
    """The name shown, which lacks region and country, and what `area` (the largest first) adds to it."""
    area = location.get("area")
    around = [text(place) for place in area] if isinstance(area, list) else []
    parts = [*(text(location.get("display_name")) or "").split(","), *reversed(around)]
    return ", ".join(dict.fromkeys(part.strip() for part in parts if part and part.strip())) or None


def _pay(record: Record, currency: str | None) -> Pay | None:
    """Pay is per year; "1" (a string) marks Adzuna's own guess, whose ends are equal."""
    low, high = number(record.get("salary_min")), number(record.get("salary_max"))
    if low is None and high is None:
        return None
    return Pay(low, high, currency, "year", is_estimate=text(record.get("salary_is_predicted")) == "1")


def _link(url: str | None) -> str | None:
    return _STRUCK_OUT.sub("", url).rstrip("?&") if url else None
