"""What a line through the predictions means."""

import numpy as np

from core.answer.threshold import MALIGNANT, Outcomes


def test_malignant_is_the_three() -> None:
    assert {"mel", "bcc", "akiec"} == MALIGNANT


def test_a_thousand_lesions_by_hand() -> None:
    assert Outcomes.of(0.9, 0.8, 0.1) == Outcomes(90, 10, 180, 720)
    assert Outcomes.of(1.0, 0.0, 0.5, 10) == Outcomes(5, 0, 5, 0)


def test_every_lesion_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    for sensitivity, specificity, prevalence in rng.random((200, 3)):
        out = Outcomes.of(sensitivity, specificity, prevalence)
        parts = (out.found, out.missed, out.false_alarms, out.left_alone)
        assert sum(parts) == 1000
        assert min(parts) >= 0
