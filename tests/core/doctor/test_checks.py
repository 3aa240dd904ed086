"""`python -m core doctor`: each thing that is wrong is named, with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.__main__ import main
from core.doctor import checks, installed
from core.doctor.finding import FINE, NOTE, PROBLEM, Finding, State
from core.doctor.serving import serving
from core.models.weights import WeightsError
from core.settings import REPOSITORY, Settings
from tests.ordinary_user import for_an_ordinary_user, readable_folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped models; nothing imported, nothing trained."""
    places = {name: tmp_path / name for name in ("data", "runs", "cache", "learning")}
    return replace(Settings.from_environment(), weights=REPOSITORY / "weights", **places)


def states(found: list[Finding], part: str) -> list[object]:
    return [f.state for f in found if part in f.said]


def ask(settings: Settings) -> list[Finding]:
    found = list(checks.examine(settings, answer=lambda _: "a runtime"))
    assert all(bool(f.remedy) is (f.state is not FINE) for f in found), found
    return found


def test_an_installation_as_it_should_be(settings: Settings) -> None:
    found = ask(settings)
    assert PROBLEM not in [f.state for f in found if "Port" not in f.said]
    assert states(found, "HAM10000") == [NOTE]
    assert states(found, "whole") == [FINE, FINE]
    assert states(found, "a runtime") == [FINE]


def test_the_models_really_answer(settings: Settings) -> None:
    cache = Settings.from_environment().cache
    assert "OpenVINO" in checks.first_answer(replace(settings, device="cpu", cache=cache))


@pytest.mark.parametrize("damage", ["card", "weights", "folder"])
def test_damaged_weights(settings: Settings, tmp_path: Path, damage: str) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(settings.weights / "segmenter", weights / "segmenter")
    (weights / "classifier").symlink_to(settings.weights / "classifier")
    if damage == "card":
        (weights / "segmenter" / "card.json").write_text("{")
    elif damage == "weights":
        os.truncate(weights / "segmenter" / "model.safetensors", 1000)
    else:
        shutil.rmtree(weights / "segmenter")
    found = ask(replace(settings, weights=weights))
    assert states(found, "segmenter") == [PROBLEM]
    assert states(found, "classifier") == [FINE]
    assert not states(found, "a runtime"), "nothing is loaded of what is damaged"


def test_models_that_do_not_answer(settings: Settings) -> None:
    def fail(_: Settings) -> str:
        raise WeightsError("They do not fit.")

    found = list(checks.examine(settings, answer=fail))
    assert states(found, "They do not fit.") == [PROBLEM]


def test_a_choice_that_is_damaged(settings: Settings) -> None:
    settings.runs.mkdir()
    (settings.runs / "in-use.json").write_text("[]")
    assert states(ask(settings), "chosen cannot be used") == [NOTE, NOTE]


def test_other_and_missing_packages(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("# words ==1\nnumpy==0.0.1\nno-such-package==1.0\n\n")
    found = list(installed.packages(pins))
    assert states(found, "no-such-package") == [PROBLEM]
    assert states(found, "numpy") == [NOTE]


def test_another_build_is_no_other_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pins.txt").write_text("torch==2.13.0")
    for there, state in {"2.13.0+cpu": FINE, "2.13.0": FINE, "2.13.1+cpu": NOTE}.items():
        monkeypatch.setattr(installed, "version", lambda _, there=there: there)
        assert [found.state for found in installed.packages(tmp_path / "pins.txt")] == [state]


@pytest.mark.parametrize(("platform", "state"), [("linux", PROBLEM), ("win32", FINE)])
def test_what_another_system_needs_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, state: State
) -> None:
    (tmp_path / "pins.txt").write_text('no-such-package==1.0; sys_platform != "win32"\n')
    monkeypatch.setattr(installed.sys, "platform", platform)
    assert [found.state for found in installed.packages(tmp_path / "pins.txt")] == [state]


@pytest.mark.parametrize(
    ("module", "damage"),
    [
        *((module, "missing") for module in ("cv2", "numpy", "platformdirs", "psutil", "tqdm")),
        *((module, "broken") for module in ("cv2", "numpy", "platformdirs", "psutil")),
    ],
)
def test_the_command_names_a_package_without_which_it_cannot_run(module: str, damage: str) -> None:
    """A package that is not there, or cannot be imported."""
    package = {"cv2": "opencv-python-headless"}.get(module, module)
    blocked = f"""
import importlib.metadata, runpy, sys
sys.modules[{module!r}] = None
known = importlib.metadata.version
def version(name):
    if {damage!r} == "missing" and name == {package!r}:
        raise importlib.metadata.PackageNotFoundError(name)
    return known(name)
importlib.metadata.version = version
sys.argv = ["core", "doctor"]
runpy.run_module("core", run_name="__main__", alter_sys=True)
"""
    ran = subprocess.run(
        [sys.executable, "-c", blocked], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert (f"Not installed: {package}" if damage == "missing" else module) in ran.stdout
    assert "pip install -r requirements.txt" in ran.stdout


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_a_folder_that_may_not_be_written(settings: Settings) -> None:
    with readable_folder() as shared:
        closed = shared / "closed"
        closed.mkdir(mode=0o555)
        places = {name: closed / name for name in ("cache", "runs", "data", "learning")}

        def problems() -> list[object]:
            return states(list(checks._folders(replace(settings, **places))), str(closed))

        problems()  # as root: what it imports is there for the fork
        assert for_an_ordinary_user(lambda: problems().count(PROBLEM) == len(places))


def test_a_file_where_a_folder_should_be(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("somebody's")
    assert states(ask(settings), f"{tmp_path / 'runs'} cannot be") == [PROBLEM]


def test_little_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "room", lambda _: 1000)
    assert states(ask(settings), "free").count(NOTE) >= 3


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a program that answers every address with these bytes."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(request.param)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


CONFIG = REPOSITORY / ".streamlit" / "config.toml"


@pytest.mark.parametrize(("program", "state"), [(b"ok", FINE), (b"hello", PROBLEM)],
                         indirect=["program"])  # fmt: skip
def test_a_port_in_use(program: int, state: object) -> None:
    (found,) = serving({"STREAMLIT_SERVER_PORT": str(program)}, CONFIG)
    assert found.state is state


def test_a_free_port_gives_the_browsers_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (found,) = serving({"STREAMLIT_SERVER_PORT": str(port)}, CONFIG)
    assert found.state is FINE
    assert f"http://127.0.0.1:{port}" in found.said


@pytest.mark.parametrize("teacher", ["", "chalk"])
def test_strangers_are_let_in_on_purpose(teacher: str) -> None:
    environment = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", "LESIONLAB_TEACHER": teacher}
    *_, found = serving(environment | {"STREAMLIT_SERVER_PORT": "1"}, CONFIG)
    assert found.state is NOTE
    assert ("LESIONLAB_TEACHER" in found.remedy) is not bool(teacher)


@pytest.mark.parametrize("port", ["²", "٨٥٠١", "0", "65536", "9" * 5000, "-1"])
def test_a_port_that_is_none_is_named_where_it_stands(port: str, tmp_path: Path) -> None:
    (found,) = serving({"STREAMLIT_SERVER_PORT": port}, CONFIG)
    assert found.state is PROBLEM
    assert "STREAMLIT_SERVER_PORT" in found.said
    (tmp_path / "config.toml").write_text(f"[server]\nport = '{port}'", encoding="utf-8")
    (found,) = serving({"STREAMLIT_SERVER_ADDRESS": "localhost"}, tmp_path / "config.toml")
    assert found.state is PROBLEM
    assert f"{tmp_path / 'config.toml'} is" in found.said


@pytest.mark.parametrize(
    ("address", "url", "alone"),
    [
        ("::", "http://127.0.0.1:1", False),
        ("[::]", "http://127.0.0.1:1", False),
        ("fd00::1", "http://[fd00::1]:1", False),
        ("::1", "http://[::1]:1", True),
        ("localhost", "http://127.0.0.1:1", True),
    ],
)
def test_the_browsers_address_of_each_address(address: str, url: str, alone: bool) -> None:
    environment = {"STREAMLIT_SERVER_ADDRESS": address, "STREAMLIT_SERVER_PORT": "1"}
    first, *others = serving(environment, CONFIG)
    assert first.said.endswith(url)
    assert bool(others) is not alone


@pytest.mark.parametrize("text", ["[server", "server = 1", ""])
def test_settings_of_streamlit_that_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text)
    found = list(serving({"STREAMLIT_SERVER_PORT": "x"}, tmp_path / "config.toml"))
    assert [f.state for f in found] == [PROBLEM]


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    one = Finding(FINE, "Python"), Finding(NOTE, "little room", "Free some.")
    monkeypatch.setattr(checks, "examine", lambda _: iter(one))
    monkeypatch.setattr(installed, "packages", lambda _: iter(()))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "Free some." in said
    assert "0 problems, 1 note." in said
    monkeypatch.setattr(checks, "examine", lambda _: iter((*one, Finding(PROBLEM, "x", "y"))))
    assert main(["doctor"]) == 1
    monkeypatch.setenv("LESIONLAB_DEVICE", "toaster")
    assert main(["doctor"]) == 2
