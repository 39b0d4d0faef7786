import numpy as np
import pytest

from jobfinder_assets.training import tuning
from jobfinder_assets.training.features import FeatureEncoder, FeatureMatrix
from jobfinder_assets.training.model import (
    Kernels,
    Parameters,
    PreferenceModel,
    company_groups,
    held_out_margin,
    out_of_fold_margin,
)
from jobfinder_assets.training.tuning import TrialReport, search
from jobfinder_tests.training.synthetic import likes, synthetic_postings

Problem = tuple[FeatureMatrix, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def problem() -> Problem:
    """80 labelled postings of which those paying between 80,000 and 140,000 are liked: a fact no word tells."""
    postings = synthetic_postings(80)
    pay = postings["salary_annual_usd"]
    liked = ((pay > 80_000) & (pay < 140_000)).to_numpy(dtype=int)
    return FeatureEncoder(components=16).fit(postings).transform(postings), liked, company_groups(postings)


def test_every_trial_is_reported_and_the_first_is_the_default(problem: Problem) -> None:
    reports: list[TrialReport] = []
    found = search(*problem, trials=8, seed=1, on_trial=reports.append)
    assert [report.number for report in reports] == list(range(8))
    assert reports[0].parameters == Parameters()
    assert found in [report.parameters for report in reports]
    assert all(0 < report.value <= 1 and report.seconds > 0 for report in reports)
    assert {report.parameters.balance for report in reports} > {"weights"}


@pytest.mark.parametrize(
    "parameters", [Parameters(), Parameters(words_weight=1.2, balance="weights", title_weight=0.9)]
)
def test_margins_by_words_alone_are_those_of_every_trial(problem: Problem, parameters: Parameters) -> None:
    features, labels, groups = problem
    kernels = Kernels.of(features)
    both = kernels.both(parameters)
    for folds in tuning._repeats(features, both[1], labels, groups, seed=0):
        for fold in folds:
            rows = fold.train, fold.test
            known = held_out_margin(both, labels, *rows, parameters, seed=0, words=fold.words)
            np.testing.assert_array_equal(known, held_out_margin(both, labels, *rows, parameters, seed=0))
            inside = both[0][np.ix_(fold.train, fold.train)], both[1][np.ix_(fold.train, fold.train)]
            mine = inside, labels[fold.train], fold.inside, parameters
            known_inside = out_of_fold_margin(*mine, seed=0, words=fold.inside_words)
            assert known_inside is not None
            np.testing.assert_array_equal(known_inside, out_of_fold_margin(*mine, seed=0))


def test_same_seed_same_answer(problem: Problem) -> None:
    values: list[list[float]] = []
    for _ in range(2):
        reports: list[TrialReport] = []
        search(*problem, trials=5, seed=4, on_trial=reports.append)
        values.append([report.value for report in reports])
    assert values[0] == values[1]


def test_trees_are_chosen_where_only_they_can_see() -> None:
    postings = synthetic_postings(240)
    pay = postings["salary_annual_usd"]
    liked = ((pay > 80_000) & (pay < 140_000)).to_numpy(dtype=int)
    features = FeatureEncoder(components=16).fit(postings).transform(postings)
    found = search(features, liked, company_groups(postings), trials=12, seed=0)
    assert found.trees
    assert PreferenceModel(found).fit_features(features, liked).booster is not None


def test_luck_does_not_move_the_defaults() -> None:
    postings = synthetic_postings(90)
    features, groups = FeatureEncoder(components=16).fit(postings).transform(postings), company_groups(postings)
    kept = 0
    for seed in range(4):
        labels = np.random.default_rng(seed).permutation(likes(postings))
        kept += search(features, labels, groups, trials=8, seed=seed) == Parameters()
    assert kept >= 3


@pytest.mark.parametrize(("rows", "positives"), [(20, 2), (40, 3)])
def test_too_few_labels_leave_the_defaults(problem: Problem, rows: int, positives: int) -> None:
    features, _, groups = problem
    labels = (np.arange(rows) < positives).astype(int)
    reports: list[TrialReport] = []
    found = search(features.take(np.arange(rows)), labels, groups[:rows], trials=5, seed=0, on_trial=reports.append)
    assert found == Parameters() and reports == []


def test_one_company_only_leaves_the_defaults(problem: Problem) -> None:
    features, labels, _ = problem
    assert search(features, labels, np.zeros(len(labels)), trials=5, seed=0) == Parameters()


def test_one_class_is_refused(problem: Problem) -> None:
    features, labels, groups = problem
    with pytest.raises(ValueError, match="at least one interesting"):
        search(features, np.ones_like(labels), groups, trials=2, seed=0)


def test_held_out_scores_do_not_see_their_own_labels(problem: Problem) -> None:
    features, labels, groups = problem
    kernels = Kernels.of(features)
    of_words = kernels.of_words()
    first = tuning._repeats(features, of_words, labels, groups, seed=0)[0][0]
    flipped = labels.copy()
    flipped[first.test] = 1 - flipped[first.test]
    for parameters in (Parameters(), Parameters(trees=True)):
        scores = []
        for given in (labels, flipped):
            fold = tuning._fold(features, of_words, given, groups, train=first.train, test=first.test, seed=0)
            scores.append(tuning._held_out(kernels, given, parameters, folds=[fold], seed=0)[first.test])
        np.testing.assert_array_equal(scores[0], scores[1])
        assert not set(groups[first.train]) & set(groups[first.test])


def test_average_precision_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score

    random = np.random.default_rng(0)
    for _ in range(30):
        labels, scores = random.integers(0, 2, 25), random.integers(0, 6, 25).astype(float)
        labels[0] = 1
        assert tuning._average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))
