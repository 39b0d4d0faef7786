"""Searching and fetching in a real browser: a source on this machine is asked over HTTP by its own connector."""

import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jobfinder_assets.config import load_settings
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.ingestion.contract import LIVE
from jobfinder_tests.ingestion.conftest import Server, reply
from jobfinder_tests.ingestion.conftest import server as server
from jobfinder_tests.web.conftest import SETTINGS, App, open_page, run_ends_well, searched, settled

pytestmark = pytest.mark.xdist_group("browser")
PATH = "/api/remote-jobs"
WORDS = "zeppelin telemetry"
# So long the source takes to answer, that a person can see it asked.
SLOW = 1.0


def job(number: int, title: str) -> dict[str, Any]:
    return {
        "id": number, "url": f"https://remotive.example/{number}", "title": title, "company_name": "Airship Works",
        "job_type": "full_time", "publication_date": "2026-11-20T08:00:00", "candidate_required_location": "Germany",
        "salary": "", "description": f"<p>Collect the <b>zeppelin</b> telemetry of route {number}.</p>",
    }  # fmt: skip


JOBS = [job(1, "Data Engineer, Airships"), job(2, "Data Analyst, Airships")]


def only_remotive(server: Server) -> str:
    """Settings that leave no source on but one, and that one at the server."""
    off = [name for name, source in source_classes().items() if source.kind in LIVE and name != "remotive"]
    sections = "".join(f"[sources.{name}]\nenabled = false\n" for name in off)
    return f'{sections}[sources.remotive]\nbase_url = "{server.url}"\n'


def test_search_fetch_now_label_and_save(
    serve: Callable[[Path], App], visit: Callable[..., Any], server: Server, copied: Path
) -> None:
    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(SLOW)
        reply({"job-count": len(JOBS), "total-job-count": len(JOBS), "jobs": JOBS})(request)

    server.on(PATH, slowly)
    settings = SETTINGS.replace("offline = true", "offline = false") + only_remotive(server)
    (copied / "jobfinder.toml").write_text(settings, encoding="utf-8")
    app = serve(copied)
    tab = visit(app, "Search")
    main = tab.get_by_test_id("stMain")
    searched(tab, "spark")
    tab.locator("[class*=st-key-found-]").first.wait_for()
    searched(tab, WORDS)
    main.get_by_text("Nothing is found").wait_for()
    tab.get_by_role("button", name="fetch now").click()
    sidebar = tab.get_by_test_id("stSidebar")
    sidebar.get_by_text(re.compile("running .?jobfinder fetch --query")).wait_for()
    sidebar.get_by_text(re.compile(r"✓ \w+.* \d+\.\d s")).wait_for()
    run_ends_well(tab, copied, "fetch")
    assert [parse_qs(urlsplit(asked).query)["search"] for asked, _ in server.requests] == [[WORDS]]
    main.get_by_text("The last fetch brought 2 new jobs.").wait_for()
    card = tab.locator("[class*=st-key-found-]").filter(has_text="Data Analyst, Airships")
    assert "new" in card.locator(".jf-title").inner_text() and "from remotive" in card.inner_text()
    card.get_by_text("read", exact=True).click()
    card.locator("mark", has_text="zeppelin").wait_for()
    settled(tab)
    card.get_by_role("button", name="not interesting").click()
    card.get_by_text("you said: not interesting").wait_for()
    (row,) = app.said()
    assert (row["label"], row["policy"]) == ("not interesting", "own_choice")
    tab.get_by_role("button", name="save this search").click()
    main.get_by_text("The search is saved").wait_for()
    profile = load_settings(copied / "jobfinder.toml").profiles["example"]
    assert WORDS in profile.searches
    open_page(tab, "Profile")
    searches, deadline = tab.get_by_role("textbox", name="Searches"), time.monotonic() + 10
    while WORDS not in searches.input_value():
        assert time.monotonic() < deadline, searches.input_value()
        time.sleep(0.1)
    open_page(tab, "Sources")
    main.get_by_text("searched only · 2 postings found").wait_for()
    assert app.errors == []
