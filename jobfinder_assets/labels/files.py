"""Label files: how one is read, and how one gets into the inbox whole.

A file is CSV (comma, semicolon or tab) or JSONL in UTF-8, one label a row: `profile`, `posting` (id or
URL), `label`, and optionally `reason`, `time` (ISO 8601, UTC unless it says otherwise), `policy`,
`propensity`, `rank_shown`, `score_shown`, `model_version`. A row may correct a posting's `role` as well, or do only
that: then it needs `posting` and `role`.
"""

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jobfinder_assets.config import PROFILE_NAME_WORDS, Home, ProfileName
from jobfinder_assets.storage.files import write_bytes
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.storage.spreadsheet import unsafe_cell

# Each field and the column names it may have, the first that is filled counts.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "profile": ("profile",),
    "posting": ("posting", "posting_id", "url"),
    "label": ("label", "interesting"),
    "role": ("role",),
    "reason": ("reason",),
    "time": ("time", "labelled_at"),
    "policy": ("policy",),
    "propensity": ("propensity",),
    "rank_shown": ("rank_shown",),
    "score_shown": ("score_shown",),
    "model_version": ("model_version",),
}
REQUIRED = ("profile", "posting", "label")
REQUIRED_FOR_ROLE = ("posting", "role")
INTERESTING = frozenset({"interesting", "yes", "y", "true", "1", "1.0", "like", "liked"})
NOT_INTERESTING = frozenset(
    {"not interesting", "uninteresting", "no", "n", "false", "0", "0.0", "dislike", "disliked", "not liked"}
)
# Takes an earlier label back: the posting counts as unlabelled again.
WITHDRAWN = frozenset({"withdrawn", "undo"})
DEFAULT_POLICY = "own_choice"
MAX_MEGABYTES = 64

_SETTLED = timedelta(seconds=5)
_SETTLED_UNFINISHED = timedelta(seconds=60)
_UNFINISHED_SUFFIXES = (".partial", ".tmp", ".part", ".crdownload", "~")
_DROPPED = re.compile(r"\.([0-9a-f]{16})\.dropped\.(?:csv|jsonl)$")
_DELIMITERS = ",;\t"
# A quoted cell may hold line breaks; a quote that nobody closes must not swallow the rows after it.
_MAX_LINES_PER_ROW = 50
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCK_TOLERANCE = timedelta(days=1)
_MAX_NAME_BYTES = 180
_BAD_TOLD = 5
_PROFILE_NAME: TypeAdapter[str] = TypeAdapter(ProfileName)


class LabelFileError(ValueError):
    """A label file cannot be used as a whole; the message names the file, the problem and the remedy."""


@dataclass(frozen=True)
class Label:
    """One usable row. `event_id` identifies the row by all rows up to and including it.

    `interesting` is None where the row only corrects a role, `profile` where it then names nobody. `withdrawn` takes
    the profile's earlier label of the posting back.
    """

    line: int
    event_id: str
    cells: Mapping[str, str]
    profile: str | None
    posting: str
    interesting: bool | None
    role: str | None
    reason: str | None
    labelled_at: datetime
    policy: str
    propensity: float | None
    rank_shown: int | None
    score_shown: float | None
    model_version: str | None
    withdrawn: bool = False

    @property
    def is_event(self) -> bool:
        """Whether the row says something of a taste, and not of a role only."""
        return self.withdrawn or self.interesting is not None


@dataclass(frozen=True)
class BadRow:
    """One row that cannot be used, and why. `raw` is its text where it has no cells to show."""

    line: int
    problem: str
    cells: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""


@dataclass(frozen=True)
class LabelFile:
    """Every row of a file: usable or not, none left out."""

    labels: tuple[Label, ...]
    bad: tuple[BadRow, ...]


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    raw: str = ""
    problem: str = ""


def parse(content: bytes, *, received: datetime, now: datetime) -> LabelFile:
    """Read a label file.

    Parameters
    ----------
    content : the file's bytes.
    received : the time of labels that state none (UTC): when the file came.
    now : a label from the future would win over every later one, so it is a bad row.

    Raises
    ------
    LabelFileError
        When nothing in the file can be read as a row. A single bad row is in `LabelFile.bad`.
    """
    labels: list[Label] = []
    bad: list[BadRow] = []
    chain = ""
    for row in _rows(_decode(content)):
        # The chain runs over good and bad rows alike: a posting that becomes known later makes its own row
        # good without renaming the events of the rows after it.
        chain = _link(chain, row)
        if row.problem:
            bad.append(BadRow(row.line, row.problem, row.cells, row.raw))
            continue
        try:
            labels.append(_label(row, chain, received=received, now=now))
        except ValueError as error:
            bad.append(BadRow(row.line, str(error), row.cells, row.raw))
    return LabelFile(tuple(labels), tuple(bad))


def usable_labels(paths: Iterable[Path], *, now: datetime) -> Iterator[Label]:
    """The usable rows of label files; one that is none, or is still being written, has none."""
    for path in paths:
        try:
            received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            labels = parse(read(path), received=min(received, now), now=now).labels
        except (LabelFileError, OSError):
            continue
        yield from labels


def waiting_labels(home: Home, *, now: datetime) -> list[Label]:
    """What people have said that no run has read yet."""
    return list(usable_labels(sorted(home.inbox.glob("*")), now=now))


def check(path: Path, *, roles: bool = False, find: Callable[[str], str] | None = None) -> LabelFile:
    """Read the label file at `path` as it is read from the inbox.

    With `roles` the file must correct at least one role. `find` gives the posting that a row means, or raises
    LookupError, which makes it a bad row; without it any posting will do.

    Raises
    ------
    LabelFileError
        When the file cannot be read or holds no usable row.
    """
    return _checked(path, roles=roles, find=find)[1]


def told(bad: Sequence[BadRow]) -> str:
    """The first bad rows with their lines, one below the other, and how many more there are."""
    lines = [f"  line {row.line}: {row.problem}" for row in bad[:_BAD_TOLD]]
    return "\n".join(lines + [f"  … and {len(bad) - _BAD_TOLD:,} more"] * (len(bad) > _BAD_TOLD))


def drop(path: Path, home: Home, *, roles: bool = False) -> Path:
    """Check the label file at `path` and put a copy into the inbox, complete from the first moment.

    With `roles` the file must correct at least one role.

    Returns the path in the inbox; its name holds the content's hash, so that the same file dropped
    twice is one file.

    Raises
    ------
    LabelFileError
        When the file cannot be read or holds no usable row. Bad rows beside good ones are let through:
        they go to the quarantine, each with its reason.
    """
    content, _ = _checked(path, roles=roles, find=None)
    return drop_content(content, path.stem, home)


def _checked(path: Path, *, roles: bool, find: Callable[[str], str] | None) -> tuple[bytes, LabelFile]:
    try:
        content = read(path)
        now = datetime.now(UTC)
        read_rows = parse(content, received=now, now=now)
    except LabelFileError as error:
        raise LabelFileError(f"{path}: {error}") from error
    except OSError as error:
        raise LabelFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    rows = read_rows if find is None else _found(read_rows, find)
    if not rows.labels:
        new = "\nif it names new jobs, `jobfinder fetch` them first" if read_rows.labels else ""
        raise LabelFileError(f"{path}: holds no usable label\n{told(rows.bad)}{new}")
    if roles and not any(row.role for row in rows.labels):
        raise LabelFileError(f"{path}: corrects no role; it needs the columns {', '.join(REQUIRED_FOR_ROLE)}")
    return content, rows


def _found(rows: LabelFile, find: Callable[[str], str]) -> LabelFile:
    """The rows whose posting is known, and as bad ones those whose posting is not."""
    known: list[Label] = []
    bad = list(rows.bad)
    for label in rows.labels:
        try:
            find(label.posting)
        except LookupError as error:
            bad.append(BadRow(label.line, str(error), label.cells))
        else:
            known.append(label)
    return LabelFile(tuple(known), tuple(sorted(bad, key=lambda row: row.line)))


def drop_content(content: bytes, stem: str, home: Home) -> Path:
    """Put `content` into the inbox under `stem`, its hash, and the suffix of its format."""
    suffix = "jsonl" if _is_jsonl(_decode(content)) else "csv"
    plain = re.sub(r"\.[0-9a-f]{16}\.dropped$", "", stem)
    name = f"{short_name(plain)}.{digest(content)}.dropped.{suffix}"
    return write_bytes(home.inbox / name, content)


@dataclass(frozen=True)
class Inbox:
    """The files in the inbox: those complete, oldest first, and why each other one has to wait."""

    ready: tuple[Path, ...]
    waiting: Mapping[str, str]


def scan_inbox(home: Home, *, now: datetime) -> Inbox:
    """Tell the complete files of the inbox from those still being written."""
    ready: list[tuple[float, str, Path]] = []
    waiting: dict[str, str] = {}
    for path in home.inbox.iterdir() if home.inbox.is_dir() else ():
        try:
            if not path.is_file():
                continue
            reason = _why_wait(path, now)
            changed = path.stat().st_mtime
        except OSError as error:
            reason, changed = f"cannot be read: {error.strerror or error}", 0.0
        if reason:
            waiting[path.name] = reason
        else:
            ready.append((changed, path.name, path))
    return Inbox(tuple(path for *_, path in sorted(ready)), dict(sorted(waiting.items())))


def ready_files(home: Home, *, now: datetime) -> list[Path]:
    """The complete files of the inbox, oldest first."""
    return list(scan_inbox(home, now=now).ready)


def read(path: Path) -> bytes:
    """A label file's bytes; refuses what is too large to be one."""
    size = path.stat().st_size
    if size > MAX_MEGABYTES * 1_000_000:
        raise LabelFileError(
            f"{size / 1e6:.0f} MB is too large for a label file (at most {MAX_MEGABYTES} MB); split it"
        )
    return path.read_bytes()


def short_name(name: str) -> str:
    """A file name short enough for every file system with what jobfinder adds to it; its end is kept."""
    return name.encode()[-_MAX_NAME_BYTES:].decode(errors="ignore").lstrip(".~#") or "labels"


def digest(content: bytes) -> str:
    """First 16 hex of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def _why_wait(path: Path, now: datetime) -> str:
    """Why the file is not read yet; empty when it is complete."""
    if path.name.startswith((".", "~$", "#")) or path.name.endswith(_UNFINISHED_SUFFIXES):
        return "its name says that it is not finished"
    dropped = _DROPPED.search(path.name)
    if dropped and path.stat().st_size <= MAX_MEGABYTES * 1_000_000 and digest(path.read_bytes()) == dropped.group(1):
        return ""
    status = path.stat()
    # A clock that is off must not keep a file waiting for ever: a time far in the future counts as settled, too.
    age = abs(now - datetime.fromtimestamp(status.st_mtime, UTC))
    if age < _SETTLED:
        return f"written {age.total_seconds():.0f} s ago, read once it rests for {_SETTLED.seconds} s"
    if age < _SETTLED_UNFINISHED and not _ends_with_newline(path, status.st_size):
        return f"its last line has no end yet, read once it rests for {_SETTLED_UNFINISHED.seconds} s"
    return ""


def _ends_with_newline(path: Path, size: int) -> bool:
    if not size:
        return False
    with path.open("rb") as stream:
        stream.seek(-1, io.SEEK_END)
        return stream.read(1) in b"\r\n"


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelFileError(f"is not UTF-8 text (byte {error.start}); save it as CSV UTF-8 or JSONL") from error
    if not text.strip():
        raise LabelFileError("is empty")
    return text


def _is_jsonl(text: str) -> bool:
    return text.lstrip().startswith("{")


def _rows(text: str) -> Iterator[_Row]:
    return _jsonl_rows(text) if _is_jsonl(text) else _csv_rows(text)


def _jsonl_rows(text: str) -> Iterator[_Row]:
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError):
            yield _Row(line, {}, raw.strip(), "is not a JSON object on one line")
            continue
        if not isinstance(record, dict) or any(isinstance(value, dict | list) for value in record.values()):
            yield _Row(line, {}, raw.strip(), "is not a JSON object of plain values")
            continue
        cells = {_column(name): _plain(value) for name, value in record.items()}
        yield _Row(line, _canonical(cells))


def _csv_rows(text: str) -> Iterator[_Row]:
    lines = list(io.StringIO(text, newline=""))
    start = next(number for number, line in enumerate(lines) if line.strip())
    delimiter, header = _header(lines[start])
    position = start + 1
    while position < len(lines):
        line = position + 1
        cells, used = _csv_record(lines, position, delimiter)
        raw = "".join(lines[position : position + used]).rstrip("\r\n")
        position += used
        if cells is None:
            yield _Row(line, {}, raw, "has a quotation mark that is never closed or text beside a quoted cell")
        elif any(cell.strip() for cell in cells):
            named = _canonical({name: unsafe_cell(cell.strip()) for name, cell in zip(header, cells, strict=False)})
            problem = f"has {len(cells)} fields, the first line has {len(header)}" if len(cells) != len(header) else ""
            yield _Row(line, named, raw if problem else "", problem)


def _csv_record(lines: list[str], position: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The record that starts at line `position`, and how many lines it takes; None when it cannot be read."""
    reader = csv.reader(islice(lines, position, position + _MAX_LINES_PER_ROW), delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, 1


def _header(line: str) -> tuple[str, list[str]]:
    missing: list[str] = []
    for delimiter in _DELIMITERS:
        cells, _ = _csv_record([line], 0, delimiter)
        names = [_column(cell) for cell in cells or ()]
        lacking = _lacking(names)
        if not lacking:
            return delimiter, names
        missing = missing if missing and len(missing) <= len(lacking) else lacking
    raise LabelFileError(
        f"has no column {', '.join(missing)}: its first line must name {', '.join(REQUIRED)} "
        f"(optional: {', '.join(name for name in COLUMNS if name not in REQUIRED)}); it is {line.strip()[:200]!r}"
    )


def _lacking(names: Collection[str]) -> list[str]:
    """The fields that are missing for a label, or none when there is enough to correct a role."""
    lacks = {
        needed: [name for name in needed if not set(COLUMNS[name]) & set(names)]
        for needed in (REQUIRED, REQUIRED_FOR_ROLE)
    }
    return lacks[REQUIRED] if lacks[REQUIRED_FOR_ROLE] else []


def _column(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _canonical(cells: Mapping[str, str]) -> dict[str, str]:
    """The contract's fields out of a row's cells; empty ones left out."""
    found = {
        name: next((cells[alias] for alias in aliases if cells.get(alias)), "") for name, aliases in COLUMNS.items()
    }
    return {name: value for name, value in found.items() if value}


def _link(chain: str, row: _Row) -> str:
    content = json.dumps([chain, row.cells, row.raw], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _label(row: _Row, event_id: str, *, received: datetime, now: datetime) -> Label:
    cells = row.cells
    if missing := _lacking(cells):
        raise ValueError(f"has no {', '.join(missing)}")
    if any(not _is_text(value) for value in cells.values()):
        raise ValueError("holds characters that are no text (lone surrogates)")
    told = cells["label"] if {"label", "profile"} <= set(cells) else None
    withdrawn = told is not None and told.strip().lower() in WITHDRAWN
    return Label(
        line=row.line,
        event_id=event_id,
        cells=cells,
        profile=_profile(cells["profile"]) if "profile" in cells else None,
        posting=cells["posting"],
        interesting=None if told is None or withdrawn else _interesting(told),
        role=_role(cells["role"]) if "role" in cells else None,
        reason=cells.get("reason"),
        # Rows without a time are told in the order of their lines, or a changed mind further down would be a tie.
        labelled_at=_time(cells["time"], now) if "time" in cells else received + timedelta(microseconds=row.line),
        policy=cells.get("policy", DEFAULT_POLICY),
        propensity=_number(cells, "propensity", float, "above 0 and at most 1", lambda value: 0 < value <= 1),
        rank_shown=_number(cells, "rank_shown", _whole, "a whole number from 1", lambda value: 1 <= value < 2**31),
        score_shown=_number(cells, "score_shown", float, "a number", math.isfinite),
        model_version=cells.get("model_version"),
        withdrawn=withdrawn,
    )


def _profile(name: str) -> str:
    try:
        return _PROFILE_NAME.validate_python(name)
    except ValidationError:
        raise ValueError(f"profile {_short(name)} is not a profile name: {PROFILE_NAME_WORDS}") from None


def _role(name: str) -> str:
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    if plain not in ROLES:
        raise ValueError(f"role {_short(name)} is none of: {', '.join(ROLES)}")
    return plain


def _interesting(word: str) -> bool:
    plain = re.sub(r"[\s_-]+", " ", word.strip().lower())
    if plain in INTERESTING:
        return True
    if plain in NOT_INTERESTING:
        return False
    raise ValueError(
        f"label {_short(word)} is neither interesting (yes, 1, like) nor not interesting (no, 0, dislike) nor withdrawn"
    )


def _time(text: str, now: datetime) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"time {_short(text)} is not ISO 8601, such as 2026-01-31T09:30:00Z") from None
    if not _EARLIEST <= time <= now + _CLOCK_TOLERANCE:
        raise ValueError(f"time {_short(text)} is before {_EARLIEST.year} or in the future")
    return time


def _whole(text: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise ValueError
    return int(value)


def _number(
    cells: Mapping[str, str],
    name: str,
    kind: Callable[[str], Any],
    allowed: str,
    accept: Callable[[Any], bool],
) -> Any:
    if name not in cells:
        return None
    try:
        value = kind(cells[name])
        accepted = accept(value)
    except (ValueError, OverflowError):
        accepted = False
    if not accepted:
        raise ValueError(f"{name} {_short(cells[name])} is not {allowed}")
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
