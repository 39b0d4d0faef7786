"""The lake keeps the data contract, upserts by key, and leaves whole versions behind whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from threading import Barrier, Event

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import WriterProperties, write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.storage import lake as lake_module
from jobfinder_assets.storage.lake import Lake, LakeError
from jobfinder_assets.storage.schemas import POSTING_FACTS, TABLES


def sightings(ids: list[str], *, source: str = "a", content_hash: str = "h1") -> pd.DataFrame:
    return pd.DataFrame({"source": source, "board": "b", "source_id": ids, "content_hash": content_hash})


def test_a_table_never_written_reads_as_empty_with_every_column(lake: Lake) -> None:
    frame = lake.read("postings")
    assert list(frame.columns) == list(POSTING_FACTS)
    assert len(frame) == 0
    assert lake.version("postings") == -1
    assert lake.count("postings") == 0
    assert list(lake.batches("postings")) == []


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_contract_has_its_key_and_partitions_among_its_columns(table: str) -> None:
    schema = TABLES[table]
    assert set(schema.key) <= set(schema.columns)
    assert set(schema.partition_by) <= set(schema.key)


def test_merge_inserts_new_rows_and_replaces_known_ones(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1", "2"]))
    lake.merge("posting_sightings", sightings(["2", "3"], content_hash="h2"))
    stored = lake.read("posting_sightings").set_index("source_id")["content_hash"].to_dict()
    assert stored == {"1": "h1", "2": "h2", "3": "h2"}


def test_merge_does_not_look_for_keys_that_were_absent_in_the_state_that_it_finds(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table_state in ("not there yet", "there"):
        before = lake.state("posting_sightings")
        with monkeypatch.context() as patched:
            patched.setattr(Lake, "_holds_any", lambda *_: pytest.fail("looked"))
            lake.merge("posting_sightings", sightings([table_state]), absent_at=before)
    assert lake.count("posting_sightings") == 2


def test_rows_come_with_the_state_that_they_are_of(lake: Lake) -> None:
    assert lake.read_with_state("posting_sightings")[1] == lake.state("posting_sightings") == ("", -1)
    for ids in (["1"], ["2", "3"]):
        lake.append("posting_sightings", sightings(ids))
        rows, state = lake.read_with_state("posting_sightings", ["source_id"])
        assert state == lake.state("posting_sightings")
        assert lake.read_with_state("posting_sightings", ["source_id"], version=state[1])[0] == rows
    assert (rows.num_rows, state[1]) == (3, 1)


def test_merge_looks_when_the_table_has_changed_since_keys_were_absent(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1"]))
    before = lake.state("posting_sightings")
    lake.merge("posting_sightings", sightings(["2"]))
    lake.merge("posting_sightings", sightings(["2", "3"], content_hash="h2"), absent_at=before)
    stored = lake.read("posting_sightings")
    assert sorted(zip(stored["source_id"], stored["content_hash"], strict=True)) == [
        ("1", "h1"),
        ("2", "h2"),
        ("3", "h2"),
    ]


def test_where_no_lock_holds_others_off_no_state_is_trusted(tmp_path: Path) -> None:
    lake = Lake(f"file://{tmp_path}/lake")
    lake.merge("posting_sightings", sightings(["1"]))
    # As if another machine had committed it between the look at the state and the commit.
    lake.merge("posting_sightings", sightings(["1"], content_hash="h2"), absent_at=lake.state("posting_sightings"))
    assert lake.read("posting_sightings")["content_hash"].tolist() == ["h2"]


@pytest.mark.parametrize("begun_by", ["this version", "an older one"])
def test_who_opens_a_table_reads_few_commits(begun_by: str, lake: Lake) -> None:
    if begun_by == "an older one":
        old_clusters(lake)
    for number in range(25):
        lake.append("posting_clusters", pd.DataFrame({"posting_id": [f"n{number}"], "cluster_id": ["c"]}))
    log = Path(lake.path("posting_clusters"), "_delta_log")
    last = max(int(path.name.split(".")[0]) for path in log.glob("*.checkpoint.parquet"))
    assert lake.version("posting_clusters") - last < 10


def test_some_files_of_a_small_table_are_joined_and_of_a_large_one_only_many(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_SOME_FILES", 3)
    monkeypatch.setattr(lake_module, "_MANY_FILES", 5)

    def files_after(more: int) -> int:
        for _ in range(more):
            lake.append("posting_sightings", sightings([f"{lake.version('posting_sightings')}"]))
        lake.compact("posting_sightings")
        return len(lake._delta("posting_sightings").file_uris())

    assert [files_after(3), files_after(1)] == [3, 1]
    monkeypatch.setattr(lake_module, "_SOON_REWRITTEN_BYTES", 100)
    assert [files_after(4), files_after(1)] == [5, 1]
    assert lake.count("posting_sightings") == 9


@pytest.mark.parametrize("remote", [False, True])
def test_one_partition_is_compacted_and_the_others_left(
    remote: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_MANY_FILES", 3)
    lake = Lake(f"file://{tmp_path}/lake" if remote else str(tmp_path / "lake"))
    for number in range(4):
        for source in "ab":
            lake.append("posting_sightings", sightings([f"{number}"], source=source))
    lake.append("posting_sightings", sightings(["0"], source="c"))

    def files(source: str) -> int:
        return sum(f"source={source}/" in uri for uri in lake._delta("posting_sightings").file_uris())

    assert not lake.compact("posting_sightings", partition={"source": "c"})
    assert not lake.compact("posting_sightings", partition={"source": "unknown"})
    assert lake.compact("posting_sightings", partition={"source": "a"})
    assert [files(source) for source in "abc"] == [1, 4, 1]
    assert lake.count("posting_sightings") == 9
    assert lake.compact("posting_sightings")
    assert [files(source) for source in "abc"] == [1, 1, 1]
    assert lake.count("posting_sightings") == 9


def test_one_file_of_each_source_is_not_joined_again_and_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_SOME_FILES", 3)
    for source in "abcdef":
        lake.append("posting_sightings", sightings(["1"], source=source))
    assert not lake.compact("posting_sightings")
    # Where no lock keeps a second one off, a few files are left as they are.
    remote = Lake(f"file://{tmp_path}/lake")
    for number in range(6):
        remote.append("posting_sightings", sightings([f"{number}"]))
    assert not remote.compact("posting_sightings")


def test_merge_of_nothing_makes_no_version(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1"]))
    lake.merge("posting_sightings", sightings([]))
    assert lake.version("posting_sightings") == 0


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6), max_size=4))
def test_merging_any_sequence_of_batches_keeps_one_row_per_key(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]]
) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    for number, ids in enumerate(batches):
        lake.merge("posting_sightings", sightings(ids, content_hash=str(number)))
    last = {key: str(number) for number, ids in enumerate(batches) for key in ids}
    stored = lake.read("posting_sightings")
    assert dict(zip(stored["source_id"], stored["content_hash"], strict=True)) == last


def test_update_sets_the_given_columns_only(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1", "2"]))
    closed = pd.Timestamp("2026-11-02T00:00:00Z")
    lake.update(
        "posting_sightings", pd.DataFrame({"source": "a", "board": "b", "source_id": ["2", "9"], "closed_at": closed})
    )
    stored = lake.read("posting_sightings").set_index("source_id")
    assert stored.loc["2", "closed_at"] == closed
    assert stored.loc["2", "content_hash"] == "h1"
    assert pd.isna(stored.loc["1", "closed_at"])
    assert len(stored) == 2


def test_update_by_a_part_of_the_key(lake: Lake) -> None:
    lake.merge("posting_sightings", pd.concat([sightings(["1", "2"]), sightings(["3"]).assign(board="other")]))
    changed = pd.DataFrame({"source": "a", "board": ["b", "unknown"], "content_hash": "new"})
    assert lake.update("posting_sightings", changed) == 2
    stored = lake.read("posting_sightings").set_index("source_id")["content_hash"].to_dict()
    assert stored == {"1": "new", "2": "new", "3": sightings(["3"])["content_hash"][0]}


def test_delete_by_key(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1", "2", "3"]))
    assert lake.delete("posting_sightings", sightings(["1", "9"])) == 1
    assert set(lake.read("posting_sightings")["source_id"]) == {"2", "3"}


def test_replace_one_partition_leaves_the_others(lake: Lake) -> None:
    for profile in ("ann", "bob"):
        lake.replace(
            "recommendations",
            pd.DataFrame({"profile": profile, "posting_id": ["p"]}),
            where=f"profile = '{profile}'",
        )
    lake.replace("recommendations", pd.DataFrame({"profile": "bob", "posting_id": ["q"]}), where="profile = 'bob'")
    stored = lake.read("recommendations", ["profile", "posting_id"])
    assert sorted(stored.itertuples(index=False, name=None)) == [("ann", "p"), ("bob", "q")]


def test_where_takes_sql_and_tuples_and_agrees(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1", "2"]))
    lake.merge("posting_sightings", sightings(["1"], source="z"))
    by_sql = lake.read("posting_sightings", ["source_id"], "source = 'a' AND source_id <> '1'")
    by_tuples = lake.read("posting_sightings", ["source_id"], [("source", "=", "a"), ("source_id", "!=", "1")])
    assert by_sql["source_id"].tolist() == by_tuples["source_id"].tolist() == ["2"]


def test_an_old_version_can_be_read_again(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["1"]))
    lake.merge("posting_sightings", sightings(["2"]))
    assert lake.read("posting_sightings", version=0)["source_id"].tolist() == ["1"]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"posting_id": ["p"], "salary": [1]}), "unknown column 'salary'"),
        (pd.DataFrame({"title": ["t"]}), "key column 'posting_id' is missing"),
        (pd.DataFrame({"posting_id": ["p", None]}), "have no 'posting_id'"),
        (pd.DataFrame({"posting_id": ["p"], "salary_min": ["much"]}), "cannot write to 'postings'"),
    ],
)
def test_a_frame_that_breaks_the_contract_is_refused_with_the_reason(
    lake: Lake, frame: pd.DataFrame, words: str
) -> None:
    with pytest.raises(LakeError, match=words):
        lake.merge("postings", frame)
    assert lake.version("postings") == -1


def test_unknown_tables_and_columns_are_named(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no table 'postngs'"):
        lake.read("postngs")
    with pytest.raises(LakeError, match="no column 'salery'"):
        lake.read("postings", ["salery"])


def test_two_writers_of_the_same_rows_leave_one_row_per_key(lake: Lake) -> None:
    frames = [sightings([str(n) for n in range(20)], content_hash=str(writer)) for writer in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda frame: lake.merge("posting_sightings", frame), frames))
    assert lake.count("posting_sightings") == 20


def test_a_thread_sees_what_others_commit_erase_and_put_back(lake: Lake) -> None:
    table = "posting_sightings"

    def ids() -> set[str]:
        return set(lake.read(table)["source_id"])

    lake.append(table, sightings(["1", "2"]))
    shutil.copytree(lake.path(table), backup := lake.path(table) + ".backup")
    assert ids() == {"1", "2"}
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lake.append, table, sightings(["3"])).result()
        assert ids() == {"1", "2", "3"}
        pool.submit(lake.rewrite, table, lambda rows: rows[rows["source_id"] != "2"]).result()
        assert ids() == {"1", "3"}
        pool.submit(lake.append, table, sightings(["4"])).result()
        assert ids() == {"1", "3", "4"}
    shutil.rmtree(lake.path(table))
    shutil.copytree(backup, lake.path(table))
    assert ids() == {"1", "2"}


WRITES: dict[str, Callable[[Lake], object]] = {
    "append": lambda lake: lake.append("posting_sightings", sightings(["new"])),
    "merge": lambda lake: lake.merge("posting_sightings", sightings(["1", "new"])),
    "update": lambda lake: lake.update("posting_sightings", sightings(["1"], content_hash="new")),
    "delete": lambda lake: lake.delete("posting_sightings", sightings(["1"])),
    "replace": lambda lake: lake.replace("posting_sightings", sightings(["new"]), where="source = 'a'"),
    "compact": lambda lake: lake.compact("posting_sightings"),
    "rewrite": lambda lake: lake.rewrite("posting_sightings", lambda rows: rows.iloc[1:]),
}


@pytest.mark.parametrize("write", WRITES)
def test_every_write_waits_for_the_tables_lock(write: str, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "_SOME_FILES", 0)
    lake.append("posting_sightings", sightings(["1", "2"]))
    before = lake.state("posting_sightings")
    with ThreadPoolExecutor(1) as pool:
        with lake.lock("posting_sightings"):
            done = pool.submit(WRITES[write], lake)
            with pytest.raises(TookTooLong):
                done.result(timeout=0.3)
            assert lake.state("posting_sightings") == before
            assert lake.count("posting_sightings") == 2, "readers do not wait"
        done.result(timeout=60)
    assert lake.state("posting_sightings") != before or write == "compact"


@pytest.mark.parametrize("write", WRITES)
def test_a_thread_that_holds_the_lock_can_write(write: str, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "_SOME_FILES", 0)
    monkeypatch.setattr(lake_module, "_LOCK_SECONDS", 1)
    lake.append("posting_sightings", sightings(["1", "2"]))
    with lake.lock("posting_sightings"):
        # As another part of the program would: through a lake of its own.
        WRITES[write](Lake(lake.uri))


def test_two_tables_are_written_side_by_side(lake: Lake) -> None:
    with ThreadPoolExecutor(1) as pool, lake.lock("posting_clusters"):
        pool.submit(lake.append, "posting_sightings", sightings(["1"])).result(timeout=30)
    assert lake.count("posting_sightings") == 1


def test_what_another_process_appends_while_a_table_is_rewritten_stays(lake: Lake) -> None:
    lake.append("posting_sightings", sightings(["old", "erased"]))
    script = f"""
import pandas as pd
from jobfinder_assets.storage.lake import Lake
lake = Lake({lake.uri!r})
print("ready", flush=True)
for n in range(40):
    lake.append("posting_sightings", pd.DataFrame({{"source": "a", "board": "b", "source_id": [f"n{{n}}"]}}))
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    while process.poll() is None:
        lake.rewrite("posting_sightings", lambda rows: rows[rows["source_id"] != "erased"])
        time.sleep(0.02)  # who asks for a lock again at once mostly gets it
    assert process.returncode == 0
    assert set(lake.read("posting_sightings")["source_id"]) == {"old", *(f"n{n}" for n in range(40))}


def test_a_rewritten_table_has_no_old_version_and_another_state(lake: Lake) -> None:
    lake.append("posting_sightings", sightings(["1", "2"]))
    first = lake.state("posting_sightings")
    assert lake.rewrite("posting_sightings", lambda rows: rows[rows["source_id"] != "2"]) == 1
    assert lake.read("posting_sightings")["source_id"].tolist() == ["1"]
    assert lake.state("posting_sightings")[0] != first[0]
    assert all("2" not in lake.read("posting_sightings", version=n)["source_id"].tolist() for n in range(2))
    assert lake.rewrite("posting_sightings", lambda rows: rows.iloc[:0]) == 1
    assert lake.exists("posting_sightings") and lake.count("posting_sightings") == 0
    assert lake.rewrite("posting_clusters", lambda rows: rows) == 0
    assert lake.state("posting_clusters") == ("", -1)


class Killed(BaseException):
    pass


def kill_rewrite(lake: Lake, monkeypatch: pytest.MonkeyPatch, *, renames: int) -> None:
    """Erase the sighting "erased", and die before the rename after so many."""
    rename, done = Path.rename, []

    def die(self: Path, target: Path) -> Path:
        if len(done) == renames:
            raise Killed
        done.append(self)
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        if renames == 2:
            # After the second rename the old table is taken away.
            patch.setattr(lake_module.shutil, "rmtree", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            lake.rewrite("posting_sightings", lambda rows: rows[rows["source_id"] != "erased"])


@pytest.mark.parametrize("renames", [0, 1, 2])
@pytest.mark.parametrize("write", ["append", "read", "finish"])
def test_a_killed_rewrite_loses_nothing_and_brings_nothing_back(
    renames: int, write: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("posting_sightings", sightings(["1", "erased"]))
    kill_rewrite(lake, monkeypatch, renames=renames)
    wanted = {"1", "erased"} if renames == 0 else {"1"}
    if write == "append":
        lake.append("posting_sightings", sightings(["new"]))
        wanted.add("new")
    elif write == "finish":
        lake.finish_rewrites()
    assert set(lake.read("posting_sightings")["source_id"]) == wanted
    lake.finish_rewrites()
    assert set(lake.read("posting_sightings")["source_id"]) == wanted
    assert not (Path(lake.uri) / "_erasing").exists()


def test_a_table_that_was_begun_again_meanwhile_gets_the_rewritten_rows(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("posting_sightings", sightings(["1", "2", "erased"]))
    kill_rewrite(lake, monkeypatch, renames=1)
    # As a jobfinder does that knows nothing of rewriting: by no lock.
    again = lake_module._conform("posting_sightings", sightings(["2", "new"], content_hash="newer"))
    write_deltalake(lake.path("posting_sightings"), again, partition_by=["source"])
    lake.merge("posting_sightings", sightings(["newest"]))
    stored = lake.read("posting_sightings").set_index("source_id")["content_hash"].to_dict()
    assert stored == {"1": "h1", "2": "newer", "new": "newer", "newest": "h1"}
    assert not (Path(lake.uri) / "_erasing").exists()


def test_a_rewrite_leaves_that_of_another_table_alone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.append("posting_clusters", pd.DataFrame({"posting_id": ["a"], "cluster_id": ["a"]}))
    lake.append("posting_sightings", sightings(["1", "2"]))
    inside, go_on = Event(), Event()

    def slow(rows: pd.DataFrame) -> pd.DataFrame:
        inside.set()
        assert go_on.wait(60)
        return rows

    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(lake.rewrite, "posting_sightings", slow)
        assert inside.wait(60)
        assert lake.rewrite("posting_clusters", lambda rows: rows) == 0
        go_on.set()
        assert one.result(timeout=60) == 0
    assert lake.count("posting_sightings") == 2 and lake.count("posting_clusters") == 1


def test_a_killed_writer_leaves_a_whole_version(lake: Lake) -> None:
    lake.merge("posting_sightings", sightings(["0"]))
    script = f"""
import pandas as pd
from jobfinder_assets.storage.lake import Lake
lake = Lake({lake.uri!r})
print("ready", flush=True)
for n in range(1, 10_000):
    lake.merge("posting_sightings", pd.DataFrame(
        {{"source": "a", "board": "b", "source_id": [f"{{n}}-{{i}}" for i in range(50)], "content_hash": "h"}}))
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    deadline = time.monotonic() + 60
    while lake.version("posting_sightings") < 3:
        assert process.poll() is None and time.monotonic() < deadline, "the writer made no progress"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stored = lake.read("posting_sightings")
    assert (len(stored) - 1) % 50 == 0
    assert not stored.duplicated(["source", "board", "source_id"]).any()
    lake.merge("posting_sightings", sightings(["after"]))
    assert "after" in set(lake.read("posting_sightings")["source_id"])


def test_a_table_of_an_older_contract_gets_the_new_columns(lake: Lake) -> None:
    old = pa.table({"posting_id": ["a"], "cluster_id": ["a"]})
    write_deltalake(lake.path("posting_clusters"), old)
    assert lake.read("posting_clusters")["size"].isna().all()
    assert lake.read("posting_clusters", ["size"], [("posting_id", "in", ["a"])])["size"].isna().tolist() == [True]
    lake.merge("posting_clusters", pd.DataFrame({"posting_id": ["a", "b"], "cluster_id": ["a", "b"], "size": [1, 1]}))
    assert lake.read("posting_clusters", ["posting_id", "size"]).sort_values("posting_id").values.tolist() == [
        ["a", 1], ["b", 1],
    ]  # fmt: skip


def old_clusters(lake: Lake) -> None:
    """A table of before some columns; its second version has another row."""
    for name in ("a", "b"):
        write_deltalake(
            lake.path("posting_clusters"), pa.table({"posting_id": [name], "cluster_id": [name]}), mode="append"
        )


@pytest.fixture(params=["by the engine", "here"])
def members_found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of few members the engine finds the rows, of many the lake itself: both ways for the same few."""
    monkeypatch.setattr(lake_module, "_LISTED_IN_SQL", 500 if request.param == "by the engine" else 0)


@pytest.mark.usefixtures("members_found")
def test_a_table_of_an_older_contract_is_read_in_every_way_and_not_changed(lake: Lake) -> None:
    old_clusters(lake)
    schema = TABLES["posting_clusters"]
    whole = lake.read_arrow("posting_clusters")
    assert whole.column_names == schema.columns and whole.num_rows == 2
    assert whole.column("size").null_count == 2
    for column in whole.schema:
        assert column.type == schema.arrow.field(column.name).type
    assert lake.read_arrow("posting_clusters", ["size", "posting_id"], "posting_id = 'a'").to_pylist() == [
        {"size": None, "posting_id": "a"}
    ]
    assert lake.read("posting_clusters", ["posting_id"], [("size", ">", 1)]).empty
    assert lake.count("posting_clusters", "size IS NULL") == 2
    assert lake.count("posting_clusters", [("size", "in", [1])]) == 0
    assert lake.read("posting_clusters", ["posting_id"], [("size", "in", [None])])["posting_id"].nunique() == 2
    assert lake.read("posting_clusters", ["size"], [("posting_id", "in", ["b"])])["size"].isna().tolist() == [True]
    mixed = [("posting_id", "in", ["b"]), ("cluster_id", "!=", "a")]
    assert lake.read("posting_clusters", ["size"], mixed)["size"].isna().tolist() == [True]
    assert [len(rows) for rows in lake.batches("posting_clusters", rows=1)] == [1, 1]
    assert sum(batch.num_rows for batch in lake.arrow_batches("posting_clusters", ["size"])) == 2
    assert lake.read("posting_clusters", ["posting_id", "size"], version=0)["posting_id"].tolist() == ["a"]
    assert lake.version("posting_clusters") == 1, "a reader writes nothing"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_a_table_lacks_is_read_as_nulls(table: str, lake: Lake) -> None:
    key = TABLES[table].key[0]
    write_deltalake(lake.path(table), pa.table({key: ["x"]}))
    read = lake.read_arrow(table)
    assert read.num_rows == 1
    assert read.schema.types == TABLES[table].arrow.types
    assert all(read.column(name).null_count == 1 for name in read.column_names if name != key)


def test_parallel_readers_of_an_older_contract_do_not_meet(lake: Lake) -> None:
    old_clusters(lake)
    together = Barrier(8)

    def look(number: int) -> int:
        together.wait(60)
        return (
            len(lake.read("posting_clusters", ["posting_id", "size"])) if number % 2 else lake.count("posting_clusters")
        )

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [2] * 8


def test_parallel_writers_of_an_older_contract_add_its_columns_once(lake: Lake) -> None:
    old_clusters(lake)
    frames = [pd.DataFrame({"posting_id": [f"n{n}"], "cluster_id": ["c"], "size": [n]}) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda frame: lake.append("posting_clusters", frame), frames))
    assert sorted(lake.read("posting_clusters")["size"].dropna()) == list(range(6))
    assert lake.version("posting_clusters") == 1 + 2 + 6, "its columns, its property, six rows"


@pytest.mark.parametrize("write", ["append", "update", "delete", "replace", "rewrite"])
def test_every_write_takes_an_older_contract(write: str, lake: Lake) -> None:
    write_deltalake(
        lake.path("posting_sightings"), pa.table({"source": ["a"], "board": ["b"], "source_id": ["1"]}),
        partition_by=["source"],
    )  # fmt: skip
    WRITES[write](lake)
    expected = {"append": 2, "update": 1, "delete": 0, "replace": 1, "rewrite": 0}
    assert len(lake.read("posting_sightings")) == expected[write]


@pytest.mark.usefixtures("members_found")
def test_members_are_found_in_every_file_and_row_group(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "_WRITER", WriterProperties(max_row_group_size=3))
    for start in (0, 10):
        names = [f"{number:02}" for number in range(start, start + 10)]
        lake.append("posting_clusters", pd.DataFrame({"posting_id": names, "cluster_id": names, "size": start}))
    lake.merge("posting_clusters", pd.DataFrame({"posting_id": ["05"], "cluster_id": ["other"], "size": [5]}))
    lake.append("posting_clusters", pd.DataFrame({"posting_id": ["it's"], "cluster_id": ["quoted"]}))
    wanted = ["00", "05", "11", "19", "99", "it's"]
    for sought in (wanted, [*wanted, None]):
        found = lake.read("posting_clusters", ["cluster_id"], [("posting_id", "in", sought)])
        assert sorted(found["cluster_id"]) == ["00", "11", "19", "other", "quoted"]
    both = [("posting_id", "in", wanted), ("cluster_id", "in", ["other", "19"]), ("size", ">", 5)]
    assert lake.read("posting_clusters", ["posting_id"], both)["posting_id"].tolist() == ["19"]
    assert lake.read("posting_clusters", ["posting_id"], [("posting_id", "in", [])]).empty


@pytest.mark.usefixtures("members_found")
def test_members_are_found_in_a_partitioned_table(lake: Lake) -> None:
    for source in ("a", "b/c"):
        lake.append("posting_sightings", sightings(["1", "2", "3"], source=source))
    by_id = lake.read("posting_sightings", ["source", "source_id"], [("source_id", "in", ["2", "9"])])
    assert sorted(by_id.itertuples(index=False, name=None)) == [("a", "2"), ("b/c", "2")]
    by_source = lake.read("posting_sightings", ["source", "source_id"], [("source", "in", ["b/c", "d"])])
    assert sorted(by_source.itertuples(index=False, name=None)) == [("b/c", "1"), ("b/c", "2"), ("b/c", "3")]
    both = [("source_id", "in", ["1", "3"]), ("source", "in", ["a"])]
    assert sorted(lake.read("posting_sightings", ["source_id"], both)["source_id"]) == ["1", "3"]
