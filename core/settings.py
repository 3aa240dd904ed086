"""What a user may set from outside, each through one environment variable.

| variable | meaning | default |
|---|---|---|
| `LESIONLAB_DATA` | folder into which datasets are imported | `data/` in the repository |
| `LESIONLAB_WEIGHTS` | folder with the models' weights and cards | `weights/` in the repository |
| `LESIONLAB_RUNS` | folder into which trainings write | `runs/` in the repository |
| `LESIONLAB_LEARNING` | folder that keeps the answers to quizzes | `learning/` in the repository |
| `LESIONLAB_PRETRAINED` | ImageNet weights to start from | `pretrained/` in the repository |
| `LESIONLAB_CACHE` | models prepared for this machine, photos decoded | the user's cache folder |
| `LESIONLAB_CACHE_GB` | what decoded photos and features of photos may take on the disk | 20 |
| `LESIONLAB_WINDOW` | the app window's lock, log and browser profile | the user's data folder |
| `LESIONLAB_ARCHIVE` | address of the ISIC Archive's interface | the public one |
| `LESIONLAB_DEVICE` | `auto`, `cpu`, `cuda` or `mps` | `auto` |
| `LESIONLAB_THREADS` | CPU threads of one analysis | all cores, at most 4 |
| `LESIONLAB_PRECISION` | `f32`, `int8`, `bf16` or `auto`: int8 on CPUs of Intel and AMD | `auto` |
| `LESIONLAB_RAY` | a Ray cluster on which the queue trains, e.g. `http://HOST:8265` | none |
| `LESIONLAB_RAY_WORKERS` | processes of a training there, each with a GPU if there are any | 1 |
| `LESIONLAB_NICE` | how far trainings and long computations give way to all else, 0 to 19 | 19 |
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path

from core.errors import UserError

REPOSITORY = Path(__file__).resolve().parent.parent
ARCHIVE = "https://api.isic-archive.com/api/v2"
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "f32", "int8", "bf16")
NICEST = 19
"""Of Unix: everything else on the computer goes first."""


class SettingsError(UserError, ValueError):
    """A setting has a value that cannot be used; the message says what may stand there."""


class DeviceError(SettingsError):
    """The device asked for is not on this machine."""


@dataclass(frozen=True)
class Settings:
    """The settings in force. Paths are absolute; they need not exist yet."""

    data: Path
    weights: Path
    runs: Path
    learning: Path
    pretrained: Path
    cache: Path
    archive: str
    device: str
    threads: int
    precision: str
    ray: str
    ray_workers: int
    cache_gb: float
    nice: int
    window: Path

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the variables above.

        Raises:
            SettingsError: a variable that is no folder has a value not allowed.
        """
        return _read(*(os.environ.get(variable, "") for variable in _variables()))


@cache
def _variables() -> tuple[str, ...]:
    return tuple(f"LESIONLAB_{field.name.upper()}" for field in fields(Settings))


@lru_cache(maxsize=16)
def _read(*values: str) -> Settings:
    """From the variables' values, in the order of the fields. Each page asks several times a rerun;
    resolving the folders takes a third of one ms."""
    from platformdirs import (  # here, so that the doctor can say that it is missing
        user_cache_path,
        user_data_path,
    )

    given = dict(zip((f.name for f in fields(Settings)), values, strict=True))
    return Settings(
        data=_folder(given["data"], "data"),
        weights=_folder(given["weights"], "weights"),
        runs=_folder(given["runs"], "runs"),
        learning=_folder(given["learning"], "learning"),
        pretrained=_folder(given["pretrained"], "pretrained"),
        cache=_folder(given["cache"], user_cache_path("lesionlab", False)),
        archive=given["archive"].strip().rstrip("/") or ARCHIVE,
        device=_choice("LESIONLAB_DEVICE", given["device"], DEVICES),
        threads=_count("LESIONLAB_THREADS", given["threads"], min(4, os.cpu_count() or 1)),
        precision=_choice("LESIONLAB_PRECISION", given["precision"], PRECISIONS),
        ray=_address("LESIONLAB_RAY", given["ray"]),
        ray_workers=_count("LESIONLAB_RAY_WORKERS", given["ray_workers"], 1),
        cache_gb=_gigabytes("LESIONLAB_CACHE_GB", given["cache_gb"], 20.0),
        nice=_count("LESIONLAB_NICE", given["nice"], NICEST, 0, NICEST),
        window=_folder(given["window"], user_data_path("lesionlab", False) / "window"),
    )


def _count(variable: str, value: str, default: int, least: int = 1, most: int | None = None) -> int:
    value = value.strip()
    number = int(value) if re.fullmatch("[0-9]{1,9}", value) else -1
    if value and not least <= number <= (number if most is None else most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise SettingsError(f"{variable} is {value!r}; set it to a whole number {limits}.")
    return number if value else default


def _gigabytes(variable: str, value: str, default: float) -> float:
    try:
        number = float(value) if value.strip() else default
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise SettingsError(f"{variable} is {value!r}; set it to a number above 0, such as 20.")
    return number


def _address(variable: str, value: str) -> str:
    value = value.strip().rstrip("/")
    if value and not value.startswith(("http://", "https://")):
        raise SettingsError(f"{variable} is {value!r}; set it to an address like http://HOST:8265.")
    return value


def _choice(variable: str, value: str, allowed: tuple[str, ...]) -> str:
    """The first of the allowed values is the default."""
    value = value.strip().lower() or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{variable} is {value!r}; set it to one of {', '.join(allowed)}.")
    return value


def _folder(value: str, default: str | Path) -> Path:
    value = value.strip()
    return typed_path(value).resolve() if value else REPOSITORY / default


def typed_path(words: str | Path) -> Path:
    """A path that somebody named, whose `~` is a home folder; that of nobody's stays as it is."""
    return Path(os.path.expanduser(words))
