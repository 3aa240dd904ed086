"""What is said of an answer, in the same words on screen and in every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.evaluation.figures import Rule
from core.formatting import chance, percent, times
from core.models.cards import Card
from core.models.gate import ELSEWHERE, FAMILIAR, REFUSED
from core.taxonomy import BY_KEY, KEYS, class_in_sentence

if TYPE_CHECKING:
    from core.answer.analyser import Analysis

UNLIKE = "This does not look like a dermatoscopic photo"
"""The title of the warning for a photo out of the models' domain, …"""

UNLIKE_TEXT = (
    "The models learned from dermoscopy of single lesions, of a few clinics. They do not know "
    "everyday photos, nor every clinic's dermoscopy. What they say of this photo means little, "
    "however sure it sounds."
)
"""… and its text."""

DOMAIN_NAMES = {
    FAMILIAR: "Familiar",
    ELSEWHERE: "Another camera or clinic",
    REFUSED: "Not dermoscopy",
}
"""The grades of `core.models.gate`, in words."""

ANOTHER_CAMERA = "Dermoscopy from another camera or clinic than the models learned from"
"""Of a photo that is `ELSEWHERE`."""


OWN = "A photo of your own"
"""Of one that is `FAMILIAR`: most photos of other clinics are, and the answers no better for it."""


LEAST_ELSEWHERE = 50
"""Photos of other clinics below which a share of right answers says too little to be told."""


def domain_note(domain: str, card: Card, own: bool = False) -> tuple[str, str] | None:
    """What to say first of a photo that is not familiar, or not from the dataset: a title without a
    full stop, and a text.

    Args:
        domain: one of `core.models.gate.DOMAINS`.
        card: of the classifier; `elsewhere` in it has the figures of other clinics' photos.
        own: whether a visitor brought the photo along.
    """
    if domain == FAMILIAR and not own:
        return None
    if domain == REFUSED:
        return UNLIKE, UNLIKE_TEXT
    title = OWN if domain == FAMILIAR else ANOTHER_CAMERA
    measured = card.elsewhere
    if measured is None:
        return title, "How well the models do on other clinics' photos has not been measured."
    if measured.images < LEAST_ELSEWHERE:
        return title, "Too few photos of other clinics were measured to say how well the models do."
    text = (
        f"On {measured.images:,} photos of other clinics the answer was right in "
        f"{percent(measured.accuracy)}"
    )
    if measured.melanomas:
        text += f", and {measured.melanomas_found:,} of {measured.melanomas:,} melanomas were found"
    where = str(measured.others.get("how", ""))
    if any(source in where for source in card.training.others.get("more", ())):
        text += ". It learned from other photos of the same clinics: elsewhere it may do worse"
    return title, f"{text}."


SEVEN_ONLY = (
    "Seven answers are all the model knows; they always sum to 100 %, even for a photo of "
    "something else. The percentages assume that diagnoses are as common as in "
    "HAM10000, where two thirds are naevi."
)
"""How to read the seven probabilities."""


LIGHT_SKIN = (
    "On darker skin these models are untested, and are likely to be worse. "
    "Skin tone is not computed from pixels here, since that is unreliable."
)
"""Whom the models know least."""

WORRIED = (
    "LesionLab cannot tell whether a spot on your skin is harmless. If it is new, changing, "
    "bleeding or worries you, have a doctor look at it, whatever this page says."
)
"""What a worried person is told wherever a photo of their own is asked for or answered."""


@dataclass(frozen=True)
class Headline:
    """An answer in words that cannot contradict the chart beside it.

    Attributes:
        main: what to read first.
        before: a line above it, where the diagnosis named is not the most probable one; else empty.
        flagged: key of the diagnosis that is named although another is more probable.
    """

    main: str
    before: str = ""
    flagged: str | None = None

    @property
    def text(self) -> str:
        """All of it as sentences."""
        return f"{self.before}. {self.main}." if self.before else f"{self.main}."


def headline(analysis: Analysis, usual: Mapping[str, float]) -> Headline:
    """What the models say of a photo; of one that looks like no dermoscopy, just that.

    Args:
        analysis: of the photo.
        usual: the share of each diagnosis that the probabilities assume, by key.
    """
    if not analysis.in_domain:
        return Headline(UNLIKE)
    named, likeliest = analysis.prediction, analysis.most_probable
    share = analysis.probability(named)
    if named == likeliest:
        return Headline(f"{BY_KEY[named].name}, {chance(share)}")
    share_of_first = chance(analysis.probability(likeliest))
    first = f"Most probable: {BY_KEY[likeliest].name_in_sentence}, {share_of_first}"
    first += f" (usual {percent(usual[likeliest])})"
    digits = 1 if usual[named] < 0.1 else 0  # else "36 %, 11 times its usual 3 %"
    against = f"{times(share, usual[named])} its usual {percent(usual[named], digits)}"
    if BY_KEY[named].malignant:
        main = f"Flagged: {BY_KEY[named].name_in_sentence}, {chance(share)}, {against}"
    else:
        ratios = {key: analysis.probability(key) / usual[key] for key in analysis.classes}
        most = " most" if max(ratios, key=ratios.__getitem__) == named else ""
        main = f"Stands out{most}: {BY_KEY[named].name_in_sentence}, {chance(share)}, {against}"
    return Headline(main, first, named)


def answer_in_words(rule: Rule) -> str:
    """Which diagnosis the answer is, without a full stop."""
    excess = "furthest above its usual share"
    kinds = {0.0: "the most probable diagnosis", 1.0: f"the diagnosis {excess}"}
    between = f"a compromise between the most probable diagnosis and the one {excess}"
    unknown = "the diagnosis of a rule whose exponent is not stated"
    which = unknown if rule.exponent is None else kinds.get(rule.exponent, between)
    counted = [
        f", with {class_in_sentence(key)} counted {weight:g} times"
        for key, weight in rule.weights.items()
        if weight != 1
    ]
    return "".join([which, *counted])


def rule_in_words(rule: Rule) -> str:
    """How an answer is chosen from the probabilities, without a full stop."""
    formula = ""
    if rule.exponent is not None:
        known = {0.0: "", 0.5: " / √share", 1.0: " / share"}
        divisor = known.get(rule.exponent, f" / share^{rule.exponent:g}")
        formula = f": the highest probability{divisor}"
    return f"{answer_in_words(rule)}{formula}, chosen on {rule.chosen_on or 'photos not stated'}"


def malignant_share(analysis: Analysis) -> float:
    """Probability of the three malignant diagnoses together, 0…1."""
    return sum(analysis.probability(key) for key in KEYS if BY_KEY[key].malignant)
