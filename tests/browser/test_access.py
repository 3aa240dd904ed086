"""The teacher's lock and a reverse proxy, in a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import App

SECRET = "chalk and blackboard"


@pytest.fixture(scope="module")
def server(start_app) -> App:
    return start_app(LESIONLAB_TEACHER=SECRET)


def enter(page: Page, place, secret: str, wait_idle) -> None:
    place.get_by_label("Teacher's secret").fill(secret)
    place.get_by_role("button", name="Unlock", exact=True).click()
    wait_idle(page)


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((390, 1400), "dark"), ((1366, 1400), "light")]
)
def test_the_lock_opens_one_browser_tab(
    visit, wait_idle, console_errors, server, viewport, color_scheme, tmp_path
):
    page = visit("/training")
    start = page.get_by_role("button", name="Start training")
    notice = page.get_by_test_id("stForm").first
    assert start.is_disabled()
    enter(page, notice, "nonsense", wait_idle)
    page.get_by_text("That is not the secret").wait_for()
    assert start.is_disabled()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    enter(page, notice, SECRET, wait_idle)
    assert page.get_by_text("is locked.").count() == 0
    other = page.context.new_page()
    other.goto(f"{server.url}/training")
    wait_idle(other)
    other.get_by_text("is locked.").wait_for()
    page.get_by_role("button", name="Unlocked").click()
    page.get_by_role("button", name="Lock again").click()
    page.get_by_text("is locked.").wait_for()
    assert SECRET not in page.content()
    assert SECRET not in server.log.read_text(errors="replace")
    # Of an address below the root Streamlit's frontend first asks for its server there.
    assert not [error for error in console_errors if "404" not in error]


def test_the_lock_opens_from_every_page(visit, wait_idle, server):
    page = visit("/about")
    page.get_by_role("button", name="Teacher").click()
    enter(page, page.get_by_test_id("stPopoverBody"), SECRET, wait_idle)
    page.get_by_role("button", name="Unlocked").wait_for()
    page.get_by_role("link", name="Dataset").click()
    wait_idle(page)
    assert page.get_by_label("one path a line").is_visible()


@pytest.fixture
def proxy(start_app) -> Iterator[str]:
    """Address of an app without a lock, behind a proxy that says whom it passes on."""
    target = urlsplit(start_app().url)
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        sink.close()

    def serve() -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            app = socket.create_connection((target.hostname, target.port))
            first = visitor.recv(65536)
            app.sendall(first.replace(b"\r\n", b"\r\nX-Forwarded-For: 203.0.113.9\r\n", 1))
            for ends in ((visitor, app), (app, visitor)):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_behind_a_proxy_visitors_look_and_change_nothing(page, wait_idle, proxy):
    page.goto(f"{proxy}/training")
    wait_idle(page)
    page.get_by_text("through a proxy").wait_for()
    assert page.get_by_role("button", name="Start training").is_disabled()
    page.get_by_role("link", name="Dataset").click()
    wait_idle(page)
    page.get_by_text("Importing from this page is locked").wait_for()
    assert page.get_by_role("button", name="Import").count() == 0
    page.get_by_role("link", name="Many photos").click()
    wait_idle(page)
    assert page.get_by_text("A folder on this computer").count() == 0
