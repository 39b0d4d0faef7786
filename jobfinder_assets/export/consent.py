"""Consent to the data product: what exactly was offered and read, said yes to, and taken back. Append-only.

Sources: GDPR Art. 4(11), 7 and 9(2)(a); EDPB Guidelines 05/2020 on consent: specific, informed, unambiguous, and as
easy to withdraw as to give.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Literal

import pandas as pd
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jobfinder_assets.config import PROFILE_NAME_WORDS, Home, ProfileName
from jobfinder_assets.export.columns import ALWAYS, CHOICES, COLUMNS, require_known
from jobfinder_assets.export.errors import ExportError, Refusal
from jobfinder_assets.export.words import CATEGORIES
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

TEXT_VERSION = "1"
_CURRENCY = re.compile(r"[A-Z]{3}")
_OWN_WORDS = "Value error, "
# What is wrong with a value that has the wrong length or size, in words; the other checks say it themselves.
_NEEDS = {
    "profile": f"a profile's name has {PROFILE_NAME_WORDS}",
    "purpose": "the purpose needs at least 10 characters, and at most 500: say what the data is for",
    "buyer": "who may get the data needs at least 2 characters, and at most 200: name them in full",
    "price": "the price is a number, 0 or more",
}


class Offer(BaseModel):
    """What a person is asked to agree to. Nothing has a default but the price, which is none.

    buyer: a name, or with `buyer_is_class` the class of those who may receive it; columns: names of
    `columns.CHOICES`; until: end of the term, UTC; special: the special categories that may stay in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    profile: ProfileName
    purpose: str = Field(min_length=10, max_length=500)
    buyer: str = Field(min_length=2, max_length=200)
    buyer_is_class: bool
    columns: tuple[str, ...]
    until: datetime
    price: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    currency: str = ""
    special: tuple[str, ...] = ()

    @field_validator("columns")
    @classmethod
    def _columns(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in CHOICES]
        if unknown or not names:
            problem = f"unknown column {unknown[0]!r}" if unknown else "the offer names no column"
            raise ValueError(f"{problem}; columns to choose from: {', '.join(CHOICES)}")
        return tuple(name for name in COLUMNS if name in names)

    @field_validator("special")
    @classmethod
    def _special(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in CATEGORIES]
        if unknown:
            raise ValueError(f"unknown special category {unknown[0]!r}; there are: {', '.join(CATEGORIES)}")
        return tuple(sorted(set(names)))

    @field_validator("until")
    @classmethod
    def _until(cls, until: datetime) -> datetime:
        if until.tzinfo is None:
            raise ValueError("the end of the term has no time zone")
        return until

    def model_post_init(self, context: Any, /) -> None:
        if self.price and not _CURRENCY.fullmatch(self.currency):
            raise ValueError("a price needs its currency, three letters such as EUR")


@dataclass(frozen=True)
class Consent:
    """One consent: the offer, the text that was read, when, and when it was withdrawn (None: it was not)."""

    id: str
    offer: Offer
    text: str
    text_version: str
    text_hash: str
    said_at: datetime
    withdrawn_at: datetime | None = None

    def state(self, now: datetime) -> Literal["live", "withdrawn", "expired"]:
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "live" if now < self.offer.until else "expired"


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal did: the consents it ended, and the ledger's rows of those who hold a package, to be told."""

    consents: Sequence[str]
    notify: pd.DataFrame


def make_offer(**values: Any) -> Offer:
    """An offer. Raises `ExportError` that names the value and what is allowed."""
    try:
        return Offer.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if first["msg"].startswith(_OWN_WORDS):
            raise ExportError(first["msg"].removeprefix(_OWN_WORDS)) from error
        where = str(first["loc"][0]) if first["loc"] else "offer"
        raise ExportError(_NEEDS.get(where, f"{where}: {first['msg'].lower()}")) from error


def require_to_come(offer: Offer, *, now: datetime) -> None:
    """Raises `ExportError` when the offer's term is over already; best asked before anybody reads its text."""
    if offer.until <= now:
        raise ExportError(f"the term ended on {offer.until:%Y-%m-%d %H:%M} UTC, it is over already; name a later end")


def read_text(offer: Offer) -> str:
    """The text that a person reads before they say yes: everything about this offer and nothing else."""
    template = (resources.files("jobfinder_assets.export") / "data" / "consent.txt").read_text(encoding="utf-8")
    chosen = [name for name in COLUMNS if name in {*ALWAYS, *offer.columns}]
    return template.format(
        purpose=offer.purpose,
        buyer=f"anyone of this class: {offer.buyer}" if offer.buyer_is_class else offer.buyer,
        price=f"{offer.price:,.2f} {offer.currency}" if offer.price else "none",
        until=f"{offer.until:%Y-%m-%d %H:%M} UTC",
        columns="\n".join(f"- {name}: {COLUMNS[name].meaning}" for name in chosen),
        special=f"these stay in: {', '.join(offer.special)}; all others are left out" if offer.special else "left out",
        profile=offer.profile,
    )


def text_hash(text: str) -> str:
    """SHA-256 of the text as read."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def give(lake: Lake, home: Home, offer: Offer, *, read: str, now: datetime) -> Consent:
    """Note that the person agreed to the offer whose text has the hash `read`.

    Raises `ExportError` when that is not the hash of this offer's text, or when its term is over already.
    """
    text = read_text(offer)
    if read != text_hash(text):
        raise ExportError(f"the text with the hash {read[:16]!r} is not that of this offer; read it again, then agree")
    require_to_come(offer, now=now)
    row = {
        "kind": "given",
        "profile": offer.profile,
        "offer": offer.model_dump_json(),
        "text": text,
        "text_version": TEXT_VERSION,
        "text_hash": read,
    }
    event_id = _append(lake, home, [row], profile=offer.profile, now=now)[0]
    return Consent(event_id, offer, text, TEXT_VERSION, read, now)


def withdraw(lake: Lake, home: Home, profile: str, *, now: datetime, consent: str = "") -> Withdrawn:
    """Take back every consent of the profile that is not withdrawn yet, or the one given; marks the ledger.

    Raises `ExportError` when there is none.
    """
    wanted = [
        each for each in history(lake, profile) if each.withdrawn_at is None and (not consent or each.id == consent)
    ]
    if not wanted:
        name = consent or "that is not withdrawn"
        raise ExportError(f"profile {profile!r} has no consent {name}; `jobfinder consent show` lists all")
    ids = [each.id for each in wanted]
    _append(lake, home, [{"kind": "withdrawn", "consent_id": each} for each in ids], profile=profile, now=now)
    held = lake.read("product_ledger", where=[("profile", "=", profile), ("consent_id", "in", ids)])
    held = held[held["withdrawn_at"].isna()].assign(withdrawn_at=now)
    lake.update("product_ledger", held[["package_id", "withdrawn_at"]])
    return Withdrawn(ids, held.sort_values("made_at", ignore_index=True))


def history(lake: Lake, profile: str) -> list[Consent]:
    """Every consent of the profile, oldest first. Raises `Refusal` when a record is not as it was written."""
    events = _events(lake, profile)
    ended = {event["consent_id"]: event["said_at"] for event in events if event["kind"] == "withdrawn"}
    return [
        Consent(
            event["event_id"],
            Offer.model_validate_json(event["offer"]),
            event["text"],
            event["text_version"],
            event["text_hash"],
            event["said_at"],
            ended.get(event["event_id"]),
        )
        for event in events
        if event["kind"] == "given"
    ]


def live_consent(lake: Lake, profile: str, recipient: str, *, now: datetime) -> Consent:
    """The newest live consent of the profile that covers the recipient. Raises `Refusal` with the reason."""
    known = history(lake, profile)
    if not known:
        raise Refusal(f"profile {profile!r} has given no consent; `jobfinder consent give --help` says how")
    live = [each for each in known if each.state(now) == "live"]
    if not live:
        last = known[-1]
        when = last.withdrawn_at or last.offer.until
        raise Refusal(
            f"the consent of profile {profile!r} is {last.state(now)} since {when:%Y-%m-%d %H:%M} UTC; "
            "without a new one nothing is made"
        )
    covering = [each for each in live if covers(each.offer, recipient)]
    if not covering:
        raise Refusal(
            f"no live consent of profile {profile!r} names this recipient; it names: "
            f"{', '.join(each.offer.buyer for each in live)}"
        )
    require_known(covering[-1].offer.columns, "the consent")
    return covering[-1]


def covers(offer: Offer, recipient: str) -> bool:
    """Whether the offer lets this recipient have a package: the one it names, or any when it names a class."""
    return bool(recipient.strip()) and (offer.buyer_is_class or offer.buyer.casefold() == recipient.strip().casefold())


def _append(lake: Lake, home: Home, rows: list[dict[str, Any]], *, profile: str, now: datetime) -> list[str]:
    home.root.mkdir(parents=True, exist_ok=True)
    with FileLock(home.root / ".consent.lock"):
        events = _events(lake, profile)
        previous = events[-1]["event_id"] if events else ""
        done = []
        for row in rows:
            told = dict.fromkeys(TABLES["consent_events"].columns) | row
            told |= {"profile": profile, "said_at": now, "previous_id": previous}
            previous = told["event_id"] = _event_id(told)
            done.append(told)
        lake.append("consent_events", pd.DataFrame(done).astype({"said_at": "datetime64[us, UTC]"}))
    return [str(row["event_id"]) for row in done]


def _events(lake: Lake, profile: str) -> list[dict[str, Any]]:
    """The events in the order in which they were said, each checked against its id, which is made of all it says."""
    frame = lake.read("consent_events", where=[("profile", "=", profile)]).astype("object")
    rows = frame.where(frame.notna(), None).to_dict("records")
    by_previous = {row["previous_id"]: row for row in rows}
    ordered: list[dict[str, Any]] = []
    while (row := by_previous.get(ordered[-1]["event_id"] if ordered else "")) is not None and len(ordered) < len(rows):
        ordered.append({str(name): value for name, value in row.items()})
    broken = [row["event_id"] for row in ordered if row["event_id"] != _event_id(row)]
    if len(ordered) != len(rows) or broken:
        raise Refusal(
            f"the consent record of profile {profile!r} was changed after it was written"
            + (f" (event {broken[0]})" if broken else "")
            + "; bring the home back from a copy, or erase the profile and consent anew"
        )
    return ordered


def _event_id(row: dict[str, Any]) -> str:
    """32 hex over everything the event says and the event before it: no event can be changed, moved or left out."""
    told = {name: row[name] for name in TABLES["consent_events"].columns if name != "event_id"}
    told["said_at"] = pd.Timestamp(row["said_at"]).tz_convert("UTC").isoformat()
    content = json.dumps({name: value or "" for name, value in told.items()}, sort_keys=True)
    return hashlib.sha256(content.encode("utf-8")).hexdigest()[:32]
