"""One way to run a training, for every model: PyTorch Lightning's Trainer.

Lightning, rather than Fabric or a loop of our own, because early stopping, loggers, resumable
state, mixed precision and multi-device strategies come tested with it, and because Ray Train takes
its modules as they are. Ours are only what it lacks: atomic checkpoints, a metrics table that
survives a resume, and data that is a function of seed and epoch alone.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
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
    LearningRateMonitor,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: E402
from lightning.pytorch.plugins.io import TorchCheckpointIO  # noqa: E402

MONITOR = "val_score"


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

    def make_loader(self, epoch: int) -> torch.utils.data.DataLoader:
        """The training batches of an epoch. Subclasses say which."""
        raise NotImplementedError

    def train_dataloader(self) -> torch.utils.data.DataLoader:
        """Called at the start of each epoch; seeds all randomness of that epoch."""
        epoch = self.trainer.current_epoch
        L.seed_everything(self.config.seed * 10_000 + epoch, verbose=False)
        return self.make_loader(epoch)

    def configure_optimizers(self) -> dict[str, Any]:
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
        schedule = torch.optim.lr_scheduler.SequentialLR(
            optimiser,
            [
                torch.optim.lr_scheduler.LinearLR(optimiser, 0.05, 1.0, warm),
                torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, total - warm)),
            ],
            [warm],
        )
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
    """
    config = model.config
    last = run / "last.ckpt"
    if last.is_file() and not resume:
        raise FileExistsError(f"{run} holds a run already; add --resume, or name another folder.")
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
    torch.set_num_threads(config.threads)
    L.seed_everything(config.seed, verbose=False)
    best = ModelCheckpoint(
        run, "best", MONITOR, mode="max", save_on_train_epoch_end=True, enable_version_counter=False
    )
    trainer = L.Trainer(
        max_epochs=config.epochs,
        precision=_precision(config.precision),
        logger=TensorBoardLogger(run, name="", version=""),
        callbacks=[
            EarlyStopping(MONITOR, mode="max", patience=config.patience),
            LearningRateMonitor("epoch"),
            EpochTable(run / "metrics.csv"),
            best,
            ModelCheckpoint(
                run, "last", save_on_train_epoch_end=True, enable_version_counter=False
            ),
        ],
        plugins=[AtomicCheckpointIO()],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        log_every_n_steps=10,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
    # Our own checkpoint, written above on this machine; its optimiser state needs unpickling.
    trainer.fit(model, ckpt_path=last if last.is_file() else None, weights_only=False)
    return Path(best.best_model_path)


def load_best(model: Model, checkpoint: Path) -> None:
    """Load a checkpoint's weights into the model."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)["state_dict"]
    model.load_state_dict(state)


def _precision(wanted: str) -> Any:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if torch.backends.mps.is_available():
        return "32-true"
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return "bf16-mixed" if native else "32-true"
