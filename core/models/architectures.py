"""Classifiers by name: one linear layer on the averaged last feature map of any encoder.

Encoders are those of segmentation_models_pytorch, which has the usual ones under torchvision's and
its own names and every convolutional network of timm as `tu-NAME`, so that a classifier, a U-Net
and a network that is both can share one (https://smp.readthedocs.io/en/latest/encoders.html).
"""

from collections import OrderedDict
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from core.models.networks import (
    EFFICIENTNET_LITE,
    LesionClassifier,
    build_encoder,
    build_segmenter,
)

SMALL_CNN = "small-cnn"
SMALL_CNN_WIDTHS = (16, 32, 64, 96, 128)


class EncoderClassifier(nn.Module):
    """An encoder, averaged over the photo, and one linear layer."""

    def __init__(self, encoder: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.last_block = nn.Identity()  # what gives the last feature map, whatever the encoder
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised float N×3×S×S → logits N×K and feature map N×C×h×w."""
        last = self.features(x)[1]
        return self.fc(last.mean((2, 3))), last

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised float N×3×S×S → the feature maps of the last block but one and of the last."""
        *_, middle, last = self.encoder(x)
        return middle, self.last_block(last)


class SmallCNN(nn.Module):
    """Five times convolution, BatchNorm, ReLU and halving: what a first course builds. 0.2 million
    parameters. Gives its five feature maps, as smp's encoders do."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *SMALL_CNN_WIDTHS)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            )
            for before, after in pairwise(widths)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Normalised float N×3×S×S → five maps, the last N×128×S/32×S/32."""
        maps = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps


class EfficientNetLite(nn.Module):
    """timm's EfficientNet-Lite without its classifier; gives two feature maps, at 1/16 of the input
    and, behind the last convolution, at 1/32 (1,280 channels)."""

    MIDDLE = 4
    """The last stage at 1/16 of the input."""

    def __init__(self, name: str) -> None:
        super().__init__()
        import timm

        net: Any = timm.create_model(f"tf_{name}", pretrained=False)
        self.conv_stem, self.bn1, self.blocks = net.conv_stem, net.bn1, net.blocks
        self.conv_head, self.bn2 = net.conv_head, net.bn2
        self.channels: int = net.num_features

    def forward(self, x: Tensor) -> list[Tensor]:
        """Normalised float N×3×S×S → the two maps."""
        x = self.bn1(self.conv_stem(x))
        for stage, block in enumerate(self.blocks):
            x = block(x)
            if stage == self.MIDDLE:
                middle = x
        return [middle, self.bn2(self.conv_head(x))]


AnyClassifier = LesionClassifier | EncoderClassifier


def build_classifier(architecture: str, classes: int) -> AnyClassifier:
    """A classifier with random weights.

    Args:
        architecture: `resnet50` (torchvision's, as shipped), `small-cnn`, one of
            `EFFICIENTNET_LITE`, or the name of an encoder of segmentation_models_pytorch; `tu-NAME`
            is timm's convolutional network NAME.

    Raises:
        WeightsError: no encoder has that name, or it is none that pools a feature map.
    """
    if architecture == "resnet50":
        return LesionClassifier(classes)
    if architecture == SMALL_CNN:
        return EncoderClassifier(SmallCNN(), SMALL_CNN_WIDTHS[-1], classes)
    if architecture in EFFICIENTNET_LITE:
        lite = EfficientNetLite(architecture)
        return EncoderClassifier(lite, lite.channels, classes)
    encoder = build_encoder(architecture)
    return EncoderClassifier(encoder, encoder.out_channels[-1], classes)


class Hybrid(nn.Module):
    """One encoder for both tasks: a U-Net, and a linear layer on its averaged last feature map.

    Its parts are an ordinary classifier and an ordinary U-Net (`parts`), which share weights.
    """

    def __init__(self, encoder: str, classes: int) -> None:
        super().__init__()
        self.encoder_name = encoder
        unet: Any = build_segmenter(encoder)
        self.unet = unet
        self.head: nn.Module = nn.Identity()
        channels = unet.encoder.out_channels[-1]
        if encoder in EFFICIENTNET_LITE:  # its classifiers have one more convolution
            lite = EfficientNetLite(encoder)
            self.head = nn.Sequential(OrderedDict(conv_head=lite.conv_head, bn2=lite.bn2))
            channels = lite.channels
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised float N×3×S×S (S a multiple of 32) → logits N×K, lesion logits N×1×S×S."""
        maps = self.unet.encoder(x)
        masks = self.unet.segmentation_head(self.unet.decoder(maps))
        return self.fc(self.head(maps[-1]).mean((2, 3))), masks

    def parts(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """State dicts of the classifier (`build_classifier` with this encoder's name) and of the
        U-Net (`core.models.networks.build_segmenter`)."""
        state = self.unet.state_dict()
        classifier = {k: v for k, v in state.items() if k.startswith("encoder.")}
        if self.encoder_name == "resnet50":  # as torchvision calls the very same layers
            classifier = {k.removeprefix("encoder."): v for k, v in classifier.items()}
        elif self.encoder_name in EFFICIENTNET_LITE:  # and timm
            classifier = {k.replace(".model.", ".", 1): v for k, v in classifier.items()}
            classifier |= {f"encoder.{k}": v for k, v in self.head.state_dict().items()}
        return classifier | {f"fc.{k}": v for k, v in self.fc.state_dict().items()}, state
