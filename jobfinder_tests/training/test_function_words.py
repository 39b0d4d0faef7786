import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.training.features import FeatureEncoder
from jobfinder_assets.training.function_words import function_words, stop_words

ENGLISH = ["we build the pipelines of our ai team in go and r", "you will write the reports for our ai team and go far"]
GERMAN = [
    "wir bauen die pipelines von morgen und das team wächst",
    "du schreibst die berichte für das team von hamburg",
]
FRENCH = ["j'ai une équipe qui aime le ai et les données", "nous avons une offre dans le domaine des données"]


def found(texts: list[str], languages: list[str | None]) -> frozenset[str]:
    split = [text.replace("'", " ").split() for text in texts]
    words = sorted({word for text in split for word in text})
    rows = np.repeat(np.arange(len(split)), [len(text) for text in split])
    ids = np.array([words.index(word) for text in split for word in text])
    return function_words(rows, ids, words, languages)


def test_single_letters_are_no_words_but_for_skills() -> None:
    letters = found(["developer m w d in r and c", "数 据 developer x"], [None] * 2)
    assert {"m", "w", "d", "x"} <= letters
    assert not {"r", "c", "developer", "数"} & letters


def test_english_is_always_looked_for_and_others_where_they_are_written() -> None:
    english = found(ENGLISH * 5 + GERMAN * 5, [None] * 20)
    assert {"the", "our", "of", "and", "you"} <= english
    assert not {"und", "von", "das"} & english
    both = found(ENGLISH * 5 + GERMAN * 5, ["en"] * 10 + ["de"] * 10)
    assert english | {"und", "von", "das", "die", "für", "wir", "du"} <= both
    assert not {"team", "pipelines", "berichte", "hamburg"} & both


def test_a_single_text_may_be_of_a_wrongly_guessed_language() -> None:
    assert not {"und", "von"} & found([*ENGLISH * 5, GERMAN[0]], ["en"] * 10 + ["de"])


def test_a_word_of_another_language_that_english_adverts_have_as_often_is_kept() -> None:
    words = found(ENGLISH * 5 + FRENCH * 5, ["en"] * 10 + ["fr"] * 10)
    assert "ai" in stop_words("fr")
    assert "ai" not in words
    assert {"une", "le", "et", "des"} <= words


@pytest.mark.parametrize(("word", "language"), [("go", "en"), ("go", "pl"), ("r", "ro"), ("c", "ro")])
def test_a_skill_is_no_function_word(word: str, language: str) -> None:
    assert word in stop_words(language)
    assert word not in found([f"{word} on", *ENGLISH] * 5, [language, "en", "en"] * 5)


def test_contractions_are_listed_as_the_encoder_splits_them() -> None:
    assert {"ll", "t", "ve"} <= stop_words("en")
    assert "j" in stop_words("fr")
    assert stop_words("no such language") == frozenset()


def test_no_term_of_the_encoder_holds_a_function_word() -> None:
    texts = [text.replace("team", f"team w{number % 7}") for number, text in enumerate([*ENGLISH, *GERMAN] * 10)]
    postings = pd.DataFrame(
        {
            "title": "Head of Data und Analytics",
            "company": "c",
            "description": texts,
            "language": ["en", "en", "de", "de"] * 10,
        }
    )
    encoder = FeatureEncoder(components=4).fit(postings)
    left_out = stop_words("en") | stop_words("de")
    names = [
        name.removeprefix("title: ") for name in encoder.term_names if name and ": " not in name.removeprefix("title: ")
    ]
    assert {"data", "analytics", "pipelines", "berichte", "go", "r"} <= set(names)
    assert not [name for name in names if left_out - {"go"} & set(name.split())]
    assert {"of", "und", "von", "the"} <= encoder.function_words
    english = FeatureEncoder(components=4).fit(postings.assign(language="en"))
    assert "und" in english.term_names
    assert english.version != encoder.version
