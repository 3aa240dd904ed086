"""One training from its folder's `config.json` to a measured model, top to bottom; the one way to
run one.

The queue's trainer and the commands of `python -m train` call `run_training`; they differ in the
`Watch` they hand over, which hears how it goes and may ask to stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.system.disk_space import check_room
from train.config import Config, ConfigError
from train.config_files import (
    CONFIG_FILE,
    check_free,
    checkpoints_of,
    read_run_config,
    write_run_config,
)
from train.learn.ranks import end_with_starter, placement, rank
from train.progress import Meter, Watch

if TYPE_CHECKING:
    from train.data.arrays import Arrays
    from train.data.photos import Photos
    from train.finish.finished import Finished
    from train.learn.base import PhotoModel


def run_training(
    folder: Path,
    watch: Watch,
    resume: bool,
    where: dict[str, Any] | None = None,
    photos: Photos | None = None,
) -> None:
    """Prepare the data, train, and finish (`train.finish.finish`) the run in a folder. Of several
    processes (`train.learn.ranks`) the first one finishes it.

    Args:
        folder: the run's folder, which has its `config.json` (`begin`).
        resume: go on from `last.ckpt` if there is one.
        where: processes and devices, see `train.learn.fit.fit`.
        photos: what `begin` has opened, if it was called in this process.

    Raises:
        Stopped: `watch.stop_wanted()` said so. What is finished is kept, and `resume` goes on.
        ConfigError, DatasetError, WeightsError: a choice cannot work, or something is missing.
        NoRoomError: the disk has no room for the photos decoded, or for the checkpoints.
        FileExistsError: the folder holds a finished epoch and `resume` is not set.
        KeyboardInterrupt: Ctrl+C or SIGTERM.
    """
    from train.finish.finish import finish

    config = read_run_config(folder)
    if config is None:
        raise ConfigError(f"{folder} has no {CONFIG_FILE}: it is not the folder of a run.")
    check_free(folder, resume)
    finished = train(folder, config, watch, where, photos)
    if rank() == 0:
        finish(finished, watch)


def train(
    folder: Path,
    config: Config,
    watch: Watch,
    where: dict[str, Any] | None = None,
    photos: Photos | None = None,
) -> Finished:
    """Config → data → fit: what `run_training` does before it finishes; each of several processes
    does it."""
    from train.data.arrays import prepare
    from train.data.photos import Photos
    from train.finish.finished import Finished
    from train.learn.beginning import Beginning
    from train.learn.checkpoints import checkpoint_bytes
    from train.learn.fit import fit
    from train.learn.start_weights import origin
    from train.learn.teachers import hashes, teacher_cards

    end_with_starter()
    where = placement() if where is None else where
    kept = checkpoints_of(folder)
    device = str(where["accelerator"])
    config = replace(config, precision=_precision(folder, config, device))
    if photos is None:
        photos = _opened(folder, config) if rank() == 0 else Photos.open(config)
    if rank() == 0:
        _tell(config, photos)
    watch.phase("preparing")
    tick = Meter(watch, 0, config.epochs, "Stopped while the photos were prepared.")
    arrays = prepare(config, photos, tick)
    model = build_training(config, arrays, resumed=bool(kept))
    if rank() == 0:
        needed = 3 * checkpoint_bytes(model, config)  # while the third one is written
        needed -= sum(path.stat().st_size for path in kept)
        check_room(folder, max(needed, 0), "The checkpoints of this training")
        if not kept:
            replace(
                Beginning.of(config, photos),
                start=origin(config),
                device=device,
                precision=config.precision,
                teachers=hashes(teacher_cards(config)),
            ).write(folder)
    watch.phase("training")
    fit(model, folder, watch, where)
    return Finished(folder, config, photos, arrays)


def _precision(folder: Path, config: Config, device: str) -> str:
    """In which precision a run trains on a device (Lightning's name of it): `auto` resolved, of a
    run that goes on as it was when it began, as scores differ by it. Where that is not to be had
    here, it is printed what is taken instead. Raises ConfigError."""
    from train.learn.beginning import with_precision
    from train.learn.fit import precision_on

    before = (
        with_precision(folder, config).precision if checkpoints_of(folder) else config.precision
    )
    try:
        return str(precision_on(device, before))
    except ConfigError:
        now = str(precision_on(device, config.precision))
        if rank() == 0:
            print(
                f"The run began with the precision {before}, which is not to be had here. It goes "
                f"on with {now}; compare the scores of its epochs before and after with care.",
                flush=True,
            )
        return now


def _tell(config: Config, photos: Photos) -> None:
    """Print what is used of a folder and of further sources, and what is left out of them."""
    from train.data.folders import Folder
    from train.data.notices import scarcity_warning, source_summary

    notes = photos.data.notes if isinstance(photos.data, Folder) else ()
    for line in (
        *notes,
        *(source_summary(source, config) for source in photos.more),
        scarcity_warning(photos.more, config),
    ):
        if line:
            print(line, flush=True)


def begin(folder: Path, config: Config, resume: bool) -> Photos:
    """Make the folder of a run that `run_training` can take; returns the photos, opened.

    Raises:
        FileExistsError: it holds a finished epoch and `resume` is not set; nothing is changed.
        ConfigError, DatasetError, SplitError: it holds one, and began with something else (see
            `train.learn.beginning`); nothing is changed.
        ConfigError, DatasetError, SplitError, WeightsError: photos, start weights or teacher
            networks are not there, or cannot be used; no folder is made.
    """
    check_free(folder, resume)
    photos = _opened(folder, config)
    write_run_config(folder, config)
    return photos


def _opened(folder: Path, config: Config) -> Photos:
    """The photos of a run that begins or goes on, once it is known that it can."""
    from train.data.photos import Photos
    from train.learn.beginning import check_goes_on

    photos = Photos.open(config)
    if checkpoints_of(folder):
        check_goes_on(folder, config, photos)
    else:
        check_models(config, photos)
    return photos


def check_models(config: Config, photos: Photos) -> None:
    """Whether the start weights, but for those to be downloaded, and the teacher networks are there
    and can be used. Raises ConfigError, WeightsError."""
    from core.models.weights import check_weights
    from train.learn.start_weights import check_start, check_start_model
    from train.learn.teachers import check_teachers, teacher_cards

    check_start_model(config, photos.data)
    check_start(config)
    check_teachers(config, photos.data)
    for teacher, card in teacher_cards(config).items():
        check_weights(teacher, card.sha256)


def build_training(config: Config, arrays: Arrays, resumed: bool = False) -> PhotoModel:
    """The training of a configuration.

    Args:
        resumed: a checkpoint will replace its weights: none to start from are needed.

    Raises:
        ConfigError, DatasetError, WeightsError: a choice cannot work, or something is missing.
    """
    from train.learn.classifier import ClassifierTraining
    from train.learn.hybrid import HybridTraining
    from train.learn.segmenter import SegmenterTraining

    trainings: dict[str, Callable[[Any, Arrays, bool], PhotoModel]] = {
        "classifier": ClassifierTraining,
        "segmenter": SegmenterTraining,
        "hybrid": HybridTraining,
    }
    return trainings[config.kind](config, arrays, resumed)
