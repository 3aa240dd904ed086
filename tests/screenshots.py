"""The pictures in README, of drawn lesions: `python -m tests.screenshots` takes them again (five
minutes, most of them for the training that one shows)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from benchmarks.browser import CHROMIUM_FLAGS
from tests.browser.conftest import App, chromium, running, until_idle, visitor
from tests.drawn import write_drawn

FOLDER = Path(__file__).resolve().parents[1] / "docs"
WIDTH = 1366
EPOCHS = 24
TRAINING = {
    "kind": "hybrid",
    "start": "shipped",
    "stages": [{"epochs": EPOCHS, "size": 64}],
    "epoch_images": 400,
    "batch": 16,
    "threads": 1,
}
LONGEST_S = 600
QUIET_MS = 1500


def main() -> None:
    """Take them all."""
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        chromium(*CHROMIUM_FLAGS) as browser,
    ):
        data = Path(folder, "drawn")
        write_drawn(data / "ham10000")
        with running(Path(folder), data) as app:
            begin_training(app)
            for scheme in ("light", "dark"):
                analyse(browser, app, scheme)
            training(browser, app)


def open_page(browser: Browser, app: App, path: str, height: int, scheme: str) -> Page:
    """A page as a visitor sees it who has been here before."""
    page = visitor(browser, app.url, scheme, (WIDTH, height)).new_page()
    page.goto(f"/{path}")
    wait(page)
    return page


def wait(page: Page) -> None:
    """Wait until the app has done all that it was asked for."""
    until_idle(page, QUIET_MS)


def analyse(browser: Browser, app: App, scheme: str) -> None:
    """A practice lesion with its outline and heatmap."""
    page = open_page(browser, app, "", 960, scheme)
    for control in ("Practice", "Outline", "Heatmap"):
        page.get_by_text(control, exact=True).first.click()
        wait(page)
    page.screenshot(path=FOLDER / f"analyse-{scheme}.png")


def begin_training(app: App) -> None:
    """Queue a training on the drawn lesions."""
    config = app.log.parent / "training.json"
    config.write_text(json.dumps(TRAINING))
    queue(app, "add", "--config", str(config), "--name", "Hybrid on drawn lesions")


def queue(app: App, *words: str) -> None:
    """A command of the queue of trainings."""
    places = {"LESIONLAB_DATA": str(app.data), "LESIONLAB_RUNS": str(app.runs)}
    command = [sys.executable, "-m", "train", "queue", *words]
    subprocess.run(command, env=os.environ | places, check=True)


def training(browser: Browser, app: App) -> None:
    """The training after half of its epochs, which then ends."""
    began = time.monotonic()
    while not any(
        len(table.read_text().splitlines()) > EPOCHS // 2
        for table in app.runs.glob("*/metrics.csv")
    ):
        if time.monotonic() > began + LONGEST_S:
            sys.exit(f"The training did not get half way in {LONGEST_S} s; see {app.runs}.")
        time.sleep(1)
    page = open_page(browser, app, "training", 1700, "light")
    page.get_by_text("Runs", exact=True).first.click()
    wait(page)
    page.screenshot(path=FOLDER / "training-light.png")
    queue(app, "stop", next(app.runs.glob("*/metrics.csv")).parent.name)


if __name__ == "__main__":
    main()
