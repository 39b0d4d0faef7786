"""The README's pictures: the app's pages over the bundled sample.

    python -m jobfinder_tests.web.screenshots [FOLDER]

Written to FOLDER (default docs/screenshots) as PNG files of few colours. Needs Chromium and Pillow, as the tests do.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from jobfinder_tests.web.conftest import (
    SETTINGS,
    App,
    chromium,
    chromium_executable,
    command,
    open_page,
    running_app,
    settled,
)

_FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
_COLOURS = 96
# Those who read the page Label see a queue made from these labels.
_PROFILE = """
[profiles.example]
roles = ["data_engineer"]
keywords = ["spark", "airflow", "dbt", "python"]
places = ["Berlin", "Remote"]
searches = ["data engineer"]
"""


def _recommended(tab: Any) -> None:
    tab.get_by_text("read", exact=True).first.wait_for()


def _search(tab: Any) -> None:
    field = tab.get_by_role("textbox", name="What do you look for?")
    field.fill('"data engineer" spark')
    field.press("Enter")
    tab.locator("[class*=st-key-found-]").first.wait_for()
    tab.get_by_text("Filters").first.click()


def _drawn(tab: Any) -> None:
    tab.locator("canvas, svg.marks").first.wait_for()


def _as_it_is(tab: Any) -> None:
    tab.get_by_role("heading", level=1).wait_for()


# What is done on each page before its picture is taken.
PAGES: Mapping[str, Callable[[Any], None]] = {
    "Recommended": _recommended,
    "Label": _as_it_is,
    "Search": _search,
    "Model": _drawn,
    "Roles": _drawn,
    "Sources": _as_it_is,
    "Profile": _as_it_is,
}


def main(folder: Path) -> None:
    executable = chromium_executable()
    if executable is None:
        raise SystemExit("no Chromium on this machine: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary, "home")
        home.mkdir()
        (home / "jobfinder.toml").write_text(SETTINGS + _PROFILE, encoding="utf-8")
        command(home, "run", "--plain")
        with running_app(home, Path(temporary, "app.log")) as app, chromium(executable) as browser:
            take(app, browser, folder)


def take(app: App, browser: Any, folder: Path) -> None:
    tab = browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme="light")
    tab.goto(app.url)
    tab.get_by_role("heading", level=1).first.wait_for()
    settled(tab)
    for page, prepare in PAGES.items():
        open_page(tab, page)
        prepare(tab)
        settled(tab)
        # Charts and fonts come a moment after the text.
        tab.wait_for_timeout(1_500)
        path = folder / f"{page.lower()}.png"
        save(tab.screenshot(), path)
        print(f"{path} {path.stat().st_size / 1000:.0f} kB")


def save(picture: bytes, path: Path) -> None:
    """Store a picture with a palette: a third of its size, and no difference that one sees."""
    with Image.open(BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER)
