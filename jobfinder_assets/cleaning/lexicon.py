"""Reads the word lists and tables in `cleaning/data`: knowledge stands there, code here."""

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

_DATA = files("jobfinder_assets.cleaning") / "data"


def read_lines(name: str) -> tuple[str, ...]:
    """The lines of a word list; blank lines and `#` comments are left out."""
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def read_json(name: str) -> Any:
    """A table stored as JSON."""
    return json.loads((_DATA / name).read_text(encoding="utf-8"))


def read_toml(name: str) -> dict[str, Any]:
    """A commented table."""
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


def read_patterns(name: str, flags: int = 0) -> dict[str, re.Pattern[str]]:
    """A commented table of regular expressions, each a list of alternatives."""
    return {key: re.compile(words, flags) for key, words in read_expressions(name).items()}


def read_expressions(name: str) -> dict[str, str]:
    """The same, not compiled: to be parts of others, or where each has flags of its own."""
    return {key: joined(parts) for key, parts in read_toml(name).items()}


def joined(alternatives: list[str]) -> str:
    """One regular expression of alternatives of which the first that fits at a place counts, those at words first.

    Those that begin at a word's boundary share one: the engine then passes over most of them by their first letter, in
    a third of the time. So do those at the beginning of the text.
    """
    groups = {
        opening: "|".join(part.removeprefix(opening) for part in alternatives if part.startswith(opening))
        for opening in (r"\b", "^")
    }
    others = [part for part in alternatives if not part.startswith(tuple(groups))]
    return "|".join([*(f"{opening}(?:{parts})" for opening, parts in groups.items() if parts), *others])
