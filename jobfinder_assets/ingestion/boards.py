"""Which employers' boards are read: a starter list that ships, and the user's own list beside the lake.

Both are CSV files of `source,board,company`. The user's, `boards.csv` in the home, has a fourth column, `read`: `no`
leaves a board of the starter list out.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from jobfinder_assets.config import Home
from jobfinder_assets.ingestion.contract import VARIABLE, SourceError, SourceSettings
from jobfinder_assets.storage.files import write_text
from jobfinder_assets.storage.spreadsheet import safe_cell, unsafe_cell

COLUMNS = ("source", "board", "company", "read")
_LEFT_OUT = "***"
_INSTEAD = "set it in the environment, and write ${NAME} in its place"


class BoardsError(ValueError):
    """The user's list cannot be read; the message names file, line and what is wrong."""


@dataclass(frozen=True)
class Board:
    """One employer's board at a source. `read` is whether it is fetched."""

    source: str
    board: str
    company: str = ""
    read: bool = True


class BoardSettings(SourceSettings):
    """What every source of employers' boards has: more boards, and whether to read the starter list's."""

    boards: tuple[str, ...] = ()
    starter: bool = True


def listed_boards(source: str, section: BoardSettings, home: Home) -> Sequence[str]:
    """The boards of one source: the settings', the user's list, then the starter list, each once.

    Passwords in addresses are left out. Raises `BoardsError` when the user's list cannot be read.
    """
    own = {without_password(entry.board): entry.read for entry in own_boards(home) if entry.source == source}
    starters = [entry.board for entry in starter_boards() if entry.source == source] if section.starter else []
    wanted = [*map(without_password, section.boards), *own, *starters]
    return tuple(dict.fromkeys(board for board in wanted if own.get(board, True)))


def address(board: str) -> str:
    """What to ask for, of a board that is a web address.

    Raises `SourceError` when its password was left out: a board's name stands in every table and message.
    """
    if _userinfo(board).strip(":").endswith(_LEFT_OUT):
        raise SourceError(f"{board} holds a password: {_INSTEAD}")
    return board


def board_in(url: str, addresses: Iterable[str]) -> str | None:
    """The board in `url` by one of a source's `addresses`: patterns of host and path with the board in a group."""
    for address in addresses:
        if (found := re.match(rf"https?://(?:www\.)?{address}", url.strip(), re.IGNORECASE)) is not None:
            return unquote(found[1])
    return None


@cache
def starter_boards() -> Sequence[Board]:
    """The list that ships: companies that hire for data roles."""
    text = (resources.files("jobfinder_assets.ingestion") / "data" / "boards.csv").read_text(encoding="utf-8")
    return tuple(Board(row["source"], row["board"], row["company"]) for row in csv.DictReader(text.splitlines()))


def own_boards(home: Home) -> Sequence[Board]:
    """The user's own list; empty when there is none.

    Raises
    ------
    BoardsError
        When a line names no source or board, or says neither yes nor no.
    """
    path = _own_list(home)
    if not path.exists():
        return ()
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        return tuple(_entry(path, number, row) for number, row in enumerate(rows, start=2))


def keep_board(home: Home, board: Board) -> Path:
    """Write a board into the user's list, in the place of what it said of that board; returns the list's file.

    Raises `BoardsError` when the list cannot be read, or the board's address holds a password.
    """
    if board.read and (told := without_password(board.board)) != board.board:
        raise BoardsError(f"{told} holds a password: {_INSTEAD}")
    others = [entry for entry in own_boards(home) if (entry.source, entry.board) != (board.source, board.board)]
    lines = [COLUMNS, *(_line(entry) for entry in (*others, board))]
    path = _own_list(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, _csv(lines))
    return path


def without_password(board: str) -> str:
    """A board's name: an address without its password, or without a name that has none and may be a key itself."""
    userinfo = _userinfo(board)
    user, colon, password = userinfo.partition(":")
    secret = password or user
    if not userinfo or VARIABLE.fullmatch(secret):
        return board
    told = f"{user}:{_LEFT_OUT}" if password else f"{_LEFT_OUT}{colon}"
    return board.replace(f"//{userinfo}@", f"//{told}@", 1)


def _userinfo(board: str) -> str:
    """What stands before the server's name in an address, also where a password was written with a slash in it."""
    _, address, rest = board.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    odd = ":" in authority and not re.fullmatch(r"(?:[^:]*|\[.*\]):\d*|\[.*\]", authority)
    return (authority if "@" in authority or not odd else rest).rpartition("@")[0] if address else ""


def _own_list(home: Home) -> Path:
    return home.root / "boards.csv"


def _entry(path: Path, number: int, row: Mapping[str, str | None]) -> Board:
    source, board, company, read = (unsafe_cell((row.get(name) or "").strip()) for name in COLUMNS)
    if not source or not board:
        raise BoardsError(f"{path}, line {number}: a source and a board are needed: {','.join(COLUMNS)}")
    if read.lower() not in ("", "yes", "no"):
        raise BoardsError(f"{path}, line {number}: `read` is yes or no, not {read!r}")
    return Board(source, board, company, read.lower() != "no")


def _line(entry: Board) -> tuple[str, str, str, Literal["yes", "no"]]:
    return entry.source, safe_cell(entry.board), safe_cell(entry.company), "yes" if entry.read else "no"


def _csv(lines: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
