"""JobSpy, a scraper of job sites: https://github.com/speedyapply/JobSpy, an extra that is off unless asked for.

The one source that does not ask through our own client: the package has its own.
"""

import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    BoardBlocked,
    Draft,
    Fetched,
    Pay,
    Query,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceError,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.paging import Page, read_pages
from jobfinder_assets.ingestion.searches import wanted_searches

Site = Literal["indeed", "linkedin", "zip_recruiter", "glassdoor", "bayt", "naukri", "bdjobs", "hellowork"]

_PERIODS = {"yearly": "year", "monthly": "month", "weekly": "week", "daily": "day", "hourly": "hour"}
# Where a site has no pay from the employer, JobSpy takes the site's own estimate, and does not say which it is.
_ESTIMATING = frozenset({"indeed", "glassdoor"})
_WORKPLACES = {"remote": "remote", "hybrid": "hybrid"}
_REFUSED = re.compile(r"\b(?:401|403|429|999)\b|blocked|captcha|cloudflare|forbidden|too many requests", re.IGNORECASE)
_LONGEST_ERROR = 300


class JobSpySettings(SourceSettings):
    """`[sources.jobspy]`: needs `pip install "jobfinder[jobspy]"`; read the terms of the sites before you enable it.

    sites: which to scrape; all but Indeed take a request for each text, and refuse sooner.
    queries: what to search for; empty: the `searches` of the profiles.
    results: how many postings to ask for, per query and site.
    country: whose Indeed and Glassdoor, as JobSpy names it: usa, uk, germany.
    hours_old: how old a posting may be.
    """

    enabled: bool = False
    sites: tuple[Site, ...] = ("indeed",)
    queries: tuple[str, ...] = ()
    results: Annotated[int, Field(ge=1, le=1_000)] = 50
    country: str = "usa"
    hours_old: Annotated[int, Field(ge=1, le=8_760)] = 72


class JobSpy(Source):
    """Each board is a site: what the queries find there now."""

    name = "jobspy"
    kind = "feed"
    terms = Terms(
        homepage="https://github.com/speedyapply/JobSpy",
        attribution="the site that the posting is from; link to it",
        redistributable="no",
        note="It scrapes sites (Indeed, LinkedIn, Glassdoor and others) whose terms forbid that; they may block you. "
        "It is off unless you turn it on, which is your own decision and risk.",
    )
    settings_model: ClassVar[type[SourceSettings]] = JobSpySettings

    def __init__(self, section: JobSpySettings, queries: Sequence[str]) -> None:
        self._section = section
        self._queries = queries

    @classmethod
    def build(cls, section: JobSpySettings, settings: Settings) -> "JobSpy":
        return cls(section, wanted_searches(section.queries, settings))

    def boards(self) -> Sequence[str]:
        return tuple(dict.fromkeys(self._section.sites))

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self._read(board, [Query(words) for words in self._queries])

    def search(self, board: str, query: Query) -> Fetched:
        return self._read(board, [query])

    def _read(self, board: str, queries: Sequence[Query]) -> Fetched:
        scraped = _Scraped(_scraper(), board, queries, self._section)
        # One more than there are queries: the last one's error comes after its rows.
        read = read_pages(board, scraped.read, most=len(queries) + 1)
        odd = f"{scraped.odd} rows without an id left out" if scraped.odd else ""
        return replace(read, complete=False, message="; ".join(filter(None, (read.message, odd))))

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("title")), text(record.get("description"))
        stated = _WORKPLACES.get((text(record.get("work_from_home_type")) or "").lower())
        return Draft(
            title=title,
            company=text(record.get("company")),
            description=description,
            location=text(record.get("location")),
            # No is what JobSpy also says when the site says nothing.
            workplace=stated or ("remote" if record.get("is_remote") is True else None),
            pay=_pay(record),
            employment_type=text(record.get("job_type")),
            # Where the employer's own page is known, that.
            url=text(record.get("job_url_direct")) or text(record.get("job_url")),
            posted_at=moment(record.get("date_posted")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Scraped:
    """A site's answers, one for each query; `odd` rows had no id."""

    def __init__(
        self, scrape: Callable[..., Any], site: str, queries: Sequence[Query], section: JobSpySettings
    ) -> None:
        self._scrape, self._site, self._queries, self._section = scrape, site, queries, section
        self._error: SourceError | None = None
        self._seen: set[str] = set()
        self.odd = 0

    def read(self, index: int) -> Page:
        """The rows of one query. An error that came with rows is raised instead of asking for the next ones."""
        if self._error is not None:
            raise self._error
        table = self._table(self._queries[index])
        self._error = _error(self._site, table)
        if self._error is not None and table.empty:
            raise self._error
        return Page(self._postings(table), 0, index == len(self._queries) - 1 and self._error is None)

    def _table(self, query: Query) -> pd.DataFrame:
        try:
            table = self._scrape(
                site_name=[self._site],
                search_term=query.words,
                location=query.location or None,
                results_wanted=self._section.results,
                country_indeed=self._section.country,
                hours_old=self._section.hours_old,
                description_format="html",
                fetch_description=True,
                verbose=0,
            )
        except Exception as error:
            # Its own errors, those of its network client and of its parsers have no common base.
            raise _failed(self._site, f"{type(error).__name__}: {error}") from error
        if not isinstance(table, pd.DataFrame):
            raise SchemaDrift(f"JobSpy gave no table for {self._site}")
        return table

    def _postings(self, table: pd.DataFrame) -> list[RawPosting]:
        rows = [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
        postings = []
        known = 0
        for row in rows:
            source_id = text(row.get("id")) or text(row.get("job_url"))
            known += source_id is not None
            if source_id is not None and source_id not in self._seen:
                self._seen.add(source_id)
                postings.append(RawPosting(self._site, source_id, row))
        if rows and not known:
            raise SchemaDrift(f"no row that JobSpy gave for {self._site} has an id")
        self.odd += len(rows) - known
        return postings


def _scraper() -> Callable[..., Any]:
    """JobSpy's function. Raises `SourceError` when it is not there, or another package of that name is."""
    try:
        scrape = importlib.import_module("jobspy").scrape_jobs
    except (ImportError, AttributeError) as error:
        raise SourceError('JobSpy is not installed: pip install "jobfinder[jobspy]"') from error
    return scrape


def _error(site: str, table: pd.DataFrame) -> SourceError | None:
    """What JobSpy notes beside the table when a site failed."""
    words = [text(error) for error in mapping(table.attrs.get("errors")).values()]
    said = "; ".join(word for word in words if word)
    return _failed(site, said) if said else None


def _failed(site: str, words: str) -> SourceError:
    kind = BoardBlocked if _REFUSED.search(words) else SourceError
    return kind(f"JobSpy, {site}: {words[:_LONGEST_ERROR]}")


def _plain(value: Any) -> Any:
    """A cell as JSON has it. Whole numbers lose their ".0": whether they have one hangs on the other rows' gaps."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return (int(value) if value.is_integer() else value) if math.isfinite(value) else None
    if isinstance(value, list | tuple | set | np.ndarray):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _pay(record: Record) -> Pay | None:
    """The pay that the site has a field for; what JobSpy read in the text is left to be read there."""
    ends = sorted(end for name in ("min_amount", "max_amount") if (end := number(record.get(name))) is not None)
    if not ends or text(record.get("salary_source")) == "description":
        return None
    low, high = number(record.get("min_amount")), number(record.get("max_amount"))
    if len(ends) == 2:
        # They come swapped now and then.
        low, high = ends
    period = _PERIODS.get((text(record.get("interval")) or "").lower())
    return Pay(low, high, text(record.get("currency")), period, is_estimate=text(record.get("site")) in _ESTIMATING)
