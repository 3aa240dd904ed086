"""The app's server as a process of ours: for its window, for the load benchmark, for tests."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from core.errors import UserError
from core.settings import REPOSITORY

START_SECONDS = 600.0
TAKEN = "is not available"
"""Streamlit's word that another program has taken the port since it was found free."""
PORTS = 3
"""So many are tried."""
END_SECONDS = 10.0
"""So long a process that was asked to end may take before it is killed."""
LOG_CHARACTERS = 4000
"""Of its log's end, in a message."""
ELSEWHERE = (
    "STREAMLIT_SERVER_ADDRESS",
    "STREAMLIT_SERVER_ALLOWED_HOSTS",
    "STREAMLIT_SERVER_BASE_URL_PATH",
    "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS",
    "STREAMLIT_SERVER_SSL_CERT_FILE",
    "STREAMLIT_SERVER_SSL_KEY_FILE",
    "STREAMLIT_BROWSER_SERVER_ADDRESS",
)
"""What opens the app to other computers, and so does not hold for a server of this one."""


class ServerError(UserError, RuntimeError):
    """The app did not start; the message has the end of its log."""


class Server:
    """The app on a port of 127.0.0.1. It ends with this process, if not before.

    Args:
        log: the file that gets what it prints.
        settings: environment variables on top of this process's own, of which those that open the
            app to other computers are left out.
        port: is taken if it is free; otherwise, or if it is 0, any free one.

    Attributes:
        url: its address, without a slash at the end.
        port, pid: of the server.

    Raises:
        OSError: the log cannot be written, or no process can be started.
    """

    def __init__(self, log: Path, settings: Mapping[str, str] | None = None, port: int = 0) -> None:
        self._log = log
        self._settings = settings or {}
        self._other_ports = PORTS - 1
        self._begin(_free(port) or _free(0))

    def _begin(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        own = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "desktop.serve", "run", "app.py"),
                    f"--server.port={self.port}",
                    "--server.address=127.0.0.1",
                    "--server.headless=true",
                ],
                cwd=REPOSITORY,
                env={**own, **self._settings},
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid

    @property
    def problem(self) -> str:
        """Why it is gone, in words; empty while it runs."""
        if self._process.poll() is None:
            return ""
        said = self._log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARACTERS:]
        return f"The app has ended or did not start:\n{said}"

    def ready(self) -> bool:
        """Whether a browser may come. If its own port was taken while it started, it starts again
        at another."""
        if self._other_ports and TAKEN in self.problem:
            self._other_ports -= 1
            self.stop()
            self._begin(_free(0))
        return self._has(psutil.CONN_LISTEN) and self._answers()

    def _answers(self) -> bool:
        # No proxy: the address is on this machine, whatever the environment says of proxies.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(OSError), opener.open(f"{self.url}/_stcore/health", timeout=2):
            return True
        return False

    def visited(self) -> bool:
        """Whether a page is open anywhere: each holds a connection."""
        return self._has(psutil.CONN_ESTABLISHED)

    def _has(self, status: str) -> bool:
        """Whether this very process has a connection of that kind at the port."""
        try:
            found = psutil.Process(self.pid).net_connections("tcp")
        except psutil.Error:
            return False
        here = (c for c in found if c.status == status and c.laddr)
        return any(c.laddr.port == self.port for c in here)

    def wait(self) -> None:
        """Until it is ready. Raises ServerError: it does not start."""
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.problem or time.monotonic() > deadline:
                raise ServerError(self.problem or f"The app does not answer at {self.url}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it; trainings are processes of their own, and go on."""
        end(self._process)
        if self._process.stdin:
            self._process.stdin.close()


@contextlib.contextmanager
def running_app(log: Path, settings: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The app for a while, ready: its address and process id; see `Server`.

    Raises:
        ServerError: it does not start.
    """
    server = Server(log, settings)
    try:
        server.wait()
        yield server.url, server.pid
    finally:
        server.stop()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, kill it if it does not, and see it gone."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free(port: int) -> int:
    """The port if nothing listens there, a free one for 0; 0 if it is in use."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
