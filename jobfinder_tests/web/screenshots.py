"""Draws the pictures of the app in docs/screenshots anew, from the bundled sample.

python -m jobfinder_tests.web.screenshots
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from jobfinder_assets.launch import app_command
from jobfinder_tests.web.conftest import SETTINGS, command, environment, free_port, settled, wait_for

FOLDER = Path(__file__).parent.parent.parent / "docs" / "screenshots"
PAGES = ("Recommended", "Label", "Search", "Model", "Roles")
WIDTH, HEIGHT = 1200, 800
COLOURS = 128


def main() -> None:
    from PIL import Image
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        (home / "jobfinder.toml").write_text(SETTINGS, encoding="utf-8")
        command(home, "run", "--plain")
        port = free_port()
        app = subprocess.Popen(
            app_command(port), env=environment(home), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.environ["NO_PROXY"] = "127.0.0.1"
        try:
            wait_for(f"http://127.0.0.1:{port}", app)
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            tab.goto(f"http://127.0.0.1:{port}")
            tab.get_by_role("heading", level=1).first.wait_for()
            for page in PAGES:
                tab.get_by_test_id("stSidebarNavLink").filter(has_text=page).first.click()
                tab.get_by_role("heading", level=1, name=page).wait_for()
                if page == "Search":
                    tab.get_by_role("textbox").first.fill("airflow")
                    tab.keyboard.press("Enter")
                tab.wait_for_timeout(1_500)
                settled(tab)
                path = FOLDER / f"{page.lower()}.png"
                tab.screenshot(path=path)
                # A palette makes them a quarter as large.
                Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
            browser.close()
        finally:
            app.terminate()
            app.wait()


if __name__ == "__main__":
    main()
