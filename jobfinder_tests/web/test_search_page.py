"""The page Search: what is found and marked, how it is narrowed and ordered, and what a click stores or starts."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.recommendations.search import SearchIndex
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session
from jobfinder_assets.web.actions import People
from jobfinder_assets.web.screens import search
from jobfinder_assets.web.screens.search import words_found

NOW = datetime.now(UTC)
SETTINGS = '[profiles.ann]\nroles = ["data_engineer"]\nsearches = ["dashboards"]\n'


def posting(name: str, title: str, text: str, **facts: Any) -> dict[str, Any]:
    plain = {
        "source": "told", "workplace": "unspecified", "seniority": "unspecified", "company": f"{name} Corp",
        "content_hash": "1", "cleaning_version": "1", "first_seen_at": NOW - timedelta(days=3),
    }  # fmt: skip
    posted = NOW - timedelta(days=facts.pop("age", 3))
    return {"posting_id": name, "title": title, "description": text, "posted_at": posted} | plain | facts


POSTINGS = [
    posting("a", "Data Engineer", "Pipelines in Python.", country="DE", city="Berlin", location="Berlin", age=5),
    posting("b", "Analyst", "Dashboards; the data engineer helps.", workplace="remote", seniority="senior", age=1),
    posting("c", "Chef", "Soups. <script>alert(1)</script> [x](javascript:y)", salary_annual_usd=50_000.0),
    posting("d", "Data Engineer", "A copy.", country="DE"),
]


@pytest.fixture
def index(lake: Lake, home: Home) -> SearchIndex:
    (home.root / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    lake.merge("postings", pd.DataFrame(POSTINGS))
    copies = [{"posting_id": name, "cluster_id": "x", "canonical_id": "a", "size": 2} for name in ("a", "d")]
    lake.merge("posting_clusters", pd.DataFrame(copies))
    lake.merge(
        "role_tags",
        pd.DataFrame({"posting_id": ["a", "b"], "role": ["data_engineer", "data_analyst"]}).assign(evidence="[]"),
    )
    found = SearchIndex(home.search)
    found.update(lake)
    return found


def opened(**state: Any) -> AppTest:
    """The page as it comes, or as it is with some widgets set."""

    def script() -> None:
        from jobfinder_assets.web.screens import search

        search.page()

    app = AppTest.from_function(script, default_timeout=30)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def titles(app: AppTest) -> list[str]:
    """Postings of the cards, in their order."""
    return [toggle.key.removeprefix("read-") for toggle in app.toggle if str(toggle.key).startswith("read-")]


def words(app: AppTest) -> str:
    """Everything that is said in words."""
    elements: Sequence[Any] = [*app.markdown, *app.caption, *app.info, *app.warning, *app.text, *app.error]
    return "\n".join(str(element.value) for element in elements)


def labels(app: AppTest, key: str) -> list[str]:
    return list(app.pills(key=key).options)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The arguments of every run that the page starts, instead of runs."""
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(search, "start", lambda home, arguments: asked.append(arguments))
    return asked


def test_without_an_index_it_says_what_to_do(home: Home) -> None:
    app = opened()
    assert "jobfinder run" in words(app) and not app.text_input


def test_everything_newest_first_then_what_holds_the_words(index: SearchIndex) -> None:
    app = opened()
    assert titles(app) == ["b", "c", "a"] and "**3 jobs**" in words(app)
    app.text_input(key="search_query").set_value("data engineer").run()
    assert titles(app) == ["a", "b"], "a hit in the title comes first"
    app.segmented_control(key="search_order").set_value("newest").run()
    assert titles(app) == ["b", "a"]
    app.text_input(key="search_query").set_value("engineer -python").run()
    assert titles(app) == ["b"]


def test_words_are_told_when_none_holds_them_all(index: SearchIndex) -> None:
    app = opened(search_query="python kubernetes")
    assert titles(app) == ["a"] and "No job holds all" in words(app)
    app.text_input(key="search_query").set_value("kubernetes").run()
    assert titles(app) == [] and "try fewer or other words, or fetch now" in words(app)


def test_choices_have_counts_and_narrow(index: SearchIndex) -> None:
    app = opened()
    assert labels(app, "search_role") == ["data engineer (1)", "data analyst (1)"]
    assert labels(app, "search_workplace") == ["remote (1)", "not stated (2)"]
    app.pills(key="search_role").set_value(["data_analyst"]).run()
    assert titles(app) == ["b"] and "1 filter on" in words(app)
    assert labels(app, "search_workplace") == ["remote (1)"], "of the analysts"
    app.pills(key="search_workplace").set_value(["remote"]).run()
    app.text_input(key="search_query").set_value("python").run()
    assert titles(app) == [] and labels(app, "search_workplace") == ["remote (0)"], "what is chosen stays"
    app.text_input(key="search_query").set_value("").run()
    app.button(key="search_clear").click().run()
    assert titles(app) == ["b", "c", "a"] and app.pills(key="search_role").value == []


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("search_place", "Paris", ["b", "c"]),
        ("search_pay", 60_000, ["b", "a"]),
        ("search_days", 1, []),
        ("search_days", 3, ["b"]),
        ("search_seniority", ["senior"], ["b"]),
        ("search_source", ["told"], ["b", "c", "a"]),
        ("search_country", "FR", ["b", "c"]),
        ("search_company", "a Corp", ["a"]),
        ("search_years", 2, ["b", "c", "a"]),
    ],
)
def test_filters(index: SearchIndex, key: str, value: Any, expected: list[str]) -> None:
    assert titles(opened(**{key: value})) == expected


def test_a_country_stays_chosen_when_its_count_changes(index: SearchIndex) -> None:
    app = opened()

    def country() -> Any:
        return next(box for box in app.selectbox if box.label == "Country that I may work in")

    assert "Germany (1)" in country().options and "France" in country().options
    country().select("Germany (1)").run()
    assert titles(app) == ["b", "c", "a"], "what does not say where it is stays"
    app.pills(key="search_role").set_value(["data_analyst"]).run()
    assert country().value == "DE" and "Germany" in country().options and titles(app) == ["b"]


def test_my_recommendations_first(index: SearchIndex, lake: Lake) -> None:
    assert "my recommendations" not in opened().segmented_control(key="search_order").options
    rows = {"profile": "ann", "posting_id": ["d", "c"], "cluster_id": ["x", "c"], "score": [2.0, 1.0]}
    lake.replace("recommendations", pd.DataFrame(rows).assign(rank=[1, 2], band=["strong", "maybe"]))
    app = opened(search_order="mine")
    assert titles(app) == ["a", "c", "b"], "another copy of the opening is recommended"
    assert "strong match" in app.get("html")[0].proto.body


def test_pages(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_PER_PAGE", 2)
    app = opened()
    assert titles(app) == ["b", "c"]
    app.pagination[0].set_value(2).run()
    assert titles(app) == ["a"]
    app.text_input(key="search_query").set_value("corp").run()
    assert len(titles(app)) == 2 and app.pagination[0].value == 1, "another question begins at its first page"


def test_reading_marks_the_words_and_runs_nothing(index: SearchIndex) -> None:
    app = opened(search_query="pipeline")
    app.toggle(key="read-a").set_value(True).run()
    assert "<mark>Pipelines</mark> in Python." in app.get("html")[1].proto.body
    app = opened(search_query="soup")
    app.toggle(key="read-c").set_value(True).run()
    text = app.get("html")[1].proto.body
    assert "<script" not in text and "&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:y)" in text
    assert not any("javascript" in str(element.value) for element in app.markdown)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("pipeline", "Pipelines and a pipeline.", ["Pipelines", "pipeline"]),
        ('"data engineer" -sql', "A Data Engineer with SQL.", ["Data Engineer"]),
        ("marche c++", "Le marché en C++", ["marché", "C++"]),
        ("nothing", "Some text.", []),
        ("-sql", "SQL", []),
        ("", "Some text.", []),
    ],
)
def test_words_found(query: str, text: str, expected: list[str]) -> None:
    assert words_found(query, text) == expected


def test_words_are_found_as_the_index_finds_them(home: Home, lake: Lake) -> None:
    texts = ["Engineering c++ marché", "engineers C# café", "it's état-major x_y"]
    lake.merge("postings", pd.DataFrame([posting(str(n), "T", text) for n, text in enumerate(texts)]))
    index = SearchIndex(home.search)
    index.update(lake)
    for query in ("engineer", "c++", "c#", "c", "marche", "cafe", "its", "it", "etat", "x_y", "x"):
        found = set(index.search(query, now=NOW).rows["posting_id"])
        assert found == {str(n) for n, text in enumerate(texts) if words_found(query, text)}, query


def test_a_label_from_the_results_and_back(index: SearchIndex, lake: Lake, home: Home) -> None:
    app = opened(search_query="data engineer")
    app.button(key="yes-a").click().run()
    (file,) = home.inbox.iterdir()
    row = json.loads(file.read_text(encoding="utf-8"))
    assert (row["profile"], row["posting"], row["label"], row["policy"]) == ("ann", "a", "interesting", "own_choice")
    assert "you said: interesting" in words(app)
    app.button(key="back-a").click().run()
    assert People(lake, home).labels("ann").empty and "you said" not in words(app)
    app.button(key="no-a").click().run()
    assert People(lake, home).labels("ann")["interesting"].tolist() == [False]


def test_a_label_from_another_tab_is_not_overwritten(index: SearchIndex, lake: Lake, home: Home) -> None:
    app = opened(search_query="data engineer")
    People(lake, home).label("ann", "d", interesting=True)
    app.button(key="no-a").click().run()
    assert "had a label already" in words(app) and "you said: interesting" in words(app)


def test_a_search_is_saved_into_the_profile_and_used_again(index: SearchIndex) -> None:
    app = opened()
    assert app.button(key="search_save").disabled
    app.text_input(key="search_query").set_value(' "data  engineer" -junior ').run()
    app.button(key="search_save").click().run()
    assert load_settings(session.find_file()).profiles["ann"].searches == ("dashboards", '"data engineer" -junior')
    assert app.button(key="search_save").disabled and "The search is saved in" in words(app)
    app.pills(key="search_saved").set_value("dashboards").run()
    assert app.text_input(key="search_query").value == "dashboards" and titles(app) == ["b"]


def test_fetch_now_asks_for_the_words_and_the_place(index: SearchIndex, started: list[Sequence[str]]) -> None:
    app = opened()
    assert app.button(key="search_fetch").disabled, "without words there is nothing to ask for"
    app = opened(search_query="rust developer", search_place="Berlin")
    app.button(key="search_fetch").click().run()
    assert started == [["fetch", "--query", "rust developer", "--location", "Berlin", "--plain"]]


def test_fetch_now_while_another_run_goes_on(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(search, "start", refuse)
    app = opened(search_query="rust")
    app.button(key="search_fetch").click().run()
    assert "still running" in words(app)
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    assert opened(search_query="rust").button(key="search_fetch").disabled


def test_what_a_fetch_brought_stands_first(index: SearchIndex, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = NOW - timedelta(minutes=5)
    run = BackgroundRun(("fetch", "--query", "corp"), begun, "done", ())
    monkeypatch.setattr(session, "background", lambda: run)
    assert "brought nothing new" in words(opened(search_query="corp"))
    lake.merge("postings", pd.DataFrame([posting("e", "Baker", "Bread.", first_seen_at=NOW, age=90)]))
    index.update(lake)
    app = opened(search_query="corp", search_order="fetched")
    assert titles(app)[0] == "e" and "brought 1 new job." in words(app)
    shown = [element.proto.body for element in app.get("html")]
    assert ">new<" in shown[0] and not any(">new<" in card for card in shown[1:])


def test_offline_is_said(index: SearchIndex, home: Home, tmp_path: Path) -> None:
    (home.root / "jobfinder.toml").write_text(f"[http]\noffline = true\n{SETTINGS}", encoding="utf-8")
    assert "http.offline" in words(opened())


def test_a_broken_profile_is_told(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise search.ProfileError("jobfinder.toml: searches: too many")

    save: Callable[..., None] = refuse
    monkeypatch.setattr(search, "save_profile", save)
    app = opened(search_query="rust")
    app.button(key="search_save").click().run()
    assert "not saved" in words(app) and "searches: too many" in words(app)
