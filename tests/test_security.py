"""Rules of the code that no single module can break unseen, and the promises of SECURITY.md."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOPS = ("app.py", "core", "train", "ui", "pages", "desktop", "benchmarks")
UNPICKLES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """All code of the product: where it stands, and what it is."""
    for top in TOPS:
        for path in (ROOT / top, *sorted((ROOT / top).rglob("*.py"))):
            if path.is_file():
                file = str(path.relative_to(ROOT))
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    yield f"{file}:{getattr(node, 'lineno', 0)}", node


def test_nothing_imports_what_unpickles() -> None:
    found = [
        place
        for place, node in nodes()
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] in UNPICKLES
    ]
    assert not found


def test_checkpoints_are_loaded_as_weights_alone() -> None:
    """`torch.load`, and Lightning's `fit` with a checkpoint."""
    seen, wrong = 0, []
    for place, call in nodes():
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        given = {k.arg: ast.unparse(k.value) for k in call.keywords}
        if name == "torch.load" or (name.endswith(".fit") and "ckpt_path" in given):
            seen += 1
            wrong += [place] if given.get("weights_only") != "True" else []
        if name in ("np.load", "numpy.load", "pd.read_pickle"):
            wrong += [place] if given.get("allow_pickle", "False") != "False" else []
        wrong += [place] if name.endswith(("read_pickle", "load_from_checkpoint")) else []
    assert seen >= 3
    assert not wrong


def test_what_the_repository_leaves_out_is_left_out_of_the_image() -> None:
    """The Dockerfile says `COPY . .`: photos, runs, answers and secrets lie there, too."""
    kept, copied = (
        (ROOT / name).read_text(encoding="utf-8").splitlines()
        for name in (".gitignore", ".dockerignore")
    )
    private = [line.strip("/") for line in kept if line.startswith("/")]
    assert "learning" in private
    assert not [p for p in private if not {p, p.split("/")[0]} & set(copied)]


def test_streamlit_guards_are_on() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"].get("enableXsrfProtection", True) is True
    assert config["server"].get("enableCORS", True) is True
    assert config["server"].get("enableStaticServing", False) is False
    assert config["server"]["address"] == "127.0.0.1"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"


@pytest.mark.parametrize("named", re.findall(
    r"`(tests/[\w/.]+)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text(encoding="utf-8")
))  # fmt: skip
def test_each_promise_has_its_test(named: tuple[str, str]) -> None:
    path, test = ROOT / named[0], named[1]
    assert path.exists()
    if test:
        assert f"def {test}(" in path.read_text(encoding="utf-8")
