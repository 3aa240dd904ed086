"""A network's features of the photos: computed once, kept, and given up for room."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.models.cards import Card, Input
from core.models.runtime import Scores
from core.settings import Settings
from core.system import caches, storage
from tests.train.conftest import Tiny
from train.finish.features import features_of

CARD = Card(sha256="0123456789abcdef", input=Input(size=32))


class Network:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, pixels: np.ndarray) -> Scores:
        self.calls += 1
        means = pixels.mean((1, 2)).astype(np.float32)
        return Scores(means, np.zeros((len(pixels), 3, 1, 1), np.float32), means, means)


@pytest.fixture
def copy(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    shutil.copytree(tiny.data, tmp_path / "data", ignore=shutil.ignore_patterns("cache"))
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    return Tiny(tmp_path / "data")


def test_they_are_computed_once_and_can_be_cleared(copy: Tiny) -> None:
    network = Network()
    first = features_of(copy.open(), "validation", CARD, network)
    asked = network.calls
    again = features_of(copy.open(), "validation", CARD, network)
    assert network.calls == asked
    for name in ("logits", "embeddings", "textures"):
        computed, kept = getattr(first, name), getattr(again, name)
        assert computed.dtype == kept.dtype == np.float32
        np.testing.assert_array_equal(computed, kept, "a threshold fitted on them stays the same")
    (entry,) = (i for i in storage.survey(Settings.from_environment()) if i.kind == "features")
    assert entry.used
    caches.release(entry.path)
    assert storage.clear(["features"], Settings.from_environment()).endswith(" freed.")
    features_of(copy.open(), "validation", CARD, network)
    assert network.calls == 2 * asked


def test_a_disk_without_room_is_no_reason_to_fail(
    copy: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    expected = features_of(copy.open(), "test", CARD, Network())
    monkeypatch.setattr("core.system.ownership.write", full)
    other = replace(CARD, sha256="fedcba9876543210")
    found = features_of(copy.open(), "test", other, Network())
    np.testing.assert_array_equal(found.logits, expected.logits)
