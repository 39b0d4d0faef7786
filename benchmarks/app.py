"""The app over many postings: from the start of its process to the first page, and each page's time, in a browser.

    jobfinder bench app [--postings 100000] [--data FOLDER]

The home is that of `jobfinder run` on the sample, with its labels, model, list and queue, and as many postings more as
`jobfinder bench search` makes them. A page's time is what a person waits: from the click on its name until it stands
still, the first time and after that, when the first page has been read for a while; beside it the seconds for which
the app's process was busy, which other work on the machine does not lengthen. Needs `pip install "jobfinder[dev]"` and
Debian's Chromium.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search import fill

SETTINGS = """
[http]
offline = true
[training]
trials = 5
outer_folds = 3
"""
QUERIES = ("data engineer", "python sql spark", '"machine learning" -senior', "zzzunknown")
VISITS = 4
# What a person looks at the first page, at least, before going on.
LOOKS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--postings", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"JOBFINDER_HOME": folder, "NO_PROXY": "127.0.0.1"}
        lived_in(Path(folder), options)
        print(f"{options.postings:,} postings; seconds waited, and seconds for which the app was busy")
        with browser() as page:
            started = time.perf_counter()
            with app() as (url, busy):
                page.goto(url)
                still(page, "Recommended")
                line("start to first page", [(time.perf_counter() - started, busy())])
                time.sleep(LOOKS)
                walk(page, busy)
                search(page, busy)


def lived_in(home: Path, options: argparse.Namespace) -> None:
    """A home after a run, with many postings more."""
    from jobfinder_assets.config import load_settings
    from jobfinder_assets.recommendations.search import SearchIndex

    (home / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    run = [sys.executable, "-m", "jobfinder_assets", "run", "--plain"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    lake = fill(options.postings, options.data)
    SearchIndex(load_settings().home.search).update(lake)


@contextmanager
def app() -> Iterator[tuple[str, Callable[[], float]]]:
    """The running app: its address, and how long its process has been busy."""
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
        yield url, lambda: busy_seconds(process.pid)
    finally:
        process.terminate()
        process.wait()


def busy_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15 of stat); 0 where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium.new_page(viewport={"width": 1280, "height": 900})
        chromium.close()


def still(page: Any, title: str) -> None:
    """Until the page of this title is drawn to its end."""
    page.get_by_role("heading", level=1, name=title).wait_for()
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached")


def walk(page: Any, busy: Callable[[], float]) -> None:
    # The sidebar's names: the pages' modules are Streamlit's to import, which warns of caches outside of an app.
    names = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    titles = [name.splitlines()[-1] for name in names if not name.endswith("Start")]
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(VISITS):
        for title in [*titles[1:], titles[0]]:
            link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True)
            seconds = timed(lambda link=link, title=title: (link.click(), still(page, title)), busy)
            times.setdefault(title, []).append(seconds)
    for title, seconds in times.items():
        line(title, seconds)


def search(page: Any, busy: Callable[[], float]) -> None:
    """Queries, each asked twice, with another between."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Search", exact=True).click()
    still(page, "Search")
    field = page.get_by_role("textbox").first
    times: dict[str, list[tuple[float, float]]] = {}
    for query in QUERIES * 2:
        field.fill(query)
        seconds = timed(lambda: (field.press("Enter"), begun(page), still(page, "Search")), busy)
        times.setdefault(query, []).append(seconds)
    for query, seconds in times.items():
        line(f"Search {query}", seconds)


def begun(page: Any) -> None:
    page.wait_for_selector("[data-test-script-state=running]", state="attached")


def timed(work: Callable[[], Any], busy: Callable[[], float]) -> tuple[float, float]:
    started, before = time.perf_counter(), busy()
    work()
    return time.perf_counter() - started, busy() - before


def line(name: str, seconds: list[tuple[float, float]]) -> None:
    (waited, worked), *later = seconds
    words = f"{name:<36}{waited:6.2f} s ({worked:.2f} busy)"
    if later:
        fastest = min(later)
        words += f" the first time{fastest[0]:7.2f} s ({fastest[1]:.2f} busy) after that"
    print(words)


if __name__ == "__main__":
    main()
