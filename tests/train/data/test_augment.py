"""Random changes to training photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from core.imaging.image import resize
from train.choices import AUGMENTATIONS
from train.data.augment import LUMA, Augmentation, Look


def disc(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright green disc on black, away from the edges, and its mask 0/255."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((150, 200), np.uint8)
    centre = (int(rng.integers(80, 120)), int(rng.integers(60, 90)))
    cv2.circle(mask, centre, int(rng.integers(25, 45)), 255, -1)
    return np.stack([np.zeros_like(mask), mask, np.zeros_like(mask)], axis=2), mask


def skin(colour: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """A dark lesion on skin of a colour, a little noisy."""
    rng = np.random.default_rng(seed)
    image = np.full((120, 160, 3), colour, float)
    cv2.circle(image, (80, 60), 30, tuple(0.4 * c for c in colour), -1)
    return (image + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def test_mask_stays_on_the_lesion() -> None:
    scores, shifts = [], []
    change = Augmentation(96)
    for seed in range(80):
        torch.manual_seed(seed)
        image, mask = change(*disc(seed))
        assert image.shape == (96, 96, 3)
        assert mask is not None
        assert mask.shape == (96, 96)
        assert image.dtype == mask.dtype == np.uint8
        inside = mask > 127
        if inside.sum() < 200:  # cropped or shifted away
            continue
        green = image[..., 1].astype(int) - image[..., 0]
        bright = green > 0.5 * np.quantile(green[inside], 0.9)
        if bright.sum() < 0.3 * inside.sum():  # behind a round black edge
            continue
        scores.append((bright & inside).sum() / (bright | inside).sum())
        shifts.append(np.mean(np.nonzero(bright), axis=1) - np.mean(np.nonzero(inside), axis=1))
    assert len(scores) > 60
    assert np.median(scores) > 0.93
    assert np.quantile(scores, 0.1) > 0.85
    assert np.abs(np.median(shifts, axis=0)).max() < 0.3, "no shift by part of a pixel"


def test_the_same_seed_gives_the_same_sample() -> None:
    image, _ = disc(0)
    change = Augmentation(64)

    def draw(seed: int) -> np.ndarray:
        torch.manual_seed(seed)
        return change(image)[0]

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()


@pytest.mark.parametrize("size", [32, 96, 160])
@pytest.mark.parametrize("shape", [(75, 100), (320, 240), (224, 224), (900, 1200)])
def test_every_photo_ends_at_the_size_asked_for(size: int, shape: tuple[int, int]) -> None:
    image, mask = Augmentation(size)(
        np.full((*shape, 3), 90, np.uint8), np.full(shape, 255, np.uint8)
    )
    assert image.shape == (size, size, 3)
    assert mask is not None
    assert mask.shape == (size, size)
    assert image.flags.c_contiguous


def test_without_names_it_is_the_resize_of_use() -> None:
    image = skin((200, 150, 140))
    np.testing.assert_array_equal(Augmentation(64, ())(image)[0], resize(image, (64, 64)))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_change_changes_something(name: str) -> None:
    image, other = skin((200, 150, 140)), Look.of(skin((230, 210, 190)))
    plain, change = resize(image, (64, 64)), Augmentation(64, (name,))
    torch.manual_seed(0)
    assert any((change(image, other=other)[0] != plain).any() for _ in range(20))


def test_sharpness_keeps_colours_in_their_channels() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    change = Augmentation(64, ("blur", "sharpen", "jpeg"))
    for seed in range(20):
        torch.manual_seed(seed)
        after = change(red)[0].mean((0, 1))
        assert after[0] > 190
        assert after[1:].max() < 10


def test_a_look_is_the_skin_at_the_edge() -> None:
    image = skin((200, 150, 140))
    assert Look.of(image).skin == pytest.approx((200, 150, 140), abs=4)
    framed = image.copy()
    framed[:12], framed[-12:] = 0, 0
    assert Look.of(framed).skin == pytest.approx((200, 150, 140), abs=4), "not the black frame"
    assert Look.of(np.zeros((40, 40, 3), np.uint8)).skin == (1, 1, 1)


def test_another_camera_moves_skin_towards_its_own() -> None:
    image, foreign = skin((200, 140, 130)), skin((150, 150, 190), 1)
    change, other = Augmentation(120, ("camera",)), Look.of(foreign)
    before = np.abs(np.array(Look.of(image).skin) - other.skin).sum()
    torch.manual_seed(3)
    moved = []
    for _ in range(30):
        sample = change(image, other=other)[0]
        look = Look.of(sample)
        moved.append(np.abs(np.array(look.skin) - other.skin).sum() / before)
        inside, outside = sample[55:65, 55:65].mean((0, 1)), np.array(look.skin)
        assert inside @ LUMA < outside @ LUMA, "the lesion stays the darker part"
    assert np.median(moved) < 0.6


def test_a_cutout_is_skin_and_never_falls_on_an_outline() -> None:
    image = skin((200, 150, 140))
    change = Augmentation(96, ("cutout",))
    torch.manual_seed(0)
    covered = [(change(image)[0] != resize(image, (96, 96))).any() for _ in range(100)]
    assert 10 < sum(covered) < 60
    mask = np.zeros(image.shape[:2], np.uint8)
    whole = resize(image, (96, 96))
    assert all((change(image, mask)[0] == whole).all() for _ in range(40))
