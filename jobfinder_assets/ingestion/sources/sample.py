"""The bundled sample: synthetic postings in the shape of every source, so that the first run needs no network."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from typing import ClassVar
from urllib.parse import urlsplit

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceError,
    SourceSettings,
    Terms,
    Unchanged,
)
from jobfinder_assets.ingestion.fields import mapping

BOARD = "sample"
# By name, not by import: the sample's own room comes after this one.
_PACKAGE = "jobfinder_assets.sample"
_FILE = "postings.jsonl.gz"


class SampleSettings(SourceSettings):
    """`[sources.sample]`: `labels_for` names the profile that gets the sample's labels (empty: none)."""

    labels_for: str = "example"


class Sample(Source):
    """Invented employers and postings, written by the seeded script beside the data."""

    name = "sample"
    kind = "sample"
    terms = Terms(homepage="", attribution="", redistributable="yes", note="Synthetic: no posting is real.")
    settings_model: ClassVar[type[SourceSettings]] = SampleSettings

    def __init__(self, data: Traversable) -> None:
        self._data = data

    @classmethod
    def build(cls, section: SampleSettings, settings: Settings) -> "Sample":
        return cls(resources.files(_PACKAGE).joinpath(_FILE))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        try:
            packed = self._data.read_bytes()
        except OSError as error:
            raise SourceError(f"the bundled {_FILE} is missing: install jobfinder again") from error
        digest = {"sha256": hashlib.sha256(packed).hexdigest()}
        if dict(validators) == digest:
            raise Unchanged("")
        return Fetched(board, _postings(board, packed), bytes=len(packed), validators=digest)

    @staticmethod
    def draft(record: Record) -> Draft:
        source = source_classes().get(str(record.get("shape")))
        if source is None or source is Sample:
            return Draft(None, None, None, unreadable=f"no source has the shape {record.get('shape')!r}")
        draft = source.draft(mapping(record.get("record")))
        # The thread that a number of Hacker News would open is another person's.
        return draft if _is_invented(draft.url) else replace(draft, url=None)


def _is_invented(url: str | None) -> bool:
    """Names under .example belong to nobody (RFC 2606)."""
    return url is not None and (urlsplit(url).hostname or "").endswith(".example")


def _postings(board: str, packed: bytes) -> Iterator[RawPosting]:
    for number, line in enumerate(gzip.decompress(packed).split(b"\n"), start=1):
        if not line:
            continue
        try:
            posting = json.loads(line)
            yield RawPosting(board, str(posting["source_id"]), {name: posting[name] for name in ("shape", "record")})
        except (ValueError, KeyError, TypeError) as error:
            raise SchemaDrift(f"{_FILE}, line {number}: {error!r}; write it anew with its script") from error
