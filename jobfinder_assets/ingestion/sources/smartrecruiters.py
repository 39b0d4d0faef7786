"""SmartRecruiters: https://dev.smartrecruiters.com/customer-api/posting-api/endpoints/postings, no key.

The list has no texts: each takes a call of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import Field
from pyrate_limiter import Duration, Rate

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, board_in, listed_boards
from jobfinder_assets.ingestion.contract import (
    NOTE,
    NOTHING_STORED,
    BoardBlocked,
    BoardGone,
    Draft,
    Fetched,
    Known,
    NotYet,
    Query,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    SourceError,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, text
from jobfinder_assets.ingestion.http import HttpClient
from jobfinder_assets.ingestion.paging import Page, read_pages

# The most that a page may have.
_PAGE_ROWS = 100
_MOST_PAGES = 200
# So many texts that fail one after another are no accident: the server is left alone until the next run.
_MOST_FAILURES = 10
_SECTIONS = ("companyDescription", "jobDescription", "qualifications", "additionalInformation")
_PUBLIC = "https://jobs.smartrecruiters.com"
# How its boards are addressed in the web.
_ADDRESSES = (
    r"jobs\.smartrecruiters\.com/(?:oneclick-ui|external-referrals)/company/([\w.-]+)",
    r"(?:jobs|careers)\.smartrecruiters\.com/(?!oneclick-ui\b|external-referrals\b|sr-jobs\b)([\w.-]+)",
    r"api\.smartrecruiters\.com/v1/companies/([\w.-]+)",
)


class SmartRecruitersSettings(BoardSettings):
    """`[sources.smartrecruiters]`: `boards` are the company ids in https://jobs.smartrecruiters.com/NAME.

    details: the most texts that one run reads of a board, a request each; what is left over comes in the next runs.
    """

    base_url: str = "https://api.smartrecruiters.com"
    details: Annotated[int, Field(ge=1, le=10_000)] = 200


class SmartRecruiters(Source):
    """Each board is one employer's whole list. A company that does not exist is an empty board, never a 404."""

    name = "smartrecruiters"
    kind = "ats"
    terms = Terms(
        homepage="https://dev.smartrecruiters.com/customer-api/posting-api/endpoints/postings",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="SmartRecruiters: no authentication, as the data are already public. The text is the employer's.",
    )
    # https://developers.smartrecruiters.com/docs/rate-limiting
    rates = (Rate(10, Duration.SECOND),)
    settings_model: ClassVar[type[BoardSettings]] = SmartRecruitersSettings

    def __init__(self, section: SmartRecruitersSettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: SmartRecruitersSettings, settings: Settings) -> "SmartRecruiters":
        return cls(section, listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    @classmethod
    def board_of(cls, url: str) -> str | None:
        return board_in(url, _ADDRESSES)

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self.update(board, validators=validators)

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """Only texts that are not stored, or were released again since, are asked for.

        The list is read without validators: were it unchanged, the texts left over would never come.
        """
        return self._with_texts(board, self._list(board), known.first_seen)

    def search(self, board: str, query: Query) -> Fetched:
        return replace(self._with_texts(board, self._list(board, query.words), {}), complete=False)

    def _list(self, board: str, words: str = "") -> "_Listed":
        """The rows of all pages; of those before a page that failed, with its error."""
        pages = _Pages(self._client, self._url(board), board, words)
        read = read_pages(board, pages.read, most=_MOST_PAGES)
        listed = _Listed(bytes=read.bytes, complete=read.complete, notes=[read.message] if read.message else [])
        try:
            for posting in read.postings:
                listed.rows[posting.source_id] = posting.record
        except SourceError as error:
            listed.error = error
        if pages.odd:
            listed.notes.append(f"{pages.odd} rows of the list without an id left out")
        if listed.complete and pages.total is not None and pages.rows < pages.total:
            # Something closed while the pages were read, or the list was cut.
            listed.complete = False
            listed.notes.append(f"{pages.rows} of {pages.total} postings were listed")
        return listed

    def _with_texts(self, board: str, listed: "_Listed", known: Mapping[str, datetime]) -> Fetched:
        new = [source_id for source_id in listed.rows if source_id not in known]
        again = [source_id for source_id in listed.rows if source_id in known and listed.released(source_id, known)]
        read = self._texts(board, listed.rows, [*new, *again])
        there = [name for name in listed.rows if name in known and name not in read.postings and name not in read.gone]
        error = listed.error or read.error
        if error is not None and not read.postings and not there:
            raise error
        return Fetched(
            board,
            list(read.postings.values()) if listed.error is None else _then_raise(read.postings.values(), listed.error),
            listed.complete,
            listed.bytes + read.bytes,
            message="; ".join([*listed.notes, *self._notes(read)]),
            still_there=there,
        )

    def _texts(self, board: str, rows: Mapping[str, Record], wanted: Sequence[str]) -> "_Texts":
        """The full records of `wanted`, as many as a run may ask for; one that fails costs no other."""
        read = _Texts(left=len(wanted))
        failures = 0
        for source_id in wanted[: self._section.details]:
            try:
                answer = self._client.get_json(f"{self._url(board)}/{_part(source_id)}")
                read.postings[source_id] = _posting(board, source_id, rows[source_id], answer.content)
                read.bytes += answer.bytes
                failures = 0
            except BoardGone:
                # Closed since the list was made.
                read.gone.add(source_id)
            except (BoardBlocked, NotYet) as error:
                read.error = error
                break
            except SourceError as error:
                read.error = error
                read.failed += 1
                failures += 1
            read.left -= 1
            if failures == _MOST_FAILURES:
                break
        return read

    def _notes(self, read: "_Texts") -> Iterator[str]:
        if read.left:
            yield f"{read.left} texts are left for the next runs (details = {self._section.details})"
        if read.gone:
            yield f"{len(read.gone)} postings were gone before they were read"
        if read.error is not None:
            yield f"{read.failed} texts could not be read: {read.error}" if read.failed else str(read.error)

    def _url(self, board: str) -> str:
        return f"{self._section.base_url.rstrip('/')}/v1/companies/{_part(board)}/postings"

    @staticmethod
    def draft(record: Record) -> Draft:
        location = mapping(record.get("location"))
        title, description = text(record.get("name")), _description(record)
        return Draft(
            title=title,
            company=_company(record) or text(mapping(record.get(NOTE)).get("board")),
            description=description,
            location=_location(location),
            city=text(location.get("city")),
            region=text(location.get("region")),
            country=(text(location.get("country")) or "").upper() or None,
            workplace=_workplace(location),
            employment_type=text(mapping(record.get("typeOfEmployment")).get("label")),
            language=_language(record),
            url=_address(record),
            requisition_id=text(record.get("refNumber")),
            posted_at=moment(record.get("releasedDate")),
            unreadable=None if title or description else "neither a title nor a text",
        )


@dataclass
class _Listed:
    """A board's list. `error` is why it ends early, `notes` what is to be said of it."""

    rows: dict[str, Record] = field(default_factory=dict)
    bytes: int = 0
    complete: bool = True
    notes: list[str] = field(default_factory=list)
    error: SourceError | None = None

    def released(self, source_id: str, known: Mapping[str, datetime]) -> bool:
        """Whether a stored posting was released after it was first seen, so that its text may be another."""
        at = moment(self.rows[source_id].get("releasedDate"))
        return at is not None and at > known[source_id]


@dataclass
class _Texts:
    """What the calls for texts brought. `left` were not asked for, `error` is the last one's."""

    left: int
    postings: dict[str, RawPosting] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    failed: int = 0
    bytes: int = 0
    error: SourceError | None = None


class _Pages:
    """A company's list page by page: the rows so far, those without an id, and how many the list says it has."""

    def __init__(self, client: HttpClient, url: str, board: str, words: str) -> None:
        self._client, self._url, self._board = client, url, board
        self._query = {"q": words} if words else {}
        self.rows = 0
        self.odd = 0
        self.total: int | None = None

    def read(self, index: int) -> Page:
        # Where the rows so far end: a server that gives fewer than asked for leaves no gap.
        params = {"limit": _PAGE_ROWS, "offset": self.rows, **self._query}
        answer = self._client.get_json(self._url, params=params)
        content = mapping(answer.content).get("content")
        if not isinstance(content, list):
            raise SchemaDrift(f"board {self._board!r}: the answer holds no list of postings")
        rows = [row for row in content if isinstance(row, Mapping) and text(row.get("id")) is not None]
        if content and not rows:
            raise SchemaDrift(f"board {self._board!r}: no posting has an id")
        total = answer.content.get("totalFound")
        self.total = total if isinstance(total, int) else None
        self.rows += len(content)
        self.odd += len(content) - len(rows)
        last = len(content) < _PAGE_ROWS if self.total is None else not content or self.rows >= self.total
        return Page([RawPosting(self._board, str(row["id"]), row) for row in rows], answer.bytes, last)


def _posting(board: str, source_id: str, row: Record, detail: Any) -> RawPosting:
    """The detail, and what only the list has."""
    if not isinstance(detail, Mapping) or not isinstance(detail.get("jobAd"), Mapping):
        raise SchemaDrift(f"board {board!r}: the answer for posting {source_id} holds no advert")
    record = {**row, **detail}
    if _company(record) is None:
        record[NOTE] = {"board": board}
    return RawPosting(board, source_id, record)


def _part(words: str) -> str:
    """One part of an address; JSON can spell half characters, which no address can."""
    return quote(words, safe="", errors="replace")


def _then_raise(postings: Iterable[RawPosting], error: SourceError) -> Iterator[RawPosting]:
    yield from postings
    raise error


def _company(record: Record) -> str | None:
    return text(mapping(record.get("company")).get("name"))


def _description(record: Record) -> str | None:
    """The advert's sections under their headings, in the order of the page."""
    sections = mapping(mapping(record.get("jobAd")).get("sections"))
    parts = []
    for section in (mapping(sections.get(name)) for name in _SECTIONS):
        heading, body = text(section.get("title")), text(section.get("text"))
        if body:
            parts.append(f"<h3>{heading}</h3>\n{body}" if heading else body)
    return "\n".join(parts) or None


def _location(location: Mapping[str, Any]) -> str | None:
    parts = [text(location.get(name)) for name in ("city", "region", "country")]
    return text(location.get("fullLocation")) or ", ".join(part for part in parts if part) or None


def _workplace(location: Mapping[str, Any]) -> str | None:
    """Only a yes is believed: both flags are false where the employer says nothing."""
    if location.get("hybrid") is True:
        return "hybrid"
    return "remote" if location.get("remote") is True else None


def _language(record: Record) -> str | None:
    """`en` of `en` and `en-GB`."""
    code = text(mapping(record.get("language")).get("code"))
    return code.split("-")[0].lower() if code else None


def _address(record: Record) -> str | None:
    """The posting's page, which is found by company and id whatever words follow them."""
    company, identity = text(mapping(record.get("company")).get("identifier")), text(record.get("id"))
    built = f"{_PUBLIC}/{_part(company)}/{_part(identity)}" if company and identity else None
    return text(record.get("postingUrl")) or built
