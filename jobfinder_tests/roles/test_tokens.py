"""Words, n-grams and phrases found by hash."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.roles.tokens import MAX_CHARACTERS, PhraseTable, tokenize


def words(text: str) -> list[str]:
    tokens = tokenize([text])
    return [tokens.text[start:end] for start, end in zip(tokens.start, tokens.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Data pipelines, ETL/ELT.", ["Data", "pipelines", "ETL", "ELT"]),
        ("C++ and C#", ["C++", "and", "C#"]),
        ("clientsQualificationsMaster", ["clients", "Qualifications", "Master"]),
        ("PowerBI MLOps", ["Power", "BI", "MLOps"]),
        ("données façade", ["données", "façade"]),
        ("日本 data 😀 lake", ["data", "lake"]),
        ("", []),
        (" \n.,;", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pipelines", "pipeline"),
        ("Données", "donnees"),
        ("DASHBOARDS", "dashboard"),
        ("KPIs", "kpi"),
        ("Straße", "straße"),
    ],
)
def test_case_accents_and_plurals_make_no_difference(one: str, other: str) -> None:
    assert tokenize([one]).hashes[0] == tokenize([other]).hashes[0]


@pytest.mark.parametrize(("one", "other"), [("bus", "bu"), ("class", "clas"), ("ml", "lm")])
def test_different_words_differ(one: str, other: str) -> None:
    assert tokenize([one]).hashes[0] != tokenize([other]).hashes[0]


def test_phrases_do_not_run_across_texts() -> None:
    table = PhraseTable(["data lake"])
    assert len(table.find(tokenize(["big data", "lake view"]))) == 0
    assert len(table.find(tokenize(["", "a data lake", "Data Lakes"]))) == 2


def test_longer_phrase_comes_first() -> None:
    table = PhraseTable(["data", "data lake", "lake"])
    hits = table.find(tokenize(["data lake"]))
    assert [table.phrases[number] for number in hits.phrase] == ["data lake", "data", "lake"]


def test_a_phrase_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="'--' holds no word"):
        PhraseTable(["data", "--"])


@given(st.lists(st.text(max_size=60), max_size=6), st.data())
def test_a_words_hash_depends_on_the_word_alone(texts: list[str], data: st.DataObject) -> None:
    together = tokenize(texts)
    for number in range(len(texts)):
        alone = tokenize([texts[number]])
        assert np.array_equal(together.hashes[together.document == number], alone.hashes)
        assert np.array_equal(together.start[together.document == number] - together.first[number], alone.start)


def test_hostile_text_costs_little() -> None:
    tokenize(["warm"])
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    begun = time.process_time()
    for text in ("a" * 100_000, "a " * 50_000, "aB" * 50_000, "\n" * 100_000, "\ud800" * 100_000):
        assert len(tokenize([text])) <= MAX_CHARACTERS
    assert time.process_time() - begun < 20
