"""The app in a real browser: what a person does there in a morning."""

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.export.folders import unzipped
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.web.conftest import ANN_AND_BEN, SETTINGS, App, command, open_page, press, run_ends_well

Serve = Callable[[Path], App]
Visit = Callable[..., Any]
pytestmark = pytest.mark.xdist_group("browser")


def count_in(tab: Any, words: str) -> int:
    """The number before `words` on the page."""
    tab.get_by_text(re.compile(rf"[\d,]+ {words}")).first.wait_for()
    found = re.search(rf"([\d,]+) {words}", tab.get_by_test_id("stMain").inner_text())
    assert found is not None, words
    return int(found[1].replace(",", ""))


def lengthened(home: Path, more: int) -> Lake:
    """Put so many openings more into the example's queue, which holds a hundred; those of them that have no label."""
    lake = Lake(str(home / "lake"))
    queue = lake.read("label_queue", where=[("profile", "=", "example")]).sort_values("position")
    clusters = lake.read("posting_clusters", ["posting_id", "cluster_id"])
    known = {*queue["posting_id"], *lake.read("label_events", ["posting_id"])["posting_id"]}
    told = set(clusters.loc[clusters["posting_id"].isin(known), "cluster_id"])
    others = clusters[~clusters["cluster_id"].isin(told)].drop_duplicates("cluster_id").head(more)
    assert len(others) == more
    added = others[["posting_id"]].assign(
        profile="example", policy="random", propensity=0.1, position=range(len(queue) + 1, len(queue) + more + 1),
        model_version=queue["model_version"].iloc[0],
    )  # fmt: skip
    lake.replace("label_queue", pd.concat([queue, added]), where="profile = 'example'")
    return lake


def test_a_hundred_labels_by_a_hundred_keys_a_kill_between_undo_and_training(
    serve: Serve, visit: Visit, copied: Path
) -> None:
    lake = lengthened(copied, 10)
    known = set(lake.read("label_events", ["posting_id"], [("profile", "=", "example")])["posting_id"])
    app = serve(copied)
    tab = visit(app, "Label")
    before = count_in(tab, "labelled")
    for number in range(50):
        press(tab, "y" if number % 3 == 0 else "n", lambda number=number: len(app.said()) == number + 1)
    tab.keyboard.press("n")
    app.kill()
    kept = len(app.said())
    assert kept in (50, 51), "killed while a key is stored: whole or not at all, and nothing of before is lost"
    assert app.errors == []
    again = serve(copied)
    tab = visit(again, "Label")
    # One in twenty is asked again, to see whether a person agrees with themselves: it does not count twice.
    assert count_in(tab, "labelled") == before + len({row["posting"] for row in again.said()} - known)
    for number in range(kept, 100):
        press(tab, "y" if number % 3 == 0 else "n", lambda number=number: len(again.said()) == number + 1)
    rows = again.said()
    assert len({row["posting"] for row in rows}) == 100
    assert [row["label"] == "interesting" for row in rows[:50]] == [number % 3 == 0 for number in range(50)]
    press(tab, "u", lambda: len(again.said()) == 101)
    assert again.said()[-1]["label"] == "withdrawn" and again.said()[-1]["posting"] == rows[-1]["posting"]
    listed = lake.read("recommendations", ["posting_id"])
    assert set(listed["posting_id"]) & {row["posting"] for row in rows[:99]}, "labelled from the list"
    tab.get_by_role("button", name=re.compile("train now")).click()
    run_ends_well(tab, copied, "train")
    assert not list((copied / "labels" / "inbox").iterdir())
    after = lake.read("recommendations", ["posting_id"])
    assert not set(after["posting_id"]) & {row["posting"] for row in rows[:99]}, "what has a label is not listed"
    open_page(tab, "Recommended")
    assert "new labels wait" not in tab.get_by_test_id("stMain").inner_text()
    assert again.errors == []


def test_a_bookmark_of_a_page_is_the_first_thing_that_an_app_shows(serve: Serve, browser: Any, copied: Path) -> None:
    tab = browser.new_page()
    tab.goto(f"{serve(copied).url}/label")
    tab.get_by_role("heading", level=1, name="Label").wait_for(timeout=30_000)
    tab.close()


def test_two_tabs_do_not_label_a_posting_twice(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    first, second = visit(app, "Label"), visit(app, "Label")
    press(first, "y", lambda: len(app.said()) == 1)
    second.keyboard.press("n")
    second.get_by_text("had a label already").wait_for()
    assert [row["label"] for row in app.said()] == ["interesting"]


def test_from_nothing_to_a_list_and_labels(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    (home / "jobfinder.toml").write_text(SETTINGS + '[profiles.me]\nroles = ["data_engineer"]\n', encoding="utf-8")
    app = serve(home)
    tab = visit(app)
    tab.get_by_role("heading", name="Welcome to jobfinder").wait_for()
    tab.get_by_role("textbox", name=re.compile("Words that speak")).fill("airflow, dbt")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text("saved in").wait_for()
    assert "airflow" in (home / "jobfinder.toml").read_text(encoding="utf-8")
    tab.get_by_role("button", name="Fetch jobs now").click()
    tab.get_by_text(re.compile("running .?jobfinder run")).wait_for()
    run_ends_well(tab, home, "run")
    tab.get_by_test_id("stMain").get_by_role("link", name="Label jobs").click()
    tab.get_by_role("heading", level=1, name="Label").wait_for()
    for number in range(10):
        press(tab, "y" if number % 2 else "n", lambda number=number: len(app.said()) == number + 1)
    assert "20 more until a model that can be judged" in tab.get_by_test_id("stMain").inner_text()
    tab.get_by_role("button", name="update my list (10 new labels)").click()
    run_ends_well(tab, home, "train")
    open_page(tab, "Recommended")
    tab.get_by_text("Ranked by your 10 labels").wait_for()
    assert app.errors == []


def test_two_profiles_have_lists_of_their_own(serve: Serve, visit: Visit, sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "two"
    shutil.copytree(sample_home, home)
    (home / "jobfinder.toml").write_text(SETTINGS + ANN_AND_BEN, encoding="utf-8")
    command(home, "train", "--profile", "ann", "--plain")
    command(home, "train", "--profile", "ben", "--plain")
    app = serve(home)
    tab = visit(app, "Label")
    press(tab, "y", lambda: len(app.said()) == 1)
    first = tab.locator(".jf-title").first.inner_text()
    tab.get_by_role("combobox", name=re.compile("Profile")).click()
    tab.get_by_role("option", name="ben").click()
    tab.get_by_text("0 labelled").wait_for()
    # A key pressed in a field is a letter of that field.
    tab.get_by_role("heading", level=1, name="Label").click()
    press(tab, "n", lambda: len(app.said()) == 2)
    assert [row["profile"] for row in app.said()] == ["ann", "ben"]
    assert first and app.errors == []


def test_own_data_is_downloaded_whole_and_leaves_no_copy(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    tab = visit(app, "My data")
    with tab.expect_download() as told:
        tab.get_by_role("button", name="download my data").click()
    files = unzipped(Path(told.value.path()).read_bytes(), Path("own.zip"))
    labels = pd.read_parquet(io.BytesIO(files["tables/label_events.parquet"]))
    assert len(labels) == Lake(str(copied / "lake")).count("label_events") > 0
    assert told.value.suggested_filename.startswith("jobfinder-example-")
    assert not list(copied.rglob("*.zip"))
    assert app.errors == []
