"""Who may change what everybody shares: the models, the trainings, the data, the disk.

Looking and analysing are open to everybody who can open the app. For everything else there is one
question, `check`: naming files and folders of this computer, importing, starting, stopping,
resuming, renaming and deleting trainings, measuring on the test split, choosing and removing
models, clearing storage. Pages ask it to draw their buttons, and `guarded` asks it once more when
the action is done: what a browser sends need not come from a button that was drawn.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

import streamlit as st

from ui.text import as_text

_SAID = "access_said"
"""Of the session: why something was not done, until a page has said so."""

BROWSERS_OWN = {
    "accept", "accept-charset", "accept-encoding", "accept-language", "authorization",
    "cache-control", "connection", "cookie", "dnt", "host", "origin", "pragma", "priority",
    "referer", "save-data", "te", "upgrade", "upgrade-insecure-requests", "user-agent",
}  # fmt: skip
"""Headers that a browser sends of its own accord when it opens a page's connection, besides
`Sec-…`. Any other one was put in on the way: by a proxy, under one of dozens of names."""

P = ParamSpec("P")


@dataclass(frozen=True)
class Access:
    """Whether this visitor may change what everybody shares.

    Attributes:
        allowed: they may.
        reason: why not and what to do, in sentences; empty if allowed.
    """

    allowed: bool
    reason: str = ""


def check() -> Access:
    """Whether this visitor may, now: only while nobody but the person at this computer can open
    the app. Asked of the server's settings and of the headers of the visitor's connection; whatever
    cannot be told counts as "from elsewhere"."""
    if elsewhere := _elsewhere():
        return Access(False, f"{elsewhere}, so this is closed to everybody who opens it.")
    return Access(True)


def guarded(do: Callable[P, None]) -> Callable[P, None]:
    """An action that is done only if this visitor may at that moment, for `on_click`. Otherwise
    the top of the page says why not."""

    @wraps(do)
    def only_if_allowed(*args: P.args, **kwargs: P.kwargs) -> None:
        if (found := check()).allowed:
            do(*args, **kwargs)
        else:
            say(found.reason)

    return only_if_allowed


def say(problem: str) -> None:
    """Tell the visitor at the top of the next page that something was not done, once."""
    st.session_state[_SAID] = problem


def told() -> None:
    """Show what `say` was given; above every page."""
    if problem := st.session_state.pop(_SAID, None):
        st.error(as_text(problem))


def waiting() -> bool:
    """Whether something is to be told: a fragment then runs the whole page."""
    return _SAID in st.session_state


def notice(what: str) -> bool:
    """Say, where an action would be offered, that it is closed to this visitor, and why.

    Args:
        what: that is closed, the beginning of a sentence: "Starting a training".

    Returns:
        Whether it is open; then nothing is shown.
    """
    found = check()
    if not found.allowed:
        st.info(as_text(found.reason), title=f"{what} is closed", icon=":material/lock:")
    return found.allowed


def _elsewhere() -> str:
    """How others may open the app, the beginning of a sentence; empty if they cannot."""
    return _by_settings() or _by_headers(st.context.headers)


def _by_settings() -> str:
    if not _loopback(address := st.get_option("server.address")):
        return f"LesionLab listens on {address or 'every address of this computer'}"
    hosts = [str(host) for host in st.get_option("server.allowedHosts")]
    if not hosts:
        return "LesionLab answers to any host name (server.allowedHosts is empty)"
    origins = map(_host_of, st.get_option("server.corsAllowedOrigins"))
    for name in (*hosts, *origins, st.get_option("browser.serverAddress")):
        if not _loopback(name):
            return f"LesionLab answers to other names than this computer's own ({name or '?'})"
    if st.get_option("server.baseUrlPath"):
        return "LesionLab is served below a path, as behind a proxy (server.baseUrlPath)"
    return ""


def _by_headers(headers: Mapping[str, str]) -> str:
    if added := sorted(_added(headers)):
        return f"You reach LesionLab through a proxy (header {added[0]})"
    found = {name.lower(): value for name, value in headers.items()}
    if not _loopback(_host_of(f"//{found.get('host', '')}")):
        return "You reach LesionLab by another name than this computer's own"
    if "origin" in found and not _loopback(_host_of(found["origin"])):
        return "You reach LesionLab from a page of another computer"
    return ""


def _added(names: Iterable[str]) -> list[str]:
    return [
        name
        for name in names
        if name.lower() not in BROWSERS_OWN and not name.lower().startswith("sec-")
    ]


def _host_of(address: object) -> str:
    """The host name of an address such as `http://[::1]:8501`; empty if it has none, or more than
    host and port."""
    try:
        parts = urlsplit(str(address))
        _ = parts.port  # raises if it is no number
    except ValueError:
        return ""
    whole = not (parts.username or parts.password or parts.query or parts.fragment)
    return (parts.hostname or "") if whole and parts.path in ("", "/") else ""


def _loopback(host: object) -> bool:
    """Whether a name or an IP address, with brackets or without, always means this computer."""
    name = str(host or "").strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
