"""A short command of `python -m train`, run beside the server: pages must not wait for torch."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from core.settings import REPOSITORY


@dataclass(frozen=True, eq=False)
class Errand:
    """A command at work, or done.

    Attributes:
        folder: its own, with `out` (what it printed), `err` and its files; gone with this object.
        began: by `time.monotonic()`.
    """

    folder: Path
    began: float
    _process: subprocess.Popen[bytes]
    _kept: TemporaryDirectory[str]

    @classmethod
    def start(cls, *words: str, files: Mapping[str, bytes] | None = None) -> Errand:
        """Start `python -m train WORDS`.

        Args:
            words: `{folder}` in them is the errand's folder.
            files: written there first, by their names.

        Raises:
            OSError: there is no room, or no process can be started.
        """
        kept = TemporaryDirectory(prefix="lesionlab-", ignore_cleanup_errors=True)
        folder = Path(kept.name)
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
        command = [sys.executable, "-m", "train", *(w.format(folder=folder) for w in words)]
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        if hasattr(os, "setpriority"):  # analyses go first
            os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        return cls(folder, time.monotonic(), process, kept)

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._process.poll() is None

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return (self.folder / "out").read_text(encoding="utf-8", errors="replace")

    @property
    def problem(self) -> str:
        """Why it failed, in its own words; empty if it did not."""
        if self._process.poll() in (0, None):
            return ""
        lines = (self.folder / "err").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "It ended unexpectedly.")

    def cancel(self) -> None:
        """End it."""
        if self.running:
            self._process.terminate()
            self._process.wait()


def tend(key: str, about: object, start: Callable[[], Errand]) -> Errand:
    """This session's errand of that key: the one about the same as before, or else a new one, for
    which the old one ends. Raises OSError."""
    kept: tuple[object, Errand] | None = st.session_state.get(key)
    if kept is not None:
        if kept[0] == about:
            return kept[1]
        kept[1].cancel()
    errand = start()
    st.session_state[key] = (about, errand)
    return errand


def wait(errand: Errand, doing: str) -> None:
    """Say what is being done; the whole page begins anew when it is done."""

    def look() -> None:
        if not errand.running:
            st.rerun()
        seconds = time.monotonic() - errand.began
        st.caption(f":material/hourglass_top: {doing} {seconds:.0f} s so far.")

    st.fragment(look, run_every=1.0)()
