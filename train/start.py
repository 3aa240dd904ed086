"""ImageNet weights to start from: a local file, or torchvision's own by download."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from core.compat import import_torchvision
from core.settings import Settings
from core.weights import WeightsError, read_safetensors

LOCAL = {
    "resnet50": "resnet50-imagenet-pqf.safetensors",
    "resnet18": "resnet18-imagenet-pqf.safetensors",
    "mobilenet_v2": "mobilenet_v2-imagenet-coral.safetensors",
}
"""File names in the folder `LESIONLAB_PRETRAINED`; keys are torchvision's names."""

CREDITS = {
    "resnet50": 'ImageNet ResNet-50 decoded from "Permute, Quantize, and Fine-tune" (Martinez et '
    "al., CVPR 2021), Uber non-commercial licence",
    "resnet18": 'ImageNet ResNet-18 decoded from "Permute, Quantize, and Fine-tune" (Martinez et '
    "al., CVPR 2021), Uber non-commercial licence",
    "mobilenet_v2": "ImageNet MobileNetV2 dequantised from Coral's test data, Apache-2.0",
}
"""Where the local files come from."""


def start_weights(start: str, architecture: str) -> dict[str, Tensor] | None:
    """ImageNet state dict (torchvision's keys) of an architecture; None for `random`.

    Args:
        start: `imagenet`, `torchvision`, `random` or a path, as in `train.config.Config`.
        architecture: torchvision's name.

    Raises:
        WeightsError: there is no such file, or it is damaged.
    """
    if start == "random":
        return None
    if start == "torchvision":
        models = import_torchvision().models
        return models.get_model_weights(architecture).DEFAULT.get_state_dict(progress=True)
    path = Settings.from_environment().pretrained / LOCAL.get(architecture, architecture)
    if start != "imagenet":
        path = Path(start).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"There are no start weights {path.name} in {path.parent}. Set LESIONLAB_PRETRAINED to "
            "their folder, or train with --start torchvision to download torchvision's own."
        )
    return read_safetensors(path)
