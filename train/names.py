"""Names of runs, and paths in their choices, as they are kept: checked, and independent of the
folder that a command was given in."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.settings import Settings, typed_path
from train.config import Config
from train.fields import ConfigError, specs

RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(10)}
"""Names that Windows keeps for devices, whatever ending follows."""
LONGEST = 200
"""Bytes of a folder's name; most systems take 255."""


def checked_name(name: str) -> str:
    """What people call a run, without spaces around and twice.

    Raises:
        ConfigError: it is empty, a path, or a name that some system keeps for itself.
    """
    plain = " ".join(name.split())
    if not plain:
        raise ConfigError("Give the training a name.")
    if "/" in plain or "\\" in plain or set(plain) == {"."}:
        raise ConfigError(f"The name {plain!r} is a path. Use a name without / and \\.")
    if not plain.isprintable():
        raise ConfigError(
            f"The name {plain!r} has characters that cannot be shown. Leave them out."
        )
    if plain.split(".")[0].strip().lower() in RESERVED:
        raise ConfigError(f"Windows keeps the name {plain!r} for itself. Choose another one.")
    return plain


def run_folder(name: str) -> Path:
    """The folder of a run that a command names, in the folder of runs.

    Raises:
        ConfigError: it cannot be the name of a folder on every system.
    """
    plain = checked_name(name)
    dots = plain.startswith(".") or plain.endswith(".")
    if plain != name or dots or set(plain) & set('<>:"|?*'):
        raise ConfigError(
            f"The name {name!r} cannot be that of a folder on every system. Use letters, digits, "
            "- and _."
        )
    if len(os.fsencode(plain)) > LONGEST:
        raise ConfigError(f"The name is longer than {LONGEST} bytes. Choose a shorter one.")
    return Settings.from_environment().runs / plain


def paths_of(config: Config) -> dict[str, tuple[str, ...]]:
    """The paths among the choices, by field; there may be none in one."""
    found: dict[str, tuple[str, ...]] = {}
    for name, spec in specs(type(config)).items():
        if spec.paths:
            value = getattr(config, name)
            named = value if isinstance(value, tuple) else (value,)
            found[name] = tuple(path for path in named if path not in spec.options)
    return found


def renamed_paths(config: Config, name: Callable[[str], str]) -> dict[str, Any]:
    """The choices that name paths, by field, with another name for each path."""
    changed: dict[str, Any] = {}
    for field, paths in paths_of(config).items():
        names = tuple(map(name, paths))
        if isinstance(getattr(config, field), tuple):
            changed[field] = names
        elif names:
            changed[field] = names[0]
    return changed


def with_absolute_paths(config: Config) -> Config:
    """The same choices with absolute paths: what was named in one folder is found from all."""
    return replace(config, **renamed_paths(config, lambda p: os.path.abspath(typed_path(p))))
