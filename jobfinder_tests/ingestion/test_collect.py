"""A run of a source: what is written, what is left alone, what closes, and that nothing is ever lost."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.config import Settings
from jobfinder_assets.ingestion import collect as collecting
from jobfinder_assets.ingestion.collect import Collected, collect
from jobfinder_assets.ingestion.contract import (
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
    Source,
    SourceError,
    Terms,
    Unchanged,
    posting_id,
)
from jobfinder_assets.ingestion.health import latest_health, what_to_do
from jobfinder_assets.ingestion.sightings import read_sightings
from jobfinder_assets.storage.lake import Lake, LakeError

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = ("raw_postings", "posting_sightings", "source_health")

Answer = Fetched | Exception | Callable[[Mapping[str, str]], Fetched]


class Told(Source):
    """A source that answers as the test tells it."""

    name = "told"
    kind: ClassVar[Literal["sample", "file", "ats", "feed"]] = "ats"
    terms = Terms("", "", "yes")

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers

    @classmethod
    def build(cls, section: Any, settings: Settings) -> "Told":
        return cls()

    def boards(self) -> Sequence[str]:
        return tuple(self.answers)

    def fetch(self, board: str, *, validators: Mapping[str, str]) -> Fetched:
        answer = self.answers[board]
        if isinstance(answer, Exception):
            raise answer
        return answer(validators) if callable(answer) else answer

    @staticmethod
    def draft(record: Record) -> Draft:
        return Draft(None, None, None)


class ToldFile(Told):
    """The same, as a file."""

    kind = "file"


def postings(board: str, **texts: str) -> list[RawPosting]:
    return [RawPosting(board, name, {"title": words}) for name, words in texts.items()]


def answer(
    board: str = "acme", *, complete: bool = True, validators: Mapping[str, str] | None = None, **texts: str
) -> Fetched:
    return Fetched(board, postings(board, **texts), complete, 10, validators or {})


def go(lake: Lake, source: Source, day: float = 0, run: str | None = None) -> Collected:
    return collect(source, lake, run=run or f"run{day}", now=NOW + day * DAY)


def raw(lake: Lake) -> dict[str, str]:
    rows = lake.read("raw_postings")
    return {row.source_id: json.loads(row.record)["title"] for row in rows.itertuples()}


def sightings(lake: Lake) -> dict[str, tuple[float, float, float | None]]:
    """First seen, last seen and closed, in days since NOW."""
    rows = read_sightings(lake, ["source_id", "first_seen_at", "last_seen_at", "closed_at"]).to_pandas()

    def days(value: pd.Timestamp) -> float | None:
        return None if pd.isna(value) else (value - NOW) / DAY

    return {
        row.source_id: (days(row.first_seen_at), days(row.last_seen_at), days(row.closed_at))
        for row in rows.itertuples()
    }  # type: ignore[misc]


def versions(lake: Lake) -> list[int]:
    return [lake.version(table) for table in TABLES]


def counts(collected: Collected) -> dict[str, int]:
    return {name: collected.total(name) for name in ("rows", "new", "changed", "unchanged", "closed")}


def test_new_changed_unchanged_closed_and_back(lake: Lake) -> None:
    first = go(lake, Told(acme=answer(a="A", b="B", c="C")))
    assert counts(first) == {"rows": 3, "new": 3, "changed": 0, "unchanged": 0, "closed": 0}
    second = go(lake, Told(acme=answer(a="A", b="B2", d="D")), 1)
    assert counts(second) == {"rows": 3, "new": 1, "changed": 1, "unchanged": 1, "closed": 1}
    assert raw(lake) == {"a": "A", "b": "B2", "c": "C", "d": "D"}
    assert sightings(lake) == {"a": (0, 1, None), "b": (0, 1, None), "c": (0, 0, 1), "d": (1, 1, None)}
    go(lake, Told(acme=answer(a="A", b="B2", c="C", d="D")), 2)
    assert sightings(lake)["c"] == (0, 2, None), "seen again, so open again"
    row = lake.read("raw_postings", where=[("source_id", "=", "a")]).iloc[0]
    assert row.posting_id == posting_id("told", "acme", "a")
    assert row.fetched_at == NOW, "an unchanged posting is not written again"


def test_nothing_new_writes_no_posting_again(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A", b="B")))
    before = versions(lake)
    collected = go(lake, Told(acme=answer(b="B", a="A")), 0.1)
    assert counts(collected) == {"rows": 2, "new": 0, "changed": 0, "unchanged": 2, "closed": 0}
    assert versions(lake)[:2] == before[:2], "neither raw postings nor sightings"


def test_a_day_later_a_board_is_seen_without_a_word_of_each_posting(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A", b="B"), other=answer("other", x="X")))
    before = versions(lake)
    go(lake, Told(acme=answer(a="A", b="B"), other=BoardBlocked("403")), 1)
    assert versions(lake)[:2] == before[:2], "its health tells it"
    assert sightings(lake) == {"a": (0, 1, None), "b": (0, 1, None), "x": (0, 0, None)}


def test_what_closes_was_last_seen_when_it_was_last_open(lake: Lake) -> None:
    both, one = answer(a="A", b="B"), answer(a="A")
    for day, told in enumerate((both, both, one, BoardBlocked("403"), one)):
        go(lake, Told(acme=told), day)
    assert sightings(lake) == {"a": (0, 4, None), "b": (0, 1, 2)}


def test_a_partial_answer_tells_of_each_posting_that_it_names(lake: Lake) -> None:
    whole = answer(a="A", b="B")
    for day, told in enumerate((whole, whole, answer(a="A", complete=False))):
        go(lake, Told(acme=told), day)
    assert sightings(lake) == {"a": (0, 2, None), "b": (0, 1, None)}
    before = lake.version("posting_sightings")
    go(lake, Told(acme=answer(a="A", complete=False)), 2.1)
    assert lake.version("posting_sightings") == before, "seen a moment ago"


def test_the_healths_of_an_older_version_tell_of_no_complete_board(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A")))
    write_deltalake(
        lake.path("source_health"),
        pa.Table.from_pandas(lake.read("source_health").drop(columns="complete"), preserve_index=False),
        mode="overwrite",
        schema_mode="overwrite",
    )
    assert sightings(lake) == {"a": (0, 0, None)}
    go(lake, Told(acme=answer(a="A")), 1)
    assert sightings(lake) == {"a": (0, 1, None)}


def test_an_unchanged_board_is_seen_and_keeps_its_validators(lake: Lake) -> None:
    def conditional(validators: Mapping[str, str]) -> Fetched:
        if validators == {"etag": "1"}:
            raise Unchanged("")
        return answer(a="A", validators={"etag": "1"})

    source = Told(acme=conditional)
    assert [go(lake, source, day).boards[0].status for day in (0, 1, 2)] == ["ok", "unchanged", "unchanged"]
    assert sightings(lake) == {"a": (0, 2, None)}
    assert go(lake, source, 3).boards[0].rows == 1


def test_what_unchanged_boards_told_is_stored_before_the_run_ends(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def unchanged(board: str) -> Callable[[Mapping[str, str]], Fetched]:
        def fetch(validators: Mapping[str, str]) -> Fetched:
            if validators:
                raise Unchanged("")
            return answer(board, a="A", validators={"etag": "1"})

        return fetch

    source = Told(**{f"b{number}": unchanged(f"b{number}") for number in range(6)})
    go(lake, source)
    monkeypatch.setattr(collecting, "BATCH_SECONDS", 0)
    stored = 0
    merge = Lake.merge

    def dying(self: Lake, table: str, rows: pd.DataFrame, **options: bool) -> int:
        nonlocal stored
        if stored == 4:
            raise Killed
        stored += 1
        return merge(self, table, rows, **options)

    monkeypatch.setattr(Lake, "merge", dying)
    with pytest.raises(Killed):
        go(lake, source, 1)
    assert (lake.read("source_health")["status"] == "unchanged").sum() == 4


def test_validators_are_not_sent_when_nothing_is_stored(lake: Lake) -> None:
    sent: list[Mapping[str, str]] = []

    def same(validators: Mapping[str, str]) -> Fetched:
        sent.append(validators)
        return answer(a="A", validators={"etag": "1"})

    go(lake, Told(acme=same))
    for table in ("raw_postings", "posting_sightings"):
        lake.delete(table, pd.DataFrame({"source": ["told"], "board": ["acme"]}))
    for day in (1, 2):
        go(lake, Told(acme=same), day)
    assert sent == [{}, {}, {"etag": "1"}]


def test_a_lake_that_cannot_be_read_ends_the_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    go(lake, Told(acme=answer(a="A")))
    read = Lake.read_arrow

    def failing(self: Lake, table: str, *arguments: Any, **options: Any) -> pa.Table:
        if table == "posting_sightings":
            raise LakeError("a file is gone")
        return read(self, table, *arguments, **options)

    monkeypatch.setattr(Lake, "read_arrow", failing)
    with pytest.raises(LakeError, match="a file is gone"):
        go(lake, Told(acme=answer(a="B")), 1)


def test_an_empty_answer_closes_nothing_and_is_never_trusted(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A")))
    collected = go(lake, Told(acme=answer(validators={"etag": "1"})), 1)
    (board,) = collected.boards
    assert (board.status, board.closed, dict(board.validators)) == ("empty", 0, {})
    assert "1 postings are stored" in board.message
    assert sightings(lake) == {"a": (0, 0, None)}


def test_an_incomplete_answer_closes_nothing(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A", b="B")))
    assert go(lake, Told(acme=answer(a="A", complete=False)), 1).total("closed") == 0
    assert sightings(lake)["b"] == (0, 0, None)


def breaking_off(error: Exception) -> Iterator[RawPosting]:
    yield from postings("acme", a="A2", z="Z")
    raise error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (BoardGone("no such board"), "gone", "no such board"),
        (BoardBlocked("403"), "blocked", "403"),
        (SourceError("timeout"), "failed", "timeout"),
        (KeyError("jobs"), "failed", "KeyError: 'jobs' (a bug in jobfinder's source 'told'"),
        (RecursionError("deep"), "failed", "RecursionError: deep"),
    ],
)
@pytest.mark.parametrize("when", ["at once", "in the middle"])
def test_a_board_that_fails_costs_nobody_anything(
    lake: Lake, error: Exception, status: str, words: str, when: str
) -> None:
    go(lake, Told(acme=answer(a="A", b="B", validators={"etag": "1"}), other=answer("other", x="X")))
    broken = error if when == "at once" else Fetched("acme", breaking_off(error), validators={"etag": "2"})
    collected = go(lake, Told(acme=broken, other=answer("other", x="X", y="Y")), 1)
    health = {board.board: board for board in collected.boards}
    assert health["acme"].status == status and words in health["acme"].message
    assert (health["other"].status, health["other"].new) == ("ok", 1)
    assert set(raw(lake)) >= {"a", "b", "x", "y"}
    assert all(closed is None for _, _, closed in sightings(lake).values())
    if when == "in the middle":
        assert raw(lake)["a"] == "A2" and raw(lake)["z"] == "Z", "what was read before counts"
        assert dict(health["acme"].validators) == {}
    else:
        assert dict(health["acme"].validators) == {"etag": "1"}


def test_a_record_that_is_no_json_fails_its_board_only(lake: Lake) -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    bad = Fetched("acme", [RawPosting("acme", "a", circle)])
    collected = go(lake, Told(acme=bad, other=answer("other", x="X")))
    assert {board.board: board.status for board in collected.boards} == {"acme": "failed", "other": "ok"}


def test_an_id_that_is_no_text_costs_nobody_anything(lake: Lake) -> None:
    odd = Fetched("acme", [RawPosting("acme", "a\ud800", {"title": "A"})])
    go(lake, Told(acme=odd, other=answer("other", x="X")))
    assert len(raw(lake)) == 2
    assert go(lake, Told(acme=odd, other=answer("other", x="X")), 1).total("unchanged") == 2


def test_a_failing_lake_is_not_hidden(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> int:
        raise LakeError("disk full")

    monkeypatch.setattr(Lake, "merge", refuse)
    with pytest.raises(LakeError, match="disk full"):
        go(lake, Told(acme=answer(a="A")))


def test_an_id_that_repeats_is_left_out_and_counted(lake: Lake) -> None:
    twice = Fetched("acme", [*postings("acme", a="A"), *postings("acme", a="A again")])
    (board,) = go(lake, Told(acme=twice)).boards
    assert (board.rows, board.message) == (1, "1 rows repeat another's id and were left out")
    assert raw(lake) == {"a": "A"}


def test_batches_are_bounded(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "BATCH_ROWS", 3)
    go(lake, Told(acme=answer(**{f"p{n}": "T" for n in range(8)})))
    assert lake.version("raw_postings") == 2, "three commits: 3 + 3 + 2 rows"
    monkeypatch.setattr(collecting, "BATCH_CHARACTERS", 10)
    go(lake, Told(acme=answer(**{f"q{n}": "T" for n in range(2)})), 1)
    assert lake.version("raw_postings") == 4
    assert len(raw(lake)) == 10


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the code under test catches it."""


@pytest.mark.parametrize("commits", range(6))
def test_a_run_killed_after_any_commit_is_repaired_by_the_next(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    monkeypatch.setattr(collecting, "BATCH_ROWS", 2)
    source = ToldFile(acme=answer(a="A", b="B", c="C", validators={"sha256": "1"}), other=answer("other", x="X"))
    merge, done = Lake.merge, 0

    def dying(self: Lake, table: str, rows: pd.DataFrame, **options: bool) -> int:
        nonlocal done
        if done >= commits:
            raise Killed
        done += bool(len(rows))
        return merge(self, table, rows, **options)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Lake, "merge", dying)
        go(lake, source, run="killed")
    before = lake.version("raw_postings")
    stored = set(raw(lake))
    go(lake, source, 1)
    assert raw(lake) == {"a": "A", "b": "B", "c": "C", "x": "X"}
    assert set(sightings(lake)) == {"a", "b", "c", "x"}
    assert set(latest_health(lake)["status"]) == {"ok"}
    if len(stored) == 4:
        assert lake.version("raw_postings") == before, "what a killed run stored is not written again"


@pytest.mark.parametrize("killed", ["raw_postings", "posting_sightings"])
@pytest.mark.parametrize("stored", ["", "old"])
def test_the_run_after_a_kill_writes_only_what_is_missing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, killed: str, stored: str
) -> None:
    if stored:
        go(lake, Told(acme=answer(a=stored, b=stored)))
    source = Told(acme=answer(a="new", b="new"))
    merge = Lake.merge

    def dying(self: Lake, table: str, rows: pd.DataFrame, **options: bool) -> int:
        if table in (killed, "source_health"):
            raise Killed
        return merge(self, table, rows, **options)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Lake, "merge", dying)
        go(lake, source, 0.1)
    (survived,) = {"raw_postings", "posting_sightings"} - {killed}
    before = lake.version(survived)
    go(lake, source, 0.2)
    assert lake.version(survived) == before
    assert raw(lake) == {"a": "new", "b": "new"}
    records = dict(lake.read("raw_postings")[["posting_id", "content_hash"]].to_numpy())
    seen = dict(lake.read("posting_sightings")[["posting_id", "content_hash"]].to_numpy())
    assert seen == records


def test_boards_are_stored_together(lake: Lake) -> None:
    go(lake, Told(**{f"b{number}": answer(f"b{number}", a="A", b="B") for number in range(20)}))
    assert versions(lake) == [0, 0, 0], "one commit of each table for twenty boards"
    assert lake.count("posting_sightings") == 40


def test_what_is_still_there_without_its_text_stays_open(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A", b="B", c="C")))
    partly = Fetched("acme", postings("acme", d="D"), still_there=("a", "b", "unknown"))
    (board,) = go(lake, Told(acme=partly), 1).boards
    assert (board.rows, board.new, board.unchanged, board.closed) == (3, 1, 2, 1)
    assert sightings(lake) == {"a": (0, 1, None), "b": (0, 1, None), "c": (0, 0, 1), "d": (1, 1, None)}
    assert raw(lake) == {"a": "A", "b": "B", "c": "C", "d": "D"}


def test_a_source_that_reads_each_text_is_told_what_is_known(lake: Lake) -> None:
    told: list[Mapping[str, datetime]] = []

    class Each(Told):
        def update(
            self,
            board: str,
            *,
            validators: Mapping[str, str],
            known: Known = NOTHING_STORED,
        ) -> Fetched:
            told.append(dict(known.first_seen))
            return super().update(board, validators=validators, known=known)

    for day in (0, 1):
        go(lake, Each(acme=answer(a="A")), day)
    assert told == [{}, {"a": NOW}]


def test_a_board_that_may_not_be_asked_yet_is_left_as_it_is(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A")))
    before = versions(lake)
    collected = go(lake, Told(acme=NotYet("again in 3.0 h", seconds=10_800)), 1)
    assert (collected.boards, collected.waiting) == ((), {"acme": "again in 3.0 h"})
    assert versions(lake) == before


@pytest.mark.parametrize(("hours", "asked"), [(0.5, False), (1.5, True)])
def test_a_healthy_board_is_not_asked_again_at_once(lake: Lake, hours: float, asked: bool) -> None:
    source = Told(acme=answer(a="A"), other=BoardBlocked("403"))
    collect(source, lake, run="1", now=NOW)
    later = collect(source, lake, run="2", now=NOW + timedelta(hours=hours), interval=timedelta(hours=1))
    assert {board.board for board in later.boards} == ({"acme", "other"} if asked else {"other"})
    assert set(later.waiting) == (set() if asked else {"acme"})


def test_a_search_is_stored_but_says_nothing_of_the_board(lake: Lake) -> None:
    class Searching(Told):
        def search(self, board: str, query: Query) -> Fetched:
            return Fetched(board, postings(board, **({"s": query.words} if query.words != "cook" else {})), False)

    source = Searching(acme=answer(a="A", b="B", validators={"etag": "1"}))
    go(lake, source)
    before = lake.read("source_health")
    found = collect(source, lake, run="search", now=NOW + DAY, query=Query("engineer"), interval=7 * DAY)
    assert {board.board: board.new for board in found.boards} == {"acme": 1}
    assert raw(lake) == {"a": "A", "b": "B", "s": "engineer"}
    assert sightings(lake)["b"] == (0, 0, None), "not found is not closed"
    assert lake.read("source_health").equals(before)
    nothing = collect(source, lake, run="cook", now=NOW + DAY, query=Query("cook"))
    assert {board.board: board.status for board in nothing.boards} == {"acme": "ok"}
    whole = collect(Told(acme=answer(a="A")), lake, run="whole", now=NOW + DAY, query=Query("cook"))
    assert whole.total("closed") == 2, "a source that cannot search is read whole"


def test_the_share_of_filled_fields_is_kept(lake: Lake) -> None:
    class Drafted(Told):
        @staticmethod
        def draft(record: Record) -> Draft:
            return Draft(record["title"], None, None, pay_text="$1" if record["title"] == "A" else None)

    (board,) = go(lake, Drafted(acme=answer(a="A", b="B"))).boards
    assert board.filled == {"pay": 0.5, "title": 1.0}
    assert json.loads(latest_health(lake).iloc[0]["filled"]) == board.filled


def test_rows_that_are_as_they_were_keep_the_shares_of_their_fields(lake: Lake) -> None:
    drafted = []

    class Drafted(Told):
        @staticmethod
        def draft(record: Record) -> Draft:
            drafted.append(record["title"])
            return Draft(record["title"], None, None, pay_text="$1" if record["title"] == "A" else None)

    go(lake, Drafted(acme=answer(a="A", b="B", c="C", d="D")))
    (board,) = go(lake, Drafted(acme=answer(a="A", b="B", c="C", d="A")), 1).boards
    assert drafted == ["A", "B", "C", "D", "A"]
    assert board.filled == {"pay": pytest.approx((3 * 0.25 + 1) / 4, abs=1e-4), "title": 1.0}


def test_a_draft_that_raises_fails_its_board_only(lake: Lake) -> None:
    class Broken(Told):
        @staticmethod
        def draft(record: Record) -> Draft:
            raise KeyError("title")

    assert [board.status for board in go(lake, Broken(acme=answer(a="A"))).boards] == ["failed"]


def test_live_boards_are_fetched_side_by_side_but_no_more_than_eight(lake: Lake) -> None:
    lock, running, most = threading.Lock(), 0, 0
    # Passed by eight at a time: no board may wait for one that hangs.
    together = threading.Barrier(8, timeout=60)

    def slow(validators: Mapping[str, str]) -> Fetched:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        raise BoardGone("no such board")

    collected = go(lake, Told(**{f"b{number}": slow for number in range(24)}))
    assert [(board.board, board.status) for board in collected.boards] == [(f"b{n}", "gone") for n in range(24)]
    assert most == 8


def test_one_connection_is_one(lake: Lake) -> None:
    threads = set()

    def gone(validators: Mapping[str, str]) -> Fetched:
        threads.add(threading.get_ident())
        time.sleep(0.06)
        raise BoardGone("no such board")

    source = Told(**{f"b{number}": gone for number in range(4)})
    collect(source, lake, run="1", now=NOW, connections=1)
    assert len(threads) == 1


def test_after_a_batch_that_failed_no_health_tells_of_what_is_not_stored(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()
    merge = Lake.merge

    def failing(self: Lake, table: str, rows: pd.DataFrame, **options: Any) -> int:
        if table == "raw_postings" and not failed.is_set():
            failed.set()
            raise LakeError("the disk was full")
        return merge(self, table, rows, **options)

    def late(validators: Mapping[str, str]) -> Fetched:
        failed.wait(60)
        return answer("late", l="L")

    monkeypatch.setattr(Lake, "merge", failing)
    monkeypatch.setattr(collecting, "BATCH_ROWS", 2)
    with pytest.raises(LakeError, match="the disk was full"):
        go(lake, Told(early=answer("early", e="E"), late=late, full=answer("full", f="F")))
    assert set(lake.read("source_health")["board"]) <= set(lake.read("raw_postings")["board"])


def test_after_an_error_no_board_is_asked_any_more(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def tell(validators: Mapping[str, str]) -> Fetched:
        asked.append(1)
        return answer(a="A")

    merge, tries = Lake.merge, iter([LakeError("disk full")])

    def failing_once(self: Lake, table: str, rows: pd.DataFrame, **options: Any) -> int:
        if error := next(tries, None):
            raise error
        return merge(self, table, rows, **options)

    monkeypatch.setattr(Lake, "merge", failing_once)
    monkeypatch.setattr(collecting, "BATCH_ROWS", 1)
    with pytest.raises(LakeError, match="disk full"):
        go(lake, Told(**{f"b{number}": tell for number in range(100)}))
    assert len(asked) < 20


def test_after_a_batch_that_failed_the_boards_in_flight_try_no_other(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, tries = threading.Barrier(4, timeout=60), []

    def tell(validators: Mapping[str, str]) -> Fetched:
        together.wait()
        return answer(a="A")

    def refuse(*arguments: object, **options: object) -> int:
        tries.append(1)
        raise LakeError("disk full")

    monkeypatch.setattr(Lake, "merge", refuse)
    monkeypatch.setattr(collecting, "BATCH_ROWS", 1)
    with pytest.raises(LakeError, match="disk full"):
        go(lake, Told(**{f"b{number}": tell for number in range(4)}))
    assert len(tries) == 1


@pytest.mark.parametrize("stored", [{}, {"a": "old"}])
def test_two_runs_at_once_leave_one_row_of_each_posting(lake: Lake, stored: dict[str, str]) -> None:
    go(lake, Told(acme=answer(**stored), other=answer("other", o="O")))

    def meanwhile(validators: Mapping[str, str]) -> Fetched:
        go(lake, Told(acme=answer(a="theirs", b="B", validators={"etag": "1"})), 1)
        return answer(a="ours", b="B", c="C")

    go(lake, Told(acme=meanwhile), 1, run="late")
    for table in ("raw_postings", "posting_sightings"):
        assert sorted(lake.read(table)["source_id"]) == ["a", "b", "c", "o"], table
    assert raw(lake) == {"a": "ours", "b": "B", "c": "C", "o": "O"}


def test_a_file_that_stays_as_it_is_is_not_noted_again_and_again(lake: Lake) -> None:
    def once(validators: Mapping[str, str]) -> Fetched:
        if validators:
            raise Unchanged("")
        return answer(a="A", validators={"sha256": "1"})

    source = ToldFile(acme=once)
    go(lake, source)
    go(lake, source, 1)
    before = versions(lake)
    assert go(lake, source, 2).boards[0].status == "unchanged"
    assert versions(lake) == before
    assert latest_health(lake).iloc[0].status == "unchanged"


def test_health_is_stored_and_the_latest_counts(lake: Lake) -> None:
    go(lake, Told(acme=answer(a="A")))
    go(lake, Told(acme=BoardGone("no such board")), 1)
    assert lake.count("source_health") == 2
    (row,) = latest_health(lake, "told").to_dict("records")
    assert (row["status"], row["board"], row["rows"]) == ("gone", "acme", 0)
    assert what_to_do(row["status"], row["message"]).startswith("no such board; the board does not exist")
    assert latest_health(lake, "nobody").empty


@pytest.mark.parametrize("status", ["ok", "unchanged", "empty", "gone", "blocked", "failed", "schema_drift"])
def test_every_unhealthy_status_says_what_to_do(status: str) -> None:
    assert bool(what_to_do(status, "")) == (status not in ("ok", "unchanged"))


FETCHES = st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2"])), min_size=1, max_size=4)


@settings(max_examples=12)
@given(FETCHES)
def test_the_lake_holds_what_was_last_seen_of_each(fetches: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake, expected, is_open = Lake(folder), dict[str, str](), set[str]()
        for day, texts in enumerate(fetches):
            collected = go(lake, Told(acme=answer(**texts)), day)
            assert counts(collected)["rows"] == sum(counts(collected)[name] for name in ("new", "changed", "unchanged"))
            expected |= texts
            is_open = set(texts) or is_open
        assert (raw(lake) if expected else {}) == expected
        assert {name for name, (_, _, closed) in sightings(lake).items() if closed is None} == is_open
