"""What came of a finished run: its models, measured on validation, and what to do with them."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import streamlit as st

from core.batch.tables import safe_table
from core.evaluation.figures import UNKNOWN
from core.evaluation.files import (
    ELSEWHERE,
    ClassFigures,
    ClassifierEvaluation,
    EvaluationError,
    names,
)
from core.evaluation.metrics import CLASS_NAMES
from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.registry import KINDS, in_use, unfit, use
from core.models.weights import WeightsError
from core.system.run_folder import MODELS
from core.taxonomy import class_name
from train.finish.package import pack
from train.jobs import JobError, Run
from ui import access, files, state, subprocess_task
from ui.parts.controls import confirm
from ui.performance.evaluations import evaluation
from ui.performance.overview import headline
from ui.text import as_code, as_text
from ui.training import store, words

MEASURED = ("validation", ELSEWHERE, "test")
"""Evaluations that a run's result shows."""
TEST = "training_test"
"""Of the session: the task that looks at the test split."""


def show(run: Run) -> None:
    """The models of a run that has ended; nothing if it left none."""
    folder = run.folder / MODELS
    found = {kind: folder / kind for kind in KINDS if (folder / kind / CARD).is_file()}
    if run.active or not found:
        return
    st.header("Result", anchor=False)
    for kind, place in found.items():
        with st.container(border=True):
            try:
                _model(run, kind, place, state.card(place))
            except WeightsError as error:
                st.error(as_text(str(error)))
    if not words.leaks(run):  # no LesionLab takes in one that leaks
        download(folder, run.id)


def _model(run: Run, kind: str, folder: Path, card: Card) -> None:
    st.markdown(f"**{as_text(card.name or kind)}** {as_code(card.sha256[:8])}")
    if card.leak:
        st.warning(as_text(card.leak.text()), title="These figures leak")
    for split in [name for name in MEASURED if name in names(folder)]:
        try:
            figures = evaluation(folder, split, diagnoses=False)
        except EvaluationError as error:
            st.caption(as_text(str(error)))
            continue
        leaking = f" {words.LEAK_BADGE}" if figures.leak else ""
        where = "validation photos from elsewhere" if split == ELSEWHERE else split
        st.markdown(f"On {where}, {figures.images:,} photos:{leaking}")
        headline(figures.overall)
        if isinstance(figures, ClassifierEvaluation):
            _classes(figures.classes, split)
    offer(kind, folder, card)
    _test(run, kind, folder)


def _classes(found: dict[str, ClassFigures], split: str) -> None:
    """Each class of the run's own, whatever they are called."""
    table = pd.DataFrame(
        {
            "Class": [class_name(key) for key in found],
            "Photos": [row.support for row in found.values()],
            **{
                title: [row.figures.get(measure, UNKNOWN).text(2) for row in found.values()]
                for measure, title in CLASS_NAMES.items()
            },
        }
    )
    st.dataframe(
        safe_table(table), hide_index=True, alt=f"Measures of each class on {split}, with intervals"
    )


def offer(kind: str, folder: Path, card: Card) -> None:
    """The button with which everybody gets this model, or why it cannot be used."""
    used = in_use(kind)
    if used.own and used.folder == folder:
        st.markdown(":violet-badge[:material/check: In use, for everybody]")
    elif why := unfit(kind, card):
        st.caption(f":material/info: The app cannot use it: {as_text(why)}")
    elif st.button(
        "Use this model",
        key=f"use_{folder}",
        icon=":material/deployed_code:",
        disabled=not access.check().allowed,
        help="It asks first.",
    ):
        confirm(
            "Use this model for everybody?",
            f"From the next click on, every page answers with **{as_text(card.name or kind)}**, "
            "for everybody who has the app open, and says so. The sidebar leads back to the "
            "shipped model.",
            "Use it for everybody",
            _use,
            kind,
            folder,
            icon=":material/deployed_code:",
            no="Not now",
            key="use_for_everybody",
        )


@access.guarded
def _use(kind: str, folder: Path) -> None:
    try:
        if folder not in {model.folder for model in store.offered_models()}:
            raise WeightsError("Its run is in the bin, or gone. Restore it first.")
        use(kind, folder)
    except (WeightsError, JobError, OSError) as error:
        access.keep_problem(f"This model cannot be used. {error}")


def _test(run: Run, kind: str, folder: Path) -> None:
    """The deliberate look at the test split."""
    about = (run.id, kind)
    looking = subprocess_task.current(TEST, about)
    if looking is not None:
        if looking.running:
            subprocess_task.show_progress(looking, "Measuring on the test photos…", TEST)
        elif looking.problem and not looking.cancelled:
            st.error(as_text(looking.problem), title="The test split could not be measured")
    looks = state.card(folder).test_looks
    times = {0: "never", 1: "once"}.get(len(looks), f"{len(looks)} times")
    if st.button(
        "Measure on the test split…",
        key=f"test_{folder}",
        icon=":material/lock_open:",
        type="tertiary",
        help=f"This model was measured on it {times} so far.",
        disabled=not access.check().allowed,
    ):
        confirm(
            "Open the test split?",
            "The test photos answer one question once: how good is the model that I have decided "
            "on? Who looks, changes something, and looks again is choosing by the test, and its "
            "figures flatter from then on. Decide by validation, and open the test last.\n\n"
            f"That it was looked at is noted on the model's card ({len(looks)} times so far). It "
            "takes about as long as measuring on validation did.",
            "Measure on test",
            _look_at_test,
            run.id,
            kind,
            icon=":material/lock_open:",
            no="Not yet",
        )


@access.guarded
def _look_at_test(run: str, kind: str) -> None:
    command = "evaluate", kind, "--split", "test", "--run-name", run
    wrong, queue = "It cannot be measured", subprocess_task.LONG
    subprocess_task.restart(TEST, (run, kind), command, wrong, queue=queue)


def download(models: Path, key: str) -> None:
    """The models of a run as one file to hand on."""

    def packed() -> bytes:
        with TemporaryDirectory(prefix="lesionlab-") as folder:
            archive = Path(folder) / "model.zip"
            pack(models, archive)
            return archive.read_bytes()

    files.download(
        "Download the model",
        packed,
        f"for_teaching_only_{key}.zip",
        key=f"pack_{key}",
        help="Weights as safetensors, the model's card, and its evaluation. Another LesionLab "
        "takes it in under “Models”.",
    )
