"""What must hold of the cleaning's tables, in Great Expectations' words, and failures a person can read.

Each suite is a list of (column, rule, expectation type, arguments); `validate` runs one on a frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

_EXAMPLES = 5
# A column that fewer rows fill may by chance be empty in all of a day's.
_USUALLY_THERE = 0.02


@dataclass(frozen=True)
class Rule:
    """One expectation on one column (or on the table), and its meaning in words."""

    column: str
    words: str
    expectation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """A rule that does not hold: where, what, and rows that show it."""

    column: str
    rule: str
    examples: pd.DataFrame

    def __str__(self) -> str:
        return f"{self.column}: {self.rule}"


@dataclass(frozen=True)
class Before:
    """A table at the last check that passed: its rows, and the share of each column that was there."""

    rows: int = 0
    filled: Mapping[str, float] = field(default_factory=dict)


def one_of(column: str, values: Sequence[str]) -> Rule:
    return Rule(column, f"is one of {', '.join(values)}", "ExpectColumnValuesToBeInSet", {"value_set": list(values)})


def not_null(column: str, *, mostly: float = 1.0) -> Rule:
    words = "is there" if mostly == 1.0 else f"is there in {mostly:.0%} of the rows"
    return Rule(column, words, "ExpectColumnValuesToNotBeNull", {"mostly": mostly})


def unique(column: str) -> Rule:
    return Rule(column, "is unique", "ExpectColumnValuesToBeUnique", {})


def between(column: str, low: Any, high: Any, *, mostly: float = 1.0) -> Rule:
    arguments = {"min_value": low, "max_value": high, "mostly": mostly}
    share = "" if mostly == 1.0 else f" in {mostly:.0%} of the rows"
    return Rule(column, f"lies between {low} and {high}{share}", "ExpectColumnValuesToBeBetween", arguments)


def matches(column: str, pattern: str) -> Rule:
    return Rule(column, f"matches {pattern}", "ExpectColumnValuesToMatchRegex", {"regex": pattern})


def validate(frame: pd.DataFrame, suite: Sequence[Rule]) -> list[Failure]:
    """The rules of `suite` that do not hold for `frame`; an empty frame and a missing column are failures too."""
    if frame.empty:
        return [Failure("(table)", "has rows", frame.head())]
    missing = [
        Failure(rule.column, "the column is missing", frame.head(0)) for rule in suite if rule.column not in frame
    ]
    return missing + _expect(frame, [rule for rule in suite if rule.column in frame])


def filled(frame: pd.DataFrame) -> dict[str, float]:
    """The share of each column that is there."""
    return {str(name): round(float(share), 4) for name, share in frame.notna().mean().fillna(0).items()}


def compare(rows: int, shares: Mapping[str, float], before: Before, *, largest_drop: float) -> list[Failure]:
    """What was lost since the last check that passed: many of the rows, or all values of a column."""
    failures = []
    if rows < before.rows * (1 - largest_drop) or (before.rows and not rows):
        lost = pd.DataFrame({"rows at the last check": [before.rows], "rows now": [rows]})
        words = f"no more than {largest_drop:.0%} of the rows go at once ([checks] largest_drop accepts more)"
        failures.append(Failure("(table)", words, lost))
    for name, share in before.filled.items():
        if share >= _USUALLY_THERE and not shares.get(name, 0):
            gone = pd.DataFrame({"column": [name], "filled at the last check": [share], "filled now": [0.0]})
            failures.append(Failure(name, "is not empty in every row, as it was not before", gone))
    return failures


def _expect(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Failure]:
    import great_expectations as gx
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_or_update_pandas("lake")
    batch = (
        source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    )
    made = [getattr(gx.expectations, rule.expectation)(column=rule.column, **rule.arguments) for rule in rules]
    result = batch.validate(ExpectationSuite(name="suite", expectations=made), result_format="COMPLETE")
    failures = []
    for outcome in result.results:
        if outcome.success:
            continue
        configured = outcome.expectation_config
        rule = next(
            r for r in rules
            if r.column == configured.kwargs["column"] and _snake(r.expectation) == configured.type
        )  # fmt: skip
        rows = outcome.result.get("unexpected_index_list") or []
        failures.append(Failure(rule.column, rule.words, frame.loc[rows[:_EXAMPLES]]))
    return failures


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
