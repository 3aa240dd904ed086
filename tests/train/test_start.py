"""Where the weights to start from come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.weights import WeightsError
from train.start import CREDITS, LOCAL, start_weights


def test_random_means_none() -> None:
    assert start_weights("random", "resnet50") is None


def test_missing_local_file(environment: dict[str, str]) -> None:
    with pytest.raises(WeightsError) as refused:
        start_weights("imagenet", "resnet50")
    assert LOCAL["resnet50"] in str(refused.value)
    assert "--start torchvision" in str(refused.value)


def test_unknown_architecture(environment: dict[str, str]) -> None:
    with pytest.raises(WeightsError, match="no start weights"):
        start_weights("imagenet", "other")


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"mine\.safetensors"):
        start_weights(str(tmp_path / "mine.safetensors"), "resnet50")


def test_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(WeightsError, match="cannot be read"):
        start_weights(str(tmp_path / "mine.safetensors"), "resnet50")


def test_path_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_file({"w": torch.ones(3, dtype=torch.float16), "n": torch.tensor(7)}, path)
    state = start_weights(str(path), "resnet50")
    assert state is not None
    assert state["w"].dtype == torch.float32, "floats are cast"
    assert state["n"].dtype == torch.int64
    assert state["w"].tolist() == [1, 1, 1]


def test_folder_of_the_setting(environment: dict[str, str]) -> None:
    folder = Path(environment["LESIONLAB_PRETRAINED"])
    folder.mkdir()
    save_file({"w": torch.ones(1)}, folder / LOCAL["mobilenet_v2"])
    state = start_weights("imagenet", "mobilenet_v2")
    assert state is not None
    assert list(state) == ["w"]


def test_each_local_file_has_its_credit() -> None:
    assert set(LOCAL) == set(CREDITS)
