"""What a run's folder holds, as the queue reads it."""

import csv
import json
import math
import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from core.system import ownership
from core.system.run_folder import RUN, is_run
from train.config import Config, ConfigError
from train.config_files import read_run_config

SIGNS = ("config.json", "last.ckpt", "metrics.csv")
"""The folder of a run has one of these."""


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """Rows of a run's `metrics.csv`; cells without a finite number are left out."""
    try:
        with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
            return [_numbers(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return []


def _numbers(row: dict[str, str]) -> dict[str, float]:
    numbers = {}
    for column, text in row.items():
        with suppress(ValueError, TypeError):
            if math.isfinite(number := float(text)):
                numbers[column] = number
    return numbers


def holds_a_run(folder: Path) -> bool:
    """Whether LesionLab began a training in it."""
    return is_run(folder) and any((folder / sign).exists() for sign in SIGNS)


def discard(folder: Path) -> None:
    """Take back a folder made a moment ago."""
    if not ownership.remove(folder, RUN):
        with suppress(OSError):
            folder.rmdir()


def config_and_problem(folder: Path) -> tuple[Config | None, str]:
    """The choices of a run; None and a sentence if they cannot be read."""
    problem = "Its config.json is missing."
    try:
        if config := read_run_config(folder):
            # Half a surrogate pair cannot be shown.
            json.dumps(asdict(config), ensure_ascii=False).encode("utf-8")
            return config, ""
    except ConfigError as error:
        problem = str(error)
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        # One run's file is never a reason not to show the others.
        problem = f"Its config.json cannot be used ({type(error).__name__})."
    return None, f"{problem} It cannot go on; delete it, or make a new training."


def is_finished(folder: Path) -> bool:
    """Whether a folder without a row holds a training that came to its planned end."""
    config, _ = config_and_problem(folder)
    return any((folder / "model").glob("*/card.json")) or (
        config is not None and len(read_metrics(folder)) >= config.epochs
    )


def changed_at(folder: Path, names: tuple[str, ...]) -> float | None:
    """When the newest of these files was written, in seconds since 1970."""
    times = []
    for name in names:
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return max(times, default=None)


def as_time(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as a moment in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def new_folder(runs: Path, name: str) -> Path:
    """A new folder whose name begins with the time and says something of the run."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "run"
    base, number = f"{datetime.now():%Y%m%d-%H%M%S}-{words}", 1
    while True:
        folder = runs / (base if number == 1 else f"{base}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def sync_to_disk(path: Path) -> None:
    """Have a file on the disk, not only in the system's memory: a power cut spares it."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
