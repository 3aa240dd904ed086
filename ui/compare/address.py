"""Which two photos the Compare page shows, as its address tells it: a reload and a link lead to the
same ones. Photos of one's own are in no address. Whatever stands in an address is a stranger's:
what names no photo is passed over."""

from collections.abc import Sequence

import streamlit as st

from core.lesion.phantom import practice_titles
from ui.analyse import address
from ui.choices import AddressPart

SIDES = ("left", "right")
"""Names in the address."""
_PART = AddressPart(SIDES, "compare_address_seen")


def read(slots: Sequence[str]) -> None:
    """Take over what the address says, unless it was this session that wrote it there. To be called
    before the pickers. `slots` of the left and the right one, as for `cases.pick`."""
    now = _PART.news()
    for side, slot in zip(SIDES, slots, strict=True):
        for name, value in _choice(now.get(side, "")).items():
            st.session_state[slot + name] = value


def write(slots: Sequence[str]) -> None:
    """Have the address say what the page shows now. To be called after the pickers."""
    told = {side: _told(slot) for side, slot in zip(SIDES, slots, strict=True)}
    _PART.write({side: name for side, name in told.items() if name})


def _practice() -> dict[str, str]:
    """Titles of the practice lesions by their names in the address."""
    return {f"practice{n}": title for n, title in enumerate(practice_titles(), start=1)}


def _choice(told: str) -> dict[str, object]:
    """What a picker's session holds, behind its slot, for a photo of the address; empty if that
    names none."""
    if told in _practice():
        return {"source": "practice", "practice": _practice()[told]}
    if found := address.known([address.image_id_of(told)]):
        return {"source": "dataset", "case": found[0], "pinned": True}
    return {}


def _told(slot: str) -> str | None:
    """What the address calls the photo that a picker shows; None: it has no name there."""
    say = st.session_state
    source = say.get(f"{slot}source")
    if source == "dataset":
        return say.get(f"{slot}case")
    shown = say.get(f"{slot}practice") if source == "practice" else None
    return next((name for name, title in _practice().items() if title == shown), None)
