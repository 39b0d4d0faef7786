"""How far to believe what rules and classifiers say: small regressions fitted on postings read by hand.

`data/calibration.json` holds their weights, and is written by `benchmarks/roles.py --calibrate` from the labels of
`jobfinder_tests/roles/gold/development.csv`. A multinomial logistic regression over log-probabilities (Platt scaling
for several classes; Guo et al. 2017, *On Calibration of Modern Neural Networks*) both weighs the readers and makes
a probability mean what it says. It also sees how strongly each rule speaks, as the label models of weak supervision do
(Ratner et al. 2017, *Snorkel*): a rule may be worth less than its author thought, or speak against a role. Texts with
a title and without have a regression each, for a title that is not there says nothing, and one that is misleads.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from jobfinder_assets.roles.rules import Matrix, rule_sets

_FILE = files("jobfinder_assets.roles") / "data" / "calibration.json"
# A probability of nothing at all would be beyond any weighing.
_LEAST = 1e-4

# By rules alone; by rules and classifiers, for postings with a title and for those without.
Name = Literal["rules", "titled", "untitled"]


@dataclass(frozen=True)
class Calibration:
    """weights: (inputs, roles); intercepts: (roles,)."""

    weights: Matrix
    intercepts: Matrix

    def apply(self, seen: Matrix) -> Matrix:
        """Probabilities, shape (postings, roles), from `inputs`, shape (postings, inputs)."""
        logits = seen @ self.weights + self.intercepts
        values: Matrix = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Matrix = values / values.sum(axis=1, keepdims=True)
        return shares


def inputs(*readers: Matrix, strengths: tuple[Matrix, Matrix] | None = None) -> Matrix:
    """What a regression sees: the logarithms of each reader's probabilities, side by side, and the rules' strengths.

    readers: (postings, roles) each; strengths: of the rules over titles and over duties, (postings, rules) each.
    """
    seen = [np.log(reader + _LEAST) for reader in readers]
    if strengths is not None:
        title, duties = strengths
        # The tenth phrase of a rule says less than its second.
        seen += [title, np.log1p(duties)]
    return np.hstack(seen)


def strength_names() -> list[str]:
    """The columns that `strengths` add to `inputs`."""
    return [f"{rule.part}: {rule.name}" for rule_set in rule_sets() for rule in rule_set.rules]


@cache
def calibration(name: Name) -> Calibration:
    """One of the regressions. Raises ValueError when it was fitted on other rules than those of `data/rules.toml`."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))[name]
    weights = content["readers"]
    if strengths := content.get("strengths"):
        if list(strengths) != strength_names():
            raise ValueError("the rules are not those of calibration.json: run `jobfinder bench roles --calibrate`")
        weights = weights + list(strengths.values())
    return Calibration(np.array(weights), np.array(content["intercepts"]))


@cache
def calibration_digest() -> str:
    """Identity of the weights: first 8 hex of their SHA-256."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()[:8]
