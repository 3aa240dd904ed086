"""`python -m train experiments`: what students have read about, trained and measured under both
splits, one after the other."""

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.evaluation.files import COMPARISON, names
from core.models.cards import FILE as CARD
from core.settings import Settings
from core.system.processes import apart
from core.system.run_folder import MODELS
from train.config import Config
from train.config_files import checkpoints_of
from train.experiments import EXPERIMENTS, SPLITS, run_name
from train.model_commands import add_more
from train.names import run_folder
from train.presets import AS_PUBLISHED, LENGTHS

LOG = "experiments.log"
"""In the folder of runs: what they print in the background."""


def add_experiments_command(commands: Any) -> None:
    """Add `experiments` to the commands of `python -m train`."""
    command = commands.add_parser(
        "experiments",
        help="what students have read about, under both ways to split",
        allow_abbrev=False,  # `--background` is left out by name where it is called again
    )
    known = [experiment.key for experiment in EXPERIMENTS]
    command.add_argument(
        "keys", nargs="*", metavar="KEY", help=f"of {', '.join(known)} (default: all)"
    )
    command.add_argument("--length", choices=LENGTHS, default=AS_PUBLISHED)
    command.add_argument("--split", choices=(*SPLITS, "both"), default="both")
    add_more(command, "the classifiers are measured on these as well")
    command.add_argument("--list", action="store_true", help="what is done, and what is left")
    command.add_argument(
        "--background", action="store_true", help="go on when this terminal is closed"
    )
    command.set_defaults(run=_experiments, parser=command, known=known)


def _experiments(options: argparse.Namespace) -> int:
    if unknown := [key for key in options.keys if key not in options.known]:
        options.parser.error(
            f"there is no experiment {unknown[0]}; choose from {', '.join(options.known)}"
        )
    splits = SPLITS if options.split == "both" else (options.split,)
    chosen = [e for e in EXPERIMENTS if not options.keys or e.key in options.keys]
    wanted = {
        run_name(e.key, options.length, split): replace(
            e.preset.lengths[options.length], split=split
        )
        for e in chosen
        for split in splits
    }
    if options.list:
        for name, config in wanted.items():
            print(f"{name:<36} {'measured' if _is_kept(name, config) else 'to do'}")
        return 0
    return _in_background() if options.background else _run(wanted, options.more)


def _run(wanted: dict[str, Config], more: list[Path]) -> int:
    """Each that is not measured yet; one that fails does not keep the others back."""
    from train.jobs.worker import give_way

    give_way()
    failed = 0
    for name, config in wanted.items():
        if _is_kept(name, config):
            print(f"{name}: measured already.", flush=True)
            continue
        print(f"{name}: begins, or goes on.", flush=True)
        try:
            _one(run_folder(name), config, more)
        except (UserError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            failed += 1
    return 1 if failed else 0


def _one(run: Path, config: Config, more: list[Path]) -> None:
    """Train, measure on test, keep the figures; what is done already is not repeated."""
    from train.commands import train_attended
    from train.finish.comparison import keep
    from train.finish.finish import evaluate_run

    folders = [run / MODELS / kind for kind in config.models]
    if not all((folder / CARD).is_file() for folder in folders):
        train_attended(run, config, resume=bool(checkpoints_of(run)))
    for folder in folders:
        if "test" not in names(folder):
            evaluate_run(run, folder.name, "test")
        if more and folder.name == "classifier" and not config.two_labels:
            evaluate_run(run, folder.name, more=more)
    for place in keep(run, Settings.from_environment().weights):
        print(f"{run.name}: figures in {place}", flush=True)


def _is_kept(name: str, config: Config) -> bool:
    place = Settings.from_environment().weights / COMPARISON / name
    return all("test" in names(place / kind) for kind in config.models)


def _in_background() -> int:
    """The same command in a session of its own."""
    runs = Settings.from_environment().runs
    runs.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--background"]
    with (runs / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "train", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **apart(),
        )
    print(f"Process {process.pid} trains; it writes to {runs / LOG}.")
    return 0
