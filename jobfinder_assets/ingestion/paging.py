"""Reading a source page by page, without losing the pages that came when a later one fails."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jobfinder_assets.ingestion.contract import Fetched, NotYet, RawPosting, SourceError


@dataclass(frozen=True)
class Page:
    """One page's postings; `last` when no other follows; `bytes` read for it."""

    postings: Sequence[RawPosting]
    bytes: int
    last: bool


def read_pages(board: str, read: Callable[[int], Page], *, most: int) -> Fetched:
    """Pages 0, 1, … of `read`, until the last one or `most` of them.

    Complete only when the last page was read. A page that fails after the first leaves the earlier ones: they are
    given first, and then its error is raised, so that the board counts as failed and closes nothing. The first
    page's error is raised at once.
    """
    postings: list[RawPosting] = []
    size = 0
    for index in range(most):
        try:
            page = read(index)
        except NotYet as error:
            if not index:
                raise
            return Fetched(board, postings, False, size, message=f"{index} pages; {error}")
        except SourceError as error:
            if not index:
                raise
            return Fetched(board, _then_raise(postings, error), False, size)
        postings += page.postings
        size += page.bytes
        if page.last:
            return Fetched(board, postings, True, size)
    return Fetched(board, postings, False, size, message=f"the first {most} pages; more follow")


def _then_raise(postings: Sequence[RawPosting], error: SourceError) -> Iterator[RawPosting]:
    yield from postings
    raise error
