"""Numbers as people read them."""

from core.formatting import signed


def test_a_difference_has_a_sign_unless_it_rounds_to_nothing() -> None:
    assert [signed(v, 2) for v in (0.044, -0.3, 0.004, -0.004, 0)] == [
        "+0.04", "−0.30", "0.00", "0.00", "0.00"
    ]  # fmt: skip
