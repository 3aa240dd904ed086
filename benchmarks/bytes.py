"""What a first visit costs: `python -m benchmarks.bytes [PAGE …]`.

Each page is opened in a browser window of its own that has kept nothing: megabytes over the wire
(as sent, so compressed where they are), the largest file, and seconds until the page is whole. The
first visit is also the server's first, with the networks still to be loaded. Needs playwright and
Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import CHROMIUM_FLAGS, IS_IDLE
from benchmarks.common import machine, run, table
from desktop.server import running_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ("", "compare", "batch", "quiz", "diagnoses", "dataset", "performance", "training", "about")
PATIENCE_MS = 600_000


@dataclass(frozen=True)
class FirstVisit:
    """Bytes by HTTP and by websocket, the file that takes most of them, and seconds."""

    http: int
    websocket: int
    largest: str
    seconds: float


def visit(browser: Browser, url: str) -> FirstVisit:
    """Open an address in a new profile and wait until nothing moves any more."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    page = context.new_page()
    network = context.new_cdp_session(page)
    names: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    frames: list[int] = []
    network.on(
        "Network.responseReceived",
        lambda event: names.update({event["requestId"]: event["response"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])}),
    )
    network.on(
        "Network.webSocketFrameReceived",
        lambda event: frames.append(len(event["response"]["payloadData"]) * 3 // 4),  # of base64
    )
    network.send("Network.enable")
    start = time.perf_counter()
    page.goto(url, timeout=PATIENCE_MS)
    page.evaluate("window.idleSince = null")
    page.wait_for_function(IS_IDLE, arg=300, polling=50, timeout=PATIENCE_MS)
    seconds = time.perf_counter() - start - 0.3
    context.close()
    ((first, size),) = sizes.most_common(1)
    largest = f"{names[first].rsplit('/', 1)[-1].split('.')[0]} {size / 1e6:.2f} MB"
    return FirstVisit(sizes.total(), sum(frames), largest, seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table. Exit status 2: there is no Chromium."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="What a first visit of each page costs.")
    parser.add_argument("pages", nargs="*", default=PAGES, help="such as performance")
    options = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no Chromium or Chrome on the PATH. Install one.", file=sys.stderr)
        return 2
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = {f"LESIONLAB_{name}": folder for name in ("RUNS", "LEARNING")}
        browser = playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS])
        with running_app(Path(folder) / "log", settings) as (url, _):
            for page in options.pages:
                found = visit(browser, f"{url}/{page}")
                rows.append(
                    (
                        page or "analyse, with cold networks",
                        f"{found.http / 1e6:.2f}",
                        f"{found.websocket / 1e6:.2f}",
                        found.largest,
                        f"{found.seconds:.1f}",
                    )
                )
    print(machine())
    print(table(("Page", "MB by HTTP", "MB by websocket", "Largest file", "Seconds"), rows))
    return 0


if __name__ == "__main__":
    run(main, "playwright")
