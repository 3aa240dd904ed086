"""What `python -m core` and `python -m train` do around their work."""

import os
import sys
from collections.abc import Callable

NOBODY_READS = 141
"""The exit status of what ended because nobody reads what it prints (128 + SIGPIPE)."""


def exit_status(work: Callable[[], int]) -> int:
    """The exit status of a command.

    Where the reader of what it prints is gone (`… | head`) it ends without a word; a file or folder
    that cannot be read or written is told in a sentence, with status 1.

    Args:
        work: the command; returns its exit status.

    Raises:
        OSError: one that names no file.
    """
    try:
        status = work()
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # Python flushes it once more at the end
        return NOBODY_READS
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        print(f"{error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    return status
