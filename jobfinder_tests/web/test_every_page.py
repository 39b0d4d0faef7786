"""Every page in a real browser: without an error, with a keyboard alone, on a phone, and for a screen reader."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web.app import PAGES
from jobfinder_tests.web.conftest import SETTINGS, App, open_page, press, settled

Serve = Callable[[Path], App]
Visit = Callable[..., Any]
pytestmark = pytest.mark.xdist_group("browser")
START = "Welcome to jobfinder"
_PART_IS_DRAWN = "[...document.querySelectorAll('[role=tabpanel]')].some(p => p.offsetParent && p.innerText.trim())"


def every_page(tab: Any) -> Any:
    """Go through all pages and their parts, by clicks; yields the name of what is open."""
    for _, title, _, _ in PAGES:
        open_page(tab, title)
        yield title
        for part in tab.get_by_test_id("stMain").get_by_role("tab").all_inner_texts()[1:]:
            tab.get_by_role("tab", name=part, exact=True).click()
            tab.get_by_role("tab", name=part, exact=True, selected=True).wait_for()
            # The page looks settled until its next run begins: a part is there when it is drawn.
            tab.wait_for_function(_PART_IS_DRAWN)
            settled(tab)
            yield f"{title}, {part}"
    open_page(tab, "Start", heading=START)
    yield "Start"


def healthy(tab: Any, name: str) -> None:
    troubles = tab.get_by_test_id("stException")
    assert troubles.count() == 0, f"{name}: {troubles.first.inner_text()}"
    assert tab.get_by_test_id("stMain").inner_text().strip(), name


def test_every_page_opens_without_an_error(looked_at: App, visit: Visit) -> None:
    tab = visit(looked_at)
    for name in every_page(tab):
        healthy(tab, name)
        assert looked_at.errors == [], name
    assert looked_at.outside == []


def test_every_page_opens_before_anything_was_fetched(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    (home / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    app = serve(home)
    tab = visit(app)
    for name in every_page(tab):
        healthy(tab, name)
    assert app.errors == [] and app.outside == []


def test_a_phone_shows_the_same(looked_at: App, visit: Visit) -> None:
    tab = visit(looked_at, phone=True)
    for name in every_page(tab):
        healthy(tab, name)
        wide = tab.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
        assert wide <= 1, f"{name} is {wide} px too wide"
    assert looked_at.errors == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious(looked_at: App, visit: Visit, colours: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (extra dev)")
    tab = visit(looked_at)
    tab.emulate_media(color_scheme=colours)
    tab.reload()
    tab.get_by_role("heading", level=1).first.wait_for()
    found = {}
    for name in every_page(tab):
        told = axe.Axe().run(tab, context="[data-testid=stMain]").response["violations"]
        # What Streamlit's own widgets leave out is not ours to mend.
        ours = [entry for entry in told if entry["impact"] in ("serious", "critical") and not _of_streamlit(entry)]
        if ours:
            found[name] = [(entry["id"], [node["html"][:200] for node in entry["nodes"]]) for entry in ours]
    assert not found


def _of_streamlit(entry: dict[str, Any]) -> bool:
    return all(
        re.search(r"data-baseweb|stElementToolbar|stVegaLite|glide", str(node["html"])) for node in entry["nodes"]
    )


def tab_to(tab: Any, words: str, *, within: str, backwards: bool = False) -> None:
    """Press Tab until what has the focus, inside of an element of the page, says these words."""
    script = """([words, within]) => {
        const at = document.activeElement, around = document.querySelector(within);
        if (at === document.body) return false;
        const named = (at.getAttribute('aria-label') || '') + ' ' + (at.closest('label') || at).innerText;
        return around !== null && around.contains(at) && named.includes(words);
    }"""
    for _ in range(150):
        tab.keyboard.press("Shift+Tab" if backwards else "Tab")
        if tab.evaluate(script, [words, within]):
            return
    raise AssertionError(f"Tab does not lead to {words!r}")


def test_a_morning_with_the_keyboard_alone(serve: Serve, visit: Visit, copied: Path) -> None:
    app = serve(copied)
    tab = visit(app)
    rows = Lake(str(copied / "lake")).read("recommendations", where=[("profile", "=", "example")]).sort_values("rank")
    first, second = (f".st-key-card-{posting_id}" for posting_id in rows["posting_id"].iloc[:2])
    tab.locator(second).wait_for()
    tab_to(tab, "read", within=first)
    tab.keyboard.press("Space")
    tab.locator(f"{first} .jf-text").wait_for()
    tab_to(tab, "hide", within=first)
    tab.keyboard.press("Enter")
    tab.locator(first).wait_for(state="detached")
    tab_to(tab, "undo", within="body", backwards=True)
    tab.keyboard.press("Enter")
    tab.locator(first).wait_for()
    tab_to(tab, "not interesting", within=second)
    tab.keyboard.press("Enter")
    tab.get_by_text("Why?").wait_for()
    tab_to(tab, "not my role", within=second)
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    tab.locator(second).wait_for(state="detached")
    assert [(row["label"], row["reason"]) for row in app.said()] == [("not interesting", "wrong place")]
    tab_to(tab, "Label", within="[data-testid=stSidebarNav]")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", level=1, name="Label").wait_for()
    settled(tab)
    # Not every source says where its posting is.
    while not tab.locator(".st-key-open a").count():
        press(tab, "s", lambda: True)
        settled(tab)
    with tab.context.expect_page():
        tab.keyboard.press("o")
    tab_to(tab, "Search", within="[data-testid=stSidebarNav]")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", level=1, name="Search").wait_for()
    settled(tab)
    tab.get_by_role("textbox", name="What do you look for?").wait_for()
    tab_to(tab, "What do you look for?", within="[data-testid=stMain]")
    tab.keyboard.type("engineer")
    tab.keyboard.press("Enter")
    tab.get_by_text(re.compile(r"\d+ jobs")).wait_for()
    settled(tab)
    tab_to(tab, "interesting", within="[class*=st-key-found-]")
    tab.keyboard.press("Enter")
    tab.get_by_text("you said: interesting").wait_for()
    assert app.errors == []
