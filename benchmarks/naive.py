"""What one would write without LesionLab: the same weights in torch, step by step.

A ResNet-50 of torchvision, a U-Net of segmentation_models_pytorch, Grad-CAM for one class by the
grad-cam package, Pillow for decoding and scaling; all in their default, eager, float32 way.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchvision.models import resnet50
from torchvision.transforms import functional

from core.models.cards import Card
from core.models.networks import IMAGENET_MEAN, IMAGENET_STD, smp_name
from core.models.weights import read_state
from core.settings import Settings


class Naive:
    """Both models, loaded. Several threads at once would mix up the hooks of grad-cam."""

    def __init__(self, weights: Path | None = None) -> None:
        weights = weights or Settings.from_environment().weights
        card = Card.read(weights / "classifier")
        self.size = card.input.size
        self.classifier = resnet50(num_classes=len(card.classes))
        self.classifier.load_state_dict(
            read_state(weights / "classifier", card.sha256), strict=False
        )
        self.classifier.eval()
        card = Card.read(weights / "segmenter")
        self.mask_size = card.input.size
        self.segmenter = smp.Unet(smp_name(card.encoder), encoder_weights=None)
        self.segmenter.load_state_dict(read_state(weights / "segmenter", card.sha256), strict=False)
        self.segmenter.eval()
        self.cam = GradCAM(self.classifier, [self.classifier.layer4[-1]])

    def answer(self, data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture file → probabilities K, heatmap S×S of the first class, mask H×W in bytes."""
        photo = Image.open(io.BytesIO(data)).convert("RGB")
        x = self._input(photo, self.size)
        with torch.no_grad():
            probabilities = self.classifier(x).softmax(dim=1)[0].numpy()
        heatmap = self.cam(x, [ClassifierOutputTarget(int(probabilities.argmax()))])[0]
        return probabilities, heatmap, self._mask(photo)

    def answer_without_heatmap(self, data: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Picture file → probabilities K and mask H×W in bytes, 0 and 255."""
        photo = Image.open(io.BytesIO(data)).convert("RGB")
        with torch.no_grad():
            logits = self.classifier(self._input(photo, self.size))
        return logits.softmax(dim=1)[0].numpy(), self._mask(photo)

    def _mask(self, photo: Image.Image) -> np.ndarray:
        with torch.no_grad():
            logits = self.segmenter(self._input(photo, self.mask_size))[0, 0]
        return (cv2.resize(logits.numpy(), photo.size) > 0).astype(np.uint8) * 255

    def _input(self, photo: Image.Image, size: int) -> torch.Tensor:
        tensor = functional.to_tensor(photo.resize((size, size), Image.Resampling.BILINEAR))
        return functional.normalize(tensor, IMAGENET_MEAN, IMAGENET_STD)[None]
