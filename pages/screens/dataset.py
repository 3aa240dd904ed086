"""Dataset: what HAM10000 is made of, and what the classifier makes of it."""

import streamlit as st

from ui import state
from ui.dataset import filters, gallery, importing, selection, source, starter, views
from ui.text import as_text

st.title(
    "Dataset",
    anchor=False,
    help="The photos behind the models: who is in them, what is missing, and what is alike.",
)
importing.report()
starter.report()

found, known, table = state.dataset(), source.atlas(), source.table()
data = None if isinstance(found, str) else found

if data is None:
    with st.container(border=True):
        st.header("HAM10000 has not been imported", anchor=False)
        importing.offer()
        st.caption(as_text(str(found)))
        starter.offer()
if table is None:
    st.info(
        f"{as_text(str(known))} Until then there is nothing to show here.", icon=":material/info:"
    )
    st.stop()
if isinstance(known, str):
    st.warning(f"{as_text(str(known))} Until then the map and the measurements are missing.")
elif source.of_other_weights(known):
    st.warning(
        f"The map and the answers were made with other weights (`{known.attrs['weights'][:8]}`) "
        "than those in use. `python -m train atlas` makes new ones."
    )

passes = filters.show(table)
chosen = table[passes]

views.show(chosen, table, data, known)

if not chosen.empty:
    shown = selection.narrowed(chosen)
    selection.header(shown)
    if data is None:
        st.caption("The photos themselves show here once HAM10000 is imported.")
    else:
        gallery.show(shown, data)

if data is not None and len(data.table) < starter.PHOTOS:
    starter.offer()
if data is not None and not data.table["has_mask"].all():
    with st.expander(f"{int((~data.table['has_mask']).sum()):,} images have no outline yet"):
        importing.offer()
st.caption(
    "Photos, diagnoses and outlines: HAM10000, Tschandl et al. 2018 and 2020, CC BY-NC 4.0, "
    "doi 10.1038/sdata.2018.161 and doi 10.1038/s41591-020-0942-0."
)
