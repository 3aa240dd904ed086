"""What a user may set from outside, each through one environment variable.

| variable | meaning | default |
|---|---|---|
| `LESIONLAB_DATA` | folder into which datasets are imported | `data/` in the repository |
| `LESIONLAB_WEIGHTS` | folder with the models' weights and cards | `weights/` in the repository |
| `LESIONLAB_RUNS` | folder into which trainings write | `runs/` in the repository |
| `LESIONLAB_PRETRAINED` | ImageNet weights to start from | `pretrained/` in the repository |
| `LESIONLAB_DEVICE` | `auto`, `cpu`, `cuda` or `mps` | `auto` |
| `LESIONLAB_THREADS` | CPU threads of one analysis | all cores, at most 4 |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DEVICES = ("auto", "cpu", "cuda", "mps")


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message says what may stand there."""


class DeviceError(SettingsError):
    """The device asked for is not on this machine."""


@dataclass(frozen=True)
class Settings:
    """The settings in force. Paths are absolute; they need not exist yet."""

    data: Path
    weights: Path
    runs: Path
    pretrained: Path
    device: str
    threads: int

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the variables above.

        Raises:
            SettingsError: `LESIONLAB_DEVICE` or `LESIONLAB_THREADS` has a value not allowed.
        """
        device = os.environ.get("LESIONLAB_DEVICE", "").strip().lower() or "auto"
        if device not in DEVICES:
            raise SettingsError(
                f"LESIONLAB_DEVICE is {device!r}; set it to one of {', '.join(DEVICES)}."
            )
        threads = os.environ.get("LESIONLAB_THREADS", "").strip()
        if threads and not (threads.isascii() and threads.isdigit() and int(threads) > 0):
            raise SettingsError(
                f"LESIONLAB_THREADS is {threads!r}; set it to a whole number of at least 1."
            )
        return cls(
            data=_folder("LESIONLAB_DATA", "data"),
            weights=_folder("LESIONLAB_WEIGHTS", "weights"),
            runs=_folder("LESIONLAB_RUNS", "runs"),
            pretrained=_folder("LESIONLAB_PRETRAINED", "pretrained"),
            device=device,
            threads=int(threads) if threads else min(4, os.cpu_count() or 1),
        )


def _folder(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().resolve() if value else REPOSITORY / default
