"""What a user may set from outside, each through one environment variable.

| variable | meaning | default |
|---|---|---|
| `LESIONLAB_DATA` | folder into which datasets are imported | `data/` in the repository |
| `LESIONLAB_WEIGHTS` | folder with the models' weights and cards | `weights/` in the repository |
| `LESIONLAB_RUNS` | folder into which trainings write | `runs/` in the repository |
| `LESIONLAB_PRETRAINED` | ImageNet weights to start from | `pretrained/` in the repository |
| `LESIONLAB_CACHE` | models prepared for this machine | the user's cache folder |
| `LESIONLAB_DEVICE` | `auto`, `cpu`, `cuda` or `mps` | `auto` |
| `LESIONLAB_THREADS` | CPU threads of one analysis | all cores, at most 4 |
| `LESIONLAB_PRECISION` | `f32`, or `bf16` on a CPU that has it: faster, less exact | `f32` |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

REPOSITORY = Path(__file__).resolve().parent.parent
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("f32", "bf16")


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
    cache: Path
    device: str
    threads: int
    precision: str

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the variables above.

        Raises:
            SettingsError: a variable that is no folder has a value not allowed.
        """
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
            cache=_folder("LESIONLAB_CACHE", user_cache_path("lesionlab", appauthor=False)),
            device=_choice("LESIONLAB_DEVICE", DEVICES),
            threads=int(threads) if threads else min(4, os.cpu_count() or 1),
            precision=_choice("LESIONLAB_PRECISION", PRECISIONS),
        )


def _choice(variable: str, allowed: tuple[str, ...]) -> str:
    """The first of the allowed values is the default."""
    value = os.environ.get(variable, "").strip().lower() or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{variable} is {value!r}; set it to one of {', '.join(allowed)}.")
    return value


def _folder(variable: str, default: str | Path) -> Path:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().resolve() if value else REPOSITORY / default
