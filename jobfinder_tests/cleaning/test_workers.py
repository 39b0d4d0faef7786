"""Where batches are worked on, and in how many."""

import math

import pytest

from jobfinder_assets.cleaning import workers
from jobfinder_assets.cleaning.workers import mapped, rows_at_once, suited_to
from jobfinder_assets.config import Compute

TWO = Compute(backend="threading", workers=2)


@pytest.fixture(autouse=True)
def none_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_last_used", {})


def test_workers_that_run_are_used_for_less() -> None:
    def chosen(rows: int) -> int:
        return suited_to(TWO, rows, to_start=100, once_started=10).workers

    assert [chosen(rows) for rows in (9, 10, 99, 100)] == [1, 1, 1, 2]
    assert list(mapped(abs, [(-1,), (-2,)], TWO)) == [1, 2]
    assert [chosen(rows) for rows in (9, 10, 99, 100)] == [1, 2, 2, 2]


def test_workers_that_had_nothing_to_do_for_long_are_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(workers._last_used, TWO.backend, -math.inf)
    assert suited_to(TWO, 50, to_start=100, once_started=10).workers == 1


def test_one_worker_is_this_process_however_many_rows() -> None:
    assert suited_to(Compute(workers=1), 10**6, to_start=100, once_started=10).workers == 1
    assert list(mapped(pow, [(2, 3), (3, 2)], Compute(workers=1))) == [8, 9]


@pytest.mark.parametrize(("rows", "at_once"), [(100, 250), (4_000, 500), (10**6, 4_000)])
def test_each_worker_gets_several_batches(rows: int, at_once: int) -> None:
    assert rows_at_once(Compute(backend="loky", workers=2), rows, most=4_000) == at_once
    assert rows_at_once(Compute(workers=1), rows, most=4_000) == 4_000


def test_an_error_in_a_batch_reaches_the_caller() -> None:
    for compute in (Compute(workers=1), TWO):
        with pytest.raises(ZeroDivisionError):
            list(mapped(divmod, [(1, 1), (1, 0)], compute))
