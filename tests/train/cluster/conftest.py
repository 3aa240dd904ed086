"""A Ray cluster of this computer's own, which ends with the tests on it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

MARK = "LESIONLAB_TEST_CLUSTER"
"""In the environment of all its processes, those of its jobs included: by this they are ended."""
START_SECONDS = 120


@dataclass(frozen=True)
class Cluster:
    """A cluster with two CPUs.

    Attributes:
        address: of its dashboard.
        token: without it nothing is allowed.
        mark: value of `MARK`.
        session: number of the process that started it.
    """

    address: str
    token: str
    mark: str
    session: int

    def processes(self) -> list[psutil.Process]:
        """Those that live. Some of Ray's own overwrite their environment when they change their
        title, but stay in the session of `ray start`."""
        return list({*with_variable(MARK, self.mark), *in_session(self.session)})


def with_variable(name: str, value: str) -> list[psutil.Process]:
    """Living processes that have this in their environment; not this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(name) == value:
                found.append(process)
        except psutil.Error:
            continue
    return found


def in_session(number: int) -> list[psutil.Process]:
    """Living processes of a session."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end(processes: Callable[[], list[psutil.Process]]) -> None:
    """End them at once, and those that they start meanwhile."""
    while living := processes():
        for process in living:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(living, timeout=10)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """`ray start`, with ports, folders and a token of its own. `ray stop` would end every cluster
    of the computer."""
    if not find_spec("ray"):
        pytest.skip("Ray is not installed: pip install -r requirements-ray.txt")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: it holds sockets
    dashboard, other = _free_port(), _free_port()
    token = secrets.token_hex(16)
    environment = os.environ | {
        MARK: str(folder),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps to 127.0.0.1, also on Linux
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", "--port=0"]
    command += [f"--dashboard-port={dashboard}", f"--ray-client-server-port={other}"]
    command += ["--dashboard-agent-listen-port=0", "--min-worker-port=0", "--max-worker-port=0"]
    command += ["--num-cpus=2", "--num-gpus=0", "--object-store-memory=100000000"]
    command += [f"--temp-dir={folder}", "--disable-usage-stats"]
    with (folder / "start.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    found = Cluster(f"http://127.0.0.1:{dashboard}", token, str(folder), process.pid)
    try:
        began = time.monotonic()
        while "Ray runtime started" not in (folder / "start.log").read_text():
            assert process.poll() is None, (folder / "start.log").read_text()
            assert time.monotonic() - began < START_SECONDS, (folder / "start.log").read_text()
            time.sleep(0.1)
        yield found
    finally:
        end(found.processes)
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def queued_there(
    cluster: Cluster, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The tiny dataset, and a queue that hands its runs to the cluster. Returns the environment."""
    for name, value in {
        "LESIONLAB_RAY": cluster.address,
        "LESIONLAB_RAY_WORKERS": "2",
        "RAY_AUTH_TOKEN": cluster.token,
        "OMP_NUM_THREADS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    runs = os.environ["LESIONLAB_RUNS"]
    yield dict(os.environ)
    end(lambda: with_variable("LESIONLAB_RUNS", runs))


@pytest.fixture
def wait() -> Callable[..., None]:
    """Until something is so; fails if it is not so in time."""

    def until(what: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "It did not come to that."
            time.sleep(0.1)

    return until


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
