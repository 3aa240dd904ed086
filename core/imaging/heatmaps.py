"""Where a class's evidence lies: what can be said of a map such as Grad-CAM (see
`core.models.explained.Explained`)."""

import cv2
import numpy as np


def rescale(heatmap: np.ndarray) -> np.ndarray:
    """Stretch one map to 0…1 (min-max), as the grad-cam package does before showing it.

    A map without any evidence (all values equal) becomes all 0.
    """
    low, high = float(heatmap.min()), float(heatmap.max())
    if high - low < 1e-12:
        return np.zeros_like(heatmap, dtype=np.float32)
    return ((heatmap - low) / (high - low)).astype(np.float32)


def share_inside(heatmap: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of a map's heat that lies on the lesion.

    The map is enlarged to the mask (bilinear), so that a place on the outline counts on both sides.
    The energy-based pointing game (Wang et al., "Score-CAM", CVPR workshops 2020), with the outline
    in place of a box. The maps are coarse: one place of a 6×6 map is 3 % of the photo.

    Args:
        heatmap: float h×w ≥ 0, spanning the same frame as the mask.
        mask: bool H×W, true on the lesion.

    Returns:
        0…1; None if there is no heat.
    """
    heat = cv2.resize(heatmap.astype(np.float32), mask.shape[::-1])
    total = float(heat.sum(dtype=np.float64))
    if total <= 0:
        return None
    return float(heat[mask].sum(dtype=np.float64)) / total


def reachable_share(mask: np.ndarray, grid: tuple[int, int]) -> float | None:
    """What `share_inside` gives for a map with heat on nothing but the lesion: below 1, and far
    below for a small lesion, since places are coarse and lie across the outline.

    Args:
        mask: bool H×W, true on the lesion.
        grid: rows and columns of the map.

    Returns:
        0…1; None for an empty mask.
    """
    places = cv2.resize(mask.astype(np.float32), grid[::-1], interpolation=cv2.INTER_AREA)
    return share_inside(places, mask)


def agreement(heatmap: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps of one shape, place by place.

    Returns:
        -1 (hot where the other is cold) … 1 (the same order of all places); None if one is flat.
    """
    if heatmap.min() == heatmap.max() or other.min() == other.max():
        return None
    from scipy.stats import spearmanr  # takes long to import

    return float(spearmanr(heatmap.ravel(), other.ravel()).statistic)
