"""The file that keeps what the classifier knows of the training images."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from core.models.neighbours import KnownCases
from core.models.novelty import FeatureGaussian
from core.models.reference import FILE, Reference
from core.models.weights import WeightsError


@pytest.fixture
def reference() -> Reference:
    random = np.random.default_rng(0)
    images = [f"ISIC_{n:07d}" for n in range(60)]
    lesions = [f"HAM_{n // 2:07d}" for n in range(60)]
    cases = KnownCases.fit(random.normal(size=(60, 16)), images, lesions, ["df", "vasc"] * 30, 8)
    return Reference(FeatureGaussian.fit(random.normal(size=(60, 12)), 4), 1.5, cases)


def test_write_and_read(reference: Reference, tmp_path: Path) -> None:
    reference.write(tmp_path)
    again = Reference.read(tmp_path, 1.7)
    assert again.threshold == 1.7
    photo = np.random.default_rng(1).normal(size=16)
    assert again.cases.nearest(photo) == reference.cases.nearest(photo)
    texture = np.random.default_rng(1).normal(size=12)
    assert again.familiar.novelty(texture) == reference.familiar.novelty(texture)


def test_missing_or_damaged(reference: Reference, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        Reference.read(tmp_path, 1.5)
    reference.write(tmp_path)
    path = tmp_path / FILE
    whole = path.read_bytes()
    for content in (b"", b"junk", whole[:20], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="cannot be read"):
            Reference.read(tmp_path, 1.5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cases.codes", "do not fit together"),
        ("cases.images", "do not fit together"),
        ("familiar.variance", "do not fit together"),
        ("familiar.scale", "do not fit together"),
    ],
)
def test_parts_of_another_size(
    name: str, message: str, reference: Reference, tmp_path: Path
) -> None:
    reference.write(tmp_path)
    stored = load_file(tmp_path / FILE)
    save_file({**stored, name: stored[name][1:].copy()}, tmp_path / FILE)
    with pytest.raises(WeightsError, match=message):
        Reference.read(tmp_path, 1.5)


def test_an_unknown_diagnosis_or_a_missing_part(reference: Reference, tmp_path: Path) -> None:
    reference.write(tmp_path)
    stored = load_file(tmp_path / FILE)
    for wrong in (
        {**stored, "cases.diagnoses": np.full(60, 99, np.uint8)},
        {key: value for key, value in stored.items() if key != "familiar.rest"},
    ):
        save_file(wrong, tmp_path / FILE)
        with pytest.raises(WeightsError, match="cannot be read"):
            Reference.read(tmp_path, 1.5)
