"""Configurations as JSON: the `config.json` of a run, and those that people write."""

import hashlib
import json
import logging
import sys
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.system import ownership
from core.system.run_folder import RUN
from train.config import CONFIGS, Config
from train.fields import ConfigError, nearest

CONFIG_FILE = "config.json"
CHECKPOINTS = ("last.ckpt", "best.ckpt")
"""In a run's folder: of the last finished epoch, and of the best one."""
VERSION = "fields"
"""In `config.json`: a mark of the choices that the LesionLab had which wrote it. Where it is this
one's, or missing, a key that is no choice is somebody's slip; else an older or newer version had
more choices."""


def config_of(values: dict[str, Any], strict: bool = True) -> Config:
    """The configuration in plain data, as `as_json` has it. Choices not given take their default;
    those of another version that this one does not have are left out, and a warning is logged.

    Args:
        strict: false for a model's card, which says more of a training than its choices.

    Raises:
        ConfigError: a value cannot be used, there is no such choice, or `kind` is none of
            `CONFIGS`.
    """
    kind = values.get("kind") or ("segmenter" if "encoder" in values else "classifier")
    if not isinstance(kind, str) or kind not in CONFIGS:
        raise ConfigError(f"There is no training {kind}; choose from {', '.join(CONFIGS)}.")
    known = [field.name for field in fields(CONFIGS[kind])]
    if strict and (unknown := [key for key in values if key not in {*known, "kind", VERSION}]):
        version = _version(CONFIGS[kind])
        if values.get(VERSION, version) == version:
            meant = nearest(CONFIGS[kind], unknown[0])
            hint = f"did you mean {meant}?" if meant else f"there are {', '.join(sorted(known))}."
            raise ConfigError(f"There is no choice {unknown[0]} in a {kind}: {hint}")
        say_once(
            "The configuration was written by another version of LesionLab. Choices that this "
            f"version does not have are left out: {', '.join(unknown)}."
        )
    return CONFIGS[kind](**{key: value for key, value in values.items() if key in known})


def as_json(config: Config) -> str:
    """A configuration as the text of a file that `config_in` reads."""
    values = {"kind": config.kind, VERSION: _version(type(config)), **asdict(config)}
    return json.dumps(values, indent=2) + "\n"


def checkpoints_of(run: Path) -> list[Path]:
    """The checkpoints that a run has: of its last finished epoch first."""
    return [run / name for name in CHECKPOINTS if (run / name).is_file()]


def check_free(run: Path, resume: bool) -> None:
    """Raises FileExistsError: the folder holds a finished epoch and `resume` is not set."""
    if checkpoints_of(run) and not resume:
        raise FileExistsError(f"{run} holds a run already; add --resume, or name another folder.")


def write_run_config(run: Path, config: Config) -> None:
    """Write the run's `config.json`, atomically.

    Raises:
        ForeignFolderError: the folder holds something that LesionLab did not put there.
    """
    ownership.claim(run, RUN)
    ownership.write(run / CONFIG_FILE, as_json(config).encode())


def read_run_config(run: Path) -> Config | None:
    """The configuration of a run of whatever kind; None if the folder holds no run.

    Raises:
        ConfigError: `config.json` is damaged.
    """
    path = run / CONFIG_FILE
    return config_in(path, of_run=True) if path.is_file() else None


def read_config(run: Path, kind: type[Config]) -> Config | None:
    """The configuration of a run of one kind; None if the folder holds no run.

    Raises:
        ConfigError: `config.json` is damaged, or that of a run of another kind.
    """
    config = read_run_config(run)
    if config is not None and not isinstance(config, kind):
        raise ConfigError(f"{run} holds a run of another kind: {config.kind}.")
    return config


def config_in(path: Path, of_run: bool = False) -> Config:
    """The configuration of any kind in a JSON file; `-` is stdin. Raises ConfigError.

    Args:
        of_run: no person wrote the file. Without a mark it then is that of an older LesionLab.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("it is not a JSON object.")
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path} cannot be read: {why}") from error
    if of_run:
        values = {VERSION: "", **values}
    try:
        return config_of(values)
    except ConfigError as error:
        raise ConfigError(f"{path} cannot be used: {error}") from error


@lru_cache(maxsize=100)
def say_once(sentence: str) -> None:
    """Warn of something that several steps of a training notice."""
    logging.getLogger(__name__).warning(sentence)


def _version(kind: type[Config]) -> str:
    names = " ".join(field.name for field in fields(kind))
    return hashlib.sha256(names.encode()).hexdigest()[:8]
