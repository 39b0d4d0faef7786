"""The app in a real browser: what a person does there in a morning, and what strangers' texts cannot do."""

import io
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets import background
from jobfinder_assets.config import Home
from jobfinder_assets.export.folders import unzipped
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web.app import PAGES
from jobfinder_tests.web.conftest import ANN_AND_BEN, SETTINGS, App, command, open_page, settled

Serve = Callable[[Path], App]
Visit = Callable[..., Any]
pytestmark = pytest.mark.xdist_group("browser")


def press(tab: Any, key: str, expected: Callable[[], bool]) -> None:
    """Press a key once, and wait for what it does and for the next posting."""
    deadline = time.monotonic() + 60
    while not (shown := posting_shown(tab)):
        assert time.monotonic() < deadline, "no posting is shown"
        time.sleep(0.05)
    settled(tab)
    tab.keyboard.press(key)
    while not (expected() and posting_shown(tab) not in ("", shown)):
        assert time.monotonic() < deadline, f"the key {key} did nothing"
        time.sleep(0.05)


def run_ends_well(tab: Any, home: Path) -> None:
    """Wait until the sidebar says that what was started is done."""
    deadline = time.monotonic() + 120
    while "is done" not in (told := tab.get_by_test_id("stSidebar").inner_text()):
        log = (home / "logs" / "background.log").read_text(encoding="utf-8", errors="replace")
        assert time.monotonic() < deadline, f"{told}\n{background.latest(Home(home))}\n{log[-2000:]}"
        time.sleep(0.2)


def posting_shown(tab: Any) -> str:
    """The posting on the page Label; empty while it is being drawn."""
    script = """() => {
        const card = document.querySelector('[class*=st-key-posting-]');
        return card ? card.className.match(/st-key-posting-(\\w+)/)[1] : '';
    }"""
    found: str = tab.evaluate(script)
    return found


def count_in(tab: Any, words: str) -> int:
    """The number before `words` on the page."""
    tab.get_by_text(re.compile(rf"[\d,]+ {words}")).first.wait_for()
    found = re.search(rf"([\d,]+) {words}", tab.get_by_test_id("stMain").inner_text())
    assert found is not None, words
    return int(found[1].replace(",", ""))


def test_every_page_opens_without_an_error(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    tab = visit(app)
    for _, title, _, _ in PAGES:
        open_page(tab, title)
        assert tab.get_by_test_id("stException").count() == 0, tab.get_by_test_id("stException").first.inner_text()
        assert tab.get_by_test_id("stMain").inner_text().strip()
    assert app.errors == []


def test_twenty_labels_by_twenty_keys_then_undo_kill_and_training(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    tab = visit(app, "Label")
    before = count_in(tab, "labelled")
    events = Lake(str(copied / "lake")).read("label_events", ["posting_id"], [("profile", "=", "example")])
    known = set(events["posting_id"])
    for number in range(20):
        press(tab, "y" if number % 3 == 0 else "n", lambda number=number: len(app.said()) == number + 1)
    assert [row["label"] == "interesting" for row in app.said()] == [number % 3 == 0 for number in range(20)]
    assert len({row["posting"] for row in app.said()}) == 20
    press(tab, "u", lambda: len(app.said()) == 21)
    assert app.said()[-1]["label"] == "withdrawn" and app.said()[-1]["posting"] == app.said()[-2]["posting"]
    assert app.errors == []
    app.kill()
    again = serve(copied)
    assert len(again.said()) == 21, "kill -9 loses nothing"
    tab = visit(again, "Label")
    # One in twenty is asked again, to see whether a person agrees with themselves: it does not count twice.
    assert count_in(tab, "labelled") == before + len({row["posting"] for row in again.said()[:19]} - known)
    versions = Lake(str(copied / "lake"))
    listed = versions.version("recommendations")
    tab.get_by_role("button", name=re.compile("train now")).click()
    deadline = time.monotonic() + 300
    while not (versions.version("recommendations") > listed and not list((copied / "labels" / "inbox").iterdir())):
        assert time.monotonic() < deadline, (copied / "logs" / "background.log").read_text()[-2000:]
        time.sleep(0.5)
    run_ends_well(tab, copied)
    open_page(tab, "Recommended")
    assert "19 new labels" not in tab.get_by_test_id("stMain").inner_text()
    assert again.errors == []


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
    deadline = time.monotonic() + 300
    while not Lake(str(home / "lake")).exists("recommendations"):
        assert time.monotonic() < deadline, (home / "logs" / "background.log").read_text()[-2000:]
        time.sleep(0.5)
    run_ends_well(tab, home)
    open_page(tab, "Label")
    for number in range(10):
        press(tab, "y" if number % 2 else "n", lambda number=number: len(app.said()) == number + 1)
    assert "20 more until the first model" in tab.get_by_test_id("stMain").inner_text()
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


HOSTILE = {
    "title": '<script>document.title="hacked"</script><img src=x onerror="document.title=\'hacked\'"> Hostile Engineer',
    "description": "</div><script>document.title='hacked'</script> [click](javascript:document.title='hacked') "
    "![x](http://127.0.0.1:9/pixel.png) \u202eReversed :material/home: $x^2$ " + "long " * 250_000,
    "company": "<b onmouseover=\"document.title='hacked'\">Acme</b>",
    "location": "](javascript:alert(1)) <svg onload=alert(1)>",
    "url": "javascript:document.title='hacked'",
}  # fmt: skip


def test_hostile_postings_do_nothing(serve: Serve, visit: Visit, copied: Path) -> None:
    lake = Lake(str(copied / "lake"))
    first = lake.read("recommendations", where=[("profile", "=", "example")]).sort_values("rank").iloc[[0]]
    queued = lake.read("label_queue", where=[("profile", "=", "example")]).sort_values("position").iloc[0]
    lake.update("recommendations", first[["profile", "posting_id"]].assign(**{
        name: HOSTILE[name] for name in ("title", "company", "location", "url")
    }))  # fmt: skip
    for posting_id in (first.iloc[0]["posting_id"], queued["posting_id"]):
        lake.update("postings", pd.DataFrame([{"posting_id": posting_id, **HOSTILE}]))
    command(copied, "search", "Hostile")
    app = serve(copied)
    tab = visit(app)
    tab.get_by_text("Hostile Engineer").first.wait_for()
    tab.locator(".st-key-" + f"card-{first.iloc[0]['posting_id']}").get_by_text("read").click()
    tab.get_by_text("long long").first.wait_for()
    assert tab.locator("a[href^='javascript']").count() == 0
    open_page(tab, "Label")
    tab.get_by_text("Hostile Engineer").first.wait_for()
    text = tab.get_by_test_id("stMain").inner_text()
    assert "\u202e" not in text and "[click](javascript:" in text, "shown as what it is, not as Markdown"
    assert tab.locator("img[src*='127.0.0.1:9']").count() == 0
    assert "hacked" not in tab.title()
    assert app.errors == []


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


def test_a_phone_shows_the_same(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    tab = visit(app, width=390, height=844)
    for number, (address, title, _, _) in enumerate(PAGES):
        tab.goto(f"{app.url}/{address if number else ''}")
        tab.get_by_role("heading", level=1, name=title).wait_for()
        settled(tab)
        wide = tab.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
        assert wide <= 1, f"{title} is {wide} px too wide"


@pytest.mark.parametrize("page", [title for _, title, _, _ in PAGES])
def test_axe_finds_nothing_serious(serve: Serve, visit: Visit, copied: Path, page: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra dev)")
    app = serve(copied)
    tab = visit(app, page)
    found = axe.Axe().run(tab, context="[data-testid=stMain]").response["violations"]
    # What Streamlit's own widgets leave out is not ours to mend.
    ours = [entry for entry in found if entry["impact"] in ("serious", "critical") and not _of_streamlit(entry)]
    assert not ours, [(entry["id"], [node["html"][:200] for node in entry["nodes"]]) for entry in ours]


def _of_streamlit(entry: dict[str, Any]) -> bool:
    return all(
        re.search(r"data-baseweb|stElementToolbar|stVegaLite|glide", str(node["html"])) for node in entry["nodes"]
    )
