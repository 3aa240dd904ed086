"""A browser's key, and the addresses that are handed on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import streamlit as st
from starlette.responses import HTMLResponse
from starlette.types import Message

from ui.browser import COOKIE, BrowserCookie, address_of, by_clock

KEY = "k" * 43


@pytest.mark.parametrize(
    ("cookies", "known"),
    [
        ("", False),
        (f"{COOKIE}={KEY}", True),
        (f"theme={{a:1}}; a b=c; {COOKIE}={KEY}", True),  # another program's, out of form
        (f"{COOKIE}={KEY[1:]}", False),
        (f"{COOKIE}={KEY}x", False),
        (f"other={KEY}", False),
    ],
)
def test_a_browser_gets_a_key_once_whatever_else_it_sends(cookies: str, known: bool) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"cookie", cookies.encode())]}
    asyncio.run(BrowserCookie(HTMLResponse("page"))(scope, receive, send))
    given = dict(sent[0]["headers"]).get(b"set-cookie", b"").decode()
    assert given.startswith(f"{COOKIE}=") != known


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        ("http://localhost:8501/classroom", "http://localhost:8501/classroom?code=AB+C"),
        ("https://lab.example/skin/classroom", "https://lab.example/skin/classroom?code=AB+C"),
        ("https://lab.example/skin/classroom/", "https://lab.example/skin/classroom?code=AB+C"),
        ("https://lab.example/skin/", "https://lab.example/skin/classroom?code=AB+C"),
        ("", "/classroom?code=AB+C"),
    ],
)
def test_an_address_keeps_the_path_below_which_the_app_is_served(
    monkeypatch: pytest.MonkeyPatch, here: str, expected: str
) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: here))
    assert address_of("classroom", "classroom", {"code": "AB C"}) == expected
    first = address_of("", "classroom", {"cases": "1.2"})
    assert first == expected.replace("classroom?code=AB+C", "?cases=1.2")


@pytest.mark.parametrize(
    ("zone", "hour"), [("Europe/Berlin", 14), (None, 12), ("Nowhere/Land", 12), ("../etc", 12)]
)
def test_a_moment_by_the_visitor_s_clock(
    zone: str | None, hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(st.context), "timezone", property(lambda _: zone))
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert by_clock(moment).hour == hour
