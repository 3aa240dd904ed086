"""`python -m train hybrid`: one encoder with both heads, diagnosis and mask."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.evaluation.metrics import segmenter_summary
from core.models.architectures import Hybrid
from core.models.weights import load_into
from train.config import HybridConfig
from train.data.arrays import Arrays
from train.learn.base import PhotoModel, normalised
from train.learn.class_scoring import ClassScoring
from train.learn.classifier import class_answers, collected_logits
from train.learn.losses import mask_loss
from train.learn.segmenter import MaskScoring, start_from
from train.learn.start_weights import last_convolution


class HybridTraining(PhotoModel):
    """The network with two heads, its loss and its data. Score on validation: mask weight × mean
    IoU minus the negative log-likelihood, as the loss weighs the two."""

    config: HybridConfig

    def __init__(self, config: HybridConfig, arrays: Arrays, resumed: bool = False) -> None:
        super().__init__(config, arrays)
        self.class_scoring = ClassScoring(config, arrays, self.rows)
        self.mask_scoring = MaskScoring(arrays)
        self.loss = self.class_scoring.loss
        self.draw_weights = self.class_scoring.weights
        self.mask_loss = mask_loss(config.mask_loss)
        self.net = Hybrid(config.encoder, len(arrays.classes))
        if not resumed:
            start_from(self.net.unet, config.start, config.encoder)
            if last := last_convolution(config.start, config.encoder):
                load_into(self.net.head, last, "the start")
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._collected: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images, labels, masks 0/1 → loss."""
        pixels, labels, masks = batch
        logits, outlines = self._answer(pixels)
        diagnosis = self.loss(logits, labels, torch.zeros_like(labels))
        outline = self.mask_loss(outlines, masks[:, None])
        loss = diagnosis + self.config.mask_weight * outline
        figures = {"train_loss": loss, "train_loss_class": diagnosis, "train_loss_mask": outline}
        self.log_training(figures, len(labels))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Collect logits, score masks."""
        pixels, rows = batch
        logits, outlines = self._answer(pixels)
        self._collected.append((logits.cpu(), rows.cpu()))
        self.mask_scoring.add(outlines, rows.cpu().numpy())

    def on_validation_epoch_end(self) -> None:
        """Measure both."""
        rows, logits = collected_logits(self._collected)
        labels = self.arrays.table["label"].to_numpy()[rows]
        found = self.class_scoring.summary(logits, labels)
        _, dice, iou = self.mask_scoring.collected()
        found |= segmenter_summary(dice, iou)
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        self.log("val_score", self.config.mask_weight * found["mean_iou"] - found["nll"])

    def sample_answers(self, pixels: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """See `train.learn.base.PhotoModel`."""
        logits, outlines = self._answer(pixels)
        classes = class_answers(self.class_scoring, logits, self.arrays, rows)
        masks = self.mask_scoring.answers(outlines, rows)
        return [a | b for a, b in zip(classes, masks, strict=True)]

    def _answer(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits, outlines = self.net(normalised(pixels))
        return logits.float(), outlines.float()
