"""Uploads never touch the disk, as Starlette receives them."""

from __future__ import annotations

import asyncio

import pytest
import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.pages.conftest import start
from ui.serving.uploads import BrokenUploads, keep_in_memory

HEAD = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'


def received(data: bytes) -> tuple[bytes, bool]:
    """An upload as a server gets it; and whether it was written to a file."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": HEAD + data + b"\r\n--x--\r\n"}

    async def read() -> tuple[bytes, bool]:
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        request = Request({"type": "http", "method": "PUT", "headers": headers}, receive)
        form = await request.form()
        on_disk = form["f"].file._rolled
        return await form["f"].read(), on_disk

    return asyncio.run(read())


@pytest.mark.parametrize("size", [10, 5 * 1024**2])
def test_an_upload_stays_in_memory(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024**2)
    assert received(bytes(2 * 1024**2))[1], "Starlette by itself writes to the disk"
    keep_in_memory()
    assert received(bytes(size)) == (bytes(size), False)


def test_the_app_keeps_all_that_it_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1)
    start("about")
    assert MultiPartParser.spool_max_size > st.get_option("server.maxUploadSize") * 1024**2


def broken_off(wrapped: ASGIApp) -> None:
    """An app gets the beginning of an upload, and then its browser is gone."""
    told = iter([{"type": "http.request", "body": HEAD, "more_body": True}])

    async def receive() -> dict[str, object]:
        return next(told, {"type": "http.disconnect"})

    async def send(_: object) -> None:
        raise AssertionError("Nobody is there to be told anything.")

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    asyncio.run(wrapped({"type": "http", "method": "PUT", "headers": headers}, receive, send))


def test_an_upload_that_breaks_off_is_no_error() -> None:
    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        await Request(scope, receive).form()

    with pytest.raises(ClientDisconnect):
        broken_off(app)
    broken_off(BrokenUploads(app))


def test_other_errors_are_still_told() -> None:
    async def app(*_: object) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        broken_off(BrokenUploads(app))
