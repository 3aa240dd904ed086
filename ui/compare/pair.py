"""Two photos side by side: the sides, what they share, and how they differ."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.answer.analyser import Analysis
from core.imaging.image import resize, to_jpeg
from core.lesion.align import Size, aligned, centred
from core.taxonomy import BY_KEY, ORDER
from ui import answer
from ui.case import Case
from ui.choices import choose_one
from ui.compare import differences
from ui.figures import describe_bars, frame_colour, paired_bars, show_figure
from ui.photo import PLAIN, Layers, in_words, notes, switches
from ui.scale import width_mm
from ui.state import ShownAnalysis
from ui.text import as_text

OWN = "own"
HEATMAPS = {OWN: "Each photo's own answer"} | {k: BY_KEY[k].name for k in ORDER}
SIZES = {"fit": "Fit", "pixels": "Same pixels", "mm": "Same millimetres"}


@dataclass(frozen=True, eq=False)
class Side:
    """A side of the pair.

    Attributes:
        label: what it is called, `Left` or `Right`.
        case: what was picked there, if anything.
        shown: the analysis, if there is one.
        answered: whether what the models say of the photo is shown, as for `ui.answer.wanted`.
        taken: when the photo was taken, if the student said so.
        width_mm: millimetres of skin that the photo's width spans, if the student said so.
    """

    label: str
    case: Case | None = None
    shown: ShownAnalysis | None = None
    answered: bool = False
    taken: date | None = None
    width_mm: float | None = None

    @property
    def analysis(self) -> Analysis | None:
        """What is told of the photo; None where it is not answered."""
        return self.shown.analysis if self.shown and self.answered else None


def slots() -> tuple[str, str]:
    """Slots of the case pickers of the left and the right side."""
    return st.session_state.get("sides", ("one_", "two_"))


def swap() -> None:
    """All that was chosen on a side goes over to the other one."""
    st.session_state["sides"] = slots()[::-1]


def follow_up(case: Case, slot: str) -> tuple[date | None, float | None]:
    """Ask for the date of a photo and the millimetres its width spans, both optional."""
    first, second = st.columns(2, vertical_alignment="bottom")
    taken = first.date_input(
        "Taken on",
        value=None,
        min_value=date(1970, 1, 1),
        max_value="today",
        format="YYYY-MM-DD",
        key=f"{slot}taken_{case.digest}",
        persist_state="session",
    )
    return taken, width_mm(case, slot, second)


def interval(left: Side, right: Side) -> None:
    """The time between the photos, and whether they are the same photo or lesion."""
    if left.taken and right.taken:
        days = (right.taken - left.taken).days
        words = f"{abs(days):,} day{'s' if abs(days) > 1 else ''}"
        if days < 0:
            st.warning(
                f"The left photo was taken {words} after the right one. Swap the sides to have the "
                "earlier one on the left.",
                title="Later on the left",
                icon=":material/event_busy:",
            )
        elif days > 0:
            st.write(f":material/event: **{words}** from the left photo to the right one.")
        else:
            st.write(":material/event: Both photos were taken on **the same day**.")
    if not (left.case and right.case):
        return
    if left.case.digest == right.case.digest:
        st.caption(":material/info: Both sides show the same photo. Choose another one.")
    elif (
        left.case.record is not None
        and right.case.record is not None
        and left.case.record["lesion_id"] == right.case.record["lesion_id"]
    ):
        st.caption(":material/info: HAM10000 lists both as photos of the same lesion.")


@st.fragment
def photos(sides: tuple[Side, Side]) -> None:
    """Both photos and their one set of switches; a switch redraws only this, no network runs. A
    photo that is not answered stays plain."""
    places = st.columns(2, gap="large")
    layers = PLAIN
    if any(side.answered for side in sides):
        layers = switches(st.container(horizontal=True, vertical_alignment="center"))
    target = OWN
    if layers.heatmap:
        target = st.pills(
            "Heatmap for",
            list(HEATMAPS),
            format_func=HEATMAPS.__getitem__,
            default=OWN,
            required=True,
            key="pair_target",
            persist_state="session",
            wrap=True,
        )
    how = choose_one(
        "Size on the screen",
        SIZES,
        "pair_size",
        help="Fit: each as large as there is room. Same pixels, same millimetres: so that one of "
        "them is equally long on both photos.",
    )
    present = [side for side in sides if side.shown]
    if how == "mm" and not all(side.width_mm for side in present):
        st.caption(
            ":material/info: For this, type the width in mm of both photos. Until then, each fits."
        )
        how = "fit"
    if layers.heatmap:
        st.caption(
            "Brightest means the strongest evidence within that photo, so how bright a heatmap is "
            "cannot be compared between photos; where it is bright can."
        )
    sizes = _sizes(present, how)
    frame = max(size[0] for size in sizes.values()), max(size[1] for size in sizes.values())
    for side, place in zip(sides, places, strict=True):
        with place:
            if side.shown:
                _photo(side, layers, target, sizes[side.label], frame)
            else:
                st.markdown(f"**{side.label}**")
                st.caption("No photo to show on this side.")


def _sizes(present: list[Side], how: str) -> dict[str, Size]:
    """How large the photo of each label is drawn, in pixels, none larger than its preview."""
    shown = [side.shown for side in present if side.shown]
    sizes = [(s.preview.shape[1], s.preview.shape[0]) for s in shown]
    if how == "pixels":
        sizes = aligned(sizes, [s.analysis.width for s in shown])
    elif how == "mm":
        sizes = aligned(sizes, [side.width_mm for side in present if side.width_mm])
    return dict(zip([side.label for side in present], sizes, strict=True))


def _photo(side: Side, layers: Layers, target: str, size: Size, frame: Size) -> None:
    """One photo with its layers, of a size in a frame, both in pixels."""
    case, shown = side.case, side.shown
    assert case is not None
    assert shown is not None
    if not side.answered:
        layers = PLAIN
    st.markdown(f"**{side.label}** {as_text(case.name)}")
    key = shown.analysis.prediction if target == OWN else target
    rgb = shown.preview
    if size != (rgb.shape[1], rgb.shape[0]):
        rgb = resize(rgb, size)
    drawn = layers.draw(rgb, shown.mask, shown.analysis.heatmap(key))
    st.image(
        to_jpeg(centred(drawn, frame, frame_colour())),
        width="stretch",
        alt=f"{side.label}: {in_words(case, shown, layers, key)}",
    )
    notes(case, shown, layers, key)


def answers(sides: tuple[Side, Side]) -> None:
    """Both answers in words, and all probabilities in one chart."""
    for side, place in zip(sides, st.columns(2, gap="large"), strict=True):
        if side.shown and side.answered:
            with place:
                st.markdown(f"**{side.label}**")
                answer.headline(side.shown)
    left, right = (side.analysis for side in sides)
    words = [f"{s.label}: {describe_bars(s.analysis)}" for s in sides if s.analysis]
    show_figure(paired_bars(left, right), ". ".join(words), "pair_bars")
    st.caption(
        "Solid bar (L): left. Pale bar (R): right. Hatched: the malignant group. "
        "Seven answers are all the model knows; on each side they sum to 100 %."
    )


def measurements(sides: tuple[Side, Side]) -> None:
    """The measurements of both photos and their differences, as far as there are any."""
    left, right = (side.analysis.measurements if side.analysis else None for side in sides)
    per_px = [s.width_mm / s.shown.analysis.width for s in sides if s.shown and s.width_mm]
    scales = (per_px[0], per_px[1]) if len(per_px) == 2 else None
    st.header("Measurements", anchor=False)
    st.table(differences.table(left, right, scales))
    for side, measured in zip(sides, (left, right), strict=True):
        if side.answered and measured is None:
            st.caption(f":material/info: {side.label}: no lesion was outlined.")
        elif measured and measured.touches_border:
            st.caption(
                f":material/info: {side.label}: the lesion reaches the frame and may be cut off."
            )
    st.caption(
        "Millimetres are as good as the widths that you typed."
        if scales
        else "Pixels of two photos differ in size. Type the width in mm of both photos to compare "
        "lengths in millimetres."
    )
    st.caption(
        "Difference: right minus left. It is no proof that the lesion has changed: distance, zoom, "
        "angle, light and the U-Net's own outline alter the figures too; shares of the frame "
        "change with every zoom. Asymmetry, compactness and solidity do not depend on the zoom."
    )


def truths(sides: tuple[Side, Side]) -> None:
    """The true diagnoses of the dataset's cases that are answered, behind one switch."""
    known = [side for side in sides if side.answered and side.case and side.case.record is not None]
    if not known:
        return
    names = "_".join(side.case.name for side in known if side.case)
    if not st.toggle("Reveal the true diagnoses", key=f"reveal_pair_{names}"):
        st.caption("Think first: what would you have said?")
        return
    for side, place in zip(sides, st.columns(2, gap="large"), strict=True):
        if side in known and side.case and side.shown:
            with place:
                st.markdown(f"**{side.label}**")
                answer.truth(side.case, side.shown)
