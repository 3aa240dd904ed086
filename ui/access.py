"""Who may change what everybody shares: the models, the trainings, the data, the disk.

Looking and analysing are open to everybody who can open the app. For everything else there is one
question, `check`: naming files and folders of this computer, importing, starting, stopping,
resuming, renaming and deleting trainings, measuring on the test split, choosing and removing
models, clearing storage. Pages ask it to draw their buttons, and `guarded` asks it once more when
the action is done: what a browser sends need not come from a button that was drawn.

The environment variable LESIONLAB_TEACHER may hold a secret, the teacher's lock: whoever enters it
may do all of this from anywhere, until their page is reloaded or they lock it again, and nobody
else may, not even at this computer.
"""

import hmac
import os
import secrets
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

import streamlit as st

from core.access import TEACHER, loopback
from ui.text import as_text

_PROBLEM = "access_problem"
"""Of the session: why something was not done, until a page has said so."""

BROWSERS_OWN = {
    "accept", "accept-charset", "accept-encoding", "accept-language", "authorization",
    "cache-control", "connection", "cookie", "dnt", "host", "origin", "pragma", "priority",
    "referer", "save-data", "te", "upgrade", "upgrade-insecure-requests", "user-agent",
}  # fmt: skip
"""Headers that a browser sends of its own accord when it opens a page's connection, besides
`Sec-…`. Any other one was put in on the way: by a proxy, under one of dozens of names."""

_OPENED = "access_opened"
"""Of the session: the mark of the secret that was entered; see `_mark`."""
_KEY = secrets.token_bytes(32)

SLOWEST = 4.0
"""Seconds that an answer to an entered secret takes at most, …"""
REMEMBERED = 600.0
"""… growing with the wrong ones of so many seconds, whoever entered them. Nobody is shut out: a
teacher whose class guesses waits for seconds, and a guesser who begins a new session gains
nothing."""
_wrong: deque[float] = deque(maxlen=8)
_counting = threading.Lock()

P = ParamSpec("P")


@dataclass(frozen=True)
class Access:
    """Whether this visitor may change what everybody shares.

    Attributes:
        reason: why not and what to do, in sentences; empty if allowed.
        locked: entering the teacher's secret would allow it.
    """

    allowed: bool
    reason: str = ""
    locked: bool = False


def check() -> Access:
    """Whether this visitor may, now: with a teacher's lock, once they have entered its secret;
    without one, while nobody but the person at this computer can open the app. The latter is asked
    of the server's settings and of the headers of the visitor's connection; whatever cannot be told
    counts as "from elsewhere"."""
    if has_lock():
        if is_unlocked():
            return Access(True)
        return Access(False, "It needs the teacher's secret.", locked=True)
    if elsewhere := _elsewhere():
        return Access(
            False,
            f"{elsewhere}, so nobody may change what everybody shares. To allow it to a teacher, "
            f"set the environment variable {TEACHER} to a secret and start LesionLab again.",
        )
    return Access(True)


def has_lock() -> bool:
    """Whether there is a teacher's lock."""
    return bool(_secret())


def is_unlocked() -> bool:
    """Whether this session has entered the secret of the teacher's lock."""
    opened = st.session_state.get(_OPENED)
    return isinstance(opened, bytes) and hmac.compare_digest(opened, _mark(_secret()))


def unlock(entered: str) -> bool:
    """Open the teacher's lock for this session, if that is its secret. Waits before it answers,
    the longer the more wrong secrets were entered lately."""
    with _counting:
        now = time.monotonic()
        lately = sum(now - then < REMEMBERED for then in _wrong)
    time.sleep(min(SLOWEST, 2.0**lately / 4) if lately else 0.0)
    right = hmac.compare_digest(_mark(_bytes(entered)), _mark(_secret())) and has_lock()
    if right:
        st.session_state[_OPENED] = _mark(_secret())
    else:
        with _counting:
            _wrong.append(time.monotonic())
    return right


def lock() -> None:
    """Close the teacher's lock again for this session."""
    st.session_state.pop(_OPENED, None)


def _secret() -> bytes:
    return _bytes(os.environ.get(TEACHER, ""))


def _bytes(words: str) -> bytes:
    """As entered on any keyboard: composed alike, without spaces around it."""
    return unicodedata.normalize("NFC", words).strip().encode("utf-8", "surrogatepass")


def _mark(secret: bytes) -> bytes:
    """What stands for a secret: of one length, useless elsewhere, and no browser can send it."""
    return hmac.digest(_KEY, secret, "sha256")


def guarded(do: Callable[P, None]) -> Callable[P, None]:
    """An action that is done only if this visitor may at that moment, for `on_click`. Otherwise
    the top of the page says why not."""

    @wraps(do)
    def only_if_allowed(*args: P.args, **kwargs: P.kwargs) -> None:
        if (found := check()).allowed:
            do(*args, **kwargs)
        else:
            keep_problem(found.reason)

    return only_if_allowed


def keep_problem(problem: str) -> None:
    """Tell the visitor at the top of the next page that something was not done, once."""
    st.session_state[_PROBLEM] = problem


def show_problem() -> None:
    """Show what `keep_problem` was given; above every page."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(as_text(problem))


def has_problem() -> bool:
    """Whether something is to be told: a fragment then runs the whole page."""
    return _PROBLEM in st.session_state


def _elsewhere() -> str:
    """How others may open the app, the beginning of a sentence; empty if they cannot."""
    return _by_settings() or _by_headers(st.context.headers)


def _by_settings() -> str:
    if not loopback(address := st.get_option("server.address")):
        return f"LesionLab listens on {address or 'every address of this computer'}"
    hosts = [str(host) for host in st.get_option("server.allowedHosts")]
    if not hosts:
        return "LesionLab answers to any host name (server.allowedHosts is empty)"
    origins = map(_host_of, st.get_option("server.corsAllowedOrigins"))
    for name in (*hosts, *origins, st.get_option("browser.serverAddress")):
        if not loopback(name):
            return f"LesionLab answers to other names than this computer's own ({name or '?'})"
    if st.get_option("server.baseUrlPath"):
        return "LesionLab is served below a path, as behind a proxy (server.baseUrlPath)"
    return ""


def _by_headers(headers: Mapping[str, str]) -> str:
    for name in sorted(headers):
        if name.lower() not in BROWSERS_OWN and not name.lower().startswith("sec-"):
            return f"You reach LesionLab through a proxy (header {name})"
    found = {name.lower(): value for name, value in headers.items()}
    if not loopback(_host_of(f"//{found.get('host', '')}")):
        return "You reach LesionLab by another name than this computer's own"
    if "origin" in found and not loopback(_host_of(found["origin"])):
        return "You reach LesionLab from a page of another computer"
    return ""


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
