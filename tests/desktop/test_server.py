"""The app's server as a process of ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.settings import REPOSITORY
from desktop import server as serving
from desktop.server import Server, ServerError, running_app
from tests.waiting import PATIENCE, wait_for


def test_a_server_that_does_not_start_is_told_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "REPOSITORY", tmp_path)  # where there is no app
    with (
        pytest.raises(ServerError, match=r"No module named.*desktop"),
        running_app(tmp_path / "log", {}),
    ):
        pass


def test_it_listens_here_alone_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    class Popen:
        pid, stdin = 1, None

        def __init__(self, command: list[str], **options: object) -> None:
            asked.update(options, command=command)

    monkeypatch.setattr(serving.subprocess, "Popen", Popen)
    for name in serving.ELSEWHERE:
        monkeypatch.setenv(name, "0.0.0.0")
    monkeypatch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "100")
    server = Server(tmp_path / "log", {"LESIONLAB_RUNS": "here"})
    assert "--server.address=127.0.0.1" in asked["command"]
    environment = asked["env"]
    assert isinstance(environment, dict)
    assert not set(environment) & set(serving.ELSEWHERE)
    assert environment["LESIONLAB_RUNS"] == "here"
    assert environment["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"] == "100"
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_a_port_that_is_taken_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.subprocess, "Popen", lambda *_, **__: subprocess)
    monkeypatch.setattr(subprocess, "pid", 1, raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert Server(tmp_path / "log", port=taken).port not in (0, taken)
    assert Server(tmp_path / "log", port=taken).port == taken


def test_a_port_that_is_taken_while_it_starts_gives_way_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = serving._free
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ports = iter([taken])
        monkeypatch.setattr(serving, "_free", lambda port: next(ports, None) or free(port))
        with running_app(tmp_path / "log", {"LESIONLAB_DATA": str(tmp_path)}) as (url, _):
            assert not url.endswith(f":{taken}")


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """However that one ends: nobody would see the server that is left."""
    code = (
        "import sys, time; from pathlib import Path; from desktop.server import Server; "
        "print(Server(Path(sys.argv[1])).pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ.copy(), stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        server = psutil.Process(int(starter.stdout.readline()))
        assert server.is_running()
        starter.kill()
        starter.wait(PATIENCE)
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
