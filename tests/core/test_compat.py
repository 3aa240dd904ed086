"""torchvision can be imported, also beside a torch that lacks its compiled operators."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import core

ROOT = Path(core.__file__).parents[1]
FAKE = {
    "torch/__init__.py": "from torch import library",
    "torch/library.py": """
declared = []
class Library:
    def __init__(self, *_): pass
    def define(self, schema): declared.append(schema.split('(')[0])
""",
    "torchvision/__init__.py": "from torchvision import ops\nready = True",
    "torchvision/ops.py": """
from torch.library import declared
if PROBLEM and not declared: raise RuntimeError(PROBLEM)
""",
}
MISSING = "operator torchvision::nms does not exist"


def imported(folder: Path, problem: str) -> subprocess.CompletedProcess[str]:
    """`import torchvision` after `core`, in a process that has only the packages above."""
    for name, text in FAKE.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("PROBLEM", repr(problem)))
    code = "import core, torchvision, torch; print(torchvision.ready, torch.library.declared)"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("problem", "declared"), [("", []), (MISSING, ["nms", "qnms"])])
def test_it_is_imported(tmp_path: Path, problem: str, declared: list[str]) -> None:
    done = imported(tmp_path, problem)
    assert done.stdout.strip() == f"True {declared}", done.stderr


def test_other_errors_pass(tmp_path: Path) -> None:
    assert "out of memory" in imported(tmp_path, "out of memory").stderr


def test_the_real_one_works() -> None:
    import torchvision

    assert torchvision.models.resnet18(num_classes=3).fc.out_features == 3
    assert type(torchvision.__spec__.loader).__name__ != "_SecondTry", "nothing of ours stays"
