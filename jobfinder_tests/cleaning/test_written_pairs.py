"""Pairs of adverts that readers wrote as boards, employers and agencies do, with whether they are one opening.

Each set was written by a reader who knew the conventions alone, and counted before anything was changed for it
(ARCHITECTURE); nothing was for the fourth. `set` tells them apart; `kind` is the reader's word for what was done.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.cleaning.duplicates import cluster_postings

PAIRS = Path(__file__).parent / "gold" / "pairs_written.jsonl.xz"


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return pd.read_json(PAIRS, lines=True, dtype=False)


def is_joined(left: dict[str, Any], right: dict[str, Any]) -> bool:
    clusters = cluster_postings(pd.DataFrame([left, right]))
    return bool(clusters.iloc[0] == clusters.iloc[1])


@pytest.mark.parametrize(
    ("name", "count", "least"),
    [("first", 150, 0.97), ("second", 160, 0.93), ("third", 140, 0.89), ("fourth", 120, 0.9), ("fifth", 120, 0.87)],
)
def test_written_pairs(pairs: pd.DataFrame, name: str, count: int, least: float) -> None:
    mine = pairs[pairs["set"] == name]
    assert len(mine) == count
    same = mine["same"].to_numpy(bool)
    found = pd.Series(map(is_joined, mine["left"], mine["right"])).to_numpy(bool)
    wrong, missed = int((found & ~same).sum()), int((same & ~found).sum())
    held = 2 * (found & same).sum() / (2 * (found & same).sum() + wrong + missed)
    print(
        {
            "pairs": count,
            "same": int(same.sum()),
            "joined wrongly": wrong,
            "missed": missed,
            "F1": round(float(held), 3),
        }
    )
    assert held >= least, mine.loc[found != same, "kind"].value_counts().to_dict()
