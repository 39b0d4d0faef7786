"""Whole folders: a reader sees all files of one or no folder at all."""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from jobfinder_assets.export.errors import ExportError

SUMS = "SHA256SUMS"
_AGAIN = "take a new copy of the export"
# No export is larger; a zip file that is was made to fill a memory.
_MOST_BYTES = 2 << 30
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


def read_folder(place: Path) -> dict[str, bytes]:
    """The files that `SHA256SUMS` names, of a folder or of a zip file of one, each checked against its sum.

    Raises `ExportError` naming the file when one is missing, changed, or lies outside the folder.
    """
    if place.is_file():
        return unzipped(place.read_bytes(), place)

    def content_of(name: str) -> bytes | None:
        path = place / name
        inside = path.resolve().is_relative_to(place.resolve())
        return path.read_bytes() if inside and path.is_file() else None

    return _checked(content_of, place)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as one zip file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def unzipped(content: bytes, place: Path) -> dict[str, bytes]:
    """The same as `read_folder` of a zip file's content; `place` is what errors call it.

    The folder may be packed as a whole: the files then lie beside `SHA256SUMS`, wherever that is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise ExportError(f"{place}: unpacks to more than {_MOST_BYTES >> 30} GB; unpack it, name the folder")
            names = set(archive.namelist())
            tops = sorted((name.removesuffix(SUMS) for name in names if PurePosixPath(name).name == SUMS), key=len)
            top = tops[0] if tops else ""
            return _checked(lambda name: archive.read(top + name) if top + name in names else None, place)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ExportError(
            f"{place}: is no zip file that can be read: {error}; take a new copy of the export"
        ) from error


def _checked(content_of: Callable[[str], bytes | None], place: Path) -> dict[str, bytes]:
    sums = content_of(SUMS)
    if sums is None:
        raise ExportError(f"{place}: holds no {SUMS}; name the folder or zip file of `jobfinder export own`")
    found: dict[str, bytes] = {}
    for number, line in enumerate(sums.decode("utf-8", "replace").splitlines(), start=1):
        wanted, _, name = line.partition("  ")
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts:
            raise ExportError(
                f"{place / SUMS}: line {number} names no file of the folder; take a new copy of the export"
            )
        content = content_of(name)
        if content is None:
            raise ExportError(f"{place / name}: is missing though {SUMS} names it; {_AGAIN}")
        if sha256(content) != wanted:
            raise ExportError(
                f"{place / name}: is not as it was written (SHA-256 differs); take a new copy of the export"
            )
        found[name] = content
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(_PRIVATE_FILE)
