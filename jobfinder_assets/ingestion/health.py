"""How each board fared: one row per board and run in `source_health`, and what a user can do about it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import pandas as pd

from jobfinder_assets.ingestion.contract import Status
from jobfinder_assets.storage.lake import Lake

HEALTHY: tuple[Status, ...] = ("ok", "unchanged")

_ADVICE: dict[str, str] = {
    "ok": "",
    "unchanged": "",
    "empty": "nothing came back; stored postings stay open: look whether the board is still in use",
    "gone": "the board does not exist (any more): correct or remove its name in jobfinder.toml",
    "blocked": "the source refuses us: wait some hours, or disable it in jobfinder.toml",
    "failed": "try again later; stored postings are kept",
    "schema_drift": "not in a known shape: check the settings; for a live source look for a newer jobfinder",
}


@dataclass(frozen=True)
class BoardHealth:
    """One board in one run: a row of `source_health`. `seconds` is wall time, `bytes` what was read."""

    source: str
    board: str
    run: str
    status: Status
    checked_at: datetime
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    closed: int = 0
    bytes: int = 0
    seconds: float = 0.0
    message: str = ""
    validators: Mapping[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return self.status in HEALTHY


def frame(health: Iterable[BoardHealth]) -> pd.DataFrame:
    """Health as rows of `source_health`."""
    return pd.DataFrame([asdict(row) | {"validators": json.dumps(dict(row.validators))} for row in health])


def latest_health(lake: Lake, source: str | None = None) -> pd.DataFrame:
    """The last row of every board (of one source, when named), by source and board."""
    where = None if source is None else [("source", "=", source)]
    rows = lake.read("source_health", where=where).sort_values(["checked_at", "run"])
    return rows.drop_duplicates(["source", "board"], keep="last").sort_values(["source", "board"], ignore_index=True)


def what_to_do(status: str, message: str) -> str:
    """What happened to a board, when something did, and what a user can do; empty when all is well."""
    advice = _ADVICE.get(status, f"unknown status {status!r}")
    if status in HEALTHY:
        return message
    return f"{message}; {advice}" if message else advice


def health_table(health: pd.DataFrame) -> str:
    """Rows of `source_health` as a Markdown table."""
    columns = ("board", "status", "rows", "new", "changed", "unchanged", "closed", "seconds", "what to do")
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    for row in health.to_dict("records"):
        advice = what_to_do(str(row["status"]), str(row["message"])).replace("|", "\\|").replace("\n", " ")
        counts = (f"{row[name]:,}" for name in columns[2:7])
        lines.append(" | ".join((str(row["board"]), str(row["status"]), *counts, f"{row['seconds']:.1f}", advice)))
    return "\n".join(f"| {line} |" for line in lines)
