"""Workable accounts: the list that their own widget shows, and the careers page's where the widget's is empty."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion.boards import BoardSettings, board_in, listed_boards
from jobfinder_assets.ingestion.contract import (
    NOTE,
    NOTHING_STORED,
    BoardGone,
    Draft,
    Fetched,
    Known,
    RawPosting,
    Record,
    SchemaDrift,
    Source,
    Terms,
)
from jobfinder_assets.ingestion.fields import mapping, moment, text
from jobfinder_assets.ingestion.http import HttpClient, JsonAnswer
from jobfinder_assets.ingestion.paging import Page, read_pages

_MOST_PAGES = 200
_WORKPLACES = {"remote": "remote", "hybrid": "hybrid", "onsite": "onsite"}
# What the careers page asks when no filter is set.
_NO_FILTER = {"query": "", "location": [], "department": [], "worktype": [], "remote": []}
_PLACE_FIELDS = ("city", "state", "country", "locations")
_PUBLIC = "https://apply.workable.com"
# How its boards are addressed in the web.
_ADDRESSES = (
    r"apply\.workable\.com/api/v\d/(?:widget/)?accounts/([\w.-]+)",
    r"apply\.workable\.com/(?!(?:api|j|static|assets)(?:[/?#]|$))([\w-]+)",
    r"(?!apply\.|jobs\.)([\w-]+)\.workable\.com/j(?:obs)?(?:[/?#]|$)",
)


class WorkableSettings(BoardSettings):
    """`[sources.workable]`: `boards` are the account names in https://apply.workable.com/NAME."""

    base_url: str = _PUBLIC


class Workable(Source):
    """Each board is one employer's whole list.

    Descriptions come with the widget's list alone; where that is empty, the careers page's gives titles and places.
    """

    name = "workable"
    kind = "ats"
    terms = Terms(
        homepage="https://apply.workable.com",
        attribution="the employer; link to the posting",
        redistributable="unknown",
        note="What employers' own web pages load; not documented as an API. The text is the employer's.",
    )
    settings_model: ClassVar[type[BoardSettings]] = WorkableSettings

    def __init__(self, section: WorkableSettings, boards: Sequence[str], client: HttpClient) -> None:
        self._section = section
        self._boards = boards
        self._client = client

    @classmethod
    def build(cls, section: WorkableSettings, settings: Settings) -> "Workable":
        return cls(section, listed_boards(cls.name, section, settings.home), HttpClient.of(cls, settings))

    @classmethod
    def board_of(cls, url: str) -> str | None:
        return board_in(url, _ADDRESSES)

    def boards(self) -> Sequence[str]:
        return self._boards

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        return self.update(board, validators=validators)

    def update(self, board: str, *, validators: Mapping[str, str], known: Known = NOTHING_STORED) -> Fetched:
        """The widget's list; the careers page's rows never replace stored ones, which may have texts."""
        url = f"{self._section.base_url.rstrip('/')}/api/v1/widget/accounts/{quote(board, safe='')}"
        answer = self._client.get_json(url, params={"details": "true"}, validators=validators)
        rows = _rows(board, answer, "jobs")
        company = text(answer.content.get("name"))
        if not rows:
            return self._careers_page(board, company, known.first_seen)
        jobs = _by_shortcode(rows)
        postings = [_posting(board, company, places[0], places[1:]) for places in jobs.values()]
        odd = len(rows) - sum(map(len, jobs.values()))
        return Fetched(board, postings, True, answer.bytes, answer.validators, _left_out(odd))

    def _careers_page(self, board: str, company: str | None, known: Collection[str]) -> Fetched:
        pages = _Pages(self._client, f"{self._section.base_url.rstrip('/')}/api/v3/accounts", board, company)
        try:
            read = read_pages(board, pages.read, most=_MOST_PAGES)
        except BoardGone:
            # The account is there, the widget says so: it has no jobs.
            return Fetched(board, [])
        notes = [read.message, "titles without texts: the widget's list is empty", _left_out(pages.odd)]
        if read.complete and pages.total is not None and pages.rows < pages.total:
            read.complete = False
            notes.append(f"{pages.rows} of {pages.total} jobs came")
        read.message = "; ".join(note for note in notes if note) if pages.rows else read.message
        read.still_there = pages.seen & set(known)
        read.postings = (posting for posting in read.postings if posting.source_id not in known)
        return read

    @staticmethod
    def draft(record: Record) -> Draft:
        note = mapping(record.get(NOTE))
        title, description = text(record.get("title")), _description(record)
        places = _places(record)
        only = places[0] if len(places) == 1 else {}
        return Draft(
            title=title,
            company=text(note.get("company")) or text(note.get("board")),
            description=description,
            location="; ".join(dict.fromkeys(map(_place, places))) or None,
            # The region is left to the location: it is a name here, and a code elsewhere.
            city=text(only.get("city")),
            country=text(only.get("countryCode")) or text(only.get("country")),
            workplace=_workplace(record),
            employment_type=text(record.get("employment_type")) or text(record.get("type")),
            language=text(record.get("language")),
            url=_address(record),
            requisition_id=_requisition(record),
            posted_at=moment(record.get("published_on") or record.get("published")) or moment(record.get("created_at")),
            unreadable=None if title or description else "neither a title nor a text",
        )


class _Pages:
    """The careers page's list: each answer names what to ask for the next one with."""

    def __init__(self, client: HttpClient, url: str, board: str, company: str | None) -> None:
        self._client, self._board, self._company = client, board, company
        self._url = f"{url}/{quote(board, safe='')}/jobs"
        self._token: str | None = None
        self.seen: set[str] = set()
        self.rows = 0
        self.odd = 0
        self.total: int | None = None

    def read(self, index: int) -> Page:
        question = _NO_FILTER | ({"token": self._token} if self._token else {})
        answer = self._client.get_json(self._url, body=question)
        rows = _rows(self._board, answer, "results")
        jobs = _by_shortcode(rows)
        total = answer.content.get("total")
        self.total = total if isinstance(total, int) else None
        self.rows += len(rows)
        self.odd += len(rows) - sum(map(len, jobs.values()))
        fresh = jobs.keys() - self.seen
        self.seen |= fresh
        self._token = text(answer.content.get("nextPage")) or text(answer.content.get("token"))
        postings = [
            _posting(self._board, self._company, jobs[name][0], jobs[name][1:]) for name in jobs if name in fresh
        ]
        # A page that repeats the last one would be followed by itself for ever.
        return Page(postings, answer.bytes, last=self._token is None or not fresh)


def _rows(board: str, answer: JsonAnswer, name: str) -> list[Any]:
    rows = mapping(answer.content).get(name)
    if not isinstance(rows, list):
        raise SchemaDrift(f"account {board!r}: the answer holds no list of {name}")
    if rows and not _by_shortcode(rows):
        raise SchemaDrift(f"account {board!r}: no job has a shortcode")
    return rows


def _by_shortcode(rows: Sequence[Any]) -> dict[str, list[Record]]:
    """The rows of each job: the widget has one for each of its places."""
    jobs: dict[str, list[Record]] = {}
    for row in rows:
        if (shortcode := text(mapping(row).get("shortcode"))) is not None:
            jobs.setdefault(shortcode, []).append(row)
    return jobs


def _posting(board: str, company: str | None, row: Record, others: Sequence[Record]) -> RawPosting:
    note: dict[str, Any] = {"board": board}
    if company is not None:
        note["company"] = company
    if others:
        note["places"] = [{name: other[name] for name in _PLACE_FIELDS if name in other} for other in others]
    return RawPosting(board, str(row["shortcode"]), dict(row) | {NOTE: note})


def _left_out(odd: int) -> str:
    return f"{odd} rows without a shortcode left out" if odd else ""


def _description(record: Record) -> str | None:
    parts = [text(record.get(name)) for name in ("description", "requirements", "benefits")]
    return "\n".join(part for part in parts if part) or None


def _places(record: Record) -> list[Mapping[str, Any]]:
    """Every place of the job, but for those that the employer hides."""
    others = mapping(record.get(NOTE)).get("places")
    rows = [record, *(map(mapping, others) if isinstance(others, list) else ())]
    found = {_place(place): place for row in rows for place in _places_of(row)}
    return [place for words, place in found.items() if words]


def _places_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A row's `locations`; where it has none, its one `location`, or the fields of its own."""
    locations = row.get("locations")
    if isinstance(locations, list) and locations:
        return [place for place in map(mapping, locations) if place.get("hidden") is not True]
    one = mapping(row.get("location"))
    return [one or {"city": row.get("city"), "region": row.get("state"), "country": row.get("country")}]


def _place(place: Mapping[str, Any]) -> str:
    parts = [text(place.get(name)) for name in ("city", "region", "country")]
    return ", ".join(part for part in parts if part)


def _workplace(record: Record) -> str | None:
    """`workplace` where it is stated; of the flags only a yes, since a no may be hybrid."""
    stated = (text(record.get("workplace")) or "").lower().replace("_", "").replace("-", "")
    remote = record.get("telecommuting") is True or record.get("remote") is True
    return _WORKPLACES.get(stated) or ("remote" if remote else None)


def _address(record: Record) -> str | None:
    """The job's page, by the account's name and the shortcode where the list has no address."""
    board, shortcode = text(mapping(record.get(NOTE)).get("board")), text(record.get("shortcode"))
    built = f"{_PUBLIC}/{_part(board)}/j/{_part(shortcode)}/" if board and shortcode else None
    return text(record.get("url")) or text(record.get("shortlink")) or built


def _part(words: str) -> str:
    """One part of an address; JSON can spell half characters, which no address can."""
    return quote(words, safe="", errors="replace")


def _requisition(record: Record) -> str | None:
    """Employers put the role's name here too, which would make all their jobs of that role one."""
    value = text(record.get("code"))
    return value if value and any(character.isdigit() for character in value) else None
