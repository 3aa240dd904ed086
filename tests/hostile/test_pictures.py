"""Every odd picture file becomes pixels or a sentence, in bounded memory, and opens no other file.

How long each takes and how much memory: `python -m tests.hostile.measure`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.imaging.formats import READ
from core.imaging.image import MAX_BYTES, ImageError, LesionImage
from tests.hostile import heavy, pictures
from tests.hostile.measure import can_measure, peak_of

PYTHON = tuple(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix, *sys.path) if p)
MOST_MB = 300
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")
_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook, which stays: it notes files, programs and connections while a list is set."""
    if _opened is not None and event in ("open", "os.remove", "os.rename", "os.mkdir",
                                         "subprocess.Popen", "socket.connect"):  # fmt: skip
        _opened.append(f"{event} {arguments[0]}")


sys.addaudithook(_note)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """What was opened, removed, started and connected to, modules of Python apart."""
    global _opened
    _opened = []
    yield _opened
    _opened = None


def answer(file: pictures.File, enough: int | None) -> tuple[LesionImage | None, str]:
    try:
        return LesionImage.from_bytes(file.data, file.name, enough), ""
    except ImageError as error:
        return None, str(error)


def test_small_files(opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = list(pictures.small())
    assert len(files) > 500
    opened.clear()
    answers = 0
    for file in files:
        for enough in (None, 40) if file.about.startswith("JPEG") else (None,):
            image, said = answer(file, enough)
            assert image or (said.startswith("This ") and said.endswith(".")), file.about
            if image:
                answers += 1
                assert image.rgb.dtype == np.uint8, file.about
                assert image.rgb.flags.c_contiguous, file.about
                assert image.name.isprintable(), file.about
                assert not {"/", "\\"} & set(image.name), file.about
    assert answers > 300, "most odd names, turns and modes are answered"
    strange = [o for o in opened if not o.removeprefix("open ").startswith(PYTHON)]
    assert not strange
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", READ)
def test_the_whole_file_is_needed(kind: str) -> None:
    """Half a photo is not shown as a whole one."""
    whole = pictures.whole(kind)
    for percent in range(0, 95, 5):
        with pytest.raises(ImageError):
            LesionImage.from_bytes(whole[: len(whole) * percent // 100])


@pytest.mark.parametrize("about", [a for a, _, _ in heavy.crowded()])
def test_files_of_too_many_parts_never_reach_a_decoder(
    about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, make = next((n, m) for a, n, m in heavy.crowded() if a == about)
    data = make()
    assert len(data) <= MAX_BYTES
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ImageError, match="parts"):
        LesionImage.from_bytes(data, name)


def test_many_parts_that_cameras_write_are_read() -> None:
    comments = b"\xff\xfe\0\x04ab" * 1000
    jpeg = pictures.whole("JPEG")
    assert LesionImage.from_bytes(jpeg[:2] + comments + jpeg[2:]).width == pictures.SIDE
    png = pictures.whole("PNG")
    more = pictures.chunk(b"tEXt", b"a\0b") * 1000
    assert LesionImage.from_bytes(png[:33] + more + png[33:]).width == pictures.SIDE


@pytest.mark.parametrize("about", [a for a, _, _ in heavy.bombs()])
def test_memory(about: str) -> None:
    if not can_measure():
        pytest.skip("only Linux tells the most memory of a moment (/proc/self/clear_refs)")
    name, make = next((n, m) for a, n, m in heavy.bombs() if a == about)
    data = make()

    def read() -> None:
        with suppress(ImageError):
            LesionImage.from_bytes(data, name)

    assert peak_of(read) < MOST_MB * 1e6
