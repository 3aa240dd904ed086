"""`python -m train classifier`: a class for each photo."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models.architectures import AnyClassifier, EncoderClassifier, build_classifier
from core.models.weights import load_into
from train.choices import BASE, EARLY_BLOCKS
from train.config import ClassifierConfig, ConfigError
from train.data.arrays import Arrays
from train.data.samplers import Samples
from train.learn.base import PhotoModel, normalised
from train.learn.class_scoring import ClassScoring
from train.learn.distillation import Teachers, distillation_loss
from train.learn.frozen import FrozenFeatures, Places, drop
from train.learn.mixing import mixed
from train.learn.ranks import gathered
from train.learn.start_weights import last_layer, start_weights


class ClassifierTraining(PhotoModel):
    """The classifier, its loss and its data. Score on validation: minus the negative log-likelihood
    of the posterior at the training split's prevalence (macro-F1 hangs on a few rare lesions); with
    further sources, the mean of it and of that of validation-elsewhere."""

    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig, arrays: Arrays, resumed: bool = False) -> None:
        super().__init__(config, arrays)
        self.class_scoring = ClassScoring(config, arrays, self.rows)
        self.loss = self.class_scoring.loss
        self.draw_weights = self.class_scoring.weights
        self.net = build_classifier(config.architecture, len(arrays.classes))
        start = None if resumed else start_weights(config.start, config.architecture)
        if start is not None:
            torch.nn.init.normal_(self.net.fc.weight, std=0.01)
            torch.nn.init.zeros_(self.net.fc.bias)
            if (head := last_layer(config.start, config.architecture, arrays.classes)) is not None:
                load_into(self.net.fc, head, "the start")
                self.class_scoring.add_prior(self.net.fc)
            if isinstance(self.net, EncoderClassifier):
                load_into(self.net.encoder, start, "the start")
            else:
                own = {f"fc.{k}": v for k, v in self.net.fc.state_dict().items()}
                load_into(self.net, start | own, "the start")
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = [] if config.start == "random" else frozen_blocks(self.net, config.freeze)
        for block in self.frozen:
            block.requires_grad_(False)
        self.teachers = Teachers.load(config)
        drop(self.net, config.dropout)
        self.features: FrozenFeatures | None = None
        if BASE in config.freeze and self.frozen and config.copies and not self.teachers:
            self.features = FrozenFeatures(config.seed, config.copies)
            self.kept_copies = config.copies
        self._collected: list[tuple[Tensor, Tensor]] = []

    def samples(self, size: int) -> Samples:
        """With their labels; now and then a centre crop. Of a frozen base, without their pixels."""
        config = self.config
        args = self.arrays, self.rows, size, config.crop_share, False, config.augment
        if self.features is None:
            return Samples(*args)
        self._places = Places(*args)
        return self._places

    def on_train_epoch_start(self) -> None:
        """Frozen blocks keep their start's BatchNorm statistics."""
        self.net.train()
        for block in self.frozen:
            block.eval()

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images (or, of a frozen base, places in `rows`), labels, sources →
        loss."""
        pixels, labels, sources = batch
        own = 1.0
        if self.features is not None:
            epoch = self.current_epoch
            kept = self.features.of_copies(self.net, self._places, pixels, epoch)
            logits = self.net.fc(kept).float()
        else:
            x, partner, own = mixed(normalised(pixels), self.config.mix)
            logits = self.net(x)[0].float()
        loss, right = self._loss_and_accuracy(logits, labels, sources)
        if own < 1:
            others = self._loss_and_accuracy(logits, labels[partner], sources[partner])
            loss, right = torch.lerp(others[0], loss, own), torch.lerp(others[1], right, own)
        if self.teachers:
            scores = logits - self.class_scoring.offset.to(logits.device)
            copying = distillation_loss(scores, self.teachers.answers(x))
            loss = torch.lerp(loss, copying, self.config.teacher_weight)
        self.log_training({"train_loss": loss, "train_accuracy": right}, len(labels))
        return loss

    def _loss_and_accuracy(
        self, logits: Tensor, labels: Tensor, sources: Tensor
    ) -> tuple[Tensor, Tensor]:
        right = (logits.detach().argmax(1) == labels).float().mean()
        return self.loss(logits, labels, sources), right

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Collect logits."""
        pixels, rows = batch
        if self.features is not None:
            kept = self.features.of_frames(self.net, pixels, rows)
            logits = self.net.fc(kept).float()
        else:
            logits = self._logits(pixels)
        self._collected.append((logits.cpu(), rows.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Measure them."""
        rows, logits = collected_logits(self._collected)
        labels = self.arrays.table["label"].to_numpy()[rows]
        own = self.arrays.table["source"].to_numpy()[rows] == 0
        found = self.class_scoring.summary(logits[own], labels[own])
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        score = -found["nll"]
        if not own.all():
            there = self.class_scoring.summary_elsewhere(
                logits[~own], labels[~own], self.arrays.classes
            )
            self.log_dict({f"elsewhere_{k}": v for k, v in there.items()})
            score = -(found["nll"] + there["nll"]) / 2
        self.log("val_score", score)

    def sample_answers(self, pixels: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """See `train.learn.base.PhotoModel`."""
        return class_answers(self.class_scoring, self._logits(pixels), self.arrays, rows)

    def _logits(self, pixels: Tensor) -> Tensor:
        return self.net(normalised(pixels))[0].float()


def collected_logits(collected: list[tuple[Tensor, Tensor]]) -> tuple[np.ndarray, Tensor]:
    """Row numbers and logits of the photos validated since the last call, by all processes."""
    rows = torch.cat([r for _, r in collected]).numpy()
    logits = torch.cat([x for x, _ in collected]).numpy()
    collected.clear()
    rows, logits = gathered(rows, logits)
    return rows, torch.from_numpy(logits)


def class_answers(
    scoring: ClassScoring, logits: Tensor, arrays: Arrays, rows: np.ndarray
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
        for label, p in zip(labels, scoring.probabilities(logits), strict=True)
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
