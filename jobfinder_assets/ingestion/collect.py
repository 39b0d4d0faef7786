"""One run of one source: fetch each board, store what is new or changed, note what was seen or closed, and how it went.

Boards are read side by side and written in batches of many: a commit costs the same for one row as for thousands.
Raw rows and sightings are committed side by side, health last. A run killed between two commits is repaired by the
next, which goes on where it ended: a row is written when `raw_postings` lacks its content, a sighting when the stored
one is of other content, and it is a board's health that lets it be skipped. That its open postings were all seen stands
in its health alone: `sightings.py` reads both.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import pairwise, starmap
from threading import Lock
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from jobfinder_assets.ingestion.contract import (
    LIVE,
    Fetched,
    Known,
    NotYet,
    Query,
    RawPosting,
    Source,
    SourceError,
    Unchanged,
    bug_words,
    content_hash,
    posting_id,
    record_json,
    well_formed,
)
from jobfinder_assets.ingestion.health import HEALTHY, BoardHealth, frame, latest_of
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

BATCH_ROWS = 5_000
BATCH_CHARACTERS = 32_000_000
# What was fetched is stored at least so often, for a run that is killed.
BATCH_SECONDS = 20.0
# What was seen again so shortly is not written again.
SEEN_AGAIN_AFTER = timedelta(hours=12)

# The fields of a draft whose share of filled rows is kept in a board's health.
WATCHED_FIELDS = ("title", "company", "description", "location", "workplace", "posted_at", "url")

WATCHED_ROWS = 50
# So often another thread joins those that ask, while they mostly wait.
JOINING_SECONDS = 0.05
_TIMES = ("first_seen_at", "last_seen_at", "closed_at")
_WRITTEN = ("raw_postings", "posting_sightings", "source_health")
_NEVER = datetime.min.replace(tzinfo=UTC)

logger = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")
Moments: TypeAlias = np.ndarray[tuple[int], np.dtype["np.datetime64[datetime | None]"]]


@dataclass(frozen=True)
class Collected:
    """What one run of a source brought.

    boards: each board's health, with counts of postings.
    waiting: the boards that were not asked, with the reason: it was too soon.
    """

    source: str
    boards: tuple[BoardHealth, ...]
    waiting: Mapping[str, str] = field(default_factory=dict)

    def total(self, count: str) -> int:
        """Sum over the boards of `rows`, `new`, `changed`, `unchanged`, `closed` or `bytes`."""
        return sum(int(getattr(board, count)) for board in self.boards)

    @property
    def frame(self) -> pd.DataFrame:
        """Boards by name, as rows of `source_health`."""
        return frame(sorted(self.boards, key=lambda board: board.board))


class _Sighting(NamedTuple):
    """When a posting was seen. `content_hash` is that of its record then; None where none was stored."""

    content_hash: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None


@dataclass
class _Tally:
    """What a board's rows turned out to be, while they are read.

    read: content hash by source id of those that were read; there: ids of those that need not be; filled: how many of
    `drafted` rows fill each watched field; carried: watched rows that are as the last fetch had them, and so fill what
    they filled.
    """

    new: int = 0
    changed: int = 0
    closed: int = 0
    repeated: int = 0
    read: dict[str, str] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    filled: Counter[str] = field(default_factory=Counter)
    drafted: int = 0
    carried: int = 0

    @property
    def rows(self) -> int:
        return len(self.read) + len(self.there)

    def shares(self, before: Mapping[str, float]) -> dict[str, float]:
        """The share of the watched rows that fill each field; `before` are those of the last fetch."""
        watched = self.drafted + self.carried
        counts = {
            name: self.filled[name] + self.carried * before.get(name, 0.0) for name in (self.filled.keys() | before)
        }
        return {name: round(count / watched, 4) for name, count in sorted(counts.items()) if count}


@dataclass(frozen=True)
class _Answer:
    """A board's fetch, done or failed, and the seconds it took; `searched` when it answers a query only."""

    board: str
    outcome: Fetched | SourceError
    seconds: float
    searched: bool = False


@dataclass(frozen=True)
class _Row:
    source_id: str
    text: str
    hash: str
    sent: str | None
    replaces: bool


def collect(
    source: Source,
    lake: Lake,
    *,
    run: str,
    now: datetime,
    query: Query | None = None,
    interval: timedelta = timedelta(0),
    connections: int = 8,
) -> Collected:
    """Fetch every board of `source` into the lake.

    A board that fails leaves its stored rows and the other boards alone; only a failing lake raises.

    Parameters
    ----------
    run
        The run's id, part of the key of `source_health`.
    now
        The time of the run, UTC.
    query
        Ask the boards that can search for this only. What they find is stored as ever, but says nothing of the
        board's health, nor of what has closed.
    interval
        A live board that was healthy is not asked again sooner; so an interrupted run goes on where it was.
    connections
        At most so many live boards are asked at once.
    """
    with ThreadPoolExecutor(1) as aside:
        reading = aside.submit(_previous, lake, source.name)
        stored = _Stored(lake, source.name)
        previous = reading.result()
    waiting = {} if query is not None else _fetched_lately(source, previous, now=now, interval=interval)
    # Where nothing is stored, nothing can be unchanged.
    asked = {
        board: previous[board].validators if board in stored and board in previous else {}
        for board in source.boards()
        if board not in waiting
    }
    watched = {board for board, last in previous.items() if last.filled}
    one_by_one = Lock()
    failed: list[BaseException] = []
    with _Writer(lake, source.name, now, stored.known_at) as writer:

        def ask(name: str) -> BoardHealth | NotYet:
            # Of a board whose fields nobody has counted yet, all is read.
            known = Known(
                lambda: stored.board(name).first_seen, lambda: stored.board(name).sent if name in watched else {}
            )
            answer = _fetch(source, name, asked[name], known, query)
            board = _Board(source, writer, name, now, stored, previous.get(name))
            with one_by_one:
                if failed:
                    raise failed[0]
                try:
                    health = _store(board, answer, run=run, validators=asked[name])
                    if not answer.searched and _worth_noting(board, health):
                        writer.note(health)
                    return health
                except NotYet as error:
                    # Its traceback would keep the answer.
                    return error.with_traceback(None)
                except BaseException as error:
                    failed.append(error)
                    raise
                finally:
                    stored.forget(name)

        outcomes = _side_by_side(ask, asked, connections) if source.kind in LIVE else list(map(ask, asked))
    boards = tuple(outcome for outcome in outcomes if isinstance(outcome, BoardHealth))
    waiting |= {name: str(told) for name, told in zip(asked, outcomes, strict=True) if isinstance(told, NotYet)}
    with ThreadPoolExecutor(len(_WRITTEN)) as aside:
        list(aside.map(partial(lake.compact, partition={"source": source.name}), _WRITTEN))
    return Collected(source.name, boards, waiting)


class _Writer:
    """Gathers the rows of many boards and commits them together, as a context: what is left at its end as well."""

    def __init__(self, lake: Lake, source: str, now: datetime, known_at: tuple[str, int]) -> None:
        """`known_at`: the state of `raw_postings` by which rows are told to replace others."""
        self._lake = lake
        self._source = source
        self._now = now
        self._known_at = known_at
        self._raw: list[tuple[str, _Row]] = []
        self._characters = 0
        self._sightings: dict[tuple[str, str], _Sighting] = {}
        self._health: list[BoardHealth] = []
        self._written = time.monotonic()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.flush()

    def store(self, board: str, row: _Row) -> None:
        self._raw.append((board, row))
        self._characters += len(row.text)
        if len(self._raw) >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS:
            self._flush_raw()

    def see(self, board: str, sightings: Mapping[str, _Sighting]) -> None:
        self._sightings |= {(board, source_id): sighting for source_id, sighting in sightings.items()}
        self._flush_when_due()

    def note(self, health: BoardHealth) -> None:
        self._health.append(health)
        self._flush_when_due()

    def _flush_when_due(self) -> None:
        if len(self._sightings) >= BATCH_ROWS or time.monotonic() - self._written >= BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        with ThreadPoolExecutor(1) as aside:
            writing = aside.submit(self._flush_raw)
            if self._sightings:
                replacing = any(sighting.first_seen_at != self._now for sighting in self._sightings.values())
                self._lake.merge("posting_sightings", self._sighting_rows(), replacing=replacing)
            writing.result()
        self._sightings = {}
        if self._health:
            self._lake.merge("source_health", frame(self._health))
            self._health = []
        self._written = time.monotonic()

    def _flush_raw(self) -> None:
        if not self._raw:
            return
        raw = pd.DataFrame(
            {
                "source": self._source,
                "board": [board for board, _ in self._raw],
                "source_id": [row.source_id for _, row in self._raw],
                "posting_id": [posting_id(self._source, board, row.source_id) for board, row in self._raw],
                "content_hash": [row.hash for _, row in self._raw],
                "sent_hash": [row.sent for _, row in self._raw],
                "fetched_at": self._now,
                "record": [row.text for _, row in self._raw],
            }
        )
        replacing = any(row.replaces for _, row in self._raw)
        self._lake.merge("raw_postings", raw, replacing=replacing, absent_at=None if replacing else self._known_at)
        # Not before: another thread may write once more, and the health of these boards as well.
        self._raw, self._characters = [], 0

    def _sighting_rows(self) -> pa.Table:
        values = list(self._sightings.values())
        columns = {
            "source": [self._source] * len(values),
            "board": [board for board, _ in self._sightings],
            "source_id": [source_id for _, source_id in self._sightings],
            "posting_id": [posting_id(self._source, *key) for key in self._sightings],
            "content_hash": [sighting.content_hash for sighting in values],
            "first_seen_at": [sighting.first_seen_at for sighting in values],
            "last_seen_at": [sighting.last_seen_at for sighting in values],
            "closed_at": [sighting.closed_at for sighting in values],
        }
        return pa.Table.from_pydict(columns, TABLES["posting_sightings"].arrow)


@dataclass
class _Board:
    """One board being stored: where, when, and what was known of it before."""

    source: Source
    writer: _Writer
    name: str
    now: datetime
    stored: "_Stored"
    previous: "_Previous | None"

    @property
    def filled(self) -> Mapping[str, float]:
        """Per field, the share of the rows that filled it in the last fetch."""
        return self.previous.filled if self.previous else {}

    @cached_property
    def known(self) -> "_KnownPostings":
        return self.stored.board(self.name)

    def sighting(self, source_id: str) -> _Sighting:
        """A stored one; what was open was seen whenever the board was complete."""
        found = self.known.sighting(source_id)
        if self.previous is None or found.closed_at is not None:
            return found
        return found._replace(last_seen_at=max(found.last_seen_at, self.previous.complete_at))

    def was_seen_lately(self, source_id: str) -> bool:
        return self.now - self.sighting(source_id).last_seen_at < SEEN_AGAIN_AFTER


def _side_by_side(ask: Callable[[str], Outcome], boards: Collection[str], connections: int) -> list[Outcome]:
    """What each board gives, in their order, few at a time.

    A thread stores what it has fetched before it asks for the next board: so no more answers are held in memory, and
    none is handed from thread to thread, which takes longer than to find that it brings nothing new. Where servers
    answer at once, threads that the interpreter cannot serve get in each other's way: so two begin, and while the
    process mostly waits, others join them.
    """
    turns = iter(boards)
    outcomes: dict[str, Outcome] = {}

    def work() -> None:
        try:
            for board in turns:
                outcomes[board] = ask(board)
        finally:
            # After an error nobody goes on.
            deque(turns, maxlen=0)

    with ThreadPoolExecutor(connections, thread_name_prefix="board") as pool:
        threads = [pool.submit(work) for _ in range(min(2, connections))]
        try:
            computed = time.process_time()
            while wait(threads, timeout=JOINING_SECONDS).not_done:
                before, computed = computed, time.process_time()
                if len(threads) < connections and computed - before < JOINING_SECONDS / 2:
                    threads.append(pool.submit(work))
        finally:
            deque(turns, maxlen=0)
    for thread in threads:
        thread.result()
    return [outcomes[board] for board in boards]


def _fetch(source: Source, board: str, validators: Mapping[str, str], known: Known, query: Query | None) -> _Answer:
    started = time.monotonic()
    outcome: Fetched | SourceError
    searched = False
    try:
        if query is not None and source.searches:
            searched = True
            outcome = source.search(board, query)
        else:
            outcome = source.update(board, validators=validators, known=known)
    except SourceError as error:
        outcome = error
    except Exception as error:
        outcome = _unexpected(source, board, error)
    return _Answer(board, outcome, time.monotonic() - started, searched)


def _unexpected(source: Source, board: str, error: Exception) -> SourceError:
    """An error no source should raise. Hence the broad `except` here, as in `cleaning/clean.py`: a source reads what
    strangers wrote, and whatever its parser trips over must cost that board only, never the other boards' postings."""
    logger.warning("%s, board %s: unexpected error", source.name, board, exc_info=error)
    return SourceError(bug_words(source.name, error))


def _store(board: _Board, answer: _Answer, *, run: str, validators: Mapping[str, str]) -> BoardHealth:
    """Hand one board's rows and sightings to the writer; returns its health, still to be written.

    Raises `NotYet` when the board was not asked.
    """
    started = time.monotonic()
    tally = _Tally()
    size, counted = 0, True
    try:
        if isinstance(answer.outcome, SourceError):
            raise answer.outcome
        fetched = answer.outcome
        size = fetched.bytes
        for row in _rows(board, fetched, tally):
            board.writer.store(board.name, row)
    except NotYet:
        raise
    except Unchanged as error:
        counted, status, message, kept = False, error.status, str(error), validators
        # A file that lies there as it did tells nothing of what is still open.
        complete = board.source.kind in LIVE
    except SourceError as error:
        status, message, kept, complete = error.status, _words(str(error)), {} if tally.rows else validators, False
        _see(board, tally, complete=False)
    else:
        complete = fetched.complete and tally.rows > 0
        _see(board, tally, complete=complete)
        # An empty answer must not become "unchanged" next time.
        kept = fetched.validators if tally.rows else {}
        status, message = "ok" if tally.rows or answer.searched else "empty", _message(board, fetched, tally)
    rows = tally.rows if counted else board.stored.open_postings(board.name)
    return BoardHealth(
        board.source.name,
        board.name,
        run,
        status,
        board.now,
        rows=rows,
        new=tally.new,
        changed=tally.changed,
        unchanged=rows - tally.new - tally.changed if counted else rows,
        closed=tally.closed,
        bytes=size,
        seconds=answer.seconds + time.monotonic() - started,
        complete=complete,
        message=message,
        validators=kept,
        filled=tally.shares(board.filled) if tally.drafted + tally.carried else dict(board.filled),
    )


def _message(board: _Board, fetched: Fetched, tally: _Tally) -> str:
    notes = [fetched.message] if fetched.message else []
    if tally.repeated:
        notes.append(f"{tally.repeated} rows repeat another's id and were left out")
    if not tally.rows and (stored := len(board.known.sighted.keys() | board.known.recorded.keys())):
        notes.append(f"nothing came, where {stored} postings are stored")
    return _words("; ".join(notes))


def _words(message: str) -> str:
    return message if len(message) <= 500 else message[:499] + "…"


def _rows(board: _Board, fetched: Fetched, tally: _Tally) -> Iterator[_Row]:
    """The fetched rows that are not stored as they are; all of them are counted."""
    known, read = board.known, tally.read
    watched = WATCHED_ROWS if board.source.kind in LIVE else 0
    recognised = known.recorded.keys() & fetched.still_there
    for source_id, text, posting in _readable(board, fetched):
        if source_id in read or source_id in recognised:
            tally.repeated += 1
            continue
        digest = content_hash(text)
        is_recorded = known.recorded.get(source_id) == digest
        unchanged = is_recorded and source_id in known.sighted
        if len(read) < watched:
            _watch(board, posting, tally, unchanged=unchanged)
        read[source_id] = digest
        if unchanged:
            # Stored by an older version: from now on it is recognised.
            if posting.sent and source_id in known.unsent:
                yield _Row(source_id, text, digest, posting.sent, replaces=True)
            continue
        if source_id in known.sighted:
            tally.changed += 1
        else:
            tally.new += 1
        if not is_recorded:
            yield _Row(source_id, text, digest, posting.sent, replaces=source_id in known.recorded)
    # Some sources tell them while their postings are read.
    tally.there = (known.recorded.keys() & fetched.still_there) - read.keys()
    if board.filled:
        # They fill what they filled when they were read.
        tally.carried += min(len(tally.there), max(0, watched - tally.drafted - tally.carried))


def _watch(board: _Board, posting: RawPosting, tally: _Tally, *, unchanged: bool) -> None:
    """Count the fields that a row fills, of those whose sudden absence would show a changed source."""
    if unchanged and board.filled:
        tally.carried += 1
        return
    try:
        draft = board.source.draft(posting.record)
    except Exception as error:
        raise _unexpected(board.source, board.name, error) from error
    values = {name: getattr(draft, name) for name in WATCHED_FIELDS} | {"pay": draft.pay or draft.pay_text}
    tally.filled.update(name for name, value in values.items() if value is not None)
    tally.drafted += 1


def _readable(board: _Board, fetched: Fetched) -> Iterator[tuple[str, str, RawPosting]]:
    """Postings with their ids and their records' JSON, while the source can read on."""
    try:
        for posting in fetched.postings:
            yield well_formed(posting.source_id), record_json(posting.record), posting
    except SourceError:
        raise
    except Exception as error:
        raise _unexpected(board.source, board.name, error) from error


def _see(board: _Board, tally: _Tally, *, complete: bool) -> None:
    """Bring the sightings up to date: what came was seen now; what is missing from a complete answer has closed.

    What is open and came again needs no word of its own where the answer was complete.
    """
    known = board.known
    came = tally.read.keys() | tally.there
    telling = {name for name, digest in tally.read.items() if known.sighted.get(name) != digest}
    telling |= (known.unsighted & tally.there) | (known.closed & came)
    if not complete:
        telling |= {name for name in known.sighted.keys() & came if not board.was_seen_lately(name)}
    sightings: dict[str, _Sighting] = {}
    for source_id in sorted(telling):
        first_seen_at = board.sighting(source_id).first_seen_at if source_id in known.sighted else board.now
        digest = tally.read.get(source_id) or known.recorded[source_id]
        sightings[source_id] = _Sighting(digest, first_seen_at, board.now, None)
    if complete:
        for source_id in sorted(known.sighted.keys() - known.closed - came):
            sightings[source_id] = board.sighting(source_id)._replace(closed_at=board.now)
            tally.closed += 1
    board.writer.see(board.name, sightings)


@dataclass(frozen=True)
class _KnownPostings:
    """What is stored of a board. A refresh asks for few sightings: they become objects one by one.

    recorded: content hash of each stored record by its id; sighted: content hash by id as the sightings have it, in
    their order; closed: the ids of those that are closed; sent: ids by the digest of the item that the source sent;
    times: `_TIMES` of the sightings. A killed run may have stored a record without a sighting, or one without the
    other's newest content.
    """

    recorded: dict[str, str]
    sighted: dict[str, str]
    closed: frozenset[str]
    sent: dict[str, str]
    times: Sequence[Moments]

    @property
    def first_seen(self) -> dict[str, datetime]:
        """When each posting whose record is stored was first seen."""
        times = zip(self.sighted, map(_moment, self.times[0]), strict=True)
        sighted = {source_id: moment or _NEVER for source_id, moment in times if source_id in self.recorded}
        return dict.fromkeys(self.recorded, _NEVER) | sighted

    @cached_property
    def unsighted(self) -> frozenset[str]:
        """Ids whose sighting is missing or of other content than the record."""
        if self.recorded == self.sighted:
            return frozenset()
        return frozenset(name for name, digest in self.recorded.items() if self.sighted.get(name) != digest)

    @cached_property
    def unsent(self) -> frozenset[str]:
        """Ids of which no digest is stored."""
        return frozenset(self.recorded).difference(self.sent.values())

    def sighting(self, source_id: str) -> _Sighting:
        place = self._places[source_id]
        first_seen_at, last_seen_at, closed_at = (_moment(moments[place]) for moments in self.times)
        return _Sighting(self.sighted[source_id], first_seen_at or _NEVER, last_seen_at or _NEVER, closed_at)

    @cached_property
    def _places(self) -> dict[str, int]:
        return dict(zip(self.sighted, range(len(self.sighted)), strict=True))


def _moment(value: "np.datetime64[datetime | None]") -> datetime | None:
    """Far faster than Arrow's own, which looks the time zone up for each value."""
    moment = value.item()
    return None if moment is None else moment.replace(tzinfo=UTC)


class _Stored:
    """What is known of a source's postings, by board and their id there; read into objects a board at a time."""

    def __init__(self, lake: Lake, source: str) -> None:
        where, columns = [("source", "=", source)], ["board", "source_id", "content_hash"]
        with ThreadPoolExecutor(1) as aside:
            reading = aside.submit(lake.read_with_state, "raw_postings", [*columns, "sent_hash"], where)
            seen = lake.read_arrow("posting_sightings", [*columns, *_TIMES], where)
            raw, self.known_at = reading.result()
        self._raw, self._seen = _ByBoard(raw), _ByBoard(seen)
        self._times = [self._seen.columns[name].to_numpy(zero_copy_only=False) for name in _TIMES]
        self._known: dict[str, _KnownPostings] = {}

    def __contains__(self, board: str) -> bool:
        return board in self._raw.places or board in self._seen.places

    def board(self, name: str) -> _KnownPostings:
        """The board's postings; one whose sighting a killed run could not store was never seen."""
        if name not in self._known:
            self._known[name] = self._read_board(name)
        return self._known[name]

    def forget(self, name: str) -> None:
        """The board is done."""
        self._known.pop(name, None)

    def _read_board(self, name: str) -> _KnownPostings:
        raw_ids, raw_hashes, sent = (
            self._raw.of(name, column) for column in ("source_id", "content_hash", "sent_hash")
        )
        ids, hashes = (self._seen.of(name, column) for column in ("source_id", "content_hash"))
        times = self._times_of(name)
        return _KnownPostings(
            recorded=dict(zip(raw_ids, raw_hashes, strict=True)),
            sighted=dict(zip(ids, hashes, strict=True)),
            closed=frozenset(ids[place] for place in np.flatnonzero(~np.isnat(times[-1]))),
            sent={digest: source_id for digest, source_id in zip(sent, raw_ids, strict=True) if digest},
            times=times,
        )

    def open_postings(self, name: str) -> int:
        """How many of the board's postings are open."""
        return int(np.count_nonzero(np.isnat(self._times_of(name)[-1])))

    def _times_of(self, name: str) -> list[Moments]:
        return [moments[self._seen.place(name)] for moments in self._times]


class _ByBoard:
    """A table's columns with each board's rows side by side; `places`: which rows are a board's."""

    def __init__(self, table: pa.Table) -> None:
        boards = table.column("board").combine_chunks().dictionary_encode()
        numbers = boards.indices.to_numpy()
        order = np.argsort(numbers, kind="stable")
        sorted_ = table.drop_columns(["board"]).take(order)
        edges = np.searchsorted(numbers[order], np.arange(len(boards.dictionary) + 1)).tolist()
        self.places = dict(zip(boards.dictionary.to_pylist(), starmap(slice, pairwise(edges)), strict=True))
        self.columns = {name: sorted_.column(name).combine_chunks() for name in sorted_.column_names}

    def place(self, board: str) -> slice:
        return self.places.get(board, slice(0, 0))

    def of(self, board: str, column: str) -> list[Any]:
        return self.columns[column][self.place(board)].to_pylist()


def _fetched_lately(
    source: Source, previous: Mapping[str, "_Previous"], *, now: datetime, interval: timedelta
) -> dict[str, str]:
    """The live boards that were healthy so short a time ago that it would be rude to ask again."""
    if source.kind not in LIVE:
        return {}
    lately = {}
    for board in source.boards():
        last = previous.get(board)
        if last is not None and last.status in HEALTHY and now - last.checked_at < interval:
            minutes = (last.checked_at + interval - now).total_seconds() / 60
            lately[board] = f"asked lately; again in {max(1, round(minutes))} min (http.interval_minutes)"
    return lately


@dataclass(frozen=True)
class _Previous:
    """A board's last health, as far as this run builds on it, and when it was last complete."""

    status: str
    rows: int
    message: str
    validators: Mapping[str, str]
    filled: Mapping[str, float]
    checked_at: datetime
    complete_at: datetime


def _previous(lake: Lake, source: str) -> dict[str, _Previous]:
    history = lake.read("source_health", where=[("source", "=", source)])
    complete = history[history["complete"].eq(True)].groupby("board")["checked_at"].max().dt.to_pydatetime()
    latest = latest_of(history).fillna({"message": "", "validators": "", "filled": ""})
    columns = ("status", "rows", "message", "validators", "filled", "checked_at")
    return {
        board: _Previous(
            status,
            rows,
            message,
            orjson.loads(validators or "{}"),
            orjson.loads(filled or "{}"),
            at.to_pydatetime(),
            complete.get(board, _NEVER),
        )
        for board, status, rows, message, validators, filled, at in zip(
            latest["board"].tolist(), *(latest[name].tolist() for name in columns), strict=True
        )
    }


def _worth_noting(board: _Board, health: BoardHealth) -> bool:
    """Each look at a live board is noted; of a file, what its last row does not say already."""
    last = board.previous
    if board.source.kind in LIVE or last is None or health.new or health.changed or health.closed:
        return True
    if health.complete and board.now - last.complete_at >= SEEN_AGAIN_AFTER:
        return True
    return (health.status, health.rows, health.message) != (last.status, last.rows, last.message)
