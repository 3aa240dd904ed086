"""The page that a window shows while the app starts, and goes on from; or says why it does not."""

from __future__ import annotations

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ICON = HERE / "icon.png"
PAGE = HERE / "splash.html"
LATELY = 3.0
"""Seconds: an open page asks several times in that time."""


class Splash:
    """A page on a port of 127.0.0.1 of its own, below a path that nobody can guess; a context that
    ends it.

    Attributes:
        url: where it is.
        goes_to: address of the app; set once it is ready, and the page goes there.
        problem: why it does not start; set then, and the page shows it.
    """

    def __init__(self) -> None:
        self.goes_to = self.problem = ""
        self._asked = -LATELY
        secret = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(f"/{secret}/"))
        self.url = f"http://127.0.0.1:{self._server.server_port}/{secret}/"

    def __enter__(self) -> Splash:
        threading.Thread(target=self._server.serve_forever, name="splash", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def visited(self) -> bool:
        """Whether it is open in a window, or was a moment ago."""
        return time.monotonic() - self._asked < LATELY

    def _state(self) -> bytes:
        self._asked = time.monotonic()
        return json.dumps({"url": self.goes_to, "problem": self.problem}).encode()

    def _handler(self, place: str) -> type[BaseHTTPRequestHandler]:
        splash = self
        answers = {
            place: ("text/html; charset=utf-8", PAGE.read_bytes),
            f"{place}icon.png": ("image/png", ICON.read_bytes),
            f"{place}state": ("application/json", self._state),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Page, icon or state; nothing else is here."""
                own = f"127.0.0.1:{splash._server.server_port}"  # other names may point here
                if self.path not in answers or self.headers.get("Host") != own:
                    self.send_error(404)
                    return
                kind, content = answers[self.path]
                body = content()
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: a page asks often."""

        return Handler
