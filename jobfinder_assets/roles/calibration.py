"""How far to believe what rules and classifier say: a small regression fitted on postings read by hand.

`data/calibration.json` holds its weights, and is written by `benchmarks/roles.py --calibrate` from the labels of
`jobfinder_tests/roles/gold/development.csv`. A multinomial logistic regression over log-probabilities (Platt scaling
for several classes; Guo et al. 2017, *On Calibration of Modern Neural Networks*) both weighs the two readers and makes
a probability mean what it says.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from jobfinder_assets.roles.rules import Matrix

_FILE = files("jobfinder_assets.roles") / "data" / "calibration.json"
# A probability of nothing at all would be beyond any weighing.
_LEAST = 1e-4


@dataclass(frozen=True)
class Calibration:
    """weights: (5 for each reader, roles); intercepts: (roles,)."""

    weights: Matrix
    intercepts: Matrix

    def apply(self, *readers: Matrix) -> Matrix:
        """Probabilities, shape (postings, roles), from those of each reader."""
        logits = inputs(*readers) @ self.weights + self.intercepts
        values: Matrix = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Matrix = values / values.sum(axis=1, keepdims=True)
        return shares


def inputs(*readers: Matrix) -> Matrix:
    """What the regression sees: the logarithms of each reader's probabilities, side by side."""
    return np.hstack([np.log(reader + _LEAST) for reader in readers])


@cache
def calibration(name: str) -> Calibration:
    """The regression for "rules" alone or for "rules_and_classifiers"."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))[name]
    return Calibration(np.array(content["weights"]), np.array(content["intercepts"]))


@cache
def calibration_digest() -> str:
    """Identity of the weights: first 8 hex of their SHA-256."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()[:8]
