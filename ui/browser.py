"""What is known of the visitor's browser: by which address it reaches the app, and a cookie with a
random key, set with the page itself, by which it is known again.

Streamlit can read cookies but sets none, so the server adds it to the pages it sends. No script can
read it (HttpOnly), no other site's page sends it along (SameSite), and nobody can guess it: 256
random bits. It says nothing of whoever uses the browser.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "lesionlab_browser"
DAYS = 400
"""Browsers keep no cookie for longer."""
KEPT_SECONDS = 2 * 60 * 60
"""How long what a visitor brought or wrote is kept in memory after it was last looked at, …"""
LATE_SECONDS = 60
"""… and by how much later it may go."""
_KEY = re.compile(r"[\w-]{43}", re.ASCII)
_OF_SESSION = "browser_key"


class BrowserCookie:
    """ASGI middleware that gives each browser its key with the first page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the cookie to a page for a browser that has none."""
        if scope["type"] != "http" or _key_in(
            cookie_parser(Headers(scope=scope).get("cookie", ""))
        ):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    secure = "; Secure" if scope.get("scheme") == "https" else ""
                    headers.append(
                        "set-cookie",
                        f"{COOKIE}={secrets.token_urlsafe(32)}; Path=/; Max-Age={DAYS * 86_400}; "
                        f"HttpOnly; SameSite=Lax{secure}",
                    )
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _key_in(cookies: Mapping[str, str]) -> str:
    """The key among a browser's cookies; empty if there is none."""
    found = cookies.get(COOKIE, "")
    return found if _KEY.fullmatch(found) else ""


def browser_key() -> str:
    """What this visitor's browser is known by; one of the session where it keeps no cookies."""
    return _key_in(st.context.cookies) or str(
        st.session_state.setdefault(_OF_SESSION, secrets.token_urlsafe(32))
    )


def keeps_cookies() -> bool:
    """Whether the browser will be known again."""
    return bool(_key_in(st.context.cookies))


def by_clock(moment: datetime) -> datetime:
    """A moment, with its zone, by this visitor's clock; in UTC where that is not known."""
    try:
        return moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the browser may name any
        return moment.astimezone(UTC)


def address_of(page: str, here: str, parameters: Mapping[str, str]) -> str:
    """The address of one of the app's pages, as this browser reaches it: also by a proxy's name,
    and below a path of its own.

    Args:
        page: its last part, such as `classroom`; empty for the first page.
        here: that of the page that asks.
        parameters: behind the question mark.
    """
    parts = urlsplit(str(st.context.url or ""))
    base = parts.path.rstrip("/").removesuffix(f"/{here}")
    query = urlencode(parameters)
    return urlunsplit((parts.scheme, parts.netloc, f"{base}/{page}", query, ""))
