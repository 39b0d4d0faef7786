"""What within a role one does most (analytics engineering, MLOps, language, …), as `specialities.toml` names it."""

import tomllib
from functools import cache
from importlib.resources import files

import numpy as np

from jobfinder_assets.roles.rules import Matrix, RuleSet, read_rule
from jobfinder_assets.roles.tokens import Tokens

MOST = 3
# One mention may be in passing: two different phrases among the duties, or one in the title.
_TWO_PHRASES = np.log2(1 + 1.5)


@cache
def speciality_rules() -> RuleSet:
    """One rule for each speciality; its `role` is the role that it belongs to first."""
    path = files("jobfinder_assets.roles") / "data" / "specialities.toml"
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["speciality"]
    return RuleSet([read_rule("duties", entry | {"weight": 1.0}, set()) for entry in entries])


def specialities_of(titles: Tokens, texts: Tokens, weights: Matrix) -> list[list[str]]:
    """The specialities of each posting, at most `MOST`, strongest first; `weights` as of `sections.section_weights`."""
    rules = speciality_rules()
    said = rules.vote(texts, weights).strength
    strength = np.where(rules.vote(titles).strength > 0, said + 2 * _TWO_PHRASES, said)
    order = np.argsort(-strength, axis=1, kind="stable")[:, :MOST]
    return [
        [rules.rules[number].name for number in row if strength[document, number] >= _TWO_PHRASES]
        for document, row in enumerate(order)
    ]
