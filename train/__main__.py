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
    VIEWS,
    ClassifierConfig,
    Config,
    ConfigError,
    SegmenterConfig,
    Stage,
    read_config,
)
from train.sources import FolderSource, Source, SplitSource

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
    evaluate.add_argument(
        "--views", type=int, choices=VIEWS, default=1, help="8: average over turned, mirrored views"
    )
    evaluate.add_argument("--images", type=Path, metavar="DIR", help="photos from elsewhere")
    evaluate.add_argument(
        "--labels", type=Path, metavar="CSV", help="their diagnoses, in ISIC's one-hot format"
    )
    evaluate.add_argument("--masks", type=Path, metavar="DIR", help="their masks, for segmenter")
    evaluate.add_argument(
        "--out", type=Path, metavar="DIR", help="for photos from elsewhere: results go there"
    )
    evaluate.set_defaults(run=_evaluate, parser=evaluate)
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
    source = _source(options)
    from core.analyser import Analyser
    from train.evaluate import EVALUATIONS, write_elsewhere, write_split

    figures = EVALUATIONS[options.model](source, Analyser.load(), options.views)
    if options.images is None:
        write_split(options.model, figures)
    else:
        write_elsewhere(options.model, figures, options.out)
    print(f"{figures['split']}: {figures['images']:,} images of {figures['lesions']:,} lesions")
    for part in ("overall", "most_probable"):
        if part in figures:
            print(part.replace("_", " "))
        for name, f in figures.get(part, {}).items():
            print(f"  {name:<20} {f['value']:.3f}  ({f['low']:.3f} to {f['high']:.3f})")
    for name, row in figures.get("classes", {}).items():
        values = "  ".join(f"{k} {v['value']:.3f}" for k, v in row.items() if k != "support")
        print(f"  {name:<6} n {row['support']:<5} {values}")
    return 0


def _source(options: argparse.Namespace) -> Source:
    """What to evaluate on; ends with status 2 where the options do not fit together."""
    wrong = options.parser.error
    if options.images is None:
        if options.labels or options.masks or options.out:
            wrong("--labels, --masks and --out go with --images")
        return SplitSource(Dataset.open(), options.split, masked=options.model == "segmenter")
    if options.out is None:
        wrong("--images needs --out DIR for the results")
    if options.model == "classifier":
        if options.labels is None or options.masks:
            wrong("the classifier needs --images DIR --labels CSV")
        return FolderSource.with_labels(options.images, options.labels)
    if options.masks is None or options.labels:
        wrong("the segmenter needs --images DIR --masks DIR")
    return FolderSource.with_masks(options.images, options.masks)


def _report(options: argparse.Namespace) -> int:
    from train.report import table

    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
