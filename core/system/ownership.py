"""What LesionLab puts into the folders that settings name, and how it knows its own again.

A setting may name any folder, somebody's home among them. So a folder that LesionLab may delete
holds a marker file that says what it is, and is made together with it; whatever has no marker of
the right kind is somebody else's and stays as it is. Half-written files have names that nobody else
chooses.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARKER = ".lesionlab"
"""The marker file; its first line is `LesionLab: KIND`."""
SCRATCH = ".lesionlab-"
"""Begins the names of files and folders at work; what is left of them was broken off."""
_LEFT_OVER = re.compile(re.escape(SCRATCH) + "[0-9a-f]{16}")
_FIRST, _REST = "LesionLab: ", "LesionLab made this folder; it may delete all that is in it.\n"


class ForeignFolderError(FileExistsError):
    """A folder that LesionLab wants to use holds something else; the message says what to do."""

    def __str__(self) -> str:
        return str(self.args[0])


def kind_of(folder: Path) -> str:
    """What a folder of LesionLab's is; empty if it is not one."""
    marker = folder / MARKER
    try:
        if marker.is_symlink() or not marker.is_file():
            return ""
        with marker.open(encoding="utf-8") as file:
            line = file.readline(200)
    except (OSError, ValueError):
        return ""
    return line.removeprefix(_FIRST).strip() if line.startswith(_FIRST) else ""


def mark(folder: Path, kind: str) -> None:
    """Put the marker into a folder that is known to be LesionLab's. Raises OSError."""
    write(folder / MARKER, f"{_FIRST}{kind}\n{_REST}".encode())


def scratch(place: Path, kind: str) -> Path:
    """A new folder of LesionLab's in an existing one, to be filled and renamed. Raises OSError."""
    made = beside(place / kind)
    made.mkdir()
    try:
        mark(made, kind)
    except OSError:
        made.rmdir()
        raise
    return made


def claim(folder: Path, kind: str) -> None:
    """Make a folder of LesionLab's, unless it is one of that kind already; an empty one is taken.

    Raises:
        ForeignFolderError: it holds something that LesionLab did not put there.
        OSError: it cannot be made.
    """
    if kind_of(folder) == kind:
        return
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
    made = scratch(folder.parent, kind)
    try:
        if os.name == "nt" and folder.is_dir():  # there, nothing is renamed onto an empty folder
            folder.rmdir()
        os.rename(made, folder)
    except OSError as error:
        _delete(made)
        if kind_of(folder) == kind:  # another process was first
            return
        if folder.is_dir() or folder.is_symlink():
            raise ForeignFolderError(
                f"{folder} holds things that LesionLab did not put there, so it is left alone. "
                "Move it away, or choose another name or folder."
            ) from error
        raise


def remove(folder: Path, kind: str) -> bool:
    """Delete a folder of LesionLab's with all it holds; links in it are not followed. False, and
    nothing happens, if it is not one of that kind, is a link, or another program keeps it open
    (Windows)."""
    if folder.is_symlink() or kind_of(folder) != kind:
        return False
    aside = beside(folder)
    try:
        os.rename(folder, aside)  # nobody finds half of it
    except OSError:
        return False
    _delete(aside)
    return True


def _delete(folder: Path) -> None:
    """The marker last: what cannot be deleted now is still known as LesionLab's."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARKER:
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        if [path.name for path in folder.iterdir()] == [MARKER]:
            (folder / MARKER).unlink()
            folder.rmdir()


def beside(path: Path) -> Path:
    """A name in the same folder that nobody else has, for what is at work."""
    return path.with_name(f"{SCRATCH}{secrets.token_hex(8)}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write within the block; it then takes the place of `path`, whole or not at all.
    Raises OSError."""
    temporary = beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if str(error.filename) == str(temporary):
            error.filename = str(path)  # what was asked for
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in place of an earlier one. Raises OSError."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def clear(folder: Path) -> None:
    """Remove the files in a folder of LesionLab's, and below it, that a process was ended in the
    middle of writing."""
    for path in folder.rglob(f"{SCRATCH}*"):
        if _LEFT_OVER.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
            with suppress(OSError):
                path.unlink()
