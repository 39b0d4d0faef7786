"""Frames and texts as CSV that a spreadsheet opens without running it (OWASP, "CSV Injection"), and as JSON."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

# A line break at the start would hide what follows it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if _dangerous(text) else text


def unsafe_cell(cell: str) -> str:
    """The text that `safe_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _dangerous(cell[1:]) else cell


def to_csv(frame: pd.DataFrame) -> bytes:
    """The frame as UTF-8 CSV with a header: lists as JSON, times as ISO 8601, nothing for what is missing."""
    text = io.StringIO(newline="")
    # The dialect's own line ends: with others a carriage return in a text would not be quoted, and begin a row.
    writer = csv.writer(text)
    writer.writerow([safe_cell(str(name)) for name in frame.columns])
    writer.writerows(zip(*(map(_cell, frame[name]) for name in frame.columns), strict=True))
    return text.getvalue().encode("utf-8")


def plain(value: Any) -> Any:
    """A value as JSON knows it; None for what is missing."""
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return value.item()
    return value.isoformat() if isinstance(value, datetime) else value


def to_json(rows: Any) -> bytes:
    """Indented JSON with a line end."""
    return (json.dumps(plain(rows), indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def records(frame: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    """The rows as mappings of plain values."""
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_cell(value)
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, list | dict):
        # Begins with a bracket or a brace: never a formula.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def _dangerous(text: str) -> bool:
    return text.lstrip(" ").startswith(FORMULA_STARTS)
