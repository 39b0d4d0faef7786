"""What within a role one does most: found by two phrases among the duties, or by the title."""

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.roles.specialities import MOST, specialities_of, speciality_rules
from jobfinder_assets.roles.tagger import RoleTagger
from jobfinder_assets.roles.tokens import tokenize


def found(title: str, text: str) -> list[str]:
    texts = tokenize([text])
    return specialities_of(tokenize([title]), texts, np.ones(len(texts)))[0]


@pytest.mark.parametrize("rule", speciality_rules().rules, ids=lambda rule: rule.name)
def test_each_is_found_in_its_example(rule) -> None:  # type: ignore[no-untyped-def]
    assert all(rule.name in found("", example) for example in rule.examples)


def test_one_mention_is_in_passing_but_a_title_is_not() -> None:
    assert found("", "You may meet computer vision one day.") == []
    assert found("Computer Vision Engineer", "You write code.") == ["vision"]


def test_what_counts_nothing_says_nothing() -> None:
    texts = tokenize(["Object detection and computer vision."])
    assert specialities_of(tokenize([""]), texts, np.zeros(len(texts))) == [[]]


def test_a_tag_has_few_of_them() -> None:
    text = " ".join(example for rule in speciality_rules().rules for example in rule.examples)
    postings = pd.DataFrame({"title": ["Data Scientist", ""], "description": [f"Responsibilities\n{text}", ""]})
    first, second = RoleTagger().tag(postings).specialities
    assert len(first) == MOST and second == []
