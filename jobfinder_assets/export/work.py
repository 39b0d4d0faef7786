"""What is asked for, and the rows on their way to a package with all that is counted on it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from jobfinder_assets.export.consent import Consent
from jobfinder_assets.export.errors import ExportError, Refusal

# What may be left out instead of refused; personal data in a row's texts takes the row or the search with it.
LeaveOut = Literal["unknown-licence", "rare-words", "personal-data"]
LEAVE_OUT: tuple[LeaveOut, ...] = ("unknown-licence", "rare-words", "personal-data")
DEFAULT_K, SMALLEST_K = 5, 3


@dataclass(frozen=True)
class Request:
    """What is to be made.

    recipient: who gets it, in full. columns: fewer than the consent names; empty: all of them. k: how many openings
    must share what is said of one. leave_out: what is left out instead of refused. without: labelled postings to leave
    out. cleared: texts that look personal and, the person says, are not.
    """

    profile: str
    recipient: str
    columns: tuple[str, ...] = ()
    k: int = DEFAULT_K
    leave_out: frozenset[LeaveOut] = frozenset()
    without: frozenset[str] = frozenset()
    cleared: tuple[str, ...] = ()


@dataclass
class Work:
    """The rows on their way, and what is counted on it."""

    request: Request
    consent: Consent
    columns: tuple[str, ...]
    corpus: pd.DataFrame
    rows: pd.DataFrame
    left_out: Counter[str] = field(default_factory=Counter)
    words_left_out: Counter[str] = field(default_factory=Counter)
    blanked: Mapping[str, int] = field(default_factory=dict)
    smallest_class: int = 0
    scanned: int = 0

    def has(self, *names: str) -> bool:
        return not set(names).isdisjoint(self.columns)

    def drop(self, mask: "pd.Series[bool]", reason: str) -> None:
        if mask.any():
            self.left_out[reason] += int(mask.sum())
            self.rows = self.rows[~mask]

    def require_rows(self) -> None:
        """Raises `Refusal` when nothing is left."""
        if self.rows.empty:
            reasons = "; ".join(f"{reason}: {count}" for reason, count in self.left_out.items())
            raise Refusal(
                f"no row is left to package for profile {self.request.profile!r} ({reasons or 'nothing is labelled'})"
            )


def leave_out_of(names: Collection[str]) -> frozenset[LeaveOut]:
    """The names as what may be left out. Raises `ExportError` for another."""
    unknown = [name for name in names if name not in LEAVE_OUT]
    if unknown:
        raise ExportError(f"cannot leave out {unknown[0]!r}; what can be: {', '.join(LEAVE_OUT)}")
    return frozenset(name for name in LEAVE_OUT if name in names)
