"""Heatmaps by the grad-cam package, in torch on the CPU, at the classifier's last block: where
`core.models.explained.Explained` finds Grad-CAM without any of this."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.answer.cam_methods import BATCH, METHODS, SCORED
from core.models.architectures import AnyClassifier
from core.models.cards import Card
from core.models.networks import channels_last, normalise
from core.models.registry import in_use
from core.models.torch_runtime import load_classifier
from core.settings import Settings

# After core.models.networks, which sees to it that torchvision can be imported.
from pytorch_grad_cam import (  # isort: skip
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    LayerCAM,
    ScoreCAM,
)
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # isort: skip

KINDS = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "layercam": LayerCAM,
    "eigencam": EigenCAM,
    "scorecam": ScoreCAM,
}


class Cams:
    """The classifier with its weights frozen. One computation at a time: the package hangs hooks
    into the network.

    Score-CAM tries `SCORED` channels instead of all 2048, which would take a minute or more: those
    that vary most between places, as in Faster Score-CAM (Tabayashi, 2020,
    github.com/tabayashi0117/Score-CAM). Eigen-CAM's principal component has no sign of its own; it
    gets the one with which its largest value is positive (Chung & Ying, Applied Sciences 15:7562,
    2025, eq. 13).
    """

    def __init__(self, network: AnyClassifier) -> None:
        self.network = channels_last(network.eval().requires_grad_(False))

    @classmethod
    def load(cls, settings: Settings | None = None, folder: Path | None = None) -> Cams:
        """Load a classifier and bound torch's threads.

        Args:
            folder: of the classifier (default: of that in use).

        Raises:
            WeightsError: the classifier's folder is missing, incomplete or damaged.
            SettingsError: a setting has a value that cannot be used.
        """
        settings = settings or Settings.from_environment()
        folder = folder or in_use("classifier", settings).folder
        network = load_classifier((folder, Card.read(folder))).classifier
        torch.set_num_threads(settings.threads)
        return cls(network)

    def compute(
        self,
        method: str,
        pixels: np.ndarray,
        index: int,
        passed: Callable[[], object] = lambda: None,
    ) -> np.ndarray:
        """One heatmap: the package's own, but before it is stretched to 0…1 and enlarged to the
        photo, which would put heat where there is none.

        Args:
            method: a key of `METHODS`.
            pixels: uint8 RGB S×S×3, the classifier's input (`core.imaging.image.resize`).
            index: of the class.
            passed: called after each pass (`core.answer.cam_methods.passes`). What it raises ends
                the computation.

        Returns:
            float32 h×w ≥ 0 spanning the whole photo, in units of the method's own.

        Raises:
            ValueError: there is no such method or class, or the pixels have another form.
        """
        if method not in METHODS:
            raise ValueError(f"There is no method {method!r}, only {', '.join(METHODS)}.")
        if not 0 <= index < self.network.fc.out_features:
            raise ValueError(f"There is no class {index} of {self.network.fc.out_features}.")
        x = normalise(pixels[None])
        if METHODS[method].needs_gradient:
            x.requires_grad_(True)
        with _keeping_the_map(KINDS[method])(
            _LogitsOnly(self.network, passed),
            [self.network.last_block],
            reshape_transform=_most_varied if method == "scorecam" else None,
        ) as cam:
            cam.batch_size = BATCH
            cam(x, [ClassifierOutputTarget(index)])
            heat = cam.kept
            turned = method == "eigencam" and -heat.min() > heat.max()
            return np.maximum(-heat if turned else heat, 0).astype(np.float32)
        # The package's `with` swallows an IndexError.
        raise RuntimeError(f"{METHODS[method].name} could not be computed.")


class _LogitsOnly(nn.Module):
    """As the package wants a network: it returns the logits alone."""

    def __init__(self, network: AnyClassifier, passed: Callable[[], object]) -> None:
        super().__init__()
        self.network, self.passed = network, passed

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)[0]
        self.passed()
        return logits


def _keeping_the_map(kind: type) -> type:
    """A method of the package that keeps its map h×w as `kept`."""

    class Keeping(kind):
        def get_cam_image(self, *args: object, **options: object) -> np.ndarray:
            maps = super().get_cam_image(*args, **options)
            self.kept = maps[0]
            return maps

    return Keeping


def _most_varied(features: Tensor) -> Tensor:
    """Feature maps N×C×h×w → those of the `SCORED` channels that vary most in the first photo."""
    kept = features[0].var((1, 2)).topk(min(SCORED, features.shape[1])).indices
    return features[:, kept]
