"""Streamlit's scripts and style sheets, compressed on their way to the browser.

Streamlit serves them as they are, since compressing each at each visit costs more than it saves.
Here each is compressed once and kept: a first visit of Performance, where plotly alone has 4.7 MB,
takes a third of the bytes (`python -m benchmarks.bytes`).
"""

import gzip
import re

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPT = re.compile(r"/static/(js|css)/[\w.-]+\.(js|css)$", re.ASCII)
_SCRIPT_TYPES = ("text/javascript", "application/javascript", "text/css")
_LEVEL = 6


class CompressedScripts:
    """ASGI middleware that sends the files below `static/js` and `static/css` as gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[str, bytes] = {}
        """By path; a file's name changes with its content. Only files that exist are kept: for any
        other address Streamlit answers with its first page, which is HTML."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a script's answer is collected and sent compressed."""
        if not _may_be_compressed(scope):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._send(scope["path"], start, bytes(body), send)

        await self.app(scope, receive, collect)

    async def _send(self, path: str, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        kind = headers.get("content-type", "").split(";")[0]
        whole = start["status"] == 200 and "content-encoding" not in headers
        if whole and kind in _SCRIPT_TYPES:
            if path not in self._kept:
                self._kept[path] = await anyio.to_thread.run_sync(gzip.compress, body, _LEVEL)
            body = self._kept[path]
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
            headers.add_vary_header("Accept-Encoding")
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})


def _may_be_compressed(scope: Scope) -> bool:
    """A whole script is asked for, by a browser that reads gzip."""
    if scope["type"] != "http" or scope["method"] != "GET" or not _SCRIPT.search(scope["path"]):
        return False
    headers = Headers(scope=scope)
    accepted = {
        part.split(";")[0].strip() for part in headers.get("accept-encoding", "").split(",")
    }
    return "gzip" in accepted and "range" not in headers
