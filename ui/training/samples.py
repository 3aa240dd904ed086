"""What the network says of the same few validation photos after each epoch."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.formatting import chance
from core.imaging.image import to_jpeg
from core.imaging.overlay import draw
from core.system.json_files import read_object
from core.taxonomy import class_name
from train.jobs import Run
from ui.performance.outlines import TRUTH_COLOUR
from ui.text import as_text

COLUMNS, LEAST_WIDTH = 4, 150


def show(run: Run) -> None:
    """The photos with the answers of an epoch; the newest, unless another one is chosen."""
    folder = run.folder / "samples"
    names = (path.stem.removeprefix("epoch-") for path in folder.glob("epoch-*.json"))
    epochs = sorted(int(name) for name in names if re.fullmatch(r"[0-9]{3,6}", name))
    if not epochs:
        return
    st.header("The same validation photos after each epoch", anchor=False)
    epoch = _choose(run.id, epochs)
    try:
        found = read_object(folder / f"epoch-{epoch:03d}.json")
        photos: list[dict[str, Any]] = found["photos"]
        with st.grid(COLUMNS, min_column_width=LEAST_WIDTH):
            for photo in photos:
                with st.container(gap="xsmall"):
                    words = _words(photo)
                    st.image(_picture(folder, photo), width="stretch", alt=_alt(photo, epoch))
                    st.caption("  \n".join(words))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
        st.caption("The samples of this epoch cannot be read.")
        return
    if any("mask" in photo for photo in photos):
        st.caption(
            ":material/menu_book: Filled, orange: the expert's mask. Line, cyan: what the network "
            "outlines."
        )


def _choose(id: str, epochs: list[int]) -> int:
    """The epoch to show. Who looks at the newest one goes on with the next."""
    if len(epochs) == 1:
        return epochs[0]
    key, seen = f"training_epoch_{id}", f"training_newest_{id}"
    if st.session_state.get(key) in (None, st.session_state.get(seen)):
        st.session_state[key] = epochs[-1]
    st.session_state[seen] = epochs[-1]
    return st.select_slider("After epoch", epochs, key=key, persist_state="session")


def _words(photo: dict[str, Any]) -> list[str]:
    """What is to be said of a photo, in lines of Markdown."""
    lines = []
    if "probabilities" in photo:
        said = _said(photo)
        sign = ":material/check:" if said == photo["truth"] else ":material/close:"
        share = photo["probabilities"][said]
        lines.append(f"{sign} Says {as_text(class_name(said))}, {chance(share)}")
        if said != photo["truth"]:
            truth = photo["probabilities"].get(photo["truth"], 0.0)
            lines.append(f"It is {as_text(class_name(photo['truth']))}, given {chance(truth)}")
    if "iou" in photo:
        lines.append(f"Overlap (IoU) {photo['iou']:.2f}")
    return lines


def _alt(photo: dict[str, Any], epoch: int) -> str:
    parts = [f"Photo {photo['name']} after epoch {epoch}"]
    if "probabilities" in photo:
        parts.append(
            f"answered {class_name(_said(photo))}, true class {class_name(photo['truth'])}"
        )
    if "iou" in photo:
        parts.append(f"outlined with an IoU of {photo['iou']:.2f}")
    return ", ".join(parts)


def _said(photo: dict[str, Any]) -> str:
    return max(photo["probabilities"], key=photo["probabilities"].get)


def _picture(folder: Path, photo: dict[str, Any]) -> bytes:
    """The photo, with both outlines where there are any."""
    rgb = _pixels(folder / photo["photo"], "RGB")
    if "mask" not in photo:
        return to_jpeg(rgb)
    truth, mask = (_pixels(folder / photo[k], "L") > 127 for k in ("true_mask", "mask"))
    return to_jpeg(draw(draw(rgb, mask=truth, fill=0.35, colour=TRUTH_COLOUR), mask=mask))


def _pixels(path: Path, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image.convert(mode))
