"""What is said of a training's photos before it begins."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import DatasetError
from tests.train.data.test_elsewhere import SOURCE, write_source
from train.config import ClassifierConfig, SegmenterConfig
from train.data import notices
from train.data.elsewhere import Elsewhere


@pytest.fixture
def source(tmp_path: Path) -> Elsewhere:
    root = write_source(tmp_path / "clinic", masks=False)
    table = root / "labels.csv"
    table.write_text(table.read_text().replace(",bkl,", ",scc,"))
    return Elsewhere.open(root)


def test_photos_are_counted_by_class_and_what_is_left_out_is_said(source: Elsewhere) -> None:
    said = notices.source_summary(source, ClassifierConfig())
    assert f"clinic: {SOURCE // 3 * 2} photos" in said
    assert "Melanoma 20" in said
    assert all(note in said for note in source.notes)
    assert "scc (20)" in said


def test_few_photos_for_many_draws_are_warned_of(source: Elsewhere) -> None:
    config = ClassifierConfig(epoch_images=4000)
    assert "times an epoch" in notices.scarcity_warning([source], config)
    assert not notices.scarcity_warning([source], replace(config, epoch_images=400))
    assert "times an epoch" in notices.scarcity_warning(
        [source], replace(config, epoch_images=400, limit=2)
    )
    assert not notices.scarcity_warning([], config)


def test_a_source_with_nothing_for_this_training_is_refused(source: Elsewhere) -> None:
    notices.check_usable(source, ClassifierConfig.masked)
    with pytest.raises(DatasetError, match="mask"):
        notices.check_usable(source, SegmenterConfig.masked)
    held = replace(source, table=source.table.assign(split="validation"))
    with pytest.raises(DatasetError, match="kept for validation"):
        notices.check_usable(held, ClassifierConfig.masked)
