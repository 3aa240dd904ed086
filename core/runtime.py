"""What runs the two networks: pixels in, arrays out, on the device that suits this machine."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.settings import Settings
from core.weights import Card

Model = tuple[Path, Card]
"""A model's folder and its card."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What one pass of the classifier gives, float32.

    Attributes:
        logits: N×K.
        evidence: N×K×h×w, the class activation map of every class: what each place adds to its
            logit, or takes from it (see `core.models.Explained`).
        embeddings: N×2048, the pooled last feature map: what the answer is made from.
        textures: N×1024, the pooled feature map of the block before: less of diagnoses, more of
            how the photo looks.
    """

    logits: np.ndarray
    evidence: np.ndarray
    embeddings: np.ndarray
    textures: np.ndarray

    @property
    def heatmaps(self) -> np.ndarray:
        """Grad-CAM of every class, N×K×h×w ≥ 0: what speaks for it."""
        return np.maximum(self.evidence, 0)


class Runtime(Protocol):
    """Both networks, loaded. May be called from several threads at once."""

    @property
    def name(self) -> str:
        """Engine, device and precision, to show."""

    def classify(self, pixels: np.ndarray) -> Scores:
        """uint8 RGB N×S×S×3 of the classifier's input size → scores."""

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB N×S×S×3 of the segmenter's input size → lesion logits float32 N×S×S."""


def open_runtime(
    classifier: Model, segmenter: Model, settings: Settings, lanes: int = 1
) -> Runtime:
    """Load both models: OpenVINO on the CPU, torch on a GPU.

    Measured on two cores (see benchmarks/README.md), OpenVINO answers in about half of torch's time
    and starts without importing torch, which alone takes seconds.

    Args:
        lanes: on the CPU, photos that are analysed at the same time; the threads are shared out.
            One lane answers soonest, as many as threads get through most photos.

    Raises:
        WeightsError: a folder is incomplete or damaged.
        DeviceError: the device or the precision asked for is not on this machine.
    """
    if settings.device in ("cuda", "mps") or (settings.device == "auto" and _perhaps_a_gpu()):
        from core.torch_runtime import TorchRuntime, choose_device

        device = choose_device(settings.device)
        if device.type != "cpu":
            return TorchRuntime.load(classifier, segmenter, device)
    from core.openvino_runtime import OpenVINORuntime

    return OpenVINORuntime.load(
        classifier,
        segmenter,
        threads=settings.threads,
        lanes=lanes,
        precision=settings.precision,
        cache=settings.cache,
    )


def _perhaps_a_gpu() -> bool:
    """Whether asking torch, which is slow to import, can be worth it: NVIDIA's driver is installed,
    or this is a Mac."""
    if sys.platform == "darwin":
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
