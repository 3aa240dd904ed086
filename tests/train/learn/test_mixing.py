"""Photos of a batch mixed two by two."""

from __future__ import annotations

import pytest
import torch

from tests.train.few import prepared
from train.config import ClassifierConfig
from train.learn import classifier
from train.learn.classifier import ClassifierTraining
from train.learn.mixing import mixed
from train.stages import Stage

SIZE = 16


def plain_photos(count: int = 6) -> torch.Tensor:
    """Photo i is of the value i everywhere."""
    return torch.arange(float(count))[:, None, None, None].expand(count, 3, SIZE, SIZE).clone()


def test_without_a_share_nothing_is_mixed() -> None:
    x, before = plain_photos(), torch.get_rng_state()
    found, partner, own = mixed(x, 0.0)
    assert torch.equal(torch.get_rng_state(), before)  # the augmentation draws from it, too
    assert found is x
    assert own == 1
    assert partner.tolist() == list(range(len(x)))


def test_every_photo_is_itself_and_its_partner_in_the_shares_that_are_told() -> None:
    torch.manual_seed(5)
    kinds = set()
    for _ in range(60):
        x = plain_photos()
        found, partner, own = mixed(x, 1.0)
        told = own * torch.arange(6.0) + (1 - own) * partner
        assert torch.allclose(found.mean((1, 2, 3)), told, atol=1e-4)
        assert torch.equal(x, plain_photos())  # the batch itself is left alone
        values = found[0].unique()
        kinds.add("rectangle" if set(values.tolist()) <= {0.0, float(partner[0])} else "both")
    assert kinds == {"rectangle", "both"}


def test_the_labels_count_as_their_photos_do(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ClassifierConfig(
        architecture="small-cnn", start="random", stages=(Stage(1, 32),), epoch_images=8, batch=4
    )
    training = ClassifierTraining(config, prepared(config)).eval()
    training.log = lambda *_, **__: None  # type: ignore[method-assign]
    pixels = torch.randint(0, 255, (4, 32, 32, 3), dtype=torch.uint8)
    labels, sources = torch.tensor([0, 1, 2, 3]), torch.zeros(4, dtype=torch.long)
    partner = torch.tensor([3, 2, 1, 0])
    one, other = (
        training.training_step((pixels, truth, sources), 0) for truth in (labels, labels[partner])
    )
    monkeypatch.setattr(classifier, "mixed", lambda x, share: (x, partner, 0.25))
    both = training.training_step((pixels, labels, sources), 0)
    torch.testing.assert_close(both, 0.25 * one + 0.75 * other)
