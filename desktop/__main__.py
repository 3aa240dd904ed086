"""`python -m desktop`: LesionLab in a window of its own, until it is closed."""

import argparse
import sys
from collections.abc import Sequence

from core.errors import UserError
from core.settings import Settings
from desktop.launch import launch
from desktop.messages import alarm, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window; returns the exit status (0 closed, or brought up; 1 it did not work)."""
    parser = argparse.ArgumentParser(prog="python -m desktop", description=__doc__)
    parser.parse_args(arguments)
    try:
        return launch(Settings.from_environment(), say)
    except UserError as error:
        alarm(str(error))
        return 1
    except KeyboardInterrupt:  # before the window was there
        return 130


if __name__ == "__main__":
    sys.exit(main())
