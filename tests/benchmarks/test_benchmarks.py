"""The benchmarks measure what they say: the naive stack gives the same answers, the slow way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import batch, latency, switch
from benchmarks.common import Stack, interleaved, synthetic_photos, table
from benchmarks.naive import Naive
from core.answer.analyser import Analyser
from core.taxonomy import KEYS
from tests.benchmarks.doubled import doubled


@pytest.fixture(scope="module")
def naive() -> Naive:
    torch.set_num_threads(1)
    return Naive()


def test_photos_differ_and_come_again() -> None:
    photos = synthetic_photos(20)
    assert len(set(photos)) == 20
    assert photos[:3] == synthetic_photos(3)


@pytest.mark.parametrize("number", range(3))
def test_the_naive_stack_gives_the_same_answer(naive: Naive, number: int) -> None:
    import cv2

    photo = synthetic_photos(3)[number]
    probabilities, heatmap, mask = naive.answer(photo)
    ours = Analyser.load().analyse_bytes(photo)
    assert probabilities.shape == (7,)
    found = mask > 0
    assert (found & ours.mask).sum() >= 0.98 * (found | ours.mask).sum()
    # The class that is the most probable without a prior, which the naive stack knows nothing of.
    target = ours.heatmap(KEYS[int(probabilities.argmax())])
    enlarged = cv2.resize(target, heatmap.shape[::-1])
    assert np.corrcoef(enlarged.ravel(), heatmap.ravel())[0, 1] > 0.98
    assert (naive.answer_without_heatmap(photo)[1] == mask).all()


def test_operations_are_those_of_the_networks() -> None:
    """ResNet-50 has 4.1 billion multiply-adds at 224 px (He et al., CVPR 2016)."""
    sizes = dict(latency._sizes())
    classifier = 2 * 4.1e9 * (sizes["classifier"] / 224) ** 2
    assert classifier < latency.operations() < 3 * classifier


def test_stacks_are_timed_in_turns_in_their_own_processes() -> None:
    with Stack(doubled) as first, Stack(doubled) as second:
        found = interleaved({"a": first, "b": second}, [0.01, 0.02], rounds=1, block=2)
        with pytest.raises(ValueError, match="not a number"):
            first.seconds("x")
        assert first.seconds(0.01) > 0.019, "goes on after an error"
    assert [len(times) for times in found.values()] == [2, 2]
    for times in found.values():
        assert times[0] > 0.019
        assert times[1] > 0.039


def test_batch_writes_the_same_masks(tmp_path, naive: Naive) -> None:
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    for number, photo in enumerate(synthetic_photos(3)):
        (folder / f"{number}.jpg").write_bytes(photo)
    batch.lesionlab(folder)(tmp_path / "ours")
    batch.naive(folder, False)(tmp_path / "naive")
    for number in range(3):
        ours = np.asarray(Image.open(tmp_path / "ours" / "masks" / f"{number}.png")) > 0
        theirs = np.asarray(Image.open(tmp_path / "naive" / f"{number}.png")) > 0
        assert (ours & theirs).sum() >= 0.98 * (ours | theirs).sum()


@pytest.mark.parametrize("row", switch.SWITCHES, ids=lambda row: f"{row[0]}-{row[3]}")
def test_every_switch_is_there_to_be_pressed(row) -> None:
    page, session, kind, key, values = row
    assert switch.seconds_of(page, session, kind, key, values[:1], presses=1)[0] > 0


def test_table() -> None:
    assert table(("a", "b"), [(1, 2.5)]) == "| a | b |\n| :--- | ---: |\n| 1 | 2.5 |"
