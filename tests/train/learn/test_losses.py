"""The losses against figures worked out by hand."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch

from train.choices import LOSSES, MASK_LOSSES
from train.learn.losses import (
    LogitAdjustedCrossEntropy,
    Loss,
    bce_dice,
    class_loss,
    focal,
    fuzzy_jaccard,
    mask_loss,
    tversky,
)


def mixed(weight: float) -> Loss:
    return partial(bce_dice, dice_weight=weight)


def test_logit_adjusted_cross_entropy_by_hand() -> None:
    loss = LogitAdjustedCrossEntropy(torch.tensor([[0.75, 0.25]]))
    # Equal scores: the prior alone decides, p = (3/4, 1/4).
    found = loss(torch.zeros(2, 2), torch.tensor([0, 1]), torch.zeros(2, dtype=int))
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    # A score of log 3 for the rare class makes up for the prior: p = (1/2, 1/2).
    found = loss(torch.tensor([[0.0, math.log(3)]]), torch.tensor([1]), torch.tensor([0]))
    assert found.item() == pytest.approx(math.log(2))


def test_logit_adjustment_with_equal_priors_is_plain_cross_entropy() -> None:
    logits, labels = torch.randn(5, 7), torch.arange(5)
    own = torch.zeros_like(labels)
    found = LogitAdjustedCrossEntropy(torch.full((1, 7), 1 / 7))(logits, labels, own)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits, labels))


def square(side: int, size: int = 32) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., :side, :side] = 1
    return mask


def test_bce_dice_extremes() -> None:
    mask = square(16)
    right, wrong = (mask - 0.5) * 200, (0.5 - mask) * 200
    for weight in (0.0, 0.5, 1.0):
        assert mixed(weight)(right, mask).item() == pytest.approx(0, abs=1e-5)
    assert mixed(1.0)(wrong, mask).item() == pytest.approx(1, abs=2e-3)
    assert mixed(0.0)(wrong, mask).item() == pytest.approx(100)
    assert mixed(0.5)(wrong, mask).item() == pytest.approx(50.5, abs=1e-2)


def test_bce_dice_by_hand() -> None:
    mask = square(16)  # 256 of 1024 pixels
    zero = torch.zeros_like(mask)  # p = 1/2 everywhere
    dice = (2 * 128 + 1) / (512 + 256 + 1)
    assert mixed(1.0)(zero, mask).item() == pytest.approx(1 - dice)
    assert mixed(0.0)(zero, mask).item() == pytest.approx(math.log(2))
    assert mixed(0.25)(zero, mask).item() == pytest.approx(0.75 * math.log(2) + 0.25 * (1 - dice))


def test_small_lesions_weigh_as_much_as_large_ones() -> None:
    small, large = square(4), square(28)
    missed = torch.full_like(small, -100.0)
    found = [(m - 0.5) * 200 for m in (small, large)]
    loss = mixed(1.0)
    miss_small = loss(torch.cat([missed, found[1]]), torch.cat([small, large]))
    miss_large = loss(torch.cat([found[0], missed]), torch.cat([small, large]))
    assert miss_small.item() == pytest.approx(0.5, abs=0.05)
    assert miss_large.item() == pytest.approx(0.5, abs=0.05)


def test_empty_masks() -> None:
    empty = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    assert mixed(0.5)(torch.full((2, 1, 32, 32), -100.0), empty).item() == pytest.approx(0)
    assert mixed(1.0)(torch.full((2, 1, 32, 32), 100.0), empty).item() > 0.99


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("side", [0, 4, 32])
def test_gradients_are_finite(side: int, scale: float) -> None:
    logits = (torch.randn(1, 1, 32, 32) * scale).requires_grad_()
    mixed(0.5)(logits, square(side)).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    scores = (torch.randn(4, 7) * scale).requires_grad_()
    rare = torch.tensor([1 - 6e-6, *[1e-6] * 6])
    own = torch.zeros(4, dtype=int)
    LogitAdjustedCrossEntropy(rare[None])(scores, torch.arange(4), own).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_focal_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    found = focal(logits, torch.tensor([0, 0])).item()
    assert found == pytest.approx((0.25 * math.log(2) + 0.0625 * math.log(4 / 3)) / 2)
    assert focal(logits, torch.tensor([0, 1]), gamma=0.0).item() == pytest.approx(
        torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).item()
    )


def test_weighted_classes_weigh_the_same() -> None:
    drawn = torch.tensor([0.75, 0.25])
    labels = torch.tensor([0, 0, 0, 1])
    logits = torch.zeros(4, 2, requires_grad=True)
    loss, _ = class_loss("weighted", drawn[None])
    loss(logits, labels, torch.zeros_like(labels)).backward()
    assert logits.grad is not None
    pull = logits.grad[:, 1]
    assert pull[:3].sum().item() == pytest.approx(-pull[3].item()), "three common, one rare"


@pytest.mark.parametrize("name", LOSSES)
def test_scores_less_their_prior_are_free_of_it(name: str) -> None:
    """Nothing is known of a photo but how often each class is drawn: the scores that make the loss
    small are, less the log of the prior they carry, the same for every class. (Focal loss is no
    proper score, so only about so.)"""
    drawn = torch.tensor([0.7, 0.2, 0.1])
    labels = torch.tensor([0] * 7 + [1] * 2 + [2])
    loss, prior = class_loss(name, drawn[None])
    assert prior.sum().item() == pytest.approx(1)
    scores = torch.zeros(3, requires_grad=True)
    optimiser = torch.optim.LBFGS([scores], max_iter=100)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(scores.expand(10, 3), labels, torch.zeros_like(labels))
        value.backward()
        return value

    optimiser.step(closure)
    free = (scores - prior.log()).detach()
    spread = (free.max() - free.min()).item()
    assert spread < (1.0 if name == "focal" else 0.01)


@pytest.mark.parametrize("name", LOSSES)
def test_a_source_teaches_nothing_of_classes_it_does_not_have(name: str) -> None:
    """A photo of a source with two of three classes pulls at those two alone; one of the data
    itself at all three."""
    drawn = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.4, 0.0]])
    loss, _ = class_loss(name, drawn)
    for source, third in ((0, True), (1, False)):
        logits = torch.randn(1, 3, requires_grad=True)
        loss(logits, torch.tensor([1]), torch.tensor([source])).backward()
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()
        assert bool(logits.grad[0, 2] != 0) == third
        assert logits.grad[0, 0] > 0 > logits.grad[0, 1]


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_every_mask_loss_prefers_the_right_mask(name: str) -> None:
    mask = square(16)
    loss = mask_loss(name)
    right, half, wrong = (
        loss((wanted - 0.5) * 20, mask).item() for wanted in (mask, square(11), 1 - mask)
    )
    assert 0 <= right < 0.1 + 0.1 * (name == "fuzzy")
    assert right < half < wrong


def test_mask_losses_by_name() -> None:
    mask, logits = square(16), torch.randn(1, 1, 32, 32)
    for name, weight in (("bce", 0.0), ("dice", 1.0), ("bce-dice", 0.3)):
        found = mask_loss(name, 0.3)(logits, mask)
        torch.testing.assert_close(found, mixed(weight)(logits, mask))


def test_tversky_by_hand() -> None:
    mask = torch.tensor([1.0, 1, 0, 0]).reshape(1, 1, 2, 2)
    logits = (torch.tensor([1.0, 0, 1, 0]).reshape(1, 1, 2, 2) - 0.5) * 200
    # One hit, one missed, one false.
    found = tversky(logits, mask).item()
    assert found == pytest.approx(1 - 2 / (1 + 0.7 + 0.3 + 1))
    more, less = square(20), square(12)
    over, under = (tversky((m - 0.5) * 200, square(16)).item() for m in (more, less))
    assert under > over, "what is missed costs more"


def test_fuzzy_border_belongs_in_part() -> None:
    mask = square(16)
    member = torch.nn.functional.avg_pool2d(mask, 5, 1, 2, count_include_pad=False)
    graded = torch.logit(member.clamp(1e-6, 1 - 1e-6))
    loss = fuzzy_jaccard
    assert loss(graded, mask).item() == pytest.approx(0, abs=1e-3)
    assert loss(graded, mask) < loss((mask - 0.5) * 200, mask), "a hard border is too sure"
    one = (torch.tensor([[0.5, 0.0]]) + 1e-9).reshape(1, 1, 1, 2)
    found = fuzzy_jaccard(torch.logit(one), torch.tensor([[1.0, 0.0]]).reshape(1, 1, 1, 2), 1)
    assert found.item() == pytest.approx(1 - 1.5 / 2, abs=1e-4)
