"""Static vectors by a made-up encoder: what is learnt, what a posting costs, what does not change."""

import hashlib
import pickle

import numpy as np
import pandas as pd
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.encoder.static import StaticVectors, Vectors, distil, load_static, save_static
from jobfinder_tests.training import people

SIZE = 48


def words_as(words: list[str]) -> Vectors:
    """Each word a random direction, a pair the sum of its words: an encoder that reads bags of words."""
    return np.array([sum(direction(word) for word in text.split()) for text in words], np.float32)


def direction(word: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    vector = np.random.default_rng(seed).standard_normal(SIZE)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def postings_as(postings: pd.DataFrame) -> Vectors:
    total = np.array([sum(direction(word) for word in text.split()) for text in postings["description"]])
    return (total / np.linalg.norm(total, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def corpus() -> pd.DataFrame:
    return people.postings(300)


@pytest.fixture(scope="module")
def learnt(corpus: pd.DataFrame) -> StaticVectors:
    return distil(corpus, words_as, postings_as, encoder_version="e")


def test_vectors_are_centred_and_of_length_one(learnt: StaticVectors, corpus: pd.DataFrame) -> None:
    vectors = learnt.encode(corpus)
    assert vectors.shape == (300, SIZE)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(300), abs=1e-5)
    assert np.linalg.norm(vectors.mean(axis=0)) < 0.15


def test_new_postings_come_near_what_the_encoder_says_of_them(learnt: StaticVectors, corpus: pd.DataFrame) -> None:
    new = people.postings(80, seed=5)
    wanted = postings_as(new) - postings_as(corpus).mean(axis=0)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    found = learnt.encode(new)
    assert (found * wanted).sum(axis=1).mean() > 0.6
    # And nearer to their own than to another's.
    assert (found * wanted).sum(axis=1).mean() > (found * wanted[::-1]).sum(axis=1).mean() + 0.3


def test_a_text_without_a_known_word_is_zero(learnt: StaticVectors) -> None:
    strange = pd.DataFrame({"title": [None, "zzqx"], "description": ["", "vwxq qqzv"]})
    assert not learnt.encode(strange).any()
    assert learnt.encode(strange.head(0)).shape == (0, SIZE)


def test_the_batch_does_not_matter(learnt: StaticVectors, corpus: pd.DataFrame) -> None:
    alone = np.concatenate([learnt.encode(corpus.iloc[[row]]) for row in range(20)])
    assert alone == pytest.approx(learnt.encode(corpus)[:20], abs=1e-5)


def test_the_version_follows_corpus_and_encoder(learnt: StaticVectors, corpus: pd.DataFrame) -> None:
    again = distil(corpus, words_as, postings_as, encoder_version="e")
    assert again.version == learnt.version
    assert again.encode(corpus) == pytest.approx(learnt.encode(corpus), abs=1e-6)
    assert distil(corpus, words_as, postings_as, encoder_version="f").version != learnt.version
    assert distil(corpus.head(200), words_as, postings_as, encoder_version="e").version != learnt.version


def test_an_empty_corpus_gives_vectors_that_know_nothing() -> None:
    nothing = pd.DataFrame({"title": ["a"], "description": ["b"]})
    assert not distil(nothing, words_as, postings_as, encoder_version="e").encode(people.postings(3)).any()


def test_stored_and_read_back(learnt: StaticVectors, corpus: pd.DataFrame, home: Home) -> None:
    assert load_static(home) is None
    save_static(home, learnt)
    stored = load_static(home)
    assert stored is not None
    assert np.array_equal(stored.encode(corpus.head(5)), learnt.encode(corpus.head(5)))
    assert len(pickle.dumps(learnt)) < 3_000_000
