"""Photos of a batch mixed two by two, so that a network cannot learn them by heart: a rectangle of
one in the other (CutMix: Yun et al., ICCV 2019), or one shining through the other (mixup: Zhang et
al., ICLR 2018), with equal chance, as timm's recipes do (Wightman et al., "ResNet strikes back",
2021). How much of each is drawn as in the papers' trainings on ImageNet.
"""

import math

import torch
from torch import Tensor
from torch.distributions import Beta

MIXUP_ALPHA = 0.2
"""Of mixup's Beta(alpha, alpha), as for ImageNet in its paper: mostly one photo."""


def mixed(x: Tensor, share: float) -> tuple[Tensor, Tensor, float]:
    """A batch's photos mixed with a `share` of chance, else as they are. Draws from torch's global
    state.

    Args:
        x: photos N×3×S×S, float.
        share: 0 to 1.

    Returns:
        the photos, N×3×S×S; for each the place of the one mixed in, N; and how much of each photo
        is itself, 0 to 1.
    """
    partner = torch.arange(len(x))
    if not share or torch.rand(()).item() >= share:
        return x, partner, 1.0
    partner = torch.randperm(len(x))
    if torch.rand(()).item() < 0.5:
        own = float(Beta(MIXUP_ALPHA, MIXUP_ALPHA).sample())
        own = max(own, 1 - own)
        return torch.lerp(x[partner], x, own), partner, own
    size, centre = x.shape[-1], torch.rand(2)
    half = math.sqrt(torch.rand(()).item()) / 2
    top, left = ((centre - half) * size).round().long().clip(0, size).tolist()
    bottom, right = ((centre + half) * size).round().long().clip(0, size).tolist()
    x = x.clone()
    x[..., top:bottom, left:right] = x[partner][..., top:bottom, left:right]
    return x, partner, 1 - (bottom - top) * (right - left) / size**2
