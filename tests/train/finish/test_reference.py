"""What a photo is compared with, fitted to the photos that a classifier learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import DatasetError
from core.imaging.image import to_png
from tests.train.conftest import Tiny
from tests.train.data.test_elsewhere import write_source
from tests.train.finish.test_features import CARD, Network
from train.data.elsewhere import Elsewhere, open_sources, split_of
from train.finish.reference import build_reference


def write_few(root: Path, split: str) -> Path:
    """A source of three photos, all of them of one split."""
    write_source(root, masks=False, table=False)
    lesion = next(name for name in map(str, range(100)) if split_of(name) == split)
    rows = [f"ISIC_1{k:06d},nv,{lesion}" for k in range(3)]
    (root / "labels.csv").write_text("\n".join(["image_id,dx,lesion_id", *rows]))
    return root


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    folder = tmp_path / "strangers"
    folder.mkdir()
    for k in range(4):
        (folder / f"{k}.png").write_bytes(to_png(np.full((48, 64), 80 * k, np.uint8)))
    return folder


def test_a_source_may_lack_a_split_that_another_has(
    tiny: Tiny, tmp_path: Path, strangers: Path
) -> None:
    few = write_few(tmp_path / "few", "validation")
    sources = open_sources([few, write_source(tmp_path / "clinic")], [])
    assert set(sources[0].table["split"]) == {"validation"}
    reference, sections = build_reference(tiny.open(), CARD, Network(), sources, strangers)
    assert reference.gate is not None
    kept = sum(int((source.table["split"] == "validation").sum()) for source in sources)
    assert f"validation-elsewhere, n = {kept}:" in sections["gate"].fitted_on


@pytest.mark.parametrize("split", ["train", "validation"])
def test_too_few_further_photos_are_refused_before_any_work(
    tiny: Tiny, tmp_path: Path, strangers: Path, split: str
) -> None:
    other = {"train": "validation", "validation": "train"}[split]
    sources = [Elsewhere.open(write_few(tmp_path / "few", other))]
    network = Network()
    with pytest.raises(DatasetError, match=f"few is for {split}"):
        build_reference(tiny.open(), CARD, network, sources, strangers)
    assert not network.calls
