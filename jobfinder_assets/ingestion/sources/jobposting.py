"""Any careers page that describes its jobs as schema.org JobPosting in JSON-LD: https://schema.org/JobPosting."""

import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, listed_boards
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
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient

_PERIODS = {"HOUR": "hour", "DAY": "day", "WEEK": "week", "MONTH": "month", "YEAR": "year"}
_DEEPEST = 20
# "$120-150k" is often written as 120 to 150 a year.
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
        return cls(listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        answer = self._client.get_text(board, accept="text/html", validators=validators)
        blocks, broken = _blocks(answer.content)
        jobs = [job for block in blocks for job in _job_postings(block)]
        if broken and not jobs:
            raise SchemaDrift(f"{board}: its JSON-LD cannot be read")
        postings = [RawPosting(board, _identity(job), dict(job) | {NOTE: {"page": board}}) for job in jobs]
        message = f"{broken} blocks of JSON-LD cannot be read" if broken else ""
        return Fetched(board, postings, not broken, answer.bytes, answer.validators, message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = _text(record.get("title")), text(record.get("description"))
        places = [mapping(place) for place in _many(record.get("jobLocation"))]
        addresses = [mapping(place.get("address")) for place in places]
        only = addresses[0] if len(addresses) == 1 else {}
        telecommute = "TELECOMMUTE" in [_text(kind) for kind in _many(record.get("jobLocationType"))]
        return Draft(
            title=title,
            company=_name(record.get("hiringOrganization")),
            description=html.unescape(description) if description else None,
            location=_location(record, places) or ("Remote" if telecommute else None),
            city=_text(only.get("addressLocality")),
            region=_text(only.get("addressRegion")),
            country=_name(only.get("addressCountry")),
            workplace="remote" if telecommute else None,
            pay=_pay(record.get("baseSalary")),
            employment_type=", ".join(filter(None, (_text(kind) for kind in _many(record.get("employmentType")))))
            or None,
            url=_text(record.get("url")) or text(mapping(record.get(NOTE)).get("page")),
            requisition_id=_identifier(record),
            posted_at=moment(record.get("datePosted")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _blocks(page: str) -> tuple[list[Any], int]:
    """The JSON-LD of a page, and how many blocks of it cannot be read. Raw newlines inside strings are let through."""
    from selectolax.lexbor import LexborHTMLParser

    found, broken = [], 0
    for script in LexborHTMLParser(page).css('script[type="application/ld+json"]'):
        content = script.text(deep=True).strip().removeprefix("<!--").removesuffix("-->")
        try:
            found.append(json.loads(content, strict=False))
        except (ValueError, RecursionError):
            broken += bool(content)
    return found, broken


def _job_postings(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every JobPosting in it: an object, a list, an @graph, or nested in something else."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for part in value:
            yield from _job_postings(part, depth + 1)
    elif isinstance(value, Mapping):
        kinds = [str(kind).rsplit("/", 1)[-1] for kind in _many(value.get("@type"))]
        if "JobPosting" in kinds:
            yield value
        else:
            for part in value.values():
                yield from _job_postings(part, depth + 1)


def _identity(job: Mapping[str, Any]) -> str:
    """The employer's identifier, else the address, else what the posting says."""
    if name := _identifier(job) or _text(job.get("url")):
        return name
    told = json.dumps([job.get(name) for name in ("title", "hiringOrganization", "jobLocation")], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _identifier(record: Mapping[str, Any]) -> str | None:
    value = record.get("identifier")
    return _text(mapping(value).get("value")) if isinstance(value, Mapping) else _text(value)


def _location(record: Mapping[str, Any], places: Sequence[Mapping[str, Any]]) -> str | None:
    named = [_place(place) for place in places]
    wanted = [_name(place) for place in _many(record.get("applicantLocationRequirements"))]
    return "; ".join(dict.fromkeys(place for place in (*named, *wanted) if place)) or None


def _place(place: Mapping[str, Any]) -> str | None:
    address = place.get("address")
    if isinstance(address, str):
        return _text(address)
    parts = [mapping(address).get(name) for name in ("addressLocality", "addressRegion")]
    names = [*(_text(part) for part in parts), _name(mapping(address).get("addressCountry"))]
    return ", ".join(name for name in names if name) or _name(place)


def _pay(value: Any) -> Pay | None:
    """A MonetaryAmount with a range, a value, or a bare number; without a unit the period is unknown."""
    amount = mapping(value)
    inner = amount.get("value")
    parts = mapping(inner) or amount
    low, high = number(parts.get("minValue")), number(parts.get("maxValue"))
    single = number(parts.get("value")) if not isinstance(parts.get("value"), Mapping) else None
    single = single or (number(inner) if not isinstance(inner, Mapping) else None) or number(value)
    low, high = low or single, high or single
    if low is None and high is None:
        return None
    period = _PERIODS.get((_text(parts.get("unitText")) or _text(amount.get("unitText")) or "").upper())
    if period == "year" and (high or low or 0) < _THOUSANDS_BELOW:
        low, high = (end * 1_000 if end else None for end in (low, high))
    currency = _text(amount.get("currency")) or _text(parts.get("currency"))
    return Pay(low, high, currency, period)


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _name(value: Any) -> str | None:
    """A thing's name: the text itself, or what its object calls it."""
    return _text(mapping(value).get("name")) if isinstance(value, Mapping) else _text(value)


def _text(value: Any) -> str | None:
    """One line of text; search engines' markup is full of HTML entities."""
    words = text(value)
    return " ".join(html.unescape(words).split()) or None if words else None
