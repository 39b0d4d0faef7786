"""Atomic files: a reader sees the old content or the new one, never half of either."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import joblib


def write_bytes(path: Path, content: bytes) -> Path:
    """Write `content` to `path` atomically and durably, making its folder when needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def write_text(path: Path, content: str) -> Path:
    """Write `content` as UTF-8, atomically."""
    return write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> Path:
    """Write `content` as indented JSON, atomically."""
    return write_text(path, json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def write_object(path: Path, value: Any) -> Path:
    """Pickle `value` with joblib, atomically. Read it back only from the user's own home."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        joblib.dump(value, temporary, compress=("zlib", 1))
        Path(temporary).replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def read_object(path: Path) -> Any:
    """Read what `write_object` wrote."""
    return joblib.load(path)
