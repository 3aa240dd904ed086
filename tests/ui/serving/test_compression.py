"""Scripts are compressed once, and nothing else is touched."""

from __future__ import annotations

import gzip

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.serving import compression
from ui.serving.compression import CompressedScripts

SCRIPT = b"let a = 1;\n" * 10_000


async def _script(request: Request) -> Response:
    status = 404 if "none" in request.url.path else 200
    etag = {"etag": '"1"', "cache-control": "public, immutable"}
    kind = "text/html" if "no_file" in request.url.path else "text/javascript"
    return Response(SCRIPT, status, headers=etag, media_type=kind)


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", _script, methods=["GET", "HEAD"])])
    return TestClient(CompressedScripts(app))


def test_a_script_arrives_whole_and_small(client: TestClient) -> None:
    answer = client.get("/base/static/js/index.D0rm-v.js")
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(SCRIPT) / 10
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, immutable"


def test_it_is_compressed_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    real = gzip.compress
    monkeypatch.setattr(compression.gzip, "compress", lambda *a: done.append(a) or real(*a))
    for _ in range(3):
        assert client.get("/static/css/a.css").content == SCRIPT
    assert len(done) == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.js", {"accept-encoding": "identity"}),
        ("/static/js/a.js", {"accept-encoding": "gzip", "range": "bytes=0-9"}),
        ("/static/js/none.js", {}),
        ("/static/js/no_file.js", {}),  # Streamlit's first page, with status 200
        ("/static/media/font.woff2", {}),
        ("/media/photo.js", {}),
    ],
)
def test_all_else_is_as_it_was(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert answer.content == SCRIPT
    assert "content-encoding" not in answer.headers
    assert not client.app._kept
