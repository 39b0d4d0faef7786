"""Lever job sites: https://github.com/lever/postings-api, no key, one call a site."""

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

_EUROPE = "eu:"
_WORKPLACES = {"on-site": "onsite", "onsite": "onsite", "hybrid": "hybrid", "remote": "remote"}
_PERIODS = ("hour", "day", "week", "month", "year")
# How its boards are addressed in the web.
_ADDRESSES = (r"jobs\.lever\.co/([\w.-]+)", r"api\.lever\.co/v0/postings/([\w.-]+)")
_EUROPEAN_ADDRESSES = (r"jobs\.eu\.lever\.co/([\w.-]+)", r"api\.eu\.lever\.co/v0/postings/([\w.-]+)")
_POSTINGS = msgspec.json.Decoder(list[msgspec.Raw])


class LeverSettings(BoardSettings):
    """`[sources.lever]`: `boards` are the last parts of https://jobs.lever.co/NAME; `eu:NAME` for jobs.eu.lever.co."""

    base_url: str = "https://api.lever.co"
    europe_url: str = "https://api.eu.lever.co"


class Lever(Source):
    """Each board is one employer's whole list, descriptions included."""

    name = "lever"
    kind = "ats"
    terms = Terms(
        homepage="https://github.com/lever/postings-api",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="Lever: all published postings are publicly viewable. The text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = LeverSettings

    def __init__(self, section: LeverSettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: LeverSettings, settings: Settings) -> "Lever":
        return cls(section, listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    @classmethod
    def board_of(cls, url: str) -> str | None:
        if (site := board_in(url, _EUROPEAN_ADDRESSES)) is not None:
            return f"{_EUROPE}{site}"
        return board_in(url, _ADDRESSES)

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self.update(board, validators=validators)

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """What is stored as it was sent is not parsed again."""
        site = board.removeprefix(_EUROPE)
        base = self._section.europe_url if board.startswith(_EUROPE) else self._section.base_url
        url = f"{base.rstrip('/')}/v0/postings/{quote(site, safe='')}"
        try:
            answer = self._client.get_shaped(url, _POSTINGS, params={"mode": "json"}, validators=validators)
        except SchemaDrift as error:
            raise SchemaDrift(f"board {board!r}: the answer is no list of postings") from error
        new, there = unread(answer.content, known.sent)
        postings = [_posting(board, site, posting, digest) for posting, digest in new]
        return Fetched(board, postings, True, answer.bytes, answer.validators, still_there=there)

    @staticmethod
    def draft(record: Record) -> Draft:
        categories = mapping(record.get("categories"))
        title, description = text(record.get("text")), _description(record)
        return Draft(
            title=title,
            company=text(mapping(record.get(NOTE)).get("board")),
            description=description,
            location=_location(categories),
            country=text(record.get("country")),
            workplace=_WORKPLACES.get((text(record.get("workplaceType")) or "").lower()),
            pay=_pay(mapping(record.get("salaryRange"))),
            pay_text=text(record.get("salaryDescriptionPlain")),
            employment_type=text(categories.get("commitment")),
            url=text(record.get("hostedUrl")),
            # When it was made; Lever does not say when it was published.
            posted_at=moment(record.get("createdAt")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _posting(board: str, site: str, posting: Any, sent: str) -> RawPosting:
    if not isinstance(posting, Mapping) or text(posting.get("id")) is None:
        raise SchemaDrift(f"board {board!r}: a posting has no id")
    # Lever never says whose site it is.
    return RawPosting(board, str(posting["id"]), dict(posting) | {NOTE: {"board": site}}, sent)


def _description(record: Record) -> str | None:
    """The opening text, every list, and what stands below: the plain description lacks the requirements."""
    parts = [text(record.get("description"))]
    lists = record.get("lists")
    for entry in lists if isinstance(lists, list) else []:
        heading, items = (text(mapping(entry).get(name)) for name in ("text", "content"))
        parts.append(f"<h3>{heading or ''}</h3><ul>{items or ''}</ul>")
    parts.append(text(record.get("additional")))
    return "\n".join(part for part in parts if part) or None


def _location(categories: Mapping[str, Any]) -> str | None:
    every = categories.get("allLocations")
    places = [text(place) for place in every] if isinstance(every, list) else []
    return "; ".join(dict.fromkeys(place for place in places if place)) or text(categories.get("location"))


def _pay(given: Mapping[str, Any]) -> Pay | None:
    """`salaryRange`; the words of its interval are not documented, so any that name a period are taken."""
    low, high = number(given.get("min")), number(given.get("max"))
    if low is None and high is None:
        return None
    interval = (text(given.get("interval")) or "").lower()
    return Pay(low, high, text(given.get("currency")), next((name for name in _PERIODS if name in interval), None))
