"""USAJOBS, the jobs of the United States' federal government: https://developer.usajobs.gov, with a free key."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

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
from jobfinder_assets.ingestion.http import HttpClient, Key
from jobfinder_assets.ingestion.paging import Page, read_pages

BOARD = "federal"

# The most that a page may have, and that a query gives.
_PAGE_ROWS = 500
_MOST_ROWS = 10_000
# In capitals: the codes of today and the words of former years.
_PERIODS = {
    "PA": "year", "PER YEAR": "year", "PH": "hour", "PER HOUR": "hour", "PD": "day", "PER DAY": "day", "PM": "month",
    "PER MONTH": "month",
}  # fmt: skip
_TWO_WEEKS = frozenset({"BW", "BI-WEEKLY", "BIWEEKLY", "BI WEEKLY"})
# Piece work, a fee, or nothing: the amounts are no pay for a time.
_NO_RATE = frozenset({"PW", "PIECE WORK", "FB", "FEE BASIS", "WC", "WITHOUT COMPENSATION"})
# Hiring paths and codes of WhoMayApply that are for those who are in the federal service already.
_FEDERAL_PATHS = frozenset(
    {"fed", "fed-competitive", "fed-excepted", "fed-internal-nosearch", "fed-internal-search", "fed-transition"}
)
_FEDERAL_CODES = frozenset({"15509", "15510"})
_FEDERAL_WORDS = re.compile(
    r"\bagency employees only\b|\bcurrent (?:\w+ ){0,2}(?:federal|agency|civil service) employees\b|"
    r"\b(?:federal|government) employees only\b|\binternal to (?:an|the) agency\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"\bpublic\b|\bcitizens\b|\bveterans\b|\bstatus candidates\b", re.IGNORECASE)
_NO_CITY = re.compile(r"\bnegotiable\b|\banywhere\b|\bmultiple locations\b|\bvarious\b", re.IGNORECASE)
_REMOTE = re.compile(r"\bremote\b", re.IGNORECASE)


class UsaJobsSettings(SourceSettings):
    """`[sources.usajobs]`: needs USAJOBS_EMAIL and USAJOBS_KEY in the environment, free at developer.usajobs.gov.

    categories: the occupational series to read, with ";" between them: 1560 data science, 1550 computer science,
    2210 information technology.
    """

    enabled: bool = False
    base_url: str = "https://data.usajobs.gov"
    categories: Annotated[str, Field(pattern=r"^\d{4}(;\d{4})*$")] = "1560;1550;2210"


class UsaJobs(Source):
    """One board, all open announcements of the categories but those for federal employees only."""

    name = "usajobs"
    kind = "feed"
    terms = Terms(
        homepage="https://developer.usajobs.gov",
        attribution="USAJOBS; link to the announcement",
        redistributable="unknown",
        note="The government's own interface, free with a key that is registered to your e-mail address.",
    )
    settings_model: ClassVar[type[SourceSettings]] = UsaJobsSettings

    def __init__(self, section: UsaJobsSettings, client: HttpClient | None) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: UsaJobsSettings, settings: Settings) -> "UsaJobs":
        names = {"User-Agent": "USAJOBS_EMAIL", "Authorization-Key": "USAJOBS_KEY"}
        headers = {header: os.environ.get(variable, "").strip() for header, variable in names.items()}
        return cls(section, HttpClient.of(cls, settings, key=Key(headers=headers)) if all(headers.values()) else None)

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        # New announcements come first, so that one which appears between two pages pushes none out of sight.
        return self._read(board, {"SortField": "opendate", "SortDirection": "desc"})

    def search(self, board: str, query: Query) -> Fetched:
        """Within the categories: what `fetch` does not list would count as closed after it."""
        place = {"LocationName": query.location} if query.location else {}
        return replace(self._read(board, {"Keyword": query.words, **place}), complete=False)

    def _read(self, board: str, question: Mapping[str, str]) -> Fetched:
        if self._client is None:
            raise BoardBlocked(
                "USAJOBS needs a key: get one for free at https://developer.usajobs.gov/apirequest/ and set "
                "USAJOBS_EMAIL (the address it is registered to) and USAJOBS_KEY in the environment"
            )
        params = {"JobCategoryCode": self._section.categories, "Fields": "Full", **question}
        pages = _Pages(self._client, f"{self._section.base_url.rstrip('/')}/api/Search", board, params)
        read = read_pages(board, pages.read, most=_MOST_ROWS // _PAGE_ROWS)
        notes = [read.message] if read.message else []
        if pages.internal:
            notes.append(f"{pages.internal} announcements for federal employees only left out")
        if pages.odd:
            notes.append(f"{pages.odd} rows without an id left out")
        complete = read.complete and pages.rows >= pages.total
        if read.complete and not complete:
            notes.append(f"{pages.rows} of {pages.total} announcements were listed")
        return replace(read, complete=complete, message="; ".join(notes))

    @staticmethod
    def draft(record: Record) -> Draft:
        job = mapping(record.get("MatchedObjectDescriptor"))
        details = mapping(mapping(job.get("UserArea")).get("Details"))
        title, description = text(job.get("PositionTitle")), _description(job, details)
        places = _objects(job.get("PositionLocation"))
        countries = {text(place.get("CountryCode")) for place in places}
        return Draft(
            title=title,
            company=text(job.get("OrganizationName")) or text(job.get("DepartmentName")),
            description=description,
            location=_location(text(job.get("PositionLocationDisplay")), places),
            city=_city(places[0]) if len(places) == 1 else None,
            country=countries.pop() if len(countries) == 1 else None,
            # Telework is a privilege that may be granted, and says nothing of the work place.
            workplace="remote" if (text(details.get("RemoteIndicator")) or "").lower() == "true" else None,
            pay=next(filter(None, map(_pay, _objects(job.get("PositionRemuneration")))), None),
            employment_type=_names(job, "PositionSchedule", "PositionOfferingType"),
            url=text(job.get("PositionURI")),
            requisition_id=text(job.get("PositionID")),
            posted_at=moment(job.get("PublicationStartDate")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Pages:
    """The answer's pages: rows given so far of the `total`, and what of them was left out."""

    def __init__(self, client: HttpClient, url: str, board: str, params: Mapping[str, str]) -> None:
        self._client, self._url, self._board, self._params = client, url, board, params
        self.rows = 0
        self.total = 0
        self.odd = 0
        self.internal = 0

    def read(self, index: int) -> Page:
        params = {**self._params, "ResultsPerPage": _PAGE_ROWS, "Page": index + 1}
        answer = self._client.get_json(self._url, params=params)
        result = mapping(mapping(answer.content).get("SearchResult"))
        items, total = result.get("SearchResultItems"), _count(result.get("SearchResultCountAll"))
        if not isinstance(items, list) or total is None:
            raise SchemaDrift("the answer holds no list of announcements, or no count of them")
        rows = [item for item in items if _has_id(item)]
        if items and not rows:
            raise SchemaDrift("no announcement has an id")
        self.rows += len(items)
        self.total = total
        pages = _count(mapping(result.get("UserArea")).get("NumberOfPages"))
        ended = self.rows >= total or (pages is not None and index + 1 >= pages)
        if not items and not ended:
            raise SourceError(f"page {index + 1} is empty, where {self.rows} of {total} announcements have come")
        open_to_others = [item for item in rows if not _is_internal(item)]
        self.odd += len(items) - len(rows)
        self.internal += len(rows) - len(open_to_others)
        postings = [RawPosting(self._board, str(text(item["MatchedObjectId"])), dict(item)) for item in open_to_others]
        # At the most that a query gives nobody knows whether there are more.
        return Page(postings, answer.bytes, ended and total < _MOST_ROWS)


def _has_id(item: Any) -> bool:
    described = isinstance(item, Mapping) and isinstance(item.get("MatchedObjectDescriptor"), Mapping)
    return described and text(item.get("MatchedObjectId")) is not None


def _count(value: Any) -> int | None:
    """A count, given as a number or as digits."""
    words = (text(value) or "").strip()
    return int(words) if words.isdecimal() and len(words) <= 9 else None


def _is_internal(item: Mapping[str, Any]) -> bool:
    """Whether it says that federal employees only may apply; one that says nothing is open."""
    details = mapping(mapping(mapping(item["MatchedObjectDescriptor"]).get("UserArea")).get("Details"))
    given = details.get("HiringPath")
    named = given if isinstance(given, list) else re.split("[;,]", text(given) or "")
    paths = {path.strip().lower() for path in map(text, named) if path}
    if paths:
        return paths <= _FEDERAL_PATHS
    who = mapping(details.get("WhoMayApply"))
    words = text(who.get("Name")) or ""
    named_so = _FEDERAL_WORDS.search(words) is not None and _OTHERS.search(words) is None
    return named_so or text(who.get("Code")) in _FEDERAL_CODES


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _description(job: Mapping[str, Any], details: Mapping[str, Any]) -> str | None:
    """What the work is, and what is asked for; the duties are one text or a list of them."""
    texts = [details.get("JobSummary"), details.get("MajorDuties"), job.get("QualificationSummary")]
    texts += [details.get("Requirements"), details.get("Education")]
    lines = [text(line) for part in texts for line in (part if isinstance(part, list) else [part])]
    return "\n\n".join(line for line in lines if line) or None


def _names(job: Mapping[str, Any], *lists: str) -> str | None:
    named = [text(entry.get("Name")) for name in lists for entry in _objects(job.get(name))]
    return ", ".join(dict.fromkeys(name for name in named if name)) or None


def _location(shown: str | None, places: Sequence[Mapping[str, Any]]) -> str | None:
    """Every place by name; what is shown is "Multiple Locations" where there are several.

    A remote job is shown as such, and its places are then merely where it is announced.
    """
    if shown and _REMOTE.search(shown):
        return shown
    return "; ".join(dict.fromkeys(name for name in map(_place, places) if name)) or shown


def _place(place: Mapping[str, Any]) -> str | None:
    name = (text(place.get("LocationName")) or "").strip()
    return text(place.get("CountryCode")) if not name or _NO_CITY.search(name) else name


def _city(place: Mapping[str, Any]) -> str | None:
    """`CityName` without the state or country that it ends with."""
    name = (text(place.get("CityName")) or "").strip()
    for around in ("CountrySubDivisionCode", "CountryCode"):
        name = name.removesuffix(f", {(text(place.get(around)) or '').strip()}")
    return None if _NO_CITY.search(name) or _REMOTE.search(name) else name or None


def _pay(given: Mapping[str, Any]) -> Pay | None:
    """One pay range; federal pay is in dollars, and the record names no currency."""
    low, high = number(given.get("MinimumRange")), number(given.get("MaximumRange"))
    words = {(text(given.get(name)) or "").strip().upper() for name in ("RateIntervalCode", "Description")}
    if (low is None and high is None) or words & _NO_RATE:
        return None
    if words & _TWO_WEEKS:
        # No period of ours; half of it is a week's pay to the cent.
        return Pay(low / 2 if low else None, high / 2 if high else None, "USD", "week")
    return Pay(low, high, "USD", next((period for word, period in _PERIODS.items() if word in words), None))
