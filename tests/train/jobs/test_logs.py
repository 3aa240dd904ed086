from __future__ import annotations

from pathlib import Path

from train.jobs.logs import CUT, tail, trim


def test_tail(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert tail(log, 5) == ""
    log.write_bytes(b"one\n\n10%\r50%\r100%\n\x1b[31mred\x1b[0m\ncut \xff off\r\n")
    assert tail(log, 3) == "100%\nred\ncut \ufffd off"
    assert tail(log, 99).splitlines()[0] == "one"


def test_log_that_grows_is_cut_while_it_is_written(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("ab", buffering=0) as writer:  # as a trainer has it
        for n in range(1000):
            writer.write(b"line %03d\n" % n)
        trim(log, most=9_000, keep=100)
        assert log.stat().st_size == 9_000, "not beyond the limit yet"
        writer.write(b"line 1000\n")
        trim(log, most=9_000, keep=100)
        writer.write(b"the next\n")
    lines = log.read_bytes().splitlines(keepends=True)
    assert lines[0] == CUT
    assert lines[-2:] == [b"line 1000\n", b"the next\n"]
    assert lines[1].startswith(b"line 99"), "cut between lines"
    assert log.stat().st_size < 200


def test_no_log_to_trim(tmp_path: Path) -> None:
    trim(tmp_path / "none")
    assert not (tmp_path / "none").exists()
