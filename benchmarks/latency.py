"""One photo: `python -m benchmarks.latency [--rounds 10] [--starts 5]`.

Measures, in turns and each in a process of its own, LesionLab against the naive stack
(`benchmarks.naive`) and against the same networks in ONNX Runtime; then how soon after its start a
process has its first answer, and what memory it took. The floor is what the networks' additions and
multiplications alone would take at the speed of a large matrix product, in the faster of two
libraries (which that is depends on the maker of the processor).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import (
    Stack,
    Work,
    interleaved,
    machine,
    on_the_cpu,
    run,
    synthetic_photos,
    table,
)

MATRIX = 2048
FIRST = {
    "LesionLab": "from core.answer.analyser import Analyser; Analyser.load().analyse_bytes(photo)",
    "Naive stack": "from benchmarks.naive import Naive; Naive().answer(photo)",
}


def lesionlab() -> Work:
    """Bytes → the whole Analysis, as the app does it."""
    from core.answer.analyser import Analyser

    return Analyser.load(on_the_cpu()).analyse_bytes


def naive() -> Work:
    """Bytes → probabilities, one heatmap, mask, at torch's own number of threads."""
    from benchmarks.naive import Naive

    return Naive().answer


def onnx_runtime() -> Work:
    """The networks alone in ONNX Runtime, on pixels of the right size."""
    import onnxruntime

    threads = on_the_cpu().threads
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    sessions = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (network, size) in _networks().items():
            path = Path(folder) / f"{name}.onnx"
            _to_onnx(network, size, path)
            session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
            sessions.append((session, session.get_inputs()[0].name, _pixels(size)))

    def work(_: object) -> None:
        for session, name, pixels in sessions:
            session.run(None, {name: pixels})

    return work


def openvino() -> Work:
    """The networks alone in LesionLab's own runtime, on pixels of the right size."""
    from core.answer.analyser import Analyser

    runtime = Analyser.load(on_the_cpu()).runtime
    first, second = (_pixels(size) for _, size in _sizes())

    def work(_: object) -> None:
        runtime.classify(first)
        runtime.segment(second)

    return work


def torch_product() -> Work:
    """A large product in float32: the speed that the cores can reach."""
    import torch

    torch.set_num_threads(on_the_cpu().threads)
    a, b = torch.randn(2, MATRIX, MATRIX)
    return lambda _: a @ b


def openvino_product() -> Work:
    """The same in OpenVINO, which has oneDNN."""
    import openvino
    from openvino import opset13 as operators

    a, b = np.random.default_rng(0).standard_normal((2, MATRIX, MATRIX), np.float32)
    inputs = [operators.parameter([MATRIX, MATRIX], np.float32) for _ in range(2)]
    model = openvino.Model([operators.matmul(*inputs, False, False)], inputs)
    threads = on_the_cpu().threads
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    return lambda _: request.infer([a, b], share_inputs=True)


PRODUCTS = {"torch": torch_product, "OpenVINO": openvino_product}


def operations() -> float:
    """Floating point operations of both networks for one photo; a multiply-add counts as two."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    total = 0
    for network, size in _networks().values():
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, size, size, 3, dtype=torch.uint8))
        total += counter.get_total_flops()
    return float(total)


def _sizes() -> list[tuple[str, int]]:
    from core.models.cards import Card

    folder = on_the_cpu().weights
    names = ("classifier", "segmenter")
    return [(name, Card.read(folder / name).input.size) for name in names]


def _networks() -> dict[str, tuple[Any, int]]:
    """Both networks in torch, with their input sizes."""
    from core.models.cards import Card
    from core.models.torch_runtime import load_classifier, load_segmenter

    folder = on_the_cpu().weights
    loads: list[Callable] = [load_classifier, load_segmenter]
    return {
        name: (load((folder / name, Card.read(folder / name))), size)
        for (name, size), load in zip(_sizes(), loads, strict=True)
    }


def _to_onnx(network: Any, size: int, path: Path) -> None:
    import warnings

    import torch

    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (example,), path, dynamo=False)


def _pixels(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)


def answers(rounds: int) -> str:
    """The table of answers."""
    photos = synthetic_photos(12)
    loads: dict[str, Callable[[], Work]] = {
        "Naive stack": naive,
        "LesionLab": lesionlab,
        "Networks alone, OpenVINO": openvino,
        "Networks alone, ONNX Runtime": onnx_runtime,
        **PRODUCTS,
    }
    stacks = {name: Stack(load) for name, load in loads.items()}
    try:
        found = interleaved(stacks, photos, rounds)
    finally:
        for stack in stacks.values():
            stack.__exit__()
    middle = {name: statistics.median(times) for name, times in found.items()}
    products = {name: middle.pop(name) for name in PRODUCTS}
    faster = min(products, key=lambda name: products[name])
    speed = 2 * MATRIX**3 / products[faster]
    work = operations()
    middle["Floor"] = work / speed
    rows = []
    for name, seconds in middle.items():
        low, high = np.quantile(found.get(name, [seconds]), (0.1, 0.9))
        rows.append(
            (
                name,
                f"{seconds * 1e3:.1f}",
                f"{low * 1e3:.0f} to {high * 1e3:.0f}" if name in found else "",
                f"{middle['Naive stack'] / seconds:.1f}×",
                f"{seconds / middle['Floor']:.2f}×",
            )
        )
    note = (
        f"Floor: {work / 1e9:.1f} GFLOP for both networks at {speed / 1e9:.0f} GFLOP/s, the median "
        f"of a {MATRIX}×{MATRIX} float32 product in {faster} on the same cores."
    )
    header = ("One photo", "Median, ms", "10 to 90 %", "Faster than naive", "Of the floor")
    return f"{table(header, rows)}\n\n{note}"


def starts(times: int) -> str:
    """The table of first answers: seconds from the start of the process, and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(synthetic_photos(1)[0])
        subprocess.run(_first("LesionLab", path), check=True, capture_output=True)  # prepares
        found: dict[str, list[list[float]]] = {name: [] for name in FIRST}
        for _ in range(times):
            for name, results in found.items():
                done = subprocess.run(
                    _first(name, path), check=True, capture_output=True, text=True
                )
                results.append([float(word) for word in done.stdout.split()[-2:]])
    middle = {name: np.median(results, axis=0) for name, results in found.items()}
    base = middle["Naive stack"][0]
    rows = [
        (name, f"{seconds:.2f}", f"{base / seconds:.1f}×", f"{memory:.0f}")
        for name, (seconds, memory) in middle.items()
    ]
    return table(("First answer", "Median, s", "Sooner than naive", "Peak memory, MB"), rows)


def _first(name: str, path: Path) -> list[str]:
    """A process that prints the seconds since its start and its peak memory in MB."""
    import time

    return [
        sys.executable,
        "-c",
        f"photo = open({str(path)!r}, 'rb').read(); {FIRST[name]}; import time, resource; "
        f"print(time.time() - {time.time()!r}, "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)",
    ]


def on_cuda(rounds: int) -> str:
    """The table of a GPU, where there is one: one photo, and a batch of 64."""
    import torch

    if not torch.cuda.is_available():
        return "No CUDA device: torch on a GPU was not measured."
    stacks = {f"torch, batch {n}": Stack(partial(cuda, n)) for n in (1, 64)}
    found = interleaved(stacks, [None], rounds)
    rows = []
    for (name, times), size in zip(found.items(), (1, 64), strict=True):
        seconds = statistics.median(times)
        rows.append((name, f"{seconds * 1e3:.1f}", f"{size / seconds:.0f}"))
    return table((torch.cuda.get_device_name(), "Median, ms", "Images/s"), rows)


def cuda(batch: int) -> Work:
    """The networks alone in torch on CUDA, from pixels to arrays."""
    from dataclasses import replace

    from core.answer.analyser import Analyser

    runtime = Analyser.load(replace(on_the_cpu(), device="cuda")).runtime
    first, second = (_pixels(size).repeat(batch, axis=0) for _, size in _sizes())

    def work(_: object) -> None:
        runtime.classify(first)
        runtime.segment(second)

    return work


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="turns of five photos (10)")
    parser.add_argument("--starts", type=int, default=5, help="processes of each stack (5)")
    chosen = parser.parse_args()
    print(f"{machine()}; {on_the_cpu().threads} threads.\n")
    print(answers(chosen.rounds), end="\n\n")
    print(starts(chosen.starts), end="\n\n")
    print(on_cuda(chosen.rounds))


if __name__ == "__main__":
    run(main, "onnx", "onnxruntime")
