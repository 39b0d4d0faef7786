"""Remote OK: https://remoteok.com/api, the hundred newest remote jobs in one answer, no key.

Its texts often come as UTF-8 that was read as Latin-1: they are stored as they came, and cleaning repairs what it is
certain of. Some rows are junk (a location "Success, ", tags of everything): cleaning and the ranking judge them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    Pay,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient

BOARD = "jobs"
# Rows without a page of their own share this address.
_GENERIC = re.compile(r"/remote-jobs/?$", re.IGNORECASE)


class RemoteOkSettings(SourceSettings):
    """`[sources.remoteok]`."""

    base_url: str = "https://remoteok.com"


class RemoteOk(Source):
    """The newest remote jobs; what has left the list may still be open, so nothing is closed."""

    name = "remoteok"
    kind = "feed"
    terms = Terms(
        homepage="https://remoteok.com/api",
        attribution="Remote OK; link to the posting there",
        redistributable="no",
        note="Remote OK asks for a link back (with follow) and its name; its logo may not be used.",
    )
    rates = (Rate(4, Duration.HOUR),)
    settings_model: ClassVar[type[SourceSettings]] = RemoteOkSettings

    def __init__(self, section: RemoteOkSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: RemoteOkSettings, settings: Settings) -> "RemoteOk":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        answer = self._client.get_json(f"{self._section.base_url.rstrip('/')}/api")
        rows = answer.content
        if not isinstance(rows, list):
            raise SchemaDrift("the answer is no list of jobs")
        # The first element is the legal notice.
        jobs = [row for row in rows if "legal" not in mapping(row)]
        known = [row for row in jobs if text(mapping(row).get("id")) is not None]
        if jobs and not known:
            raise SchemaDrift("no job has an id")
        postings = [RawPosting(board, str(row["id"]), dict(row)) for row in known]
        odd = len(jobs) - len(postings)
        message = f"{odd} rows without an id left out" if odd else ""
        return Fetched(board, postings, False, answer.bytes, message=message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("position")), text(record.get("description"))
        url = text(record.get("url")) or ""
        return Draft(
            title=title,
            company=text(record.get("company")),
            description=description,
            location=(text(record.get("location")) or "").strip(" ,") or None,
            workplace="remote",
            pay=_pay(record),
            url=None if _GENERIC.search(url) else url or None,
            posted_at=moment(record.get("date")) or moment(record.get("epoch")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _pay(record: Mapping[str, Any]) -> Pay | None:
    """0 is unknown; no currency is stated. Amounts of a year's size are taken for a year's."""
    low, high = number(record.get("salary_min")), number(record.get("salary_max"))
    if low is None and high is None:
        return None
    period = "year" if (high or low or 0) >= 10_000 else None
    return Pay(low, high, None, period)
