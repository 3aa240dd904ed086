"""The losses against figures worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from train.losses import BCEDice, LogitAdjustedCrossEntropy


def test_logit_adjusted_cross_entropy_by_hand() -> None:
    loss = LogitAdjustedCrossEntropy(torch.tensor([0.75, 0.25]))
    # Equal scores: the prior alone decides, p = (3/4, 1/4).
    found = loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    # A score of log 3 for the rare class makes up for the prior: p = (1/2, 1/2).
    found = loss(torch.tensor([[0.0, math.log(3)]]), torch.tensor([1]))
    assert found.item() == pytest.approx(math.log(2))


def test_logit_adjustment_with_equal_priors_is_plain_cross_entropy() -> None:
    logits, labels = torch.randn(5, 7), torch.arange(5)
    found = LogitAdjustedCrossEntropy(torch.full((7,), 1 / 7))(logits, labels)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits, labels))


def square(side: int, size: int = 32) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., :side, :side] = 1
    return mask


def test_bce_dice_extremes() -> None:
    mask = square(16)
    right, wrong = (mask - 0.5) * 200, (0.5 - mask) * 200
    for weight in (0.0, 0.5, 1.0):
        assert BCEDice(weight)(right, mask).item() == pytest.approx(0, abs=1e-5)
    assert BCEDice(1.0)(wrong, mask).item() == pytest.approx(1, abs=2e-3)
    assert BCEDice(0.0)(wrong, mask).item() == pytest.approx(100)
    assert BCEDice(0.5)(wrong, mask).item() == pytest.approx(50.5, abs=1e-2)


def test_bce_dice_by_hand() -> None:
    mask = square(16)  # 256 of 1024 pixels
    zero = torch.zeros_like(mask)  # p = 1/2 everywhere
    dice = (2 * 128 + 1) / (512 + 256 + 1)
    assert BCEDice(1.0)(zero, mask).item() == pytest.approx(1 - dice)
    assert BCEDice(0.0)(zero, mask).item() == pytest.approx(math.log(2))
    assert BCEDice(0.25)(zero, mask).item() == pytest.approx(0.75 * math.log(2) + 0.25 * (1 - dice))


def test_small_lesions_weigh_as_much_as_large_ones() -> None:
    small, large = square(4), square(28)
    missed = torch.full_like(small, -100.0)
    found = [(m - 0.5) * 200 for m in (small, large)]
    loss = BCEDice(1.0)
    miss_small = loss(torch.cat([missed, found[1]]), torch.cat([small, large]))
    miss_large = loss(torch.cat([found[0], missed]), torch.cat([small, large]))
    assert miss_small.item() == pytest.approx(0.5, abs=0.05)
    assert miss_large.item() == pytest.approx(0.5, abs=0.05)


def test_empty_masks() -> None:
    empty = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    assert BCEDice(0.5)(torch.full((2, 1, 32, 32), -100.0), empty).item() == pytest.approx(0)
    assert BCEDice(1.0)(torch.full((2, 1, 32, 32), 100.0), empty).item() > 0.99


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("side", [0, 4, 32])
def test_gradients_are_finite(side: int, scale: float) -> None:
    logits = (torch.randn(1, 1, 32, 32) * scale).requires_grad_()
    BCEDice(0.5)(logits, square(side)).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    scores = (torch.randn(4, 7) * scale).requires_grad_()
    rare = torch.tensor([1 - 6e-6, *[1e-6] * 6])
    LogitAdjustedCrossEntropy(rare)(scores, torch.arange(4)).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
