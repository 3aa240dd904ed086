"""The runtime that suits this machine."""

import ctypes
import sys

from core.models.runtime import Model, Runtime
from core.settings import Settings


def open_runtime(
    classifier: Model, segmenter: Model, settings: Settings, lanes: int = 1
) -> Runtime:
    """Load both models: OpenVINO on the CPU, torch on a GPU.

    Measured on two cores (see benchmarks/README.md), OpenVINO answers in about half of torch's time
    and starts without importing torch, which alone takes seconds.

    Args:
        lanes: on the CPU, calls of either network that may run at once; the threads are shared
            out. As many as threads get through most photos.

    Raises:
        WeightsError: a folder is incomplete or damaged.
        DeviceError: the device or the precision asked for is not on this machine.
    """
    if settings.device in ("cuda", "mps") or (settings.device == "auto" and _perhaps_a_gpu()):
        from core.models.torch_runtime import TorchRuntime, choose_device

        device = choose_device(settings.device)
        if device.type != "cpu":
            return TorchRuntime.load(classifier, segmenter, device)
    from core.models.openvino_runtime import OpenVINORuntime

    return OpenVINORuntime.load(classifier, segmenter, settings, lanes)


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
