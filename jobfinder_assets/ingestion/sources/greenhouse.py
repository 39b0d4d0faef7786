"""Greenhouse job boards: https://developers.greenhouse.io/job-board.html, no key, one call a board."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import msgspec

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, board_in, listed_boards
from jobfinder_assets.ingestion.contract import (
    NOTE,
    NOTHING_STORED,
    BoardGone,
    Draft,
    Fetched,
    Known,
    Pay,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient, UnexpectedStatus
from jobfinder_assets.ingestion.items import unread

# Until 2013 at least, an unknown board was a 400 with this body.
_OLD_GONE = b"Could not find a job board"
# A location that says only how one works; the cities then stand in the offices.
_WORKPLACE_WORDS = frozenset({"hybrid", "distributed", "in-office", "in office", "on-site", "onsite", "flexible", ""})
_MOST_OFFICES = 5
# How its boards are addressed in the web.
_ADDRESSES = (
    r"(?:job-)?boards(?:\.eu)?\.greenhouse\.io/embed/job_board(?:/js)?\?(?:[^#]*&)?for=([\w-]+)",
    r"(?:job-)?boards(?:\.eu)?\.greenhouse\.io/(?!embed\b)([\w-]+)",
    r"boards-api\.greenhouse\.io/v1/boards/([\w-]+)",
)


class _Jobs(msgspec.Struct):
    """The answer; its jobs are parsed later, one by one."""

    jobs: list[msgspec.Raw]
    meta: Any = None


_JOBS = msgspec.json.Decoder(_Jobs)


class GreenhouseSettings(BoardSettings):
    """`[sources.greenhouse]`: `boards` are the last parts of https://boards.greenhouse.io/NAME."""

    base_url: str = "https://boards-api.greenhouse.io"


class Greenhouse(Source):
    """Each board is one employer's whole list, descriptions included."""

    name = "greenhouse"
    kind = "ats"
    terms = Terms(
        homepage="https://developers.greenhouse.io/job-board.html",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="Public by Greenhouse's documentation; the text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = GreenhouseSettings

    def __init__(self, section: GreenhouseSettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: GreenhouseSettings, settings: Settings) -> "Greenhouse":
        return cls(section, listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    @classmethod
    def board_of(cls, url: str) -> str | None:
        return board_in(url, _ADDRESSES)

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self.update(board, validators=validators)

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """What is stored as it was sent is not parsed again."""
        url = f"{self._section.base_url.rstrip('/')}/v1/boards/{quote(board, safe='')}/jobs"
        try:
            answer = self._client.get_shaped(url, _JOBS, params={"content": "true"}, validators=validators)
        except UnexpectedStatus as error:
            if error.code == 400 and _OLD_GONE in error.body:
                raise BoardGone(f"Greenhouse knows no board {board!r}") from error
            raise
        except SchemaDrift as error:
            raise SchemaDrift(f"board {board!r}: the answer holds no list of jobs") from error
        jobs, total = answer.content.jobs, mapping(answer.content.meta).get("total")
        new, there = unread(jobs, known.sent)
        postings = [_posting(board, job, digest) for job, digest in new]
        # The list is never paged; fewer jobs than `total` would be a cut answer, which closes nothing.
        complete = not isinstance(total, int) or total <= len(jobs)
        message = "" if complete else f"{len(jobs)} of {total} jobs came"
        validators = answer.validators if complete else {}
        return Fetched(board, postings, complete, answer.bytes, validators, message, still_there=there)

    @staticmethod
    def draft(record: Record) -> Draft:
        note = mapping(record.get(NOTE))
        title, content = text(record.get("title")), text(record.get("content"))
        return Draft(
            title=title,
            company=text(record.get("company_name")) or text(note.get("board")),
            description=content,
            location=_location(record),
            pay=_pay(record.get("pay_input_ranges")),
            language=text(record.get("language")),
            url=text(record.get("absolute_url")),
            requisition_id=_requisition(record),
            posted_at=moment(record.get("first_published")),
            unreadable=None if title or content else "neither a title nor a text",
        )


def _posting(board: str, job: Any, sent: str) -> RawPosting:
    if not isinstance(job, Mapping) or text(job.get("id")) is None:
        raise SchemaDrift(f"board {board!r}: a job has no id")
    record = dict(job)
    if text(record.get("company_name")) is None:
        record[NOTE] = {"board": board}
    return RawPosting(board, str(job["id"]), record, sent)


def _location(record: Record) -> str | None:
    name = text(mapping(record.get("location")).get("name"))
    if (name or "").strip().lower() not in _WORKPLACE_WORDS:
        return name
    offices = record.get("offices")
    named = [text(mapping(office).get("name")) for office in offices] if isinstance(offices, list) else []
    places = list(dict.fromkeys(place for place in named if place))[:_MOST_OFFICES]
    return "; ".join([*places, *([name] if name else [])]) or None


def _requisition(record: Record) -> str | None:
    """Boards put placeholders such as "See Opening ID" here, which would make all their jobs one."""
    value = text(record.get("requisition_id"))
    return value if value and any(character.isdigit() for character in value) else None


def _pay(ranges: Any) -> Pay | None:
    """Pay of the detail call, stated in cents; several zones in one currency give the widest range."""
    if not isinstance(ranges, list):
        return None
    zones = [mapping(zone) for zone in ranges]
    currency = next((text(zone.get("currency_type")) for zone in zones if text(zone.get("currency_type"))), None)
    same = [zone for zone in zones if text(zone.get("currency_type")) == currency]
    lows = [low / 100 for zone in same if (low := number(zone.get("min_cents"))) is not None]
    highs = [high / 100 for zone in same if (high := number(zone.get("max_cents"))) is not None]
    if not lows and not highs:
        return None
    return Pay(min(lows, default=None), max(highs, default=None), currency, _period(same))


def _period(zones: Sequence[Mapping[str, Any]]) -> Literal["hour"] | None:
    """Only the range's own words tell that it is hourly; else its size does, which cleaning judges."""
    words = " ".join(f"{text(zone.get('title')) or ''} {text(zone.get('blurb')) or ''}" for zone in zones).lower()
    return "hour" if "hourly" in words or "per hour" in words else None
