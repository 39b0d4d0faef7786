"""What gets on the list, in which order, and why the rest does not."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobfinder_assets.config import Profile
from jobfinder_assets.recommendations.ranking import Ranking, holding_blocked_words, rank
from jobfinder_tests.recommendations.conftest import NOW, frames


def ranked(*rows: dict[str, Any], profile: Profile | None = None, **options: Any) -> Ranking:
    """Rank rows whose `score` is given; 1.0 where it is not."""
    postings, clusters, tags = frames(*rows)
    scores = pd.Series([row.get("score", 1.0) for row in rows], index=postings["posting_id"])
    profile = profile or Profile()
    options = {"labelled": (), "now": NOW, "blocked": holding_blocked_words(profile, [postings])} | options
    return rank(postings, clusters, tags, scores, profile=profile, **options)


def ids(ranking: Ranking) -> list[str]:
    return ranking.recommendations["posting_id"].tolist()


def test_better_scores_come_first() -> None:
    ranking = ranked({"score": 0.1}, {"score": 0.3}, {"score": 0.2})
    assert ids(ranking) == ["p1", "p2", "p0"]
    assert ranking.recommendations["rank"].tolist() == [1, 2, 3]
    assert ranking.filtered == {}


def test_equal_scores_are_ordered_by_preference_then_newest_then_id() -> None:
    rows = (
        {"posted_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"posted_at": datetime(2026, 2, 20, tzinfo=UTC)},
        {"posted_at": None, "first_seen_at": datetime(2026, 2, 10, tzinfo=UTC)},
        {"posted_at": datetime(2026, 1, 1, tzinfo=UTC), "workplace": "remote"},
    )
    assert ids(ranked(*rows)) == ["p1", "p2", "p0", "p3"]
    assert ids(ranked(*rows, profile=Profile(remote="preferred"))) == ["p3", "p1", "p2", "p0"]


def test_closed_and_labelled_openings_are_left_out() -> None:
    ranking = ranked(
        {"closed_at": NOW}, {"cluster": "a"}, {"cluster": "a"}, {"score": float("nan")}, {}, labelled={"p1"}
    )
    assert ids(ranking) == ["p4"]
    assert ranking.filtered == {"closed": 1, "labelled": 2, "no score": 1}


def test_a_label_on_a_copy_that_has_left_is_one_on_its_opening() -> None:
    ranking = ranked({"cluster": "a"}, {}, labelled={"a"})
    assert ids(ranking) == ["p1"]
    assert ranking.filtered == {"labelled": 1}


def test_one_posting_speaks_for_an_opening() -> None:
    rows = ({"cluster": "a", "source": "lever"}, {"cluster": "a", "score": 9.0, "source": "kaggle"}, {"score": 2.0})
    rows += ({"cluster": "a", "source": "lever"},)
    ranking = ranked(*rows)
    assert ids(ranking) == ["p2", "p0"]
    assert ranking.recommendations["also_seen_on"].tolist()[1] == "kaggle"
    assert ranking.filtered == {"another copy is shown": 2}


def test_a_copy_speaks_when_the_canonical_posting_is_closed() -> None:
    ranking = ranked({"cluster": "a", "closed_at": NOW}, {"cluster": "a"})
    assert ids(ranking) == ["p1"]
    assert ranking.recommendations["also_seen_on"].isna().all()


@pytest.mark.parametrize(
    ("wish", "facts", "filtered"),
    [
        ({"blocked_companies": ("acme",)}, {"company": "ACME, Inc."}, "blocked company"),
        ({"blocked_companies": ("Acme",)}, {"company": "Acme Cloud GmbH"}, "blocked company"),
        ({"blocked_companies": ("Acme",)}, {"company": "Acmeon"}, None),
        ({"blocked_companies": ("Acme",)}, {"company": None}, None),
        ({"blocked_words": ("C++",)}, {"title": "Engineer (c++)"}, "blocked word"),
        ({"blocked_words": ("night shift",)}, {"description": "In the Night Shift."}, "blocked word"),
        ({"blocked_words": ("java",)}, {"description": "JavaScript"}, None),
        ({"blocked_words": (" ",)}, {"description": None}, None),
        ({"pay_floor_usd": 60_000}, {"salary_annual_usd": 59_000.0}, "pay below the floor"),
        ({"pay_floor_usd": 60_000}, {"salary_annual_usd": 60_000.0}, None),
        ({"pay_floor_usd": 60_000}, {"salary_annual_usd": None}, None),
        ({"country": "de"}, {"country": "US"}, "other country"),
        ({"country": "DE"}, {"country": None}, None),
        ({"country": "DE"}, {"country": "US", "workplace": "remote"}, None),
        ({"country": "DE"}, {"country": "US", "workplace": "remote", "eligible_countries": ["US"]}, "other country"),
        ({"country": "DE"}, {"country": "US", "eligible_countries": ["DE", "US"]}, None),
        ({"country": "DE"}, {"country": "DE", "eligible_countries": ["US"]}, None),
        ({"places": ("Berlin",)}, {"city": "Munich", "location": "Munich, DE", "country": "DE"}, "other place"),
        ({"places": ("berlin",)}, {"city": "Berlin", "location": "Berlin"}, None),
        ({"places": ("Germany",)}, {"city": "Munich", "country": "DE"}, None),
        ({"places": ("Europe",)}, {"city": "Munich", "country": "DE"}, None),
        ({"places": ("Berlin",)}, {"city": None, "country": "DE", "location": "Germany"}, None),
        ({"places": ("Berlin",)}, {"city": "Austin", "country": "US", "workplace": "remote"}, None),
        ({"remote": "only"}, {"workplace": "onsite"}, "not remote"),
        ({"remote": "only"}, {"workplace": "hybrid"}, "not remote"),
        ({"remote": "only"}, {"workplace": "unspecified"}, None),
        ({"remote": "no"}, {"workplace": "remote"}, "remote"),
        ({"remote": "no"}, {"workplace": "unspecified"}, None),
        ({"remote": "preferred"}, {"workplace": "onsite"}, None),
    ],
)
def test_wishes_reject_only_what_is_known(wish: dict[str, Any], facts: dict[str, Any], filtered: str | None) -> None:
    ranking = ranked(facts, profile=Profile(**wish))
    assert ranking.filtered == ({filtered: 1} if filtered else {})
    assert len(ranking.recommendations) == (0 if filtered else 1)


def test_what_is_known_of_one_copy_holds_for_the_opening() -> None:
    ranking = ranked({"cluster": "a", "salary_annual_usd": 10.0}, {"cluster": "a"}, profile=Profile(pay_floor_usd=20))
    assert ranking.filtered == {"pay below the floor": 2}


def test_a_company_takes_no_more_than_its_share() -> None:
    rows = [{"company": name, "score": 9.0 - number} for number, name in enumerate(["Foo", "foo inc.", "Foo", "Bar"])]
    unknown = [{"company": None, "score": 0.0}] * 3
    ranking = ranked(*rows, *unknown, profile=Profile(per_company=2))
    assert ids(ranking) == ["p0", "p1", "p3", "p4", "p5", "p6"]
    assert ranking.filtered == {"more of one company": 1}


def test_almost_the_same_text_of_a_company_is_shown_once_the_best_of_them() -> None:
    rows = [
        {"company": name, "score": float(score)} for name, score in (("Foo", 1), ("Foo", 2), ("Foo", 3), ("Bar", 0))
    ]
    texts = {"p0": [1.0, 0.0], "p1": [1.0, 0.01], "p2": [0.0, 1.0], "p3": [1.0, 0.0]}
    ranking = ranked(*rows, vectors=lambda ids: np.array([texts[one] for one in ids]))
    assert ids(ranking) == ["p2", "p1", "p3"]
    assert ranking.filtered == {"almost the same text as a better one": 1}
    unnamed = ranked({"company": None}, {"company": None}, vectors=lambda ids: np.ones((len(ids), 2)))
    assert len(ids(unnamed)) == 2, "nobody knows that these are one company"


def test_the_list_has_its_length() -> None:
    ranking = ranked({}, {}, {}, profile=Profile(recommendations=2))
    assert ids(ranking) == ["p0", "p1"]
    assert ranking.filtered == {"beyond the list's length": 1}


def test_what_was_on_the_last_list_is_not_new() -> None:
    ranking = ranked({}, {"cluster": "a"}, {}, previous={"p0", "a"})
    assert dict(zip(ids(ranking), ranking.recommendations["is_new"], strict=True)) == {
        "p0": False, "p1": False, "p2": True,
    }  # fmt: skip


def test_an_opening_is_not_new_because_another_copy_speaks_for_it() -> None:
    """The cluster bears the name of its smallest posting, and p0 came after p1 was listed."""
    ranking = ranked({"cluster": "p0"}, {"cluster": "p0"}, previous={"p1"})
    assert ids(ranking) == ["p0"]
    assert not ranking.recommendations["is_new"].any()


def test_bands_say_where_a_score_stands_among_all_open_postings() -> None:
    rows = [{"score": -float(number)} for number in range(100)]
    bands = ranked(*rows).recommendations["band"]
    assert bands.value_counts(sort=False).to_dict() == {"strong": 2, "good": 8, "maybe": 20, "unlikely": 70}
    assert set(ranked(*[{} for _ in range(9)]).recommendations["band"]) == {"maybe"}


def test_no_posting_gives_an_empty_list() -> None:
    postings, clusters, tags = frames({})
    nothing = rank(
        postings.iloc[:0],
        clusters.iloc[:0],
        tags.iloc[:0],
        pd.Series(dtype="float64"),
        profile=Profile(places=("Berlin",), blocked_words=("x",), country="DE"),
        labelled=(),
        now=NOW,
    )
    assert nothing.recommendations.empty
    assert nothing.filtered == {}


row = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.sampled_from(["a", "b"]),
        "company": st.sampled_from(["Foo", "Foo Inc", "Bar", None]),
        "closed_at": st.sampled_from([None, NOW]),
        "salary_annual_usd": st.sampled_from([None, 10_000.0, 90_000.0]),
        "workplace": st.sampled_from(["remote", "hybrid", "onsite", "unspecified"]),
        "country": st.sampled_from(["DE", "US", None]),
        "city": st.sampled_from(["Berlin", "Austin", None]),
        "eligible_countries": st.sampled_from([None, ["DE"], ["US"]]),
        "score": st.sampled_from([0.0, 1.0, 2.0, float("nan")]),
    },
)
profiles = st.builds(
    Profile,
    blocked_companies=st.sampled_from([(), ("bar",)]),
    places=st.sampled_from([(), ("Berlin",)]),
    country=st.sampled_from(["", "DE"]),
    pay_floor_usd=st.sampled_from([0, 50_000]),
    remote=st.sampled_from(["any", "preferred", "only", "no"]),
    recommendations=st.sampled_from([2, 100]),
    per_company=st.sampled_from([1, 3]),
)


@settings(max_examples=40)
@given(
    rows=st.lists(row, min_size=1, max_size=8),
    profile=profiles,
    labelled=st.sets(st.sampled_from(["p0", "p1"])),
    order=st.randoms(use_true_random=False),
)
def test_every_posting_is_listed_or_counted_and_the_order_of_rows_is_nothing(
    rows: list[dict[str, Any]], profile: Profile, labelled: set[str], order: Any
) -> None:
    ranking = ranked(*rows, profile=profile, labelled=labelled)
    listed = ranking.recommendations
    assert len(listed) + sum(ranking.filtered.values()) == len(rows)
    assert listed["cluster_id"].is_unique
    assert listed["rank"].tolist() == list(range(1, len(listed) + 1))
    assert listed["score"].is_monotonic_decreasing
    postings, clusters, tags = frames(*rows)
    scores = pd.Series([row.get("score", 1.0) for row in rows], index=postings["posting_id"])
    shuffled = order.sample(range(len(rows)), len(rows))
    again = rank(postings.iloc[shuffled], clusters, tags, scores, profile=profile, labelled=labelled, now=NOW)
    assert ids(again) == ids(ranking)
    assert again.filtered.items() == ranking.filtered.items()
