"""Training: start one, watch it learn, compare what changed, and use what came of it."""

import streamlit as st

from train.jobs import JobError
from ui import lock
from ui.choices import choose_one
from ui.text import as_text
from ui.training import compare, form, models, preview, starting, storage, store, watch
from ui.training import waiting as queue

st.title(
    "Training",
    anchor=False,
    help="Teach a network yourself. It trains apart from this page: close the browser, come back.",
)
try:
    runs = store.opened()
    everything = runs.recent()
except JobError as error:
    st.error(as_text(str(error)), title="Trainings cannot be shown")
    st.stop()

lock.notice("Changing anything on this page", "training_lock")
store.notices(runs)
watching = store.section(everything) == store.RUNS
queue.show(everything, st.session_state.get(store.RUN) if watching else None)
view = choose_one("Section", store.VIEWS, store.VIEW, label_visibility="collapsed")
if view == store.NEW:
    form.show()
    preview.show()
    starting.show()
elif view == store.RUNS:
    watch.show(runs, everything)
elif view == store.COMPARE:
    compare.show(runs, everything)
elif view == store.MODELS:
    models.show(everything)
else:
    storage.show()
