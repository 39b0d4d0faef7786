"""Whole folders: a reader sees all files of one or no folder at all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jobfinder_assets.export.errors import ExportError

SUMS = "SHA256SUMS"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, by their path in the folder, and `SHA256SUMS` over them as `sha256sum --check` reads it."""
    lines = [f"{sha256(content)}  {name}\n" for name, content in sorted(files.items())]
    return {**files, SUMS: "".join(lines).encode("utf-8")}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def require_new(folder: Path) -> Path:
    """The folder, absolute, if nothing is there yet. Raises `ExportError`."""
    folder = folder.expanduser().absolute()
    if folder.exists() or folder.is_symlink():
        raise ExportError(f"{folder} exists already; name a folder that does not")
    return folder


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files beside the folder's place and put them there in one step; only the owner may read them.

    Raises `ExportError` when the folder exists or cannot be written; then nothing is left behind.
    """
    folder = require_new(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".partial"))
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from error
    try:
        building.chmod(_PRIVATE_FOLDER)
        for name, content in files.items():
            _write(building / name, content)
        building.rename(folder)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files that `SHA256SUMS` names, each checked against its sum.

    Raises `ExportError` naming the file when one is missing, changed, or lies outside the folder.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise ExportError(f"{folder}: holds no {SUMS}; name the folder that `jobfinder export own` wrote")
    found: dict[str, bytes] = {}
    for number, line in enumerate(sums.read_text(encoding="utf-8").splitlines(), start=1):
        wanted, _, name = line.partition("  ")
        path = folder / name
        if not name or not path.resolve().is_relative_to(folder.resolve()):
            raise ExportError(f"{sums}: line {number} names no file of the folder; take a new copy of the export")
        if not path.is_file():
            raise ExportError(f"{path}: is missing though {SUMS} names it; take a new copy of the export")
        found[name] = path.read_bytes()
        if sha256(found[name]) != wanted:
            raise ExportError(f"{path}: is not as it was written (SHA-256 differs); take a new copy of the export")
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(_PRIVATE_FILE)
