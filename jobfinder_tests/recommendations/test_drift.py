"""New postings against those that a model was trained among."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.recommendations.drift import MINIMUM_NEW, SHIFTED, Drift, drift, stability
from jobfinder_assets.training.features import STRUCTURED

TRAINED = datetime(2026, 3, 1, tzinfo=UTC)


def postings(n: int, *, seed: int, pay: float = 5.0, role: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(structured, scores) of n postings."""
    random = np.random.default_rng(seed)
    structured = np.full((n, len(STRUCTURED)), np.nan, np.float32)
    structured[:, :5] = np.eye(5)[np.where(random.random(n) < 0.7, role, 4)]
    structured[:, STRUCTURED.index("log10 pay in USD")] = random.normal(pay, 0.2, n)
    structured[random.random(n) < 0.5, STRUCTURED.index("log10 pay in USD")] = np.nan
    structured[:, STRUCTURED.index("seniority")] = random.integers(0, 5, n)
    return structured, random.normal(0, 1, n)


def compared(new: tuple[np.ndarray, np.ndarray]) -> Drift:
    old = postings(2_000, seed=0)
    days = [TRAINED - pd.Timedelta(days=1)] * 2_000 + [TRAINED + pd.Timedelta(days=1)] * len(new[1])
    both = (np.concatenate(parts) for parts in zip(old, new, strict=True))
    return drift(*both, pd.Series(pd.to_datetime(days)), trained_at=TRAINED)


def test_postings_of_the_same_kind_have_not_drifted() -> None:
    found = compared(postings(1_000, seed=1))
    assert (found.old, found.new, found.known, found.shifted) == (2_000, 1_000, True, [])
    assert max(found.index.values()) < 0.1
    assert set(found.index) >= {"score", "role", "workplace", "level", "log10 pay in USD"}


def test_what_has_shifted_is_named_most_first() -> None:
    found = compared(postings(1_000, seed=1, pay=5.2, role=2))
    assert found.shifted == ["role", "log10 pay in USD"]
    assert found.index["role"] > found.index["log10 pay in USD"] >= SHIFTED
    assert Drift(**found.to_dict()) == found


def test_a_shifted_score_is_seen() -> None:
    structured, scores = postings(1_000, seed=1)
    assert compared((structured, scores + 2)).shifted == ["score"]


def test_too_few_new_postings_tell_nothing() -> None:
    found = compared(postings(MINIMUM_NEW - 1, seed=1, role=2))
    assert not found.known and found.shifted == []
    assert compared(postings(0, seed=1)).index == {}


def test_the_index_of_two_known_distributions() -> None:
    old, new = np.array([0.0] * 50 + [1.0] * 50), np.array([0.0] * 20 + [1.0] * 80)
    assert stability(old, new) == pytest.approx(-0.3 * np.log(0.2 / 0.5) + 0.3 * np.log(0.8 / 0.5))
    assert stability(old, old) == 0.0
    unknown = np.full(100, np.nan)
    assert stability(old, np.where(np.arange(100) < 50, np.nan, old)) > SHIFTED, "stated less often is a change"
    assert stability(unknown, unknown) == 0.0
