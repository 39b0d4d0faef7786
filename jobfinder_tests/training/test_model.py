import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.features import STRUCTURED, FeatureEncoder, FeatureMatrix
from jobfinder_assets.training.model import (
    Kernels,
    LinearModel,
    Parameters,
    PreferenceModel,
    company_groups,
    fact_name,
    grouped_folds,
    held_out_margin,
    out_of_fold_margin,
    with_facts,
)
from jobfinder_tests.training.synthetic import likes, synthetic_postings


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


Encoded = tuple[FeatureEncoder, FeatureMatrix, pd.DataFrame]
TREES = Parameters(trees=True, rounds=30, min_child=5)


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    postings = synthetic_postings(400)
    encoder = FeatureEncoder(components=24).fit(postings)
    return encoder, encoder.transform(postings), postings


@pytest.fixture(scope="module")
def fitted(encoded: Encoded) -> PreferenceModel:
    """A model with trees: liked are engineers' jobs with pay above 100,000."""
    _, features, postings = encoded
    labels = likes(postings) * (postings["salary_annual_usd"].fillna(0) > 100_000).to_numpy()
    model = PreferenceModel(TREES).fit_features(features, labels, company_groups(postings))
    assert model.booster is not None
    return model


@pytest.fixture(scope="module")
def of_words(encoded: Encoded) -> PreferenceModel:
    """A linear model of half of the postings: liked are engineers' jobs."""
    _, features, postings = encoded
    return PreferenceModel().fit_features(features.take(np.arange(0, 400, 2)), likes(postings)[::2])


def without_roles(features: FeatureMatrix) -> FeatureMatrix:
    structured = features.structured.copy()
    structured[:, : len(ROLES)] = np.nan
    return FeatureMatrix(features.posting_ids, features.terms, features.vector, structured)


@pytest.mark.parametrize("labels", [6, 20, 100, 300])
def test_taste_is_learnt_from_words_and_never_constant(encoded: Encoded, labels: int) -> None:
    _, features, postings = encoded
    features, liked = without_roles(features), likes(postings)
    model = PreferenceModel().fit_features(features.take(np.arange(labels)), liked[:labels])
    scores = model.score_features(features.take(np.arange(300, 400)))
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == len(scores)
    assert average_precision(liked[300:], scores) > (0.4 if labels < 20 else 0.75)


def test_shuffled_labels_teach_nothing(encoded: Encoded) -> None:
    _, features, postings = encoded
    liked = likes(postings)
    values = []
    for seed in range(8):
        shuffled = np.random.default_rng(seed).permutation(liked)
        model = PreferenceModel(TREES).fit_features(features.take(np.arange(200)), shuffled[:200])
        values.append(average_precision(shuffled[200:], model.score_features(features.take(np.arange(200, 400)))))
    assert abs(np.mean(values) - liked.mean()) < 0.06


def test_the_dual_solution_is_the_plain_logistic_regression(encoded: Encoded) -> None:
    _, features, postings = encoded
    rows = np.arange(60)
    parameters = Parameters(
        title_weight=1, fact_weight=1, latent_weight=1e-9, role_weight=1e-9, structured_weight=1e-9, words_weight=0,
        balance="weights",
    )  # fmt: skip
    model = LinearModel(parameters).fit_features(features.take(rows), likes(postings)[rows])
    from sklearn.linear_model import LogisticRegression

    plain = LogisticRegression(C=parameters.regularisation, class_weight="balanced", tol=1e-8, max_iter=5000)
    plain.fit(features.terms[rows].astype(np.float64), likes(postings)[rows])
    np.testing.assert_allclose(model.term_weights, plain.coef_[0], atol=2e-4)


@pytest.mark.parametrize("balance", ["none", "weights", "sampled"])
def test_scores_are_log_odds_whatever_the_balance(encoded: Encoded, balance: str) -> None:
    _, features, postings = encoded
    liked = (likes(postings) == 1) & (np.arange(400) % 3 == 0)
    model = LinearModel(Parameters(balance=balance, regularisation=0.3)).fit_features(features, liked.astype(int))  # type: ignore[arg-type]
    chance = 1 / (1 + np.exp(-model.score_features(features)))
    assert chance.mean() == pytest.approx(liked.mean(), abs=0.05)


def test_trees_find_what_words_cannot_tell(encoded: Encoded) -> None:
    _, features, postings = encoded
    pay = postings["salary_annual_usd"]
    liked = (pay > 110_000).to_numpy(dtype=int)
    train, test = np.arange(250), np.arange(250, 400)
    scores = {
        trees: PreferenceModel(Parameters(trees=trees, rounds=80, learning_rate=0.1))
        .fit_features(features.take(train), liked[train])
        .score_features(features.take(test))
        for trees in (False, True)
    }
    value = {trees: average_precision(liked[test], score) for trees, score in scores.items()}
    assert value[True] > value[False] + 0.2


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("fact", "low", "high"), [("log10 pay in USD", 4.6, 5.4), ("wanted words", 0, 1)])
def test_trees_never_hold_pay_or_wanted_words_against_a_job(
    encoded: Encoded, fact: str, low: float, high: float, sign: int
) -> None:
    """Also where all labels say so: likes are those that have the most of it (1) or the least (-1)."""
    _, features, _ = encoded
    at = STRUCTURED.index(fact)
    structured = features.structured.copy()
    if fact == "wanted words":
        structured[:, at] = np.random.default_rng(0).integers(0, 4, len(structured)) / 3
    features = replace(features, structured=structured)
    middle = np.nanmedian(structured[:, at])
    liked = (sign * (np.nan_to_num(structured[:, at], nan=middle) - middle) > 0).astype(int)
    model = PreferenceModel(Parameters(trees=True, rounds=80, learning_rate=0.2)).fit_features(features, liked)
    ladder = np.linspace(low, high, 60)
    rises = []
    for row in range(0, 400, 20):
        structured = np.repeat(features.structured[[row]], len(ladder), axis=0).astype(np.float64)
        structured[:, at] = ladder
        by_trees = model.booster.predict(structured, raw_score=True)
        assert (np.diff(by_trees) >= -1e-12).all()
        rises.append(by_trees[-1] - by_trees[0])
    assert (max(rises) > 1) == (sign == 1), "it is learnt where it is so, and not turned round where it is not"


def test_wanted_words_are_a_fact_of_the_model_and_a_reason(encoded: Encoded) -> None:
    """A model that knows what is wanted reads it from the stored terms, whoever scores, and its reasons add up."""
    encoder, features, postings = encoded
    wanted = encoder.wanted(["airflow", "Spark", "spark", "no such word"])
    assert len(wanted.columns) == 2
    share = wanted.added(features).structured[:, STRUCTURED.index("wanted words")]
    expected = sum(postings["description"].str.contains(word).astype(int) for word in ("airflow", "spark"))
    np.testing.assert_allclose(share, expected / 2)
    assert 0 < share.mean() < 1
    liked = (share == 1).astype(int)
    model = PreferenceModel(TREES, wanted=wanted).fit_features(features, liked)
    assert model.linear.structured_weights[-1] > 0
    for shown in (features, wanted.added(features)):
        np.testing.assert_array_equal(model.score_features(shown), model.score_features(features))
    np.testing.assert_array_equal(model.score_features(features.take([7])), model.score_features(features)[[7]])
    for row, reasons in enumerate(model.contributions(features, top=40, names=encoder)):
        assert sum(one.contribution for one in reasons) == pytest.approx(model.score_features(features)[row], abs=1e-6)
        if share[row] == 1:
            assert any(one.name == "wanted words airflow, spark" and one.contribution > 0 for one in reasons)
    blind = PreferenceModel(TREES).fit_features(features, liked)
    assert blind.linear.structured_weights[-1] == 0, "without a wish nothing is learnt of it"


def test_few_labels_leave_the_trees_out(encoded: Encoded) -> None:
    _, features, postings = encoded
    for rows in (np.arange(49), np.flatnonzero((likes(postings) == 0) | (np.arange(400) < 20))[:80]):
        model = PreferenceModel(TREES).fit_features(features.take(rows), likes(postings)[rows])
        linear = LinearModel(TREES).fit_features(features.take(rows), likes(postings)[rows])
        assert model.booster is None
        np.testing.assert_array_equal(model.score_features(features), linear.score_features(features))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1] * 10, "at least one interesting and one not"),
        ([0] * 10, "at least one interesting and one not"),
        ([0, 1] * 3, "one label per posting"),
        ([0, 1, 2, 0, 1, 0, 1, 0, 1, 0], "must be 0"),
        ([0, 1, np.nan, 0, 1, 0, 1, 0, 1, 0], "must be 0"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(encoded: Encoded, labels: list[float], message: str) -> None:
    _, features, _ = encoded
    for model in (PreferenceModel(), LinearModel()):
        with pytest.raises(ValueError, match=message):
            model.fit_features(features.take(np.arange(10)), np.array(labels))


def test_one_label_of_each_class_is_enough(encoded: Encoded) -> None:
    _, features, postings = encoded
    rows = np.array([int(np.flatnonzero(likes(postings) == value)[0]) for value in (0, 1)])
    model = PreferenceModel(TREES).fit_features(features.take(rows), [0, 1])
    score = model.score_features(features.take(rows))
    assert score[1] > score[0]


def test_reasons_add_up_to_the_score(encoded: Encoded, fitted: PreferenceModel) -> None:
    encoder, features, _ = encoded
    scores = fitted.score_features(features)
    for top in (1, 8, 500):
        reasons = fitted.contributions(features, top=top, names=encoder)
        sums = [sum(reason.contribution for reason in row) for row in reasons]
        np.testing.assert_allclose(sums, scores, atol=1e-6)
        assert all(len(row) <= top + 2 and row[-1].name == "base" for row in reasons)
    # With every reason shown nothing is left over but rounding: the parts are true, not filled up.
    rest = [row[-2].contribution for row in fitted.contributions(features, top=10_000, names=encoder)]
    np.testing.assert_allclose(rest, 0, atol=2e-6)


def test_reasons_name_what_stands_in_the_advert(encoded: Encoded, fitted: PreferenceModel) -> None:
    encoder, features, postings = encoded
    for row, reasons in enumerate(fitted.contributions(features.take(np.arange(40)), top=6, names=encoder)):
        strengths = [abs(reason.contribution) for reason in reasons[:-2]]
        assert strengths == sorted(strengths, reverse=True)
        for reason in reasons[:-2]:
            if reason.kind == "term":
                assert reason.name in postings["description"][row]
            elif reason.kind == "title":
                assert reason.name.removeprefix("title: ") in postings["title"][row].lower()


@given(row=st.integers(0, 399))
@settings(max_examples=40)
def test_removing_the_top_term_lowers_the_score(encoded: Encoded, of_words: PreferenceModel, row: int) -> None:
    (encoder, _, postings), model = encoded, of_words
    one = postings.iloc[[row]]
    reasons = model.contributions(encoder.transform(one), top=30, names=encoder)[0]
    # The words of a pair stand in other terms too, so only a reason worth showing is held to its word.
    words = [reason for reason in reasons if reason.kind == "term" and reason.contribution > 0.1]
    assume(words)
    top = max(words, key=lambda reason: reason.contribution)
    kept = one["description"].iloc[0]
    for word in top.name.split():
        kept = " ".join(part for part in kept.split() if part != word)
    shorter = encoder.transform(one.assign(description=kept))
    assert model.score_features(shorter)[0] < model.score_features(encoder.transform(one))[0]


def test_without_a_term_the_linear_score_falls_by_its_contribution(encoded: Encoded, of_words: PreferenceModel) -> None:
    (encoder, features, _), model = encoded, of_words
    for row in range(0, 400, 13):
        one = features.take([row])
        scale = encoder.latent_scale(one.terms)[0]
        for reason in model.contributions(one, top=5, names=encoder)[0]:
            if reason.kind not in ("term", "title"):
                continue
            column = encoder.term_names.index(reason.name)
            terms, vector = one.terms.copy(), one.vector.copy()
            weight = terms[0, column]
            terms[0, column] = 0
            for number, block in enumerate(encoder.latent_blocks):
                part = slice(block.start, block.stop)
                vector[0, part] -= weight * scale[number] * encoder.components_[part, column]
            left = model.score_features(FeatureMatrix(one.posting_ids, terms, vector, one.structured))
            assert model.score_features(one)[0] - left[0] == pytest.approx(reason.contribution, abs=1e-5)


def test_narrow_and_wide_matrices_score_alike(encoded: Encoded, fitted: PreferenceModel) -> None:
    encoder, features, _ = encoded
    part = features.take([3])
    width = int(part.terms.indices.max()) + 1
    narrow = FeatureMatrix(part.posting_ids, part.terms[:, :width], part.vector, part.structured)
    assert fitted.score_features(narrow)[0] == pytest.approx(fitted.score_features(part)[0], abs=1e-12)
    assert fitted.contributions(narrow, names=encoder) == fitted.contributions(part, names=encoder)


def test_pickled_model_scores_the_same(encoded: Encoded, fitted: PreferenceModel) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.score_features(encoded[1]), fitted.score_features(encoded[1]))


def test_out_of_fold_margins_never_saw_the_row(encoded: Encoded) -> None:
    _, features, postings = encoded
    rows = np.arange(80)
    kernels = Kernels.of(features.take(rows)).both(Parameters())
    labels, groups = likes(postings)[rows], company_groups(postings)[rows]
    folds = grouped_folds(labels, groups, splits=5, seed=0)
    margin = out_of_fold_margin(kernels, labels, folds, Parameters(), seed=0)
    assert margin is not None
    assert sorted(np.concatenate([test for _, test in folds])) == list(rows)
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        flipped = labels.copy()
        flipped[test] = 1 - flipped[test]
        again = held_out_margin(kernels, flipped, train, test, Parameters(), seed=0)
        np.testing.assert_allclose(margin[test], again, atol=1e-9)


def test_words_alone_count_as_much_as_they_are_told(encoded: Encoded) -> None:
    _, features, postings = encoded
    rows, liked = np.arange(120), likes(postings)
    held = features.take(np.arange(200, 400))
    scores = {
        weight: LinearModel(Parameters(words_weight=weight)).fit_features(features.take(rows), liked[rows])
        for weight in (0.0, 0.5, 100.0)
    }
    alone, half, most = (model.score_features(held) for model in scores.values())
    assert np.corrcoef(alone, half)[0, 1] > np.corrcoef(alone, most)[0, 1]
    for model in scores.values():
        margin = model.score_features(features.take(rows))
        assert margin.mean() == pytest.approx(scores[0.0].score_features(features.take(rows)).mean(), abs=1e-6)


def test_a_class_in_one_group_gives_no_folds() -> None:
    assert grouped_folds(np.array([0, 0, 1, 1]), np.array(["a", "b", "c", "c"]), splits=5, seed=0) == []


SCRIPT = """
import sys
import numpy as np
from jobfinder_assets.training.features import FeatureEncoder
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_tests.training.synthetic import likes, synthetic_postings
postings = synthetic_postings(200)
features = FeatureEncoder(components=24).fit(postings).transform(postings)
model = PreferenceModel(Parameters(trees=True), seed=7).fit_features(features, likes(postings))
assert model.booster is not None
np.save(sys.argv[1], model.score_features(features))
"""


def test_same_seed_same_scores_in_new_processes(tmp_path: Path) -> None:
    scores = []
    for number in range(2):
        path = tmp_path / f"{number}.npy"
        repository = Path(__file__).parents[2]
        subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, cwd=repository, timeout=120)
        scores.append(np.load(path))
    np.testing.assert_allclose(scores[0], scores[1], rtol=0, atol=1e-9)


def test_fit_score_and_reasons_on_plain_postings() -> None:
    postings = synthetic_postings(160, roles=False)[["title", "company", "location", "description", "kind"]]
    liked = likes(postings)
    train, test = postings.head(60), postings.tail(100)
    model = PreferenceModel(Parameters()).fit(train, liked[:60], corpus=postings.drop(columns="kind"), seed=3)
    scores = model.score(test)
    assert scores.shape == (100,) and scores.dtype == np.float64
    assert average_precision(liked[60:], scores) > 0.8
    sums = [sum(reason.contribution for reason in row) for row in model.reasons(test.head(5))]
    np.testing.assert_allclose(sums, scores[:5], atol=1e-6)
    # The index of the frame is the caller's own business.
    np.testing.assert_array_equal(model.score(test.set_index(test.index[::-1])), scores)


def test_scoring_before_fitting_says_so() -> None:
    with pytest.raises(ValueError, match="not fitted"):
        PreferenceModel().score(synthetic_postings(2))


def test_facts_are_parsed_only_where_they_are_missing() -> None:
    bare = pd.DataFrame(
        {
            "title": ["Senior Data Engineer"], "company": ["A"], "location": ["Remote"],
            "description": ["5+ years of experience required. Pay: $100,000 - $120,000 per year."],
        }
    )  # fmt: skip
    facts = with_facts(bare).iloc[0]
    assert (facts["seniority"], facts["years_min"], facts["workplace"]) == ("senior", 5, "remote")
    assert facts["salary_annual_usd"] == pytest.approx(110_000)
    kept = with_facts(bare.assign(seniority="junior", years_min=1, workplace="onsite", salary_annual_usd=1.0)).iloc[0]
    assert (kept["seniority"], kept["years_min"], kept["workplace"], kept["salary_annual_usd"]) == (
        "junior",
        1,
        "onsite",
        1,
    )


def test_company_groups_ignore_case_and_signs_but_not_missing_names() -> None:
    frame = pd.DataFrame({"company": ["Foo Inc.", "foo inc", "Bar", None, ""]})
    groups = company_groups(frame)
    assert groups[0] == groups[1] != groups[2]
    assert len(set(groups)) == 4


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [
        ("seniority", 3.0, "level senior"),
        ("remote", 1.0, "remote"),
        ("remote", 0.0, "not remote"),
        ("years required", 5.0, "years required 5"),
        ("log10 pay in USD", 5.0, "pay in USD 100,000"),
        ("role data_engineer", 0.834, "role data engineer 0.83"),
        ("years required", np.nan, "years required not stated"),
    ],
)
def test_facts_are_named_in_words(column: str, value: float, name: str) -> None:
    assert fact_name(STRUCTURED.index(column), value) == name


def test_parameters_go_through_a_dictionary() -> None:
    assert Parameters.from_dict(TREES.to_dict()) == TREES
    with pytest.raises(ValueError, match="'depth'"):
        Parameters.from_dict({"depth": 3})
