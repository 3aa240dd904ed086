"""Fixtures that start the app and drive it in Chromium.

    def test_something(visit, wait_idle, console_errors):
        page = visit("/about")
        page.get_by_role("button", name="Start").click()
        wait_idle(page)
        assert not console_errors

`@pytest.mark.parametrize("color_scheme", ["light", "dark"])` and the same for `viewport` (a
`(width, height)`) choose how the page is looked at; colours move nothing, so where it is about
room, one of each will do. The screen of a failed test is saved below `tests/browser/screens/`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    sync_playwright,
)

from benchmarks.browser import CHROMIUM_FLAGS, IS_IDLE
from desktop.server import running_app
from tests.waiting import PATIENCE
from ui.analyse.first_visit import COOKIE

PROBED = re.compile(r"/\w+/_stcore/(health|host-config)$")
"""Where Streamlit looks for its server in vain, if one opens another page than the first."""
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Save the screen of a failed test."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        name = re.sub(r"[^\w.-]+", "_", item.name)
        with contextlib.suppress(Exception):
            page.screenshot(path=HERE / "screens" / f"{name}.png", full_page=True)
    return report


@dataclass(frozen=True)
class App:
    """A running app.

    Attributes:
        url: `http://127.0.0.1:PORT`, without a slash at the end.
        data: its data folder.
        runs: the folder its trainings write to.
        log: what it printed.
        pid: of its process.
    """

    url: str
    data: Path
    runs: Path
    log: Path
    pid: int


@contextlib.contextmanager
def running(folder: Path, data: Path | None, **environment: str) -> Iterator[App]:
    """The app in a process of its own, with data, runs and learning in the folder."""
    data, runs, log = data or folder / "data", folder / "runs", folder / "log"
    data.mkdir(exist_ok=True)
    settings = {
        "LESIONLAB_DATA": str(data),
        "LESIONLAB_RUNS": str(runs),
        "LESIONLAB_LEARNING": str(folder / "learning"),
        **environment,
    }
    with running_app(log, settings) as (url, pid):
        yield App(url, data, runs, log, pid)


@pytest.fixture(scope="module")
def start_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., App]]:
    """Start an app of one's own, which ends with the file of tests:
    `start_app(data=folder, LESIONLAB_THREADS="1")`."""
    with contextlib.ExitStack() as stack:

        def start(data: Path | None = None, **environment: str) -> App:
            folder = tmp_path_factory.mktemp("app")
            return stack.enter_context(running(folder, data, **environment))

        yield start


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app as it is right after the installation: no dataset, no runs."""
    with running(tmp_path_factory.mktemp("app"), None) as app:
        yield app


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Headless Chromium or Chrome: LESIONLAB_CHROMIUM, or the first one found on the PATH. The
    headless shell is the same browser without the window around a page, at half the cost a page."""
    names = (os.environ.get("LESIONLAB_CHROMIUM"), *BROWSERS)
    executable = next(filter(None, (shutil.which(name) for name in names if name)), None)
    if executable is None:
        reason = "there is no Chromium or Chrome: install one or name it in LESIONLAB_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*flags])
        yield browser
        browser.close()


# Not for the whole session: while playwright runs, nothing else can use asyncio in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that finds no host but 127.0.0.1."""
    with chromium(*CHROMIUM_FLAGS) as browser:
        yield browser


@pytest.fixture
def color_scheme() -> str:
    """What the operating system prefers: "light" or "dark"."""
    return "light"


@pytest.fixture
def viewport() -> tuple[int, int]:
    """Width and height of the window: whole pages fit, and the links to all of them."""
    return 1440, 1600


@pytest.fixture
def console_errors() -> list[str]:
    """Errors that the page has written to the browser's console, or has not caught."""
    return []


@pytest.fixture
def foreign_requests() -> list[str]:
    """Addresses that the page has asked for on any host but 127.0.0.1 (none is answered)."""
    return []


def visitor(
    browser: Browser, url: str, color_scheme: str, viewport: tuple[int, int]
) -> BrowserContext:
    """A profile that has been here before; tests/browser/test_first_visit.py has new ones."""
    context = browser.new_context(
        base_url=url,
        color_scheme=color_scheme,
        viewport={"width": viewport[0], "height": viewport[1]},
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(1000 * PATIENCE)
    context.add_cookies([{"name": COOKIE, "value": "1", "url": url}])
    return context


@pytest.fixture
def page(
    browser: Browser,
    server: App,
    color_scheme: str,
    viewport: tuple[int, int],
    console_errors: list[str],
    foreign_requests: list[str],
) -> Iterator[Page]:
    """An empty page of a fresh browser profile; `page.goto("/about")` leads to the server."""

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            foreign_requests.append(url)

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBED.search(message.location["url"]):
            console_errors.append(message.text)

    context = visitor(browser, server.url, color_scheme, viewport)
    context.on("request", lambda request: note(request.url))
    page = context.new_page()
    page.on("websocket", lambda socket: note(socket.url))
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.on("console", complain)
    yield page
    context.close()


@pytest.fixture(scope="session")
def wait_idle() -> Callable[..., None]:
    """`wait_idle(page)`, see `until_idle`."""
    return until_idle


def until_idle(page: Page, quiet_ms: int = 300) -> None:
    """Wait until the app has finished all it was asked for."""
    page.evaluate("window.idleSince = null")
    page.wait_for_function(IS_IDLE, arg=quiet_ms, polling=50)


def until(page: Page, what: Callable[[], object]) -> None:
    """Wait for what a click brings about; fails if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, page.locator("body").inner_text()
        page.wait_for_timeout(50)


@pytest.fixture
def visit(page: Page, wait_idle: Callable[..., None]) -> Callable[[str], Page]:
    """`visit("/about")`: open that page of the app (or a whole address), wait, return the page."""

    def go(path: str = "/") -> Page:
        page.goto(path)
        wait_idle(page)
        return page

    return go


def draw_an_outline(page: Page, wait_idle: Callable[..., None]) -> Locator:
    """Begin a quiz of outlines as Anna; returns the place to draw on."""
    page.goto("/quiz")
    page.get_by_label("Nickname").fill("Anna")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Draw the outline").click()
    wait_idle(page)
    page.get_by_role("button", name="Start").click()
    area = page.get_by_role("application")
    area.wait_for()
    return area
