"""How sure is it? The answer's spread, the photo's quality, eight views, and no hair."""

import math
from collections import Counter

import streamlit as st

from core.answer.analyser import DECODED_PX, Analysis
from core.answer.eight_views import EightViews
from core.answer.entropy import Band, band_of, bands, entropy
from core.answer.words import DOMAIN_NAMES, domain_note
from core.evaluation.files import EvaluationError
from core.formatting import chance, percent
from core.imaging.image import ImageError, LesionImage, to_jpeg
from core.imaging.overlay import canvas_for
from core.lesion.hair import remove_hair
from core.lesion.quality import KINDS, MEASURED_PX, about_limits
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY, ORDER
from ui import state
from ui.case import Case
from ui.figures import describe_spread, show_figure, spread_bars
from ui.performance.evaluations import report_in_use
from ui.state import ShownAnalysis
from ui.text import as_text

TITLE = ":material/psychology_alt: How sure?"
WORDS = {"low": "Little doubt", "medium": "Some doubt", "high": "Much doubt"}
THIRDS = {
    "low": "least spread out",
    "medium": "neither most nor least spread out",
    "high": "most spread out",
}
"""Which third of the photos a band is."""
HOLDS = "It holds for photos like HAM10000's."
"""Of how often the model was right."""


def show(case: Case, shown: ShownAnalysis) -> None:
    """Everything that tells how far to trust the answer."""
    _familiar(case, shown)
    _spread(shown)
    _quality(shown, case.taken)
    _views(case)
    _hair(case, shown)


def _familiar(case: Case, shown: ShownAnalysis) -> None:
    analyser = state.model_server().analyser
    novelty, limit = shown.analysis.novelty, analyser.reference.threshold
    st.markdown(
        f"**{DOMAIN_NAMES[shown.analysis.domain]}.** Difference score {novelty:.1f} (typical "
        f"training photo 1; above {limit:.1f} a photo is not familiar)."
    )
    if note := domain_note(shown.analysis.domain, analyser.classifier_card, case.own):
        st.caption(note[1])


def in_words(shown: ShownAnalysis) -> str | None:
    """How often the model was right where its probabilities were as spread out as here, in plain
    text; None if that is not known, or the photo is no dermoscopy."""
    if not shown.analysis.in_domain:
        return None
    try:
        band = _band(shown)
    except EvaluationError:
        return None
    return f"{WORDS[band.name]}. {_how_often(band)} {HOLDS}"


def _band(shown: ShownAnalysis) -> Band:
    """Raises EvaluationError."""
    found = report_in_use("validation")
    right = found.named(by_rule=True) == found.predictions["dx"].to_numpy()
    of_all = bands(found.predictions[found.classes].to_numpy(), right)
    return band_of(float(entropy(shown.analysis.probabilities)), of_all)


def _how_often(band: Band, mark: str = "") -> str:
    """A sentence; `mark` stands around its figure."""
    return (
        f"Of the {band.images:,} validation photos whose probabilities were about as spread out "
        f"as here, the model was right in {mark}{percent(band.right)}{mark}."
    )


def _spread(shown: ShownAnalysis) -> None:
    analysis = shown.analysis
    spread, most = float(entropy(analysis.probabilities)), math.log(len(analysis.classes))
    figure = (
        f"Spread of the seven probabilities: entropy {spread:.2f} nats, {percent(spread / most)} "
        "of the most there can be (all seven equally probable)."
    )
    if not analysis.in_domain:
        st.markdown(figure)
        st.caption("How often the model is right at such a spread is known for dermoscopy only.")
        return
    try:
        band = _band(shown)
    except EvaluationError as error:
        st.markdown(figure)
        st.caption(f":material/info: {as_text(str(error))}")
        return
    st.markdown(f"**{WORDS[band.name]}.** {_how_often(band, '**')}", help=figure)
    st.caption(
        f"Compared with the third of the validation photos whose probabilities were "
        f"{THIRDS[band.name]}. {HOLDS}"
    )


def _quality(shown: ShownAnalysis, taken: bool | None) -> None:
    st.subheader("The photo itself", anchor=False)
    remarkable = shown.remarks(taken)
    for words in remarkable.values():
        st.markdown(f":material/photo_camera: {words}")
    if not remarkable and shown.analysis.in_domain:
        st.markdown(":material/check: Nothing unusual was measured about this photo.")
    if shown.analysis.measurements is None:
        st.caption("No lesion was outlined, so only the photo as a whole was measured.")
    about = about_limits()
    high = about["percentiles"][1]
    with st.expander("What was measured"):
        st.table(
            {
                "Measure": [KINDS[check.key].title for check in shown.quality],
                "This photo": [_in_unit(check.key, check.value) for check in shown.quality],
                "Usual": [_usual(check.key, check.low, check.high) for check in shown.quality],
            }
        )
        st.caption(
            f"Usual: as {high} % of the {about['images']:,} photos of HAM10000's {about['split']} "
            "split are, in each direction in which a photo may mislead; but a lesion should never "
            f"reach the frame. Measured on the photo reduced to {MEASURED_PX} pixels, about what "
            "the networks see."
        )


def _usual(key: str, low: float | None, high: float | None) -> str:
    if high == 0:
        return "none"
    ends = " to ".join(_in_unit(key, end) for end in (low, high) if end is not None)
    if high is None:
        return f"{ends} or more"
    return f"{ends} or less" if low is None else ends


def _in_unit(key: str, value: float) -> str:
    unit = KINDS[key].unit
    if unit == "share":
        return percent(value, 1)
    return f"{unit} {value:.0f}" if unit else f"{value:.2f}"


def _views(case: Case) -> None:
    st.subheader("The same photo, turned and mirrored", anchor=False)
    st.markdown(
        "A lesion has no right way up: turned by quarters and mirrored, a photo is as good as "
        "before. So what changes in the answer is the model's own doubt."
    )
    model_server, place = state.model_server(), st.empty()
    views = model_server.remembered_views(case.digest)
    if views is None:
        if not place.button(
            "Ask about all eight views", icon=":material/screen_rotation_alt:", key="ask_views"
        ):
            return
        try:
            views = state.in_turn("Classifying eight views…", lambda: model_server.ask_views(case))
        except (ImageError, BusyError) as error:
            st.warning(as_text(str(error)))
            return
        place.empty()
    _show_views(views)


def _show_views(views: EightViews) -> None:
    answer = BY_KEY[views.named[0]].name
    others = Counter(BY_KEY[key].name for key in views.named if key != views.named[0])
    instead = ", ".join(f"{name} ({count})" for name, count in others.most_common())
    st.markdown(
        f"**{views.agreeing} of 8** views give the answer {answer}"
        + (f"; the others: {instead}." if others else ".")
    )
    show_figure(spread_bars(views), describe_spread(views), "bars_views")
    st.caption(
        "Bar: the photo as it is. Line: from the lowest to the highest of the eight views. "
        "Diamond: their mean."
    )
    with st.expander("In figures"):
        seen = [views.of(key) for key in ORDER]
        st.table(
            {
                "Diagnosis": [BY_KEY[key].name for key in ORDER],
                "Mean ± deviation": [
                    as_text(f"{chance(float(s.mean()))} ± {100 * s.std():.0f}") for s in seen
                ],
                "Lowest to highest": [
                    as_text(f"{chance(float(s.min()))} to {chance(float(s.max()))}") for s in seen
                ],
            }
        )
        most = math.log(len(views.classes))
        st.markdown(
            f"Entropy of the mean: {views.entropy:.2f} nats, {percent(views.entropy / most)} of "
            f"the most there can be. {views.expected_entropy:.2f} of it is the doubt that each "
            f"view has by itself, {views.disagreement:.2f} comes from the views' disagreement "
            "(mutual information)."
        )


def _hair(case: Case, shown: ShownAnalysis) -> None:
    st.subheader("Without hair", anchor=False)
    covered = next(check.value for check in shown.quality if check.key == "hair")
    if not covered:
        st.markdown("No dark hair was found in this photo, so there is nothing to remove.")
        return
    st.markdown(
        f"Dark hair was found on {percent(covered, 1)} of this photo. A program can fill it in "
        "from beside it: does the answer change?"
    )
    if not st.toggle("Show without hair", key=f"hair_{case.digest}"):
        return
    try:
        cleaned = state.analyse(_without_hair(case))
    except (ImageError, BusyError) as error:
        st.warning(as_text(str(error)))
        return
    for column, photo, words in zip(
        st.columns(2, gap="medium"),
        (shown.preview, cleaned.preview),
        ("As it is", "Dark hair filled in"),
        strict=True,
    ):
        column.image(
            to_jpeg(photo), words, width="stretch", alt=f"Photo {case.name}, {words.lower()}"
        )
    before, after = shown.analysis, cleaned.analysis
    st.markdown(_changed(before, after))
    st.table(
        {
            "Diagnosis": [BY_KEY[k].name for k in ORDER],
            "As it is": [as_text(chance(before.probability(k))) for k in ORDER],
            "Without hair": [as_text(chance(after.probability(k))) for k in ORDER],
            "Change": [
                f"{100 * (after.probability(k) - before.probability(k)):+z.1f} points"
                for k in ORDER
            ],
        }
    )
    st.caption(
        ":material/info: Filling in is guessing: it can also wipe out vessels, streaks and other "
        "thin dark structures that a diagnosis rests on, and it leaves white hair. So a changed "
        "answer shows that the model is easily swayed, not that the new answer is better."
    )


def _changed(before: Analysis, after: Analysis) -> str:
    """What is new in a second answer to the same photo: the diagnosis named, and the probability
    that moved most."""

    def moved(key: str) -> str:
        old, new = (chance(a.probability(key)) for a in (before, after))
        return f"stays at {new}" if old == new else f"goes from {old} to {new}"

    first, second = before.prediction, after.prediction
    most = max(before.classes, key=lambda k: abs(after.probability(k) - before.probability(k)))
    if first == second:
        words = f"The answer stays **{BY_KEY[first].name}**, which {moved(first)}."
    else:
        words = (
            f"The answer changes from **{BY_KEY[first].name}** to **{BY_KEY[second].name}**: the "
            f"first {moved(first)}, the second {moved(second)}."
        )
    still = chance(before.probability(most)) == chance(after.probability(most))
    if most in (first, second) or still:
        return words
    return f"{words} **{BY_KEY[most].name}** changes most: it {moved(most)}."


def _without_hair(case: Case) -> Case:
    """The same photo with dark hair filled in, as a case of its own."""

    def cleaned(enough: int | None) -> LesionImage:
        rgb = canvas_for(case.open(enough).rgb, 1, DECODED_PX)
        return LesionImage.from_array(remove_hair(rgb), case.name)

    return Case(case.name, f"{case.digest}-without-hair", cleaned, case.about)
