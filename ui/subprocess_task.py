"""Heavy one-off work in a process of its own, so that the server never imports what it needs.

A task waits for its turn, runs `python -m MODULE …`, and its process ends, whatever happens: when
it is done, cancelled or replaced, when its visitor's browser session is gone, or the server stops.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.settings import REPOSITORY, Settings
from core.system import progress
from core.system.fair_queue import BusyError, FairQueue
from ui import access
from ui.frame import duration

GONE_SECONDS = 15.0
"""So long a browser may be away, as when a network fails for a moment."""
ENDING_SECONDS = 3.0
"""So long a process may take to end by itself before it is killed."""
NICE = 10

QUICK, LONG = FairQueue(waiting=20), FairQueue(waiting=20)
"""The queues of all visitors, one task at a time in each: of what takes seconds, and minutes."""

_all: weakref.WeakSet[Task] = weakref.WeakSet()


class Task:
    """A command waiting, at work, or ended, for the browser session whose page runs now.

    Args:
        module: what `python -m` runs.
        words: its arguments; `{folder}` in them is the task's folder.
        files: written there first, by their names.
        queue: `QUICK` or `LONG`.
        ended: is told once no process runs any more, from a thread of its own.

    Attributes:
        folder: the task's own, with `out` (what was printed), `err` and its files; gone with this
            object.

    Raises:
        BusyError: too many wait already.
        OSError: there is no room.
    """

    def __init__(
        self,
        module: str,
        words: Sequence[str],
        files: Mapping[str, bytes] | None = None,
        queue: FairQueue = QUICK,
        ended: Callable[[Task], object] | None = None,
    ) -> None:
        self._kept = TemporaryDirectory(prefix="lesionlab-", ignore_cleanup_errors=True)
        self.folder = Path(self._kept.name)
        for name, content in (files or {}).items():
            (self.folder / name).write_bytes(content)
        words = [word.replace("{folder}", str(self.folder)) for word in words]
        self._command = [sys.executable, "-m", module, *words]
        self._began = time.monotonic()
        self._cancelled, self._over = threading.Event(), threading.Event()
        self._failure, self._tell = "", ended
        context = get_script_run_ctx()
        self._session = context.session_id if context else ""
        self._seen = self._began
        try:
            self._turn = queue.take()
        except BusyError as error:
            raise BusyError(
                "Many are waiting for such a computation already. Try again in a minute."
            ) from error
        _all.add(self)
        threading.Thread(target=self._run, name="task", daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether it waits or is at work."""
        return not self._over.is_set()

    @property
    def ahead(self) -> int:
        """How many tasks come before; 0 once it is this one's turn."""
        return self._turn.ahead

    @property
    def seconds(self) -> float:
        """Since its turn came, or else since it was asked for."""
        return time.monotonic() - self._began

    @property
    def step(self) -> progress.Step | None:
        """How far it is, if its command tells (`core.system.progress`)."""
        return progress.read_progress(self.folder / "progress")

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return self._read("out")

    @property
    def cancelled(self) -> bool:
        """Whether somebody ended it, or it lost its visitor."""
        return self._cancelled.is_set()

    @property
    def problem(self) -> str:
        """Why it failed, in its own words; empty if it did not, or not yet."""
        return "" if self.running else self._failure

    def cancel(self) -> None:
        """End it; its process is gone a moment later."""
        self._cancelled.set()

    def discard(self) -> None:
        """End it and tell nobody: nothing shall be left of it."""
        self._tell = None
        self.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; false if it has not come in that time."""
        return self._over.wait(seconds)

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _run(self) -> None:
        try:
            with self._turn:
                while not self._turn.wait(0.1):
                    if self._unwanted():
                        break
                else:
                    self._work()
            if tell := self._tell:
                tell(self)
        except OSError as error:
            self._failure = f"It cannot be started: {error}"
        except Exception:
            logging.getLogger(__name__).exception("A task failed")
            self._failure = "Something unexpected went wrong."
        finally:
            if self.cancelled:
                self._failure = "Cancelled."
            self._over.set()

    def _work(self) -> None:
        if self._unwanted():
            return
        self._began = time.monotonic()
        environment = {progress.FILE: str(self.folder / "progress")}
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            if hasattr(os, "setpriority"):  # analyses go first
                with contextlib.suppress(ProcessLookupError):
                    # An app that gives way itself may not lift its tasks above that.
                    nice = min(NICE, Settings.from_environment().nice)
                    behind = max(nice, os.getpriority(os.PRIO_PROCESS, process.pid))
                    os.setpriority(os.PRIO_PROCESS, process.pid, behind)
            while process.poll() is None and not self._unwanted():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        finally:
            _end(process)
        if process.returncode:
            lines = [line for line in self._read("err").split("\n") if line.strip()]
            self._failure = lines[-1] if lines else "It ended unexpectedly."

    def _unwanted(self) -> bool:
        """Whether it is to end. Asked several times a second."""
        if not self._cancelled.is_set() and self._session and exists():
            now = time.monotonic()
            if get_instance().is_active_session(self._session):
                self._seen = now
            elif now - self._seen > GONE_SECONDS:
                self._cancelled.set()
        return self._cancelled.is_set()


def _end(process: subprocess.Popen[bytes]) -> None:
    """A process and what it started are gone afterwards. Asked first, so that it can tidy up."""
    if process.poll() is not None:
        return
    family = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    if os.name == "posix":
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_SECONDS)
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.kill()
    process.wait()
    psutil.wait_procs(family, ENDING_SECONDS)


@atexit.register
def _end_all() -> None:
    tasks = [task for task in _all if task.running]
    for task in tasks:
        task.cancel()
    for task in tasks:
        task.wait(ENDING_SECONDS + 1)


def current(key: str, about: object) -> Task | None:
    """This session's task of that key, if it is about the same."""
    found: tuple[object, Task] | None = st.session_state.get(key)
    return found[1] if found is not None and found[0] == about else None


def get_or_start(key: str, about: object, start: Callable[[], Task]) -> Task:
    """This session's task of that key: the one about the same as before, or else a new one, for
    which the old one ends. Raises what `Task` raises."""
    if task := current(key, about):
        return task
    drop(key)
    task = start()
    st.session_state[key] = (about, task)
    return task


@access.guarded
def restart(
    key: str,
    about: object,
    words: Sequence[str],
    wrong: str,
    files: Mapping[str, bytes] | None = None,
    queue: FairQueue = QUICK,
) -> None:
    """For a button: start this session's task of that key, a command of `python -m train`, in place
    of the one before; `wrong` is what the page says if it cannot start."""
    drop(key)
    try:
        get_or_start(key, about, lambda: Task("train", words, files, queue))
    except (OSError, BusyError) as error:
        access.keep_problem(f"{wrong}: {error}")


def drop(key: str) -> None:
    """End this session's task of that key, if there is one, and forget it."""
    if found := st.session_state.pop(key, None):
        found[1].cancel()


def show_progress(task: Task, doing: str, key: str) -> None:
    """Say how far a task is, and offer to cancel it; the whole page reruns when it has ended.

    Args:
        doing: what it does, as long as it does not tell by itself.
        key: tells it from other tasks on the page.
    """

    def look() -> None:
        if not task.running:
            st.rerun()
        if task.ahead:
            share, words = 0.0, f"Waiting: {task.ahead} before you. Your turn comes by itself."
        elif (step := task.step) is None:
            share, words = 0.0, f"{doing} {task.seconds:.0f} s so far"
        else:
            share, parts = step.done / max(1, step.total), [step.doing]
            parts.append(f"step {min(step.done + 1, step.total)} of {step.total}")
            if step.seconds_left is not None:
                parts.append(f"about {duration(step.seconds_left)} left")
            words = " · ".join(parts)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(share, 1.0), words)
            st.button(
                "Cancelling…" if task.cancelled else "Cancel",
                key=f"cancel_{key}",
                icon=":material/cancel:",
                on_click=task.cancel,
                disabled=task.cancelled,
            )

    st.fragment(look, run_every=1.0)()
