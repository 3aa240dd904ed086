"""One way to run a training, for every model: PyTorch Lightning's Trainer.

Lightning, rather than Fabric or a loop of our own, because early stopping, loggers, resumable
state, mixed precision and multi-device strategies come tested with it, and because Ray Train takes
its modules as they are. Ours are only what it lacks: atomic checkpoints, a metrics table that
survives a resume, and data that is a function of seed and epoch alone.
"""

from __future__ import annotations

import csv
import ctypes
import json
import logging
import math
import os
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import torch

from core.compat import import_torchvision
from train.config import Config

import_torchvision()
import lightning as L  # noqa: E402
from lightning.pytorch.callbacks import (  # noqa: E402
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    LearningRateMonitor,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: E402
from lightning.pytorch.plugins.io import TorchCheckpointIO  # noqa: E402
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig  # noqa: E402

MONITOR = "val_score"

USELESS = (
    "Checkpoint directory .* exists and is not empty",  # the run's folder, made on purpose
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",
    "The number of training batches .* is smaller than the logging interval",
    "y_pred contains classes not in y_true",
)
"""Beginnings of warnings (regular expressions) that tell nobody who trains here anything."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to a temporary file, syncs it to disk, then renames it: whatever happens,
    the name holds either the old checkpoint or the new one, whole."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """See Lightning's CheckpointIO."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(target.name + ".part")
        with temporary.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        directory = os.open(target.parent, os.O_RDONLY) if os.name == "posix" else None
        if directory is not None:
            os.fsync(directory)
            os.close(directory)


class EpochTable(Callback):
    """`metrics.csv`: one row per finished epoch, kept over resumes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the epoch's row; rows of epochs that are being repeated give way."""
        assert isinstance(pl_module, Model)
        values = {
            k: round(float(v), 6) for k, v in trainer.callback_metrics.items() if "step" not in k
        }
        row: dict[str, Any] = {
            "epoch": trainer.current_epoch,
            "size": pl_module.config.size_at(trainer.current_epoch),
            "seconds": round(time.monotonic() - self.started, 1),
            **dict(sorted(values.items())),
        }
        rows: list[dict[str, Any]] = []
        if self.path.is_file():
            with self.path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["epoch"]) < row["epoch"]]
        columns = list(dict.fromkeys([k for r in [*rows, row] for k in r]))
        temporary = self.path.with_suffix(".part")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows([*rows, row])
        os.replace(temporary, self.path)
        print("  ".join(f"{k} {v}" for k, v in row.items()), file=sys.stderr, flush=True)


class Model(L.LightningModule):
    """What both trainings share: optimiser, schedule and a DataLoader that depends on the epoch."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        L.seed_everything(config.seed, verbose=False)  # subclasses draw their weights next

    def make_loader(self, epoch: int) -> torch.utils.data.DataLoader:
        """The training batches of an epoch. Subclasses say which."""
        raise NotImplementedError

    def train_dataloader(self) -> torch.utils.data.DataLoader:
        """Called at the start of each epoch; seeds all randomness of that epoch."""
        epoch = self.trainer.current_epoch
        seed = self.config.seed * 10_000 + epoch
        L.seed_everything(seed, verbose=False)
        loader = self.make_loader(epoch)
        # Lightning iterates over it once in the first epoch after a start, twice in all others, and
        # each time a loader draws a seed for its workers. Were it drawn from the global state, a
        # resumed training would see other pictures than one that ran through.
        loader.generator = torch.Generator()
        loader.worker_init_fn = partial(_seed_worker, seed)
        return loader

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW; linear warm-up, then cosine to zero over all epochs."""
        config = self.config
        weights = [p for p in self.parameters() if p.requires_grad and p.ndim > 1]
        others = [p for p in self.parameters() if p.requires_grad and p.ndim <= 1]
        optimiser = torch.optim.AdamW(
            [
                {"params": weights, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.lr,
        )
        total = config.epochs * max(1, config.epoch_images // config.batch)
        warm = max(1, int(config.warmup * total))

        def factor(step: int) -> float:
            """A function of the step alone, so that a resumed run takes its config's schedule."""
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def fit(model: Model, run: Path, resume: bool = False) -> Path:
    """Train until done or no longer better; returns the best checkpoint's path.

    Args:
        run: the run's folder: `config.json`, `metrics.csv`, `best.ckpt`, `last.ckpt` and
            TensorBoard's events go there.
        resume: go on from `last.ckpt` if there is one (at most the broken-off epoch is repeated).

    Raises:
        FileExistsError: the folder holds a run and `resume` is not set.
        KeyboardInterrupt: stopped by Ctrl+C or a SIGTERM; `last.ckpt` has every finished epoch.
    """
    config = model.config
    last = run / "last.ckpt"
    if last.is_file() and not resume:
        raise FileExistsError(f"{run} holds a run already; add --resume, or name another folder.")
    _keep_freed_memory()
    _silence_useless_messages()
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
    torch.set_num_threads(config.threads)
    trainer = L.Trainer(
        max_epochs=config.epochs,
        precision=_precision(config.precision),
        logger=TensorBoardLogger(run, name="", version=""),
        callbacks=[
            EarlyStopping(MONITOR, mode="max", patience=config.patience),
            LearningRateMonitor("epoch"),
            EpochTable(run / "metrics.csv"),
            _checkpoint(run, "best", MONITOR),
            _checkpoint(run, "last"),
            *([EMAWeightAveraging(decay=config.ema)] if config.ema else []),
        ],
        plugins=[AtomicCheckpointIO()],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        log_every_n_steps=10,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
    try:
        # Our own checkpoint, written above on this machine; its optimiser state needs unpickling.
        trainer.fit(model, ckpt_path=last if last.is_file() else None, weights_only=False)
    except SystemExit as stopped:  # what Lightning makes of Ctrl+C and of SIGTERM
        raise KeyboardInterrupt from stopped
    return run / "best.ckpt"


def _checkpoint(run: Path, name: str, monitor: str | None = None) -> ModelCheckpoint:
    """Keeps the newest epoch, or the one with the highest `monitor`, under one fixed name."""
    return ModelCheckpoint(
        run,
        name,
        monitor,
        mode="max",
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )


def _seed_worker(seed: int, worker: int) -> None:
    torch.manual_seed(seed * 1_000 + worker)


def load_best(model: Model, checkpoint: Path) -> None:
    """Load a checkpoint's weights into the model."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)["state_dict"]
    model.load_state_dict(state)


def _keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next step. By default it hands big tensors back to the
    system, which then has to clear all their pages anew, tens of thousands in each step on a CPU.
    Other systems and C libraries stay as they are."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, top_pad, mmap_max = -1, -2, -4  # M_… of malloc.h
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, -1)
        mallopt(top_pad, 256 * 1024**2)


def _silence_useless_messages() -> None:
    logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
    for start in USELESS:
        warnings.filterwarnings("ignore", message=start)


def _precision(wanted: str) -> Any:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if torch.backends.mps.is_available():
        return "32-true"
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16-mixed" if native else "32-true"
