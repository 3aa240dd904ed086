"""Visitors' photos, kept in memory so that they outlive a reload of their page, which alone knows
their key: too long to guess, and in no link that the page offers."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

import streamlit as st
from cachetools import TTLCache

from ui import state
from ui.case import Case
from ui.text import as_text

KEPT_BYTES = 64 * 1024**2
"""What all of them may take, together; those kept for longest go first."""
KEPT_SECONDS = 2 * 60 * 60
"""How long one is kept after it was last looked at."""


@dataclass(frozen=True)
class Upload:
    """A photo of a visitor.

    Attributes:
        kind: what the session calls it: `upload` or `shot` (taken with the page's camera).
        name: of the file.
        data: its bytes.
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


class Uploads:
    """All of them, one for all sessions."""

    def __init__(self, most_bytes: int = KEPT_BYTES, seconds: float = KEPT_SECONDS) -> None:
        self._kept: TTLCache[str, Upload] = TTLCache(most_bytes, seconds, getsizeof=_size)
        self._lock = threading.Lock()

    def keep(self, upload: Upload) -> str:
        """Keep a photo if there is room for it at all; returns the key that finds it again."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            if _size(upload) <= self._kept.maxsize:
                self._kept[key] = upload
        return key

    def get(self, key: str) -> Upload | None:
        """The photo of that key, which then stays for as long as a new one; None: gone."""
        with self._lock:
            if found := self._kept.pop(key, None):
                self._kept[key] = found
        return found

    def forget(self, key: str) -> None:
        """Let go of it, if it is still there."""
        with self._lock:
            self._kept.pop(key, None)

    @property
    def nbytes(self) -> int:
        """What they take now."""
        with self._lock:
            return int(self._kept.currsize)


def _size(upload: Upload) -> int:
    return len(upload.data) + 1000


@st.cache_resource
def store() -> Uploads:
    """Made once; a restart of the server begins with an empty one."""
    return Uploads()


def of_file(name: str, data: bytes) -> Upload:
    """A picture file that a visitor chose."""
    return Upload("upload", name, data, f":blue-badge[Your photo] {as_text(name)}")


def keep(upload: Upload, slot: str = "") -> None:
    """Have a picker show a photo from now on. `slot` as for `case_picker.pick`."""
    forget(slot, upload.kind)
    st.session_state[f"{slot}{upload.kind}"] = upload.case()
    st.session_state[f"{slot}{upload.kind}_key"] = store().keep(upload)


def restore(key: str) -> bool:
    """Open the photo of that key, of the page's address; returns whether it was still there."""
    upload = store().get(key)
    if upload is None:
        return False
    source = "camera" if upload.kind == "shot" else "upload"
    st.session_state.update(
        {"source": source, upload.kind: upload.case(), f"{upload.kind}_key": key}
    )
    return True


def forget(slot: str, kind: str) -> None:
    """Let go of a picker's photo: of the file, and of all that was computed from it."""
    if key := st.session_state.pop(f"{slot}{kind}_key", None):
        store().forget(key)
    case = st.session_state.pop(f"{slot}{kind}", None)
    if isinstance(case, Case):
        state.forget(case.digest)
        st.session_state.get("notes", {}).pop(case.digest, None)
