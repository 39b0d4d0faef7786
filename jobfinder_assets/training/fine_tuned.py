"""A fine-tuned transformer as a model among the others: judged by the gate, put in force, explained and rolled back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from jobfinder_assets.training.baselines import Scores
from jobfinder_assets.training.features import STRUCTURED, FeatureEncoder
from jobfinder_assets.training.model import LinearModel, Parameters, PreferenceModel
from jobfinder_assets.training.training_set import Examples

FINE_TUNED = "fine-tuned"


@dataclass(frozen=True, eq=False)
class FineTuned:
    """What is kept of a fine-tuned model that came back: enough to rank by it, and to judge it again.

    It cannot be fitted anew here, so that as a contestant it repeats what it said of the labels it came with.

    version: of its scores in `posting_vectors`, each less `typical`, the mean over the labelled postings (log-odds);
    scores: posting -> score by a model not trained on it; source, model_id: where MLflow keeps it.
    """

    version: str
    typical: float
    scores: Mapping[str, float]
    source: str = ""
    model_id: str = ""

    def fit(self, examples: Examples) -> Self:
        return self

    def score(self, examples: Examples) -> Scores:
        """(n,) the kept scores; NaN for postings that were labelled later."""
        ids = examples.features.posting_ids
        return np.array([self.scores.get(str(name), np.nan) for name in ids], dtype=np.float64)

    def model(self, encoder: FeatureEncoder) -> PreferenceModel:
        """A model that reads nothing but these scores: a posting that has none yet is a typical one."""
        linear = LinearModel(Parameters(meaning_weight=1.0))
        linear.term_weights = np.zeros(0)
        linear.vector_weights = np.zeros(len(encoder.components_))
        linear.structured_weights = np.zeros(len(STRUCTURED))
        linear.meaning_weights = np.ones(1)
        linear.intercept = self.typical
        return PreferenceModel.of(linear)
