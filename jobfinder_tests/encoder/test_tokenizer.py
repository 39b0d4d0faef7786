"""Names learnt from a corpus as tokens, and what they save."""

from pathlib import Path

from jobfinder_assets.encoder.tokenizer import coverage, learn_words
from jobfinder_assets.encoder.weights import load
from jobfinder_tests.encoder.conftest import needs_extra

TEXTS = [
    "Our team uses PySpark and Databricks daily. We are Bakerino and we like full-time people.",
    "You know PySpark, Databricks and node.js. Bakerino bakes. Actionable insight.",
    "The work: Databricks, PySpark. At Bakerino you are actionable, full-time.",
    "We use PySpark with Databricks at Mill. Some actionable things are full-time.",
]
COMPANIES = ["Bakerino", "Other Ltd", "Third Inc", "Mill"]


@needs_extra
def test_names_of_several_employers_are_learnt_and_ordinary_words_are_not(tiny_weights: Path) -> None:
    base = load(tiny_weights).tokenizer
    words = learn_words(TEXTS, COMPANIES, base, most=10)
    assert {"pyspark", "databricks"} <= set(words)
    assert not {"actionable", "full-time", "team", "node.js"} & set(words)
    assert learn_words(TEXTS, COMPANIES, base, most=1) == (words[0],)
    assert learn_words(TEXTS, ["One GmbH"] * 4, base, most=10) == ()


@needs_extra
def test_coverage_counts_tokens_before_and_after(tiny_weights: Path) -> None:
    base = load(tiny_weights).tokenizer
    domain = load(tiny_weights, words=["pyspark", "databricks"]).tokenizer
    found = coverage([*TEXTS, "nothing of the kind"], base, domain, words=2)
    assert found.covered == 0.8
    saved = len("pyspark") - 1 + len("databricks") - 1
    assert found.before - found.after == saved * 4 / 5
    assert coverage([], base, domain, words=0).before == 0
