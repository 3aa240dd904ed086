"""Lets `import torchvision` work beside a CPU build of torch from another source.

torchvision's wheels register a few compiled operators (`nms`, `roi_align`, …). Where the wheel and
torch were built for different devices that library is not loaded, and `import torchvision` fails
with "operator torchvision::nms does not exist". LesionLab uses none of those operators, so
declaring their schemas is enough. Call `import_torchvision()` before anything imports torchvision,
segmentation_models_pytorch, timm or grad-cam; where the import works, nothing is changed.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_keep_alive: list[Any] = []


def import_torchvision() -> ModuleType:
    """Return the torchvision module, declaring missing operator schemas first if that is needed."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _keep_alive.append(library)
    for name in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    return importlib.import_module("torchvision")
