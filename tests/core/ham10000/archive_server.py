"""A small server that answers as the ISIC Archive does, and fails as it may."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from core.ham10000 import starter
from core.imaging.image import to_jpeg
from core.lesion.phantom import KINDS, make_phantom
from tests.waiting import PATIENCE

CREDIT = "ViDIR Group, Department of Dermatology, Medical University of Vienna"
IDS = [str(image) for image in starter.listed().index[::10]]
"""One of each diagnosis."""
DRAWN = [make_phantom(n, list(KINDS)[n % len(KINDS)]).image.rgb for n in range(len(IDS))]
PHOTOS = {image: to_jpeg(rgb) for image, rgb in zip(IDS, DRAWN, strict=True)}


class PhotoArchive(BaseHTTPRequestHandler):
    """Attributes:
    photos: by image id.
    troubles: by image id, what befalls each request for its file in turn: a status (429 with
        `retry_after`), `cut off`, `slow`, or other bytes that are sent instead.
    entries: by image id, what its entry says otherwise.
    asked: ids whose files were asked for, in order.
    """

    photos: ClassVar[dict[str, bytes]]
    troubles: ClassVar[dict[str, list[object]]]
    entries: ClassVar[dict[str, dict[str, object]]]
    asked: ClassVar[list[str]]
    queries: ClassVar[int]
    retry_after: ClassVar[str]
    released: ClassVar[threading.Event]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/api/v2/images/search/":
            type(self).queries += 1
            image = parse_qs(parts.query)["query"][0].removeprefix("isic_id:")
            found = [] if image not in self.photos else [self.entry(image)]
            self.answer(json.dumps({"count": len(found), "results": found}).encode())
            return
        image = parts.path.split("/")[-1].removesuffix(".jpg")
        self.asked.append(image)
        trouble = self.troubles.get(image) or [None]
        what = trouble.pop(0)
        if isinstance(what, int):
            self.send_response(what)
            if what in (429, 503):
                self.send_header("Retry-After", self.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif what == "cut off":
            self.answer(self.photos[image], self.photos[image][:1000])
            self.close_connection = True
        elif what == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.photos[image])))
            self.end_headers()
            self.wfile.flush()
            self.released.wait(PATIENCE)
            self.close_connection = True
        else:
            self.answer(what if isinstance(what, bytes) else self.photos[image])

    def entry(self, image: str) -> dict[str, object]:
        url = f"http://{self.headers['Host']}/content/{image}.jpg"
        return {
            "isic_id": image,
            "copyright_license": "CC-BY-NC",
            "attribution": CREDIT,
            "files": {
                "full": {"url": url, "size": len(self.photos[image])},
                "thumbnail_256": {"url": url, "size": 1},
            },
            **self.entries.get(image, {}),
        }

    def answer(self, content: bytes, part: bytes | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content if part is None else part)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def running_archive(photos: dict[str, bytes]) -> Iterator[tuple[type[PhotoArchive], str]]:
    """The server and its address."""

    class Here(PhotoArchive):
        pass

    Here.photos, Here.troubles, Here.entries = photos, {}, {}
    Here.asked, Here.queries, Here.retry_after = [], 0, "0"
    Here.released = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Here, f"http://127.0.0.1:{server.server_port}/api/v2"
    finally:
        Here.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
