"""Train (`classifier`, `segmenter`, `hybrid`, or a `preset`), then `export` a run to `weights/`,
then `evaluate` it; `queue` trains in the background, one training after the other;
`experiments` runs what students have read about under both ways to split; `atlas` makes
what the Dataset page knows of every image; `pack` and `import` hand models on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.errors import UserError
from core.system.console import exit_status
from train.commands import add_training_commands
from train.experiments_command import add_experiments_command
from train.jobs.cli import add_queue_command
from train.jobs.words import disk_is_full
from train.model_commands import add_model_commands
from train.progress import Stopped

FULL = (
    "The disk is full. Free some space on it (python -m core storage lists what LesionLab keeps), "
    "then repeat this; a training goes on after its last finished epoch with --resume."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 failed, 2 wrong usage, 130 stopped)."""
    options = _parser().parse_args(arguments)
    return exit_status(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except (UserError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, RuntimeError) as error:
        if not disk_is_full(error):
            raise
        print(FULL, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        print("Stopped. A training goes on where it was with --resume.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_training_commands(commands)
    add_model_commands(commands)
    add_queue_command(commands)
    add_experiments_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
