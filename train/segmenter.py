"""`python -m train segmenter`: U-Net, lesion against skin."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from core.metrics import mask_scores, segmenter_summary
from core.models import build_segmenter, normalise
from core.weights import load_into
from train.config import SegmenterConfig
from train.data import Arrays, EpochSampler, Samples, frame_loader, rows_of
from train.fit import Model
from train.losses import BCEDice
from train.start import start_weights


class SegmenterTraining(Model):
    """The U-Net, its loss and its data. Score on validation: mean IoU at the network's size."""

    config: SegmenterConfig

    def __init__(self, config: SegmenterConfig, arrays: Arrays) -> None:
        super().__init__(config)
        self.arrays = arrays
        self.rows = rows_of(arrays, "train", config.limit, masked=True)
        self.loss = BCEDice(config.dice_weight)
        self.net = build_segmenter(config.encoder)
        start = start_weights(config.start, config.encoder)
        if start is not None:
            heads = ("classifier.", "fc.")
            encoder = {k: v for k, v in start.items() if not k.startswith(heads)}
            load_into(self.net.get_submodule("encoder"), encoder, "the ImageNet start")
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._collected: list[tuple[float, float]] = []

    def make_loader(self, epoch: int) -> DataLoader:
        """Augmented images with their masks."""
        config = self.config
        samples = Samples(self.arrays, self.rows, config.size_at(epoch), 0.0, with_mask=True)
        sampler = EpochSampler(np.ones(len(self.rows)), config.epoch_images, config.seed, epoch)
        return DataLoader(
            samples, config.batch, sampler=sampler, num_workers=config.workers, drop_last=True
        )

    def val_dataloader(self) -> DataLoader:
        """Full validation frames at the epoch's size."""
        size = self.config.size_at(self.trainer.current_epoch)
        rows = rows_of(self.arrays, "validation", self.config.limit, masked=True)
        return frame_loader(self.arrays, rows, size)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """One batch: uint8 images, masks 0/1 → loss."""
        pixels, masks = batch
        logits = self.net(normalise(pixels).contiguous(memory_format=torch.channels_last))
        loss = self.loss(logits.float(), masks[:, None])
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(masks))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Score each mask, enlarged to the cached frame."""
        pixels, rows = batch
        logits = self.net(normalise(pixels).contiguous(memory_format=torch.channels_last))
        truths = self.arrays.masks[rows.cpu().numpy()] > 127
        logits = torch.nn.functional.interpolate(
            logits.float(), size=truths.shape[1:], mode="bilinear", align_corners=False
        )
        predicted = (logits[:, 0] > 0).cpu().numpy()
        self._collected += [mask_scores(p, t) for p, t in zip(predicted, truths, strict=True)]

    def on_validation_epoch_end(self) -> None:
        """Average them."""
        found = segmenter_summary(*self.collected())
        self.log_dict({f"val_{k}": v for k, v in found.items()})
        self.log("val_score", found["mean_iou"])

    def collected(self) -> tuple[np.ndarray, np.ndarray]:
        """Dice and IoU of the masks validated since the last call."""
        dice, iou = np.array(self._collected).T
        self._collected.clear()
        return dice, iou
