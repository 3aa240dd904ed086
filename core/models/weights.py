"""Reading and writing the weights in a model's folder, `model.safetensors`.

No pickle is ever read: a safetensors file cannot run code. torch is imported only where tensors
are handled, so that pages can read cards quickly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from safetensors import SafetensorError

from core.errors import UserError
from core.system import ownership

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "model.safetensors"
Value = TypeVar("Value")


class WeightsError(UserError, ValueError):
    """A model's folder is missing, incomplete or damaged; the message says which file."""


def check_weights(directory: Path, digest: str) -> None:
    """Compare the weights with the hash on their card.

    Raises:
        WeightsError: the file is missing, damaged, or not the one the card describes.
    """
    try:
        found = sha256(directory / FILE)
    except OSError as error:
        raise WeightsError(
            f"The model {directory.name} has no {FILE}. Get the folder again, complete."
        ) from error
    if found != digest:
        raise WeightsError(
            f"The weights of {directory.name} are not those its card describes (SHA-256 differs). "
            "Get the folder again, complete."
        )


def read_state(directory: Path, digest: str) -> dict[str, Tensor]:
    """Read a model's weights as float32. Raises WeightsError, also if they fail `check_weights`."""
    check_weights(directory, digest)
    return read_safetensors(directory / FILE)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, floats cast to float32. Raises WeightsError if it is damaged."""
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path.name} cannot be read: {error}") from error
    return {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}


def write_weights(directory: Path, state: dict[str, Tensor], *, half: bool = True) -> str:
    """Write the weights into a model's folder, which is made; returns their hash.

    Args:
        half: floats as fp16, but a tensor that does not fit (`beyond_half`) as fp32; otherwise all
            as fp32, twice as large.

    Raises:
        WeightsError: a value is not finite.
    """
    import torch
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    single = beyond_half(state) if half else state
    tensors = {}
    for key, value in without_counters(state).items():
        tensor = value.detach().to("cpu")
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float32 if key in single else torch.float16)
        tensors[key] = tensor.contiguous()
    if bad := [k for k, v in tensors.items() if not v.isfinite().all()]:
        raise WeightsError(f"These weights are not finite: {', '.join(bad)}.")
    with ownership.replacing(directory / FILE) as temporary:
        save_file(tensors, temporary)
    return sha256(directory / FILE)


def beyond_half(state: Mapping[str, Tensor]) -> list[str]:
    """Names of the tensors of floats that have a value too large for fp16: beyond 65,504, as a
    batch norm's variance can be."""
    import torch

    largest = torch.finfo(torch.float16).max
    return [
        k for k, v in state.items() if v.is_floating_point() and bool((v.abs() > largest).any())
    ]


def load_into(module: nn.Module, state: dict[str, Tensor], name: str) -> None:
    """Load weights strictly, BatchNorm's counters excepted (inference does not use them).

    Raises:
        WeightsError: keys or shapes do not fit the architecture.
    """
    expected, given = without_counters(module.state_dict()), without_counters(state)
    missing = sorted(expected.keys() - given.keys())
    unexpected = sorted(given.keys() - expected.keys())
    if missing or unexpected:
        raise WeightsError(
            f"The weights of {name} do not fit its architecture: "
            f"{len(missing)} missing, {len(unexpected)} unexpected, "
            f"e.g. {(missing + unexpected)[0]}."
        )
    try:
        module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise WeightsError(f"The weights of {name} do not fit: {error}") from error


def without_counters(state: Mapping[str, Value]) -> dict[str, Value]:
    """A state dict without BatchNorm's counters."""
    return {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
