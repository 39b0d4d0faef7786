"""The page Label: the queue in its order, what a key stores, and what is said of the labels."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session
from jobfinder_assets.web.actions import People
from jobfinder_assets.web.screens import label

NOW = datetime.now(UTC)
SETTINGS = "[training]\nminimum_labels = 10\n[profiles.ann]\n"
# Posting, opening, policy.
QUEUE = [("a", "x", "top"), ("b", "b", "uncertain"), ("a-copy", "x", "random"), ("c", "c", "random")]


@pytest.fixture
def people(lake: Lake, home: Home) -> People:
    (home.root / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    ids, openings, policies = map(list, zip(*QUEUE, strict=True))
    facts = {"posting_id": ids, "title": ids, "source": "told", "url": [f"https://jobs.example/{name}" for name in ids]}
    lake.merge("postings", pd.DataFrame(facts).assign(description="Text. <script>alert(1)</script>", first_seen_at=NOW))
    lake.merge("posting_clusters", pd.DataFrame({"posting_id": ids, "cluster_id": openings, "canonical_id": openings}))
    told = {"profile": "ann", "posting_id": ids, "policy": policies, "position": range(1, 5), "propensity": 0.5}
    lake.replace("label_queue", pd.DataFrame(told).assign(score=[4.0, 3.0, 2.0, None], model_version="3"))
    return People(lake, home)


def opened() -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import label

        label.page()

    return rerun(AppTest.from_function(script, default_timeout=30))


def rerun(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return rerun(app)


def shown(app: AppTest) -> str:
    """The title of the posting; here it is its id."""
    found = [element.proto.body for element in app.get("html") if "jf-title" in element.proto.body]
    return found[0].partition('jf-title">')[2].partition("<")[0] if found else ""


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(element.value) for element in elements)


def said(home: Home) -> list[dict[str, Any]]:
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in home.inbox.iterdir()]
    return sorted(rows, key=lambda row: str(row["time"]))


def test_without_jobs_it_says_what_to_do(home: Home) -> None:
    app = opened()
    assert "page Start" in words(app) and not app.button


def test_one_posting_at_a_time_each_opening_once(people: People, home: Home) -> None:
    app = opened()
    assert shown(app) == "a" and "4 in the queue" in words(app)
    assert shown(click(app, "yes")) == "b"
    assert shown(click(app, "no")) == "c", "the copy of what has a label is not asked for"
    assert shown(click(app, "yes")) == "" and "Nothing is left" in words(app)
    rows = said(home)
    assert [(row["posting"], row["label"]) for row in rows] == [
        ("a", "interesting"), ("b", "not interesting"), ("c", "interesting"),
    ]  # fmt: skip
    assert [(row["policy"], row["propensity"], row["rank_shown"], row.get("score_shown")) for row in rows] == [
        ("top", 0.5, 1, 4.0), ("uncertain", 0.5, 2, 3.0), ("random", 0.5, 4, None),
    ]  # fmt: skip


def test_every_act_has_a_key(people: People) -> None:
    app = opened()
    keys = {button.key: button.proto.shortcut for button in app.button}
    assert {name: keys[name] for name in ("yes", "no", "skip", "undo_last")} == {
        "yes": "y", "no": "n", "skip": "s", "undo_last": "u",
    }  # fmt: skip
    assert [link.proto.shortcut for link in app.get("link_button")] == ["o"]


def test_undo_goes_back_through_labels_and_skips(people: People) -> None:
    app = opened()
    assert app.button(key="undo_last").disabled
    assert shown(click(app, "skip")) == "b" and people.marked("ann", "skipped") == {"a"}
    assert shown(click(app, "yes")) == "a-copy", "the copy of what was skipped only"
    assert shown(click(app, "undo_last")) == "b" and people.labels("ann").empty
    assert shown(click(app, "undo_last")) == "a" and people.marked("ann", "skipped") == set()
    assert app.button(key="undo_last").disabled


def test_undo_takes_back_what_the_chosen_profile_did_and_no_other(people: People, lake: Lake, home: Home) -> None:
    (home.root / "jobfinder.toml").write_text(f"{SETTINGS}[profiles.ben]\n", encoding="utf-8")
    lake.merge("label_queue", lake.read("label_queue").assign(profile="ben"))
    app = click(opened(), "yes")
    app.session_state["profile"] = "ben"
    assert shown(rerun(app)) == "a" and app.button(key="undo_last").disabled, "ben did nothing yet"
    click(click(app, "skip"), "undo_last")
    assert people.marked("ben", "skipped") == set() and app.button(key="undo_last").disabled
    assert [(row["profile"], row["label"]) for row in said(home)] == [("ann", "interesting")]
    app.session_state["profile"] = "ann"
    click(rerun(app), "undo_last")
    assert [(row["profile"], row["label"]) for row in said(home)] == [("ann", "interesting"), ("ann", "withdrawn")]
    assert people.labels("ann").empty


def test_a_label_of_another_tab_stays(people: People, home: Home) -> None:
    app = opened()
    people.label("ann", "a-copy", interesting=False)
    app = click(app, "yes")
    assert "had a label already" in words(app) and shown(app) == "b" and len(said(home)) == 1


def test_a_posting_that_is_gone_is_passed_over(people: People, lake: Lake) -> None:
    queue = lake.read("label_queue")
    queue.loc[queue["posting_id"] == "a", "posting_id"] = "gone"
    lake.replace("label_queue", queue)
    assert shown(opened()) == "b"


def test_the_first_labels_change_the_list_before_there_is_a_model(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(label, "start", lambda home, arguments: asked.append(arguments))
    app = opened()
    assert app.button(key="train").disabled and app.button(key="train").label == "update my list (no new labels)"
    app = click(app, "yes")
    assert "1 labelled, 1 of them interesting. 9 more until a model that can be judged" in words(app)
    assert app.button(key="train").label == "update my list (1 new label)"
    click(app, "train")
    assert asked == [["train", "--profile", "ann", "--plain"]]


def test_with_enough_labels_it_trains_unless_something_runs(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        people.label("ann", f"other-{number}", interesting=number % 2 == 0)
    app = opened()
    assert app.button(key="train").label == "train now (10 new labels)"
    assert "Enough for a first model" in words(app)

    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(label, "start", refuse)
    assert "still running" in words(click(app, "train"))
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    assert opened().button(key="train").disabled
