"""What is looked at, each with what to do about it. Nothing is changed, and nothing downloaded."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

from core.answer.analyser import Analyser
from core.doctor.finding import FINE, NOTE, PROBLEM, Finding
from core.doctor.serving import serving
from core.errors import UserError
from core.ham10000.dataset import HOW_TO_IMPORT, status
from core.imaging.image import LesionImage
from core.models.registry import KINDS, check, models_in_use
from core.settings import REPOSITORY, Settings
from core.system.storage import room, size

GB = 1024**3
MEMORY, DISK = 1.5 * GB, 2.0 * GB
"""What the app needs free: of memory for its models and one photo of 40 million pixels."""


def first_answer(settings: Settings) -> str:
    """Load the models, prepare them if need be, and answer for a grey photo."""
    analyser = Analyser.load(settings)
    analysis = analyser.analyse(LesionImage.from_array(np.full((450, 600, 3), 128, np.uint8)))
    if not np.isfinite(analysis.probabilities).all():
        raise UserError("The models answer with no numbers. Get the folder weights again.")
    return analyser.runtime.name


def examine(
    settings: Settings, answer: Callable[[Settings], str] = first_answer
) -> Iterator[Finding]:
    """Everything but the packages, in the order in which one would mend it.

    Args:
        answer: loads the models and answers for one photo; returns what runs them. Raises
            UserError, OSError.
    """
    found = list(_models(settings))
    yield from found
    if all(model.state is not PROBLEM for model in found):
        yield _runtime(settings, answer)
    yield _data(settings)
    yield from _folders(settings)
    yield _memory()
    yield from serving(os.environ, REPOSITORY / ".streamlit" / "config.toml")


def _models(settings: Settings) -> Iterator[Finding]:
    """The weights are those their cards describe: the shipped ones, and those in use."""
    for kind in KINDS:
        try:
            check(kind, settings.weights / kind)
            yield Finding(FINE, f"The shipped {kind} is whole: {settings.weights / kind}")
        except UserError as error:
            remedy = "Get the folder weights again, or set LESIONLAB_WEIGHTS to where it lies."
            yield Finding(PROBLEM, f"The shipped {kind} cannot be used. {error}", remedy)
    for model in models_in_use(settings):
        if model.problem:
            remedy = "Choose another on the page Training; until then the shipped one answers."
            yield Finding(NOTE, f"The {model.kind} chosen cannot be used. {model.problem}", remedy)
        elif model.own:
            yield Finding(FINE, f"In use is a {model.kind} of a training: {model.folder}")


def _runtime(settings: Settings, answer: Callable[[Settings], str]) -> Finding:
    try:
        return Finding(FINE, f"The models answer: {answer(settings)}, {settings.threads} threads")
    except (UserError, OSError, ImportError, RuntimeError) as error:
        remedy = "Run python -m core prepare. If that fails, too, empty LESIONLAB_CACHE's folder."
        return Finding(PROBLEM, f"The models do not answer. {error}", remedy)


def _data(settings: Settings) -> Finding:
    found = status(settings.data)
    if not found.photos:
        return Finding(NOTE, "HAM10000 is not imported; the app works without it", HOW_TO_IMPORT)
    if found.problems:
        remedy = "Import the archives again: it goes on where something is missing."
        return Finding(NOTE, f"HAM10000: {' '.join(found.problems)}", remedy)
    return Finding(FINE, f"HAM10000 has {found.photos:,} photos, {found.masks:,} masks")


def _folders(settings: Settings) -> Iterator[Finding]:
    for name in ("cache", "runs", "data", "learning"):
        folder: Path = getattr(settings, name)
        variable = f"LESIONLAB_{name.upper()}"
        try:
            free = room(folder)
            if problem := _unwritable(folder):
                remedy = f"Make it writable, or set {variable} to a folder that is."
                yield Finding(PROBLEM, f"{folder} cannot be written: {problem}", remedy)
            elif free < DISK:
                remedy = "Free some: python -m core storage lists what LesionLab keeps."
                yield Finding(NOTE, f"{folder} has only {size(free)} free", remedy)
            else:
                yield Finding(FINE, f"{folder} can be written, {size(free)} free")
        except OSError as error:
            yield Finding(PROBLEM, f"{folder} cannot be used: {error}", f"Set {variable}.")


def _unwritable(folder: Path) -> str:
    """Why nothing can be written into a folder, or where it will be made; "" if it can."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    if free < MEMORY:
        remedy = "Close other programs, or wait for a training to end."
        return Finding(NOTE, f"Only {size(free)} of memory is free", remedy)
    return Finding(FINE, f"{size(free)} of memory is free")
