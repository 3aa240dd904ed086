"""The app as a class gets it: behind nginx with the shipped configuration, HTTPS and a password."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.browser import nginx
from tests.browser.conftest import App
from tests.waiting import PATIENCE

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
def site(start_app, tmp_path_factory) -> Iterator[Site]:
    if not nginx.NGINX or not nginx.OPENSSL:
        pytest.skip("nginx or openssl is not installed: apt install nginx-light openssl")
    folder = tmp_path_factory.mktemp("nginx")
    app = start_app(
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
