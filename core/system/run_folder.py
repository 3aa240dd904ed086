"""Whether a folder is that of a run: only then may LesionLab write into it or delete it."""

from pathlib import Path

from core.system import ownership
from core.system.json_files import read_object

RUN = "training run"
MODELS = "model"
"""The folder of a run that holds its models, each in a folder named as its kind."""


def is_run(folder: Path) -> bool:
    """Whether it has the marker or, made by an earlier version, the choices of a training."""
    kind = ownership.kind_of(folder)
    return kind == RUN if kind else _of_earlier_version(folder)


def claim_run(folder: Path) -> None:
    """Make the folder of a run, or take one that is there.

    Raises:
        ForeignFolderError: it holds something that LesionLab did not put there.
        OSError: it cannot be made.
    """
    if not ownership.kind_of(folder) and _of_earlier_version(folder):
        ownership.mark(folder, RUN)
    ownership.claim(folder, RUN)


def _of_earlier_version(folder: Path) -> bool:
    try:
        values = read_object(folder / "config.json")
        return bool(values["stages"]) and all(
            isinstance(number, int)
            for stage in values["stages"]
            for number in (stage["epochs"], stage["size"], values["epoch_images"], values["batch"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
