"""The commands that train, look ahead and preview: `classifier`, `segmenter`, `hybrid`, `preset`,
`estimate`, `preview`."""

import argparse
import json
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from train.config import CONFIGS, Config
from train.config_files import config_in, read_config
from train.fields import ConfigError, Spec, specs
from train.jobs.store import Runs
from train.learn.ranks import placement, rank
from train.names import run_folder, with_absolute_paths
from train.presets import BY_KEY, LENGTHS, PRESETS, QUICK
from train.progress import Progress, Watch

CHANGEABLE = (
    "split", "data", "more", "start", "threads", "workers", "stages", "seed",
    "architecture", "encoder", "mix", "teachers",
)  # fmt: skip
"""What may be chosen otherwise than in a preset; all else is the preset."""


class Console(Watch):
    """For a terminal. Lightning shows the epochs, `metrics.csv`'s rows are printed as they come;
    this tells of decoding. Ctrl+C stops."""

    name = ""

    def phase(self, name: str) -> None:
        """See `Watch`."""
        self.name = name

    def progress(self, progress: Progress) -> None:
        """See `Watch`."""
        if self.name != "training" and sys.stderr.isatty():
            said = f"\r{self.name.capitalize()}: {progress.step:,} of {progress.steps:,}"
            print(said, end="", file=sys.stderr, flush=True)


def add_training_commands(commands: Any) -> None:
    """Add the commands to `python -m train`'s."""
    for name, config in CONFIGS.items():
        command = commands.add_parser(name, help=(config.__doc__ or "").split(": ", 1)[-1])
        _add_run(command, name)
        defaults = config()
        for field, spec in specs(config).items():
            command.add_argument(
                f"--{field.replace('_', '-')}",
                type=_parser_of(spec),
                default=argparse.SUPPRESS,
                help=_help(spec, getattr(defaults, field)),
            )
        command.set_defaults(run=_train, config=config)
    preset = commands.add_parser("preset", help="a training ready to start; without a name: a list")
    preset.add_argument("preset", nargs="?", choices=BY_KEY, help="one of %(choices)s")
    _add_run(preset, None)
    preset.add_argument(
        "--length", choices=LENGTHS, default=QUICK, help="of an experiment (default: %(default)s)"
    )
    known: dict[str, Spec] = {}
    for config in CONFIGS.values():
        known = specs(config) | known
    for field in CHANGEABLE:
        spec = known[field]
        preset.add_argument(
            f"--{field}", type=_parser_of(spec), help=f"{spec.text} Default: the preset's"
        )
    preset.set_defaults(run=_preset)
    estimate = commands.add_parser("estimate", help="time and disk of a training, as JSON")
    estimate.add_argument("--config", type=Path, required=True, metavar="FILE")
    estimate.set_defaults(run=_estimate)
    preview = commands.add_parser("preview", help="augmented samples of some photos, as one PNG")
    preview.add_argument("--config", type=Path, required=True, metavar="FILE")
    preview.add_argument("--out", type=Path, required=True, metavar="PNG")
    few = Spec("The number", "", least=1, most=100, kind=int)
    seed = specs(Config)["seed"]
    for name, spec, default, text in (
        ("photos", few, 3, "rows (default: %(default)s)"),
        ("samples", few, 5, "of each (default: %(default)s)"),
        ("seed", seed, 0, "another one, other samples"),
    ):
        preview.add_argument(f"--{name}", type=_parser_of(spec), default=default, help=text)
    preview.set_defaults(run=_preview)


def _add_run(command: argparse.ArgumentParser, name: str | None) -> None:
    command.add_argument("--run-name", default=name, help="folder below LESIONLAB_RUNS")
    command.add_argument("--resume", action="store_true", help="go on where the run stopped")
    command.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="GPUs of this computer to use; without a GPU, processes (default: %(default)s)",
    )


def _parser_of(spec: Spec) -> Any:
    """For argparse, which keeps the sentence of an error of its own alone."""

    def parsed(text: str) -> Any:
        try:
            return spec.parsed(text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


def _help(spec: Spec, value: Any) -> str:
    which = "Any of" if spec.kind is tuple else "One of"
    known = f" {which} {spec.known()}." if spec.options else ""
    if spec.kind is tuple and spec.item is str:
        known += " Several with commas between them."
    if spec.kind in (int, float):
        known = f" {spec.limits.capitalize()}."
    return f"{spec.text}{known} Default: {spec.written(value) or 'none'}".replace("%", "%%")


def _chosen(options: argparse.Namespace, run: Path) -> Config:
    """The options given, on top of the run's own configuration (if it resumes) or the defaults."""
    given = {f.name: getattr(options, f.name) for f in fields(options.config) if f.name in options}
    base = read_config(run, options.config) if options.resume else None
    return replace(base or options.config(), **given)


def _train(options: argparse.Namespace) -> int:
    run = run_folder(options.run_name)
    return _run(run, _chosen(options, run), options)


def _preset(options: argparse.Namespace) -> int:
    if options.preset is None:
        for preset in PRESETS:
            print(f"{preset.key:<20} {preset.title}. {preset.text}")
        return 0
    preset = BY_KEY[options.preset]
    if options.length not in preset.lengths:
        raise ConfigError(f"The preset {preset.key} has one length only: leave --length out.")
    chosen = preset.lengths[options.length]
    run = run_folder(preset.key if options.run_name is None else options.run_name)
    config = (read_config(run, type(chosen)) if options.resume else None) or chosen
    given = {field: value for field in CHANGEABLE if (value := getattr(options, field)) is not None}
    if strange := given.keys() - {field.name for field in fields(config)}:
        raise ConfigError(
            f"The preset {preset.key} has no such choice: leave out --{min(strange)}."
        )
    return _run(run, replace(config, **given), options)


def _run(run: Path, config: Config, options: argparse.Namespace) -> int:
    from train.run import train

    where, config = placement(options.devices), with_absolute_paths(config)
    if rank() > 0:
        train(run, config, Watch(), where)
        return 0
    train_attended(run, config, options.resume, where)
    print(f"Best checkpoint: {run / 'best.ckpt'}")
    return 0


def train_attended(
    run: Path, config: Config, resume: bool, where: dict[str, Any] | None = None
) -> None:
    """Begin a run, or go on with it, and finish it; see `train.run.run_training`."""
    from train.jobs.worker import attended
    from train.run import begin, run_training

    photos = begin(run, config, resume)
    with attended(Runs(run.parent), run.name, Console()) as watch:
        run_training(run, watch, resume, where, photos)


def _estimate(options: argparse.Namespace) -> int:
    from train.estimate import estimate

    print(json.dumps(asdict(estimate(config_in(options.config)))))
    return 0


def _preview(options: argparse.Namespace) -> int:
    from train.preview import write_sheet

    config = config_in(options.config)
    write_sheet(options.out, config, options.photos, options.samples, options.seed)
    return 0
