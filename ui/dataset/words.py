"""Names for people of what the tables call by short keys."""

from core.glossary import CONFIRMED_BY
from core.lesion.measure_words import LABELS
from core.taxonomy import BY_KEY

TITLES = {
    "dx": "Diagnosis",
    "localization": "Site",
    "sex": "Sex",
    "age": "Age in years",
    "age_band": "Age",
    "dx_type": "Confirmed by",
    "split": "Split",
    "photos": "Images of the lesion",
    "answer": "The model's answer",
    "right": "Right or wrong",
    "p_true": "Probability of the true diagnosis",
    **LABELS,
}
IN_BINS = " in bins"
"""Ends the name of the column that has the bins of a measurement."""
_VALUES = {
    **CONFIRMED_BY,
    "train": "training",
    "right": "answered correctly",
    "wrong": "answered wrongly",
}


def title(column: str) -> str:
    """What a column is called; of one not known here, its own name."""
    column = column.removesuffix(IN_BINS)
    return TITLES.get(column) or column.replace("_", " ").capitalize()


def name(column: str, value: object) -> str:
    """What a value of a column is called."""
    if column in ("dx", "answer"):
        return BY_KEY[str(value)].name
    if column.endswith(IN_BINS):
        return f"{title(column)} {value}"
    if column == "age_band":
        return "age unknown" if value == "unknown" else f"age {value}"
    if column == "photos":
        return "1 image of the lesion" if value == 1 else f"{value} images of the lesion"
    if column in ("sex", "localization") and value == "unknown":
        return f"{title(column).lower()} unknown"
    return _VALUES.get(str(value), str(value))


def short(column: str, value: object) -> str:
    """The same on an axis that has the column's title."""
    if value == "unknown" or column in ("age_band", "photos") or column.endswith(IN_BINS):
        return str(value)
    return name(column, value)
