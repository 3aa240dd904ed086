"""What a training is made of, for every task: a Lightning module with its data, which are a
function of seed and epoch alone."""

import math
from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.utils.data import DataLoader

from core.models.networks import normalise
from train.config import Config
from train.data.arrays import Arrays, rows_of
from train.data.dividing import chosen_rows
from train.data.samplers import EpochSampler, Samples, frame_loader
from train.learn.ranks import BatchParts, part_of_rows


class PhotoModel(L.LightningModule, ABC):
    """What all trainings share: optimiser and schedule, the draw of an epoch, validation, and
    answers to look at.

    Subclasses set `draw_weights`, how much each of `rows`, the training rows, counts in a draw.
    Those take a third argument, `resumed`: whether a checkpoint will replace the weights, so that
    no start weights are needed (they may be gone since).
    """

    draw_weights: np.ndarray
    kept_copies: int = 0
    """Augmented copies whose features are kept (`train.learn.frozen`); 0: none are."""

    def __init__(self, config: Config, arrays: Arrays) -> None:
        super().__init__()
        self.config, self.arrays = config, arrays
        self.rows = rows_of(arrays, "train", config.limit, config.masked)
        L.seed_everything(config.seed, verbose=False)  # subclasses draw their weights next

    def samples(self, size: int) -> Samples:
        """Augmented samples of `rows`, with their masks where those are learned."""
        config = self.config
        return Samples(self.arrays, self.rows, size, 0.0, config.masked, config.augment)

    def train_dataloader(self) -> DataLoader:
        """Called at the start of each epoch; seeds all randomness of that epoch."""
        epoch, process = self.trainer.current_epoch, self.trainer.global_rank
        L.seed_everything(seed_of(self.config.seed, epoch, process), verbose=False)
        loader = self.make_loader(epoch)
        if self.trainer.world_size > 1:
            parts = BatchParts(loader.batch_sampler, process, self.trainer.world_size)
            loader = DataLoader(loader.dataset, batch_sampler=parts, num_workers=loader.num_workers)
        # Lightning iterates over it once in the first epoch after a start, twice in all others, and
        # each time a loader draws a seed for its workers. Were it drawn from the global state, a
        # resumed training would see other pictures than one that ran through.
        loader.generator = torch.Generator()
        loader.worker_init_fn = partial(_seed_worker, self.config.seed, epoch, process)
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
            """A function of the step alone: of a resumed run, by today's configuration."""
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the learning rate and the weight decay of today's configuration, not with
        those of the checkpoint."""
        for state in checkpoint["optimizer_states"]:
            decays = (self.config.weight_decay, 0.0)
            for group, decay in zip(state["param_groups"], decays, strict=True):
                group["lr"] *= self.config.lr / group["initial_lr"]
                group |= {"initial_lr": self.config.lr, "weight_decay": decay}
        for schedule in checkpoint["lr_schedulers"]:
            schedule["base_lrs"] = [self.config.lr] * len(schedule["base_lrs"])

    def make_loader(self, epoch: int) -> DataLoader:
        """The training batches of an epoch."""
        config = self.config
        sampler = EpochSampler(self.draw_weights, config.epoch_images, config.seed, epoch)
        return DataLoader(
            self.samples(config.size_at(epoch)),
            config.batch,
            sampler=sampler,
            num_workers=config.workers,
            drop_last=True,
        )

    def log_training(self, figures: dict[str, Tensor], photos: int) -> None:
        """Log figures of a batch of so many photos; the table gets their means over the epoch."""
        self.log_dict(figures, on_step=False, on_epoch=True, batch_size=photos, sync_dist=True)

    def validation_rows(self) -> np.ndarray:
        """Row numbers of the photos that are validated on."""
        return rows_of(self.arrays, "validation", self.config.limit, self.config.masked)

    def elsewhere_rows(self) -> np.ndarray:
        """Row numbers of the validation photos of further sources (`train.data.elsewhere`), which
        are validated on beside those; there may be none."""
        return chosen_rows(self.arrays.table, "elsewhere", self.config.limit, self.config.masked)

    def val_dataloader(self) -> DataLoader:
        """Full frames of validation and validation-elsewhere, in every epoch at
        `Config.validation_size`."""
        rows = np.concatenate([self.validation_rows(), self.elsewhere_rows()])
        part = part_of_rows(rows, self.trainer.global_rank, self.trainer.world_size)
        size, workers = self.config.validation_size, self.config.workers
        return frame_loader(self.arrays, part, size, workers=workers)

    @abstractmethod
    def sample_answers(self, pixels: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """What the network says of uint8 photos N×S×S×3, the given rows of `arrays`: for each what
        `train.learn.samples.write_answers` takes. Subclasses say what."""


def normalised(pixels: Tensor) -> Tensor:
    """uint8 photos N×S×S×3 → what a network takes, in the layout that convolutions are fastest in:
    float32 N×3×S×S."""
    return normalise(pixels).contiguous(memory_format=torch.channels_last)


def seed_of(*parts: int) -> int:
    """A seed of 32 bits that any part changes: the run's seed, the epoch, the process and so on,
    each from 0 on. Sums and products of them would meet, and leave the range."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _seed_worker(seed: int, epoch: int, process: int, worker: int) -> None:
    torch.manual_seed(seed_of(seed, epoch, process, worker))
