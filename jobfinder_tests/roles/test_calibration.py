"""The regression that brings rules and classifier together, and the postings read by hand that it stands on."""

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.real_postings import read_postings
from jobfinder_assets.cleaning.company import company_key
from jobfinder_assets.cleaning.text import clean_text
from jobfinder_assets.roles.calibration import Name, calibration, inputs, strength_names
from jobfinder_assets.roles.rules import Matrix, rule_sets
from jobfinder_assets.roles.tagger import RoleTagger
from jobfinder_assets.storage.schemas import ROLES

GOLD = Path(__file__).parent / "gold"


SILENT = (np.zeros((1, len(rule_sets()[0].rules))), np.zeros((1, len(rule_sets()[1].rules))))


def seen(name: Name, readers: list[Matrix], strengths: tuple[Matrix, Matrix] = SILENT) -> Matrix:
    return inputs(readers[0]) if name == "rules" else inputs(*readers, strengths=strengths)


@pytest.mark.parametrize("name", get_args(Name))
@given(values=st.lists(st.floats(0, 1), min_size=15, max_size=15), strength=st.floats(0, 12))
def test_what_comes_out_are_probabilities(name: Name, values: list[float], strength: float) -> None:
    shares = [
        np.array(values[start : start + 5])[None] / max(sum(values[start : start + 5]), 1e-9) for start in (0, 5, 10)
    ]
    found = calibration(name).apply(seen(name, shares, (SILENT[0] + strength, SILENT[1] + strength)))
    assert found.shape == (1, len(ROLES)) and (found >= 0).all()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", get_args(Name))
@pytest.mark.parametrize("role", range(len(ROLES)))
def test_what_all_readers_are_sure_of_is_said(name: Name, role: int) -> None:
    sure = np.full((1, len(ROLES)), 0.01)
    sure[0, role] = 0.96
    # Rules can only be sure when they speak.
    title, duties = (
        np.array([[rule.weight if ROLES[role] == rule.role else 0.0 for rule in rules.rules]]) for rules in rule_sets()
    )
    silent = np.zeros_like(title)
    strengths = (silent if name == "untitled" else title, duties)
    assert calibration(name).apply(seen(name, [sure, sure, sure], strengths)).argmax() == role


def test_weights_of_other_rules_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names = strength_names()
    monkeypatch.setattr("jobfinder_assets.roles.calibration.strength_names", lambda: [*names, "duties: a new one"])
    calibration.cache_clear()
    with pytest.raises(ValueError, match="--calibrate"):
        calibration("titled")


def test_roles_of_postings_read_by_hand(shared: Path) -> None:
    """A guard, not the measure: these postings were tuned on. `jobfinder bench roles` prints the whole table."""
    corpus = read_postings(shared / "data", "glassdoor", "scientist", "jobspikr", "analyst", "boards")
    corpus["description"] = corpus["description"].map(clean_text)
    gold = pd.read_csv(GOLD / "development.csv", index_col="id").join(corpus)
    assert gold["role"].isin(ROLES).all() and gold.index.is_unique and gold["file"].nunique() == 5
    tagger = RoleTagger().fit(corpus)
    right = [
        (tagger.predict_proba(frame).idxmax(axis=1) == gold["role"]).mean() for frame in (gold, gold.assign(title=""))
    ]
    assert right[0] >= 0.85 and right[1] >= 0.8


def test_what_was_tuned_on_and_what_was_not_share_no_company(shared: Path) -> None:
    postings = read_postings(shared / "data")
    names = "development.csv", "held_out.csv", "held_out_later.csv"
    files = [pd.read_csv(GOLD / name, index_col="id").join(postings) for name in names]
    tuned_on, *others = [set(frame["company"].map(company_key)) - {""} for frame in files]
    assert not any(tuned_on & companies for companies in others)
    assert all(frame["role"].isin(ROLES).all() and frame.index.is_unique for frame in files)
