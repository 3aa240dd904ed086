"""Thumbnails of the ISIC Archive, from a small server that answers as it does."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

import core.ham10000.isic_archive
from core.ham10000.isic_archive import THUMBNAIL_PX, ArchiveError, fetch
from core.imaging.image import to_jpeg
from tests.waiting import PATIENCE

PHOTO = to_jpeg(np.full((300, 400, 3), 120, np.uint8))


class Archive(BaseHTTPRequestHandler):
    """Knows one image; each query is noted."""

    asked: ClassVar[list[str]]
    photo: ClassVar[bytes]
    address: ClassVar[str | None]
    broken: ClassVar[str]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/api/v2/images/search/":
            query = parse_qs(parts.query)["query"][0]
            self.asked.append(query)
            if query.endswith("ISIC_0000500"):
                self.send_error(500)
                return
            url = self.address or f"http://{self.headers['Host']}/thumbnail"
            found = {
                "files": {"thumbnail_256": {"url": url}},
                "copyright_license": "CC-BY-NC",
                "attribution": "ViDIR Group",
            }
            known = query == "isic_id:ISIC_0024306"
            self._send(json.dumps({"results": [found] if known else []}).encode())
        elif self.broken:
            self._break_off()
        else:
            self._send(self.photo)

    def _break_off(self) -> None:
        """Begin an answer, and end it as a failing network or server would."""
        if self.broken == "silent":
            self.close_connection = True
            return
        chunked, zipped = self.broken.startswith("chunk"), self.broken == "zipped"
        self.send_response(200)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(self.photo) + (0 if zipped else 99_999)))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(
            {"chunk": b"fff\r\nabc", "chunks": b"what\r\n"}.get(self.broken, self.photo)
        )
        if self.broken == "stalls":
            self.wfile.flush()
            self.connection.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                self.connection.recv(1)  # until the other side has given up
        elif self.broken == "reset":
            off = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off)
        elif self.broken == "trickles":
            with contextlib.suppress(OSError):
                while True:  # until the other side has given up
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.002)
        self.close_connection = True

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Archive]]:
    Archive.asked, Archive.photo, Archive.address = [], PHOTO, None
    Archive.broken = ""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("LESIONLAB_ARCHIVE", f"http://127.0.0.1:{server.server_port}/api/v2/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(core.ham10000.isic_archive, "SECONDS", PATIENCE)
    yield Archive
    server.shutdown()
    server.server_close()
    thread.join()


def test_thumbnail_with_its_credit(archive: type[Archive]) -> None:
    found = fetch("ISIC_0024306")
    with Image.open(io.BytesIO(found.jpeg)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) == THUMBNAIL_PX
    assert found.credit == "ViDIR Group, CC-BY-NC"
    assert archive.asked == ["isic_id:ISIC_0024306"]


def test_unknown_image(archive: type[Archive]) -> None:
    with pytest.raises(ArchiveError, match="no picture of ISIC_0000001"):
        fetch("ISIC_0000001")


def test_archive_in_trouble(archive: type[Archive]) -> None:
    with pytest.raises(ArchiveError, match="Try again later"):
        fetch("ISIC_0000500")


@pytest.mark.parametrize("photo", [b"", b"<html>sign in</html>", PHOTO[:100]])
def test_something_else_than_a_picture(photo: bytes, archive: type[Archive]) -> None:
    archive.photo = photo
    with pytest.raises(ArchiveError, match="sent no picture"):
        fetch("ISIC_0024306")


def test_more_than_a_thumbnail(archive: type[Archive]) -> None:
    archive.photo = bytes(3 * 1024**2)
    with pytest.raises(ArchiveError, match="more than a thumbnail"):
        fetch("ISIC_0024306")


def test_unsafe_address(archive: type[Archive]) -> None:
    archive.address = "file:///etc/passwd"
    with pytest.raises(ArchiveError, match="unsafe address"):
        fetch("ISIC_0024306")


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_ARCHIVE", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ArchiveError, match="cannot be reached"):
        fetch("ISIC_0024306")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("silent", "cannot be reached"),
        ("cut off", "broke off"),
        ("reset", "broke off|cannot be reached"),
        ("chunk", "broke off"),
        ("chunks", "broke off"),
        ("zipped", "broke off"),
        ("stalls", "cannot be reached"),
        ("trickles", "cannot be reached"),
    ],
)
def test_a_connection_that_breaks(
    broken: str, said: str, archive: type[Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken in ("stalls", "trickles"):
        monkeypatch.setattr(core.ham10000.isic_archive, "SECONDS", 0.5)
    archive.broken = broken
    with pytest.raises(ArchiveError, match=said):
        fetch("ISIC_0024306")


@pytest.mark.parametrize("address", ["http://[::1", "http://", "http://.x..y/", "http://a b/"])
def test_an_address_that_is_none(address: str, archive: type[Archive]) -> None:
    archive.address = address
    with pytest.raises(ArchiveError):
        fetch("ISIC_0024306")
