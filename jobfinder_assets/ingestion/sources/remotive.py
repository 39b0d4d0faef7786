"""Remotive's public list of remote jobs: https://github.com/remotive-com/remote-jobs-api, no key, one call."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    Query,
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


class RemotiveSettings(SourceSettings):
    """`[sources.remotive]`.

    category: one category's name or slug, such as "data", of https://remotive.com/api/remote-jobs/categories; empty
        for all jobs. With a category nothing is known of the rest, so that no job counts as closed.
    """

    base_url: str = "https://remotive.com"
    category: str = ""


class Remotive(Source):
    """All jobs that the public list shows, descriptions included; a few dozen, a day after Remotive's own site."""

    name = "remotive"
    kind = "feed"
    terms = Terms(
        homepage="https://github.com/remotive-com/remote-jobs-api",
        attribution="Remotive; link to the posting at remotive.com",
        redistributable="no",
        note="Not to be passed on to other job sites; jobs come a day late; to be asked at most four times a day.",
    )
    rates = (Rate(2, Duration.MINUTE), Rate(4, Duration.DAY))
    settings_model: ClassVar[type[SourceSettings]] = RemotiveSettings

    def __init__(self, section: RemotiveSettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: RemotiveSettings, settings: Settings) -> "Remotive":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        category = self._section.category.strip()
        found = self._ask(board, {"category": category}, validators)
        if category:
            # Were such an answer called unchanged, the jobs of other categories would count as seen.
            found.complete, found.validators = False, {}
        return found

    def search(self, board: str, query: Query) -> Fetched:
        """Jobs with the words in title or text; the place is not asked for, which the source cannot search."""
        found = self._ask(board, {"category": self._section.category.strip(), "search": query.words.strip()}, {})
        found.complete, found.validators = False, {}
        return found

    def _ask(self, board: str, asked: Mapping[str, str], validators: Mapping[str, str]) -> Fetched:
        """The jobs of one answer, as complete as the answer says of itself."""
        params = {name: value for name, value in asked.items() if value}
        url = f"{self._section.base_url.rstrip('/')}/api/remote-jobs"
        answer = self._client.get_json(url, params=params, validators=validators)
        jobs = mapping(answer.content).get("jobs")
        if not isinstance(jobs, list):
            raise SchemaDrift("the answer holds no list of jobs")
        known = [job for job in jobs if text(mapping(job).get("id")) is not None]
        if jobs and not known:
            raise SchemaDrift("no job has an id")
        postings = [RawPosting(board, str(job["id"]), dict(job)) for job in known]
        # The list is whole today; should it be cut one day, this number tells.
        total = number(answer.content.get("total-job-count")) or 0
        odd = len(jobs) - len(known)
        notes = [
            f"{odd} rows without an id left out" if odd else "",
            f"{len(jobs)} of {total:g} jobs came" if total > len(jobs) else "",
        ]
        message = "; ".join(note for note in notes if note)
        return Fetched(board, postings, total <= len(jobs), answer.bytes, answer.validators, message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title, description = text(record.get("title")), text(record.get("description"))
        return Draft(
            title=title,
            company=text(record.get("company_name")),
            description=description,
            location=_places(record.get("candidate_required_location")),
            # The site lists nothing else.
            workplace="remote",
            # Free text of any period: "$18 - $22/hr", "$3k - $10k".
            pay_text=text(record.get("salary")),
            employment_type=text(record.get("job_type")),
            url=text(record.get("url")),
            # It names no zone.
            posted_at=moment(record.get("publication_date")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _places(value: Any) -> str | None:
    """Where one may live: a list of countries, regions and time zones, whose commas do not mean "city, country"."""
    parts = (part.strip() for part in (text(value) or "").split(","))
    return "; ".join(dict.fromkeys(part for part in parts if part)) or None
