"""Recruitee careers sites: https://docs.recruitee.com/reference/intro-to-careers-site-api, no key, one call a site."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, board_in, listed_boards
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

_COMPANY = "{company}"
# The most flexible first.
_WORKPLACES = {"remote": "remote", "hybrid": "hybrid", "on_site": "onsite"}
# In every currency that is paid in, less than this is pay for another period, or in thousands.
_LEAST = {"hour": 0, "day": 0, "week": 10, "month": 100, "year": 1_000}
_NO_COMPANY = r"(?!(?:www|api|app|docs|help|support|assets|cdn|static|careers?)\.)"
# How its boards are addressed in the web.
_ADDRESSES = (rf"{_NO_COMPANY}([\w-]+)\.recruitee\.com(?![\w.-])",)


class RecruiteeSettings(BoardSettings):
    """`[sources.recruitee]`: `boards` are the first parts of https://NAME.recruitee.com.

    base_url: where a company's site is; `{company}` stands for the board.
    """

    base_url: str = f"https://{_COMPANY}.recruitee.com"


class Recruitee(Source):
    """Each board is one employer's whole list, descriptions and pay included."""

    name = "recruitee"
    kind = "ats"
    terms = Terms(
        homepage="https://docs.recruitee.com/reference/intro-to-careers-site-api",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="Recruitee: the careers site API needs no authorization. The text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = RecruiteeSettings

    def __init__(self, section: RecruiteeSettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: RecruiteeSettings, settings: Settings) -> "Recruitee":
        return cls(section, listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    @classmethod
    def board_of(cls, url: str) -> str | None:
        board = board_in(url, _ADDRESSES)
        return board.lower() if board else None

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        site = self._section.base_url.replace(_COMPANY, quote(board, safe="")).rstrip("/")
        answer = self._client.get_json(f"{site}/api/offers/", validators=validators)
        offers = mapping(answer.content).get("offers")
        if not isinstance(offers, list):
            raise SchemaDrift(f"board {board!r}: the answer holds no list of offers")
        known = [offer for offer in offers if isinstance(offer, Mapping) and text(offer.get("id")) is not None]
        if offers and not known:
            raise SchemaDrift(f"board {board!r}: no offer has an id")
        odd = len(offers) - len(known)
        message = f"{odd} offers without an id left out" if odd else ""
        postings = [_posting(board, offer) for offer in known if text(offer.get("status")) in (None, "published")]
        return Fetched(board, postings, True, answer.bytes, answer.validators, message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("title")), _description(record)
        places = _places(record)
        only = places[0] if len(places) == 1 else {}
        return Draft(
            title=title,
            company=text(record.get("company_name")) or text(mapping(record.get(NOTE)).get("board")),
            description=description,
            location="; ".join(dict.fromkeys(map(_place, places))) or text(record.get("location")),
            city=text(only.get("city")),
            region=text(only.get("state_code")),
            country=text(only.get("country_code")) or text(only.get("country")),
            workplace=next((name for flag, name in _WORKPLACES.items() if record.get(flag) is True), None),
            pay=_pay(mapping(record.get("salary"))),
            employment_type=text(record.get("employment_type_code")),
            # Often on the employer's own domain.
            url=text(record.get("careers_url")) or text(record.get("url")),
            posted_at=moment(record.get("published_at")) or moment(record.get("created_at")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _posting(board: str, offer: Mapping[str, Any]) -> RawPosting:
    record = dict(offer)
    if text(record.get("company_name")) is None:
        record[NOTE] = {"board": board}
    return RawPosting(board, str(offer["id"]), record)


def _description(record: Record) -> str | None:
    """What to do, and what is asked for: the requirements are a text of their own."""
    parts = [text(record.get(name)) for name in ("description", "requirements")]
    return "\n".join(part for part in parts if part) or None


def _places(record: Record) -> list[Mapping[str, Any]]:
    """The offer's places; its `location` is no guide, which for remote ones is "Remote job"."""
    locations = record.get("locations")
    named = [mapping(place) for place in locations] if isinstance(locations, list) else []
    found = {_place(place): place for place in [*named, *([] if named else [record])]}
    return [place for words, place in found.items() if words]


def _place(place: Mapping[str, Any]) -> str:
    """City, region and country; an offer calls its region's name otherwise than a place does."""
    region = text(place.get("state")) or text(place.get("state_name"))
    parts = [text(place.get("city")), region, text(place.get("country"))]
    return ", ".join(part for part in parts if part) or text(place.get("name")) or ""


def _pay(salary: Mapping[str, Any]) -> Pay | None:
    """The salary; its period is not believed where the amounts cannot be meant for it, such as 75 a year."""
    low, high = number(salary.get("min")), number(salary.get("max"))
    if low is None and high is None:
        return None
    period = (text(salary.get("period")) or "").lower()
    believed = period in _LEAST and (high or low or 0) >= _LEAST[period]
    return Pay(low, high, text(salary.get("currency")), period if believed else None)
