"""Runs and choices in words."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import PurePath
from typing import Any

from core.evaluation.metrics import NAMES
from train.choices import AUGMENTATIONS, IMAGES, LOSSES, MASK_LOSSES, TASKS, Choice
from train.config import CONFIGS, Config
from train.fields import Spec, specs
from train.jobs import Run
from train.stages import Stage
from ui.browser import by_clock
from ui.text import as_text

STATES = {
    "queued": ("gray", "schedule", "Waiting"),
    "running": ("blue", "play_circle", "Running"),
    "stopping": ("orange", "pending", "Stopping"),
    "unknown": ("orange", "help", "Out of sight"),
    "finished": ("green", "check_circle", "Finished"),
    "stopped": ("orange", "stop_circle", "Stopped"),
    "failed": ("red", "error", "Failed"),
    "interrupted": ("red", "power_off", "Interrupted"),
}
"""Of each state of a run: colour, sign and word."""

SPECS: dict[str, Spec] = {
    name: spec for config in CONFIGS.values() for name, spec in specs(config).items()
}
"""Every field of a configuration."""

OPTIONS: dict[str, Mapping[Any, Choice]] = {
    name: spec.options for name, spec in SPECS.items() if spec.others or spec.kind is str
}
"""Named values of a configuration's fields."""
OPTIONS |= {"kind": TASKS, "loss": LOSSES | MASK_LOSSES}

DEVICES = {"cpu": "the processor", "gpu": "a GPU", "mps": "a GPU of Apple"}
"""What a run computes on, by Lightning's names."""

LEAK_BADGE = ":orange-badge[:material/warning: Leaks]"
"""Of what comes from images split at random."""

HEADLINES = ("macro_f1", "mean_iou", "balanced_accuracy", "mean_dice", "accuracy", "nll")
"""Measures of validation, the one to name first in front."""


def badge(run: Run) -> str:
    """A run's state, in Markdown."""
    colour, sign, word = STATES[run.state]
    found = f":{colour}-badge[:material/{sign}: {word}]"
    return f"{found} {LEAK_BADGE}" if leaks(run) else found


def leaks(run: Run) -> bool:
    """Whether a run's images were split at random."""
    return run.config is not None and run.config.split == IMAGES


def labels(runs: Sequence[Run]) -> dict[str, str]:
    """What runs are called in a list, by their ids; no two alike. Without their states: what a
    browser shows as chosen must not change by itself."""
    found = {
        run.id: " · ".join([run.name, *(["leaks"] if leaks(run) else []), when(run.created)])
        for run in runs
    }
    names = list(found.values())
    return {id: name if names.count(name) == 1 else f"{name} · {id}" for id, name in found.items()}


def when(moment: datetime) -> str:
    """A moment by the visitor's clock: `21 Nov, 09:32`."""
    local = by_clock(moment)
    return f"{local.day} {local:%b, %H:%M}"


def field(name: str) -> str:
    """What a field of a configuration is called."""
    return {"kind": "Task", "device": "Computed on"}.get(name) or SPECS[name].title


def value(name: str, chosen: Any) -> str:
    """What a value of a field is called; plain text."""
    if name == "device":
        return DEVICES.get(chosen, str(chosen))
    if name == "augment":
        if set(chosen) == set(AUGMENTATIONS):
            return "all"
        return ", ".join(AUGMENTATIONS[a].title.lower() for a in chosen) or "none"
    if name == "stages":
        return _stages(chosen)
    if name in ("limit", "ema", "workers") and not chosen:
        return {"limit": "all photos"}.get(name, "none")
    known = OPTIONS.get(name, {})
    if chosen in known:
        return known[chosen].title
    if isinstance(chosen, tuple):
        return ", ".join(map(str, chosen)) or "none"
    return f"{chosen:g}" if isinstance(chosen, float) else str(chosen)


def values(config: Config) -> dict[str, Any]:
    """A configuration's fields and values, the task first."""
    return {"kind": config.kind} | {f.name: getattr(config, f.name) for f in fields(config)}


def differing(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Fields that are not the same in all of the runs' `values`, those that some lack included."""
    names = dict.fromkeys(name for each in found for name in each)
    return [n for n in names if any(each.get(n) != found[0].get(n) for each in found)]


def measures(row: Mapping[str, float]) -> dict[str, float]:
    """The measures among the columns of a row of `metrics.csv`: of validation, the most telling
    first, then of validation photos from elsewhere."""
    order = dict.fromkeys([*HEADLINES, *NAMES])
    columns = [f"{where}_{key}" for where in ("val", "elsewhere") for key in order]
    return {column: row[column] for column in columns if column in row}


def plan(config: Config) -> str:
    """What a training will do, in sentences of Markdown."""
    name = as_text(value("architecture", config.network))
    doing = {
        "classifier": f"teaches the network **{name}** to diagnose a photo",
        "segmenter": f"teaches a U-Net with **{name}** inside to outline lesions",
        "hybrid": f"teaches one network, **{name}**, to diagnose a photo and to outline the lesion",
    }[config.kind]
    subset = ""
    if config.limit:
        each = " of each source" if config.more else ""
        subset = f": at most {config.limit:,}{each} to learn from, and as many for validation"
    early = ""
    if config.patience < config.epochs:
        early = f"; after {config.patience} without a better score on validation it stops by itself"
    divided = ""
    if config.split == IMAGES:
        divided = (
            " **Images are split at random**: lesions lie in training and test at once, so its "
            "figures will be too good, and its model can never be the app's."
        )
    source = f"photos of **{as_text(value('data', config.data))}**"
    if config.more:
        further = ", ".join(f"**{as_text(PurePath(path).name)}**" for path in config.more)
        source += f" and, in {config.more_share:.0%} of the draws, of {further}"
    parts = [
        f"This {doing}. It starts from **{as_text(_start(config))}** and learns from {source}"
        f"{subset}.{divided}",
        f"Up to **{config.epochs} epoch{'s' * (config.epochs > 1)}** ({_stages(config.stages)}); "
        f"each draws {config.epoch_images:,} times from them, {config.batch} at a time{early}.",
        "The best epoch becomes a model of its own. The models in use stay as they are, and test "
        "photos are not looked at.",
    ]
    return " ".join(parts)


def _start(config: Config) -> str:
    named = {
        "imagenet": "ImageNet weights",
        "torchvision": "downloaded ImageNet weights",
        "shipped": "the weights that came with LesionLab for this network",
        "random": "random weights",
    }
    return named.get(config.start, config.start)


def _stages(stages: Sequence[Stage]) -> str:
    return ", then ".join(f"{stage.epochs} at {stage.size} px" for stage in stages)
