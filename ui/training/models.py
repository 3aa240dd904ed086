"""The models that lie ready: which ones the app uses, and how one comes in from elsewhere."""

from pathlib import Path

import streamlit as st

from core.glossary import TASKS
from core.models.registry import KINDS, StoredModel, in_use, kinds_in_use, use_shipped
from train.finish.package import IMPORTED, remove
from train.finish.package_check import PackageError
from train.jobs import Run
from ui import access, subprocess_task
from ui.frame import shipped_button
from ui.parts.controls import confirm
from ui.text import as_code, as_text
from ui.training import outcome, store

UPLOAD_MB = 200
"""No more than `server.maxUploadSize`."""
BROUGHT = "training_import"
"""Of the session: the task that checks and keeps a model from elsewhere."""


def show(everything: list[Run]) -> None:
    """What is in use for each task, the others, and the import."""
    found = store.offered_models()
    names = {run.id: run.name for run in everything}
    for kind, column in zip(KINDS, st.columns(len(KINDS), gap="large"), strict=True):
        with column:
            st.header(TASKS[kind], anchor=False)
            of_kind = [model for model in found if model.kind == kind]
            for model in of_kind:
                with st.container(border=True):
                    _model(model, names)
            if all(not model.own for model in of_kind):
                st.caption("A run that finishes puts its model here.")
    _import()


def _model(model: StoredModel, names: dict[str, str]) -> None:
    used, closed = in_use(model.kind), not access.check().allowed
    st.markdown(f"**{as_text(model.card.title or model.kind)}**")
    where = "came with LesionLab"
    if model.own:
        run = model.folder.parents[1].name
        where = f"run “{names[run]}”" if run in names else f"imported, {run}"
    st.caption(f"{as_code(model.card.sha256[:8])} · {as_text(where)}")
    if model.own:
        outcome.offer(model.kind, model.folder, model.card)
        if run.startswith(IMPORTED) and st.button(
            "Remove", key=f"remove_{model.folder}", icon=":material/delete:", disabled=closed
        ):
            confirm(
                "Remove this model?",
                f"“{as_text(model.card.name or model.kind)}” came from elsewhere. It is gone for "
                "good then, with everything that came in the same ZIP file; the app goes back to "
                "the shipped model if it uses this one. The ZIP file itself can be imported again.",
                "Remove",
                _remove,
                model.folder.parents[1],
                key="remove_for_good",
            )
        return
    if not used.own:
        st.markdown(":green-badge[:material/check: In use]")
    else:
        shipped_button("Back to the shipped model", model.kind, "back")


@access.guarded
def _remove(run: Path) -> None:
    try:
        for kind in kinds_in_use(run):
            use_shipped(kind)
        remove(run)
    except (PackageError, OSError) as error:
        access.keep_problem(f"It cannot be removed: {error}")


def _import() -> None:
    """A model from elsewhere, as a zip archive that this page wrote."""
    st.header("A model from elsewhere", anchor=False)
    if not access.check().allowed:
        st.caption("You cannot import models here; see the top of this page.")
        return
    file = st.file_uploader(
        f"The ZIP file of a model, up to {UPLOAD_MB} MB",
        type=["zip"],
        key="training_package",
        max_upload_size=UPLOAD_MB,
        help="As “Download the model” below a finished run writes it: weights as safetensors, the "
        "model's card and its evaluation. Everything is checked; nothing in it is run.",
    )
    if file is not None:
        st.button("Import", icon=":material/upload:", on_click=_bring, args=(file.getvalue(),))
    bringing = subprocess_task.current(BROUGHT, None)
    if bringing is None:
        return
    if bringing.running:
        subprocess_task.show_progress(bringing, "Checking the model…", BROUGHT)
    elif bringing.cancelled:
        st.caption("Cancelled: nothing was imported.")
    elif bringing.problem:
        st.error(as_text(bringing.problem), title="This model is refused")
    else:
        st.success(as_text(bringing.printed), icon=":material/check_circle:")


def _bring(package: bytes) -> None:
    command, files = ("import", "{folder}/package.zip"), {"package.zip": package}
    subprocess_task.restart(BROUGHT, None, command, "The model cannot be stored", files)
