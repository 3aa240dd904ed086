"""Which models the app uses: the shipped ones, or those of a run.

The choice is a small file in the folder of runs, read again at each rerun of a page, so that all
sessions see a change at once. A chosen model that is gone or damaged is never used: the shipped one
stands in, with a sentence on why.
"""

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.models.calibration import Calibration
from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.decision import Decision
from core.models.reference import FILE as REFERENCE
from core.models.reference import Reference
from core.models.weights import FILE as WEIGHTS
from core.models.weights import WeightsError, check_weights
from core.settings import Settings
from core.system import ownership
from core.system.json_files import read_object
from core.system.run_folder import MODELS
from core.taxonomy import KEYS

KINDS = ("classifier", "segmenter")
FILE = "in-use.json"
"""In `Settings.runs`: for each kind that is not the shipped one, its folder's path from there."""

LEAKING = (
    "It learned with images split at random, so it has seen lesions that its figures were measured "
    "on. Train it with the split by lesion (--split lesions) to use it."
)
"""Why a model whose card leaks is refused."""

_writing = threading.Lock()
_refused: dict[str, str] = {}
"""Keys of chosen models that could not be loaded after all, with the reason; of this process."""


@dataclass(frozen=True)
class InUse:
    """The model of a kind that the app uses now.

    Attributes:
        kind: of `KINDS`.
        folder: with its weights and its card.
        own: a run's; False: the shipped one.
        key: another one whenever another model is used, or its files change; for caches.
        problem: why the chosen model is not used, and this, the shipped one, instead; mostly "".
    """

    kind: str
    folder: Path
    own: bool
    key: str
    problem: str = ""


@dataclass(frozen=True)
class StoredModel:
    """A model that lies ready.

    Attributes:
        kind: of `KINDS`.
        folder: its weights and its card lie there.
        card: the same, read.
        own: a run's; False: the shipped one.
    """

    kind: str
    folder: Path
    card: Card
    own: bool


def in_use(kind: str, settings: Settings | None = None) -> InUse:
    """The model of a kind to use. Some file stamps are looked at; a run's weights are read once.

    Raises:
        SettingsError: a setting has a value that cannot be used.
    """
    settings = settings or Settings.from_environment()
    shipped = settings.weights / kind
    try:
        folder = _chosen(settings).get(kind)
        if folder is None:
            return InUse(kind, shipped, False, _shipped_key(shipped))
        stamps = _stamps(folder)
        key = f"{folder} {stamps}"
        if problem := _refused.get(key) or _problem(kind, folder, stamps):
            raise WeightsError(problem)
    except WeightsError as error:
        return InUse(kind, shipped, False, _shipped_key(shipped), str(error))
    return InUse(kind, folder, True, key)


def models_in_use(settings: Settings | None = None) -> tuple[InUse, InUse]:
    """Both: the classifier and the segmenter. Raises SettingsError."""
    return in_use("classifier", settings), in_use("segmenter", settings)


def kinds_in_use(run: Path) -> list[str]:
    """Of which kinds the app uses a run's model."""
    folder = run.resolve()
    used = [model for model in models_in_use() if model.own]
    return [model.kind for model in used if model.folder.resolve().is_relative_to(folder)]


def use(kind: str, folder: Path, settings: Settings | None = None) -> None:
    """From now on use a run's model.

    Args:
        folder: of the model, somewhere in `Settings.runs`.

    Raises:
        WeightsError: the app cannot use it; the message says why.
        OSError: the choice cannot be written.
    """
    settings = settings or Settings.from_environment()
    runs = settings.runs.resolve()
    if not folder.resolve().is_relative_to(runs):
        raise WeightsError(f"{folder} is not the model of a run in {settings.runs}.")
    check(kind, folder)
    _refused.pop(f"{folder} {_stamps(folder)}", None)
    _write(settings, kind, folder.resolve().relative_to(runs).as_posix())


def use_shipped(kind: str, settings: Settings | None = None) -> None:
    """From now on use the shipped model. Raises OSError if that cannot be written."""
    _write(settings or Settings.from_environment(), kind, None)


def refuse(model: InUse, problem: str) -> None:
    """A model in use could not be loaded after all: do without it until it is chosen again, its
    files change, or the program is restarted."""
    if model.own:
        _refused[model.key] = problem


def models(settings: Settings | None = None) -> list[StoredModel]:
    """The shipped models, then those of all runs, by the runs' names. Cards alone are read; those
    that cannot be are left out."""
    settings = settings or Settings.from_environment()
    found = []
    for own, folders in ((False, [settings.weights]), (True, settings.runs.glob(f"*/{MODELS}"))):
        for folder in sorted(folders):
            for kind in KINDS:
                try:
                    card = Card.read(folder / kind)
                except WeightsError:
                    continue
                found.append(StoredModel(kind, folder / kind, card, own))
    return found


def unfit(kind: str, card: Card) -> str:
    """Why the app cannot use a model, by its card; "" if it can.

    The pages are made for HAM10000's seven diagnoses and for outlines of one lesion. A classifier
    needs the training photos that its answers are compared with, which only those trained on
    HAM10000 have.
    """
    if card.leaks:
        return LEAKING
    size = card.input.size
    if size < 32 or size % 32:
        return "Its card gives no input size that is a multiple of 32 px."
    if not (card.name and card.sha256):
        return "Its card lacks a name or a hash."
    if kind == "segmenter":
        return "" if card.encoder else "Its card does not say which encoder it has."
    if card.classes != KEYS:
        return (
            f"It distinguishes {len(card.classes)} classes of its own; the app's pages are made "
            "for the seven diagnoses of HAM10000."
        )
    if card.similar is None or card.novelty is None or card.novelty.threshold is None:
        return (
            "It has no training photos of HAM10000 to compare a photo with, so there would be no "
            "similar cases and no warning of unlike photos."
        )
    try:
        Calibration.of(card), Decision.of(card)
    except WeightsError as error:
        return str(error)
    return ""


def check(kind: str, folder: Path) -> None:
    """Whether the app can use the model of a folder. Raises WeightsError."""
    if problem := _problem(kind, folder, _stamps(folder)):
        raise WeightsError(problem)


@lru_cache(maxsize=64)
def _problem(kind: str, folder: Path, stamps: tuple[int, ...]) -> str:
    """Why the app cannot use a model, by its files, as long as they have these stamps."""
    try:
        card = Card.read(folder)
        if problem := unfit(kind, card):
            return problem
        check_weights(folder, card.sha256)
        if kind == "classifier":
            Reference.read(folder, card.novelty_threshold)
    except WeightsError as error:
        return str(error)
    return ""


def _shipped_key(folder: Path) -> str:
    with suppress(WeightsError):  # who loads it tells what it lacks
        return f"{folder} {_stamps(folder)}"
    return str(folder)


def _stamps(folder: Path) -> tuple[int, ...]:
    """Time and size of a model's files; they change whenever the files do.

    Raises:
        WeightsError: the model is gone.
    """
    found = []
    for name in (CARD, WEIGHTS, REFERENCE):
        try:
            facts = (folder / name).stat()
        except (OSError, ValueError) as error:  # ValueError: no path at all
            if name == REFERENCE:  # only classifiers have it; if one lacks it, its check says so
                continue
            raise WeightsError(
                f"Its {name} is gone from the run {folder.parents[1].name}."
            ) from error
        found += [facts.st_mtime_ns, facts.st_size]
    return tuple(found)


def _chosen(settings: Settings) -> dict[str, Path]:
    """The folder of each kind that is not the shipped one.

    Raises:
        WeightsError: the file that says so is damaged, or names a folder outside of the runs.
    """
    path = settings.runs / FILE
    try:
        found = _places(path, *_as_written(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path} is damaged, so nobody knows which one was chosen.") from error
    if strange := found.keys() - set(KINDS):
        raise WeightsError(f"{path} is not LesionLab's: it has an entry {min(strange)!r}.")
    if any(place.is_absolute() or ".." in place.parts for place in found.values()):
        raise WeightsError(f"{path} names a folder that is not in {settings.runs}.")
    return {kind: settings.runs / place for kind, place in found.items()}


def _as_written(path: Path) -> tuple[int, int, int]:
    """What changes whenever that file is written. Raises OSError."""
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=8)
def _places(path: Path, *written: int) -> dict[str, Path]:
    """What the file of choices says; each page asks a dozen times a rerun."""
    return {str(kind): Path(place) for kind, place in read_object(path).items()}


def _write(settings: Settings, kind: str, place: str | None) -> None:
    with _writing:
        try:
            chosen = {k: p.relative_to(settings.runs) for k, p in _chosen(settings).items()}
        except WeightsError:
            chosen = {}
            with suppress(FileNotFoundError):  # nobody knows whose it is
                aside = f"in-use-unreadable-{datetime.now():%Y%m%d-%H%M%S-%f}.json"
                os.rename(settings.runs / FILE, settings.runs / aside)
        kept = {k: p.as_posix() for k, p in chosen.items() if k != kind}
        if place is not None:
            kept[kind] = place
        settings.runs.mkdir(parents=True, exist_ok=True)
        ownership.write(settings.runs / FILE, (json.dumps(kept, indent=2) + "\n").encode())
