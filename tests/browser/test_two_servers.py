"""Two app servers behind nginx, as for a large class: a browser keeps to one of them."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser import nginx
from ui.browser import COOKIE

LOGIN = "Basic " + base64.b64encode(f"{nginx.USER}:{nginx.PASSWORD}".encode()).decode()


@contextmanager
def answering(words: str) -> Iterator[int]:
    """A server that says nothing else; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server_of(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Which of two servers answers a browser with this key."""
    if not nginx.NGINX or not nginx.OPENSSL:
        pytest.skip("nginx or openssl is not installed: apt install nginx-light openssl")
    with (
        answering("first") as first,
        answering("second") as second,
        nginx.running(tmp_path, first, second) as (https, _),
    ):

        def ask(key: str, path: str = "/") -> str:
            trust = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection("127.0.0.1", https, context=trust)
            headers = {"Host": nginx.NAME, "Authorization": LOGIN, "Cookie": f"{COOKIE}={key}"}
            connection.request("GET", path, headers=headers)
            said = connection.getresponse().read().decode()
            connection.close()
            return said

        yield ask


def test_a_browser_keeps_to_one_and_both_are_used(server_of: Callable[..., str]) -> None:
    keys = [f"{number:043d}" for number in range(40)]
    first = {key: server_of(key) for key in keys}
    assert set(first.values()) == {"first", "second"}
    for path in ("/", "/_stcore/stream", "/_stcore/upload_file/x/y", "/media/z"):
        assert {key: server_of(key, path) for key in keys} == first
