"""What a data product may hold: these columns and no other, each only if the consent names it."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from jobfinder_assets.export.errors import Refusal

WORDS = pa.list_(pa.string())
# Shorter than the shortest piece of an advert that counts as its prose: no value can hold one.
LONGEST_VALUE = 29


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it means, and whether it describes the posting well enough to find it again."""

    kind: pa.DataType
    meaning: str
    finds_posting: bool = False


COLUMNS: dict[str, Column] = {
    "row": Column(pa.int64(), "Number of the row; the order of the rows is random."),
    "interesting": Column(pa.bool_(), "The person's label: true for a job that they liked, else false."),
    "label_week": Column(pa.string(), "ISO 8601 week in which the label was given, such as 2026-W07."),
    "role": Column(pa.string(), "Role by the duties in the advert, as a classifier reads them.", finds_posting=True),
    "country": Column(pa.string(), "Country of the job, ISO 3166-1 alpha-2.", finds_posting=True),
    "seniority": Column(pa.string(), "Level: intern, junior, mid, senior, lead or unspecified.", finds_posting=True),
    "workplace": Column(pa.string(), "onsite, hybrid, remote or unspecified.", finds_posting=True),
    "pay": Column(pa.string(), "Yearly pay in US dollars, as a bin; empty where unknown.", finds_posting=True),
    "place": Column(pa.string(), "City of 500,000 people and more; empty for anything smaller.", finds_posting=True),
    "employment": Column(pa.string(), "Kind of employment, such as full_time.", finds_posting=True),
    "years": Column(pa.string(), "Years of experience asked for, as a bin.", finds_posting=True),
    "language": Column(pa.string(), "Language of the advert, ISO 639-1.", finds_posting=True),
    "employer": Column(pa.string(), "Company that hires, where it has enough postings.", finds_posting=True),
    "source": Column(pa.string(), "Source that the posting came from; its terms allow passing it on."),
    "skills": Column(WORDS, "Skills of a fixed list that the advert names, sorted."),
    "title_words": Column(WORDS, "Words of the job title that enough titles have, sorted: not the title."),
    "search_words": Column(WORDS, "The person's search words that this posting has, sorted: not the searches."),
    "reason_words": Column(WORDS, "Words of the person's reason that enough postings have, sorted: not the reason."),
}
# In every product: without them it says nothing.
ALWAYS = ("row", "interesting")
# What a person can consent to, each by its name.
CHOICES = tuple(name for name in COLUMNS if name != "row")
# What finds a posting again, the most useful first: a row that is too rare loses the last ones first.
QUASI = tuple(name for name, column in COLUMNS.items() if column.finds_posting)

PAY_BOUNDS = (40_000, 60_000, 80_000, 100_000, 120_000, 150_000, 200_000)
YEARS_BOUNDS = (1, 3, 5, 8)


def require_known(names: Iterable[str], where: str) -> tuple[str, ...]:
    """The names, each once. Raises `Refusal` for one that no product has."""
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in COLUMNS:
            raise Refusal(f"unknown column {name!r} in {where}; a product can have: {', '.join(CHOICES)}")
    return chosen


def schema(names: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a product with these columns, in the order of `COLUMNS`."""
    chosen = {*ALWAYS, *require_known(names, "the schema")}
    return pa.schema([pa.field(name, column.kind) for name, column in COLUMNS.items() if name in chosen])
