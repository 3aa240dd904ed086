"""One training in several processes, each with its share of every batch.

Lightning starts them (`--devices`), torchrun does, or Ray. All of them draw the same batches and
take each its part; gradients are averaged after every step, so that a run is the same run whatever
number of processes it has (but for BatchNorm, which sees only its own process's part).
"""

import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil

from core.settings import Settings
from train.config import ConfigError

ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}
"""Lightning's names of torch's devices."""


def rank() -> int:
    """This process's number; 0 is the one that writes files, also where it is alone."""
    return int(os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or 0)


def end_with_starter() -> None:
    """End this process once the one that started it is gone, unless it is the first. The first one,
    killed, can tell nobody, and the others would wait for it for ever."""

    def watch(starter: psutil.Process) -> None:
        starter.wait()
        os._exit(1)  # not the thread alone

    starter = psutil.Process().parent()
    if rank() and starter:
        threading.Thread(target=watch, args=(starter,), daemon=True).start()


def placement(devices: int = 1) -> dict[str, Any]:
    """What Lightning's Trainer must know of processes and devices.

    Args:
        devices: GPUs of this computer to use; processes, if it trains on its processor. Where
            torchrun started this process, torchrun says how many.

    Raises:
        ConfigError: there are not so many.
        DeviceError: what `LESIONLAB_DEVICE` names is not on this machine.
    """
    import torch

    from core.models.torch_runtime import choose_device

    device = choose_device(Settings.from_environment().device).type
    found: dict[str, Any] = {"accelerator": ACCELERATORS[device], "devices": devices}
    if "TORCHELASTIC_RUN_ID" in os.environ:
        found["devices"] = int(os.environ["LOCAL_WORLD_SIZE"])
        found["num_nodes"] = int(os.environ["WORLD_SIZE"]) // found["devices"]
    if found["devices"] < 1:
        raise ConfigError("A training needs at least one device.")
    if found["devices"] * found.get("num_nodes", 1) > 1:
        here = 1 if device == "mps" else torch.cuda.device_count()
        if device != "cpu" and found["devices"] > here:
            raise ConfigError(
                f"{found['devices']} processes need a GPU each, and this computer has {here}. Ask "
                "for fewer, or set LESIONLAB_DEVICE=cpu."
            )
        found["strategy"] = "ddp"
    return found


def check_batch(batch: int, processes: int) -> None:
    """Raises ConfigError: a batch of so many images cannot be shared equally."""
    if batch % processes or batch < 2 * processes:
        raise ConfigError(
            f"{processes} processes cannot share a batch of {batch}: choose a multiple of "
            f"{processes} that leaves each at least 2 images."
        )


class BatchParts:
    """Of each batch of indices the part of one process, as large as those of the others.

    Args:
        batches: as a DataLoader's `batch_sampler` has them.
    """

    def __init__(self, batches: Any, rank: int, processes: int) -> None:
        self.batches, self.rank, self.processes = batches, rank, processes

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.batches:
            part = len(batch) // self.processes
            yield batch[self.rank * part : (self.rank + 1) * part]


def part_of_rows(rows: np.ndarray, rank: int, processes: int) -> np.ndarray:
    """The rows that one process validates on. Every process has as many, as they wait for each
    other at every batch: a few rows are then given to two."""
    whole = -(-len(rows) // processes) * processes
    return np.resize(rows, whole)[rank::processes]


def gathered(rows: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What all processes found, each row once, in the order of the rows.

    Args:
        rows: N row numbers.
        values: N×…, what this process found of them.
    """
    import torch.distributed

    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows, values
    parts: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(parts, (rows, values))
    all_rows, first = np.unique(np.concatenate([r for r, _ in parts]), return_index=True)
    return all_rows, np.concatenate([v for _, v in parts])[first]
