"""The page Recommended: what is to read, what a click stores, and the way back from every click."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.config import Home
from jobfinder_assets.recommendations import neighbours, reasons
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.web.actions import People
from jobfinder_assets.web.screens import recommended

NOW = datetime.now(UTC)
SETTINGS = "[profiles.ann]\n[profiles.ben]\n"
# Posting, title, band, role, workplace, source.
LISTED = [
    ("a", "Data Engineer", "strong", "data_engineer", "remote", "feed"),
    ("b", "<b>Analyst</b> [x](javascript:y)", "good", "data_analyst", "onsite", "feed"),
    ("c", "Platform Engineer", "good", "data_engineer", "unspecified", "board"),
]


def recommendation(rank: int, name: str, title: str, band: str, role: str, workplace: str, source: str) -> Any:
    why = [reasons.Sentence("mentions spark", 1.0), reasons.Sentence("less: pay not stated", -0.5)]
    liked = neighbours.Neighbour("z", "Pipeline Engineer", "Zed", 0.9)
    return {
        "profile": "ann", "posting_id": name, "cluster_id": name, "rank": rank, "score": 1.0 / rank, "band": band,
        "title": title, "company": f"{name} Corp", "role": role, "workplace": workplace, "source": source,
        "also_seen_on": "kaggle" if name == "a" else None, "first_seen_at": NOW, "posted_at": NOW,
        "url": "javascript:alert(1)" if name == "b" else f"https://jobs.example/{name}", "model_version": "3",
        "reasons": reasons.to_json(why), "neighbours": neighbours.to_json(neighbours.Neighbours(liked=liked)),
    }  # fmt: skip


def stored(lake: Lake, rows: Sequence[Any]) -> None:
    """A lake whose list for ann holds the rows, in this order."""
    listed = pd.DataFrame([recommendation(rank, *row) for rank, row in enumerate(rows, start=1)])
    lake.replace("recommendations", listed)
    ids = list(listed["posting_id"])
    facts = listed[["posting_id", "title", "company", "workplace", "source", "url", "first_seen_at"]]
    lake.merge("postings", facts.assign(description="We use Spark. <script>alert(1)</script>"))
    lake.merge("posting_clusters", pd.DataFrame({"posting_id": ids, "cluster_id": ids, "canonical_id": ids, "size": 1}))
    shares = {role: 0.9 * (listed["role"] == role) for role in ROLES}
    lake.merge("role_tags", listed[["posting_id", "role"]].assign(evidence="[]", **shares))


@pytest.fixture
def people(lake: Lake, home: Home) -> People:
    (home.root / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    stored(lake, LISTED)
    return People(lake, home)


def opened(**state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import recommended

        recommended.page()

    app = AppTest.from_function(script, default_timeout=30)
    for key, value in state.items():
        app.session_state[key] = value
    return rerun(app)


def rerun(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def cards(app: AppTest) -> list[str]:
    """Postings that are shown, in their order."""
    return [toggle.key.removeprefix("open-") for toggle in app.toggle if str(toggle.key).startswith("open-")]


def views(app: AppTest) -> list[str]:
    return list(app.segmented_control(key="recommended_view").options)


def show(app: AppTest, view: str) -> AppTest:
    app.segmented_control(key="recommended_view").set_value(view)
    return rerun(app)


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return rerun(app)


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.markdown, *app.caption, *app.info, *app.warning, *app.text]
    return "\n".join([str(element.value) for element in elements] + [each.proto.body for each in app.get("html")])


def said(home: Home) -> list[dict[str, Any]]:
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in home.inbox.iterdir()]
    return sorted(rows, key=lambda row: str(row["time"]))


def test_without_a_list_it_says_what_to_do(home: Home) -> None:
    assert "jobfinder run" in words(opened())


def test_a_card_says_what_is_known_and_why(people: People) -> None:
    app = opened()
    assert cards(app) == ["a", "b", "c"] and views(app) == ["to read (3)"]
    first, why = (element.proto.body for element in app.get("html")[:2])
    assert "strong match" in first and "data engineer 90%" in first and "from feed, also seen on kaggle" in first
    assert "mentions spark" in why and "<b>against:</b> pay not stated" in why and "because you liked Pipeline" in why
    second = app.get("html")[2].proto.body
    assert "&lt;b&gt;Analyst&lt;/b&gt;" in second and "on site" in second
    assert [button.proto.url for button in app.get("link_button")] == [
        "https://jobs.example/a", "https://jobs.example/c",
    ], "no link to a script"  # fmt: skip
    app.toggle(key="open-a").set_value(True)
    assert "We use <mark>Spark</mark>. &lt;script&gt;" in words(rerun(app))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("profile words", "Ranked by what your profile says"),
        ("profile and 12 labels", "Ranked by your 12 labels and"),
        ("7", "Ranked by model 7 of your taste"),
    ],
)
def test_it_says_by_what_it_is_ranked(people: People, lake: Lake, version: str, expected: str) -> None:
    lake.replace("recommendations", lake.read("recommendations").assign(model_version=version))
    assert expected in words(opened())


def test_what_is_interesting_leaves_the_list_and_comes_back(people: People, home: Home) -> None:
    app = click(opened(), "yes-a")
    (row,) = said(home)
    assert (row["posting"], row["label"], row["policy"], row["rank_shown"]) == ("a", "interesting", "top", 1)
    assert row["model_version"] == "3"
    assert cards(app) == ["b", "c"] and views(app) == ["to read (2)", "liked (1)"]
    assert "interesting: Data Engineer" in words(app) and "1 new label waits" in words(app)
    app = click(app, "undo_said")
    assert cards(app) == ["a", "b", "c"] and "interesting: Data" not in words(app) and people.labels("ann").empty


def test_what_is_not_interesting_is_stored_with_its_reason(people: People, home: Home) -> None:
    app = click(opened(), "no-b")
    assert not list(home.inbox.iterdir()), "a reason is asked for first"
    app.pills(key="why-b").set_value("pay too low")
    rerun(app)
    (row,) = said(home)
    assert (row["posting"], row["label"], row["reason"]) == ("b", "not interesting", "pay too low")
    assert views(app) == ["to read (2)", "not interesting (1)"]
    assert "not interesting: <b>Analyst</b> [x](javascript:y)" in [text.value for text in app.text], "as text"
    app = show(app, "disliked")
    assert cards(app) == ["b"]
    app = click(app, "back-b")
    assert cards(app) == ["a", "b", "c"] and people.labels("ann").empty


def test_what_is_not_interesting_needs_no_reason(people: People, home: Home) -> None:
    app = click(opened(), "no-b")
    app.pills(key="why-b").set_value("no reason")
    rerun(app)
    (row,) = said(home)
    assert (row["label"], row.get("reason") or "") == ("not interesting", "")


def test_applied_is_a_mark_and_a_label(people: People) -> None:
    app = click(opened(), "applied-a")
    assert people.marked("ann", "applied") == {"a"} and people.labels("ann")["interesting"].tolist() == [True]
    assert views(app) == ["to read (2)", "applied (1)"]
    app = click(app, "undo_said")
    assert people.marked("ann", "applied") == set() and people.labels("ann").empty and len(cards(app)) == 3


def test_one_applies_for_what_one_liked_before_and_may_take_it_back(people: People) -> None:
    app = show(click(opened(), "yes-a"), "liked")
    assert cards(app) == ["a"]
    app = show(click(app, "applied-a"), "applied")
    assert views(app) == ["to read (2)", "applied (1)"] and cards(app) == ["a"]
    app = click(app, "back-a")
    assert views(app) == ["to read (2)", "liked (1)"], "not applied for, but liked still"
    app = click(show(app, "liked"), "back-a")
    assert views(app) == ["to read (3)"] and people.labels("ann").empty


def test_hidden_is_no_label_and_shown_again(people: People, home: Home) -> None:
    app = click(opened(), "hide-c")
    assert cards(app) == ["a", "b"] and not list(home.inbox.iterdir()) and "hidden: Platform Engineer" in words(app)
    app = show(app, "hidden")
    assert cards(app) == ["c"] and "data engineer 90%" in words(app)
    app.toggle(key="open-c").set_value(True)
    assert "We use Spark." in words(rerun(app))
    app = click(app, "back-c")
    assert cards(app) == ["a", "b", "c"]


def test_a_label_of_another_tab_is_neither_overwritten_nor_undone(people: People) -> None:
    app = opened()
    people.label("ann", "a", interesting=False)
    app = click(app, "yes-a")
    assert "had a label already" in words(app) and not [key for key in app.button if key.key == "undo_said"]
    assert people.labels("ann")["interesting"].tolist() == [False]
    people.label("ann", "b", interesting=False)
    app = click(click(opened(), "applied-c"), "undo_said")
    assert sorted(people.labels("ann")["posting_id"]) == ["a", "b"]


def test_the_last_click_is_told_to_the_profile_that_clicked(people: People) -> None:
    app = click(opened(), "hide-a")
    app.session_state["profile"] = "ben"
    assert "hidden:" not in words(rerun(app))


def test_filters_count_and_narrow(people: People) -> None:
    app = opened()
    assert list(app.pills(key="only_band").options) == ["strong match (1)", "good match (2)"]
    assert list(app.pills(key="only_workplace").options) == ["on site (1)", "remote (1)", "not stated (1)"]
    app.pills(key="only_source").set_value(["feed"])
    assert cards(rerun(app)) == ["a", "b"]
    app.pills(key="only_role").set_value(["data_engineer"])
    assert cards(rerun(app)) == ["a"]
    app.pills(key="only_band").set_value(["good"])
    assert cards(rerun(app)) == [] and "Clear a filter" in words(app)
    for key in ("only_source", "only_band"):
        app.pills(key=key).set_value([])
    assert cards(rerun(app)) == ["a", "c"]


def test_what_came_since_the_last_visit(people: People, lake: Lake, home: Home) -> None:
    assert "new since" not in " ".join(views(opened())), "on the first visit nothing is old"
    before = {"mark": "visit", "posting_id": "", "time": (NOW - timedelta(days=1)).isoformat()}
    (home.root / "marks" / "ann.jsonl").write_text(json.dumps(before) + "\n", encoding="utf-8")
    old = lake.read("recommendations")
    old.loc[old["posting_id"] == "a", "first_seen_at"] = NOW - timedelta(days=2)
    lake.replace("recommendations", old)
    app = opened()
    assert views(app) == ["to read (3)", "new since my last visit (2)"]
    heads = [element.proto.body for element in app.get("html")[::2]]
    assert [">new<" in head for head in heads] == [False, True, True]
    assert cards(show(app, "new")) == ["b", "c"]


def test_pages(people: People, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommended, "_PER_PAGE", 2)
    app = opened()
    assert cards(app) == ["a", "b"]
    app.segmented_control(key="recommended_page").set_value(2)
    assert cards(rerun(app)) == ["c"]
    app = click(app, "hide-c")
    assert cards(app) == ["a", "b"], "the page that is empty now is left"


def test_a_posting_that_is_not_kept_any_more_is_left_out(people: People) -> None:
    people.label("ann", "a", interesting=True)
    people.label("ann", "gone", interesting=True)
    assert cards(show(opened(), "liked")) == ["a"]
