"""Jobicy's remote jobs: https://github.com/Jobicy/remote-jobs-api, no key, the newest hundred in one call."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.contract import (
    Draft,
    Fetched,
    Pay,
    Query,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceError,
    SourceSettings,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, number, text
from jobfinder_assets.ingestion.http import HttpClient

BOARD = "jobs"

_MOST_ROWS = 100
# A `tag` of another length is refused.
_SHORTEST_TAG, _LONGEST_TAG = 3, 50
_PERIODS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


class JobicySettings(SourceSettings):
    """`[sources.jobicy]`: what to ask for; each may be empty for all.

    geo: a region's slug, such as "usa" or "europe", of https://jobicy.com/api/v2/remote-jobs?get=locations.
    industry: a category's slug, such as "data-science", of https://jobicy.com/api/v2/remote-jobs?get=industries.
    tag: words of title or text, 3 to 50 characters.
    """

    base_url: str = "https://jobicy.com"
    geo: str = ""
    industry: str = ""
    tag: Annotated[str, Field(pattern=rf"^(?:.{{{_SHORTEST_TAG},{_LONGEST_TAG}}})?$")] = ""


class Jobicy(Source):
    """The newest jobs, descriptions included: a job that is missing from them may well be open."""

    name = "jobicy"
    kind = "feed"
    terms = Terms(
        homepage="https://github.com/Jobicy/remote-jobs-api",
        attribution="Jobicy; link to the posting at jobicy.com",
        redistributable="no",
        note="Not to be passed on to other job platforms, nor altered; jobs come some hours late; "
        "to be asked once an hour at most.",
    )
    rates = (Rate(1, Duration.HOUR),)
    settings_model: ClassVar[type[SourceSettings]] = JobicySettings

    def __init__(self, section: JobicySettings, client: HttpClient) -> None:
        self._section = section
        self._client = client

    @classmethod
    def build(cls, section: JobicySettings, settings: Settings) -> "Jobicy":
        return cls(section, HttpClient.of(cls, settings))

    def boards(self) -> Sequence[str]:
        return (BOARD,)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        # Nothing is asked for under a condition: an answer that is not the whole board, were it called unchanged,
        # would have every stored job seen again.
        return self._ask(board, self._section.tag)

    def search(self, board: str, query: Query) -> Fetched:
        """Jobs with the words in title or text, in the place of the settings' tag.

        The query's place is not asked for: the source knows regions by its own slugs, and refuses any other.
        """
        return self._ask(board, _tag(query.words))

    def _ask(self, board: str, tag: str) -> Fetched:
        asked = {"geo": self._section.geo.strip(), "industry": self._section.industry.strip(), "tag": tag.strip()}
        params = {"count": str(_MOST_ROWS)} | {name: value for name, value in asked.items() if value}
        url = f"{self._section.base_url.rstrip('/')}/api/v2/remote-jobs"
        answer = self._client.get_json(url, params=params)
        jobs = mapping(answer.content).get("jobs")
        if not isinstance(jobs, list):
            raise SchemaDrift("the answer holds no list of jobs")
        known = [job for job in jobs if text(mapping(job).get("id")) is not None]
        if jobs and not known:
            raise SchemaDrift("no job has an id")
        postings = [RawPosting(board, str(job["id"]), dict(job)) for job in known]
        odd = len(jobs) - len(known)
        message = f"{odd} rows without an id left out" if odd else ""
        return Fetched(board, postings, complete=False, bytes=answer.bytes, message=message)

    @staticmethod
    def draft(record: Record) -> Draft:
        title = text(record.get("jobTitle"))
        description = text(record.get("jobDescription")) or text(record.get("jobExcerpt"))
        return Draft(
            title=title,
            company=text(record.get("companyName")),
            description=description,
            location=_places(record.get("jobGeo")),
            # The site lists nothing else.
            workplace="remote",
            pay=_pay(record),
            employment_type=_listed(record.get("jobType")),
            url=text(record.get("url")),
            # The dates of 2024 name no zone: UTC as well.
            posted_at=moment(record.get("pubDate")),
            unreadable=None if title or description else "neither a title nor a text",
        )


def _tag(words: str) -> str:
    """A search's words, as many as the source takes. Raises `SourceError` where it takes none: it would refuse."""
    tag = " ".join(words.split())
    while len(tag.encode()) > _LONGEST_TAG and " " in tag:
        tag = tag.rpartition(" ")[0]
    if not _SHORTEST_TAG <= len(tag.encode()) <= _LONGEST_TAG:
        raise SourceError(f"Jobicy searches for {_SHORTEST_TAG} to {_LONGEST_TAG} characters only, not for {tag!r}")
    return tag


def _places(value: Any) -> str | None:
    """Where one may live: a list of countries and regions, whose commas do not mean "city, country"."""
    parts = (part.strip() for part in (text(value) or "").split(","))
    return "; ".join(dict.fromkeys(part for part in parts if part)) or None


def _listed(value: Any) -> str | None:
    words = [text(word) for word in value] if isinstance(value, list) else [text(value)]
    return ", ".join(word for word in words if word) or None


def _pay(record: Record) -> Pay | None:
    """The salary as it is told since 2026, with a period of its own, or as in 2024: always of a year, in strings."""
    currency = text(record.get("salaryCurrency"))
    low, high = number(record.get("salaryMin")), number(record.get("salaryMax"))
    if low is not None or high is not None:
        return Pay(low, high, currency, _PERIODS.get((text(record.get("salaryPeriod")) or "").strip().lower()))
    low, high = number(record.get("annualSalaryMin")), number(record.get("annualSalaryMax"))
    return None if low is None and high is None else Pay(low, high, currency, "year")
