"""Every command that the guides name is understood by the program that it names, on what
`make test` installs; cheap ones are run."""

from __future__ import annotations

import argparse
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import common
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("README.md", "train/README.md", "benchmarks/README.md")
OTHERS = {
    "export",
    "source",
    ".venv\\Scripts\\activate",
    "scorer/bin/pip",
    "scorer/bin/isic-challenge-scoring",
}
"""Of the shell, and of an environment that the guide makes."""


class Understood(BaseException):
    """A parser took the arguments; nothing is run."""


def fenced(text: str) -> Iterator[str]:
    """Lines of blocks that are commands: those of blocks without a language."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if not language:
            joined = re.sub(r"\\\n\s*", "", block)
            yield from (line for line in joined.splitlines() if line.strip())


def named() -> list[tuple[str, list[str]]]:
    """Guide and words of each command, without settings before and remarks behind it."""
    found = []
    for guide in GUIDES:
        text = (ROOT / guide).read_text(encoding="utf-8")
        block = list(fenced(text))
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        lines = [re.split(r"\s{2,}#", line)[0] for line in block if "/*." not in line]
        lines += [m for line in block for m in re.findall(r"#.*?(python -m .+)", line)]
        lines += re.findall(r"`(?:[A-Z_]+=\S+ )*(python -m [^`]+)`", outside)
        for line in lines:
            words = shlex.split(line.replace("[...]", "").replace("\\", "\\\\"))
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words.pop(0)
            if words and (guide, words) not in found:
                found.append((guide, words))
    return found


COMMANDS = named()


def parse(module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand arguments to a program's own parser, and stop there. Raises SystemExit if it refuses."""
    whole = argparse.ArgumentParser.parse_args

    def only(self: argparse.ArgumentParser, *given: object, **more: object) -> None:
        whole(self, *given, **more)
        raise Understood

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    with pytest.raises(Understood):
        # The main module of a package may be loaded already; that of a test is a fresh one.
        runpy.run_module(module, run_name="__main__")


def test_the_guides_name_commands() -> None:
    modules = {words[2].split(".")[0] for _, words in COMMANDS if words[:2] == ["python", "-m"]}
    assert modules == {"benchmarks", "core", "train", "venv"}
    assert len(COMMANDS) > 50


@pytest.mark.filterwarnings("ignore::RuntimeWarning:runpy")
@pytest.mark.parametrize(
    ("guide", "words"), COMMANDS, ids=[" ".join(words) for _, words in COMMANDS]
)
def test_a_command_is_understood(
    guide: str, words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    match words:
        case ["python", "-m", "venv", _]:
            pass
        case ["python", "-m", "train.jobs", *arguments]:
            from train.jobs import __main__ as jobs

            started: list[str] = []
            monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path))
            monkeypatch.setattr(jobs.Supervisor, "run", lambda self: started.append("supervise"))
            monkeypatch.setattr(jobs, "work", lambda runs, run: started.append(run) or 0)
            assert jobs.main(arguments) == 0
            assert started
        case ["python", "-m", "core", "analyse"]:  # the program is meant, not a call of it
            parse("core", ["analyse", "PHOTO", "--out", "RESULTS"], monkeypatch)
        case ["python", "-m", module, *arguments]:
            if module.startswith("benchmarks"):
                monkeypatch.setattr(common, "installed", lambda _: True)
            parse(module, arguments, monkeypatch)
        case ["torchrun", *_]:
            from torch.distributed.run import get_args_parser

            found = get_args_parser().parse_args(words[1:])
            assert found.module
            parse(found.training_script, found.training_script_args, monkeypatch)
        case ["pip", "install", *files]:
            assert all((ROOT / file).is_file() for file in files if file != "-r")
        case ["streamlit", "run", script]:
            assert (ROOT / script).is_file()
        case ["make", goal]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{goal}:", makefile, re.MULTILINE)
        case ["ray", *_]:
            assert "requirements-ray.txt" in (ROOT / guide).read_text(encoding="utf-8")
        case ["tensorboard", "--logdir", _]:
            pass  # started below
        case [program, *_]:
            assert program in OTHERS, "a kind of command that this test does not know"


def test_options_that_the_text_names_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that stand alone in a sentence, such as `--views 8`."""
    known = {"--help"}
    add = argparse._ActionsContainer.add_argument

    def noted(self: argparse._ActionsContainer, *names: str, **more: object) -> object:
        known.update(n for n in names if n.startswith("--"))
        return add(self, *names, **more)

    monkeypatch.setattr(argparse._ActionsContainer, "add_argument", noted)
    for module, arguments in (("core", ["prepare"]), ("train", ["report"])):
        with monkeypatch.context() as patch:
            parse(module, arguments, patch)
    for path in (ROOT / "benchmarks").glob("*.py"):
        known |= set(re.findall(r'add_argument\(\s*"(--[\w-]+)', path.read_text(encoding="utf-8")))
    for guide in GUIDES:
        text = (ROOT / guide).read_text(encoding="utf-8")
        spans = [s for s in re.findall(r"`([^`\n]+)`", text) if s.startswith("--")]
        options = {o for s in spans for o in re.findall(r"--[a-z][\w-]*", s)}
        assert options <= known, (guide, options - known)


# Run


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("core dataset status", 1),  # there is none: that is what it says
        ("core storage", 0),
        ("train preset", 0),
        ("train report", 0),
        ("train report --split test-8views", 0),
        ("train report --comparison", 0),
        ("train queue", 0),
        ("train atlas", 1),
        ("benchmarks.training", 1),
    ],
)
def test_a_cheap_command_runs_on_a_fresh_install(words: str, status: int, tmp_path: Path) -> None:
    """With neither dataset nor runs."""
    folders = {
        "LESIONLAB_DATA": str(tmp_path / "data"),
        "LESIONLAB_RUNS": str(tmp_path / "runs"),
        "LESIONLAB_CACHE": str(tmp_path / "cache"),
    }
    done = run("-m", *words.split(), **folders)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout or done.stderr


def test_photos_are_analysed(tmp_path: Path) -> None:
    (tmp_path / "PHOTO.jpg").write_bytes(to_jpeg(practice_set()[0].image.rgb))
    out = tmp_path / "RESULTS"
    done = run("-m", "core", "analyse", str(tmp_path / "PHOTO.jpg"), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert (out / "predictions.csv").is_file()


@pytest.mark.parametrize("program", ["streamlit", "tensorboard"])
def test_programs_of_others_start(program: str) -> None:
    """Those that the guides call by their own names are installed with the app."""
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found
    done = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "packages"),
    [
        ("latency", ("onnx", "onnxruntime")),
        ("bytes", ("playwright",)),
    ],
)
def test_a_benchmark_names_the_extra_that_is_missing(
    module: str, packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, with the command that installs it, which pins it."""
    monkeypatch.setattr(common, "installed", lambda _: False)
    monkeypatch.setattr(sys, "argv", [module])
    with pytest.raises(SystemExit) as left:
        runpy.run_module(f"benchmarks.{module}", run_name="__main__")
    said = str(left.value)
    pinned = (ROOT / "benchmarks/requirements.txt").read_text(encoding="utf-8")
    for package in packages:
        assert package in said
        assert f"{package}==" in pinned
    assert "pip install -r benchmarks/requirements.txt" in said


def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, at the root of the repository."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
