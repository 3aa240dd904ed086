"""A HAM10000 of drawn lesions: the ids, lesions and diagnoses are the dataset's own, as the shipped
atlas lists them; the pictures are no photos. For what needs an imported dataset, and none of its
photos."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from core.ham10000.importer import DATASET
from core.imaging.image import resize, to_jpeg, to_png
from core.lesion.phantom import KINDS, Phantom, make_phantom
from core.settings import Settings
from core.system.ownership import mark
from core.taxonomy import KEYS

COUNTS = {"nv": 60, "mel": 40, "bkl": 34, "bcc": 26, "akiec": 20, "vasc": 16, "df": 14}
"""Photos of each diagnosis, in HAM10000's order."""
SITES = (
    *("abdomen", "back", "chest", "ear", "face", "foot", "genital", "hand", "lower extremity"),
    *("neck", "scalp", "trunk", "unknown", "upper extremity", "acral"),
)
"""The last one is of naevi alone, as it nearly is in HAM10000."""
HOW_KNOWN = ("histo", "follow_up", "consensus")


@cache
def lesion(number: int) -> Phantom:
    """One of a few that are drawn: each costs a fifth of a second."""
    return make_phantom(number, list(KINDS)[number % len(KINDS)])


def write_drawn(root: Path) -> None:
    """Fill the folder of a dataset: the table, and of each image a photo of 200×150, a mask of
    600×450, and of every second one a crop."""
    for kind in ("images", "masks", "crops"):
        (root / kind).mkdir(parents=True)
    atlas = pd.read_parquet(Settings.from_environment().weights / "classifier" / "atlas.parquet")
    some = [atlas[atlas["dx"] == dx].sample(n, random_state=0) for dx, n in COUNTS.items()]
    table = pd.concat(some)[["lesion_id", "dx"]].sort_index()
    rng = np.random.default_rng(0)
    count = len(table)
    table["dx_type"] = rng.choice(HOW_KNOWN, count)
    table["age"] = rng.choice([*np.arange(20.0, 90.0, 5.0), np.nan], count)
    table["sex"] = rng.choice(["female", "male"], count)
    place = table.groupby("dx").cumcount()
    table["localization"] = [
        SITES[n % (len(SITES) if dx == "nv" else len(SITES) - 1)]
        for n, dx in zip(place, table["dx"], strict=True)
    ]
    table.to_csv(root / "metadata.csv")
    for number, (image_id, dx) in enumerate(table["dx"].items()):
        drawn = lesion(KEYS.index(str(dx)))
        rgb, mask = drawn.image.rgb, drawn.mask
        if number % 2:
            rgb, mask = rgb[:, ::-1], mask[:, ::-1]
        rgb = cv2.convertScaleAbs(rgb, alpha=rng.uniform(0.95, 1), beta=rng.uniform(0, 5))
        (root / "images" / f"{image_id}.jpg").write_bytes(to_jpeg(resize(rgb, (200, 150))))
        pixels = np.ascontiguousarray(mask).astype(np.uint8) * 255
        (root / "masks" / f"{image_id}.png").write_bytes(to_png(pixels))
        if number % 2:
            crop = to_jpeg(resize(np.ascontiguousarray(rgb[:, 75:525]), (224, 224)))
            (root / "crops" / f"{image_id}.jpg").write_bytes(crop)
    mark(root, DATASET)
