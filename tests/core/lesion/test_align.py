"""Sizes and places of photos side by side."""

from __future__ import annotations

import numpy as np
import pytest

from core.lesion.align import aligned, centred


def test_a_unit_is_equally_long_on_all_and_nothing_is_enlarged():
    sizes = aligned([(900, 675), (900, 600)], [20.0, 12.0])
    assert sizes[0] == (900, 675)
    assert sizes[1] == (540, 360)
    assert sizes[0][0] / 20 == sizes[1][0] / 12


def test_equal_spans_change_nothing():
    assert aligned([(900, 675), (900, 675)], [600, 600]) == [(900, 675), (900, 675)]


def test_a_narrow_photo_may_limit_the_others():
    assert aligned([(300, 900), (900, 600)], [600, 600]) == [(300, 900), (300, 200)]


def test_one_photo_keeps_its_size():
    assert aligned([(640, 480)], [3.5]) == [(640, 480)]


def test_the_smallest_photo_keeps_a_pixel():
    assert aligned([(900, 1), (900, 900)], [1000.0, 1.0])[1] == (1, 1)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="zip"):
        aligned([(900, 600)], [1.0, 2.0])


def test_centred_keeps_every_pixel_of_the_photo_in_the_middle():
    photo = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    framed = centred(photo, (10, 8), (1, 2, 3))
    assert framed.shape == (8, 10, 3)
    assert framed.dtype == np.uint8
    np.testing.assert_array_equal(framed[2:6, 2:8], photo)
    assert (framed[:2] == (1, 2, 3)).all()
    assert (framed[:, 8:] == (1, 2, 3)).all()
