"""Any careers page that describes its jobs as schema.org JobPosting in JSON-LD: https://schema.org/JobPosting."""

import hashlib
import html
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urljoin

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, address, listed_boards
from jobfinder_assets.ingestion.contract import (
    NOTE,
    Draft,
    Fetched,
    Pay,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    Terms,
    record_json,
    well_formed,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient, Key

_PERIODS = {
    "hour": "hour", "hourly": "hour", "day": "day", "daily": "day", "week": "week", "weekly": "week",
    "month": "month", "monthly": "month", "year": "year", "yearly": "year", "annual": "year", "annually": "year",
}  # fmt: skip
# What some systems write around their JSON: a comment, CDATA, a semicolon.
_BEFORE = ("<!--", "//", "/*", "<![CDATA[", "*/")
_BEHIND = ("-->", "*/", "]]>", "/*", "//", ";")
_DEEPEST = 20
# No pay of a year is so low: what is meant are thousands.
_THOUSANDS_BELOW = 1_000


class JobPosting(Source):
    """Each board is the address of one page, read whole: a posting missing from it is closed."""

    name = "jobposting"
    kind = "ats"
    terms = Terms(
        homepage="https://schema.org/JobPosting",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="Markup that employers publish for search engines; the text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = BoardSettings

    def __init__(self, boards: Sequence[str], client: HttpClient) -> None:
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: BoardSettings, settings: Settings) -> "JobPosting":
        boards = listed_boards(cls.name, section, settings.home)
        return cls(boards, HttpClient.of(cls, settings, key=Key.of_addresses(boards)))

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        answer = self._client.get_text(address(board), accept="text/html", validators=validators)
        blocks, broken = _blocks(answer.content)
        jobs = [job for block in blocks for job in _job_postings(block)]
        if broken and not jobs:
            raise SchemaDrift(f"{board}: its JSON-LD cannot be read")
        postings = [RawPosting(board, name, dict(job) | {NOTE: {"page": board}}) for name, job in _named(jobs)]
        message = f"{broken} blocks of JSON-LD cannot be read" if broken else ""
        return Fetched(board, postings, not broken, answer.bytes, answer.validators, message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = _text(record.get("title")), text(record.get("description"))
        places = list(_places(record.get("jobLocation")))
        only = mapping(mapping(places[0]).get("address")) if len(places) == 1 else {}
        telecommute = any(_last_part(kind) == "telecommute" for kind in _many(record.get("jobLocationType")))
        return Draft(
            title=title,
            company=_name(record.get("hiringOrganization")),
            # Escaped as a whole; in markup, an entity is a character of the text.
            description=html.unescape(description) if description and "<" not in description else description,
            location=_location(record, places) or ("Remote" if telecommute else None),
            city=_text(only.get("addressLocality")),
            region=_text(only.get("addressRegion")),
            country=_name(only.get("addressCountry")),
            workplace="remote" if telecommute else None,
            pay=_pay(record),
            employment_type=", ".join(filter(None, (_text(kind) for kind in _many(record.get("employmentType")))))
            or None,
            url=_address(record),
            requisition_id=_identifier(record),
            posted_at=moment(record.get("datePosted")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _blocks(page: str) -> tuple[list[Any], int]:
    """The JSON-LD of a page, and how many blocks of it cannot be read. Raw newlines inside strings are let through."""
    from selectolax.lexbor import LexborHTMLParser

    found, broken = [], 0
    # `*=`: a charset may follow.
    for script in LexborHTMLParser(page).css('script[type*="ld+json" i]'):
        content = _unwrapped(script.text(deep=True))
        if not content:
            continue
        # Unescaped only where it must be: an escaped quote inside a text would end that text.
        for spelled in (content, html.unescape(content)):
            try:
                found.append(json.loads(spelled, strict=False))
                break
            except (ValueError, RecursionError):
                continue
        else:
            broken += 1
    return found, broken


def _unwrapped(content: str) -> str:
    content = content.strip()
    for mark in _BEFORE:
        content = content.removeprefix(mark).lstrip()
    for mark in _BEHIND:
        content = content.removesuffix(mark).rstrip()
    return content


def _job_postings(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every JobPosting in it: an object, a list, an @graph, or nested in something else."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for part in value:
            yield from _job_postings(part, depth + 1)
    elif isinstance(value, Mapping):
        if "jobposting" in map(_last_part, _many(value.get("@type"))):
            yield value
        else:
            for part in value.values():
                yield from _job_postings(part, depth + 1)


def _named(jobs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The jobs with their ids. Some employers give themselves, not the job, as the identifier of each: where unequal
    jobs share one, what they say is added to it."""
    names = [well_formed(_identifier(job) or _text(job.get("url")) or "") for job in jobs]
    sharing = defaultdict(set)
    for name, job in zip(names, jobs, strict=True):
        sharing[name].add(record_json(job))
    for name, job in zip(names, jobs, strict=True):
        if not name:
            yield _digest(job), job
        else:
            yield name if len(sharing[name]) == 1 else f"{name}#{_digest(job)}", job


def _digest(job: Mapping[str, Any]) -> str:
    """Title, company and place: what stays of a posting when its text is edited."""
    told = json.dumps([job.get(name) for name in ("title", "hiringOrganization", "jobLocation")], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _identifier(record: Mapping[str, Any]) -> str | None:
    values = (mapping(value).get("value", value) for value in _many(record.get("identifier")))
    return next(filter(None, map(_text, values)), None)


def _address(record: Mapping[str, Any]) -> str | None:
    """The posting's address, which may be told from its page's; else that of the page."""
    page, url = text(mapping(record.get(NOTE)).get("page")), _text(record.get("url"))
    try:
        return urljoin(page or "", url or "") or None
    except ValueError:
        return page


def _places(value: Any) -> Iterator[Any]:
    """Each place, a text or an object; one with several addresses is several."""
    for place in _many(value):
        addresses = mapping(place).get("address")
        if isinstance(addresses, list):
            yield from ({"address": address} for address in addresses)
        else:
            yield place


def _location(record: Mapping[str, Any], places: Sequence[Any]) -> str | None:
    named = [_place(place) for place in places]
    wanted = [_name(place) for place in _many(record.get("applicantLocationRequirements"))]
    return "; ".join(dict.fromkeys(place for place in (*named, *wanted) if place)) or None


def _place(place: Any) -> str | None:
    address = mapping(place).get("address")
    if isinstance(address, str):
        return _text(address)
    parts = [mapping(address).get(name) for name in ("addressLocality", "addressRegion")]
    names = [*(_text(part) for part in parts), _name(mapping(address).get("addressCountry"))]
    return ", ".join(name for name in names if name) or _name(place)


def _pay(record: Mapping[str, Any]) -> Pay | None:
    """`baseSalary`: an amount with a range, a value, or a bare number; without a unit the period is unknown."""
    salary = _first(record.get("baseSalary"))
    amount = mapping(salary)
    value = _first(amount.get("value"))
    parts = mapping(value) or amount
    single = next(filter(None, (number(each) for each in (_first(parts.get("value")), value, salary))), None)
    period = _PERIODS.get((_text(parts.get("unitText")) or _text(amount.get("unitText")) or "").lower())
    low, high = (
        _thousands(end, period)
        for end in (number(parts.get("minValue")) or single, number(parts.get("maxValue")) or single)
    )
    if low is None and high is None:
        return None
    stated = (amount.get("currency"), parts.get("currency"), record.get("salaryCurrency"))
    return Pay(low, high, next(filter(None, map(_text, stated)), None), period)


def _thousands(end: float | None, period: str | None) -> float | None:
    """ "$120-150k" is written as 120, or as 120 to 150000: each end by itself."""
    return end * 1_000 if end and period == "year" and end < _THOUSANDS_BELOW else end


def _first(value: Any) -> Any:
    return next(iter(_many(value)), None)


def _last_part(value: Any) -> str:
    """A schema.org name without the address before it, in small letters."""
    return (_text(value) or "").rsplit("/", 1)[-1].lower()


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _name(value: Any) -> str | None:
    """A thing's name: the text itself, or what its object calls it; of several, the first."""
    value = _first(value)
    return _text(mapping(value).get("name")) if isinstance(value, Mapping) else _text(value)


def _text(value: Any) -> str | None:
    """One line of text; search engines' markup is full of HTML entities."""
    words = text(value)
    return " ".join(html.unescape(words).split()) or None if words else None
