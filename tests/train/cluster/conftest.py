"""A Ray cluster of this computer's own, which ends with the tests on it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from tests.waiting import PATIENCE, wait_for
from train.jobs import Runs
from train.jobs.logs import tail
from train.jobs.supervisor import SUPERVISOR_LOG

MARK = "LESIONLAB_TEST_CLUSTER"
"""In the environment of all its processes, those of its jobs included: by this they are ended."""


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

    def training(self) -> list[psutil.Process]:
        """Those that train."""
        return [p for p in self.processes() if "TrainWorker" in " ".join(command_of(p))]


def command_of(process: psutil.Process) -> list[str]:
    """Its command line; empty of one that has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


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
    process, found = _started(folder)
    while process.poll() is not None and "timed out during startup" in _log(folder):
        # Ray waits for its own parts for no more than 30 s, which is little on a busy computer.
        end(found.processes)
        shutil.rmtree(folder)
        folder.mkdir()
        process, found = _started(folder)
    try:
        assert process.poll() is None, _log(folder)
        yield found
    finally:
        end(found.processes)
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path) -> tuple[subprocess.Popen[bytes], Cluster]:
    """`ray start`, until it runs or has given up."""
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
    with (folder / "start.log").open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    wait_for(
        lambda: "Ray runtime started" in _log(folder) or process.poll() is not None,
        lambda: _log(folder),
    )
    return process, Cluster(f"http://127.0.0.1:{dashboard}", token, str(folder), process.pid)


def _log(folder: Path) -> str:
    return (folder / "start.log").read_text()


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
def wait(cluster: Cluster) -> Callable[[Callable[[], bool]], None]:
    """Until something is so; fails, and says all that is known, if it never is."""

    def known() -> str:
        runs = Runs.open()
        said = [f"{run}\n{runs.log(run.id, 100)}" for run in runs.all()]
        logs = [runs.folder / SUPERVISOR_LOG, *Path(cluster.mark).glob("session_*/logs/*.log")]
        said += [f"{path}:\n{tail(path, 15)}" for path in logs if path.is_file()]
        return "\n\n".join([*said, busiest(), *map(stacks, cluster.training())])

    return lambda what: wait_for(what, known, 0.1)


def busiest() -> str:
    """The processes of this computer that have computed most."""
    found = []
    for process in psutil.process_iter(["cpu_times", "cmdline", "status"]):
        seconds = process.info["cpu_times"]
        if seconds and process.info["cmdline"]:
            line = " ".join(process.info["cmdline"])[:200]
            found.append((seconds.user + seconds.system, process.info["status"], line))
    return "\n".join(f"{used:.0f} s {how} {line}" for used, how, line in sorted(found)[:-20:-1])


def stacks(process: psutil.Process) -> str:
    """What the threads of a process are doing, by py-spy, which Ray brings."""
    command = [str(Path(sys.executable).with_name("py-spy")), "dump", "--pid", str(process.pid)]
    return subprocess.run(command, capture_output=True, text=True).stdout


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
