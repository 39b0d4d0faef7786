"""Labelling functions over titles and duties: rules of `data/rules.toml`, and how far they cover and agree."""

import hashlib
import itertools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.roles.taxonomy import ROLE_INDEX
from jobfinder_assets.roles.tokens import Hits, Indices, PhraseTable, Tokens, tokenize
from jobfinder_assets.storage.schemas import ROLES

Part = Literal["title", "duties", "person"]
Matrix = NDArray[np.float64]
_DATA = files("jobfinder_assets.roles") / "data"


@dataclass(frozen=True)
class Rule:
    """One labelling function: its phrases speak for `role` with `weight` when they stand in `part`."""

    name: str
    part: Part
    role: str
    weight: float
    phrases: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Votes:
    """What the rules of one part say of a batch.

    strength: how strongly each rule speaks, 0 where it is silent, shape (documents, rules).
    hits, document, weight: each phrase found, the document it stands in, and its share of the evidence.
    """

    strength: Matrix
    hits: Hits
    document: Indices
    weight: Matrix


class RuleSet:
    """The rules of one part, compiled into one table of phrases."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        phrases: dict[tuple[int, str], None] = {
            (number, phrase): None for number, rule in enumerate(self.rules) for phrase in rule.phrases
        }
        self.table = PhraseTable(phrase for _, phrase in phrases)
        self.rule_of = np.array([number for number, _ in phrases], dtype=np.int64)
        self.role_of = np.array([ROLE_INDEX[rule.role] for rule in self.rules], dtype=np.int64)
        self._weights = np.array([rule.weight for rule in self.rules])
        self._roles = np.eye(len(ROLES))[self.role_of]

    def vote(self, tokens: Tokens, weights: Matrix | None = None) -> Votes:
        """Apply every rule. `weights` is what each word counts (see `sections.section_weights`); default 1.

        A rule's strength is its weight times log2(1 + n), n being the sum over its distinct phrases of
        the most that an occurrence counts: the second phrase says less than the first.
        """
        hits = self.table.find(tokens)
        document = tokens.document[hits.token]
        counts = np.ones(len(hits)) if weights is None else weights[hits.token]
        # The strongest occurrence of each phrase in each document.
        order = np.lexsort((-counts, hits.phrase, document))
        pair = document[order] * len(self.rule_of) + hits.phrase[order]
        best = order[np.flatnonzero(np.diff(pair, prepend=-1))]
        rule = self.rule_of[hits.phrase[best]]
        amount = np.bincount(
            document[best] * len(self.rules) + rule,
            weights=counts[best],
            minlength=tokens.documents * len(self.rules),
        ).reshape(tokens.documents, len(self.rules))
        best = np.sort(best)
        kept = Hits(hits.token[best], hits.length[best], hits.phrase[best])
        share = self._weights[self.rule_of[kept.phrase]] * counts[best]
        return Votes(self._weights * np.log2(1 + amount), kept, document[best], share)

    def scores(self, votes: Votes) -> Matrix:
        """Evidence for each role, shape (documents, roles)."""
        return votes.strength @ self._roles


def load_rules() -> tuple[Rule, ...]:
    """The rules of `data/rules.toml`, phrases expanded; a phrase in two rules is the first one's.

    Raises
    ------
    ValueError
        When a rule names an unknown role, has no positive weight, or its phrases cannot be read.
    """
    content = tomllib.loads((_DATA / "rules.toml").read_text(encoding="utf-8"))
    taken: dict[Part, set[tuple[int, ...]]] = {"title": set(), "duties": set()}
    return tuple(read_rule(part, entry, taken[part]) for part in taken for entry in content[part])


@cache
def rule_sets() -> tuple[RuleSet, RuleSet]:
    """The compiled rules over titles and over duties."""
    rules = load_rules()
    title, duties = (RuleSet([rule for rule in rules if rule.part == part]) for part in ("title", "duties"))
    return title, duties


@cache
def rules_digest() -> str:
    """Identity of the rules and of the headings that part an advert: first 12 hex of their SHA-256."""
    content = b"".join((_DATA / name).read_bytes() for name in ("rules.toml", "sections.toml"))
    return hashlib.sha256(content).hexdigest()[:12]


def read_rule(part: Part, entry: dict[str, Any], taken: set[tuple[int, ...]]) -> Rule:
    """The rule of one entry of a data file, its phrases expanded; those in `taken` are left out, its own added."""
    name, role, weight = entry["name"], entry["role"], float(entry["weight"])
    if role not in ROLE_INDEX:
        raise ValueError(f"rules.toml: rule {name!r}: unknown role {role!r}; roles: {', '.join(ROLES)}")
    if not weight > 0:
        raise ValueError(f"rules.toml: rule {name!r}: weight must be above 0, not {weight}")
    phrases = []
    for phrase in itertools.chain.from_iterable(map(expand, entry["phrases"])):
        # Case, accents and plurals are folded in the hashes: "ML models" is "ml model".
        words = tuple(tokenize([phrase]).hashes.tolist())
        if words not in taken:
            taken.add(words)
            phrases.append(phrase)
    return Rule(name, part, role, weight, tuple(phrases), tuple(entry["examples"]))


def expand(pattern: str) -> list[str]:
    """Every phrase that a pattern stands for: "(a|b) c" for "a c" and "b c", "[a ]b" for "a b" and "b"."""
    phrases, rest = _alternatives(pattern, 0, "")
    if rest != len(pattern):
        raise ValueError(f"pattern {pattern!r}: {pattern[rest]!r} at {rest} closes nothing")
    return phrases


def _alternatives(pattern: str, place: int, closing: str) -> tuple[list[str], int]:
    found: list[str] = []
    parts: list[list[str]] = []
    while place < len(pattern) and pattern[place] not in ")]":
        character = pattern[place]
        if character in "([":
            inner, place = _alternatives(pattern, place + 1, ")" if character == "(" else "]")
            parts.append(inner if character == "(" else [*inner, ""])
        elif character == "|":
            found += ["".join(choice) for choice in itertools.product(*parts)]
            parts = []
        else:
            parts.append([character])
        place += 1
    if closing and (place >= len(pattern) or pattern[place] != closing):
        raise ValueError(f"pattern {pattern!r}: a bracket is not closed by {closing!r}")
    return found + ["".join(choice) for choice in itertools.product(*parts)], place


def summarize(title: Matrix, duties: Matrix) -> pd.DataFrame:
    """Coverage, overlap and conflict of each rule over a corpus, as shares of all its postings.

    title, duties: rule strengths (`Votes.strength`) of the same postings. One row per rule: coverage
    (it speaks), overlap (it speaks and so does another), conflict (one that speaks names another role).
    """
    sets = rule_sets()
    fired = np.hstack([title > 0, duties > 0])
    rules = [rule for rule_set in sets for rule in rule_set.rules]
    role_of = np.concatenate([rule_set.role_of for rule_set in sets])
    others = fired.sum(axis=1, keepdims=True) - fired
    same = np.stack([fired[:, role_of == role].sum(axis=1) for role in range(len(ROLES))], axis=1)[:, role_of]
    conflicting = fired.sum(axis=1, keepdims=True) > same
    postings = max(len(fired), 1)
    return pd.DataFrame(
        {
            "part": [rule.part for rule in rules],
            "rule": [rule.name for rule in rules],
            "role": [rule.role for rule in rules],
            "coverage": fired.sum(axis=0) / postings,
            "overlap": (fired & (others > 0)).sum(axis=0) / postings,
            "conflict": (fired & conflicting).sum(axis=0) / postings,
        }
    )
