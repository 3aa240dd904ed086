"""Which precision to run in: `python -m benchmarks.precision [--every 1]`.

On HAM10000's validation split, the networks in f32, bf16 and int8 (as the card says): time,
balanced accuracy, mean IoU, and how far each answer is from that in f32. bf16 is left out on a CPU
that does not have it.
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from benchmarks.common import machine, on_the_cpu, run, table
from core.answer.analyser import DECODED_PX, mask_of
from core.evaluation.metrics import classifier_summary, mask_scores
from core.ham10000.dataset import Dataset
from core.imaging.black_frame import network_input
from core.imaging.image import LesionImage
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.openvino_runtime import OpenVINORuntime
from core.models.runtime import Model, Runtime
from core.settings import DeviceError
from core.taxonomy import KEYS

PRECISIONS = ("f32", "bf16", "int8")
HEATMAPS = 100
"""Photos whose heatmaps are compared with those in f32."""


def runtimes(models: tuple[Model, Model]) -> dict[str, Runtime]:
    """Both models by precision, in each that this CPU has; in int8 only the classifier is
    quantised, and the U-Net is in bf16 where the CPU has it."""
    settings = on_the_cpu()
    found: dict[str, Runtime] = {}
    for name in PRECISIONS:
        with suppress(DeviceError):
            found[name] = OpenVINORuntime.load(*models, replace(settings, precision=name))
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-many-th photo (1: all)")
    every = parser.parse_args().every
    settings, dataset = on_the_cpu(), Dataset.open()
    folders = settings.weights / "classifier", settings.weights / "segmenter"
    models = (folders[0], Card.read(folders[0])), (folders[1], Card.read(folders[1]))
    calibration = Calibration.of(models[0][1])
    sizes = [card.input.size for _, card in models]
    photos = dataset.table[dataset.table["split"] == "validation"].iloc[::every]
    labels = photos["dx"].map(KEYS.index).to_numpy()
    loaded = runtimes(models)
    found = {name: _Found() for name in loaded}
    for number, image_id in enumerate(tqdm(photos.index, disable=None)):
        rgb = LesionImage.from_bytes(dataset.photo(image_id), enough=DECODED_PX).rgb
        first, second = (network_input(rgb, size)[None] for size in sizes)
        truth = dataset.mask(image_id)
        masks = {}
        for name, runtime in loaded.items():
            began = time.perf_counter()
            scores, logits = runtime.classify(first), runtime.segment(second)[0]
            found[name].seconds.append(time.perf_counter() - began)
            found[name].probabilities.append(calibration(scores.logits[0]))
            masks[name] = mask_of(logits, truth.shape[1], truth.shape[0])
            found[name].iou.append(mask_scores(masks[name], truth)[1])
            found[name].overlap.append(mask_scores(masks[name], masks["f32"])[1])
            if number < HEATMAPS:
                found[name].heatmaps.append(np.maximum(scores.evidence[0], 0))
    rows = [f.row(name, found["f32"], labels, calibration.prior) for name, f in found.items()]
    print(f"{machine()}; {settings.threads} threads.")
    print(
        f"HAM10000, validation split {dataset.split.id}, {len(photos):,} images of "
        f"{photos['lesion_id'].nunique():,} lesions; heatmaps compared on "
        f"{len(found['f32'].heatmaps)}.\n"
    )
    header = (
        "Precision", "Networks, ms", "Balanced accuracy", "at equal priors", "Mean IoU",
        "Probabilities that move by less than .05", "Largest move", "Given another name",
        "Mean IoU with f32's mask", "Lowest", "Lowest correlation of heatmaps",
    )  # fmt: skip
    print(table(header, rows))


class _Found:
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.probabilities: list[np.ndarray] = []
        self.iou: list[float] = []
        self.overlap: list[float] = []
        self.heatmaps: list[np.ndarray] = []

    def row(self, name: str, base: _Found, labels: np.ndarray, prior: np.ndarray) -> tuple:
        p = np.array(self.probabilities)
        equal = p / prior / (p / prior).sum(axis=1, keepdims=True)
        before = np.array(base.probabilities)
        exact = before / prior / (before / prior).sum(axis=1, keepdims=True)
        moved = np.abs(p - before)
        alike = [
            np.corrcoef(ours[k].ravel(), theirs[k].ravel())[0, 1]
            for ours, theirs, k in zip(
                self.heatmaps, base.heatmaps, before.argmax(1)[: len(self.heatmaps)], strict=True
            )
            if ours[k].any() and theirs[k].any()
        ]
        return (
            name,
            f"{np.median(self.seconds) * 1e3:.0f}",
            f"{classifier_summary(p, labels)['balanced_accuracy']:.4f}",
            f"{classifier_summary(equal, labels)['balanced_accuracy']:.4f}",
            f"{np.mean(self.iou):.4f}",
            f"{(moved < 0.05).mean():.2%}",
            f"{moved.max():.3f}",
            f"{(equal.argmax(1) != exact.argmax(1)).mean():.2%}",
            f"{np.mean(self.overlap):.4f}",
            f"{min(self.overlap):.3f}",
            f"{min(alike):.3f}",
        )


if __name__ == "__main__":
    run(main)
