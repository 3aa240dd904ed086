"""The seven diagnoses of HAM10000, in the order of the models and files (`KEYS`) and in the one
that people read (`ORDER`).

Names and groups follow Tschandl, Rosendahl, Kittler, "The HAM10000 dataset", Scientific Data
5:180161 (2018), doi 10.1038/sdata.2018.161. Malignant means: malignant or a precursor that is
treated as such (`akiec` holds actinic keratoses and intraepithelial carcinoma).

The colours are those of the theme: any two stay apart with red, green or blue blindness, and each
has a contrast of at least 3:1 with the page.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One class: its key in the dataset, name, group, looks in charts and a short text."""

    key: str
    name: str
    plural: str
    """Its name for several lesions, with a small first letter."""
    malignant: bool
    colour: str
    """Hex colour on light backgrounds, fixed across the app."""
    colour_on_dark: str
    """The same on dark backgrounds, of the same hue family."""
    marker: str
    """Of points in charts, by Plotly's name; colour is never the only sign."""
    text: str

    @property
    def group(self) -> str:
        """`malignant` or `benign`."""
        return "malignant" if self.malignant else "benign"

    @property
    def name_in_sentence(self) -> str:
        """Its name, with a small first letter."""
        return self.name[0].lower() + self.name[1:]

    @property
    def with_group(self) -> str:
        """Its name, and that it counts as malignant or benign (a precursor is no cancer yet)."""
        return f"{self.name} ({self.group} group)"


DIAGNOSES: tuple[Diagnosis, ...] = (
    Diagnosis(
        "akiec",
        "Actinic keratosis / Bowen's disease",
        "actinic keratoses / Bowen's disease",
        True,
        "#BB8909",
        "#D3993E",
        "circle",
        "Sun-damaged keratinocytes, from precancerous patches to carcinoma in situ.",
    ),
    Diagnosis(
        "bcc",
        "Basal cell carcinoma",
        "basal cell carcinomas",
        True,
        "#5C69C0",
        "#7592ED",
        "square",
        "The most common skin cancer; arborising vessels, blue-grey nests, rarely spreads.",
    ),
    Diagnosis(
        "bkl",
        "Benign keratosis",
        "benign keratoses",
        False,
        "#196204",
        "#CBE97D",
        "diamond",
        "Seborrhoeic keratosis, solar lentigo and lichen-planus-like keratosis.",
    ),
    Diagnosis(
        "df",
        "Dermatofibroma",
        "dermatofibromas",
        False,
        "#1B9EA8",
        "#35CBAF",
        "triangle-up",
        "A firm benign nodule, often with a white scar-like centre and a fine network around it.",
    ),
    Diagnosis(
        "mel",
        "Melanoma",
        "melanomas",
        True,
        "#C95060",
        "#CA3C1F",
        "cross",
        "Cancer of the melanocytes; asymmetry, atypical network, several colours.",
    ),
    Diagnosis(
        "nv",
        "Melanocytic naevus",
        "melanocytic naevi",
        False,
        "#38393B",
        "#747676",
        "x",
        "A benign mole; mostly symmetric with a regular network, globules or even colour.",
    ),
    Diagnosis(
        "vasc",
        "Vascular lesion",
        "vascular lesions",
        False,
        "#732C80",
        "#FEB0FE",
        "star",
        "Angiomas, angiokeratomas, pyogenic granulomas and haemorrhage; red to purple lacunae.",
    ),
)

KEYS: tuple[str, ...] = tuple(d.key for d in DIAGNOSES)
BY_KEY: dict[str, Diagnosis] = {d.key: d for d in DIAGNOSES}

ORDER: tuple[str, ...] = ("mel", "bcc", "akiec", "nv", "bkl", "df", "vasc")
"""Keys in the one order in which people read them, wherever they are listed: the malignant group
first, and in each group the most common first."""


def class_name(key: str) -> str:
    """A class's name: the key itself where a classifier names something else than our diagnoses."""
    return BY_KEY[key].name if key in BY_KEY else key


def class_in_sentence(key: str) -> str:
    """`class_name` with a small first letter, where it is a diagnosis."""
    return BY_KEY[key].name_in_sentence if key in BY_KEY else key
