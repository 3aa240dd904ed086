"""Compare: two photos, side by side, under the same switches."""

import streamlit as st

from core.answer.words import WORRIED
from ui import answer
from ui import case_picker as cases
from ui.compare import address, pair

head = st.container(horizontal=True, vertical_alignment="bottom")
head.title(
    "Compare two photos",
    anchor=False,
    help="Two lesions side by side, or one mole on two dates, under the same switches.",
)
head.button("Swap sides", icon=":material/swap_horiz:", on_click=pair.swap)

address.read(pair.slots())
found: list[pair.Side] = []
for label, slot, place in zip(
    ("Left", "Right"), pair.slots(), st.columns(2, gap="large"), strict=True
):
    with place:
        st.header(label, anchor=False)
        case = cases.pick(slot, unlike=found[0].case.name if found and found[0].case else "")
        if case is None:
            found.append(pair.Side(label))
            continue
        taken, width_mm = pair.follow_up(case, slot)
        shown = answer.attempt(case, slot)
        answered = shown is not None and answer.wanted(shown, slot)
        if shown and answered:
            answer.warn(case, shown)
        found.append(pair.Side(label, case, shown, answered, taken, width_mm))

address.write(pair.slots())
sides = found[0], found[1]
pair.interval(*sides)
if any(side.shown for side in sides):
    pair.photos(sides)
    if any(side.answered for side in sides):
        pair.answers(sides)
        if any(side.case and side.case.own and side.answered for side in sides):
            st.info(WORRIED, icon=":material/health_and_safety:")
        pair.measurements(sides)
        pair.truths(sides)
else:
    st.info("Choose a photo on each side to compare them.", icon=":material/compare:")
