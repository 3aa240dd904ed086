"""`python -m train compare RUN`: a run's figures join the comparison on the Performance page.

Its weights stay in the run's folder: only card, course of training and evaluations are copied, a
few hundred kilobytes that can be committed.
"""

import os
import shutil
from pathlib import Path

from core.evaluation.files import COMPARISON, names
from core.models.cards import Card
from core.models.registry import KINDS
from core.models.weights import WeightsError
from core.system import ownership
from core.system.ownership import ForeignFolderError
from core.system.run_folder import MODELS

KEPT = ("card.json", "training.csv", "evaluation-*.json")


def keep(run: Path, weights: Path) -> list[Path]:
    """Copy the figures of a finished run's models to `comparison/RUN/KIND` in the folder of the
    shipped ones, in place of earlier figures; returns the folders written.

    Raises:
        WeightsError: the run has no model, or one of its models was not evaluated.
        ForeignFolderError: something else lies where the figures should go.
    """
    folders = [run / MODELS / kind for kind in KINDS if (run / MODELS / kind).is_dir()]
    if not folders:
        raise WeightsError(f"The run {run.name} has no model; finish its training first.")
    for folder in folders:
        Card.read(folder)
        if not names(folder):
            raise WeightsError(
                f"The {folder.name} of {run.name} was not measured yet: python -m train evaluate "
                f"{folder.name} --run-name {run.name}"
            )
    place = weights / COMPARISON / run.name
    _check_place(place)
    made = ownership.beside(place)
    try:
        for folder in folders:
            (made / folder.name).mkdir(parents=True)
            for pattern in KEPT:
                for path in folder.glob(pattern):
                    shutil.copyfile(path, made / folder.name / path.name)
        shutil.rmtree(place, ignore_errors=True)
        os.replace(made, place)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return sorted(place.iterdir())


def _check_place(place: Path) -> None:
    """Only figures of a run give way to others. Raises ForeignFolderError."""
    for path in place.rglob("*"):
        if path.is_symlink() or not (
            (path.is_dir() and path.parent == place and path.name in KINDS)
            or (path.parent.parent == place and any(map(path.match, KEPT)))
        ):
            raise ForeignFolderError(
                f"{path} is not a figure of a model. Move it away, then repeat."
            )
