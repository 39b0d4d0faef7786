"""Rows of a user's files, one after another: CSV, JSON Lines and Parquet, whatever state they are in.

Every row of a file comes out as a record. A line that cannot be read becomes a record too, with the reason
under `contract.NOTE`, so that what went in can be accounted for.
"""

import codecs
import csv
import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowException

from jobfinder_assets.ingestion.contract import (
    NOTE,
    RawPosting,
    Record,
    SchemaDrift,
    SourceError,
    Unchanged,
    content_hash,
    record_json,
    well_formed,
)
from jobfinder_assets.ingestion.fields import mapping, text

# Part of the validators: raise it when files must be read again although they did not change.
READER_VERSION = "1"

_CSV = (".csv", ".tsv", ".txt")
_JSON_LINES = (".jsonl", ".ndjson")
_PARQUET = (".parquet", ".pq")
SUFFIXES = (*_CSV, *_JSON_LINES, *_PARQUET)

_BLOCK = 1 << 20
_LONGEST_FIELD = 64 << 20
_PARQUET_ROWS = 1_000
_PEEKED_ROWS = 100
_DELIMITERS = ",;\t|"
# Row numbers that a writer put into the file: no part of what identifies a posting.
_INDEX_COLUMNS = ("index", "unnamed_0", "unnamed_0_1", "level_0")
_FALLBACK_ENCODINGS = ("cp1252", "latin-1")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EXTRA = "extra fields"
_LINE = "line"


@dataclass(frozen=True)
class TabularFile:
    """A file as it lies there: its digest, size, and how its text is encoded (empty for Parquet)."""

    path: Path
    sha256: str
    bytes: int
    encoding: str = ""
    message: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def validators(self) -> dict[str, str]:
        """Equal as long as the file and the way to read it are."""
        reading = json.dumps([READER_VERSION, self.encoding, dict(self.columns)], sort_keys=True)
        return {"sha256": self.sha256, "reading": hashlib.sha256(reading.encode()).hexdigest()[:16]}

    def unless_unchanged(self, validators: Mapping[str, str]) -> "TabularFile":
        """Itself. Raises `Unchanged` when `validators` are those of this very file."""
        if dict(validators) == self.validators:
            raise Unchanged("")
        return self


def inspect_file(path: Path, *, encoding: str = "utf-8", columns: Mapping[str, str] | None = None) -> TabularFile:
    """Digest a file and find out how to decode it, in constant memory.

    Raises
    ------
    SourceError
        When the file is missing, cannot be read, or is of no known kind.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path}: unknown kind of file; known are {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise SourceError(f"{path} is not there; put the file there or correct the path in jobfinder.toml")
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
        chosen = "" if path.suffix.lower() in _PARQUET else _encoding(path, start, encoding)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; check its permissions") from error
    message = "" if _same_encoding(chosen, encoding) else f"not valid {encoding}: read as {chosen}"
    return TabularFile(path, digest.hexdigest(), size, chosen, message, dict(columns or {}))


def read_rows(file: TabularFile) -> Iterator[Record]:
    """The file's rows in order, one record each.

    Raises
    ------
    SchemaDrift
        When the file has no header or is not what its name says.
    SourceError
        When reading breaks off.
    """
    suffix = file.path.suffix.lower()
    read = _csv_rows if suffix in _CSV else _json_rows if suffix in _JSON_LINES else _parquet_rows
    try:
        yield from read(file)
    except OSError as error:
        raise SourceError(f"{file.path} cannot be read to its end: {error}") from error


def postings(board: str, rows: Iterator[Record], *, id_column: str | None = None) -> Iterator[RawPosting]:
    """Give each row its `source_id`: the id column's value, else a hash of the row and its number among its equals.

    So equal rows all count, and the order of the rows does not matter. A row that lacks the id, or repeats
    one, is known by its hash. Row numbers (`index`, `Unnamed: 0`) are no part of the hash.
    """
    equals: Counter[bytes] = Counter()
    used: set[str] = set()
    for row in rows:
        given = text(row.get(id_column)) if id_column is not None else None
        source_id = well_formed(given).strip() if given is not None else ""
        if not source_id or source_id in used:
            content = {name: value for name, value in row.items() if normalised(name) not in _INDEX_COLUMNS}
            digest = content_hash(record_json(content))
            key = bytes.fromhex(digest)
            equals[key] += 1
            source_id = f"{digest}.{equals[key]}"
        used.add(source_id)
        yield RawPosting(board, source_id, row)


def unreadable(record: Record) -> str | None:
    """Why the line of this record could not be read, or None when it could."""
    return text(mapping(record.get(NOTE)).get("problem"))


def recognise(columns: Sequence[str], explicit: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which column holds which field: the explicit ones first, then those known by their names.

    Examples
    --------
    >>> recognise(["Job Title", "Firm"], {"company": "Firm"})
    {'company': 'Firm', 'title': 'Job Title'}
    """
    return dict(_recognise(tuple(columns), tuple(sorted((explicit or {}).items()))))


@cache
def field_names() -> tuple[str, ...]:
    """The fields that a column can be mapped to."""
    return tuple(_aliases())


def normalised(column: str) -> str:
    """A column's name as names are compared: lower case, one `_` for whatever is no letter or digit."""
    return "_".join("".join(c if c.isalnum() else " " for c in str(column).lower()).split())


@cache
def _aliases() -> dict[str, list[str]]:
    stored = resources.files("jobfinder_assets.ingestion").joinpath("data/columns.toml")
    return tomllib.loads(stored.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _recognise(columns: tuple[str, ...], explicit: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    found = dict(explicit)
    taken = set(found.values())
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(normalised(column), column)
    for name, aliases in _aliases().items():
        known = (by_name[alias] for alias in aliases if alias in by_name)
        free = next((column for column in known if column not in taken), None)
        if name not in found and free is not None:
            found[name] = free
            taken.add(free)
    return tuple(found.items())


def _encoding(path: Path, start: bytes, declared: str) -> str:
    """The first encoding that decodes the whole file: by its mark, as declared, or the fallbacks."""
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None)
    candidates = [*([marked] if marked else []), declared, *_FALLBACK_ENCODINGS]
    return next(name for name in candidates if _decodes(path, name))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _same_encoding(chosen: str, declared: str) -> bool:
    return not chosen or chosen in ("utf-8-sig", "utf-16") or codecs.lookup(chosen) == codecs.lookup(declared)


def _csv_rows(file: TabularFile) -> Iterator[Record]:
    # The limit is the whole process's; it only ever keeps a stray quote from filling the memory.
    csv.field_size_limit(_LONGEST_FIELD)
    with file.path.open(encoding=file.encoding, newline="") as stream:
        first = stream.readline()
        if not first.strip():
            raise SchemaDrift(f"{file.path} has no header line")
        stream.seek(0)
        rows = csv.reader(stream, delimiter=_delimiter(first))
        try:
            header = _header(next(rows))
            yield from _checked(header, rows)
        except csv.Error as error:
            raise SourceError(
                f"{file.path}, line {rows.line_num}: {error}; look for a quote that is not closed"
            ) from error


def _checked(header: Sequence[str], rows: Any) -> Iterator[Record]:
    """Rows as records; one with too many or too few fields keeps them all and says so."""
    after = rows.line_num
    for row in rows:
        first, after = after + 1, rows.line_num
        if len(row) == len(header):
            yield dict(zip(header, row, strict=True))
        elif row:
            place = f"line {first}" if first == after else f"lines {first} to {after}"
            problem = (
                f"{place}: {len(row)} fields where the header has {len(header)}; look for a stray delimiter or quote"
            )
            note: dict[str, Any] = {"problem": problem}
            if len(row) > len(header):
                note[_EXTRA] = row[len(header) :]
            yield {**dict(zip(header, row, strict=False)), NOTE: note}


def _delimiter(first_line: str) -> str:
    """The separator that splits the header line into most names."""
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first_line], delimiter=mark), [])))


def _header(names: Sequence[str]) -> list[str]:
    """Names as pandas would give them: no blank, no repeated one."""
    header: list[str] = []
    for number, given in enumerate(names):
        base = given.strip() or f"Unnamed: {number}"
        name, repeated = base, 0
        while name in header:
            repeated += 1
            name = f"{base}.{repeated}"
        header.append(name)
    return header


def _json_rows(file: TabularFile) -> Iterator[Record]:
    with file.path.open(encoding=file.encoding, newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield {_LINE: line.rstrip(), NOTE: {"problem": f"line {number}: no valid JSON: {error}"}}
                continue
            if isinstance(row, dict):
                yield row
            else:
                yield {_LINE: line.rstrip(), NOTE: {"problem": f"line {number}: no JSON object"}}


def _parquet_rows(file: TabularFile) -> Iterator[Record]:
    try:
        with pq.ParquetFile(file.path) as table:
            for batch in table.iter_batches(batch_size=_PARQUET_ROWS):
                for row in batch.to_pylist():
                    # JSON knows no NaN: in a column of numbers it is pandas' way to say "missing".
                    yield {name: None if value != value else value for name, value in row.items()}
    except ArrowException as error:
        raise SchemaDrift(f"{file.path} is no readable Parquet file: {error}") from error


def peek(rows: Iterator[Record]) -> tuple[list[str], Iterator[Record]]:
    """The columns that the first readable rows have between them, and all rows, those among them."""
    start = list(islice(rows, _PEEKED_ROWS))
    columns = dict.fromkeys(name for row in start if unreadable(row) is None for name in row)
    return list(columns), chain(start, rows)
