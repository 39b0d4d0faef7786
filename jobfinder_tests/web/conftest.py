"""The app over a home with the bundled sample, and a real browser to use it with."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets import background
from jobfinder_assets.config import Home
from jobfinder_assets.launch import app_command

SETTINGS = """
[http]
offline = true
[training]
trials = 5
outer_folds = 3
[compute]
backend = "sequential"
"""
ANN_AND_BEN = """
[profiles.ann]
roles = ["data_engineer"]
keywords = ["spark", "airflow"]
[profiles.ben]
roles = ["data_analyst"]
"""
# Streamlit knows a phone by its browser's name.
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
    "is_mobile": True,
    "has_touch": True,
}


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOBFINDER_")}
    return kept | {"JOBFINDER_HOME": str(home), "NO_PROXY": "127.0.0.1", "DAGSTER_DISABLE_TELEMETRY": "true"}


def command(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jobfinder_assets", *arguments], env=environment(home), cwd=home,
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until the app answers. Raises TimeoutError when it ended, or did not within a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read()
            return
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError(url) from None
            time.sleep(0.1)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where everything was run once on the sample; tests work on copies."""
    home = tmp_path_factory.mktemp("sample-home")
    (home / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
    command(home, "run", "--plain")
    return home


@dataclass
class App:
    """A running app. `errors`: what its pages said on the browser's console; `outside`: what they asked others for."""

    home: Path
    url: str
    process: "subprocess.Popen[bytes]"
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def said(self) -> list[dict[str, Any]]:
        """Every row that the app has put into the inbox, in order."""
        files = sorted((self.home / "labels" / "inbox").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]


@contextmanager
def running_app(home: Path, log: Path) -> Iterator[App]:
    """The app over a home, on a port of its own, from when it answers until it is killed."""
    port = free_port()
    with log.open("wb") as stream:
        process = subprocess.Popen(app_command(port), env=environment(home), cwd=home, stdout=stream, stderr=stream)
    app = App(home, f"http://127.0.0.1:{port}", process)
    try:
        try:
            wait_for(app.url, process)
        except TimeoutError:
            raise AssertionError(log.read_text(errors="replace")) from None
        yield app
    finally:
        if process.poll() is None:
            app.kill()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], App]]:
    """Start the app over a home; ended with the test."""
    with ExitStack() as stack:
        logs = (tmp_path / f"app-{number}.log" for number in count(1))
        yield lambda home: stack.enter_context(running_app(home, next(logs)))


@pytest.fixture
def copied(sample_home: Path, tmp_path: Path) -> Path:
    """A copy of the sample's home of one's own."""
    home = tmp_path / "copied"
    shutil.copytree(sample_home, home)
    return home


@pytest.fixture(scope="session")
def read_only(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app for all tests that only look."""
    folder = tmp_path_factory.mktemp("read-only")
    home = folder / "home"
    shutil.copytree(sample_home, home)
    with running_app(home, folder / "app.log") as app:
        yield app


@pytest.fixture
def looked_at(read_only: App) -> App:
    """The same app, with nothing said yet."""
    read_only.errors.clear()
    read_only.outside.clear()
    return read_only


@contextmanager
def chromium(executable: str) -> Iterator[Any]:
    """A headless browser through Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        found = running.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        yield found
        found.close()


def chromium_executable() -> str | None:
    """Debian's Chromium, or what is like it."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium through Playwright."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    executable = chromium_executable()
    if executable is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with chromium(executable) as found:
        yield found


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open an app's page by clicking to it, as a person does; what its console says is kept in `app.errors`."""
    contexts = []

    def go(app: App, page: str = "", *, phone: bool = False) -> Any:
        context = browser.new_context(**(PHONE if phone else {"viewport": {"width": 1280, "height": 900}}))
        contexts.append(context)
        tab = context.new_page()
        # Nothing outside of this machine is asked.
        context.route(lambda url: not url.startswith((app.url, "data:", "blob:")), partial(_refuse, app))
        tab.on("console", lambda entry: app.errors.append(entry.text) if entry.type == "error" else None)
        tab.on("pageerror", lambda error: app.errors.append(str(error)))
        tab.on("dialog", lambda dialog: (app.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        tab.set_default_timeout(30_000)
        tab.goto(app.url)
        tab.get_by_role("heading", level=1).first.wait_for()
        if page:
            open_page(tab, page)
        return tab

    yield go
    for context in contexts:
        context.close()


def _refuse(app: App, route: Any) -> None:
    app.outside.append(route.request.url)
    route.abort()


def open_page(tab: Any, page: str, *, heading: str = "") -> None:
    """Click a page's name in the sidebar, which a phone shows on demand only."""
    away = tab.locator("[data-testid=stSidebar][data-collapsed=true]")
    on_demand = away.count() > 0
    if on_demand:
        tab.get_by_test_id("stExpandSidebarButton").click()
    tab.get_by_test_id("stSidebarNavLink").filter(has_text=page).first.click()
    tab.get_by_role("heading", level=1, name=heading or page).wait_for()
    if on_demand:
        away.wait_for(state="attached")
    settled(tab)


def settled(tab: Any) -> None:
    """Wait until the page has been drawn whole."""
    tab.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


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


def run_ends_well(tab: Any, home: Path, verb: str) -> None:
    """Wait until the sidebar says that the command that was started is done."""
    deadline, log = time.monotonic() + 300, home / "logs" / "background.log"
    while not re.search(rf"jobfinder {verb}.* is done", told := tab.get_by_test_id("stSidebar").inner_text()):
        assert time.monotonic() < deadline, f"{told}\n{background.latest(Home(home))}"
        assert not re.search(rf"jobfinder {verb}.*: (failed|stopped)", told), log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)


def posting_shown(tab: Any) -> str:
    """The posting on the page Label; empty while it is being drawn."""
    script = """() => {
        const card = document.querySelector('[class*=st-key-posting-]');
        return card ? card.className.match(/st-key-posting-(\\w+)/)[1] : '';
    }"""
    found: str = tab.evaluate(script)
    return found


def searched(tab: Any, words: str) -> None:
    """Ask the page Search for words that another number of jobs holds, and wait for them."""
    count = tab.get_by_test_id("stMain").get_by_text(re.compile(r"^[\d,]+ jobs?$"))
    before = count.inner_text()
    field = tab.get_by_role("textbox", name="What do you look for?")
    field.fill(words)
    field.press("Enter")
    deadline = time.monotonic() + 30
    while count.inner_text() == before:
        assert time.monotonic() < deadline, f"the search for {words} changes nothing"
        time.sleep(0.05)
    settled(tab)
