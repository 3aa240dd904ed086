"""Visitors' photos, kept in memory so that they outlive a reload of their page, whose address alone
knows their key: too long to guess, and in no link that the page offers."""

import secrets
from dataclasses import dataclass

import streamlit as st

from core.system.idle_cache import IdleCache
from ui import methods, state
from ui.analyse import notes
from ui.browser import KEPT_SECONDS, LATE_SECONDS, browser_key
from ui.case import Case

KEPT_BYTES = 64 * 1024**2
"""What all of them may take, together; those kept for longest go first."""


KINDS = {"upload": "upload", "camera": "shot"}
"""What the session calls a photo, by what a picker's `source` then is."""


@dataclass(frozen=True)
class Upload:
    """A photo of a visitor.

    Attributes:
        kind: what the session calls it: `upload` or `shot` (taken with the page's camera).
        about: a line of Markdown on where it comes from.
    """

    kind: str
    name: str
    data: bytes
    about: str

    def case(self) -> Case:
        """To be analysed."""
        taken = True if self.kind == "shot" else None
        return Case.of_file(self.data, self.name, self.about, taken=taken)


@st.cache_resource
def store() -> IdleCache[str, Upload]:
    """All of them by their keys, one for all sessions; a restart of the server begins with an empty
    one."""
    return IdleCache(
        most=KEPT_BYTES,
        seconds=KEPT_SECONDS,
        late=LATE_SECONDS,
        size=lambda kept: len(kept.data) + 1000,
    )


@st.cache_resource
def _forgotten() -> IdleCache[tuple[str, str], bool]:
    """Photos that were forgotten lately, by a browser's key and their digests: other tabs of that
    browser may still show them."""
    return IdleCache(100_000, KEPT_SECONDS, LATE_SECONDS, lambda _: 1)


def keep(upload: Upload, slot: str = "") -> None:
    """Have a picker show a photo from now on, instead of the one before. `slot` as for
    `case_picker.pick`."""
    name = f"{slot}{upload.kind}"
    before = st.session_state.get(name)
    _let_go(name)
    case = upload.case()
    if isinstance(before, Case) and case.digest != before.digest and not _shown_as(before.digest):
        _forget_traces(before.digest)
    _forgotten().pop((browser_key(), case.digest))
    st.session_state[name] = case
    key = st.session_state[f"{name}_key"] = secrets.token_urlsafe(24)
    store().put(key, upload)


def shown(slot: str, kind: str) -> Case | None:
    """The photo of one's own that a picker has; one that was forgotten in another tab of this
    browser is forgotten here, too."""
    case = st.session_state.get(f"{slot}{kind}")
    if isinstance(case, Case) and _forgotten().get((browser_key(), case.digest)):
        forget(slot, kind)
        st.session_state[f"{slot}{kind}_lost"] = True
        return None
    return case


def key_shown(slot: str = "") -> str | None:
    """The key of the photo of one's own that a picker shows, if it shows one."""
    kind = KINDS.get(str(st.session_state.get(f"{slot}source")))
    return st.session_state.get(f"{slot}{kind}_key") if kind else None


def restore(key: str, slot: str = "") -> bool:
    """Have a picker open the photo of that key, of the page's address; returns whether it was still
    there. Where it was not, the picker shows none: the address is not that of the photo before."""
    upload = store().get(key)
    if upload is None:
        for name in ("upload", "upload_key"):
            st.session_state.pop(slot + name, None)
        return False
    source = next(source for source, kind in KINDS.items() if kind == upload.kind)
    found = {"source": source, upload.kind: upload.case(), f"{upload.kind}_key": key}
    st.session_state.update({slot + name: value for name, value in found.items()})
    return True


def forget(slot: str, kind: str) -> None:
    """Let go of a picker's photo, here and in every other picker: of the file, and of all that was
    computed from it or written about it."""
    case = st.session_state.get(f"{slot}{kind}")
    if isinstance(case, Case):
        _forgotten().put((browser_key(), case.digest), True)
        for name in _shown_as(case.digest):
            _let_go(name)
        _forget_traces(case.digest)


def _shown_as(digest: str) -> list[str]:
    """Names in the session under which pickers show a photo."""
    cases = ((name, st.session_state[name]) for name in list(st.session_state))
    return [str(n) for n, case in cases if isinstance(case, Case) and case.digest == digest]


def _let_go(name: str) -> None:
    st.session_state.pop(name, None)
    key = st.session_state.pop(f"{name}_key", None)
    others = (st.session_state[n] for n in list(st.session_state) if str(n).endswith("_key"))
    if key and key not in others:
        store().pop(key)


def _forget_traces(digest: str) -> None:
    state.forget(digest)
    methods.forget(digest)
    notes.forget(digest)
    st.session_state.get(notes.WRITTEN, {}).pop(digest, None)
    for name in [name for name in st.session_state if digest in str(name)]:
        del st.session_state[name]
