"""Numbers as people read them, in one way everywhere."""

_WORDS = ("", "", "twice", "three times", "four times", "five times", "six times", "seven times")


def percent(share: float, digits: int = 0) -> str:
    """A share 0…1 as a percentage: `12 %`."""
    return f"{share * 100:.{digits}f} %"


def chance(probability: float) -> str:
    """A probability as a percentage that never claims certainty: `<1 %`, `12 %`, `>99 %`."""
    value = probability * 100
    if value < 1:
        return "<1 %"
    if value > 99:
        return ">99 %"
    return f"{value:.0f} %"


def signed(value: float, digits: int) -> str:
    """A difference: `+0.04`, `−0.04`; without a sign what rounds to 0."""
    number = f"{value:+.{digits}f}".replace("-", "−")
    return number[1:] if float(number[1:]) == 0 else number


def times(probability: float, usual: float) -> str:
    """A probability beside the usual share > 0, ready for "its usual …": `twice`, `four times`,
    `1.6 times`, `23 times`, `about`, `less than`."""
    ratio = probability / usual
    if ratio < 0.95:
        return "less than"
    if ratio < 1.05:
        return "about"
    whole = round(ratio)
    if ratio >= len(_WORDS) - 0.5:
        return f"{whole} times"
    if whole >= 2 and abs(ratio - whole) < 0.15:
        return _WORDS[whole]
    return f"{ratio:.1f} times"
