import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.config import Home
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training import features as module
from jobfinder_assets.training.features import (
    STRUCTURED,
    TERM_BLOCKS,
    Counts,
    FeatureEncoder,
    FeatureMatrix,
    fit_encoder,
    load_encoder,
    needs_refit,
    read_features,
    save_encoder,
    update_features,
)
from jobfinder_tests.training.synthetic import synthetic_postings


def fitted(n: int = 120, **options: int) -> tuple[FeatureEncoder, pd.DataFrame]:
    postings = synthetic_postings(n)
    return FeatureEncoder(components=16, **options).fit(postings), postings


def assert_equal(left: FeatureMatrix, right: FeatureMatrix) -> None:
    assert list(left.posting_ids) == list(right.posting_ids)
    width = max(left.terms.shape[1], right.terms.shape[1])
    for matrix in (left.terms, right.terms):
        matrix.resize(len(left), width)
    assert (left.terms != right.terms).nnz == 0
    np.testing.assert_array_equal(left.vector, right.vector)
    np.testing.assert_array_equal(left.structured, right.structured)


def terms_of(encoder: FeatureEncoder, features: FeatureMatrix, row: int = 0) -> dict[str, float]:
    part = features.terms[row]
    return {encoder.term_names[column]: float(weight) for column, weight in zip(part.indices, part.data, strict=True)}


def test_shapes_types_and_blocks() -> None:
    encoder, postings = fitted()
    matrix = encoder.transform(postings)
    n = len(postings)
    assert matrix.terms.shape == (n, len(encoder.term_names))
    assert matrix.terms.dtype == matrix.vector.dtype == matrix.structured.dtype == np.float32
    assert matrix.structured.shape == (n, len(STRUCTURED))
    for block in TERM_BLOCKS.values():
        lengths = np.sqrt(matrix.terms[:, block].power(2).sum(axis=1))
        np.testing.assert_allclose(lengths, 1, atol=1e-5)
    for latent in encoder.latent_blocks:
        lengths = np.linalg.norm(matrix.vector[:, latent.start : latent.stop], axis=1)
        np.testing.assert_allclose(lengths, latent.weight, atol=1e-5)


def test_title_description_and_place_are_told_apart() -> None:
    encoder, postings = fitted()
    one = postings.head(1).assign(title="Data Engineer", description="spark pipelines", location="Berlin, DE")
    names = set(terms_of(encoder, encoder.transform(one)))
    assert {"title: data engineer", "title: engineer", "spark", "pipelines", "place: berlin"} <= names
    assert "spark" not in {name for name in names if name.startswith("title")}


def test_weight_is_sublinear_tf_times_smoothed_idf() -> None:
    texts = ["spark kafka", "spark hive", "spark spark spark kafka", "kafka hive"]
    postings = pd.DataFrame({"title": ["a"] * 4, "company": ["c"] * 4, "description": texts})
    encoder = FeatureEncoder().fit(postings)
    weights = terms_of(encoder, encoder.transform(postings.iloc[[2]]))
    # How often each term of the third text stands there, and in how many texts.
    counts = {"spark": (3, 3), "kafka": (1, 3), "spark spark": (2, 1), "spark kafka": (1, 2)}
    expected = {term: (1 + np.log(often)) * (np.log((1 + 4) / (1 + df)) + 1) for term, (often, df) in counts.items()}
    length = np.sqrt(sum(weight**2 for weight in expected.values()))
    assert weights == pytest.approx({term: weight / length for term, weight in expected.items()}, rel=1e-5)


def test_wanted_words_and_pairs_count_in_title_and_description() -> None:
    texts = ["we use python and machine learning daily", "python here", "learning a machine", "nothing of it"] * 5
    titles = ["Engineer", "Engineer", "Python Engineer", "Engineer"] * 5
    postings = pd.DataFrame({"title": titles, "company": "c", "description": texts})
    encoder = FeatureEncoder().fit(postings)
    features = encoder.transform(postings.head(4))
    for words in (["Python", "machine learning", "python ", "cobol"], ["machine-learning", "python"]):
        wanted = encoder.wanted(words)
        assert len(wanted.columns) == 2
        assert wanted.added(features).structured[:, -1].tolist() == [1.0, 0.5, 0.5, 0.0]
    narrow = replace(features, terms=features.terms[:, : TERM_BLOCKS["description"].start])
    assert wanted.added(narrow).structured[:, -1].tolist() == [0.0, 0.0, 0.5, 0.0]
    for nothing in ([], ["cobol"], ["the"], ["", " "]):
        assert np.isnan(encoder.wanted(nothing).added(features).structured[:, -1]).all()


def test_a_skill_that_most_adverts_name_is_a_term() -> None:
    texts = [f"python and together with w{row % 5}" for row in range(20)]
    encoder = FeatureEncoder().fit(pd.DataFrame({"title": ["a"] * 20, "company": "c", "description": texts}))
    assert "python" in encoder.term_names
    assert "together" not in encoder.term_names


def test_structured_columns_hold_the_facts_and_nan_when_unknown() -> None:
    encoder, postings = fitted()
    seen = pd.Timestamp("2026-03-11", tz="UTC")
    one = postings.head(1).assign(
        seniority="senior", years_min=5.0, salary_annual_usd=100_000.0, workplace="remote", data_engineer=0.7,
        posted_at=seen - pd.Timedelta(days=3), first_seen_at=seen,
    )  # fmt: skip
    value = dict(zip(STRUCTURED, encoder.transform(one).structured[0].tolist(), strict=True))
    assert value["role data_engineer"] == pytest.approx(0.7)
    assert (value["seniority"], value["years required"], value["log10 pay in USD"]) == (3.0, 5.0, pytest.approx(5.0))
    assert (value["remote"], value["hybrid"], value["onsite"]) == (1.0, 0.0, 0.0)
    assert value["age in days when first seen"] == pytest.approx(3.0)
    bare = encoder.transform(one[["title", "company", "description"]])
    known = ~np.isnan(bare.structured[0])
    assert [name for name, there in zip(STRUCTURED, known, strict=True) if there] == ["log10 description length"]


def test_version_and_features_do_not_depend_on_row_order() -> None:
    encoder, postings = fitted()
    other = FeatureEncoder(components=16).fit(postings.sample(frac=1, random_state=3))
    assert other.version == encoder.version
    assert_equal(other.transform(postings), encoder.transform(postings))
    changed = postings.assign(description=postings["description"].where(postings.index > 0, "another text"))
    assert FeatureEncoder(components=16).fit(changed).version != encoder.version
    assert FeatureEncoder(components=8).fit(postings).version != encoder.version


def test_features_of_a_row_do_not_depend_on_its_batch() -> None:
    encoder, postings = fitted()
    whole = encoder.transform(postings)
    assert_equal(encoder.transform(postings.iloc[40:60]), whole.take(np.arange(40, 60)))


def test_the_vector_is_the_terms_projected() -> None:
    encoder, postings = fitted()
    matrix = encoder.transform(postings)
    scale = encoder.latent_scale(matrix.terms)
    for column, latent in enumerate(encoder.latent_blocks):
        part = np.asarray(matrix.terms @ encoder.components_[latent.start : latent.stop].T)
        expected = (part - latent.centre) * scale[:, [column]]
        np.testing.assert_allclose(matrix.vector[:, latent.start : latent.stop], expected, atol=1e-5)


def test_similar_duties_are_near_in_the_latent_space() -> None:
    encoder, postings = fitted(300)
    vector = encoder.transform(postings).vector
    near = vector @ vector.T
    same = postings["kind"].to_numpy()[:, None] == postings["kind"].to_numpy()[None, :]
    np.fill_diagonal(same, False)
    other = ~same & ~np.eye(len(postings), dtype=bool)
    assert near[same].mean() > near[other].mean() + 0.3


@pytest.mark.parametrize("text", ["", "   ", "\x00", "日本語 の テキスト", "🙂" * 50, "a" * 20_000, "C++ / C# & .NET"])
def test_any_text_is_encoded(text: str) -> None:
    encoder, postings = fitted(30)
    matrix = encoder.transform(postings.head(1).assign(title=text, description=text, location=text))
    assert np.isfinite(matrix.vector).all() and np.isfinite(matrix.terms.data).all()


def test_missing_texts_are_empty_texts() -> None:
    encoder, postings = fitted(30)
    gone = encoder.transform(postings.head(2).assign(title=None, description=None, location=None, country=None))
    assert not gone.vector.any()
    assert gone.terms[:, TERM_BLOCKS["title"]].nnz == gone.terms[:, TERM_BLOCKS["description"]].nnz == 0


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_a_corpus_of_anything_can_be_learnt(texts: list[str]) -> None:
    postings = pd.DataFrame({"title": texts, "company": "c", "description": texts[::-1], "location": texts})
    matrix = FeatureEncoder(components=4).fit(postings).transform(postings)
    assert len(matrix) == len(texts)
    assert np.isfinite(matrix.vector).all()


def test_hostile_text_takes_no_time() -> None:
    encoder, postings = fitted(30)
    hostile = postings.head(1).assign(title="a-" * 50_000, description="(((+#" * 20_000, location="," * 100_000)
    # Processor time, and far above what it takes: only a pattern that runs away fails this.
    started = time.process_time()
    encoder.transform(hostile)
    assert time.process_time() - started < 5


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="'description'"):
        FeatureEncoder().fit(pd.DataFrame({"title": ["a"], "company": ["b"]}))
    with pytest.raises(ValueError, match="not fitted"):
        FeatureEncoder().transform(synthetic_postings(1))


def test_the_corpus_sample_is_a_choice_of_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    postings = synthetic_postings(50)
    chosen = module.corpus_sample(postings, 20)
    again = module.corpus_sample(postings.sample(frac=1, random_state=1), 20)
    assert len(chosen) == 20
    assert list(chosen["posting_id"]) == list(again["posting_id"])


@pytest.mark.parametrize(
    ("stored", "now", "expected"),
    [(0, 0, False), (0, 1, True), (100, 100, False), (100, 124, False), (100, 125, True), (100, 50, False)],
)
def test_refit_rule(stored: int, now: int, expected: bool) -> None:
    assert needs_refit(stored, now) is expected


def fill(lake: Lake, postings: pd.DataFrame, tagger_version: str = "t1") -> None:
    lake.merge("postings", postings.drop(columns=["kind", *ROLES]))
    lake.merge(
        "role_tags",
        postings[["posting_id", "content_hash", *ROLES]].assign(tagger_version=tagger_version, role="other"),
    )


def test_features_go_through_the_lake_unchanged(lake: Lake) -> None:
    postings = synthetic_postings(90)
    fill(lake, postings)
    encoder = fit_encoder(lake, batch_rows=40)
    assert encoder.version == FeatureEncoder().fit(lake.read("postings")).version
    assert update_features(lake, encoder, batch_rows=40) == Counts(new=90)
    ids = list(postings["posting_id"].sample(frac=0.5, random_state=0))
    expected = encoder.transform(postings.set_index("posting_id", drop=False).loc[ids])
    assert_equal(read_features(lake, encoder.version, ids), expected)
    assert sorted(read_features(lake, encoder.version).posting_ids) == sorted(postings["posting_id"])
    with pytest.raises(ValueError, match="'nobody'"):
        read_features(lake, encoder.version, ["nobody"])
    assert len(read_features(lake, "no such version")) == 0


def test_only_new_and_changed_postings_are_encoded(lake: Lake) -> None:
    postings = synthetic_postings(60)
    fill(lake, postings.head(40))
    encoder = fit_encoder(lake)
    assert update_features(lake, encoder) == Counts(new=40)
    version = lake.version("posting_features")
    assert update_features(lake, encoder) == Counts(unchanged=40)
    assert lake.version("posting_features") == version
    edited = postings.head(3).assign(content_hash="edited", description="kafka kafka kafka")
    fill(lake, pd.concat([edited, postings.tail(20)]))
    assert update_features(lake, encoder, batch_rows=7) == Counts(new=20, changed=3, unchanged=37)
    assert_equal(read_features(lake, encoder.version, list(edited["posting_id"])), encoder.transform(edited))
    fill(lake, postings.iloc[[5]], tagger_version="t2")
    assert update_features(lake, encoder) == Counts(changed=1, unchanged=59)


def test_postings_that_come_meanwhile_are_left_to_the_next_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    postings = synthetic_postings(60)
    fill(lake, postings.head(40))
    encoder = fit_encoder(lake)
    batches = Lake.batches

    def later(self: Lake, *arguments: object, **options: object) -> object:
        fill(lake, postings.tail(20))
        return batches(self, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "batches", later)
        assert update_features(lake, encoder) == Counts(new=40)
    assert len(read_features(lake, encoder.version)) == 40
    assert update_features(lake, encoder) == Counts(new=20, unchanged=40)


def test_an_interrupted_update_is_finished_by_the_next(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lake, synthetic_postings(60))
    encoder = fit_encoder(lake)
    merge, calls = Lake.merge, []

    def dies_at_the_third(self: Lake, table: str, frame: object) -> int:
        calls.append(table)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return merge(self, table, frame)

    monkeypatch.setattr(Lake, "merge", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        update_features(lake, encoder, batch_rows=10)
    counts = update_features(lake, encoder, batch_rows=10)
    assert counts.unchanged == 20 and counts.new == 40
    assert len(read_features(lake, encoder.version)) == 60


def test_encoder_is_kept_and_an_older_one_is_not_used(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_encoder(home) is None
    encoder, postings = fitted(40)
    save_encoder(home, encoder)
    loaded = load_encoder(home)
    assert loaded is not None and loaded.version == encoder.version
    assert_equal(loaded.transform(postings), encoder.transform(postings))
    monkeypatch.setattr(module, "ENCODER_CODE_VERSION", "next")
    assert load_encoder(home) is None


def test_take_keeps_rows_together() -> None:
    encoder, postings = fitted(20)
    matrix = encoder.transform(postings)
    mask = np.arange(20) % 3 == 0
    assert_equal(matrix.take(mask), matrix.take(np.flatnonzero(mask)))
    assert len(replace(matrix.take([4, 2]))) == 2
    assert list(matrix.take([4, 2]).posting_ids) == [postings["posting_id"][4], postings["posting_id"][2]]
