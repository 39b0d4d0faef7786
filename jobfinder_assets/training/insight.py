"""What a model has learnt about a person, in words and facts anyone can read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobfinder_assets.training.features import STRUCTURED, TERM_BLOCKS, FeatureEncoder
from jobfinder_assets.training.model import PreferenceModel


@dataclass(frozen=True)
class Learnt:
    """One word or fact, and by how much it moves a score (in log-odds) at the strength it usually has."""

    name: str
    weight: float


@dataclass(frozen=True)
class Taste:
    """What speaks for and against a posting, the strongest first: words of the title, of the text, and facts."""

    title: tuple[list[Learnt], list[Learnt]]
    words: tuple[list[Learnt], list[Learnt]]
    facts: tuple[list[Learnt], list[Learnt]]


def taste(model: PreferenceModel, encoder: FeatureEncoder, *, top: int = 12) -> Taste:
    """The strongest weights of the linear part; what it learnt of the latent vector is carried back to the words.

    A term's weight is multiplied by its idf-free usual strength, which is one: terms of a text are of unit length.
    """
    weights = np.zeros(len(encoder.term_names))
    own = model.linear.term_weights
    weights[: len(own)] = own[: len(weights)]
    width = min(len(model.linear.vector_weights), len(encoder.components_))
    weights += model.linear.vector_weights[:width] @ encoder.components_[:width]
    names = np.array(encoder.term_names, dtype=object)
    facts = np.array([name.replace("_", " ").removeprefix("log10 ") for name in STRUCTURED], dtype=object)
    place = TERM_BLOCKS["fact"]
    fact_names = np.concatenate([facts, names[place]])
    fact_weights = np.concatenate([model.linear.structured_weights, weights[place]])
    return Taste(
        title=_strongest(names[TERM_BLOCKS["title"]], weights[TERM_BLOCKS["title"]], top),
        words=_strongest(names[TERM_BLOCKS["description"]], weights[TERM_BLOCKS["description"]], top),
        facts=_strongest(fact_names, fact_weights, top),
    )


def _strongest(names: NDArray[np.object_], weights: NDArray[np.float64], top: int) -> tuple[list[Learnt], list[Learnt]]:
    """(for, against); a word that is part of a stronger phrase is not said twice."""
    found = []
    for order, sign in ((np.argsort(-weights, kind="stable"), 1), (np.argsort(weights, kind="stable"), -1)):
        side: list[Learnt] = []
        for at in order[: 4 * top]:
            name = str(names[at]).removeprefix("title: ")
            if not name or sign * weights[at] <= 0 or len(side) == top:
                continue
            if not any(f" {name} " in f" {one.name} " or f" {one.name} " in f" {name} " for one in side):
                side.append(Learnt(name, float(weights[at])))
        found.append(side)
    return found[0], found[1]
