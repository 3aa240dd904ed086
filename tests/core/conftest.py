"""HAM10000 in miniature: four photos of three lesions, as Kaggle's archives and as a folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.answer.analyser import Analyser
from core.ham10000.importer import DATASET
from core.ham10000.splits import SPLITS, Split
from core.system.ownership import mark

MakeZip = Callable[..., Path]


@dataclass(frozen=True)
class Miniature:
    """Files by image id. `ISIC_0000001` and `ISIC_0000002` show one lesion; one has a crop."""

    metadata: bytes
    photos: dict[str, bytes]
    masks: dict[str, bytes]
    crops: dict[str, bytes]


def _encode(image: Image.Image, file_format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def classifying() -> Analyser:
    """The shipped models, but no lesion is outlined or measured, which is half of the work and has
    no say in an answer's probabilities, nor in whether a photo is like the training images."""
    found = Analyser.load()
    found.runtime.segment = lambda pixels: np.full((len(pixels), 32, 32), -1, np.float32)
    return found


@pytest.fixture(scope="session")
def mini() -> Miniature:
    """The files; the lesions are of the shipped split: training (twice), validation, test."""
    of_lesion = Split.read().of_lesion
    lesions = [next(k for k, v in of_lesion.items() if v == name) for name in SPLITS]
    ids = [f"ISIC_000000{i}" for i in range(1, 5)]
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    for image_id, lesion, dx in zip(
        ids, (lesions[0], *lesions), ("nv", "nv", "mel", "df"), strict=True
    ):
        rows.append(f"{lesion},{image_id},{dx},histo,{'' if dx == 'df' else '45.0'},female,back")
    photos = {
        image_id: _encode(Image.new("RGB", (64, 48), (180, 120 + 10 * i, 120)), "JPEG")
        for i, image_id in enumerate(ids)
    }
    mask = Image.fromarray(np.pad(np.full((24, 32), 255, np.uint8), ((12, 12), (16, 16))))
    crop = _encode(Image.new("RGB", (224, 224), (180, 120, 120)), "JPEG")
    return Miniature(
        ("\n".join(rows) + "\n").encode(),
        photos,
        dict.fromkeys(ids, _encode(mask, "PNG")),
        {ids[0]: crop},
    )


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the settings name: it does not exist yet."""
    folder = tmp_path / "data"
    monkeypatch.setenv("LESIONLAB_DATA", str(folder))
    return folder


@pytest.fixture
def make_zip(tmp_path: Path) -> MakeZip:
    """How to write a zip file: make_zip("a.zip", {"folder/name": bytes}, compression)."""

    def make(name: str, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", method) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return make


@pytest.fixture
def archives(make_zip: MakeZip, mini: Miniature) -> list[Path]:
    """The three archives as people download them: 10 files of ours, and 8 to be left alone."""
    twice = "HAM10000_segmentations_lesion_tschandl/" * 2
    first, *others = mini.photos
    return [
        make_zip(
            "photos.zip",
            {f"HAM10000_images_part_1/{first}.jpg": mini.photos[first]}
            | {f"HAM10000_images_part_2/{i}.jpg": mini.photos[i] for i in others}
            | {f"ham10000_images_part_2/{i}.jpg": mini.photos[i] for i in others}
            | {
                "HAM10000_metadata.csv": mini.metadata,
                "hmnist_28_28_RGB.csv": b"pixel0000,label\n",
                f"__MACOSX/HAM10000_images_part_1/._{first}.jpg": b"resource fork",
                f"__MACOSX/HAM10000_images_part_1/{first}.jpg": b"resource fork",
            },
        ),
        make_zip(
            "masks.zip",
            {f"{twice}{i}_segmentation.png": content for i, content in mini.masks.items()}
            | {f"{twice}.DS_Store": b"Finder"},
        ),
        make_zip(
            "crops.zip",
            {f"centre_crops_224/{i}.jpg": content for i, content in mini.crops.items()}
            | {"README.md": b"The centre squares."},
        ),
    ]


@pytest.fixture
def ham(data: Path, mini: Miniature) -> Path:
    """The miniature as imported: the dataset's folder."""
    root = data / "ham10000"
    for kind, suffix, files in (
        ("images", "jpg", mini.photos),
        ("masks", "png", mini.masks),
        ("crops", "jpg", mini.crops),
    ):
        (root / kind).mkdir(parents=True)
        for image_id, content in files.items():
            (root / kind / f"{image_id}.{suffix}").write_bytes(content)
    (root / "metadata.csv").write_bytes(mini.metadata)
    mark(root, DATASET)
    return root
