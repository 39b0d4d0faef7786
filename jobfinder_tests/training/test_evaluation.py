"""Folds, metrics, intervals and canaries of EVALUATION.md."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobfinder_assets.config import EXAMPLE_PROFILE, Compute, Training
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training.model import Parameters
from jobfinder_tests.training import people

TRAINING = Training(trials=5)
DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def labelled() -> ev.Examples:
    return people.examples(90, noise=0.05)


@pytest.fixture(scope="module")
def measured(labelled: ev.Examples) -> ev.Evaluation:
    found = ev.evaluate(
        labelled, EXAMPLE_PROFILE, training=TRAINING, champion=lambda: ev.Fixed(Parameters(), seed=0), repeats=1
    )
    assert isinstance(found, ev.Evaluation)
    return found


small_groups = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=4, max_size=60)


@given(rows=small_groups, folds=st.integers(2, 6), seed=st.integers(0, 5))
def test_no_group_is_on_both_sides_and_every_training_side_has_both_kinds(
    rows: list[tuple[int, bool]], folds: int, seed: int
) -> None:
    groups = np.array([f"g{group}" for group, _ in rows], dtype=object)
    labels = np.array([label for _, label in rows])
    assume(len(set(groups[labels])) > 1 and len(set(groups[~labels])) > 1)
    made = ev.grouped_folds(labels, groups, folds=folds, seed=seed)
    assert 2 <= len(made) <= folds
    assert sorted(np.concatenate([fold.test for fold in made]).tolist()) == list(range(len(rows)))
    for fold in made:
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert 0 < labels[fold.train].sum() < len(fold.train)
    order = np.random.default_rng(seed).permutation(len(rows))
    again = ev.grouped_folds(labels[order], groups[order], folds=folds, seed=seed)
    assert {frozenset(groups[f.test]) for f in made} == {frozenset(groups[order][f.test]) for f in again}


def test_folds_are_stratified_and_another_seed_gives_others() -> None:
    labels = np.arange(200) % 10 == 0
    groups = np.array([f"g{i}" for i in range(200)], dtype=object)
    first, second = (ev.grouped_folds(labels, groups, folds=5, seed=seed) for seed in (0, 1))
    assert [int(labels[fold.test].sum()) for fold in first] == [4] * 5
    assert [len(fold.test) for fold in first] == [40] * 5
    assert {frozenset(fold.test.tolist()) for fold in first} != {frozenset(fold.test.tolist()) for fold in second}


def test_one_employer_of_a_kind_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="at least two groups"):
        ev.grouped_folds(np.array([True, True, False, False]), np.array(["a", "a", "b", "c"]), folds=2, seed=0)


def test_metrics_of_a_known_ranking() -> None:
    labels = np.array([True, False, True, False, False, False, False, False, False, False, False, True])
    found = {name: float(values[0]) for name, values in ev.ranking_metrics(labels, -np.arange(12.0)).items()}
    gain = 1 / np.log2(2) + 1 / np.log2(4)
    assert found["AP"] == pytest.approx((1 + 2 / 3 + 3 / 12) / 3)
    assert found["precision@10"] == pytest.approx(0.2)
    assert found["nDCG@10"] == pytest.approx(gain / (gain + 1 / np.log2(3)))
    assert found["recall at 20% read"] == pytest.approx(2 / 3)
    assert found["ROC-AUC"] == pytest.approx((9 + 8 + 0) / 27)


rankings = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=3, max_size=40)


@settings(max_examples=40)
@given(rows=rankings)
def test_metrics_agree_with_scikit_learn_and_with_rows_written_out(rows: list[tuple[bool, int, int]]) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    labels, scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    written = np.repeat(np.arange(len(rows)), counts)
    assume(0 < labels[written].sum() < len(written))
    weighted = ev.ranking_metrics(labels, scores.astype(float), counts=counts[None, :])
    plain = ev.ranking_metrics(labels[written], scores[written].astype(float))
    for name in ev.METRICS:
        assert weighted[name] == pytest.approx(plain[name])
    assert plain["AP"][0] == pytest.approx(average_precision_score(labels[written], scores[written]))
    assert plain["ROC-AUC"][0] == pytest.approx(roc_auc_score(labels[written], scores[written]))


def test_ties_earn_the_mean_over_all_orders() -> None:
    random, labels = np.random.default_rng(0), np.arange(30) % 6 == 0
    scores = np.repeat([2.0, 1.0, 0.0], 10)
    exact = ev.ranking_metrics(labels, scores)
    orders = [ev.ranking_metrics(labels, scores + 1e-6 * random.random(30)) for _ in range(3_000)]
    for name in ("nDCG@10", "precision@10", "recall at 20% read", "ROC-AUC"):
        assert exact[name][0] == pytest.approx(np.mean([found[name][0] for found in orders]), abs=0.01)


def test_a_constant_score_earns_the_prevalence() -> None:
    found = ev.ranking_metrics(np.arange(50) % 5 == 0, np.zeros(50))
    assert found["AP"][0] == pytest.approx(0.2)
    assert found["precision@10"][0] == pytest.approx(0.2)
    assert found["ROC-AUC"][0] == pytest.approx(0.5)


def test_metrics_without_a_class_are_unknown() -> None:
    for labels in (np.ones(5, bool), np.zeros(5, bool)):
        assert all(np.isnan(values[0]) for values in ev.ranking_metrics(labels, np.arange(5.0)).values())


def test_the_bootstrap_draws_whole_groups() -> None:
    groups = np.array(["a", "a", "b", "c", "c"], dtype=object)
    draws = ev.group_bootstrap(groups, samples=400, seed=0)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, 3] == draws[:, 4]).all()
    assert (draws[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert draws[:, 2].mean() == pytest.approx(1, abs=0.15)
    assert (draws == ev.group_bootstrap(groups, samples=400, seed=0)).all()


def test_the_scoreboard_has_every_contestant_with_intervals(measured: ev.Evaluation) -> None:
    board = measured.scoreboard.set_index("model")
    assert set(board.index) == {
        "newest first", "profile keywords", "role tag only", "TF-IDF + logistic regression", "TF-IDF + LinearSVC",
        "company name alone", "linear model", "model", "champion", "prevalence",
    }  # fmt: skip
    assert board.loc["prevalence", "AP"] == measured.positives / 90
    judged = board.drop(index="prevalence")
    assert (judged["low"] <= judged["AP"]).all()
    assert (judged["AP"] <= judged["high"]).all()
    assert judged.notna().all(axis=None)
    assert list(board["AP"]) == sorted(board["AP"], reverse=True)
    assert board.loc["model", "AP"] > measured.prevalence + 0.3
    # The champion's recipe is the default one, which is the linear model.
    assert board.loc["champion", "AP"] == pytest.approx(board.loc["linear model", "AP"])
    assert board.loc["linear model", "difference"] == 0
    difference = measured.difference("model", "newest first")
    assert difference.value == pytest.approx(board.loc["model", "AP"] - board.loc["newest first", "AP"])
    assert difference.low > 0


def test_canaries_sing(labelled: ev.Examples, measured: ev.Evaluation) -> None:
    found = ev.canaries(labelled, measured, training=TRAINING)
    assert [canary.name for canary in found] == [
        "shuffled labels",
        "duplicated rows",
        "clean folds",
        "company name alone",
    ]
    assert all(canary.passed for canary in found), found


def test_a_leak_silences_a_canary(
    labelled: ev.Examples, measured: ev.Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen_before(make: object, examples: ev.Examples, *, plan: ev.FoldPlan) -> ev.Scores:
        return ev.Linear().fit(examples).score(examples)[None, :]

    monkeypatch.setattr(ev, "out_of_fold_scores", seen_before)
    leaky = ev.Fold(np.arange(90), np.arange(10), None)
    broken = replace(measured, plan=ev.FoldPlan("grouped", ((leaky,),), ""))
    failed = [canary.name for canary in ev.canaries(labelled, broken, training=TRAINING) if not canary.passed]
    assert failed == ["shuffled labels", "clean folds"]


def test_too_few_labels_give_counts_and_no_rates(labelled: ev.Examples) -> None:
    few = ev.evaluate(labelled.take(np.arange(29)), EXAMPLE_PROFILE, training=TRAINING)
    assert isinstance(few, ev.TooFewLabels)
    assert few.positives + few.negatives == 29
    assert "needs 30" in str(few)
    likes = np.flatnonzero(labelled.labels)
    one_sided = labelled.take(np.concatenate([likes[:4], np.flatnonzero(~labelled.labels)]))
    assert isinstance(ev.evaluate(one_sided, EXAMPLE_PROFILE, training=TRAINING), ev.TooFewLabels)
    one_employer = replace(labelled, groups=np.where(labelled.labels, "same", labelled.groups).astype(object))
    assert isinstance(ev.enough_labels(one_employer, TRAINING), ev.TooFewLabels)


def dated(examples: ev.Examples, days: np.ndarray) -> ev.Examples:
    return replace(examples, labelled_at=np.datetime64("2026-01-01", "us") + days * DAY)


def test_times_that_spread_make_a_rolled_split() -> None:
    examples = dated(people.examples(160), np.arange(160) // 4)
    plan = ev.plan_folds(examples, training=TRAINING)
    assert plan.kind == "time"
    assert ev.split_problems(plan, examples) == []
    (folds,) = plan.repeats
    assert len(folds) == TRAINING.outer_folds
    for fold in folds:
        assert examples.labelled_at[fold.train].max() <= fold.cut < examples.labelled_at[fold.test].min()
    assert [fold.cut for fold in folds] == sorted(fold.cut for fold in folds)


@pytest.mark.parametrize("days", [np.arange(160) // 40, np.full(160, 3)])
def test_times_that_do_not_spread_make_grouped_folds(days: np.ndarray) -> None:
    assert ev.plan_folds(dated(people.examples(160), days), training=TRAINING).kind == "grouped"


def test_a_row_dated_after_t_in_train_is_named() -> None:
    examples = dated(people.examples(160), np.arange(160) // 4)
    plan = ev.plan_folds(examples, training=TRAINING)
    fold = plan.repeats[0][0]
    late = np.setdiff1d(np.arange(160), np.concatenate([fold.train, fold.test]))
    late = late[examples.labelled_at[late] > fold.cut][:1]
    spoilt = replace(fold, train=np.append(fold.train, late))
    problems = ev.split_problems(ev.FoldPlan("time", ((spoilt,),), ""), examples)
    assert any(f"p{late[0]:04d} is dated after T in train" in problem for problem in problems)


def test_the_folds_are_frozen(labelled: ev.Examples) -> None:
    first = ev.plan_folds(labelled, training=TRAINING)
    order = np.random.default_rng(0).permutation(len(labelled))
    assert ev.plan_folds(labelled.take(order), training=TRAINING).fingerprint == first.fingerprint
    assert ev.plan_folds(labelled, training=Training(seed=1)).fingerprint != first.fingerprint
    frame = first.to_frame(labelled)
    assert frame.groupby(["repeat", "group"])["fold"].nunique().max() == 1
    assert len(frame) == len(labelled) * ev.REPEATS


def test_labels_picked_at_random_are_the_measure_once_there_are_enough(labelled: ev.Examples) -> None:
    plan = ev.plan_folds(labelled, training=TRAINING)
    some = replace(labelled, random_pick=np.arange(90) < 50)
    rows, basis = ev.measured_rows(some, plan, training=TRAINING)
    assert (rows.tolist(), basis) == (some.random_pick.tolist(), "random picks")
    few = replace(labelled, random_pick=np.arange(90) < 10)
    rows, basis = ev.measured_rows(few, plan, training=TRAINING)
    assert (rows.all(), basis) == (True, "all labels")


def test_a_search_inside_a_fold_never_sees_its_test_rows(
    labelled: ev.Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def spy(features: object, labels: object, groups: object, *, trials: int, seed: int) -> Parameters:
        seen.append(set(features.posting_ids))  # type: ignore[attr-defined]
        return Parameters()

    monkeypatch.setattr(ev, "search", spy)
    plan = ev.plan_folds(labelled, training=TRAINING, repeats=1)
    ev.out_of_fold_scores(lambda: ev.Tuned(trials=5, seed=0), labelled, plan=plan)
    ids = labelled.features.posting_ids
    assert [len(rows) for rows in seen] == [len(fold.train) for fold in plan.repeats[0]]
    assert all(not rows & set(ids[fold.test]) for rows, fold in zip(seen, plan.repeats[0], strict=True))


def test_the_cost_of_diversity_is_what_the_list_loses(labelled: ev.Examples, measured: ev.Evaluation) -> None:
    found = ev.diversity_cost(measured, labelled, contestant=ev.MODEL, per_company=1)
    assert found["nDCG@10 without diversity"] == pytest.approx(float(measured.metrics[ev.MODEL]["nDCG@10"][0]))
    assert found["cost of diversity"] == pytest.approx(
        found["nDCG@10 without diversity"] - found["nDCG@10 with diversity"]
    )
    assert found["cost of diversity low"] <= found["cost of diversity"] <= found["cost of diversity high"]
    free = ev.diversity_cost(measured, labelled, contestant=ev.MODEL, per_company=90)
    assert free["cost of diversity"] == pytest.approx(0.0)


def test_a_company_that_holds_all_likes_makes_diversity_dear(labelled: ev.Examples, measured: ev.Evaluation) -> None:
    companies = np.where(labelled.labels, "One", [f"Firm {number}" for number in range(len(labelled))])
    one = replace(labelled, postings=labelled.postings.assign(company=companies))
    perfect = replace(measured, scores={ev.MODEL: labelled.labels[None].astype(float) + np.arange(90)[None] / 1e3})
    found = ev.diversity_cost(perfect, one, contestant=ev.MODEL, per_company=2)
    assert found["nDCG@10 without diversity"] == pytest.approx(1.0)
    ideal = (1 / np.log2(np.arange(2, 12))).sum()
    assert found["nDCG@10 with diversity"] == pytest.approx((1 + 1 / np.log2(3)) / ideal)


def test_folds_fitted_in_other_processes_give_the_same_scores(labelled: ev.Examples) -> None:
    plan = ev.plan_folds(labelled, training=TRAINING, repeats=1)
    make = partial(ev.Tuned, trials=3, seed=0)
    here = ev.out_of_fold_scores(make, labelled, plan=plan)
    there = ev.out_of_fold_scores(make, labelled, plan=plan, compute=Compute(backend="loky", workers=2))
    np.testing.assert_allclose(here, there, rtol=0, atol=1e-9)
    assert not np.isnan(here).any()
