"""What a transformer reads of an advert, and in which order."""

from pathlib import Path

import pandas as pd

from jobfinder_assets.encoder.weights import load
from jobfinder_assets.encoder.windows import duties_first, windows
from jobfinder_tests.encoder.conftest import needs_extra

ADVERT = """About us: We are a family of bakers since 1922 and proud of it.

Benefits:
Free bread every day.

Responsibilities:
- Build the pipelines that feed our ovens.
- Keep the warehouse tidy.

Requirements:
Two years of SQL."""


def test_duties_come_first_and_nothing_is_lost() -> None:
    found = duties_first([ADVERT])[0]
    places = [found.index(words) for words in ("pipelines", "Two years", "bakers", "Free bread")]
    assert places == sorted(places)
    assert sorted(found.split()) == sorted(ADVERT.split())


def test_a_text_without_headings_or_words_stays_as_it_is() -> None:
    plain = "We look for somebody who counts loaves."
    assert duties_first([plain, "", "  \n"]) == [plain, "", "  \n"]


@needs_extra
def test_every_window_begins_with_the_title_and_fits(tiny_weights: Path) -> None:
    tokenizer = load(tiny_weights).tokenizer
    advert = ADVERT + " More of the same about bread and its customers." * 30
    posting = pd.DataFrame({"title": ["Baker of data", None], "description": [advert, None]})
    found, empty = windows(posting, tokenizer, tokens=64, most=3)
    assert len(found) == 3
    assert all(window.startswith("Baker of data. ") for window in found)
    assert all(len(tokenizer(window)["input_ids"]) <= 64 for window in found)
    read = "".join(window.removeprefix("Baker of data. ") for window in found)
    assert "".join(duties_first([advert])[0].split()).startswith("".join(read.split()))
    assert empty == [""]
