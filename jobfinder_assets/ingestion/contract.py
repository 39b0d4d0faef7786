"""What every job source gives: raw records, kept as they came, and how to read one.

A source is one module in `ingestion/sources/` that defines a subclass of `Source`; its settings are
one section of `jobfinder.toml`. `fetch` talks to the outside; `draft` is pure and can run again on
stored records years later.
"""

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

import orjson
import xxhash
from pyrate_limiter import Rate

from jobfinder_assets.config import Section, Settings

Status = Literal["ok", "unchanged", "empty", "gone", "blocked", "failed", "schema_drift"]
Record = Mapping[str, Any]
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME

# The kinds of sources that are asked over the network.
LIVE = ("ats", "feed")

# What an address names so stands in the environment, and in no table or message.
VARIABLE = re.compile(r"\$\{(\w+)\}")

# Beside the source's own keys a record may hold, under this one, what only the fetch knew and a later
# `draft` needs: a board's name, a file's column mapping, why a line could not be read.
NOTE = "@jobfinder"


class SourceError(Exception):
    """A board could not be fetched. `status` is its health, the message says what to do."""

    status: Status = "failed"


class BoardGone(SourceError):
    """The board does not exist (any more)."""

    status: Status = "gone"


class BoardBlocked(SourceError):
    """The source refuses us: 401, 403, 429, or a block page."""

    status: Status = "blocked"


class NotYet(SourceError):
    """The source's own limits do not allow another request yet. Nothing was asked, so nothing is known."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class SchemaDrift(SourceError):
    """The answer is not of the shape that this source is known for."""

    status: Status = "schema_drift"


class Unchanged(SourceError):
    """The source says that nothing changed since the validators of the last fetch."""

    status: Status = "unchanged"


@dataclass(frozen=True)
class RawPosting:
    """One record of a source, unedited. `source_id` is unique and stable within its board.

    sent: digest of the item's bytes as the source sent them, where it may tell that an item is the stored one.
    """

    board: str
    source_id: str
    record: Record
    sent: str | None = None


class Known:
    """What is stored of a board, made when a source first asks for it."""

    def __init__(
        self,
        first_seen: Callable[[], Mapping[str, datetime]] = dict,
        sent: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._first_seen, self._sent = first_seen, sent

    @cached_property
    def first_seen(self) -> Mapping[str, datetime]:
        """When each posting was first seen, by its id."""
        return self._first_seen()

    @cached_property
    def sent(self) -> Mapping[str, str]:
        """Ids by `RawPosting.sent`."""
        return self._sent()


NOTHING_STORED = Known()


@dataclass
class Fetched:
    """One board's answer.

    complete: the whole board was read, so that a posting missing from it is closed.
    still_there: ids of stored postings that the board still lists and whose texts were not read again.
    validators: what to send next time (ETag, Last-Modified, or a file's digest).
    """

    board: str
    postings: Iterator[RawPosting] | Sequence[RawPosting]
    complete: bool = True
    bytes: int = 0
    validators: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    still_there: Collection[str] = ()


@dataclass(frozen=True)
class Pay:
    """Pay that the source states in fields of its own, whole units per period."""

    minimum: float | None
    maximum: float | None
    currency: str | None
    period: str | None
    is_estimate: bool = False


@dataclass(frozen=True)
class Draft:
    """A posting as the source tells it: texts uncleaned, facts only where the source has a field for them."""

    title: str | None
    company: str | None
    description: str | None
    location: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    workplace: str | None = None
    pay: Pay | None = None
    pay_text: str | None = None
    employment_type: str | None = None
    language: str | None = None
    url: str | None = None
    requisition_id: str | None = None
    posted_at: datetime | None = None
    unreadable: str | None = None


@dataclass(frozen=True)
class Query:
    """What a person searches for, in their own words; an empty `location` is anywhere."""

    words: str
    location: str = ""


@dataclass(frozen=True)
class Terms:
    """Under what terms a source's postings are used, for the user's eyes."""

    homepage: str
    attribution: str
    redistributable: Literal["yes", "no", "unknown"]
    note: str = ""


class SourceSettings(Section):
    """What every source's section of the settings has; a source adds its own keys in a subclass."""

    enabled: bool = True


class Source(ABC):
    """A job source, built from its section of the settings.

    rates: how often it may be asked, narrowest interval first; kept across runs.
    """

    name: ClassVar[str]
    kind: ClassVar[Literal["sample", "file", "ats", "feed"]]
    terms: ClassVar[Terms]
    rates: ClassVar[Sequence[Rate]] = ()
    settings_model: ClassVar[type[SourceSettings]] = SourceSettings

    @classmethod
    @abstractmethod
    def build(cls, section: Any, settings: Settings) -> "Source":
        """Make the source from its own section (an instance of `cls.settings_model`) and the general settings."""

    @classmethod
    def board_of(cls, url: str) -> str | None:
        """The board that a web address belongs to; None when it is not this source's."""
        return None

    @abstractmethod
    def boards(self) -> Sequence[str]:
        """The boards to fetch: companies, feeds, files or data sets."""

    @abstractmethod
    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        """Read one board. Raises `SourceError` (and nothing else) when it cannot."""

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """Read one board of which postings are stored.

        Here it reads all of it again. A source that needs a request for each text overrides this, and one whose lists
        are long: what is stored as it was sent need not be parsed.
        """
        return self.fetch(board, validators=validators)

    @property
    def searches(self) -> bool:
        """Whether the source can search; one that can overrides `search`."""
        return type(self).search is not Source.search

    def search(self, board: str, query: Query) -> Fetched:
        """What the board finds for `query`, under the same ids as `fetch` gives. Raises as `fetch` does."""
        raise NotImplementedError(f"{self.name} cannot search")

    @staticmethod
    @abstractmethod
    def draft(record: Record) -> Draft:
        """Read one stored record. Never raises: what cannot be read is said in `unreadable`."""


def bug_words(source: str, error: Exception) -> str:
    """What to say of an error that no source should raise: strangers' words have found a fault of ours."""
    return f"{type(error).__name__}: {error} (a bug in jobfinder's source {source!r}: please report it)"


def posting_id(source: str, board: str, source_id: str) -> str:
    """Stable 16-hex identity of a posting: SHA-256 of its source, board and id there."""
    return hashlib.sha256("\x1f".join((source, board, source_id)).encode()).hexdigest()[:16]


def parse_json(content: bytes) -> Any:
    """JSON as servers send it. Raises `ValueError` (or `RecursionError`) for what is none."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # It is strict: NaN, lone surrogates and UTF-16 are left to the lenient one.
        return json.loads(content)


def record_json(record: Record) -> str:
    """A record as canonical JSON, so that equal records have equal hashes."""
    try:
        return orjson.dumps(record, default=str, option=_CANONICAL).decode()
    except TypeError:
        # Lone surrogates, integers of more than 64 bits and keys that are no text are beyond it.
        return well_formed(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str))


def well_formed(text: str) -> str:
    """Text without lone surrogates, which JSON can spell (`"\\ud800"`) but no UTF-8 file can hold."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def content_hash(record_text: str) -> str:
    """16 hex of XXH3 of a record's canonical JSON: it tells changes, and unlike hashlib's it keeps the GIL."""
    return xxhash.xxh3_64_hexdigest(record_text.encode())
