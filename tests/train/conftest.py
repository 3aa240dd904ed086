"""A dataset of painted lesions, laid out like an imported HAM10000, but tiny."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from core.ham10000.dataset import Dataset
from core.ham10000.splits import Split
from core.imaging.image import resize, to_jpeg, to_png
from core.lesion.phantom import KINDS, make_phantom
from core.taxonomy import KEYS

WIDTH, HEIGHT = 100, 75
LESIONS_PER_CLASS = 6
CROP_EVERY = 4


@dataclass(frozen=True)
class Tiny:
    """The dataset's data folder (what LESIONLAB_DATA names)."""

    data: Path

    def open(self) -> Dataset:
        return Dataset.open(self.data)


def write_dataset(root: Path) -> None:
    """Write photos, masks, some crops, the table and a split of their own into a folder."""
    for kind in ("images", "masks", "crops"):
        (root / kind).mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for label, dx in enumerate(KEYS):
        phantom = make_phantom(label, list(KINDS)[label % len(KINDS)])
        for lesion in range(LESIONS_PER_CLASS):
            for _ in range(1 + (lesion % 3 == 0)):  # every third lesion has two photos
                image_id = f"ISIC_{len(rows):07d}"
                rgb, mask = phantom.image.rgb, phantom.mask.astype(np.uint8) * 255
                if lesion % 2:
                    rgb, mask = rgb[:, ::-1], mask[:, ::-1]
                rgb = cv2.convertScaleAbs(rgb, alpha=rng.uniform(0.8, 1.1), beta=rng.uniform(0, 20))
                small = to_jpeg(resize(rgb, (WIDTH, HEIGHT)))
                (root / "images" / f"{image_id}.jpg").write_bytes(small)
                mask = resize(mask, (2 * WIDTH, 2 * HEIGHT))
                mask = np.where(mask > 127, 255, 0).astype(np.uint8)
                (root / "masks" / f"{image_id}.png").write_bytes(to_png(mask))
                if len(rows) % CROP_EVERY == 0:
                    crop = to_jpeg(resize(rgb[:, 75:525], (224, 224)))
                    (root / "crops" / f"{image_id}.jpg").write_bytes(crop)
                lesion_id = f"HAM_{label}{lesion:06d}"
                rows.append((lesion_id, image_id, dx, "histo", 50.0, "male", "back"))
    columns = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(root / "metadata.csv", index=False)
    split = Split.draw(table.groupby("lesion_id")["dx"].first()).of_lesion
    lines = pd.DataFrame(split.items(), columns=["lesion_id", "split"])
    lines.to_csv(root / "split.csv", index=False)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tensors this small gain nothing from more, and lose much on busy cores."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """42 lesions of the seven classes, 56 photos of 100×75; decoded arrays are shared by tests."""
    data = tmp_path_factory.mktemp("tiny")
    write_dataset(data / "ham10000")
    return Tiny(data)


@pytest.fixture
def environment(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """LESIONLAB_… set to the tiny dataset and to empty folders; returns the whole environment."""
    monkeypatch.setenv("LESIONLAB_DATA", str(tiny.data))
    for name in ("WEIGHTS", "RUNS", "PRETRAINED", "CACHE"):
        monkeypatch.setenv(f"LESIONLAB_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("LESIONLAB_DEVICE", "cpu")
    monkeypatch.setenv("LESIONLAB_THREADS", "1")
    return dict(os.environ)
