"""Where facts begin in a text, and the sentence around."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.cues import lowered, read_cues
from jobfinder_assets.cleaning.lexicon import read_toml


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("We grow. This role is remote. Join us.", " This role is remote"),
        ("• Hybrid work\n• Lunch", " hybrid work"),
        ("Must be U.S. citizens only. Thanks.", "must be u.s. citizens only"),
        ("Work Remotely:\nNo\nBenefits", "work remotely:\nno"),
        ("Telework eligible\nNo\nBenefits", "telework eligible\nno"),
        ("relevant fieldRemote workBenefits", "remote work"),
    ],
)
def test_the_sentence_around_a_cue(text: str, sentence: str) -> None:
    cues = read_cues(text)
    found = cues.sentences("workplace") or cues.sentences("eligibility")
    assert [part.strip() for part in found] == [sentence.lower().strip()]


@pytest.mark.parametrize("text", ["5 yrs. of freight", "Min. 3 years of freight", "ca. 3 years", "3 yrs. Exp. at sea"])
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    assert read_cues(text).sentences("years") == [text.lower()]


def test_a_word_stands_under_one_fact() -> None:
    words = [word for words in read_toml("cues.toml").values() for word in words]
    assert len(words) == len(set(words))
    assert all(word == word.lower() for word in words)


@given(st.text(max_size=500))
def test_lower_case_keeps_every_place(text: str) -> None:
    assert len(lowered(text)) == len(text)
    cues = read_cues(text)
    for positions in cues.positions.values():
        for position in positions:
            start, end = cues.sentence(position)
            assert 0 <= start <= position < end <= len(text)
