"""Whether a token still stands anywhere in a folder: in plain bytes, and inside Parquet, zip, gzip and zlib."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobfinder_assets.export.errors import ExportError

_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
# The second byte says how hard zlib worked: models are written by joblib with one of these.
_ZLIB = tuple(bytes([0x78, level]) for level in (0x01, 0x5E, 0x9C, 0xDA))

_NOT_PACKED = (pa.ArrowException, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Trace:
    """A token that was found: in the file's name or in its content."""

    path: Path
    token: str


def traces(folder: Path, tokens: Collection[str]) -> list[Trace]:
    """Every file below the folder, or the one file, whose name or content holds one of the tokens in whatever case.

    Tokens are words that `require_token` lets through, unlikely to stand in a file by chance.
    """
    wanted = {token.encode("ascii").lower(): token for token in tokens if token}
    found = []
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    for path in paths if wanted else ():
        held = set(_held(str(path.relative_to(folder)).encode(errors="replace"), wanted))
        if path.is_file() and not path.is_symlink():
            held |= _in_file(path, wanted)
        found += [Trace(path, wanted[token]) for token in sorted(held)]
    return found


def require_token(token: str) -> None:
    """Raises `ExportError` for anything but ASCII letters and digits: formats write others in ways of their own."""
    if not (token.isascii() and token.isalnum()):
        raise ExportError(f"cannot search for {token!r}: a token is made of ASCII letters and digits")


def _in_file(path: Path, tokens: Collection[bytes]) -> set[bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return set()  # gone meanwhile: a lock, a temporary file
    return _in_content(content, tokens)


def _in_content(content: bytes, tokens: Collection[bytes]) -> set[bytes]:
    found = set(_held(content, tokens))
    # What only looks packed, or was cut short, has been searched as it is.
    with suppress(*_NOT_PACKED):
        if content.startswith(_PARQUET):
            found |= _in_parquet(content, tokens)
        elif content.startswith(_ZIP):
            archive = zipfile.ZipFile(io.BytesIO(content))
            for name in archive.namelist():
                found |= set(_held(name.encode(errors="replace"), tokens)) | _in_content(archive.read(name), tokens)
        elif content.startswith(_GZIP):
            found |= _in_content(gzip.decompress(content), tokens)
        elif content.startswith(_ZLIB):
            found |= set(_held(zlib.decompress(content), tokens))
    return found


def _in_parquet(content: bytes, tokens: Collection[bytes]) -> set[bytes]:
    # By row groups: a table of long texts is never unpacked whole.
    file = pq.ParquetFile(io.BytesIO(content))
    pattern = "|".join(re.escape(token.decode("ascii")) for token in tokens)
    found: set[bytes] = set()
    for batch in file.iter_batches():
        for values in _strings(batch.columns):
            hits = values.filter(pc.match_substring_regex(values, pattern, ignore_case=True))
            for value in hits.to_pylist():
                found |= set(_held(value if isinstance(value, bytes) else value.encode(errors="replace"), tokens))
    return found


def _strings(columns: Collection[pa.Array]) -> Iterator[pa.Array]:
    """Every array of strings or bytes in the columns, however deep."""
    for column in columns:
        kind: Any = column.type
        if pa.types.is_dictionary(kind):
            yield from _strings([column.dictionary])
        elif pa.types.is_struct(kind):
            yield from _strings(column.flatten())
        elif pa.types.is_map(kind):
            yield from _strings([column.keys, column.items])
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            yield from _strings([column.flatten()])
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
            yield column


def _held(content: bytes, tokens: Collection[bytes]) -> Iterator[bytes]:
    lowered = content.lower()
    return (token for token in tokens if token in lowered)
