"""The tagger tells roles by the duties, from no corpus, a tiny one, and a larger one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.roles.tagger import RoleTagger
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_tests.roles.adverts import ADVERTS

RULES_ALONE = RoleTagger()


def frame(rows: list[tuple[str | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["title", "description"])


def corpus(copies: int = 12) -> pd.DataFrame:
    """The adverts again and again, told apart by a line about the company."""
    rows = [
        (title, f"{text}\nAbout us\nWe are company number {number} in town {number % 7}.")
        for number in range(copies)
        for title, text, _ in ADVERTS
    ]
    return frame(rows)


@pytest.fixture(scope="module")
def fitted() -> RoleTagger:
    return RoleTagger().fit(corpus())


@pytest.mark.parametrize(("title", "text", "role"), ADVERTS, ids=[f"{title} -> {role}" for title, _, role in ADVERTS])
def test_role_by_duties(title: str, text: str, role: str, fitted: RoleTagger) -> None:
    for tagger in (RULES_ALONE, fitted):
        probabilities = tagger.predict_proba(frame([(title, text)])).iloc[0]
        assert probabilities.idxmax() == role, probabilities.round(2).to_dict()


@pytest.mark.parametrize(("title", "text", "role"), ADVERTS, ids=[f"{title} -> {role}" for title, _, role in ADVERTS])
def test_role_with_the_title_hidden(title: str, text: str, role: str, fitted: RoleTagger) -> None:
    probabilities = fitted.predict_proba(frame([("", text)])).iloc[0]
    assert probabilities.idxmax() == role, probabilities.round(2).to_dict()


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Data Engineer", "data_engineer"),
        ("Data Analyst", "data_analyst"),
        ("ML Engineer", "ml_engineer"),
        ("Data Scientist", "data_scientist"),
        ("Staff Nurse", "other"),
        ("Zookeeper", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_the_title_decides_when_nothing_else_is_known(title: str | None, role: str) -> None:
    assert RULES_ALONE.predict_proba(frame([(title, None)])).iloc[0].idxmax() == role


def test_company_blurb_and_nice_to_haves_are_no_duties() -> None:
    blurb = "About us\nWe build data pipelines, data lakes and ETL for our clients.\n"
    duties = "Duties\nPrepare weekly reports and dashboards, answer ad hoc questions.\n"
    text = duties + "Nice to have\nKafka, Spark, data pipelines.\n" + blurb
    assert RULES_ALONE.predict_proba(frame([("", text)])).iloc[0].idxmax() == "data_analyst"


TEXTS = st.one_of(
    st.none(),
    st.text(max_size=200),
    st.sampled_from([text for _, text, _ in ADVERTS]),
    st.sampled_from([title for title, _, _ in ADVERTS]),
)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_rows_are_distributions_and_independent_of_their_company(
    rows: list[tuple[str | None, str | None]], random
) -> None:
    postings = frame(rows)
    postings.index = pd.Index([f"p{number}" for number in range(len(rows))])
    tagger = SMALL
    together = tagger.predict_proba(postings)
    assert list(together.columns) == list(ROLES)
    assert together.index.equals(postings.index)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-9)
    assert together.ge(0).all(axis=None)
    shuffled = postings.sample(frac=1, random_state=random.randint(0, 99))
    np.testing.assert_allclose(tagger.predict_proba(shuffled).loc[postings.index], together, atol=1e-6)


SMALL = RoleTagger().fit(corpus(4))


def test_fit_does_not_depend_on_order_or_repetition(fitted: RoleTagger) -> None:
    shuffled = pd.concat([corpus(), corpus().head(40)]).sample(frac=1, random_state=3)
    again = RoleTagger().fit(shuffled)
    assert again.version == fitted.version
    pd.testing.assert_frame_equal(again.predict_proba(corpus(1)), fitted.predict_proba(corpus(1)))


def test_the_version_tells_corpora_apart(fitted: RoleTagger) -> None:
    assert len({RULES_ALONE.version, fitted.version, SMALL.version}) == 3


@pytest.mark.parametrize(
    "postings",
    [
        frame([]),
        frame([("Data Engineer", "Build data pipelines.")]),
        frame([(None, None), ("", "")]),
        frame([("Staff Nurse", f"Patient care on ward {number}.") for number in range(60)]),
    ],
    ids=["empty", "one posting", "no text", "one role only"],
)
def test_a_corpus_that_teaches_nothing_leaves_the_rules(postings: pd.DataFrame) -> None:
    tagger = RoleTagger().fit(postings)
    assert tagger.fit_.share == 0
    adverts = corpus(1)
    pd.testing.assert_frame_equal(tagger.predict_proba(adverts), RULES_ALONE.predict_proba(adverts))


def test_two_roles_are_enough_to_learn(fitted: RoleTagger) -> None:
    two = corpus()[corpus()["title"].isin(["Data Engineer", "Staff Nurse", "Senior Data Engineer", "Accountant"])]
    tagger = RoleTagger().fit(two)
    assert tagger.fit_.examples > 0
    probabilities = tagger.predict_proba(
        frame([("", "Load ETL jobs into the data warehouse."), ("", "Patient care on a ward.")])
    )
    assert probabilities.idxmax(axis=1).tolist() == ["data_engineer", "other"]


def test_the_classifiers_say_grows_with_the_corpus(fitted: RoleTagger) -> None:
    assert 0 < SMALL.fit_.share < fitted.fit_.share < 0.5


def test_the_classifier_knows_words_that_no_rule_has() -> None:
    """A word that only ever stands beside pipelines comes to speak for data engineers."""
    rows = [("", f"Duties\nBuild data pipelines and ETL with glim and quuxbase in {number}.") for number in range(300)]
    rows += [("", f"Duties\nPrepare weekly reports and dashboards with glim in {number}.") for number in range(300)]
    usual = "Prepare weekly reports and dashboards with glim in 7."
    questions = frame([("", f"Duties\n{usual} And {word}.") for word in ("quuxbase", "glim")])
    found = RoleTagger().fit(frame(rows)).predict_proba(questions)
    odds = (found["data_engineer"] / found["data_analyst"]).tolist()
    assert odds[0] > 1.1 * odds[1]


def test_of_adverts_in_other_words_the_rules_decide() -> None:
    """A classifier that knows hardly a word of an advert would call it what most of its corpus is."""
    rows = [("", f"Duties\nBuild data pipelines and ETL with quuxbase in unit {number}.") for number in range(300)]
    rows += [("", f"Duties\nPrepare weekly reports and dashboards in unit {number}.") for number in range(300)]
    strange = " ".join(f"zorb{number} flum{number}" for number in range(40))
    of_their_kind = frame([("", "Duties\nBuild data pipelines and ETL with quuxbase in unit 7.")])
    others = frame([("", f"Duties\nBuild data pipelines for {strange}.")])
    tagger = RoleTagger().fit(frame(rows))
    assert tagger.fit_.coverage > 0.5
    assert not np.allclose(tagger.predict_proba(of_their_kind), RULES_ALONE.predict_proba(of_their_kind))
    assert np.allclose(tagger.predict_proba(others), RULES_ALONE.predict_proba(others))


def test_evidence_names_the_phrases_where_they_stand(fitted: RoleTagger) -> None:
    postings = pd.DataFrame({"title": [title for title, _, _ in ADVERTS], "description": [t for _, t, _ in ADVERTS]})
    explained = fitted.explain(postings, most=4)
    assert len(explained) == len(postings)
    for (title, text, _), evidence in zip(ADVERTS, explained, strict=True):
        assert 1 <= len(evidence) <= 4
        for one in evidence:
            assert (title if one.part == "title" else text)[one.start : one.end] == one.phrase
            assert one.role in ROLES
        assert [one.weight for one in evidence] == sorted((one.weight for one in evidence), reverse=True)


def test_evidence_offsets_count_characters() -> None:
    (evidence,) = RULES_ALONE.explain(frame([("Ingénieur 😀 Data Engineer", "é 😀 日本 – data pipelines")]))
    assert {(one.phrase, one.start) for one in evidence} == {("Data Engineer", 12), ("data pipelines", 9)}


def test_tag_reads_once_what_the_others_read(fitted: RoleTagger) -> None:
    postings = corpus(1)
    tags = fitted.tag(postings)
    pd.testing.assert_frame_equal(tags.probabilities, fitted.predict_proba(postings))
    assert tags.evidence == fitted.explain(postings)
    assert len(tags.title_strength) == len(tags.duties_strength) == len(postings)


def test_a_stored_tagger_is_the_same_and_an_old_one_is_refused(fitted: RoleTagger) -> None:
    state = fitted.to_state()
    again = RoleTagger.from_state(state)
    assert again.version == fitted.version
    pd.testing.assert_frame_equal(again.predict_proba(corpus(1)), fitted.predict_proba(corpus(1)))
    with pytest.raises(ValueError, match="fit it anew"):
        RoleTagger.from_state(state | {"code": "0-older"})
