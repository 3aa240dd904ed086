"""What the Dataset page reads: the imported dataset, the committed atlas, and both as one table."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.ham10000.dataset import Dataset
from core.ham10000.explore import ATLAS_FILE, AtlasError, facts, read_atlas
from core.models.registry import in_use
from core.settings import Settings
from ui import state
from ui.files import written_at


@st.cache_resource(max_entries=2, show_spinner=False)
def _atlas(path: Path, stamp: int) -> pd.DataFrame | str:
    try:
        return read_atlas(path)
    except AtlasError as error:
        return str(error)


def atlas() -> pd.DataFrame | str:
    """The facts per image by the classifier in use or, where nobody made them, the committed ones
    of the shipped classifier (`of_other_weights` tells); or a sentence on why there are none."""
    path = in_use("classifier").folder / ATLAS_FILE
    if not path.is_file():
        path = Settings.from_environment().weights / "classifier" / ATLAS_FILE
    return _atlas(path, *written_at(path))


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Dataset: id, pd.DataFrame: id})
def _facts(data: Dataset | None, known: pd.DataFrame | None) -> tuple[pd.DataFrame, object]:
    """With what it was made from, so that the ids it is remembered by stay taken."""
    return facts(None if data is None else data.table, known), (data, known)


def table() -> pd.DataFrame | None:
    """All facts per image (see `core.ham10000.explore.facts`); None if there are none at all."""
    data, known = state.dataset(), atlas()
    imported = None if isinstance(data, str) else data
    made = None if isinstance(known, str) else known
    return None if imported is None and made is None else _facts(imported, made)[0]


def of_other_weights(known: pd.DataFrame) -> bool:
    """Whether the atlas was made with another classifier than the one in use."""
    card = state.cards().get("classifier")
    return card is None or card.sha256 != known.attrs["weights"]
