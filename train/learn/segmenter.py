"""`python -m train segmenter`: U-Net, lesion against skin."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.evaluation.metrics import mask_scores, segmenter_summary
from core.models.networks import build_segmenter
from core.models.weights import load_into
from train.config import SegmenterConfig
from train.data.arrays import Arrays
from train.data.samplers import source_weights
from train.learn.base import PhotoModel, normalised
from train.learn.distillation import Teachers
from train.learn.losses import mask_loss
from train.learn.ranks import gathered
from train.learn.start_weights import encoder_start, start_unet


class MaskScoring:
    """Masks as validation scores them, enlarged to the cached frame. The segmenter and the hybrid
    share it."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._rows: list[int] = []
        self._scores: list[tuple[float, float]] = []

    def pairs(self, logits: Tensor, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Lesion logits N×1×S×S → for each row its mask and the true one, bool h×w."""
        truths = [self.arrays.masks[int(row)] > 127 for row in rows]
        found = [
            nn.functional.interpolate(
                one[None].float(), size=truth.shape, mode="bilinear", align_corners=False
            )
            for one, truth in zip(logits, truths, strict=True)
        ]
        masks = [(one[0, 0] > 0).cpu().numpy() for one in found]
        return list(zip(masks, truths, strict=True))

    def add(self, logits: Tensor, rows: np.ndarray) -> None:
        """Score a batch."""
        self._rows += rows.tolist()
        self._scores += [mask_scores(mask, truth) for mask, truth in self.pairs(logits, rows)]

    def collected(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, Dice and IoU of the masks added since the last call, by all processes."""
        rows, scores = gathered(np.array(self._rows), np.array(self._scores))
        self._rows.clear()
        self._scores.clear()
        dice, iou = scores.T
        return rows, dice, iou

    def answers(self, logits: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """For each photo its mask, bool h×w, the true one, and their IoU."""
        return [
            {"mask": mask, "true_mask": truth, "iou": round(mask_scores(mask, truth)[1], 4)}
            for mask, truth in self.pairs(logits, rows)
        ]


class SegmenterTraining(PhotoModel):
    """The U-Net, its loss and its data. Score on validation: mean IoU at the network's size;
    with further sources, the mean of it and of that of validation-elsewhere."""

    config: SegmenterConfig

    def __init__(self, config: SegmenterConfig, arrays: Arrays, resumed: bool = False) -> None:
        super().__init__(config, arrays)
        self.draw_weights = source_weights(
            np.ones(len(self.rows)), arrays.table["source"].to_numpy()[self.rows], config.more_share
        )
        self.loss = mask_loss(config.loss, config.dice_weight)
        self.net = build_segmenter(config.encoder)
        if not resumed:
            start_from(self.net, config.start, config.encoder)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.teachers = Teachers.load(config)
        self.mask_scoring = MaskScoring(arrays)

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images, labels, masks 0/1 → loss."""
        pixels, _, masks = batch
        x = normalised(pixels)
        logits = self.net(x).float()
        loss = self.loss(logits, masks[:, None])
        if self.teachers:
            copying = F.binary_cross_entropy_with_logits(logits, self.teachers.masks(x))
            loss = torch.lerp(loss, copying, self.config.teacher_weight)
        self.log_training({"train_loss": loss}, len(masks))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Score each mask, enlarged to the cached frame."""
        pixels, rows = batch
        self.mask_scoring.add(self._logits(pixels), rows.cpu().numpy())

    def on_validation_epoch_end(self) -> None:
        """Average them."""
        rows, dice, iou = self.mask_scoring.collected()
        own = self.arrays.table["source"].to_numpy()[rows] == 0
        found = segmenter_summary(dice[own], iou[own])
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        score = found["mean_iou"]
        if not own.all():
            there = segmenter_summary(dice[~own], iou[~own])
            self.log_dict({f"elsewhere_{k}": v for k, v in there.items()})
            score = (score + there["mean_iou"]) / 2
        self.log("val_score", score)

    def sample_answers(self, pixels: Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        """See `train.learn.base.PhotoModel`."""
        return self.mask_scoring.answers(self._logits(pixels), rows)

    def _logits(self, pixels: Tensor) -> Tensor:
        return self.net(normalised(pixels)).float()


def start_from(unet: nn.Module, start: str, encoder: str) -> None:
    """Load start weights (see `train.config.Config.start`) into a U-Net: all of it where they are
    those of a U-Net, else its encoder alone. Raises WeightsError."""
    if (whole := start_unet(start, encoder)) is not None:
        load_into(unet, whole, "the start")
    elif (part := encoder_start(start, encoder)) is not None:
        load_into(unet.get_submodule("encoder"), part, "the start")
