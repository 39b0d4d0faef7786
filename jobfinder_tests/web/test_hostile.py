"""What strangers write in their adverts does nothing, on any page that shows it, nor in the digest: in a browser."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.recommendations import neighbours, reasons
from jobfinder_assets.recommendations.digest import write_digest
from jobfinder_assets.recommendations.search import SearchIndex
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.web.conftest import App, open_page, searched, settled

Visit = Callable[..., Any]
pytestmark = pytest.mark.xdist_group("browser")

SCRIPT = "document.title='hacked';window.hacked=1"
MARKS = (
    f"<script>{SCRIPT}</script><img src=x onerror=\"{SCRIPT}\"><svg onload=\"{SCRIPT}\"></svg>"
    f"<b onmouseover=\"{SCRIPT}\">bold</b><a href=\"javascript:{SCRIPT}\">link</a>"
    f"[click](javascript:{SCRIPT}) ![x](http://127.0.0.1:9/pixel.png) $x^2$ :material/home: :red[red] `code` "
    f"\u202eReversed\u202c \u200f\u2066right to left\u2069 {{alert(1)}} =cmd|' /C calc'!A0"
)  # fmt: skip
HOSTILE = {
    "company": f"Hostile {MARKS}",
    "location": f"]({MARKS}",
    "description": f"</div></div>{MARKS} Hostile text",
    "url": f"javascript:{SCRIPT}",
}
# 1 MB, and nowhere to break a line.
LONG = "Hostile " + MARKS + "long" * 250_000


@pytest.fixture
def hostile(copied: Path) -> Path:
    """The sample's home, every posting of it hostile; the texts of the first that are shown are of 1 MB."""
    lake = Lake(str(copied / "lake"))
    postings = lake.read("postings", ["posting_id", "title"])
    # The words of the title stay: pages group by them.
    titles = postings["title"].map(lambda title: f"Hostile {title} {MARKS}")
    lake.update("postings", postings.assign(title=titles, **HOSTILE))
    listed = lake.read("recommendations").sort_values("rank")
    near = neighbours.Neighbour("x", f"Hostile {MARKS}", MARKS, 0.99)
    why = [reasons.Sentence(f"mentions {MARKS}", 1.0), reasons.Sentence(f"less: {MARKS}", -1.0)]
    listed = listed.assign(
        title=listed["posting_id"].map(titles.set_axis(postings["posting_id"])),
        also_seen_on=f"Hostile {MARKS}",
        reasons=reasons.to_json(why),
        neighbours=neighbours.to_json(neighbours.Neighbours(liked=near)),
        **{name: HOSTILE[name] for name in ("company", "location", "url")},
    )
    lake.replace("recommendations", listed)
    evidence = [{"phrase": MARKS, "role": "data_engineer", "weight": 1.0, "part": "duties", "start": 0, "end": 40}]
    tags = lake.read("role_tags", ["posting_id"])
    lake.update("role_tags", tags.assign(evidence=json.dumps(evidence)))
    health = lake.read("source_health")
    lake.replace("source_health", health.assign(message=f"Hostile {MARKS}", status="failed"))
    first = [listed["posting_id"].iloc[0], lake.read("label_queue").sort_values("position")["posting_id"].iloc[0]]
    lake.update("postings", pd.DataFrame({"posting_id": first, "description": LONG}).drop_duplicates())
    index = Home(copied).search
    index.unlink()
    SearchIndex(index).update(lake)
    return copied


def harmless(tab: Any, where: str) -> None:
    """Nothing of it has run, is a link or an element, turns the text around, or asks for anything."""
    for heard in tab.locator(".jf-title, .jf-facts, .jf-why").all()[:4]:
        heard.hover()
    text = tab.locator("body").inner_text()
    assert "Hostile" in text, f"{where} shows no hostile posting: nothing is tried here"
    assert "hacked" not in tab.title() and tab.evaluate("() => window.hacked") is None, where
    elements = "a[href^='javascript' i], [onerror], [onload], [onmouseover], img[src*='127.0.0.1:9'], img[src='x']"
    assert tab.locator(elements).count() == 0, where
    assert tab.locator("script", has_text="hacked").count() == 0, where
    assert not set("\u202e\u200f\u2066") & set(text), where
    wide = tab.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 1, f"{where} is {wide} px too wide"


def pages(tab: Any, first: str) -> Iterator[str]:
    """Every page and part of one that shows postings, opened as far as it goes."""
    tab.locator(f".st-key-card-{first}").get_by_text("read", exact=True).click()
    tab.get_by_text("longlong").first.wait_for()
    tab.get_by_text("Filters").first.click()
    yield "Recommended"
    tab.locator(f".st-key-card-{first}").get_by_role("button", name="hide").click()
    tab.get_by_text("hidden: Hostile").wait_for()
    for view in ("liked", "not interesting", "hidden"):
        before = [card.get_attribute("class") for card in tab.locator("[class*=st-key-settled-]").all()]
        tab.locator(".st-key-recommended_view").get_by_text(view).click()
        for old in before[:1]:
            (key,) = re.findall(r"st-key-settled-[\w-]+", str(old))
            tab.locator(f".{key}").wait_for(state="detached")
        card = tab.locator("[class*=st-key-settled-]").first
        card.wait_for()
        settled(tab)
        card.get_by_text("read", exact=True).click()
        card.locator(".jf-text").wait_for()
        settled(tab)
        yield f"Recommended, {view}"
    open_page(tab, "Label")
    tab.get_by_text("longlong").first.wait_for()
    yield "Label"
    tab.keyboard.press("s")
    open_page(tab, "Search")
    searched(tab, "hostile analyst")
    tab.locator("[class*=st-key-found-]").first.get_by_text("read", exact=True).click()
    tab.locator(".jf-text mark").first.wait_for()
    tab.get_by_text("Filters").first.click()
    settled(tab)
    yield "Search"
    company = tab.get_by_role("combobox", name="Company")
    company.click()
    company.press_sequentially("Host")
    tab.get_by_role("option").filter(has_text="Hostile").first.wait_for()
    yield "Search, companies"
    company.press("Enter")
    tab.locator("[class*=st-key-found-]").first.wait_for()
    settled(tab)
    yield "Search, one company"
    open_page(tab, "Model")
    for part in ("What it learnt", "Mistakes"):
        tab.get_by_role("tab", name=part).click()
        tab.get_by_text("Hostile").first.wait_for()
        settled(tab)
        yield f"Model, {part}"
    open_page(tab, "Roles")
    example = tab.locator("[class*=st-key-example-]").first
    example.get_by_text("read", exact=True).click()
    example.locator(".jf-text").wait_for()
    yield "Roles"
    tab.get_by_role("tab", name="Correct").click()
    tab.locator("[class*=st-key-tag-]").wait_for()
    settled(tab)
    yield "Roles, Correct"
    open_page(tab, "Sources")
    tab.locator("[class*=st-key-source-sample] summary").click()
    tab.get_by_text("The last that came").wait_for()
    settled(tab)
    yield "Sources"


def test_hostile_postings_do_nothing_on_any_page(serve: Callable[[Path], App], visit: Visit, hostile: Path) -> None:
    first = Lake(str(hostile / "lake")).read("recommendations").sort_values("rank")["posting_id"].iloc[0]
    app = serve(hostile)
    tab = visit(app)
    seen = []
    for name in pages(tab, first):
        harmless(tab, name)
        seen.append(name)
    assert len(seen) == 13
    text = tab.get_by_test_id("stMain").inner_text()
    assert "[click](javascript:" in text, "shown as what it is, not as Markdown"
    assert app.errors == [] and app.outside == []


def test_hostile_postings_do_nothing_in_the_digest(browser: Any, hostile: Path) -> None:
    listed = Lake(str(hostile / "lake")).read("recommendations").assign(recommended_at=datetime.now(UTC))
    paths, _ = write_digest(listed, {}, Home(hostile), profile="example")
    (page,) = [path for path in paths if path.name == "latest.html"]
    context = browser.new_context()
    asked: list[str] = []
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    harmless(tab, "digest")
    assert asked == [page.as_uri()]
    context.close()
