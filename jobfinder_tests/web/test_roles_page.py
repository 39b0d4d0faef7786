"""The page Roles: where titles go, what sources hold, and one key for each word on a role."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home
from jobfinder_assets.labels.events import consume
from jobfinder_assets.labels.files import drop_content
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.web import session
from jobfinder_assets.web.screens import roles

NOW = datetime.now(UTC)
# Posting, title, source, opening, and the probabilities of data engineer, data analyst and ML engineer.
POSTINGS = [
    ("sure", "Data Scientist", "feed", "sure", (0.97, 0.01, 0.01)),
    ("torn", "Data Scientist", "feed", "torn", (0.40, 0.35, 0.25)),
    ("torn-copy", "Data Scientist", "board", "torn", (0.40, 0.35, 0.25)),
    ("half", "Senior Data Analyst", "board", "half", (0.50, 0.45, 0.05)),
    ("mine", "Chef", "board", "mine", (0.10, 0.20, 0.60)),
    ("mine-sure", "Chef", "board", "mine-sure", (0.99, 0.01, 0.0)),
]
EVIDENCE = [
    {"phrase": "Data Scientist", "role": "data_scientist", "weight": 3.0, "part": "title", "start": 0, "end": 14},
    {"phrase": "<b>pipelines", "role": "data_engineer", "weight": 2.0, "part": "duties", "start": 6, "end": 18},
    {"phrase": "<b>pipelines", "role": "data_engineer", "weight": 1.0, "part": "duties", "start": 6, "end": 18},
]


@pytest.fixture
def tagged(lake: Lake, home: Home) -> Lake:
    (home.root / "jobfinder.toml").write_text("[profiles.ann]\n", encoding="utf-8")
    ids = [row[0] for row in POSTINGS]
    postings = pd.DataFrame(
        {"posting_id": ids, "title": [row[1] for row in POSTINGS], "source": [row[2] for row in POSTINGS]}
    )
    text = "Build <b>pipelines</b> <script>alert(1)</script> [x](javascript:y)"
    lake.merge(
        "postings", postings.assign(description=text, company=[f"{name} Corp" for name in ids], first_seen_at=NOW)
    )
    openings = [row[3] for row in POSTINGS]
    lake.merge("posting_clusters", pd.DataFrame({"posting_id": ids, "cluster_id": openings, "canonical_id": openings}))
    shares = pd.DataFrame([row[4] for row in POSTINGS], columns=["data_engineer", "data_analyst", "ml_engineer"])
    tags = shares.reindex(columns=list(ROLES), fill_value=0.0).assign(role=shares.idxmax(axis=1), posting_id=ids)
    lake.merge("role_tags", tags.assign(evidence=json.dumps(EVIDENCE)))
    # The person's list holds another copy's opening.
    listed = pd.DataFrame({"profile": "ann", "posting_id": ["mine", "mine-sure"], "cluster_id": ["mine", "mine-sure"]})
    lake.replace("recommendations", listed)
    return lake


def opened(part: str = "Correct", **state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import roles

        roles.page()

    app = AppTest.from_function(script, default_timeout=60)
    for key, value in {"roles_part": part, **state}.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.markdown, *app.caption, *app.info, *app.text]
    return "\n".join(str(element.value) for element in elements)


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def shown(app: AppTest) -> str:
    """The posting that is asked about."""
    found = re.findall(r">([\w-]+) Corp", html(app))
    assert len(found) == 1
    return str(found[0])


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def said(home: Home) -> dict[str, str]:
    """The role in each file of the inbox, by posting."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in home.inbox.iterdir()]
    return {row["posting"]: row["role"] for row in rows}


def test_without_tags_it_says_what_to_do(home: Home) -> None:
    app = opened()
    assert "Fetch jobs on the page Start" in words(app) and not app.button


def test_titles_with_counts_and_examples(tagged: Lake) -> None:
    app = opened("Where titles go")
    assert app.pills(key="roles_title").options == ["Data Scientist (3)", "Data Analyst (1)"]
    assert app.pills(key="roles_role").options == ["data engineer (3)"]
    examples = [str(toggle.key) for toggle in app.toggle]
    assert examples == ["read-role-sure", "read-role-torn"], "the surest first, an opening once"
    assert "<b>for data engineer:</b> “&lt;b&gt;pipelines”</div>" in html(app)
    assert "<b>for data scientist:</b> “Data Scientist” (title)" in html(app)
    assert "data engineer 97% · ML engineer 1% · data analyst 1%" in html(app)
    app.toggle(key="read-role-sure").set_value(True).run()
    assert "Build <mark>&lt;b&gt;pipelines</mark>" in html(app) and "<script" not in html(app)
    app.pills(key="roles_title").set_value("Data Analyst").run()
    assert [str(toggle.key) for toggle in app.toggle] == ["read-role-half"]


def test_no_ambiguous_title_is_told(tagged: Lake) -> None:
    tagged.replace("postings", pd.DataFrame({"posting_id": ["mine"], "title": ["Chef"], "source": ["feed"]}))
    assert "No posting has one of the ambiguous titles" in words(opened("Where titles go"))


def test_a_click_on_a_bar_chooses_title_and_role(tagged: Lake) -> None:
    def script() -> None:
        import streamlit as st

        from jobfinder_assets.web.screens import roles

        for bar in ([], [{"title": "Data Scientist", "role": "data_engineer"}]):
            st.session_state["titles_chart"] = {"selection": {"bar": bar}}
            roles._select_bar()
            st.text(st.session_state.get("roles_title", "none"))
        st.text(st.session_state["roles_role"])

    app = AppTest.from_function(script, default_timeout=60).run()
    assert [text.value for text in app.text] == ["none", "Data Scientist", "data_engineer"]


def test_sources_side_by_side(tagged: Lake) -> None:
    table = opened("By source").dataframe[0].value.set_index("source")
    assert table["postings"].to_dict() == {"all sources": 6, "board": 4, "feed": 2}
    assert table.loc["feed", "data_engineer"] == pytest.approx(100 * (0.97 + 0.40) / 2)


def test_one_key_each_and_the_next_posting(tagged: Lake, home: Home) -> None:
    app = opened()
    assert shown(app) == "mine" and "3 to look at; this one: it is on your list" in words(app)
    assert app.button(key="role-right").label == "right: ML engineer" and app.button(key="role-back").disabled
    assert [app.button(key=key).proto.shortcut for key in ("role-other", "role-right", "role-skip")] == ["5", "y", "s"]
    press(app, "role-data_analyst")
    assert said(home) == {"mine": "data_analyst"} and shown(app) == "torn"
    assert "the tagger is least certain of it" in words(app)
    press(app, "role-skip")
    assert shown(app) == "half" and len(said(home)) == 1
    press(app, "role-right")
    assert said(home) == {"mine": "data_analyst", "half": "data_engineer"}
    assert "No tag is left in doubt" in words(app) and "2 corrected so far, 2 of them since the last run" in words(app)


def test_back_asks_again_and_the_later_word_counts(tagged: Lake, home: Home, lake: Lake) -> None:
    app = press(opened(), "role-data_analyst")
    press(app, "role-back")
    assert shown(app) == "mine" and "you asked for it" in words(app)
    press(app, "role-other")
    assert shown(app) == "torn"
    consume(lake, home, now=datetime.now(UTC))
    corrections = lake.read("role_corrections").sort_values("corrected_at")
    assert corrections["role"].tolist() == ["data_analyst", "other"]


def test_what_was_said_is_not_asked_again_in_another_session(tagged: Lake, home: Home, lake: Lake) -> None:
    press(opened(), "role-other")
    assert shown(opened()) == "torn", "it waits in the inbox"
    content = json.dumps({"posting": "torn-copy", "role": "other"}).encode()
    drop_content(content, "roles", home)
    assert shown(opened()) == "half", "another copy of the opening"
    consume(lake, home, now=datetime.now(UTC))
    app = opened()
    assert shown(app) == "half" and "2 corrected so far, 0 of them since the last run" in words(app)


def test_an_example_can_be_corrected(tagged: Lake, home: Home) -> None:
    app = press(opened("Where titles go"), "correct-sure")
    assert app.session_state["roles_part"] == "Correct"
    app = opened(roles_next="sure")
    assert shown(app) == "sure" and "4 to look at" in words(app)
    press(app, "role-data_scientist")
    assert said(home) == {"sure": "data_scientist"} and shown(app) == "mine"


def test_a_posting_that_is_gone_is_passed_over(tagged: Lake, home: Home) -> None:
    app = opened(roles_next="gone")
    assert shown(app) == "mine" and not said(home)


def test_a_strangers_text_is_only_text(tagged: Lake) -> None:
    app = opened()
    assert "Build <mark>&lt;b&gt;pipelines</mark>" in html(app) and "<script" not in html(app)
    assert not any("javascript" in str(element.value) for element in app.markdown)


def test_corrections_are_applied_by_a_run(tagged: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(roles, "start", lambda home, arguments: asked.append(arguments))
    app = opened()
    assert app.button(key="apply_roles").disabled, "there is nothing to apply"
    press(press(app, "role-other"), "apply_roles")
    assert asked == [["train", "--profile", "ann", "--plain"]]

    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(roles, "start", refuse)
    assert "still running" in words(press(app, "apply_roles"))
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    assert opened().button(key="apply_roles").disabled
