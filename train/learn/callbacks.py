"""What happens at the epochs of a training besides learning: a table of metrics that survives a
resume, reports to whoever watches, and answers to look at."""

import csv
import math
import sys
import time
from pathlib import Path
from typing import Any

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from core.system import ownership
from train.config import Config, ConfigError
from train.data.samplers import Frames
from train.learn.base import PhotoModel
from train.learn.samples import choose, write_answers, write_photos
from train.progress import Progress, Stopped, Watch

KNOWN_COST = 0.01
"""Of a photo whose features are kept (`train.learn.frozen`), against one that is computed."""


class Patience(EarlyStopping):
    """Early stopping that takes its patience from today's configuration when a run goes on, where
    Lightning takes it from the checkpoint."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See Lightning's EarlyStopping."""
        super().load_state_dict(state_dict | {"patience": self.patience})


class Checkpoint(ModelCheckpoint):
    """Keeps the newest epoch, or the one with the highest `monitor`, under one fixed name in the
    run's folder.

    Lightning forgets the best score when the folder was moved, and the next epoch would take the
    place of a better one.
    """

    def __init__(self, run: Path, name: str, monitor: str | None = None) -> None:
        super().__init__(
            run,
            name,
            monitor,
            mode="max",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See Lightning's ModelCheckpoint."""

        def here(path: str) -> str:
            return str(Path(str(self.dirpath)) / Path(path).name) if path else path

        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        moved = {name: here(state_dict[name]) for name in paths}
        super().load_state_dict(
            {**state_dict, **moved, "best_k_models": best, "dirpath": self.dirpath}
        )


class EpochTable(Callback):
    """`metrics.csv`: one row per finished epoch, kept over resumes; `size` is the input size that
    was trained at, `validation_size` the one that every `val_…` was measured at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the epoch's row; rows of epochs that are being repeated give way."""
        assert isinstance(pl_module, PhotoModel)
        values = {
            k: round(float(v), 6) for k, v in trainer.callback_metrics.items() if "step" not in k
        }
        row: dict[str, Any] = {
            "epoch": trainer.current_epoch,
            "size": pl_module.config.size_at(trainer.current_epoch),
            "validation_size": pl_module.config.validation_size,
            "seconds": round(time.monotonic() - self.started, 1),
            **dict(sorted(values.items())),
        }
        if not trainer.is_global_zero:
            return
        rows: list[dict[str, Any]] = []
        if self.path.is_file():
            with self.path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["epoch"]) < row["epoch"]]
        table = pd.DataFrame([*rows, row])  # the columns of all rows, in the order they came
        ownership.write(self.path, table.to_csv(index=False).encode())
        print("  ".join(f"{k} {v}" for k, v in row.items()), file=sys.stderr, flush=True)


class FiniteNumbers(Callback):
    """Stops a training whose numbers are none any more (NaN or infinite): from there on it learns
    nothing and its scores mean nothing. Raises ConfigError; finished epochs are kept."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.answer = 0.0
        """The largest numbers in what the network answered in the last batch of validation."""

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Listen to the network while it is validated: the averages that it then uses (BatchNorm's,
        those of its weights) may be lost where the loss is not yet."""

        def listen(net: torch.nn.Module, _: Any, answer: Any) -> None:
            if not net.training:
                parts = answer if isinstance(answer, tuple) else (answer,)
                self.answer = sum(float(part.float().abs().max()) for part in parts)

        net = pl_module.get_submodule("net")
        net.register_forward_hook(listen)
        if isinstance(head := getattr(net, "fc", None), torch.nn.Module):
            head.register_forward_hook(listen)  # alone, where features are kept

    def on_train_batch_end(
        self, trainer: L.Trainer, _: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss."""
        self._check(trainer, float(outputs["loss"]), "loss", f"at step {batch_idx + 1} of")

    def on_validation_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Look at the answers."""
        self._check(trainer, self.answer, "network's answer", "on validation after")

    def _check(self, trainer: L.Trainer, number: float, what: str, when: str) -> None:
        """Several processes stop together, if one of them has lost its numbers."""
        lost = not math.isfinite(number)
        if trainer.strategy.reduce_boolean_decision(lost, all=False):
            became = "infinite" if math.isinf(number) else "NaN (not a number)"
            raise ConfigError(
                f"The {what} became {became} {when} epoch {trainer.current_epoch + 1}. Try a "
                f"smaller learning rate (now {self.config.lr:g}); finished epochs are kept."
            )


class Watching(Callback):
    """Tells a `Watch` how the training goes, and stops it when that is wanted."""

    EVERY = 1.0
    """Seconds between two reports."""

    def __init__(self, watch: Watch, config: Config, validated: int, copies: int = 0) -> None:
        """`validated`: photos that are validated on after each epoch; `copies`: of
        `PhotoModel.kept_copies`."""
        self.watch, self.config, self.copies = watch, config, copies
        self.validation_work = config.validation_size**2 * validated / 3
        self.began = self.reported = 0.0
        self.done = 0.0
        """Work of the epochs that this process finished; see `_work`."""
        self.at_report = (0.0, 0)
        """Time and images of this epoch at the last report."""
        self.total = torch.zeros(())
        self.speed: float | None = None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self.began = self.reported = time.monotonic()

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start counting."""
        self.at_report = (time.monotonic(), 0)
        self.total = torch.zeros((), device=pl_module.device)

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Stop if wanted."""
        self._stop(trainer)

    def on_validation_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Stop if wanted."""
        self._stop(trainer)

    def on_train_batch_end(
        self, trainer: L.Trainer, _: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report now and then."""
        self.total += outputs["loss"].detach()
        if time.monotonic() - self.reported >= self.EVERY:
            self._report(trainer, batch_idx + 1)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report the epoch as done."""
        self._report(trainer, int(trainer.num_training_batches), finished=True)
        self.done += self._work(trainer.current_epoch)

    def _stop(self, trainer: L.Trainer) -> None:
        """Several processes stop together, if one of them is wanted to."""
        if trainer.strategy.reduce_boolean_decision(self.watch.stop_wanted(), all=False):
            raise Stopped("Stopped as asked; every finished epoch is kept.")

    def _work(self, epoch: int, share: float = 1.0) -> float:
        """Pixels through the network, up to a constant: validation, without a backward pass, costs
        about a third of training. `share` of the epoch's training images only."""
        work = self.config.size_at(epoch) ** 2 * self.config.epoch_images * share
        validation = self.validation_work if share == 1 else 0
        if self.copies:
            before = epoch - self.copies
            known = before >= 0 and self.config.size_at(before) == self.config.size_at(epoch)
            work *= KNOWN_COST if known else 1
            validation *= KNOWN_COST if epoch else 1
        return work + validation

    def _report(self, trainer: L.Trainer, step: int, finished: bool = False) -> None:
        now, epoch = time.monotonic(), trainer.current_epoch
        steps = int(trainer.num_training_batches)
        then, images = self.at_report
        if not finished and now > then:
            self.speed = (step * self.config.batch - images) / (now - then)
        self.reported, self.at_report = now, (now, step * self.config.batch)
        begun = self._work(epoch, 1.0 if finished else min(step / steps, 0.9999))
        left = sum(self._work(e) for e in range(epoch, self.config.epochs)) - begun
        self.watch.progress(
            Progress(
                epoch=epoch + 1,
                epochs=self.config.epochs,
                step=step,
                steps=steps,
                images_per_second=self.speed,
                seconds_left=(now - self.began) * left / (self.done + begun),
                learning_rate=trainer.optimizers[0].param_groups[0]["lr"],
                loss=float(self.total) / step,
            )
        )


class Sampling(Callback):
    """Asks the network about a few validation photos after each epoch (see
    `train.learn.samples`)."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write what it says. While averaged weights are validated, these are asked."""
        assert isinstance(pl_module, PhotoModel)
        if not trainer.is_global_zero:
            return
        arrays = pl_module.arrays
        rows = choose(arrays.table, pl_module.validation_rows())
        write_photos(self.run, arrays, rows)
        frames = Frames(arrays, rows, pl_module.config.validation_size)
        pixels = torch.stack([frames[i][0] for i in range(len(rows))]).to(pl_module.device)
        with trainer.precision_plugin.forward_context():
            answers = pl_module.sample_answers(pixels, rows)
        write_answers(self.run, trainer.current_epoch + 1, arrays, rows, answers)
