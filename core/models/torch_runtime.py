"""The networks in torch: for GPUs, and as the reference that other runtimes are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core.models.architectures import build_classifier
from core.models.explained import Explained, Outlined
from core.models.networks import build_segmenter, channels_last
from core.models.runtime import Model, Scores
from core.models.weights import load_into, read_state
from core.settings import DeviceError


def choose_device(wanted: str) -> torch.device:
    """The device for a setting: `auto` takes CUDA, else MPS, else the CPU.

    Raises:
        DeviceError: `cuda` or `mps` is wanted but not available.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[wanted]:
        raise DeviceError(
            f"This machine offers no {wanted} device. Set LESIONLAB_DEVICE to auto or cpu."
        )
    return torch.device(wanted)


def load_classifier(model: Model) -> Explained:
    """The classifier of a folder, in evaluation mode. Raises WeightsError."""
    folder, card = model
    network = build_classifier(card.architecture, len(card.classes))
    load_into(network, read_state(folder, card.sha256), folder.name)
    return Explained(network).eval()


def load_segmenter(model: Model) -> Outlined:
    """The segmenter of a folder, in evaluation mode. Raises WeightsError."""
    folder, card = model
    network = build_segmenter(card.encoder)
    load_into(network, read_state(folder, card.sha256), folder.name)
    return Outlined(network).eval()


@dataclass(frozen=True, eq=False)
class TorchRuntime:
    """Both networks on one device, in float32."""

    classifier: Explained
    segmenter: Outlined
    device: torch.device

    @classmethod
    def load(cls, classifier: Model, segmenter: Model, device: torch.device) -> TorchRuntime:
        """Load from model folders and their cards. Raises WeightsError."""
        return cls(
            channels_last(load_classifier(classifier).to(device)),
            channels_last(load_segmenter(segmenter).to(device)),
            device,
        )

    @property
    def name(self) -> str:
        """See `Runtime`."""
        return f"torch {torch.__version__} on {self.device.type}, f32"

    @property
    def precision(self) -> str:
        """See `Runtime`."""
        return "f32"

    def classify(self, pixels: np.ndarray) -> Scores:
        """See `Runtime`."""
        with torch.inference_mode():
            answer = self.classifier(self._input(pixels))
        return Scores(*(part.float().cpu().numpy() for part in answer))

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """See `Runtime`."""
        with torch.inference_mode():
            return self.segmenter(self._input(pixels)).float().cpu().numpy()

    def both(self, pixels: np.ndarray, others: np.ndarray) -> tuple[Scores, np.ndarray]:
        """See `Runtime`."""
        return self.classify(pixels), self.segment(others)

    def _input(self, pixels: np.ndarray) -> torch.Tensor:
        return torch.tensor(pixels).to(self.device)
