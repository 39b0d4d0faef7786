"""The page Model: what it says of a model, and what its buttons store, start and put in force."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning, BackgroundRun
from jobfinder_assets.config import Home
from jobfinder_assets.storage.files import write_json, write_object
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import insight
from jobfinder_assets.training.evaluation import Canary
from jobfinder_assets.training.features import fit_encoder, save_encoder, update_features
from jobfinder_assets.training.fine_tuned import FineTuned
from jobfinder_assets.training.insight import Run
from jobfinder_assets.training.model import Parameters, PreferenceModel
from jobfinder_assets.training.registry import MODEL_CODE_VERSION, Champion
from jobfinder_assets.training.training_set import build_training_set, load_examples
from jobfinder_assets.web import session
from jobfinder_assets.web.screens import model
from jobfinder_tests.training import people

NOW = datetime.now(UTC)
SETTINGS = "[training]\nouter_folds = 3\n[profiles.ann]\n"
HOSTILE = "<script>alert(1)</script> [x](javascript:y) Data Engineer"


@pytest.fixture
def trained(lake: Lake, home: Home) -> Champion:
    """A home whose model 2 was trained on sixty labels, of which two were turned round; model 1 was before."""
    (home.root / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    posts = people.postings(60)
    posts.loc[posts["role"] == "data_engineer", "title"] = HOSTILE
    events = people.label_events(posts)
    events.loc[turned(posts), "interesting"] = ~events.loc[turned(posts), "interesting"]
    people.fill(lake, posts, events)
    lake.replace("role_tags", people.role_tags(posts).assign(evidence="[]"))
    save_encoder(home, encoder := fit_encoder(lake))
    update_features(lake, encoder)
    lake.replace("training_set", build_training_set(events, people.clusters(posts), posts, profile="ann"))
    examples = load_examples(lake, lake.read("training_set"), encoder.version)
    fitted = PreferenceModel(Parameters()).fit_features(examples.features, examples.labels, groups=examples.groups)
    board = pd.DataFrame(
        [("model", 0.8, 0.7), ("linear model", 0.7, 0.6), ("newest first", 0.4, 0.3), ("prevalence", 0.3, np.nan)],
        columns=["model", "AP", "low"],
    )
    board = board.assign(high=board["low"] + 0.2)
    board[["precision@10", "nDCG@10", "recall at 20% read", "ROC-AUC"]] = 0.5
    tags = {
        "recipe": "model", "positives": "15", "negatives": "45", "basis": "all labels",
        "fold_kind": "grouped", "decision": "the new one wins",
        "encoder_version": encoder.version, "model_code_version": MODEL_CODE_VERSION, "labels": "60",
    }  # fmt: skip
    found = Champion(
        model=fitted, version="2", tags=tags, metrics={"AP": 0.8, "low": 0.7, "high": 0.9}, parameters=Parameters(),
        scoreboard=board, previous_scoreboard=pd.DataFrame(), canaries=(Canary("clean folds", True, "all is clean"),),
    )  # fmt: skip
    folder = home.models / "preference" / "ann"
    write_object(folder / "1.joblib", replace(found, version="1", tags=tags | {"labels": "40"}))
    write_object(folder / "2.joblib", found)
    write_json(folder / "champion.json", {"version": "2"})
    return found


def turned(posts: pd.DataFrame) -> list[int]:
    """The first posting that is liked and the first that is not."""
    return [posts.index[posts["role"] == "data_engineer"][0], posts.index[posts["role"] == "data_analyst"][0]]


def opened(part: str = "How good", **state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import model

        model.page()

    app = AppTest.from_function(script, default_timeout=60)
    for key, value in {"model_part": part, **state}.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [
        *app.subheader,
        *app.markdown,
        *app.caption,
        *app.info,
        *app.warning,
        *app.text,
        *app.error,
    ]
    return "\n".join(str(element.value) for element in elements)


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def test_without_a_model_it_says_what_to_do(home: Home) -> None:
    app = opened()
    assert "from 30 labels on, with at least 5 of each kind" in words(app)
    assert app.button(key="train").disabled and not app.dataframe


def test_how_good_it_is_in_words_a_table_and_charts(trained: Champion) -> None:
    app = opened()
    assert "Model 2 is in force" in words(app)
    assert "Judged on 60 labels (15 interesting, 45 not)" in words(app) and "%" not in app.markdown[0].value
    table = app.dataframe[0].value
    assert table["ranked by"].tolist() == ["tuned model (in force)", "untuned linear model", "newest first"]
    assert table["interval"].iloc[0] == "0.70 to 0.90"
    assert "the new one wins" in words(app) and "passed · clean folds: all is clean" in words(app)
    assert len(app.get("vega_lite_chart")) == 2, "the scoreboard and the learning curve"
    assert "0.80 with 40 labels (model 1), 0.80 with 60 (model 2)" in words(app)


def test_a_failed_experiment_is_an_alarm(trained: Champion, home: Home) -> None:
    path = home.models / "preference" / "ann" / "2.joblib"
    alarmed = replace(trained, canaries=(Canary("shuffled labels", False, "AP 0.9"),))
    write_object(path, replace(alarmed, metrics=trained.metrics | {"difference high": -0.1}))
    app = opened()
    assert "Do not trust the figures" in app.error[0].value
    assert "worse than the linear model" in app.warning[0].value


def test_one_version_has_no_curve_and_nothing_to_go_back_to(trained: Champion, home: Home) -> None:
    (home.models / "preference" / "ann" / "1.joblib").unlink()
    assert "The curve begins with the second training" in words(opened())
    assert "no other model to go back to" in words(opened("Versions"))


def test_what_it_learnt_is_shown_with_examples_and_safely(trained: Champion) -> None:
    told = html(opened("What it learnt"))
    assert "<b>data engineering duties</b>" in told and "<b>data engineer</b>" in told
    assert "liked: &lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:y) Data Engineer · Company" in told
    assert "<script" not in told


def test_features_made_anew_are_told(trained: Champion, home: Home) -> None:
    tags = trained.tags | {"encoder_version": "another"}
    write_object(home.models / "preference" / "ann" / "2.joblib", replace(trained, tags=tags))
    for part in ("What it learnt", "Mistakes"):
        assert "made anew" in words(opened(part))
    app = opened("Versions")
    assert app.dataframe[0].value["state"].tolist() == ["in force", ""]


def test_a_fine_tuned_model_says_that_no_word_stands_for_it(trained: Champion, home: Home) -> None:
    version = "fine-tuned/ann/0123456789abcdef"
    brought = replace(trained, fine_tuned=FineTuned(version, -1.0, {}), tags=trained.tags | {"fine_tuned": version})
    write_object(home.models / "preference" / "ann" / "2.joblib", brought)
    for part in ("What it learnt", "Mistakes"):
        assert "it reads the whole text" in opened(part).info[0].value
    assert "Model 2 is in force" in words(opened())


def test_mistakes_are_labels_that_may_be_wrong(trained: Champion, lake: Lake) -> None:
    disliked, liked = (f"p{row:04d}" for row in turned(people.postings(60)))
    app = opened("Mistakes")
    assert {f"change-{liked}", f"change-{disliked}"} <= keys(app)
    assert "of your 60 labelled jobs." in html(app) and "<b>why:</b>" in html(app) and "<b>against:</b>" in html(app)
    assert "<script" not in html(app)
    app.button(key=f"change-{disliked}").click().run()
    assert f"change-{disliked}" not in keys(app) and "You have said something else since" in words(app)
    assert "new since the last training: 1." in words(app)
    labels = session.people().labels("ann").set_index("posting_id")["interesting"]
    assert labels[disliked] and labels[liked], "what was said of the other stays"
    app.toggle(key=f"read-miss-{liked}").set_value(True).run()
    assert 'class="jf-text"' in html(app)
    lake.delete("postings", pd.DataFrame({"posting_id": [liked]}))
    assert "is not kept any more" in words(app.run())


def test_a_version_is_put_in_force_after_a_question(trained: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(model, "promote", lambda settings, profile, version: done.append((profile, version)))
    ranked = SimpleNamespace(recommendations=pd.DataFrame({"rank": [1, 2]}))
    monkeypatch.setattr(model, "refresh", lambda *given, now: done.append(given[2]) or ranked)
    app = opened("Versions")
    assert app.dataframe[0].value[["model", "state"]].values.tolist() == [["2", "in force"], ["1", ""]]
    assert app.selectbox(key="wanted_version").options == ["model 1"]
    app.button(key="put_in_force").click().run()
    assert "Put model 1 in force in the place of model 2?" in words(app) and not done
    app.button(key="keep").click().run()
    assert "confirm" not in keys(app)
    app.button(key="put_in_force").click().run()
    app.button(key="confirm").click().run()
    assert done == [("ann", "1"), "ann"] and "your list of 2 jobs is ranked by it" in words(app)
    assert "confirm" not in keys(app)


def test_what_was_trained_on_other_features_cannot_be_put_in_force(trained: Champion, home: Home) -> None:
    tags = trained.tags | {"encoder_version": "another"}
    write_object(home.models / "preference" / "ann" / "1.joblib", replace(trained, version="1", tags=tags))
    app = opened("Versions")
    assert app.dataframe[0].value["state"].tolist() == ["in force", "trained on other features"]
    assert "put_in_force" not in keys(app)


def test_two_runs_are_compared(trained: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"trees": "False", "seed": "0"}
    runs = [
        Run("r2", "ann 60 labels", "2", NOW, "FINISHED", plain | {"leaves": "4"}, {"AP": 0.8, "low": 0.7}),
        Run("r1", "ann 40 labels", "1", NOW, "FINISHED", plain | {"leaves": "3"}, {"AP": 0.6}),
        Run("r0-killed", "ann 30 labels", "", NOW, "RUNNING", plain, {}),
    ]
    monkeypatch.setattr(insight, "training_runs", lambda settings, profile, most: runs)
    app = opened("Runs")
    assert app.selectbox(key="run_one").options[2].startswith("run r0-kil · ann 30 labels")
    assert app.selectbox(key="run_one").options[2].endswith("· running")
    metrics, parameters = (table.value for table in app.dataframe)
    assert metrics.columns.tolist() == ["name", "model 2", "model 1", "difference"]
    assert metrics["difference"].iloc[0] == pytest.approx(0.2)
    assert parameters.values.tolist() == [["leaves", "4", "3"]]
    app.toggle(key="equal_parameters").set_value(True).run()
    assert len(app.dataframe[1].value) == 3
    app.selectbox(key="run_other").select_index(1).run()
    assert app.dataframe[0].value.columns.tolist() == ["name", "model 2", "run r0-kil", "difference"]


def test_one_run_is_not_compared(trained: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insight, "training_runs", lambda settings, profile, most: [])
    assert "two are compared after the next" in words(opened("Runs"))


def test_training_starts_and_says_when_it_cannot(trained: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(model, "start", lambda home, arguments: asked.append(arguments))
    app = opened()
    assert "Labelled jobs: 60; new since the last training: none." in words(app)
    app.button(key="train").click().run()
    assert asked == [["train", "--profile", "ann", "--plain"]]

    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(model, "start", refuse)
    app.button(key="train").click().run()
    assert "still running" in app.info[0].value


def test_nothing_is_started_beside_a_run(trained: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "background", lambda: BackgroundRun(("run",), NOW, "running", ()))
    app = opened("Versions")
    assert app.button(key="train").disabled and app.button(key="put_in_force").disabled
