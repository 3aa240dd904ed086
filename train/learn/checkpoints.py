"""A run's checkpoints, read without running anything that they hold."""

from pathlib import Path
from typing import Any

import torch

from core.models.weights import WeightsError
from train.config import Config
from train.config_files import CHECKPOINTS


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Tensors and plain values alone: a folder of runs may be shared, and a pickle can run code.

    Raises:
        FileNotFoundError: there is none.
        WeightsError: it is damaged, or holds anything else.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(found["state_dict"], dict) or not isinstance(found["epoch"], int):
            raise TypeError("it is not a checkpoint")
    except (FileNotFoundError, MemoryError):
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        reason = str(error).split("\n")[0]
        raise WeightsError(
            f"{path} cannot be read: it is damaged, or holds more than weights and numbers, which "
            f"is not opened ({reason})."
        ) from error
    return found


def checkpoint_to_resume(run: Path) -> tuple[Path | None, str]:
    """The newest checkpoint that can be read, none if there is no checkpoint; and a sentence if it
    is not that of the last finished epoch.

    Raises:
        WeightsError: there are checkpoints, but none can be read.
    """
    problem = ""
    for name in CHECKPOINTS:
        try:
            epoch = int(read_checkpoint(run / name)["epoch"]) + 1
        except FileNotFoundError:
            continue
        except WeightsError as error:
            problem = problem or str(error)
            continue
        if name == CHECKPOINTS[0]:
            return run / name, ""
        why = problem or f"{run / CHECKPOINTS[0]} is not there."
        return run / name, f"{why} The training goes on from {name}, after epoch {epoch}."
    if problem:
        raise WeightsError(
            f"{problem} There is no other to go on from: start a new training with these choices."
        )
    return None, ""


def checkpoint_bytes(model: torch.nn.Module, config: Config) -> int:
    """How large a checkpoint will be: the weights, their average, and two numbers that AdamW keeps
    of each weight that learns."""
    parameters = sum(p.numel() for p in model.parameters())
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return 4 * ((1 + (config.ema > 0)) * parameters + 2 * learned)
