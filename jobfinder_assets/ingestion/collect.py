"""One run of one source: fetch each board, store what is new or changed, note what was seen or closed, and how it went.

Commits go raw, sightings, health. A run killed between two of them is repaired by the next: a row is written when
`raw_postings` lacks its content, whatever the sightings say, and a board's validators, which let it be skipped, are
stored last.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import pandas as pd

from jobfinder_assets.ingestion.contract import (
    Fetched,
    RawPosting,
    Source,
    SourceError,
    Unchanged,
    content_hash,
    posting_id,
    record_json,
)
from jobfinder_assets.ingestion.health import BoardHealth, frame, latest_health
from jobfinder_assets.storage.lake import Lake

BATCH_ROWS = 5_000
BATCH_CHARACTERS = 32_000_000
MOST_CONNECTIONS = 8
# `last_seen_at` is exact to half a day, so that a run shortly after another has nothing to write.
SEEN_AGAIN_AFTER = timedelta(hours=12)

_LIVE = ("ats", "feed")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collected:
    """What one run of a source brought: each board's health, with counts of postings."""

    source: str
    boards: tuple[BoardHealth, ...]

    def total(self, count: str) -> int:
        """Sum over the boards of `rows`, `new`, `changed`, `unchanged`, `closed` or `bytes`."""
        return sum(int(getattr(board, count)) for board in self.boards)

    @property
    def frame(self) -> pd.DataFrame:
        """Boards by name, as rows of `source_health`."""
        return frame(sorted(self.boards, key=lambda board: board.board))


@dataclass(frozen=True)
class _Sighting:
    content_hash: str
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None


@dataclass
class _Tally:
    """What a board's rows turned out to be, while they are read."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    closed: int = 0
    repeated: int = 0
    seen: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Answer:
    """A board's fetch, done or failed, and the seconds it took."""

    board: str
    outcome: Fetched | SourceError
    seconds: float


@dataclass(frozen=True)
class _Row:
    source_id: str
    text: str
    hash: str


def collect(source: Source, lake: Lake, *, run: str, now: datetime) -> Collected:
    """Fetch every board of `source` into the lake.

    A board that fails leaves its stored rows and the other boards alone; only a failing lake raises.

    Parameters
    ----------
    run
        The run's id, part of the key of `source_health`.
    now
        The time of the run, UTC.
    """
    previous = _previous(lake, source.name)
    stored = _sightings(lake, source)
    # Where nothing is stored, nothing can be unchanged.
    validators = {
        board: previous[board].validators if known and board in previous else {} for board, known in stored.items()
    }
    boards = []
    for answer in _answers(source, validators):
        board = _Board(source, lake, answer.board, now, stored.pop(answer.board))
        health = _store(board, answer, run=run, validators=validators[answer.board])
        if _worth_noting(source, health, previous.get(answer.board)):
            lake.merge("source_health", frame([health]))
        boards.append(health)
    for table in ("raw_postings", "posting_sightings", "source_health"):
        lake.compact(table)
    return Collected(source.name, tuple(boards))


@dataclass
class _Board:
    """One board being stored: where, when, and what was known of it before."""

    source: Source
    lake: Lake
    name: str
    now: datetime
    known: dict[str, _Sighting]


def _answers(source: Source, validators: Mapping[str, Mapping[str, str]]) -> Iterator[_Answer]:
    """Every board's answer: files one after another, live boards side by side, few at a time."""
    if source.kind not in _LIVE:
        for board, known in validators.items():
            yield _fetch(source, board, known)
        return
    waiting = iter(validators.items())
    with ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix=source.name) as pool:
        # At most so many answers are held in memory, however many boards there are.
        running: set[Future[_Answer]] = {
            pool.submit(_fetch, source, board, known) for board, known in islice(waiting, MOST_CONNECTIONS)
        }
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                running |= {pool.submit(_fetch, source, board, known) for board, known in islice(waiting, 1)}
                yield future.result()


def _fetch(source: Source, board: str, validators: Mapping[str, str]) -> _Answer:
    started = time.monotonic()
    outcome: Fetched | SourceError
    try:
        outcome = source.fetch(board, validators=validators)
    except SourceError as error:
        outcome = error
    except Exception as error:
        outcome = _unexpected(source, board, error)
    return _Answer(board, outcome, time.monotonic() - started)


def _unexpected(source: Source, board: str, error: Exception) -> SourceError:
    """An error no source should raise. The one place for a broad `except`: a source reads what strangers wrote,
    and whatever its parser trips over must cost that board only, never the other boards' postings."""
    logger.warning("%s, board %s: unexpected error", source.name, board, exc_info=error)
    return SourceError(
        f"{type(error).__name__}: {error} (a bug in jobfinder's source {source.name!r}: please report it)"
    )


def _store(board: _Board, answer: _Answer, *, run: str, validators: Mapping[str, str]) -> BoardHealth:
    """Write one board's rows and sightings; returns its health, still to be written."""
    started = time.monotonic()
    tally = _Tally()
    health = BoardHealth(board.source.name, board.name, run, "ok", board.now, validators=validators)
    try:
        if isinstance(answer.outcome, SourceError):
            raise answer.outcome
        fetched = answer.outcome
        health = replace(health, bytes=fetched.bytes)
        for batch in _batches(_rows(board, fetched, tally)):
            _store_raw(board, batch)
    except Unchanged as error:
        if board.source.kind in _LIVE:
            _see_all_again(board)
        unchanged = sum(sighting.closed_at is None for sighting in board.known.values())
        health = replace(health, status="unchanged", rows=unchanged, unchanged=unchanged, message=str(error))
    except SourceError as error:
        _see(board, tally, complete=False)
        kept = {} if tally.rows else validators
        health = _counted(replace(health, status=error.status, message=_words(str(error)), validators=kept), tally)
    else:
        _see(board, tally, complete=fetched.complete and tally.rows > 0)
        # An empty answer must not become "unchanged" next time.
        kept = fetched.validators if tally.rows else {}
        message = _message(board, fetched, tally)
        status = health.status if tally.rows else "empty"
        health = _counted(replace(health, status=status, message=message, validators=kept), tally)
    return replace(health, seconds=answer.seconds + time.monotonic() - started)


def _counted(health: BoardHealth, tally: _Tally) -> BoardHealth:
    return replace(
        health,
        rows=tally.rows,
        new=tally.new,
        changed=tally.changed,
        unchanged=tally.unchanged,
        closed=tally.closed,
    )


def _message(board: _Board, fetched: Fetched, tally: _Tally) -> str:
    notes = [fetched.message] if fetched.message else []
    if tally.repeated:
        notes.append(f"{tally.repeated} rows repeat another's id and were left out")
    if not tally.rows and board.known:
        notes.append(f"nothing came, where {len(board.known)} postings are stored")
    return _words("; ".join(notes))


def _words(message: str) -> str:
    return message if len(message) <= 500 else message[:499] + "…"


def _rows(board: _Board, fetched: Fetched, tally: _Tally) -> Iterator[_Row]:
    """The fetched rows that are not stored as they are; all of them are counted."""
    for posting, text in _readable(board, fetched):
        if posting.source_id in tally.seen:
            tally.repeated += 1
            continue
        digest = content_hash(text)
        tally.rows += 1
        tally.seen[posting.source_id] = digest
        known = board.known.get(posting.source_id)
        if known is not None and known.content_hash == digest:
            tally.unchanged += 1
            continue
        tally.new += known is None
        tally.changed += known is not None
        yield _Row(posting.source_id, text, digest)


def _readable(board: _Board, fetched: Fetched) -> Iterator[tuple[RawPosting, str]]:
    """Postings with their records' JSON, while the source can read on."""
    try:
        for posting in fetched.postings:
            yield posting, record_json(posting.record)
    except SourceError:
        raise
    except Exception as error:
        raise _unexpected(board.source, board.name, error) from error


def _batches(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Rows in lists bounded by number and by length. Rows read before an error are given before it is raised."""
    batch: list[_Row] = []
    characters = 0
    try:
        for row in rows:
            batch.append(row)
            characters += len(row.text)
            if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
    except SourceError:
        yield batch
        raise
    yield batch


def _store_raw(board: _Board, rows: Sequence[_Row]) -> None:
    """Write the rows whose content `raw_postings` does not hold yet, as it may after a killed run."""
    if not rows:
        return
    source = board.source.name
    there = board.lake.read(
        "raw_postings",
        ["source_id", "content_hash"],
        [("source", "=", source), ("board", "=", board.name), ("source_id", "in", [row.source_id for row in rows])],
    )
    held = set(zip(there["source_id"], there["content_hash"], strict=True))
    missing = [row for row in rows if (row.source_id, row.hash) not in held]
    raw = pd.DataFrame(
        {
            "source": source,
            "board": board.name,
            "source_id": [row.source_id for row in missing],
            "posting_id": [posting_id(source, board.name, row.source_id) for row in missing],
            "content_hash": [row.hash for row in missing],
            "fetched_at": board.now,
            "record": [row.text for row in missing],
        }
    )
    board.lake.merge("raw_postings", raw)


def _see(board: _Board, tally: _Tally, *, complete: bool) -> None:
    """Bring the sightings up to date: what came was seen now; what is missing from a complete answer has closed."""
    sightings: dict[str, _Sighting] = {}
    for source_id, digest in tally.seen.items():
        known = board.known.get(source_id)
        if known is None:
            sightings[source_id] = _Sighting(digest, board.now, board.now, None)
        elif known.content_hash != digest or known.closed_at is not None or _long_ago(known, board.now):
            sightings[source_id] = replace(known, content_hash=digest, last_seen_at=board.now, closed_at=None)
    if complete:
        for source_id, known in board.known.items():
            if source_id not in tally.seen and known.closed_at is None:
                sightings[source_id] = replace(known, closed_at=board.now)
                tally.closed += 1
    _store_sightings(board, sightings)


def _see_all_again(board: _Board) -> None:
    """The board says that nothing changed: what is open was seen."""
    _store_sightings(
        board,
        {
            source_id: replace(known, last_seen_at=board.now)
            for source_id, known in board.known.items()
            if known.closed_at is None and _long_ago(known, board.now)
        },
    )


def _long_ago(known: _Sighting, now: datetime) -> bool:
    return now - known.last_seen_at >= SEEN_AGAIN_AFTER


def _store_sightings(board: _Board, sightings: Mapping[str, _Sighting]) -> None:
    if not sightings:
        return
    source = board.source.name
    values = list(sightings.values())
    rows = pd.DataFrame(
        {
            "source": source,
            "board": board.name,
            "source_id": list(sightings),
            "posting_id": [posting_id(source, board.name, source_id) for source_id in sightings],
            "content_hash": [sighting.content_hash for sighting in values],
            "first_seen_at": [sighting.first_seen_at for sighting in values],
            "last_seen_at": [sighting.last_seen_at for sighting in values],
            "closed_at": pd.Series([sighting.closed_at for sighting in values], dtype="datetime64[us, UTC]"),
        }
    )
    board.lake.merge("posting_sightings", rows)


def _sightings(lake: Lake, source: Source) -> dict[str, dict[str, _Sighting]]:
    """What is known of each board's postings, by their id there."""
    columns = ["board", "source_id", "content_hash", "first_seen_at", "last_seen_at", "closed_at"]
    table = lake.read_arrow("posting_sightings", columns, [("source", "=", source.name)])
    known: dict[str, dict[str, _Sighting]] = {board: {} for board in source.boards()}
    for board, source_id, *facts in zip(*(table.column(name).to_pylist() for name in columns), strict=True):
        if board in known:
            known[board][source_id] = _Sighting(*facts)
    return known


@dataclass(frozen=True)
class _Previous:
    """A board's last health, as far as this run builds on it."""

    status: str
    rows: int
    message: str
    validators: Mapping[str, str]


def _previous(lake: Lake, source: str) -> dict[str, _Previous]:
    rows = latest_health(lake, source).to_dict("records")
    return {
        str(row["board"]): _Previous(
            str(row["status"]), int(row["rows"]), str(row["message"] or ""), json.loads(row["validators"] or "{}")
        )
        for row in rows
    }


def _worth_noting(source: Source, health: BoardHealth, previous: _Previous | None) -> bool:
    """Each look at a live board is noted; of a file, what its last row does not say already."""
    if source.kind in _LIVE or previous is None or health.new or health.changed or health.closed:
        return True
    return (health.status, health.rows, health.message) != (previous.status, previous.rows, previous.message)
