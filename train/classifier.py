"""`python -m train classifier`: ResNet-50 on the seven diagnoses."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from core.calibration import Calibration, softmax
from core.metrics import classifier_summary
from core.models import LesionClassifier, normalise
from core.taxonomy import KEYS
from core.weights import load_into
from train.config import ClassifierConfig, ConfigError
from train.data import Arrays, EpochSampler, Samples, frame_loader, rows_of
from train.fit import Model
from train.losses import LogitAdjustedCrossEntropy
from train.start import start_weights


class ClassifierTraining(Model):
    """The classifier, its loss and its data. Score on validation: minus the negative log-likelihood
    of the posterior at the training split's prevalence (macro-F1 hangs on a few rare lesions)."""

    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig, arrays: Arrays) -> None:
        super().__init__(config)
        self.arrays = arrays
        self.rows = rows_of(arrays, "train", config.limit)
        labels = arrays.table["label"].to_numpy()
        counts = np.bincount(labels[self.rows], minlength=len(KEYS)).clip(1).astype(float)
        self.prevalence = counts / counts.sum()
        self.weights = counts[labels[self.rows]] ** -config.sampling_power
        drawn = counts ** (1 - config.sampling_power)
        self.loss = LogitAdjustedCrossEntropy(torch.tensor(drawn / drawn.sum()).float())
        self.net = LesionClassifier(len(KEYS))
        start = start_weights(config.start, "resnet50")
        if start is not None:
            fresh = self.net.fc.state_dict()
            torch.nn.init.normal_(fresh["weight"], std=0.01)
            torch.nn.init.zeros_(fresh["bias"])
            start |= {f"fc.{k}": v for k, v in fresh.items()}
            load_into(self.net, start, "the ImageNet start")
        self.net = self.net.to(memory_format=torch.channels_last)
        self.frozen = [] if start is None else self._blocks(config.freeze)
        for block in self.frozen:
            block.requires_grad_(False)
        self._collected: list[tuple[Tensor, Tensor]] = []

    def _blocks(self, names: tuple[str, ...]) -> list[torch.nn.Module]:
        known = dict(self.net.named_children())
        if unknown := [name for name in names if name not in known]:
            raise ConfigError(
                f"There is no block {unknown[0]} to freeze; choose from {', '.join(known)}."
            )
        return [known[name] for name in names]

    def make_loader(self, epoch: int) -> DataLoader:
        """Class-balanced draws of augmented images."""
        config = self.config
        samples = Samples(
            self.arrays, self.rows, config.size_at(epoch), config.crop_share, with_mask=False
        )
        sampler = EpochSampler(self.weights, config.epoch_images, config.seed, epoch)
        return DataLoader(
            samples, config.batch, sampler=sampler, num_workers=config.workers, drop_last=True
        )

    def val_dataloader(self) -> DataLoader:
        """Full validation frames at the epoch's size."""
        size = self.config.size_at(self.trainer.current_epoch)
        return frame_loader(
            self.arrays, rows_of(self.arrays, "validation", self.config.limit), size
        )

    def on_train_epoch_start(self) -> None:
        """Frozen blocks keep ImageNet's BatchNorm statistics."""
        self.net.train()
        for block in self.frozen:
            block.eval()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images, labels → loss."""
        pixels, labels = batch
        logits, _ = self.net(normalise(pixels).contiguous(memory_format=torch.channels_last))
        loss = self.loss(logits.float(), labels)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(labels))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Collect logits."""
        pixels, rows = batch
        logits, _ = self.net(normalise(pixels).contiguous(memory_format=torch.channels_last))
        self._collected.append((logits.float().cpu(), rows.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Measure them."""
        logits = torch.cat([x for x, _ in self._collected]).numpy()
        rows = torch.cat([r for _, r in self._collected]).numpy()
        self._collected.clear()
        labels = self.arrays.table["label"].to_numpy()[rows]
        found = classifier_summary(Calibration(1.0, self.prevalence)(logits), labels)
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        self.log("val_balanced_recall", _balanced(logits, labels))
        self.log("val_score", -found["nll"])


def _balanced(logits: np.ndarray, labels: np.ndarray) -> float:
    """Balanced accuracy of the argmax under equal class priors."""
    return classifier_summary(softmax(logits), labels)["balanced_accuracy"]
