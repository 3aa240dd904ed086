"""What the Analyse page shows, as its address tells it: a link, a reload and the browser's Back
button lead to the same view. Whatever stands in an address is a stranger's: what means nothing is
passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from core.lesion.phantom import practice_titles
from core.taxonomy import KEYS
from ui import state
from ui.analyse import uploads
from ui.analyse.present import PLAYLIST, PRESENT
from ui.choices import AddressPart

if TYPE_CHECKING:
    from ui.state import ShownAnalysis

PHOTOS = ("case", "practice", "photo")
"""Each names a photo; an address with one of them says all, also what it leaves out."""
NAMES = (*PHOTOS, "section", "layers", "class", "find", "sensitivity", "first", "view", "cases")
_PART = AddressPart(NAMES, "address_seen")
SECTIONS = ("heatmaps", "measurements", "doubt", "similar", "threshold", "base_rates", "report")
"""Names of the sections in the address, as of their modules."""
LAYERS = {"outline": "outline", "heatmap": "heat_on"}
"""Names of the layers in the address, with those of their switches in the session."""
MOST_CASES = 100
"""In a playlist."""
LONGEST = 40
"""Characters that are shown of an id which no image has."""
SENSITIVITIES = range(50, 100)


def read() -> None:
    """Take over what the address says, unless it was this session that wrote it there. To be called
    before any widget."""
    now = _PART.news()
    if not now:
        return
    say = st.session_state
    if any(name in now for name in PHOTOS):
        _read_photo(now)
        section = now.get("section")
        say["section"] = section if section in SECTIONS else None
        wanted = now.get("layers", "").split(".")
        for layer, switch in LAYERS.items():
            say[switch] = layer in wanted
        say["class_wanted"] = now.get("class")
        if now.get("find") in ("melanoma", "malignant"):
            say["line_target"] = now["find"]
        if (sensitivity := _number(now.get("sensitivity", ""))) in SENSITIVITIES:
            say["line_sensitivity"] = sensitivity
        say["first"] = now.get("first") == "1"
    say[PRESENT] = now.get("view") == "present"
    if found := ids_of(now.get("cases", "")):
        say[PLAYLIST] = found
        if not any(name in now for name in PHOTOS):
            show_first(found)


def _read_photo(now: dict[str, str]) -> None:
    if "case" in now:
        ask_for(image_id_of(now["case"]))
    elif "practice" in now:
        titles = practice_titles()
        number = _number(now["practice"])
        st.session_state["source"] = "practice"
        if 1 <= number <= len(titles):
            st.session_state["practice"] = titles[number - 1]
    elif not uploads.restore(now["photo"]):
        st.session_state.update(source="upload", upload_lost=True)


def _number(words: str) -> int:
    """A number of at most three digits; 0 for anything else."""
    return int(words) if re.fullmatch("[0-9]{1,3}", words) else 0


def ask_for(image_id: str, slot: str = "") -> None:
    """As `choose`; whether the dataset has that case is still to be seen."""
    choose(image_id, slot)
    st.session_state[f"{slot}asked_case"] = image_id[:LONGEST]


def show_first(listed: Sequence[str]) -> None:
    """The Analyse page shall show the first case of a playlist, one at least, that the dataset
    has."""
    ask_for((known(listed) or listed)[0])


def known(listed: Sequence[str]) -> list[str]:
    """Those cases of a playlist that the dataset has."""
    data = state.dataset()
    return [] if isinstance(data, str) else [i for i in listed if i in data.table.index]


def choose(image_id: str, slot: str = "") -> None:
    """A picker shall show that case of the dataset, whatever its filters say: that of the Analyse
    page, or the one of a `slot` as for `case_picker.pick`."""
    chosen = {"source": "dataset", "case": image_id, "pinned": True}
    st.session_state.update({slot + name: value for name, value in chosen.items()})


def write(shown: ShownAnalysis | None = None) -> None:
    """Have the address say what the page shows now. To be called after all widgets."""
    _PART.write(wanted_now(shown))


def open_analyse() -> NoReturn:
    """Leave another page for the Analyse page as the session has it, under its whole address: one
    step, from which one step leads back."""
    st.session_state[_PART.key] = wanted = wanted_now(None)
    st.switch_page("pages/screens/analyse.py", query_params=wanted)


def of_case(image_id: str) -> dict[str, str]:
    """The address of a case of the dataset on the Analyse page, with the layers and the section
    that were open there."""
    others = {k: v for k, v in wanted_now(None).items() if k not in PHOTOS}
    return {"case": image_id, **others}


def wanted_now(shown: ShownAnalysis | None) -> dict[str, str]:
    """Names and values of our part of the address for what the page shows now."""
    say = st.session_state
    found: dict[str, str | None] = {}
    source = say.get("source")
    if source == "dataset":
        found["case"] = say.get("case")
    elif source == "practice" and say.get("practice") in practice_titles():
        found["practice"] = str(practice_titles().index(say["practice"]) + 1)
    else:
        found["photo"] = uploads.key_shown()
    found["section"] = say.get("section")
    found["layers"] = ".".join(layer for layer, switch in LAYERS.items() if say.get(switch))
    if shown and say.get("heat_on"):
        chosen = say.get(target_key(shown))
        found["class"] = chosen if chosen != shown.analysis.prediction else None
    if found["section"] == "threshold":
        found["find"] = say.get("line_target")
        if "line_sensitivity" in say:
            found["sensitivity"] = str(say["line_sensitivity"])
    found["first"] = "1" if say.get("first") else None
    if say.get(PRESENT):
        found["view"] = "present"
        found["cases"] = cases_of(say.get(PLAYLIST, ()))
    return {name: value for name, value in found.items() if value}


def target_key(shown: ShownAnalysis) -> str:
    """Of the session: the class whose heatmap is shown over a photo."""
    return f"target_{shown.analysis.digest}"


def take_class(shown: ShownAnalysis) -> None:
    """Choose the class of the heatmap that the address asked for, before its widget is drawn."""
    if (wanted := st.session_state.pop("class_wanted", None)) in KEYS:
        st.session_state[target_key(shown)] = wanted


def image_id_of(typed: str) -> str:
    """A whole id of an image, from that or from its last digits: `24306` → `ISIC_0024306`."""
    words = re.sub(r"\.JPE?G$", "", typed.strip().upper())
    return f"ISIC_{words.removeprefix('ISIC_').zfill(7)}"


def ids_of(words: str) -> list[str]:
    """The image ids of a playlist, written in any way: ids or their digits, apart by anything. Each
    once, in their order, `MOST_CASES` at most."""
    found = (image_id_of(digits) for digits in re.findall(r"\d{1,7}", words))
    return list(dict.fromkeys(found))[:MOST_CASES]


def cases_of(ids: Sequence[str]) -> str:
    """A playlist for an address: the ids' digits, apart by full stops."""
    return ".".join(i.removeprefix("ISIC_").lstrip("0") for i in ids)
