"""What a run began with, kept beside its checkpoints, so that it goes on with the same: other
photos, classes or another network would make figures that belong to neither."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from core.system import ownership
from train.config import Config, ConfigError
from train.config_files import read_run_config
from train.data.arrays import classes_of
from train.data.dividing import chosen_rows
from train.data.photos import Photos
from train.fields import specs
from train.learn.teachers import hashes, teacher_cards
from train.stages import Stage

BEGAN_FILE = "began.json"
FREE = (
    "data", "stages", "lr", "warmup", "weight_decay", "patience", "augment", "crop_share",
    "workers", "threads", "precision",
)  # fmt: skip
"""Choices that may change on the way. Of `data` its photos are compared, as a folder may be moved;
`stages` may get longer. All others change what the weights or the scores mean."""


@dataclass(frozen=True)
class Beginning:
    """What a run began with.

    Attributes:
        split_id: says which lesion is in which split.
        classes: what is told apart; none where masks are learned.
        train, validation: photos of each that it sees.
        more: of each further source what `split_id` says of the data.
        start: where its weights came from (`train.learn.start_weights.origin`); "" where an older
            LesionLab began it.
        device: Lightning's name of where it computes: `cpu`, `gpu` or `mps`; "" as of `start`.
        precision: a key of `train.choices.PRECISIONS`, what `auto` stood for; "" as of `start`.
        teachers: SHA-256 of its teacher networks; none as of `start`.
    """

    split_id: str
    classes: tuple[str, ...]
    train: int
    validation: int
    more: tuple[str, ...] = ()
    start: str = ""
    device: str = ""
    precision: str = ""
    teachers: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config, photos: Photos) -> Beginning:
        """The photos that a training would begin with now."""
        data = photos.data
        classes = classes_of(data, config.two_labels) if config.labelled else ()
        train, validation = (
            len(chosen_rows(data.table, split, config.limit, config.masked))
            for split in ("train", "validation")
        )
        more = tuple(source.split.id for source in photos.more)
        return cls(data.split.id, classes, train, validation, more)

    def write(self, run: Path) -> None:
        """Into the run's folder, atomically."""
        ownership.write(run / BEGAN_FILE, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def read(cls, run: Path) -> Beginning:
        """Raises ConfigError: it cannot be read."""
        path = run / BEGAN_FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            lists = {"teachers": (), **values}
            return cls(**values | {k: tuple(lists[k]) for k in ("classes", "more", "teachers")})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from error


def check_goes_on(run: Path, config: Config, photos: Photos) -> None:
    """Whether a run with a finished epoch can go on with a configuration, and with the photos and
    teacher networks as they are now.

    Raises:
        ConfigError: it began with something else; the message says what.
        WeightsError: a teacher is not there any more.
    """
    before = read_run_config(run)
    if before is not None:
        _check_choices(run, before, config)
        _check_stages(run, before, config)
    check_photos(run, config, photos)
    teachers = teacher_cards(config)
    began = beginning_of(run)
    if began and began.teachers and began.teachers != hashes(teachers):
        raise ConfigError(
            f"The run {run.name} began with other teacher networks than those that are now in "
            f"{', '.join(map(str, teachers))}. Bring them back, or begin another run."
        )


def beginning_of(run: Path) -> Beginning | None:
    """What a run began with; None if it has not begun, or an older LesionLab began it. Raises
    ConfigError: it cannot be read."""
    return Beginning.read(run) if (run / BEGAN_FILE).is_file() else None


def with_precision(run: Path, config: Config) -> Config:
    """The configuration of a run with the precision in which it began, if that is known, in the
    place of `auto`, which another computer resolves otherwise. Raises ConfigError."""
    began = beginning_of(run)
    if config.precision != "auto" or not began or not began.precision:
        return config
    return replace(config, precision=began.precision)


def check_photos(run: Path, config: Config, photos: Photos) -> None:
    """Whether the photos are still those that a run began with, if it has begun.

    Raises:
        ConfigError: they are not.
    """
    if not (began := beginning_of(run)):
        return
    now = Beginning.of(config, photos)
    if began.classes != now.classes:
        what = (
            f"the classes {', '.join(began.classes)}, and the photos now have "
            f"{', '.join(now.classes)}"
        )
    elif (began.split_id, began.more) != (now.split_id, now.more):
        what = (
            "other photos: since then some came, went or moved between training, validation and "
            "test, so that it may be validated on photos it has learned from"
        )
    elif (began.train, began.validation) != (now.train, now.validation):
        what = (
            f"{began.train:,} photos to learn from and {began.validation:,} for validation; now "
            f"there are {now.train:,} and {now.validation:,}"
        )
    else:
        return
    raise ConfigError(
        f"The run {run.name} began with {what}. Bring back what it had, or begin another run."
    )


def _check_choices(run: Path, before: Config, now: Config) -> None:
    if before.kind != now.kind:
        raise ConfigError(f"{run} holds a run of another kind: {before.kind}.")
    different = [
        field.name
        for field in fields(now)
        if field.name not in FREE and getattr(before, field.name) != getattr(now, field.name)
    ]
    if different:
        name = different[0]
        spec = specs(type(now))[name]
        old, new = (spec.written(getattr(c, name)) or "none" for c in (before, now))
        raise ConfigError(
            f"The run {run.name} began with {spec.title.lower()} {old}; it cannot go on with "
            f"{new}. Leave --{name.replace('_', '-')} out, or begin another run."
        )


def _check_stages(run: Path, before: Config, now: Config) -> None:
    from train.jobs.run_files import read_metrics

    done = max((int(row["epoch"]) + 1 for row in read_metrics(run) if "epoch" in row), default=0)
    written = specs(type(now))["stages"].written
    if now.epochs < done:
        raise ConfigError(
            f"The run {run.name} has finished {done} epochs already; {written(now.stages)} plans "
            f"{now.epochs} only. Leave --stages out, or plan more."
        )
    if _sizes(before.stages)[:done] != _sizes(now.stages)[:done]:
        raise ConfigError(
            f"The run {run.name} began with {written(before.stages)}: its {done} finished epochs "
            f"cannot become those of {written(now.stages)}. Leave --stages out, or begin another "
            "run."
        )
    if before.validation_size != now.validation_size:
        raise ConfigError(
            f"The run {run.name} is validated at {before.validation_size} px, its last stage's "
            f"size; with {written(now.stages)} that would be {now.validation_size} px, and its "
            "epochs could not be compared. End with the same size, or begin another run."
        )


def _sizes(stages: tuple[Stage, ...]) -> list[int]:
    return [stage.size for stage in stages for _ in range(stage.epochs)]
