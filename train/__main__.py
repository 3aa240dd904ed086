"""Train (`classifier`, `segmenter`), then `export` a run to `weights/`, then `evaluate` it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from core.dataset import Dataset, DatasetError
from core.imaging import ImageError
from core.settings import Settings, SettingsError
from core.splits import SplitError
from core.weights import WeightsError
from train.config import (
    ClassifierConfig,
    Config,
    ConfigError,
    SegmenterConfig,
    Stage,
    read_config,
)

SENTENCES = (
    ConfigError,
    DatasetError,
    FileExistsError,
    ImageError,
    SettingsError,
    SplitError,
    WeightsError,
)
"""Errors whose message tells a person what to do."""

CONFIGS: dict[str, type[Config]] = {"classifier": ClassifierConfig, "segmenter": SegmenterConfig}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 failed, 2 wrong usage, 130 stopped)."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except SENTENCES as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. A training goes on where it was with --resume.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, config in CONFIGS.items():
        command = commands.add_parser(name, help=(config.__doc__ or "").split(": ", 1)[-1])
        command.add_argument("--run-name", default=name, help="folder below LESIONLAB_RUNS")
        command.add_argument("--resume", action="store_true", help="go on where the run stopped")
        defaults = config()
        for field in fields(config):
            value = getattr(defaults, field.name)
            command.add_argument(
                f"--{field.name.replace('_', '-')}",
                type=_stages
                if field.name == "stages"
                else _words
                if field.name == "freeze"
                else type(value),
                default=argparse.SUPPRESS,
                help=f"default: {_written(value)}",
            )
        command.set_defaults(run=_train, config=config)
    export = commands.add_parser("export", help="a finished run becomes weights/MODEL")
    export.add_argument("model", choices=CONFIGS)
    export.add_argument("--run-name", help="folder below LESIONLAB_RUNS (default: MODEL)")
    export.set_defaults(run=_export)
    evaluate = commands.add_parser("evaluate", help="measure the weights in weights/MODEL")
    evaluate.add_argument("model", choices=CONFIGS)
    evaluate.add_argument("--split", choices=("validation", "test"), default="validation")
    evaluate.set_defaults(run=_evaluate)
    report = commands.add_parser("report", help="the measured figures as a Markdown table")
    report.set_defaults(run=_report)
    return parser


def _stages(text: str) -> tuple[Stage, ...]:
    """`8x128,2x160`: eight epochs at 128 px, then two at 160."""
    try:
        pairs = [part.split("x") for part in text.split(",")]
        stages = tuple(Stage(int(epochs), int(size)) for epochs, size in pairs)
    except ValueError as error:
        raise argparse.ArgumentTypeError("write EPOCHSxSIZE, e.g. 8x128,2x160") from error
    if any(s.epochs < 1 or s.size < 32 or s.size % 32 for s in stages):
        raise argparse.ArgumentTypeError("epochs from 1, sizes multiples of 32")
    return stages


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _written(value: Any) -> str:
    """A default as one would type it."""
    if isinstance(value, tuple):
        return ",".join(f"{v.epochs}x{v.size}" if isinstance(v, Stage) else str(v) for v in value)
    return str(value)


def _chosen(options: argparse.Namespace, run: Path) -> Config:
    """The options given, on top of the run's own configuration (if it resumes) or the defaults."""
    given = {f.name: getattr(options, f.name) for f in fields(options.config) if f.name in options}
    base = read_config(run, options.config) if options.resume else None
    return replace(base or options.config(), **given)


def _train(options: argparse.Namespace) -> int:
    run = Settings.from_environment().runs / options.run_name
    config = _chosen(options, run)
    dataset = Dataset.open()

    from train.data import load_arrays
    from train.fit import Model, fit

    arrays = load_arrays(dataset)
    model: Model
    if isinstance(config, ClassifierConfig):
        from train.classifier import ClassifierTraining

        model = ClassifierTraining(config, arrays)
    else:
        from train.segmenter import SegmenterTraining

        assert isinstance(config, SegmenterConfig)
        model = SegmenterTraining(config, arrays)
    best = fit(model, run, resume=options.resume)
    print(f"Best checkpoint: {best}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from train.export import EXPORTS

    run = Settings.from_environment().runs / (options.run_name or options.model)
    if not (run / "best.ckpt").is_file():
        raise WeightsError(f"There is no finished epoch in {run}; train first.")
    card = EXPORTS[options.model](run, Dataset.open())
    print(f"Wrote {card['name']}, SHA-256 {card['sha256'][:12]}…")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from core.analyser import Analyser
    from train.evaluate import EVALUATIONS

    figures = EVALUATIONS[options.model](Dataset.open(), Analyser.load(), options.split)
    print(f"{figures['split']}: {figures['images']:,} images of {figures['lesions']:,} lesions")
    for name, figure in figures["overall"].items():
        print(f"  {name:<20} {figure['value']:.3f}  ({figure['low']:.3f} to {figure['high']:.3f})")
    for name, row in figures.get("classes", {}).items():
        print(f"  {name:<6} " + "  ".join(f"{k} {v:.3f}" for k, v in row.items()))
    return 0


def _report(options: argparse.Namespace) -> int:
    from train.report import table

    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
