"""Runs the two networks with torch on the chosen device. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.models import LesionClassifier, build_segmenter, channels_last, normalise
from core.settings import DeviceError
from core.weights import Card, load_into, read_state


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


@dataclass(frozen=True, eq=False)
class TorchRuntime:
    """Both networks, in evaluation mode, on one device."""

    classifier: LesionClassifier
    segmenter: torch.nn.Module
    device: torch.device

    @classmethod
    def load(
        cls,
        classifier: tuple[Path, Card],
        segmenter: tuple[Path, Card],
        device: str = "auto",
        threads: int | None = None,
    ) -> TorchRuntime:
        """Load from model folders and their cards.

        Raises:
            WeightsError: a folder is incomplete or damaged.
            DeviceError: the device is not available.
        """
        if threads:
            torch.set_num_threads(threads)
        where = choose_device(device)
        folder, card = classifier
        first = LesionClassifier(len(card["classes"]))
        load_into(first, read_state(folder, card), folder.name)
        folder, card = segmenter
        second = build_segmenter(card["encoder"])
        load_into(second, read_state(folder, card), folder.name)
        return cls(
            channels_last(first.eval().to(where)),
            channels_last(second.eval().to(where)),
            where,
        )

    @property
    def class_weights(self) -> np.ndarray:
        """The classifier's last linear layer, float32 K×C."""
        return self.classifier.fc.weight.detach().float().cpu().numpy()

    def classify(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 RGB N×S×S×3 → logits float32 N×K and last feature map float32 N×C×h×w."""
        with torch.inference_mode():
            logits, features = self.classifier(self._input(pixels))
        return logits.float().cpu().numpy(), features.float().cpu().numpy()

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB N×S×S×3 → lesion logits float32 N×S×S."""
        with torch.inference_mode():
            logits = self.segmenter(self._input(pixels))
        return logits[:, 0].float().cpu().numpy()

    def _input(self, pixels: np.ndarray) -> torch.Tensor:
        x = torch.tensor(pixels).to(self.device)
        return normalise(x).contiguous(memory_format=torch.channels_last)
