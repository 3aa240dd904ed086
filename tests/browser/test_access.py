"""The teacher's lock and a reverse proxy, in a real browser."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute

from core.ham10000.dataset import Dataset
from core.system.locks import hold
from tests.browser.conftest import App, until
from tests.train.jobs.conftest import config, give_own_classifier
from tests.waiting import PATIENCE
from train.jobs import Runs
from train.jobs.supervisor import SUPERVISOR_FILE

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
def trained(start_app, drawn: Dataset, tmp_path: Path) -> Iterator[tuple[App, Runs]]:
    """An app with a lock, photos (one without its mask, so that importing is offered) and a stopped
    run that has a classifier; what is queued never begins."""
    photos = shutil.copytree(drawn.root, tmp_path / drawn.root.name)
    next((photos / "masks").iterdir()).unlink()
    app = start_app(data=tmp_path, LESIONLAB_TEACHER=SECRET)
    runs = Runs(app.runs)
    run = runs.create(config(2), "Stopped")
    runs.stop(run)
    give_own_classifier(runs.folder / run)
    with hold(runs.folder / SUPERVISOR_FILE):
        yield app, runs


def everything(app: App, runs: Runs) -> object:
    """What a visitor could change: the runs, the bin, the queue, the model in use and the data."""
    chosen = runs.folder / "in-use.json"
    return (
        [(run.id, run.state) for run in runs.all()],
        [run.id for run in runs.bin()],
        json.loads(chosen.read_text()) if chosen.is_file() else {},
        sorted(str(path) for path in app.data.rglob("*")),
    )


def do_all(page: Page, app: App, runs: Runs, wait_idle: Callable[[Page], None]) -> None:
    """As the teacher: go on with a training, choose a model for everybody, delete a run, start
    one, import. Each is done, as the runs and the page tell."""
    (finished,) = [run.id for run in runs.all()]
    page.get_by_role("button", name="Resume").click()
    until(page, lambda: len(runs.queue()) == 1)
    wait_idle(page)
    runs.stop(finished)
    page.get_by_role("radio", name="Models").click()
    wait_idle(page)
    page.get_by_role("button", name="Use this model").click()
    page.get_by_role("button", name="Use it for everybody").click()
    until(page, lambda: everything(app, runs)[2])
    wait_idle(page)
    page.get_by_role("radio", name="Runs").click()
    wait_idle(page)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete, use the shipped model").click()
    until(page, lambda: finished in {run.id for run in runs.bin()})
    wait_idle(page)
    page.get_by_role("radio", name="New training").click()
    wait_idle(page)
    page.get_by_role("button", name="Start training").click()
    until(page, lambda: len(runs.queue()) == 1)
    wait_idle(page)
    page.get_by_role("link", name="Dataset").click()
    wait_idle(page)
    page.get_by_text("have no outline yet").click()
    page.get_by_label("one path a line").fill(str(app.data / "nothing.zip"))
    page.keyboard.press("Control+Enter")
    wait_idle(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("The import stopped").wait_for()
    wait_idle(page)


CRAFTED = (
    "/training?training_view=models&access_opened=1&lock_secret=x&unlocked=true",
    "/dataset?import_paths=/etc/passwd&import_go=true&access_opened=true",
    "/?section=report&view=present&access_opened=1#unlocked",
)


def test_what_unlocks_one_browser_opens_nothing_in_another(
    browser: Browser, trained: tuple[App, Runs], wait_idle: Callable[[Page], None]
) -> None:
    """All that the teacher's browser sent, sent once more over a student's own connection, changes
    nothing; nor does an address."""
    app, runs = trained
    teacher, student = (browser.new_context(base_url=app.url) for _ in range(2))
    with teacher, student:
        for context in (teacher, student):
            context.set_default_timeout(1000 * PATIENCE)
        sent: list[bytes] = []
        page = teacher.new_page()
        page.on("websocket", lambda s: s.on("framesent", lambda data: sent.append(data)))
        page.goto("/training")
        wait_idle(page)
        enter(page, page.get_by_test_id("stForm").first, SECRET, wait_idle)
        sent.clear()  # the secret itself is no news to the student
        do_all(page, app, runs, wait_idle)
        # Back to where it began, so that each would change something again.
        runs.restore(runs.bin()[0].id)
        (runs.folder / "in-use.json").write_text("{}")
        before = everything(app, runs)

        lines: list[WebSocketRoute] = []

        def through(line: WebSocketRoute) -> None:
            lines.append(line.connect_to_server())

        other = student.new_page()
        other.route_web_socket("**/_stcore/stream", through)
        for address in (*CRAFTED, "/training", "/dataset", "/"):
            other.goto(address)
            wait_idle(other)
            assert other.get_by_role("button", name="Unlocked").count() == 0, address
            assert everything(app, runs) == before, address
        for address in ("/training", "/dataset"):
            other.goto(address)
            wait_idle(other)
            for message in sent:
                lines[-1].send(message)
                other.wait_for_timeout(100)
                wait_idle(other)
                assert everything(app, runs) == before, address
            assert other.get_by_role("button", name="Unlocked").count() == 0
            assert other.get_by_text("The import stopped").count() == 0
        other.goto("/training")
        wait_idle(other)
        other.get_by_text("is locked.").first.wait_for()


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
