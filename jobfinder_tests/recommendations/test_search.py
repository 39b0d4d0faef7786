"""Search: what is found, in which order, how it is narrowed, and that the index follows the lake."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.recommendations import search
from jobfinder_assets.recommendations.search import Filters, SearchIndex, match_expressions
from jobfinder_assets.storage.lake import Lake

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def posting(name: str, title: str, text: str = "", **facts: Any) -> dict[str, Any]:
    plain = {"workplace": "unspecified", "seniority": "unspecified", "source": "told", "company": f"{name} Corp"}
    dates = {"first_seen_at": NOW - timedelta(days=3), "posted_at": NOW - timedelta(days=facts.pop("age", 3))}
    return {
        "posting_id": name, "title": title, "description": text, "content_hash": facts.pop("content", "1"),
        "cleaning_version": "1", **plain, **dates, **facts,
    }  # fmt: skip


POSTINGS = [
    posting("a", "Data Engineer", "Pipelines in Python and Spark.", city="Berlin", country="DE", location="Berlin"),
    posting("b", "Analyst", "Dashboards; the data engineer helps.", salary_annual_usd=50_000.0, age=1),
    posting("c", "C++ Developer", "Trading systems in C++.", workplace="remote", salary_annual_usd=150_000.0, age=40),
    posting("d", "Ingénieur données", "Des pipelines pour le marché.", country="FR", city="Paris", location="Paris")
    | {"company": None},
    posting("e", "Data Engineer", "A copy of the first.", city="Berlin", country="DE"),
    posting("f", "Data Engineer", "Closed by now.", closed_at=NOW - timedelta(days=1)),
]


@pytest.fixture
def index(lake: Lake, tmp_path: Path) -> SearchIndex:
    lake.merge("postings", pd.DataFrame(POSTINGS))
    clusters = [{"posting_id": name, "cluster_id": "x", "canonical_id": "a", "size": 2} for name in ("a", "e")]
    lake.merge("posting_clusters", pd.DataFrame(clusters))
    lake.merge("role_tags", pd.DataFrame({"posting_id": ["a", "b"], "role": ["data_engineer", "data_analyst"]}))
    index = SearchIndex(tmp_path / "search.sqlite")
    assert index.update(lake) == 5, "one text per opening"
    return index


def ids(index: SearchIndex, query: str, filters: Filters | None = None, **options: Any) -> list[str]:
    return index.search(query, filters, now=NOW, **options).rows["posting_id"].tolist()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("data engineer", ["a", "b"]),
        ("DATA engineers", ["a", "b"]),
        ('"data engineer" -python', ["b"]),
        ("c++", ["c"]),
        ("ingenieur", ["d"]),
        ("pipeline", ["d", "a"]),
        ("Corp", ["b", "a", "c"]),
        ("berlin", ["a"]),
        ("", ["b", "a", "d", "c"]),
        ('" ( *', ["b", "a", "d", "c"]),
        ("NEAR( OR", []),
        ("-pipelines", ["b", "c"]),
        ("-python -corp", ["d"]),
        ("data -engineer -analyst", []),
    ],
)
def test_what_is_found(index: SearchIndex, query: str, expected: list[str]) -> None:
    assert sorted(ids(index, query)) == sorted(expected)
    if query == "data engineer":
        assert ids(index, query) == expected, "the title counts more than the text"


def test_some_words_are_better_than_nothing(index: SearchIndex) -> None:
    found = index.search("spark kubernetes", now=NOW)
    assert found.widened and found.rows["posting_id"].tolist() == ["a"]
    assert index.search("kubernetes", now=NOW).total == 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(roles=["data_engineer"]), {"a"}),
        (Filters(workplaces=["remote"]), {"c"}),
        (Filters(pay_floor_usd=100_000), {"a", "c", "d"}),
        (Filters(pay_floor_usd=100_000, stated=True), {"c"}),
        (Filters(country="de"), {"a", "b", "c"}),
        (Filters(place="Berlin"), {"a", "b", "c"}),
        (Filters(place="Paris, Berlin"), {"a", "b", "c", "d"}),
        (Filters(company="b corp."), {"b"}),
        (Filters(posted_within_days=2), {"b"}),
        (Filters(closed=True), {"a", "b", "c", "d", "f"}),
        (Filters(sources=["other"]), set()),
    ],
)
def test_filters(index: SearchIndex, filters: Filters, expected: set[str]) -> None:
    assert set(ids(index, "", filters)) == expected


def test_counts_say_what_another_choice_would_give(index: SearchIndex) -> None:
    found = index.search("", Filters(roles=["data_engineer"], workplaces=["remote"]), now=NOW)
    assert found.total == 0
    assert found.counts["workplace"] == {"unspecified": 1}, "of the data engineers"
    assert "role" in found.counts and found.counts["role"] == {}, "of the remote ones, no role is known"


def test_orders_and_pages(index: SearchIndex) -> None:
    assert ids(index, "data engineer", newest=True) == ["b", "a"]
    scores = pd.Series({"b": 0.9, "c": 0.95})
    assert ids(index, "", scores=scores)[:2] == ["c", "b"]
    assert ids(index, "", top=2) + ids(index, "", top=2, skip=2) == ids(index, "")


def test_the_index_follows_the_lake(index: SearchIndex, lake: Lake) -> None:
    assert index.update(lake) == 0, "nothing has changed"
    lake.merge("postings", pd.DataFrame([posting("b", "Chef", "Soups.", content="2")]))
    lake.merge("role_tags", pd.DataFrame({"posting_id": ["c"], "role": ["other"]}))
    assert index.update(lake) == 1
    assert ids(index, "soup") == ["b"] and ids(index, "dashboards") == []
    assert ids(index, "", Filters(roles=["other"])) == ["c"], "a new tag needs no new text"
    lake.delete("postings", pd.DataFrame({"posting_id": ["d"]}))
    index.update(lake)
    assert ids(index, "pipeline") == ["a"]


def test_an_index_with_many_dead_texts_is_made_anew(index: SearchIndex, lake: Lake) -> None:
    for turn in range(2, 6):
        lake.merge("postings", pd.DataFrame([posting(n, "Chef", f"Soup {turn}.", content=str(turn)) for n in "ab"]))
        index.update(lake)
    with sqlite3.connect(index.path) as connection:
        (texts,) = connection.execute("SELECT count(*) FROM texts_docsize").fetchone()
    assert texts <= 5 * 1.3
    assert set(ids(index, "soup")) == {"a", "b"} and ids(index, '"soup 4"') == []


def test_one_update_waits_for_the_other(index: SearchIndex, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that rebuild at once would write one half-made file."""
    write, at_once, most = search._write, [0], [0]

    def slow(*arguments: Any) -> int:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.2)
        assert set(ids(index, "")) == {"a", "b", "c", "d"}, "a reader waits for nobody"
        count = write(*arguments)
        at_once[0] -= 1
        return count

    monkeypatch.setattr(search, "_write", slow)
    monkeypatch.setattr(search, "_MOST_DEAD", -1.0)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: SearchIndex(index.path).update(lake), range(2)))
    assert (counts, most) == ([5, 5], [1])
    assert set(ids(index, "")) == {"a", "b", "c", "d"}
    assert not index.path.with_suffix(".new").exists()


def test_an_update_waits_no_longer_than_it_should(
    index: SearchIndex, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_LOCK_SECONDS", 0.05)
    with FileLock(f"{index.path}.lock"):
        with pytest.raises(TimeoutError, match=r"search\.sqlite is being brought up to date by another process"):
            index.update(lake)
        assert ids(index, "data engineer") == ["a", "b"]
    assert index.update(lake) == 0


def test_a_remote_job_for_others_is_in_no_place(index: SearchIndex, lake: Lake) -> None:
    remote = {"workplace": "remote", "location": "Remote", "country": None, "city": None}
    rows = [posting("g", "Remote", **remote, eligible_countries=["US"]), posting("h", "Remote", **remote)]
    lake.merge("postings", pd.DataFrame(rows))
    index.update(lake)
    assert set(ids(index, "remote", Filters(place="Berlin"))) == {"h"}
    assert set(ids(index, "remote", Filters(place="Berlin, New York"))) == {"g", "h"}
    assert set(ids(index, "remote", Filters(place="Narnia"))) == {"g", "h"}


def test_without_an_index_nothing_is_found(tmp_path: Path) -> None:
    assert SearchIndex(tmp_path / "none.sqlite").search("x", now=NOW).total == 0


@given(st.text(max_size=60))
def test_no_query_is_taken_for_syntax(query: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE texts USING fts5(body)")
        for expression in match_expressions(query):
            if expression:
                connection.execute("SELECT rowid FROM texts WHERE texts MATCH ?", [expression]).fetchall()
