"""The rules file: each rule fires on its examples, each phrase where it should, and the numbers about them add up."""

import numpy as np
import pytest

from jobfinder_assets.roles.rules import Rule, RuleSet, expand, load_rules, rule_sets, summarize
from jobfinder_assets.roles.tokens import tokenize
from jobfinder_assets.storage.schemas import ROLES

RULES = load_rules()


def rule_set(rule: Rule) -> RuleSet:
    title, duties = rule_sets()
    return title if rule.part == "title" else duties


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.part}: {rule.name}")
class TestEachRule:
    def test_fires_on_its_examples(self, rule: Rule) -> None:
        rules = rule_set(rule)
        strength = rules.vote(tokenize(rule.examples)).strength[:, rules.rules.index(rule)]
        assert len(rule.examples) >= 1
        assert (strength > 0).all()

    def test_every_phrase_fires_it_alone_and_not_in_pieces(self, rule: Rule) -> None:
        rules = rule_set(rule)
        number = rules.rules.index(rule)
        assert (rules.vote(tokenize([f"The {phrase}, daily" for phrase in rule.phrases])).strength[:, number] > 0).all()
        assert (rules.vote(tokenize(["", "zebra crossing"])).strength[:, number] == 0).all()

    def test_is_silent_on_what_counts_nothing(self, rule: Rule) -> None:
        rules = rule_set(rule)
        tokens = tokenize([rule.phrases[0]])
        assert (rules.vote(tokens, np.zeros(len(tokens))).strength == 0).all()


def test_every_role_has_rules_for_title_and_duties() -> None:
    assert {(rule.part, rule.role) for rule in RULES} == {
        (part, role) for part in ("title", "duties") for role in ROLES
    }


def test_names_are_unique() -> None:
    assert len({(rule.part, rule.name) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("pattern", "phrases"),
    [
        ("etl", ["etl"]),
        ("(a|b) c", ["a c", "b c"]),
        ("[big ]data", ["big data", "data"]),
        ("(a [and (x|y) ]|b )c", ["a and x c", "a and y c", "a c", "b c"]),
        ("(new |)model", ["new model", "model"]),
    ],
)
def test_expand(pattern: str, phrases: list[str]) -> None:
    assert expand(pattern) == phrases


@pytest.mark.parametrize("pattern", ["(a|b", "[a b", "a) b", "(a] b"])
def test_expand_refuses_open_brackets(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        expand(pattern)


def test_more_phrases_speak_louder_but_less_and_less() -> None:
    rules = rule_sets()[1]
    number = [rule.name for rule in rules.rules].index("dashboards")
    texts = [
        "dashboard",
        "dashboard dashboard dashboard",
        "dashboard scorecard",
        "dashboard scorecard data visualization",
    ]
    one, repeated, two, three = rules.vote(tokenize(texts)).strength[:, number]
    assert one == repeated
    assert one < two < three
    assert three - two < two - one


def test_coverage_overlap_conflict() -> None:
    title, duties = rule_sets()
    strengths = (np.zeros((4, len(title.rules))), np.zeros((4, len(duties.rules))))
    number = {rule.name: place for place, rule in enumerate(duties.rules)}
    strengths[1][0, number["etl"]] = 1  # alone
    strengths[1][1, [number["etl"], number["pipelines"]]] = 1  # with one of its own role
    strengths[1][2, [number["etl"], number["reports"]]] = 1  # against another role
    table = summarize(*strengths).set_index(["part", "rule"])
    assert table.loc[("duties", "etl"), ["coverage", "overlap", "conflict"]].tolist() == [0.75, 0.5, 0.25]
    assert table.loc[("duties", "reports"), ["coverage", "overlap", "conflict"]].tolist() == [0.25, 0.25, 0.25]
    assert table.loc[("title", "data engineer"), ["coverage", "overlap", "conflict"]].tolist() == [0, 0, 0]
