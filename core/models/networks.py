"""The two networks as torch modules, and the one way an image becomes their input.

Frame: a photo of any aspect is squeezed to a square of the network's size
(`core.imaging.image.resize`), in training and in use. Chosen over padding (which wastes a quarter
of a 4:3 input) and over a centre crop (which loses lesions near the edge): every pixel is used, and
a point of the input maps back to the photo by one scale per axis, so masks and heatmaps land
exactly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from core.models.weights import WeightsError

Module = TypeVar("Module", bound=nn.Module)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


EFFICIENTNET_LITE = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def smp_name(encoder: str) -> str:
    """What segmentation_models_pytorch calls an encoder."""
    return f"tu-tf_{encoder}" if encoder in EFFICIENTNET_LITE else encoder


class LesionClassifier(ResNet):
    """A ResNet-50 that also returns its last feature map.

    For global average pooling followed by one linear layer, that map and the layer's weights are
    all that Grad-CAM needs (see `Explained`). State dict keys are torchvision's.
    """

    def __init__(self, classes: int = 7) -> None:
        super().__init__(Bottleneck, layers=[3, 4, 6, 3], num_classes=classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised float N×3×S×S → logits N×K and feature map N×2048×S/32×S/32."""
        features = self.features(x)[1]
        return self.fc(torch.flatten(self.avgpool(features), 1)), features

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised float N×3×S×S → feature maps of the last block but one, N×1024×S/16×S/16, and
        of the last."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        middle = self.layer3(self.layer2(self.layer1(x)))
        return middle, self.layer4(middle)

    @property
    def last_block(self) -> nn.Module:
        """What gives the last feature map."""
        return self.layer4[-1]


def build_segmenter(encoder: str = "mobilenet_v2") -> nn.Module:
    """A U-Net of segmentation_models_pytorch with random weights: normalised float N×3×S×S (S a
    multiple of 32) → lesion logits N×1×S×S.

    Args:
        encoder: one of `EFFICIENTNET_LITE`, or a name of `build_encoder`.

    Raises:
        WeightsError: no encoder has that name, or it is none that a U-Net can have.
    """
    import segmentation_models_pytorch as smp

    with _known(encoder):
        return smp.Unet(smp_name(encoder), encoder_weights=None, in_channels=3, classes=1)


def build_encoder(name: str) -> Any:
    """An encoder of segmentation_models_pytorch with random weights; `tu-NAME` is timm's network
    NAME. Raises WeightsError: there is none of that name, or it is no convolutional one."""
    from segmentation_models_pytorch.encoders import get_encoder

    with _known(name):
        return get_encoder(smp_name(name), in_channels=3, depth=5, weights=None)


@contextmanager
def _known(name: str) -> Iterator[None]:
    """What libraries raise of a name that they do not know, in our words."""
    try:
        yield
    except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"There is no encoder {name}, or it is not a convolutional one. Take a name that "
            "segmentation_models_pytorch lists, or tu- and the name of a convolutional network of "
            "timm, such as tu-efficientnet_b0."
        ) from error


def channels_last(module: Module) -> Module:
    """The module with its weights laid out channels last, the faster layout for convolutions."""
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def normalise(pixels: np.ndarray | Tensor) -> Tensor:
    """uint8 RGB N×H×W×3 → float N×3×H×W with ImageNet's mean and standard deviation removed.

    Raises:
        ValueError: other dtype or shape.
    """
    x = torch.from_numpy(pixels) if isinstance(pixels, np.ndarray) else pixels
    if x.dtype != torch.uint8 or x.ndim != 4 or x.shape[-1] != 3:
        raise ValueError(f"Expected uint8 N×H×W×3, got {x.dtype} {tuple(x.shape)}.")
    mean = torch.tensor(IMAGENET_MEAN, device=x.device) * 255
    std = torch.tensor(IMAGENET_STD, device=x.device) * 255
    return ((x.float() - mean) / std).permute(0, 3, 1, 2)
