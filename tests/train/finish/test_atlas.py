"""`python -m train atlas` on a tiny dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from core.answer.analyser import Analyser
from core.errors import DatasetError
from core.ham10000.explore import binned, facts, measures, read_atlas, spread
from train.__main__ import main
from train.finish import atlas as module
from train.finish.atlas import lay_out, make_atlas, write_atlas

if TYPE_CHECKING:
    from tests.train.conftest import Tiny


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture(scope="module")
def made(tiny: Tiny, analyser: Analyser) -> pd.DataFrame:
    return make_atlas(tiny.open(), analyser)


def test_every_image_is_there_with_its_facts(
    made: pd.DataFrame, tiny: Tiny, analyser: Analyser
) -> None:
    dataset = tiny.open()
    assert list(made.index) == list(dataset.table.index)
    assert (made["dx"].astype(str) == dataset.table["dx"]).all()
    assert made.notna().all(axis=None)
    for image_id in made.index[::20]:
        analysis = analyser.analyse_bytes(dataset.photo(image_id))
        row = made.loc[image_id]
        assert row["answer"] == analysis.prediction
        assert row["p_true"] == pytest.approx(analysis.probability(row["dx"]), abs=1e-3)
        assert row["right"] == (analysis.prediction == row["dx"])
        assert row["area_share"] == pytest.approx(dataset.mask(image_id).mean(), abs=1e-4)


def test_file_says_what_it_was_made_with(
    made: pd.DataFrame, tiny: Tiny, analyser: Analyser, tmp_path: Path
) -> None:
    write_atlas(made, tmp_path / "new" / "atlas.parquet")
    read = read_atlas(tmp_path / "new" / "atlas.parquet")
    pd.testing.assert_frame_equal(read, made)
    assert read.attrs["weights"] == analyser.classifier_card.sha256
    assert read.attrs["split_id"] == tiny.open().split.id
    assert "scikit-learn" in read.attrs["map"]
    assert "asymmetry" in measures(facts(tiny.open().table, read))


def test_image_without_mask_has_no_measurements(
    tiny: Tiny, analyser: Analyser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "lay_out", lambda embeddings: embeddings[:, :2])
    dataset = tiny.open()
    dataset.table.iloc[0, dataset.table.columns.get_loc("has_mask")] = False
    made = make_atlas(dataset, analyser)
    assert made["area_share"].isna().tolist() == [True, *[False] * (len(made) - 1)]
    write_atlas(made, tmp_path / "atlas.parquet")
    table = facts(None, read_atlas(tmp_path / "atlas.parquet"))
    for measure in measures(table):
        assert binned(table[measure]).isna().sum() == 1
        assert len(spread(table, measure)) > 1


def test_too_few_images(tiny: Tiny, analyser: Analyser) -> None:
    dataset = tiny.open()
    few = replace(dataset, table=dataset.table.iloc[:3])
    with pytest.raises(DatasetError, match="at least 10 images"):
        make_atlas(few, analyser)


def test_map_keeps_what_is_alike_together_and_is_repeatable() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 64))
    group = np.repeat([0, 1, 2], 20)
    places = lay_out(centres[group] * rng.uniform(1, 9, (60, 1)) + rng.normal(0, 0.05, (60, 64)))
    assert places.shape == (60, 2)
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(away, np.inf)
    assert (group[away.argmin(axis=1)] == group).all()


def test_command(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(tiny.data))
    monkeypatch.setattr(module, "lay_out", lambda embeddings: embeddings[:, :2])
    out = tmp_path / "atlas.parquet"
    assert main(["atlas", "--out", str(out)]) == 0
    assert f"{len(tiny.open().table)} images" in capsys.readouterr().out
    assert list(read_atlas(out).index) == list(tiny.open().table.index)


def test_command_without_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    assert main(["atlas"]) == 1
    assert "has not been imported" in capsys.readouterr().err
