"""The networks in OpenVINO: for CPUs.

The models are prepared once for a machine: exported from the very weights in `weights/` by
OpenVINO's PyTorch frontend, which needs torch, and kept in the cache folder. Who has not imported
torch has that done by a process that ends, so that a server never gets it. The frontend is called
directly, since `openvino.convert_model` also reports its use to its makers.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino as ov

from core.models.cards import Card
from core.models.int8 import to_int8
from core.models.runtime import Model, Scores
from core.models.weights import WeightsError, check_weights
from core.settings import REPOSITORY, DeviceError, Settings, SettingsError
from core.system import prepared

VERSION = ov.__version__.split("-")[0]
FORMAT = 3
"""Raised when `core.models.explained.Explained` or `Outlined` changes what it takes or gives."""


class OpenVINORuntime:
    """Both networks compiled for the CPU; as many calls of either run at once as there are lanes,
    so that no more threads compute than there are cores to do so."""

    def __init__(
        self, classifier: ov.CompiledModel, segmenter: ov.CompiledModel, precision: str
    ) -> None:
        self.precision = precision
        lanes = int(classifier.get_property("NUM_STREAMS"))
        self._beside = ThreadPoolExecutor(2 * lanes, "lane") if lanes > 1 else None
        running = threading.Semaphore(lanes)
        self._classify = _Lanes(classifier, running, self._beside)
        self._segment = _Lanes(segmenter, running, self._beside)

    @classmethod
    def load(
        cls, classifier: Model, segmenter: Model, settings: Settings, lanes: int = 1
    ) -> OpenVINORuntime:
        """Load from model folders and their cards.

        Args:
            settings: how many threads altogether, where prepared models are kept, and the
                precision: `f32`, `bf16`, `int8` (the classifier, if its card says how; the U-Net is
                in bf16 then where the CPU has it) or `auto`: int8 on CPUs of Intel and AMD (two of
                AMD's were measured), else f32.
            lanes: calls that may run at once, of either network; each gets its share of the
                threads. No more than there are threads.

        Raises:
            WeightsError: a folder is incomplete or damaged.
            DeviceError: a precision that this CPU does not have.
        """
        core, precision, rounding = ov.Core(), settings.precision, classifier[1].int8
        lanes = min(lanes, settings.threads)
        has = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "auto":
            fast = "INT8" in has and platform.machine() in ("x86_64", "AMD64")
            precision = "int8" if fast else "f32"
        if precision != "f32" and precision.upper() not in has:
            raise DeviceError(f"This CPU has no {precision}. Set LESIONLAB_PRECISION to f32.")
        if precision == "int8" and rounding is None:
            precision = "f32"  # a student's own classifier
        # A classifier in int8 keeps in f32 what moves its scores most; a mask hardly moves in bf16.
        floats = "bf16" if precision == "bf16" else "f32"
        of_masks = "bf16" if precision == "int8" and "BF16" in has else floats
        options = {
            "INFERENCE_NUM_THREADS": settings.threads,
            "NUM_STREAMS": lanes,
            "ENABLE_CPU_PINNING": False,  # others want the same cores: Streamlit, a training
        }
        first = _graph(core, classifier, settings.cache, "classifier")
        if precision == "int8" and rounding is not None:
            to_int8(first, rounding.highest)
        second = _graph(core, segmenter, settings.cache, "segmenter")
        hint = "INFERENCE_PRECISION_HINT"
        return cls(
            core.compile_model(first, "CPU", options | {hint: floats}),
            core.compile_model(second, "CPU", options | {hint: of_masks}),
            precision,
        )

    @property
    def name(self) -> str:
        """See `Runtime`."""
        return f"OpenVINO {VERSION} on cpu, {self.precision}"

    def classify(self, pixels: np.ndarray) -> Scores:
        """See `Runtime`."""
        return Scores(*self._classify(pixels))

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """See `Runtime`."""
        return self._segment(pixels)[0]

    def both(self, pixels: np.ndarray, others: np.ndarray) -> tuple[Scores, np.ndarray]:
        """See `Runtime`. Side by side, if there are lanes: one photo alone then has all threads, as
        the networks together take about as long as one after the other on twice as many."""
        if self._beside is None:
            return self.classify(pixels), self.segment(others)
        outlined = self._beside.submit(self.segment, others)
        return self.classify(pixels), outlined.result()


class _Lanes:
    """A compiled network's requests, each used by one caller at a time.

    Args:
        running: passes of this and of other networks that may still begin.
        threads: what begins several at once; None where there is one lane.
    """

    def __init__(
        self,
        network: ov.CompiledModel,
        running: threading.Semaphore,
        threads: ThreadPoolExecutor | None,
    ) -> None:
        self._running, self._threads = running, threads
        self._free: SimpleQueue[ov.InferRequest] = SimpleQueue()
        for _ in range(network.get_property("NUM_STREAMS")):
            request = network.create_infer_request()
            # OpenVINO's bindings prepare themselves for numpy at the first look at an array. Two
            # threads that look first at once wait for each other for ever: let it be this one.
            _ = request.get_input_tensor().data
            self._free.put(request)

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Photos go through one by one, on as many lanes as are free: on a CPU a batch is no faster
        than its photos."""
        if self._threads is None or len(pixels) == 1:
            answers = [self._pass(photo) for photo in pixels]
        else:
            answers = list(self._threads.map(self._pass, pixels))
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]

    def _pass(self, photo: np.ndarray) -> tuple[np.ndarray, ...]:
        with self._running:
            request = self._free.get()
            try:
                return request.infer([photo[None]]).to_tuple()
            finally:
                self._free.put(request)


def _graph(core: ov.Core, model: Model, cache: Path, kind: str) -> ov.Model:
    """The model from the cache, else exported from its weights; never of other weights than lie in
    its folder."""
    weights, card = model
    check_weights(weights, card.sha256)
    key = f"{card.sha256[:16]}-{card.input.size}px-openvino-{VERSION}-{FORMAT}"
    folder = prepared.find(cache, key)
    if folder is None and "torch" not in sys.modules and prepared.writable(cache):
        _export_elsewhere(model, kind, cache)
        folder = prepared.find(cache, key)
    if folder is None:
        exported = _export(model, kind)
        folder = prepared.keep(
            cache, key, lambda to: ov.save_model(exported, to / "model.xml", False)
        )
        if folder is None:  # the cache cannot be written: prepared again at each start
            return exported
    return core.read_model(folder / "model.xml")


def _export_elsewhere(model: Model, kind: str, cache: Path) -> None:
    """Have a process of its own fill the cache. Raises WeightsError."""
    work = "core.models.openvino_runtime", kind, str(model[0]), str(cache)
    command = [sys.executable, "-m", *work]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode == 1:
        raise WeightsError(done.stderr.strip().split("\n")[-1] or "The networks were not prepared.")


def main(arguments: Sequence[str]) -> int:
    """`python -m core.models.openvino_runtime KIND FOLDER CACHE`: what `_export_elsewhere` runs.
    Returns the exit status (1: a sentence on stderr says why not)."""
    import torch  # so that this process does it itself

    kind, folder, cache = arguments
    torch.set_num_threads(Settings.from_environment().threads)
    try:
        _graph(ov.Core(), (Path(folder), Card.read(Path(folder))), Path(cache), kind)
    except (WeightsError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _export(model: Model, kind: str) -> ov.Model:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    from core.models.torch_runtime import load_classifier, load_segmenter

    network = load_classifier(model) if kind == "classifier" else load_segmenter(model)
    size = model[1].input.size
    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing: sizes are constants, torch.jit is no longer new
        decoder = TorchScriptPythonDecoder(network, example_input=example)
    frontend = FrontEndManager().load_by_framework("pytorch")
    exported = frontend.convert(frontend.load(decoder))
    exported.reshape([1, size, size, 3])
    return exported


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
