"""Every command's end: the pipe behind it closed, a folder that is not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from core.system import ownership
from core.system.console import NOBODY_READS, exit_status


@pytest.mark.parametrize("command", ["train preset", "core dataset status"])
def test_a_reader_that_is_gone_is_no_traceback(command: str, tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", *command.split()],
            stdout=writes,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=os.environ | {"LESIONLAB_DATA": str(tmp_path)},
            check=False,
        )
    finally:
        os.close(writes)
    assert ended.returncode == NOBODY_READS
    assert not ended.stderr


def test_a_file_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "nowhere" / "x.png"

    def written() -> int:
        ownership.write(place, b"")
        return 0

    for work in (written, lambda: place.write_bytes(b"")):
        assert exit_status(work) == 1
        assert capsys.readouterr().err.startswith(f"{place} ")


def test_other_errors_are_not_hidden() -> None:
    def broken() -> int:
        raise OSError("odd")

    with pytest.raises(OSError, match="odd"):
        exit_status(broken)
