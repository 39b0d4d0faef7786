"""Words of the special categories of personal data (GDPR Art. 9) in what a person wrote."""

import tomllib
from functools import cache
from importlib import resources

CATEGORIES = ("health", "disability", "faith", "union", "politics", "sexuality", "origin")


@cache
def _words() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """By category: whole words, and beginnings of words."""
    file = resources.files("jobfinder_assets.export") / "data" / "special_categories.toml"
    table: dict[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        name: (
            frozenset(word for word in words if not word.endswith("*")),
            tuple(word.removesuffix("*") for word in words if word.endswith("*")),
        )
        for name, words in table.items()
    }


def categories_of(word: str) -> frozenset[str]:
    """The special categories that a word may tell of; most words tell of none."""
    folded = word.casefold()
    return frozenset(
        name for name, (whole, beginnings) in _words().items() if folded in whole or folded.startswith(beginnings)
    )


def may_stay(word: str, allowed: tuple[str, ...]) -> bool:
    """Whether the consent lets this word into a product: it tells of nothing special, or only of what is allowed."""
    return categories_of(word) <= set(allowed)
