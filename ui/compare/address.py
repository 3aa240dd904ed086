"""Which two photos the Compare page shows, as its address tells it: a reload and a link lead to the
same ones, photos of one's own as long as they are kept. Whatever stands in an address is a
stranger's: what names no photo is said so."""

from collections.abc import Sequence

import streamlit as st

from core.lesion.phantom import practice_titles
from ui.analyse import address, uploads
from ui.choices import AddressPart

SIDES = ("left", "right")
"""Names in the address."""
OWN = "photo-"
"""Stands before the key of a photo of one's own."""
_PART = AddressPart(SIDES, "compare_address_seen")


def read(slots: Sequence[str]) -> None:
    """Take over what the address says, unless it was this session that wrote it there. To be called
    before the pickers. `slots` of the left and the right one, as for `cases.pick`."""
    now = _PART.news()
    for side, slot in zip(SIDES, slots, strict=True):
        if told := now.get(side, ""):
            _follow(told, slot)


def write(slots: Sequence[str]) -> None:
    """Have the address say what the page shows now. To be called after the pickers."""
    told = {side: _told(slot) for side, slot in zip(SIDES, slots, strict=True)}
    _PART.write({side: name for side, name in told.items() if name})


def _practice() -> dict[str, str]:
    """Titles of the practice lesions by their names in the address."""
    return {f"practice{n}": title for n, title in enumerate(practice_titles(), start=1)}


def _follow(told: str, slot: str) -> None:
    """Have a picker show the photo that the address names."""
    say = st.session_state
    if told in _practice():
        say.update({f"{slot}source": "practice", f"{slot}practice": _practice()[told]})
    elif told.startswith(OWN):
        if not uploads.restore(told.removeprefix(OWN), slot):
            say.update({f"{slot}source": "upload", f"{slot}upload_lost": True})
    else:
        address.ask_for(address.image_id_of(told), slot)


def _told(slot: str) -> str | None:
    """What the address calls the photo that a picker shows; None: it has no name there."""
    say = st.session_state
    source = say.get(f"{slot}source")
    if source == "dataset":
        return say.get(f"{slot}case")
    if key := uploads.key_shown(slot):
        return f"{OWN}{key}"
    shown = say.get(f"{slot}practice") if source == "practice" else None
    return next((name for name, title in _practice().items() if title == shown), None)
