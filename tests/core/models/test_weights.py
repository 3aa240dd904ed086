"""A model's folder: what is written is read again, what is damaged is refused by name."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.models.cards import Card, write_model
from core.models.weights import (
    WeightsError,
    beyond_half,
    load_into,
    read_safetensors,
    read_state,
    sha256,
)


def network(width: int = 4) -> nn.Module:
    torch.manual_seed(width)
    model = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Linear(width, 2))
    model[1].running_var.uniform_(0.5, 2)
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder as it is shipped."""
    write_model(tmp_path / "model", network().state_dict(), Card(name="näive", classes=("a",)))
    return tmp_path / "model"


# Round trip


def test_write_and_read(folder: Path) -> None:
    card = Card.read(folder)
    assert card.name == "näive"
    assert card.sha256 == sha256(folder / "model.safetensors")
    assert {p.name for p in folder.iterdir()} == {"card.json", "model.safetensors"}

    original, again = network().state_dict(), read_state(folder, card.sha256)
    assert set(original) - set(again) == {"1.num_batches_tracked"}
    for key, tensor in again.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, original[key].half().float())


def test_loaded_network_answers_the_same(folder: Path) -> None:
    model, again = network().eval(), network()
    for parameter in again.parameters():
        nn.init.zeros_(parameter)
    load_into(again, read_state(folder, Card.read(folder).sha256), "model")
    x = torch.randn(2, 3, 6, 6)
    features, features_again = model[:2](x), again.eval()[:2](x)
    assert torch.allclose(features, features_again, atol=1e-2)
    assert features_again.abs().max() > 0.1


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    write_model(tmp_path, {"counts": torch.tensor([1, 70_000]), "x": torch.ones(2)}, Card())
    state = read_safetensors(tmp_path / "model.safetensors")
    assert state["counts"].tolist() == [1, 70_000]


def test_what_is_too_large_for_fp16_is_kept_in_fp32(tmp_path: Path) -> None:
    state = network().state_dict()
    state["1.running_var"][0] = 74_526.25
    state["1.num_batches_tracked"] = torch.tensor(70_000)
    assert beyond_half(state) == ["1.running_var"]
    card = write_model(tmp_path, state, Card())
    again = read_state(tmp_path, card.sha256)
    assert torch.equal(again["1.running_var"], state["1.running_var"])
    assert torch.equal(again["2.weight"], state["2.weight"].half().float())


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("half", [True, False])
def test_what_is_not_finite_is_not_written(tmp_path: Path, value: float, half: bool) -> None:
    state = network().state_dict()
    state["1.running_var"][0] = value
    with pytest.raises(WeightsError, match=r"not finite: 1\.running_var\."):
        write_model(tmp_path, state, Card(), half=half)
    assert not any(tmp_path.iterdir())


def test_writing_again_replaces(folder: Path) -> None:
    old = Card.read(folder)
    new = write_model(folder, network(5).state_dict(), Card(name="next"))
    assert new == Card.read(folder)
    assert new.sha256 != old.sha256
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        read_state(folder, old.sha256)


# Weights


def test_missing_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model has no model\.safetensors"):
        read_state(folder, Card.read(folder).sha256)


def test_weights_of_another_card(folder: Path) -> None:
    path = folder / "model.safetensors"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match="not those its card describes"):
        read_state(folder, Card.read(folder).sha256)
    with pytest.raises(WeightsError, match="not those its card describes"):
        read_state(folder, Card(name="a card without hash").sha256)


def test_damaged_safetensors(folder: Path) -> None:
    """Damage that the hash does not show, as the card was written for it."""
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04 no safetensors", whole[:100], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=r"model\.safetensors cannot be read"):
            read_state(folder, sha256(path))


# Loading


def changed(**tensors: Tensor | None) -> dict[str, Tensor]:
    """The network's state with some tensors replaced, added or, with None, taken out."""
    state = network().state_dict() | {k.replace("_", ".", 1): v for k, v in tensors.items()}
    return {k: v for k, v in state.items() if v is not None}


def test_batch_counters_do_not_matter() -> None:
    model = network()
    state = {k: torch.zeros_like(v) for k, v in model.state_dict().items() if "num_" not in k}
    load_into(model, state, "model")
    assert not model[0].weight.any()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (changed(**{"2_bias": None}), r"1 missing, 0 unexpected, e\.g\. 2\.bias"),
        (changed(**{"3_bias": torch.ones(1)}), r"0 missing, 1 unexpected, e\.g\. 3\.bias"),
        ({}, r"8 missing, 0 unexpected"),
    ],
    ids=["one missing", "one too many", "empty"],
)
def test_other_keys(state: dict[str, Tensor], message: str) -> None:
    with pytest.raises(WeightsError, match=f"The weights of model do not fit.*{message}"):
        load_into(network(), state, "model")


def test_other_shapes() -> None:
    with pytest.raises(WeightsError, match="The weights of model do not fit"):
        load_into(network(4), network(5).state_dict(), "model")
