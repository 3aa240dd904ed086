"""One training from its folder's `config.json` to a finished model; the one way to run one.

The queue's trainer and the commands of `python -m train` call `run_training`; they differ in the
`Watch` they hand over, which hears how it goes and may ask to stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.room import check_room
from train.config import (
    CONFIG_FILE,
    ClassifierConfig,
    Config,
    ConfigError,
    HybridConfig,
    SegmenterConfig,
    read_run_config,
    write_run_config,
)
from train.ranks import placement, rank

if TYPE_CHECKING:
    from train.data import Arrays
    from train.model import PhotoModel

PHASES = ("waiting", "preparing", "training", "exporting", "evaluating")
"""What `Watch.phase` is told, in turn. waiting: for a Ray cluster to begin; preparing: photos are
decoded (step and steps count them); training: epochs; exporting and evaluating: the best epoch
becomes a model's folder and is measured on validation (`train.finish` says so)."""


Tick = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class Stopped(Exception):  # noqa: N818 - asked for, not an error
    """The training stopped because it was asked to. Every finished epoch is kept."""


@dataclass(frozen=True)
class Progress:
    """Where a training is. None: not known yet, or it does not apply in this phase."""

    epoch: int
    """The epoch at hand, from 1 (0 before the first)."""
    epochs: int
    """Epochs planned; early stopping may end before."""
    step: int
    """Steps done in this epoch; photos done while preparing or evaluating."""
    steps: int
    images_per_second: float | None = None
    """Over the last steps."""
    seconds_left: float | None = None
    """Until the last planned epoch ends, at most."""
    learning_rate: float | None = None
    loss: float | None = None
    """Mean training loss of this epoch so far."""


class Watch(Protocol):
    """What a training reports to."""

    def phase(self, name: str) -> None:
        """One of `PHASES` begins."""

    def progress(self, progress: Progress) -> None:
        """About once a second, and at the end of each epoch."""

    def stop_wanted(self) -> bool:
        """Asked before each batch, so it must be quick."""


class Unwatched:
    """A `Watch` that nobody looks at."""

    def phase(self, name: str) -> None:
        """See `Watch`."""

    def progress(self, progress: Progress) -> None:
        """See `Watch`."""

    def stop_wanted(self) -> bool:
        """See `Watch`."""
        return False


def run_training(
    folder: Path, watch: Watch, resume: bool, where: dict[str, Any] | None = None
) -> None:
    """Prepare the data, train, and finish (`train.finish`) the run in a folder. Of several
    processes (`train.ranks`) the first one finishes it.

    Args:
        folder: the run's folder, which has its `config.json` (`train.config.write_run_config`).
        watch: is told how it goes.
        resume: go on from `last.ckpt` if there is one.
        where: processes and devices, see `train.fit.fit`.

    Raises:
        Stopped: `watch.stop_wanted()` said so. What is finished is kept, and `resume` goes on.
        ConfigError, DatasetError, WeightsError: a choice cannot work, or something is missing.
        NoRoomError: the disk has no room for the photos decoded, or for the checkpoints.
        FileExistsError: the folder holds a finished epoch and `resume` is not set.
        KeyboardInterrupt: Ctrl+C or SIGTERM.
    """
    from train.finish import finish

    config = read_run_config(folder)
    if config is None:
        raise ConfigError(f"{folder} has no {CONFIG_FILE}: it is not the folder of a run.")
    _check_free(folder, resume)
    _check_same(folder, config)
    train(folder, config, watch, where)
    if rank() == 0:
        finish(folder, watch)


def train(folder: Path, config: Config, watch: Watch, where: dict[str, Any] | None = None) -> None:
    """What `run_training` does before it finishes; each of several processes does it."""
    from train.began import Began
    from train.checkpoints import NAMES, checkpoint_bytes
    from train.data import open_data, prepare
    from train.fit import fit, precision_on

    where = placement() if where is None else where
    precision_on(where["accelerator"], config.precision)  # says so before hours of decoding
    watch.phase("preparing")
    arrays = prepare(config, _ticks(watch, config.epochs))
    model = build_training(config, arrays)
    if rank() == 0:
        kept = sum((folder / n).stat().st_size for n in NAMES if (folder / n).is_file())
        needed = 3 * checkpoint_bytes(model, config) - kept  # while the third one is written
        check_room(folder, max(needed, 0), "The checkpoints of this training")
        if not kept:
            Began.of(config, open_data(config)).write(folder)
    watch.phase("training")
    fit(model, folder, resume=True, watch=watch, where=where)


def begin(folder: Path, config: Config, resume: bool) -> None:
    """Make the folder of a run that `run_training` can take.

    Raises:
        FileExistsError: it holds a finished epoch and `resume` is not set; nothing is changed.
        ConfigError, DatasetError, SplitError: it holds one, and began with something else (see
            `train.began`); nothing is changed.
    """
    _check_free(folder, resume)
    _check_same(folder, config)
    write_run_config(folder, config)


def build_training(config: Config, arrays: Arrays) -> PhotoModel:
    """The training of a configuration. Raises ConfigError, DatasetError, WeightsError."""
    if isinstance(config, ClassifierConfig):
        from train.classifier import ClassifierTraining

        return ClassifierTraining(config, arrays)
    if isinstance(config, SegmenterConfig):
        from train.segmenter import SegmenterTraining

        return SegmenterTraining(config, arrays)
    if isinstance(config, HybridConfig):
        from train.hybrid import HybridTraining

        return HybridTraining(config, arrays)
    raise ConfigError(f"There is no training {config.kind!r}.")


def _check_free(folder: Path, resume: bool) -> None:
    if any((folder / n).is_file() for n in ("last.ckpt", "best.ckpt")) and not resume:
        raise FileExistsError(
            f"{folder} holds a run already; add --resume, or name another folder."
        )


def _check_same(folder: Path, config: Config) -> None:
    from train.began import check_goes_on

    check_goes_on(folder, config)


def _ticks(watch: Watch, epochs: int) -> Tick:
    """Hands the decoding of photos on to a watch."""
    began = told = time.monotonic()

    def tick(done: int, total: int) -> None:
        nonlocal told
        if watch.stop_wanted():
            raise Stopped("Stopped while the photos were prepared.")
        now = time.monotonic()
        if done and now - told >= 1:
            told = now
            speed = done / (now - began)
            watch.progress(Progress(0, epochs, done, total, speed, (total - done) / speed))

    return tick
