"""Ashby job boards: https://developers.ashbyhq.com/docs/public-job-posting-api, no key, one call a board."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, board_in, listed_boards
from jobfinder_assets.ingestion.contract import (
    NOTE,
    NOTHING_STORED,
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
from jobfinder_assets.ingestion.http import HttpClient
from jobfinder_assets.ingestion.items import unread

_WORKPLACES = {"remote": "remote", "hybrid": "hybrid", "onsite": "onsite"}
_PERIODS = ("hour", "day", "week", "month", "year")
# How its boards are addressed in the web.
_ADDRESSES = (r"jobs\.ashbyhq\.com/([^/?#]+)", r"api\.ashbyhq\.com/posting-api/job-board/([^/?#]+)")


class _Jobs(msgspec.Struct):
    """The answer; its jobs are parsed later, one by one."""

    jobs: list[msgspec.Raw]


_JOBS = msgspec.json.Decoder(_Jobs)


class AshbySettings(BoardSettings):
    """`[sources.ashby]`: `boards` are the last parts of https://jobs.ashbyhq.com/NAME, in upper and lower case."""

    base_url: str = "https://api.ashbyhq.com"


class Ashby(Source):
    """Each board is one employer's whole list, descriptions and pay included."""

    name = "ashby"
    kind = "ats"
    terms = Terms(
        homepage="https://developers.ashbyhq.com/docs/public-job-posting-api",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="Public by Ashby's documentation; the text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = AshbySettings

    def __init__(self, section: AshbySettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: AshbySettings, settings: Settings) -> "Ashby":
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
        url = f"{self._section.base_url.rstrip('/')}/posting-api/job-board/{quote(board, safe='')}"
        try:
            answer = self._client.get_shaped(url, _JOBS, params={"includeCompensation": "true"}, validators=validators)
        except SchemaDrift as error:
            raise SchemaDrift(f"board {board!r}: the answer holds no list of jobs") from error
        new, there = unread(answer.content.jobs, known.sent)
        # A job that is not listed is open to those who have its link only.
        postings = [_posting(board, job, digest) for job, digest in new if mapping(job).get("isListed") is not False]
        return Fetched(board, postings, True, answer.bytes, answer.validators, still_there=there)

    @staticmethod
    def draft(record: Record) -> Draft:
        title = text(record.get("title"))
        description = text(record.get("descriptionHtml")) or text(record.get("descriptionPlain"))
        address = mapping(mapping(record.get("address")).get("postalAddress"))
        location = _location(record)
        # The address is that of the first location alone.
        one_place = location is not None and ";" not in location
        return Draft(
            title=title,
            company=text(mapping(record.get(NOTE)).get("board")),
            description=description,
            location=location,
            city=text(address.get("addressLocality")) if one_place else None,
            country=text(address.get("addressCountry")) if one_place else None,
            workplace=_workplace(record),
            pay=_pay(mapping(record.get("compensation")).get("summaryComponents")),
            employment_type=text(record.get("employmentType")),
            url=text(record.get("jobUrl")),
            posted_at=moment(record.get("publishedAt")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _posting(board: str, job: Any, sent: str) -> RawPosting:
    if not isinstance(job, Mapping) or text(job.get("id")) is None:
        raise SchemaDrift(f"board {board!r}: a job has no id")
    # Ashby never says whose board it is.
    return RawPosting(board, str(job["id"]), dict(job) | {NOTE: {"board": board}}, sent)


def _location(record: Record) -> str | None:
    others = record.get("secondaryLocations")
    named = [mapping(place).get("location") for place in others] if isinstance(others, list) else []
    places = [text(place) for place in (record.get("location"), *named)]
    return "; ".join(dict.fromkeys(place for place in places if place)) or None


def _workplace(record: Record) -> str | None:
    """`workplaceType` where the board has it; `isRemote` is believed only when it says yes.

    Of jobs whose location says remote, a third have no flag or a false one.
    """
    stated = _WORKPLACES.get((text(record.get("workplaceType")) or "").lower().replace("-", ""))
    return stated or ("remote" if record.get("isRemote") is True else None)


def _pay(components: Any) -> Pay | None:
    """The salaries of `summaryComponents` (equity and bonus are others); several zones give the widest range."""
    found = [mapping(part) for part in components] if isinstance(components, list) else []
    salaries = [part for part in found if part.get("compensationType") == "Salary"]
    currency = next((text(part.get("currencyCode")) for part in salaries if text(part.get("currencyCode"))), None)
    same = [part for part in salaries if text(part.get("currencyCode")) == currency]
    lows = [low for part in same if (low := number(part.get("minValue"))) is not None]
    highs = [high for part in same if (high := number(part.get("maxValue"))) is not None]
    if not lows and not highs:
        return None
    interval = " ".join(text(part.get("interval")) or "" for part in same).lower()
    period = next((name for name in _PERIODS if name in interval), None)
    return Pay(min(lows, default=None), max(highs, default=None), currency, period)
