"""Where a class's evidence lies: Grad-CAM in closed form."""

from __future__ import annotations

import numpy as np


def grad_cam(features: np.ndarray, class_weights: np.ndarray) -> np.ndarray:
    """Grad-CAM maps of all classes at once, from one forward pass.

    For a network that ends in global average pooling and one linear layer, the gradient of logit k
    with respect to the last feature map A is W[k, c] / (h·w) everywhere in channel c, so Grad-CAM
    (Selvaraju et al., ICCV 2017) is relu(Σ_c W[k, c]·A_c) / (h·w): no backward pass is needed.

    Args:
        features: last feature map, float C×h×w.
        class_weights: the linear layer's weights, float K×C.

    Returns:
        float32 K×h×w, ≥ 0; comparable between classes, in units of the logit.
    """
    channels, height, width = features.shape
    maps = class_weights @ features.reshape(channels, height * width)
    maps = np.maximum(maps, 0) / (height * width)
    return maps.reshape(-1, height, width).astype(np.float32)


def rescale(heatmap: np.ndarray) -> np.ndarray:
    """Stretch one map to 0…1 (min-max), as the grad-cam package does before showing it.

    A map without any evidence (all values equal) becomes all 0.
    """
    low, high = float(heatmap.min()), float(heatmap.max())
    if high - low < 1e-12:
        return np.zeros_like(heatmap, dtype=np.float32)
    return ((heatmap - low) / (high - low)).astype(np.float32)
