"""Which postings say almost the same, and how to choose some that do not; by the cosine of their latent vectors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# From this cosine on two adverts are one text with another place or number in it: of pairs drawn from 2,738 real
# openings those above .985 all were, between .97 and .985 most, and between .93 and .97 some were other jobs of a firm
# that says much about itself. A tenth of the openings has a near-copy by .95, a fourteenth by .98.
NEAR_COPY = 0.98
# How much being liked counts against being unlike what was chosen already (Carbonell and Goldstein 1998, lambda).
RELEVANCE_WEIGHT = 0.9
_OVER_THE_CAP = 10.0
# Diversity chooses among so many times as many as it needs.
_POOL = 3


def unit(vectors: Any) -> Vectors:
    """(n, d) rows of length 1; a row of zeros, of which nothing is known, stays one and is like no other."""
    rows = np.asarray(vectors, np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def near_copies(units: Vectors, kinds: Any) -> NDArray[np.bool_]:
    """(n,) which rows are near-copies of an earlier row of the same kind that is none itself.

    kinds : (n,) rows are compared within their kind only, which keeps the work linear in the rows.
    """
    copy = np.zeros(len(units), dtype=bool)
    codes = pd.factorize(np.asarray(kinds, dtype=object))[0]
    waiting = np.arange(len(units))
    while len(waiting):
        # The first row left of each kind stands; those like it are its copies, the others wait for the next turn.
        _, first, back = np.unique(codes[waiting], return_index=True, return_inverse=True)
        alike = np.einsum("ij,ij->i", units[waiting], units[waiting[first]][back])
        stands = np.zeros(len(waiting), dtype=bool)
        stands[first] = True
        copy[waiting[~stands & (alike >= NEAR_COPY)]] = True
        waiting = waiting[~stands & (alike < NEAR_COPY)]
    return copy


def like_any(units: Vectors, chosen: Vectors) -> NDArray[np.bool_]:
    """(n,) which rows are near-copies of one of the chosen."""
    if not len(chosen) or not len(units):
        return np.zeros(len(units), dtype=bool)
    return np.asarray((units @ chosen.T).max(axis=1) >= NEAR_COPY)


class Diverse:
    """Maximal marginal relevance, one batch after the other: what was chosen before counts for what comes after.

    A near-copy of a chosen row is never chosen; more than `per_company` rows of one company only when nothing else is
    left. units: (n, d) rows of length 1, or None when nothing is known of what the postings say; companies: (n,) keys,
    None where unknown.
    """

    def __init__(self, units: Vectors | None, companies: Sequence[Any], *, per_company: int) -> None:
        self._units = units
        self._company = pd.factorize(np.asarray(companies, dtype=object))[0]
        self._taken = np.zeros(self._company.max(initial=-1) + 1, dtype=np.int64)
        self._per_company = per_company
        self.chosen: list[int] = []

    def choose(self, order: NDArray[np.int64], relevance: NDArray[np.float64], n: int) -> list[int]:
        """At most `n` rows of `order`, which is sorted by `relevance` (len(order),), best first, in any unit."""
        free = ~np.isin(order, self.chosen)
        pool, worth = self._pool(order[free], relevance[free], n)
        alike = np.zeros(len(pool))
        for row in self.chosen:
            alike = np.maximum(alike, self._likeness(pool, row))
        picked: list[int] = []
        while len(picked) < n:
            value = RELEVANCE_WEIGHT * worth - (1 - RELEVANCE_WEIGHT) * alike - _OVER_THE_CAP * self._full(pool)
            value[(alike >= NEAR_COPY) | np.isin(pool, picked)] = -np.inf
            if not len(pool) or value.max() == -np.inf:
                break
            row = int(pool[np.argmax(value)])
            picked.append(row)
            if self._company[row] >= 0:
                self._taken[self._company[row]] += 1
            alike = np.maximum(alike, self._likeness(pool, row))
        self.chosen += picked
        return picked

    def _pool(
        self, order: NDArray[np.int64], relevance: NDArray[np.float64], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The best rows and their worth from 0 to 1; rows that would go over their company's cap come last."""
        company = self._company[order]
        before = pd.Series(company).groupby(company).cumcount().to_numpy() + np.append(self._taken, 0)[company]
        over = (company >= 0) & (before >= self._per_company)
        best = np.argsort(over, kind="stable")[: _POOL * n]
        spread = float(np.ptp(relevance[best])) if len(best) else 0.0
        worth = (relevance[best] - relevance[best].min()) / spread if spread > 0 else np.zeros(len(best))
        return order[best], worth

    def _full(self, pool: NDArray[np.int64]) -> NDArray[np.bool_]:
        company = self._company[pool]
        return np.asarray((company >= 0) & (np.append(self._taken, 0)[company] >= self._per_company))

    def _likeness(self, pool: NDArray[np.int64], row: int) -> NDArray[np.float64]:
        if self._units is None:
            return np.zeros(len(pool))
        return np.asarray(self._units[pool] @ self._units[row], np.float64)
