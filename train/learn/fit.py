"""One way to run a training, for every model: PyTorch Lightning's Trainer.

Lightning, rather than Fabric or a loop of our own, because early stopping, loggers, resumable
state, mixed precision and multi-device strategies come tested with it, and because Ray Train takes
its modules as they are. Ours are only what it lacks: atomic checkpoints here, a metrics table that
survives a resume (`train.learn.callbacks`), and data that is a function of seed and epoch alone
(`train.learn.base`).
"""

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import cv2
import lightning as L
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO

from core.system import ownership
from core.system.allocator import keep_freed_memory
from core.system.disk_space import NoRoomError
from train.config import Config, ConfigError
from train.jobs.words import disk_is_full
from train.learn.base import PhotoModel
from train.learn.callbacks import (
    Checkpoint,
    EpochTable,
    FiniteNumbers,
    Patience,
    Sampling,
    Watching,
)
from train.learn.checkpoints import checkpoint_to_resume
from train.learn.ranks import check_batch, rank
from train.progress import Watch

MONITOR = "val_score"

USELESS = (
    "Checkpoint directory .* exists and is not empty",  # the run's folder, made on purpose
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",
    "The number of training batches .* is smaller than the logging interval",
    "y_pred contains classes not in y_true",
    "It is recommended to use `self.log\\('val_",  # all processes have the same (ranks)
)
"""Beginnings of warnings (regular expressions) that tell nobody who trains here anything."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to a temporary file, syncs it to disk, then renames it: whatever happens,
    the name holds either the old checkpoint or the new one, whole."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """See Lightning's CheckpointIO. Raises NoRoomError: the disk is full."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with ownership.replacing(target) as temporary, temporary.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, RuntimeError) as error:
            if not disk_is_full(error, target.parent):
                raise
            raise NoRoomError(
                f"The disk that holds {target.parent} is full, so {target.name} could not be "
                "written. Free some space (python -m core storage lists what LesionLab keeps), "
                "then resume: every epoch finished before is kept."
            ) from error
        directory = os.open(target.parent, os.O_RDONLY) if os.name == "posix" else None
        if directory is not None:
            os.fsync(directory)
            os.close(directory)


def fit(model: PhotoModel, run: Path, watch: Watch, where: dict[str, Any]) -> None:
    """Train until done or no longer better; goes on from `last.ckpt` if there is one (at most the
    broken-off epoch is repeated), or from `best.ckpt` if that one is damaged.

    Args:
        run: the run's folder: `config.json`, `metrics.csv`, `best.ckpt`, `last.ckpt` and
            TensorBoard's events go there.
        watch: is told how it goes, and may stop it.
        where: what Lightning's Trainer must know of processes and devices
            (`train.learn.ranks.placement`).

    Raises:
        ConfigError: the devices are not there, cannot share the batch or lack the precision; or
            the loss is no number any more (`last.ckpt` has the epochs before).
        Stopped: `watch` wanted it.
        NoRoomError: the disk is full.
        WeightsError: no checkpoint of the run can be read.
        KeyboardInterrupt: stopped by Ctrl+C or a SIGTERM; `last.ckpt` has every finished epoch.
    """
    config = model.config
    checkpoint, said = checkpoint_to_resume(run)
    if said and rank() == 0:
        print(said, file=sys.stderr, flush=True)
    validated = len(model.validation_rows()) + len(model.elsewhere_rows())
    trainer = trainer_for(
        config,
        where | {"plugins": [AtomicCheckpointIO(), *where.get("plugins", [])]},
        [
            FiniteNumbers(config),
            Patience(MONITOR, mode="max", patience=config.patience),
            LearningRateMonitor("epoch"),
            EpochTable(run / "metrics.csv"),
            Checkpoint(run, "best", MONITOR),
            Checkpoint(run, "last"),
            Sampling(run),
            Watching(watch, config, validated, model.kept_copies),
        ],
        max_epochs=config.epochs,
        logger=TensorBoardLogger(run, name="", version=""),
        enable_progress_bar=sys.stderr.isatty(),
    )
    check_batch(config.batch, trainer.world_size)
    try:
        trainer.fit(model, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as stopped:  # what Lightning makes of Ctrl+C and of SIGTERM
        raise KeyboardInterrupt from stopped


def trainer_for(
    config: Config, where: dict[str, Any], callbacks: list[L.Callback], **options: Any
) -> L.Trainer:
    """Lightning's Trainer as every training here uses it.

    Args:
        where: processes and devices, see `fit`.
        options: further ones of the Trainer.

    Raises:
        ConfigError: the precision is not to be had there.
    """
    if config.ema:
        callbacks = [*callbacks, EMAWeightAveraging(decay=config.ema)]
    keep_freed_memory()
    logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
    for start in USELESS:
        warnings.filterwarnings("ignore", message=start)
    torch.set_num_threads(config.threads)
    cv2.setNumThreads(1)  # augmentation: its pieces are too small to share
    return L.Trainer(
        precision=precision_on(where["accelerator"], config.precision),
        callbacks=callbacks,
        use_distributed_sampler=False,  # `PhotoModel.train_dataloader` shares the batches out
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        log_every_n_steps=10,
        enable_model_summary=False,
        **where,
        **options,
    )


def precision_on(accelerator: str, wanted: str) -> Any:
    """Lightning's name of the precision to train in.

    Args:
        accelerator: Lightning's name of where: `cpu`, `gpu` or `mps`.
        wanted: as `Config.precision`.

    Raises:
        ConfigError: this precision is not to be had there.
    """
    if wanted == "16-mixed" and accelerator == "cpu":
        raise ConfigError(
            "16-mixed needs a GPU, and this trains on the processor. Choose auto, bf16-mixed or "
            "32-true."
        )
    if wanted != "auto":
        return wanted
    if accelerator == "gpu":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if accelerator == "mps":
        return "32-true"
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16-mixed" if native else "32-true"
