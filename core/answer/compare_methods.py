"""Heatmaps by several methods, in a process of its own: torch and the grad-cam package take half a
gigabyte, which a server would never get back.

`python -m core.answer.compare_methods FOLDER INDEX METHOD…` reads `FOLDER/pixels.png` (the
classifier's input) and writes `FOLDER/METHOD.npy` for each method as soon as it is done: float32
h×w ≥ 0, see `core.answer.torch_cam.Cams.compute`. `--weights` names the classifier's folder
(default: that in use).
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from core.answer.cam_methods import METHODS, passes
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.system import ownership
from core.system.progress import ProgressWriter

PIXELS = "pixels.png"
MOST_BYTES = 1 << 20
"""Of one map; ours have a few hundred."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute; returns the exit status (1: a sentence on stderr says why not)."""
    parser = argparse.ArgumentParser("python -m core.answer.compare_methods", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("index", type=int)
    parser.add_argument("methods", nargs="+", choices=[*METHODS])
    parser.add_argument("--weights", type=Path)
    chosen = parser.parse_args(arguments)
    writer = ProgressWriter(sum(passes(method) for method in chosen.methods))
    writer.next("Loading the network")
    try:
        from core.answer.torch_cam import Cams

        with Image.open(chosen.folder / PIXELS) as picture:
            pixels = np.array(picture.convert("RGB"))
        cams = Cams.load(folder=chosen.weights)
        for method in chosen.methods:
            name = METHODS[method].name
            writer.next(name)
            heat = cams.compute(method, pixels, chosen.index, partial(writer.next, name, 1))
            target = chosen.folder / f"{method}.npy"
            with ownership.replacing(target) as temporary, temporary.open("wb") as file:
                np.save(file, heat, allow_pickle=False)
    except (WeightsError, SettingsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def read_maps(folder: Path) -> dict[str, np.ndarray]:
    """The maps written so far, by method; what is none of them is left out."""
    found = {}
    for method in METHODS:
        path = folder / f"{method}.npy"
        try:
            if path.stat().st_size > MOST_BYTES:
                continue
            heat = np.load(path, allow_pickle=False)
        except (OSError, ValueError):
            continue
        if heat.ndim == 2 and heat.dtype == np.float32 and np.isfinite(heat).all():
            found[method] = heat
    return found


if __name__ == "__main__":
    sys.exit(main())
