"""The black around a field of view: found where it is, and painted over for the networks."""

from __future__ import annotations

import numpy as np
import pytest

from core.answer import analyser as one_call
from core.answer.analyser import Analyser
from core.imaging.black_frame import (
    black_frame,
    network_input,
    painted_over,
    seen_by_network,
)
from core.imaging.image import LesionImage, resize, to_jpeg
from core.lesion.phantom import practice_set

SKIN = (220, 170, 150)


def skin(height: int = 120, width: int = 160) -> np.ndarray:
    rgb = np.full((height, width, 3), SKIN, np.uint8)
    rgb[50:70, 60:90] = 15  # a lesion as black as any frame
    return rgb


def in_a_circle(rgb: np.ndarray, radius: float, black: int = 6) -> tuple[np.ndarray, np.ndarray]:
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width]
    outside = np.hypot(x - width / 2 + 0.5, y - height / 2 + 0.5) > radius
    return np.where(outside[..., None], np.uint8(black), rgb), outside


def test_a_photo_that_fills_its_frame_is_left_alone() -> None:
    rgb = skin()
    assert black_frame(rgb) is None
    assert (network_input(rgb, 96) == resize(rgb, (96, 96))).all()


def test_a_black_lesion_at_one_corner_is_no_frame() -> None:
    rgb = skin()
    rgb[:60, :70] = 10
    assert black_frame(rgb) is None


@pytest.mark.parametrize("black", [0, 12, 35])
def test_a_round_picture_loses_its_black_and_nothing_else(black: int) -> None:
    rgb, outside = in_a_circle(skin(), 58, black)
    frame = black_frame(rgb)
    assert frame is not None
    assert frame[outside].all()
    assert frame.sum() < 1.15 * outside.sum(), "only its soft edge goes with it"
    painted = painted_over(rgb, frame)
    assert (painted[~frame] == rgb[~frame]).all()
    assert np.abs(painted[outside].astype(int) - SKIN).max() < 60
    assert (rgb[50:70, 60:90] == 15).all()
    assert (painted[50:70, 60:90] == 15).all()


def test_bars_are_a_frame() -> None:
    rgb = skin()
    rgb[:20] = 4
    frame = black_frame(rgb)
    assert frame is not None
    assert frame[:20].all()
    assert not frame[30:].any()


def test_a_black_picture_stays_black() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    assert black_frame(rgb) is None
    assert not network_input(rgb, 32).any()


def test_what_is_outside_of_the_frame_does_not_matter_to_the_answer() -> None:
    """A practice lesion in a round picture: as black as can be, or with stray light."""
    photo = practice_set()[0].image.rgb
    analyser = Analyser.load()
    dark, light = (
        analyser.analyse(LesionImage.from_bytes(to_jpeg(in_a_circle(photo, 210, black)[0], 95)))
        for black in (0, 25)
    )
    assert np.abs(dark.probabilities - light.probabilities).max() < 0.05
    assert dark.domain == light.domain
    assert dark.painted_over
    assert light.painted_over


def test_each_size_is_scaled_once_and_the_answer_says_what_was_painted_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def counted(rgb: np.ndarray, size: int) -> tuple[np.ndarray, bool]:
        sizes.append(size)
        return seen_by_network(rgb, size)

    monkeypatch.setattr(one_call, "seen_by_network", counted)
    analyser = Analyser.load()
    assert not analyser.analyse(practice_set()[0].image).painted_over
    cards = analyser.classifier_card, analyser.segmenter_card
    assert sorted(sizes) == sorted({card.input.size for card in cards})
