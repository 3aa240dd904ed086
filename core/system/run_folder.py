"""Whether a folder is that of a run: only then may LesionLab write into it or delete it."""

from pathlib import Path

from core.system import ownership

RUN = "training run"
"""What the folder of a run is marked as."""
MODELS = "model"
"""The folder of a run that holds its models, each in a folder named as its kind."""


def is_run(folder: Path) -> bool:
    """Whether it has the marker of a run."""
    return ownership.kind_of(folder) == RUN
