"""Where a class's evidence lies: its Grad-CAM map (see `core.models.Explained`), to be shown."""

from __future__ import annotations

import numpy as np


def rescale(heatmap: np.ndarray) -> np.ndarray:
    """Stretch one map to 0…1 (min-max), as the grad-cam package does before showing it.

    A map without any evidence (all values equal) becomes all 0.
    """
    low, high = float(heatmap.min()), float(heatmap.max())
    if high - low < 1e-12:
        return np.zeros_like(heatmap, dtype=np.float32)
    return ((heatmap - low) / (high - low)).astype(np.float32)
