"""How each board fared: one row per board and run in `source_health`, and what a user can do about it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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

_STREAK = 3
_ENOUGH_ROWS = 20
_FETCHES_BEFORE = 5
_WORTH_WATCHING = 0.2


@dataclass(frozen=True)
class BoardHealth:
    """One board in one run: a row of `source_health`. `seconds` is wall time, `bytes` what was read.

    complete: every open posting of the board was seen; filled: per field, the share of the rows read that fill it.
    """

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
    complete: bool = False
    message: str = ""
    validators: Mapping[str, str] = field(default_factory=dict)
    filled: Mapping[str, float] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return self.status in HEALTHY


def frame(health: Iterable[BoardHealth]) -> pd.DataFrame:
    """Health as rows of `source_health`."""
    return pd.DataFrame(
        [
            vars(row) | {"validators": json.dumps(dict(row.validators)), "filled": json.dumps(dict(row.filled))}
            for row in health
        ]
    )


def latest_health(lake: Lake, source: str | None = None) -> pd.DataFrame:
    """The last row of every board (of one source, when named), by source and board."""
    return latest_of(lake.read("source_health", where=None if source is None else [("source", "=", source)]))


def latest_of(health: pd.DataFrame) -> pd.DataFrame:
    """The last row of every board, by source and board."""
    rows = health.sort_values(["checked_at", "run"])
    return rows.drop_duplicates(["source", "board"], keep="last").sort_values(["source", "board"], ignore_index=True)


def what_to_do(status: str, message: str) -> str:
    """What happened to a board, when something did, and what a user can do; empty when all is well."""
    advice = _ADVICE.get(status, f"unknown status {status!r}")
    if status in HEALTHY:
        return message
    return f"{message}; {advice}" if message else advice


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a board. `severe`: the source may have changed or died, not just been down for a while."""

    board: str
    words: str
    severe: bool = False


def complaints(history: pd.DataFrame, boards: Iterable[str]) -> list[Complaint]:
    """What a user should know of a source's `boards`, from all its rows of `source_health`.

    Severe are a board that had postings and has none, the same failure for `_STREAK` runs, and a field that half as
    many postings fill as before.
    """
    ordered = history.sort_values(["checked_at", "run"])
    found = []
    for board in sorted(boards):
        rows = ordered[ordered["board"] == board]
        found += [Complaint(board, "never fetched")] if rows.empty else _complaints_of(board, rows)
    return found


def _complaints_of(board: str, rows: pd.DataFrame) -> list[Complaint]:
    last = rows.iloc[-1]
    if last["status"] in HEALTHY:
        return [Complaint(board, words, severe=True) for words in _halved(rows)]
    words = what_to_do(str(last["status"]), str(last["message"] or ""))
    earlier = rows.iloc[:-1]
    most = int(earlier["rows"].max()) if len(earlier) else 0
    if last["status"] == "empty" and most:
        return [Complaint(board, f"it gave {most:,} postings before and gives none now. {words}", severe=True)]
    streak = rows["status"][::-1].isin(HEALTHY).to_numpy().tolist()
    length = streak.index(True) if True in streak else len(streak)
    if length >= _STREAK:
        since = rows.iloc[-length]["checked_at"]
        return [Complaint(board, f"{length} fetches in a row failed, since {since:%Y-%m-%d}. {words}", severe=True)]
    return [Complaint(board, words)]


def _halved(rows: pd.DataFrame) -> list[str]:
    """The fields that far fewer postings fill than in the last fetches, where there are enough to tell."""
    read = rows[(rows["status"] == "ok") & (rows["rows"] >= _ENOUGH_ROWS)]
    if len(read) < 2 or read.index[-1] != rows.index[-1]:
        return []
    shares = pd.DataFrame([json.loads(text or "{}") for text in read["filled"].fillna("{}")]).fillna(0.0)
    if shares.iloc[-1].sum() == 0:
        # A health of before the shares were kept, or nothing but postings whose texts were not read again.
        return []
    lately = shares.iloc[-1 - _FETCHES_BEFORE : -1]
    before = lately[lately.sum(axis=1) > 0].median().to_dict()
    now = shares.iloc[-1].to_dict()
    return [
        f"{name}: {now[name]:.0%} of the postings have it, {share:.0%} had it before; has the source changed?"
        for name, share in before.items()
        if share >= _WORTH_WATCHING and now[name] < share / 2
    ]


def health_table(health: pd.DataFrame) -> str:
    """Rows of `source_health` as a Markdown table."""
    columns = ("board", "status", "rows", "new", "changed", "unchanged", "closed", "seconds", "what to do")
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    for row in health.to_dict("records"):
        advice = what_to_do(str(row["status"]), str(row["message"])).replace("|", "\\|").replace("\n", " ")
        counts = (f"{row[name]:,}" for name in columns[2:7])
        lines.append(" | ".join((str(row["board"]), str(row["status"]), *counts, f"{row['seconds']:.1f}", advice)))
    return "\n".join(f"| {line} |" for line in lines)
