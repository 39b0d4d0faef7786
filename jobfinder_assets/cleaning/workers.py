"""Batches worked on in other processes, where there is enough to do for them.

joblib's processes wait some minutes for more work: a next step of the same run has them for far less work than they
take to start.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from jobfinder_assets.config import Compute

# loky ends those that had nothing to do for five minutes.
_WAITING_SECONDS = 240
# Each worker gets so many batches, so that none waits long for the others at the end; of fewer rows a batch costs more
# to hand over than to work on.
_BATCHES_EACH, _FEWEST_ROWS = 4, 250
_last_used: dict[str, float] = {}

Item = TypeVar("Item")
Result = TypeVar("Result")


def suited_to(compute: Compute, rows: int, *, to_start: int, once_started: int) -> Compute:
    """`compute` where `rows` are enough for its workers, to start them or once they run; else this process alone."""
    runs = time.monotonic() - _last_used.get(compute.backend, -math.inf) < _WAITING_SECONDS
    if compute.workers == 1 or rows < (once_started if runs else to_start):
        return compute.model_copy(update={"workers": 1})
    return compute


def rows_at_once(compute: Compute, rows: int, *, most: int) -> int:
    """How many of `rows` make a batch, at most `most`."""
    if compute.workers == 1 or compute.backend != "loky":
        return most
    from joblib import effective_n_jobs

    return min(most, max(_FEWEST_ROWS, math.ceil(rows / (_BATCHES_EACH * effective_n_jobs(compute.workers)))))


def mapped(work: Callable[..., Result], batches: Iterable[tuple[Any, ...]], compute: Compute) -> Iterator[Result]:
    """What `work` makes of each batch of arguments, in order."""
    if compute.workers == 1:
        yield from (work(*batch) for batch in _ahead(iter(batches)))
        return
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=compute.workers, backend=compute.backend, return_as="generator")
    yield from pool(delayed(work)(*batch) for batch in batches)
    _last_used[compute.backend] = time.monotonic()


def _ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items, each read by a thread while the one before is worked on."""
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = aside.submit(next, items, None)
            yield item
