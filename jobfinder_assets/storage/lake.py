"""The lake: Delta Lake tables under one URI, and the only place that reads or writes them.

Every write is one Delta commit, so a process killed at any moment leaves each table at its
old version or at its new one. Writers may be retried: `merge` is an upsert by the table's key.
On one machine a table has one writer at a time; readers wait for nobody and write nothing.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from cachetools import LRUCache, cached
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Field,
    QueryBuilder,
    WriterProperties,
    write_deltalake,
)
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError
from deltalake.table import TableMerger
from filelock import FileLock
from pyarrow.dataset import get_partition_keys
from pyarrow.parquet import FileMetaData, ParquetFile

from jobfinder_assets.storage.schemas import TABLES, TableSchema

_LOCKS, _REWRITING = OF_LAKE = ("_locks", "_erasing")
"""Folders of a local lake beside its tables: the locks, and what `Lake.rewrite` is at."""

Result = TypeVar("Result")
# An SQL predicate, or (column, operator, value) triples that must all hold.
Where: TypeAlias = str | Sequence[tuple[str, str, Any]] | None

# Rows are looked up by row group: small ones, so that a few postings do not cost the texts of all.
_ROW_GROUP = 2_048
_WRITER = WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=_ROW_GROUP)
_WRITER_OF_HASHES = WriterProperties(
    compression="UNCOMPRESSED",
    max_row_group_size=_ROW_GROUP,
    default_column_properties=ColumnProperties(dictionary_enabled=False),
)
_WRITER_OF_NARROW = WriterProperties(
    compression="LZ4_RAW", default_column_properties=ColumnProperties(dictionary_enabled=False)
)
_REMEMBERED_BYTES, _FOOTER_BYTES = 64_000_000, 100_000
_COMMIT_RETRIES = 5
# A table is compacted when so many files could be joined; one that is soon rewritten already for some.
_MANY_FILES, _SOME_FILES = 40, 10
_SOON_REWRITTEN_BYTES = 16_000_000
# Whoever opens a table reads the commits since its last checkpoint: 99 of them, delta-rs' own choice, take 20 ms.
_CHECKPOINTS = {"delta.checkpointInterval": "10"}
# Of more members the lake finds the rows itself.
_LISTED_IN_SQL = 500
_LOCK_SECONDS = 600
_LOCK_POLL_SECONDS = 0.01
_REWRITTEN_ROWS = 5_000
_NEVER_WRITTEN = ("", -1)
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in")


class LakeError(ValueError):
    """A frame does not fit the data contract, or a table is not part of it."""


@dataclass(frozen=True)
class Lake:
    """Delta tables under `uri` (a folder, or any object-store URI that delta-rs reads)."""

    uri: str
    storage_options: dict[str, str] | None = field(default=None, repr=False)

    def path(self, table: str) -> str:
        _schema(table)
        return f"{str(self.uri).rstrip('/')}/{table}"

    def exists(self, table: str) -> bool:
        if self._is_there(table):
            return True
        if self._is_remote or not self._rewritten(table)[1].exists():
            return False
        # Between the two renames of `rewrite`: whoever holds the lock next has both behind them.
        with self.lock(table):
            return self._is_there(table)

    def version(self, table: str) -> int:
        """The table's Delta version, or -1 while it has never been written."""
        return self.state(table)[1]

    def state(self, table: str) -> tuple[str, int]:
        """The table's Delta id and version, ("", -1) while it has never been written; no other content has the same.

        The version alone may come again: `rewrite` makes a new table, whose versions begin at 0.
        """
        return _state(self._delta(table)) if self.exists(table) else _NEVER_WRITTEN

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        where: Where = None,
        *,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Rows as a pandas frame; a table that was never written gives an empty one.

        `where` is an SQL predicate ("source = 'sample'") or a list of (column, operator, value)
        that must all hold; operators: =, !=, <, <=, >, >=, in. Rows come in no particular order.
        """
        return self.read_arrow(table, columns, where, version=version).to_pandas()

    def read_arrow(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        where: Where = None,
        *,
        version: int | None = None,
    ) -> pa.Table:
        """As `read`, but Arrow: list columns stay zero-copy buffers."""
        return self.read_with_state(table, columns, where, version=version)[0]

    def read_with_state(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        where: Where = None,
        *,
        version: int | None = None,
    ) -> tuple[pa.Table, tuple[str, int]]:
        """As `read_arrow`, with the `state` of the table that was read."""
        schema = _schema(table)
        names = list(columns) if columns is not None else schema.columns
        unknown = [name for name in names if name not in schema.columns]
        if unknown:
            raise LakeError(f"table {table!r} has no column {unknown[0]!r}; it has: {', '.join(schema.columns)}")
        if not self.exists(table):
            return _plain(table, names).empty_table(), _NEVER_WRITTEN
        found = self._delta(table, version)
        batches = _scan(found, table, names, where)
        return pa.Table.from_batches(batches, schema=_plain(table, names)), _state(found)

    def batches(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        where: Where = None,
        *,
        rows: int = 5_000,
    ) -> Iterator[pd.DataFrame]:
        """Stream a table in frames of `rows` rows (the last may be shorter): memory is bounded by the batch."""
        if not self.exists(table):
            return
        names = list(columns) if columns is not None else _schema(table).columns
        waiting: list[pa.RecordBatch] = []
        for batch in _scan(self._delta(table), table, names, where):
            waiting.append(batch)
            while sum(part.num_rows for part in waiting) >= rows:
                whole = pa.Table.from_batches(waiting)
                yield whole.slice(0, rows).to_pandas()
                waiting = whole.slice(rows).to_batches()
        if any(part.num_rows for part in waiting):
            yield pa.Table.from_batches(waiting).to_pandas()

    def arrow_batches(
        self, table: str, columns: Sequence[str] | None = None, where: Where = None
    ) -> Iterator[pa.RecordBatch]:
        """Stream a table as Arrow, in batches of the engine's own size."""
        if self.exists(table):
            names = list(columns) if columns is not None else _schema(table).columns
            yield from _scan(self._delta(table), table, names, where)

    def count(self, table: str, where: Where = None) -> int:
        """Rows that meet `where`."""
        if not self.exists(table):
            return 0
        return sum(batch.num_rows for batch in _scan(self._delta(table), table, _schema(table).key[:1], where))

    def append(self, table: str, frame: pd.DataFrame | pa.Table) -> int:
        """Add rows; their keys must be new. Returns the number of rows written."""
        data = _conform(table, frame)
        if data.num_rows:
            with self.lock(table):
                self._write(table, data, mode="append")
        return data.num_rows

    def merge(
        self,
        table: str,
        frame: pd.DataFrame | pa.Table,
        *,
        replacing: bool = False,
        absent_at: tuple[str, int] | None = None,
    ) -> int:
        """Upsert by the table's key in one commit. Returns the number of rows written.

        Two things save the look whether a key is there already: `replacing`, for who knows that one is, and
        `absent_at`, the table's `state` when it held none of them, should it be of that state still.
        """
        data = _conform(table, frame)
        if not data.num_rows:
            return 0
        key = list(_schema(table).key)
        with self.lock(table):
            # Adding rows is far cheaper than a MERGE, which reads the whole table; only under the
            # lock can a check for new keys be trusted.
            is_new = absent_at is not None and not self._is_remote and self.state(table) == absent_at
            if is_new or (not (replacing and self.exists(table)) and not self._holds_any(table, data.select(key))):
                return self.append(table, data)
            self._retry(
                lambda: self._merger(table, data, key).when_matched_update_all().when_not_matched_insert_all().execute()
            )
        return data.num_rows

    def update(self, table: str, frame: pd.DataFrame | pa.Table) -> int:
        """Set the given columns on rows that exist; other columns and rows stay. Returns the number of rows changed.

        Rows are found by the key columns given: the key or a part of it.
        """
        if not len(frame) or not self.exists(table):
            return 0
        data, key = _conform(table, frame, partial=True), _key_given(table, frame)
        changes = {name: f"source.{name}" for name in data.column_names if name not in key}
        with self.lock(table):
            result = self._retry(lambda: self._merger(table, data, key).when_matched_update(changes).execute())
        return int(result["num_target_rows_updated"])

    def delete(self, table: str, keys: pd.DataFrame | pa.Table) -> int:
        """Delete the rows whose key columns equal those of `keys` (the key or a part of it)."""
        if not len(keys) or not self.exists(table):
            return 0
        schema = _schema(table)
        names = _key_given(table, keys)
        fields = pa.schema([schema.arrow.field(name) for name in names])
        data = _arrow(keys[names] if isinstance(keys, pd.DataFrame) else keys.select(names), fields)
        with self.lock(table):
            result = self._retry(lambda: self._merger(table, data, names).when_matched_delete().execute())
        return int(result["num_target_rows_deleted"])

    def replace(self, table: str, frame: pd.DataFrame | pa.Table, *, where: str | None = None) -> int:
        """Put `frame` in the place of the whole table, or of the rows that meet the SQL predicate."""
        data = _conform(table, frame)
        with self.lock(table):
            self._write(table, data, mode="overwrite", predicate=where if self.exists(table) else None)
        return data.num_rows

    def compact(self, table: str, *, partition: Mapping[str, str] | None = None) -> bool:
        """Join small files when there are many; old versions stay readable for a week.

        `partition`: only the files of one, by the value of each column that the table is partitioned by. On an object
        store, where no lock keeps a second one off, two at once double every row of theirs, and delta-rs lets them: who
        alone writes a partition should name it.
        """
        chosen = [(column, "=", value) for column, value in (partition or {}).items()]
        if not self.exists(table) or not _is_scattered(self._delta(table), chosen, often=not self._is_remote):
            return False
        with self.lock(table):
            self._retry(
                lambda: self._for_writing(table).optimize.compact(
                    partition_filters=chosen or None, writer_properties=_writer(table)
                )
            )
            self._retry(lambda: self._for_writing(table).vacuum(dry_run=False))
        return True

    def rewrite(self, table: str, keep: Callable[[pd.DataFrame], pd.DataFrame]) -> int:
        """Put `keep(rows)` in the place of all rows so that no old version remains. Returns the number of rows lost.

        A local table is written anew beside the old one and put in its place: no line of its log remains either, and
        versions begin at 0. `keep` is called for a few thousand rows at a time. On an object store, where nothing can
        be put in place of anything, rows are replaced and old files vacuumed; the log keeps names until its retention.
        """
        with self.lock(table):
            if not self.exists(table):
                return 0
            if self._is_remote:
                return self._rewrite_remote(table, keep)
            self._finish_rewrite(table)
            place, (new, old) = Path(self.path(table)), self._rewritten(table)
            beside, lost = Lake(str(new.parent)), 0
            beside._write(table, _empty(_schema(table), _schema(table).columns), mode="append")
            for rows in self.batches(table, rows=_REWRITTEN_ROWS):
                kept = _conform(table, keep(rows))
                lost += len(rows) - kept.num_rows
                if kept.num_rows:
                    beside._write(table, kept, mode="append")
            place.rename(old)
            new.rename(place)
            self._finish_rewrite(table)
        return lost

    def finish_rewrites(self) -> None:
        """Finish what processes killed in `rewrite` left of any table; whoever writes to one does it as well."""
        for table in () if self._is_remote else TABLES:
            if any(path.exists() for path in self._rewritten(table)):
                with self.lock(table):
                    pass

    def _rewrite_remote(self, table: str, keep: Callable[[pd.DataFrame], pd.DataFrame]) -> int:
        whole = self.read(table)
        kept = keep(whole)
        self.replace(table, kept)
        delta = self._delta(table)
        delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        delta.create_checkpoint()
        return len(whole) - len(kept)

    def _finish_rewrite(self, table: str) -> None:
        """Finish or undo what `rewrite` left when it was killed. Once the old table lies here, the new one is whole."""
        new, old = self._rewritten(table)
        if not new.parent.is_dir():
            return
        if old.exists() and new.exists():
            if self._is_there(table):
                # An older jobfinder has begun the table again since: its rows are the newer ones.
                data, key = Lake(str(new.parent)).read_arrow(table), _schema(table).key
                self._retry(lambda: self._merger(table, data, key).when_not_matched_insert_all().execute())
            else:
                # What lies in the place was never committed.
                shutil.rmtree(self.path(table), ignore_errors=True)
                new.rename(self.path(table))
        # In this order: without the old table, a new one counts as unfinished.
        for left in (old, new):
            shutil.rmtree(left, ignore_errors=True)
        with suppress(OSError):
            new.parent.rmdir()

    def _rewritten(self, table: str) -> tuple[Path, Path]:
        """Where `rewrite` makes the new table, and where it puts the old one until it is gone."""
        folder = Path(self.uri) / _REWRITING
        return folder / table, folder / f"{table}.old"

    @property
    def _is_remote(self) -> bool:
        return "://" in str(self.uri)

    def _is_there(self, table: str) -> bool:
        return bool(DeltaTable.is_deltatable(self.path(table), storage_options=self.storage_options))

    @contextmanager
    def lock(self, table: str) -> Iterator[None]:
        """One writer at a time per table on this machine; the system frees it when a process dies.

        A thread that holds it may take it again. Raises `filelock.Timeout` after `_LOCK_SECONDS`.
        """
        if self._is_remote:
            yield
            return
        folder = Path(self.uri).absolute() / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        # One object for all lakes of the process, with a state for each thread: only so can it be taken again.
        lock = FileLock(folder / f"{table}.lock", timeout=_LOCK_SECONDS, is_singleton=True)
        taken_again = lock.is_locked
        with lock.acquire(poll_interval=_LOCK_POLL_SECONDS):
            if not taken_again:
                self._finish_rewrite(table)
            yield

    def _delta(self, table: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(self.path(table), version=version, storage_options=self.storage_options)

    def _for_writing(self, table: str) -> DeltaTable:
        """The newest version, with every column and property of the contract. Under the lock and in a `_retry` only."""
        found = self._delta(table)
        if missing := _missing_fields(found, table):
            # Written by an older jobfinder: the contract has grown since.
            found.alter.add_columns(missing)
            found = self._delta(table)
        if not _CHECKPOINTS.items() <= found.metadata().configuration.items():
            found.alter.set_table_properties(_CHECKPOINTS)
            found = self._delta(table)
        return found

    def _merger(self, table: str, data: pa.Table, key: Iterable[str]) -> TableMerger:
        on = " AND ".join(f"target.{name} = source.{name}" for name in key)
        return self._for_writing(table).merge(
            data, on, source_alias="source", target_alias="target", writer_properties=_writer(table)
        )

    def _write(self, table: str, data: pa.Table, *, mode: str, predicate: str | None = None) -> None:
        if not self._is_remote:
            Path(self.uri).mkdir(parents=True, exist_ok=True)

        schema = _schema(table)
        # Statistics on long texts cost more than they skip: keep them to the key columns.
        configuration = {
            "delta.dataSkippingStatsColumns": ",".join(n for n in schema.key if n not in schema.partition_by),
            **_CHECKPOINTS,
        }
        self._retry(
            lambda: write_deltalake(
                self._for_writing(table) if self._is_there(table) else self.path(table),
                data,
                mode=mode,
                predicate=predicate,
                partition_by=list(schema.partition_by) or None,
                configuration=configuration,
                writer_properties=_writer(table),
                storage_options=self.storage_options,
                commit_properties=CommitProperties(max_commit_retries=_COMMIT_RETRIES),
            )
        )

    def _holds_any(self, table: str, keys: pa.Table) -> bool:
        if not self.exists(table):
            return False
        if self._is_remote:
            return True
        names = keys.column_names
        first = names[-1]
        held = self.read_arrow(table, names, [(first, "in", pc.unique(keys.column(first)).to_pylist())])
        return held.join(keys, keys=names, join_type="inner").num_rows > 0

    def _retry(self, commit: Callable[[], Result]) -> Result:
        """Run a commit again when another writer came first; each try reads the newest version."""
        for attempt in range(_COMMIT_RETRIES):
            try:
                return commit()
            except CommitFailedError:
                if attempt == _COMMIT_RETRIES - 1:
                    raise
        raise AssertionError("unreachable")


def _schema(table: str) -> TableSchema:
    try:
        return TABLES[table]
    except KeyError:
        raise LakeError(f"no table {table!r} in the data contract; tables: {', '.join(TABLES)}") from None


def _writer(table: str) -> WriterProperties:
    schema = _schema(table)
    return _WRITER_OF_NARROW if schema.is_narrow else _WRITER_OF_HASHES if schema.of_hashes else _WRITER


def _state(found: DeltaTable) -> tuple[str, int]:
    return str(found.metadata().id), int(found.version())


def _is_scattered(delta: DeltaTable, chosen: Sequence[tuple[str, str, str]], *, often: bool) -> bool:
    """Files are joined within their partition: its first is none too many."""
    files = pa.table(delta.get_add_actions(flatten=True))
    for column, _, value in chosen:
        files = files.filter(pc.equal(files.column(f"partition.{column}"), value))
    partitions = [name for name in files.column_names if name.startswith("partition.")]
    spare = len(files) - files.group_by(partitions).aggregate([]).num_rows
    small = pc.sum(files.column("size_bytes")).as_py() or 0
    return spare >= _MANY_FILES or (often and spare >= _SOME_FILES and small <= _SOON_REWRITTEN_BYTES)


def _missing_fields(found: DeltaTable, table: str) -> list[Field]:
    stored = {entry.name for entry in found.schema().fields}
    wanted = _schema(table).arrow
    if stored.issuperset(wanted.names):
        return []
    nullable = pa.schema([entry.with_nullable(True) for entry in wanted if entry.name not in stored])
    return list(DeltaSchema.from_arrow(nullable).fields)


def _names(frame: pd.DataFrame | pa.Table) -> list[str]:
    return list(frame.columns) if isinstance(frame, pd.DataFrame) else frame.column_names


def _key_given(table: str, frame: pd.DataFrame | pa.Table) -> list[str]:
    given = _names(frame)
    return [name for name in _schema(table).key if name in given]


def _empty(schema: TableSchema, names: Sequence[str]) -> pa.Table:
    return schema.arrow.empty_table().select(list(names))


def _conform(table: str, frame: pd.DataFrame | pa.Table, *, partial: bool = False) -> pa.Table:
    """Bring a frame to the table's schema: columns not given become null, unless `partial`."""
    schema = _schema(table)
    given = _names(frame)
    unknown = [name for name in given if name not in schema.columns]
    missing = [] if partial else [name for name in schema.key if name not in given]
    if unknown or missing:
        problem = f"unknown column {unknown[0]!r}" if unknown else f"key column {missing[0]!r} is missing"
        raise LakeError(f"cannot write to {table!r}: {problem}; the contract has: {', '.join(schema.columns)}")
    fields = [field for field in schema.arrow if not partial or field.name in given]
    if isinstance(frame, pd.DataFrame):
        absent = {field.name: None for field in fields if field.name not in given}
        frame = frame.assign(**absent)[[field.name for field in fields]]
    else:
        for field_ in fields:
            if field_.name not in given:
                frame = frame.append_column(field_, pa.nulls(frame.num_rows, field_.type))
        frame = frame.select([field.name for field in fields])
    data = _arrow(frame, pa.schema(fields), table=table)
    for name in _key_given(table, frame):
        if data.column(name).null_count:
            raise LakeError(
                f"cannot write to {table!r}: {data.column(name).null_count} rows have no {name!r}, part of its key"
            )
    return data


def _arrow(frame: pd.DataFrame | pa.Table, schema: pa.Schema, *, table: str = "") -> pa.Table:
    # Nullability is checked by `_conform`; delta-rs would refuse mixed flags inside a MERGE.
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    try:
        if isinstance(frame, pd.DataFrame):
            return pa.Table.from_pandas(frame, schema=nullable, preserve_index=False).replace_schema_metadata(None)
        return frame.cast(nullable)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise LakeError(f"cannot write to {table!r}: {error}") from error


def _scan(delta: DeltaTable, table: str, names: Sequence[str], where: Where) -> Iterator[pa.RecordBatch]:
    predicate, members = _predicate(table, where)
    columns = list(dict.fromkeys([*names, *members]))
    # The engine answers with string views, which Arrow's kernels do not all know.
    plain = _plain(table, columns)
    if predicate is None and members:
        (name, values), *others = members.items()
        found, members = _looked_up(delta, plain, name, values), dict(others)
    else:
        found = (pa.record_batch(part) for part in _queried(delta, table, columns, predicate))
    for batch in found:
        yield _with_members(batch.cast(plain), members).select(list(names))


def _queried(delta: DeltaTable, table: str, columns: Sequence[str], predicate: str | None) -> Iterator[Any]:
    """Batches of the engine's own kind, with nulls for columns that the table lacks."""
    missing = _missing_fields(delta, table)
    if not missing:
        yield from delta.scan(columns=list(columns), predicate=predicate)
        return
    # Written by an older jobfinder: the next write adds the columns, for a reader writes nothing.
    nulls = ", ".join(f'NULL AS "{entry.name}"' for entry in missing)
    names = ", ".join(f'"{name}"' for name in columns)
    query = f"SELECT {names} FROM (SELECT *, {nulls} FROM stored)" + (f" WHERE {predicate}" if predicate else "")
    yield from QueryBuilder().register("stored", delta).execute(query)


def _predicate(table: str, where: Where) -> tuple[str | None, dict[str, pa.Array]]:
    """`where` as an SQL predicate for the engine, and the lists of members to filter by afterwards.

    Of a few rows among many texts the engine reads the pages that hold them. A list of ten thousand ids is a fast hash
    filter in Arrow, but a slow SQL text to parse.
    """
    if where is None or isinstance(where, str):
        return where, {}
    members: dict[str, pa.Array] = {}
    parts = []
    for name, operator, value in where:
        if name not in _schema(table).columns or operator not in _OPERATORS:
            raise LakeError(f"cannot filter {table!r} by {name!r} {operator!r}; operators: {', '.join(_OPERATORS)}")
        if operator == "in":
            sought = pa.array(list(value), _schema(table).arrow.field(name).type)
            if 0 < len(sought) <= _LISTED_IN_SQL and pa.types.is_string(sought.type) and not sought.null_count:
                parts.append(f'"{name}" IN ({", ".join(map(_literal, sought.to_pylist()))})')
            else:
                members[name] = sought
        else:
            parts.append(f'"{name}" {operator} {_literal(value)}')
    return " AND ".join(parts) or None, members


def _looked_up(delta: DeltaTable, plain: pa.Schema, name: str, values: pa.Array) -> Iterator[pa.RecordBatch]:
    """Rows whose `name` is one of the values: of row groups without one only that column is read, not the texts."""
    for fragment in delta.to_pyarrow_dataset().get_fragments():
        # A partition's value stands in its folder's name, not in its files.
        partition = get_partition_keys(fragment.partition_expression)
        footer, keys = _keys(_File(delta.table_uri, fragment.path, fragment.filesystem), name)
        keys = _completed(keys, pa.schema([plain.field(name)]), partition)
        found = pc.is_in(keys.column(name), values)
        if not pc.any(found).as_py():
            continue
        with fragment.filesystem.open_input_file(fragment.path) as file:
            parquet = ParquetFile(file, metadata=footer)
            stored = [column for column in plain.names if column in parquet.schema_arrow.names]
            first = 0
            for group in range(parquet.num_row_groups):
                held = found.slice(first, footer.row_group(group).num_rows)
                first += len(held)
                if pc.any(held).as_py():
                    rows = _completed(parquet.read_row_group(group, columns=stored), plain, partition)
                    yield from (rows if pc.all(held).as_py() else rows.filter(held)).to_batches()


@dataclass(frozen=True)
class _File:
    """A file of a table: Delta never changes one, and gives no other its name."""

    table: str
    path: str
    filesystem: Any = field(compare=False)


# A run looks up the same table several times, the app at every page.
@cached(LRUCache(_REMEMBERED_BYTES, getsizeof=lambda found: found[1].nbytes + _FOOTER_BYTES), lock=Lock())
def _keys(file: _File, column: str) -> tuple[FileMetaData, pa.Table]:
    """A file's footer, and its values of one column; a table without columns where it lacks that."""
    with file.filesystem.open_input_file(file.path) as opened:
        parquet = ParquetFile(opened)
        return parquet.metadata, parquet.read(columns=[column] if column in parquet.schema_arrow.names else [])


def _completed(rows: pa.Table, plain: pa.Schema, partition: Mapping[str, Any]) -> pa.Table:
    """In the contract's types and with the columns that the file lacks: its partition's, or nulls for newer ones."""
    for column in plain:
        if column.name not in rows.column_names:
            values = pa.array([partition.get(column.name)] * rows.num_rows, column.type)
            rows = rows.append_column(column, values)
    return rows.select(plain.names).cast(plain)


def _with_members(batch: pa.RecordBatch, members: Mapping[str, pa.Array]) -> pa.RecordBatch:
    for name, values in members.items():
        batch = batch.filter(pc.is_in(batch.column(name), values))
    return batch


def _plain(table: str, names: Sequence[str]) -> pa.Schema:
    return pa.schema([_schema(table).arrow.field(name).with_nullable(True) for name in names])


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
