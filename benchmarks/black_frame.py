"""Photos with a round field of view: `python -m benchmarks.black_frame [--each 30]`.

HAM10000's validation photos (up to so many of each diagnosis) are shown to the classifier as they
are, with their corners black, and as a smaller round picture on black, as other clinics'
dermatoscopes give them; the last two also with the black painted over, as the app does it
(`core.imaging.black_frame`).
"""

from __future__ import annotations

import argparse
from collections import Counter

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.common import machine, on_the_cpu, run, table
from core.answer.analyser import Analyser
from core.evaluation.metrics import balanced_accuracy
from core.ham10000.dataset import Dataset
from core.imaging.black_frame import network_input
from core.imaging.image import LesionImage, resize, to_jpeg
from core.models.gate import DOMAINS

HEIGHT, WIDTH = 450, 600
SEED = 3
BLACK = 3
"""Of 0 to 255: no camera gives a pure 0."""


def corners_black(rgb: np.ndarray) -> np.ndarray:
    """A photo (uint8 H×W×3) through a round field of view as wide as itself."""
    return _round(rgb, 0.49 * rgb.shape[1])


def small_and_round(rgb: np.ndarray) -> np.ndarray:
    """The middle of a photo (uint8 H×W×3) as a round picture on black, with a margin."""
    height, width = rgb.shape[:2]
    left = (width - height) // 2
    middle = _round(rgb[:, left : left + height], height / 2)
    margin = height // 30
    aside = round((height + 2 * margin) * width / height - height) // 2
    return cv2.copyMakeBorder(
        middle, margin, margin, aside, aside, cv2.BORDER_CONSTANT, value=(BLACK,) * 3
    )


def _round(rgb: np.ndarray, radius: float) -> np.ndarray:
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width]
    outside = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) > radius
    seen = np.where(outside[..., None], np.uint8(BLACK), rgb)
    return LesionImage.from_bytes(to_jpeg(seen)).rgb


def only_scaled(rgb: np.ndarray, size: int) -> np.ndarray:
    """`network_input` without painting anything over."""
    return resize(rgb, (size, size))


SHOWN = {
    "As it is": (lambda rgb: rgb, only_scaled),
    "Corners black": (corners_black, only_scaled),
    "Corners black, painted over": (corners_black, network_input),
    "Round on black": (small_and_round, only_scaled),
    "Round on black, painted over": (small_and_round, network_input),
}
"""How a photo is shown, and how the network sees it."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.black_frame", description=__doc__)
    parser.add_argument("--each", type=int, default=30, help="photos of each diagnosis (30)")
    each = parser.parse_args().each
    dataset = Dataset.open()
    analyser = Analyser.load(on_the_cpu())
    size = analyser.classifier_card.input.size
    photos = dataset.table[dataset.table["split"] == "validation"]
    chosen = photos.groupby("dx").sample(frac=1, random_state=SEED).groupby("dx").head(each)
    named: dict[str, list[str]] = {name: [] for name in SHOWN}
    domains: dict[str, Counter[str]] = {name: Counter() for name in SHOWN}
    for image_id in tqdm(chosen.index, disable=None):
        rgb = LesionImage.from_bytes(dataset.photo(image_id)).rgb
        rgb = cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        for name, (shown, seen) in SHOWN.items():
            scores = analyser.runtime.classify(seen(shown(rgb), size)[None])
            probabilities = analyser.calibrate(scores.logits[0])
            named[name].append(analyser.classes[int(analyser.decision(probabilities))])
            novelty = float(analyser.reference.familiar.novelty(scores.textures[0]))
            domains[name][analyser.reference.domain(scores.textures[0], novelty)] += 1
    truth = chosen["dx"].to_numpy()
    index = {key: k for k, key in enumerate(analyser.classes)}
    melanoma = truth == "mel"
    rows = []
    for name, answers in named.items():
        guess = np.array(answers)
        balanced = balanced_accuracy(
            np.array([index[k] for k in guess]), np.array([index[k] for k in truth])
        )
        found = int((guess[melanoma] == "mel").sum())
        seen_as = (f"{domains[name][d] / len(truth):.0%}" for d in DOMAINS)
        rows.append((name, f"{balanced:.3f}", f"{found} of {melanoma.sum()}", *seen_as))
    print(
        f"{machine()}; HAM10000, validation split {dataset.split.id}, {len(truth)} photos, up to "
        f"{each} of each diagnosis.\n"
    )
    heads = ("Shown", "Balanced accuracy", "Melanomas found", *(d.capitalize() for d in DOMAINS))
    print(table(heads, rows))


if __name__ == "__main__":
    run(main)
