"""Whether the postings that came since a model was trained are like those it was trained among.

The population stability index compares two distributions over bins: sum of (new - old) x ln(new / old). Below .1 it is
read as no change, from .25 on as a shift (Siddiqi, Credit Risk Scorecards, 2006). Numbers are binned by the deciles of
the old postings; what is unknown is a bin of its own. It warns, it stops nothing: a new model is what mends it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.features import SENIORITY_LEVELS, STRUCTURED, WORKPLACES

SHIFTED = 0.25
# Of fewer the index is mostly chance: it is about (bins - 1) / new when nothing has changed.
MINIMUM_NEW = 200
_BINS = 10
# An empty bin is taken for half a posting.
_EMPTY = 0.5
_NUMBERS = ("years required", "log10 pay in USD", "log10 description length")


@dataclass(frozen=True)
class Drift:
    """Index per feature, and of how many postings; `known` is False while too few have come to tell."""

    old: int
    new: int
    index: dict[str, float]

    @property
    def known(self) -> bool:
        return self.new >= MINIMUM_NEW and self.old >= MINIMUM_NEW

    @property
    def shifted(self) -> list[str]:
        """Features that have shifted, most first."""
        found = sorted(self.index, key=lambda name: -self.index[name])
        return [name for name in found if self.index[name] >= SHIFTED] if self.known else []

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def drift(
    structured: NDArray[np.float32], scores: NDArray[np.float64], first_seen: "pd.Series[Any]", *, trained_at: datetime
) -> Drift:
    """Compare postings first seen after `trained_at` with all others.

    structured: (n, len(STRUCTURED)); scores: (n,); first_seen: (n,) times.
    """
    new = (first_seen > pd.Timestamp(trained_at)).to_numpy(bool)
    columns: dict[str, NDArray[np.float64]] = {"score": scores}
    columns |= {name: structured[:, STRUCTURED.index(name)].astype(np.float64) for name in _NUMBERS}
    index = {name: stability(values[~new], values[new]) for name, values in columns.items()} if new.any() else {}
    if new.any():
        for name, kinds in _kinds(structured).items():
            index[name] = _index(*(np.bincount(kinds[side], minlength=kinds.max() + 1) for side in (~new, new)))
    return Drift(int((~new).sum()), int(new.sum()), {name: round(value, 4) for name, value in index.items()})


def stability(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """The population stability index of a number; NaN is unknown. 0 where there are no old values to compare with."""
    known = old[~np.isnan(old)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(known) else np.empty(0)
    counts = []
    for values in (old, new):
        stated = values[~np.isnan(values)]
        inside = np.bincount(np.searchsorted(edges, stated, side="left"), minlength=len(edges) + 1)
        counts.append(np.append(inside, len(values) - len(stated)))
    return _index(*counts)


def _index(old: NDArray[np.int64], new: NDArray[np.int64]) -> float:
    """Of counts per bin; a bin that neither has does not count."""
    some = (old + new) > 0
    before, after = (np.maximum(counts[some], _EMPTY) / max(counts.sum(), 1) for counts in (old, new))
    return float(((after - before) * np.log(after / before)).sum())


def _kinds(structured: NDArray[np.float32]) -> dict[str, NDArray[np.int64]]:
    """(n,) which role, workplace and level each posting has; the last number is unknown."""
    roles = [STRUCTURED.index(f"role {role}") for role in ROLES]
    places = [STRUCTURED.index(name) for name in WORKPLACES]
    level = structured[:, STRUCTURED.index("seniority")]
    return {
        "role": _largest(structured[:, roles]),
        "workplace": _largest(structured[:, places]),
        "level": np.where(np.isnan(level), len(SENIORITY_LEVELS), np.nan_to_num(level)).astype(np.int64),
    }


def _largest(columns: NDArray[np.float32]) -> NDArray[np.int64]:
    unknown = np.isnan(columns).all(axis=1) | (np.nan_to_num(columns) <= 0).all(axis=1)
    return np.where(unknown, columns.shape[1], np.nan_to_num(columns, nan=-1.0).argmax(axis=1)).astype(np.int64)
