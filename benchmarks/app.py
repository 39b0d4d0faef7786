"""The app over many postings: from the start of its process to the first page, and each page's time, in a browser.

    jobfinder bench app [--postings 100000] [--data FOLDER]

The home is made as `jobfinder bench search` makes it, with a list of 200 recommendations and a queue of 200 postings
to label beside it. A page's time is what a person waits: from the click on its name until it stands still; the first
time (what it reads is not in memory yet) and after that. `pip install "jobfinder[dev]"` and Debian's Chromium.
"""

import argparse
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from search import NOW, fill

LISTED = 200
PROFILE = "example"
QUERIES = ("data engineer", "python sql spark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--postings", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"JOBFINDER_HOME": folder, "NO_PROXY": "127.0.0.1"}
        Path(folder, "jobfinder.toml").write_text("[http]\noffline = true\n", encoding="utf-8")
        lived_in(fill(options.postings, options.data))
        print(f"{options.postings:,} postings")
        started = time.perf_counter()
        with app() as url, browser() as page:
            page.goto(url)
            still(page, "Recommended")
            print(f"{'start to first page':<28}{time.perf_counter() - started:7.2f} s")
            walk(page)


def lived_in(lake: Any) -> None:
    """A list and a queue, as a run leaves them, and the search index."""
    from jobfinder_assets.config import load_settings
    from jobfinder_assets.recommendations.search import SearchIndex

    SearchIndex(load_settings().home.search).update(lake)
    some = lake.read("postings").head(LISTED).drop(columns=["content_hash", "cleaning_version", "description"])
    some = some.assign(profile=PROFILE, cluster_id=some["posting_id"])
    facts = {"score": 0.5, "band": "likely", "reasons": "[]", "recommended_at": NOW, "is_new": False}
    wanted = set(lake.read("recommendations").columns)
    listed = some.assign(rank=range(1, LISTED + 1), role="data_engineer", **facts)
    lake.append("recommendations", listed[[name for name in listed.columns if name in wanted]])
    wanted = set(lake.read("label_queue").columns)
    queue = some.assign(position=range(LISTED), policy="random", propensity=0.1)
    lake.append("label_queue", queue[[name for name in queue.columns if name in wanted]])
    lake.append("source_health", pd.DataFrame([
        {"source": "sample", "board": "sample", "run": "1", "status": "ok", "checked_at": NOW, "rows": LISTED},
    ]))  # fmt: skip


@contextmanager
def app() -> Iterator[str]:
    from jobfinder_assets.launch import app_command

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(app_command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium.new_page(viewport={"width": 1280, "height": 900})
        chromium.close()


def still(page: Any, title: str) -> None:
    """Until the page of this title is drawn to its end."""
    page.get_by_role("heading", level=1, name=title).wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached")


def walk(page: Any) -> None:
    from jobfinder_assets.web.app import PAGES

    titles = [title for _, title, *_ in PAGES]
    times: dict[str, list[float]] = {}
    for _ in range(3):
        for title in [*titles[1:], titles[0]]:
            link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True)
            times.setdefault(title, []).append(timed(lambda link=link, title=title: (link.click(), still(page, title))))
    for title, (first, *later) in times.items():
        print(f"{title:<28}{first:7.2f} s the first time{min(later):7.2f} s after that")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Search", exact=True).click()
    still(page, "Search")
    field = page.get_by_role("textbox").first
    for query in QUERIES:
        field.fill(query)
        seconds = timed(lambda: (field.press("Enter"), running(page), still(page, "Search")))
        print(f"{'Search ' + repr(query):<28}{seconds:7.2f} s")


def running(page: Any) -> None:
    """Until the page has begun to answer; a quick one may be done already."""
    page.wait_for_timeout(30)


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
