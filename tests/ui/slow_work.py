"""What the tests of tasks run: works until it is told to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from core.system.progress import ProgressWriter


def main() -> None:
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:  # the child
        (folder / "child").write_text(str(os.getpid()))
        while not (folder / "go").exists():
            time.sleep(0.02)
        return
    (folder / "pid").write_text(str(os.getpid()))
    if (folder / "note").is_file():
        print((folder / "note").read_text(), flush=True)
    writer = ProgressWriter(3)
    writer.next("Beginning")
    writer.next("Half way", 1)
    with subprocess.Popen([sys.executable, "-m", "tests.ui.slow_work", str(folder), "child"]) as it:
        it.wait()


if __name__ == "__main__":
    main()
