"""`python -m train classifier`: a class for each photo."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from core.backbones import AnyClassifier, EncoderClassifier, build_classifier
from core.calibration import Calibration, softmax
from core.metrics import classifier_summary
from core.models import normalise
from core.weights import load_into
from train.choices import BASE, EARLY_BLOCKS
from train.config import ClassifierConfig, ConfigError
from train.data import Arrays, EpochSampler, Samples, rows_of
from train.losses import class_loss
from train.model import PhotoModel
from train.ranks import gathered
from train.start import start_weights


class Diagnosing:
    """What class scores mean: the shares of the classes, the loss, and the way from scores to
    probabilities. The classifier and the hybrid share it.

    Attributes:
        prevalence: share of each class among the training rows, float K.
        weights: how much each training row counts in the draw of an epoch.
        loss: of logits N×K and labels N.
        offset: log of the prior that the scores carry (see `train.losses.class_loss`), K.
    """

    def __init__(
        self, labels: np.ndarray, classes: tuple[str, ...], loss: str, sampling_power: float
    ) -> None:
        """`labels` are those of the training rows; the others are `train.config`'s choices."""
        counts = np.bincount(labels, minlength=len(classes)).clip(1).astype(float)
        self.prevalence = counts / counts.sum()
        self.weights = counts[labels] ** -sampling_power
        drawn = counts ** (1 - sampling_power)
        self.loss, prior = class_loss(loss, torch.tensor(drawn / drawn.sum()).float())
        self.offset = prior.log()

    def scores(self, logits: Tensor) -> np.ndarray:
        """Logits N×K → scores free of a prior, float32."""
        return (logits.float().cpu() - self.offset).numpy()

    def probabilities(self, logits: Tensor) -> np.ndarray:
        """Logits N×K → posterior at the training split's prevalence."""
        return Calibration(1.0, self.prevalence)(self.scores(logits))

    def summary(self, logits: Tensor, labels: np.ndarray) -> dict[str, float]:
        """What is measured on validation."""
        found = classifier_summary(self.probabilities(logits), labels)
        equal = classifier_summary(softmax(self.scores(logits)), labels)
        return {**found, "balanced_recall": equal["balanced_accuracy"]}

    def free_bias(self, head: nn.Linear) -> None:
        """Take the prior out of a network's scores: a classifier of ours has none in them."""
        with torch.no_grad():
            head.bias.sub_(self.offset.to(head.bias))


class ClassifierTraining(PhotoModel):
    """The classifier, its loss and its data. Score on validation: minus the negative log-likelihood
    of the posterior at the training split's prevalence (macro-F1 hangs on a few rare lesions)."""

    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig, arrays: Arrays) -> None:
        super().__init__(config, arrays)
        self.rows = rows_of(arrays, "train", config.limit)
        labels = arrays.table["label"].to_numpy()[self.rows]
        self.diagnosing = Diagnosing(labels, arrays.classes, config.loss, config.sampling_power)
        self.loss = self.diagnosing.loss
        self.prevalence = self.diagnosing.prevalence
        self.net = build_classifier(config.architecture, len(arrays.classes))
        start = start_weights(config.start, config.architecture)
        if start is not None:
            torch.nn.init.normal_(self.net.fc.weight, std=0.01)
            torch.nn.init.zeros_(self.net.fc.bias)
            if isinstance(self.net, EncoderClassifier):
                load_into(self.net.encoder, start, "the start")
            else:
                fresh = {f"fc.{k}": v for k, v in self.net.fc.state_dict().items()}
                load_into(self.net, start | fresh, "the start")
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = [] if start is None else frozen_blocks(self.net, config.freeze)
        for block in self.frozen:
            block.requires_grad_(False)
        self._collected: list[tuple[Tensor, Tensor]] = []

    def make_loader(self, epoch: int) -> DataLoader:
        """Class-balanced draws of augmented images."""
        config = self.config
        samples = Samples(
            self.arrays,
            self.rows,
            config.size_at(epoch),
            config.crop_share,
            with_mask=False,
            augment=config.augment,
        )
        sampler = EpochSampler(self.diagnosing.weights, config.epoch_images, config.seed, epoch)
        return DataLoader(
            samples, config.batch, sampler=sampler, num_workers=config.workers, drop_last=True
        )

    def validation_rows(self) -> np.ndarray:
        """Row numbers of the photos that are validated on."""
        return rows_of(self.arrays, "validation", self.config.limit)

    def on_train_epoch_start(self) -> None:
        """Frozen blocks keep their start's BatchNorm statistics."""
        self.net.train()
        for block in self.frozen:
            block.eval()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images, labels → loss."""
        pixels, labels = batch
        loss = self.loss(self._logits(pixels), labels)
        self.log(
            "train_loss",
            loss,
            on_step=False,
            on_epoch=True,
            batch_size=len(labels),
            sync_dist=True,
        )
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Collect logits."""
        pixels, rows = batch
        self._collected.append((self._logits(pixels).cpu(), rows.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Measure them."""
        rows, logits = collected_logits(self._collected)
        labels = self.arrays.table["label"].to_numpy()[rows]
        found = self.diagnosing.summary(logits, labels)
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        self.log("val_score", -found["nll"])

    def sample_answers(self, pixels: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """See `train.model.PhotoModel`."""
        return class_answers(self.diagnosing, self._logits(pixels), self.arrays, rows)

    def _logits(self, pixels: Tensor) -> Tensor:
        x = normalise(pixels).contiguous(memory_format=torch.channels_last)
        return self.net(x)[0].float()


def collected_logits(collected: list[tuple[Tensor, Tensor]]) -> tuple[np.ndarray, Tensor]:
    """Row numbers and logits of the photos validated since the last call, by all processes."""
    rows = torch.cat([r for _, r in collected]).numpy()
    logits = torch.cat([x for x, _ in collected]).numpy()
    collected.clear()
    rows, logits = gathered(rows, logits)
    return rows, torch.from_numpy(logits)


def class_answers(
    diagnosing: Diagnosing, logits: Tensor, arrays: Arrays, rows: np.ndarray
) -> list[dict[str, Any]]:
    """For each photo its true class and the probability of each."""
    labels = arrays.table["label"].to_numpy()[rows]
    return [
        {
            "truth": arrays.classes[label],
            "probabilities": {
                name: round(float(v), 4) for name, v in zip(arrays.classes, p, strict=True)
            },
        }
        for label, p in zip(labels, diagnosing.probabilities(logits), strict=True)
    ]


def frozen_blocks(net: AnyClassifier, names: tuple[str, ...]) -> list[nn.Module]:
    """The blocks of a network that `names` (see `ClassifierConfig.freeze`) freeze.

    Raises:
        ConfigError: it has no such block.
    """
    known = {name: block for name, block in net.named_children() if name != "fc"}
    if BASE in names:
        return list(known.values())
    if isinstance(net, EncoderClassifier):
        known = dict(net.encoder.named_children())
    unknown = [name for name in names if name not in known]
    if unknown and names == EARLY_BLOCKS:
        return []
    if unknown:
        raise ConfigError(
            f"There is no block {unknown[0]} to freeze; choose from {', '.join(known)}, or "
            f"{BASE} for all but the last layer."
        )
    return [known[name] for name in names]
