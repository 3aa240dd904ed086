"""Lets `import torchvision` work beside a CPU build of torch from another source.

torchvision's wheels register a few compiled operators (`nms`, `roi_align`, …). Where the wheel and
torch were built for different devices that library is not loaded, and `import torchvision` fails
with "operator torchvision::nms does not exist". LesionLab uses none of those operators, so
declaring their schemas is enough. `core` installs this before anything of ours is imported; where
the import works, nothing is changed.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

PACKAGE = "torchvision"
_keep_alive: list[Any] = []


class _SecondTry(Loader):
    """Loads torchvision; if it lacks operators, declares them and loads it again."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        try:
            self._loader.exec_module(module)
        except RuntimeError as error:
            if f"operator {PACKAGE}::" not in str(error):
                raise
            _declare_operators()
            for name in [m for m in sys.modules if m.startswith(f"{PACKAGE}.")]:
                del sys.modules[name]
            self._loader.exec_module(module)


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _SecondTry(spec.loader)
        return spec


def _declare_operators() -> None:
    import torch

    library: Any = torch.library.Library(PACKAGE, "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _keep_alive.append(library)


def install() -> None:
    """See to it that the next `import torchvision` works. Twice is as good as once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
