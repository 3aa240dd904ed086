"""Novelty: near 0 among the training images, larger the further away."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.novelty import NEIGHBOURS, Reference, unit
from core.weights import WeightsError


@pytest.fixture
def reference() -> Reference:
    """Training images in a narrow cone about the first axis of 16."""
    points = np.random.default_rng(0).normal(0, 0.05, (60, 16)).astype(np.float32)
    points[:, 0] += 1
    return Reference(unit(points), 0.2)


def test_unit() -> None:
    assert unit(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(
        np.array([[0.6, 0.8], [0.0, 0.0]])
    )


def test_worked_by_hand() -> None:
    """Eight nearest of nine: six equal to the photo, two at right angles; the opposite is left."""
    points = np.array([[1.0, 0.0]] * 6 + [[0.0, 1.0]] * 2 + [[-1.0, 0.0]], np.float32)
    reference = Reference(points, 0.5)
    assert NEIGHBOURS == 8
    assert reference.novelty(np.array([1.0, 0.0])) == pytest.approx(2 / 8)
    assert reference.novelty(np.array([20.0, 0.0])) == pytest.approx(2 / 8)  # length says nothing
    assert reference.novelty(np.array([-1.0, 0.0])) == pytest.approx((0 + 2 + 5 * 2) / 8)


def test_grows_with_distance(reference: Reference) -> None:
    axis, other = np.eye(16)[:2]
    near, aside, away = map(reference.novelty, (axis, axis + other, -axis))
    assert 0 <= near < 0.05 < aside < 1 < away <= 2


def test_write_and_read(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.safetensors"
    reference.write(path)
    again = Reference.read(path, 0.3)
    assert again.threshold == 0.3
    assert again.embeddings.dtype == np.float32
    assert np.linalg.norm(again.embeddings, axis=1) == pytest.approx(np.ones(60))
    embedding = np.random.default_rng(1).normal(size=16)
    assert again.novelty(embedding) == pytest.approx(reference.novelty(embedding), abs=1e-3)


def test_missing_or_damaged(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.safetensors"
    with pytest.raises(WeightsError, match=r"reference\.safetensors cannot be read"):
        Reference.read(path, 0.2)
    reference.write(path)
    whole = path.read_bytes()
    for content in (b"", b"junk", whole[:20], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="cannot be read"):
            Reference.read(path, 0.2)
    save_file({"points": np.ones((9, 4), np.float32)}, path)
    with pytest.raises(WeightsError, match="cannot be read"):
        Reference.read(path, 0.2)


@pytest.mark.parametrize("shape", [(7, 16), (0, 16), (16,)])
def test_too_few_embeddings(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "reference.safetensors"
    save_file({"embeddings": np.ones(shape, np.float16)}, path)
    with pytest.raises(WeightsError, match="needs 8 embeddings or more"):
        Reference.read(path, 0.2)
