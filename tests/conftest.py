"""Fixtures for every test: the imported dataset and a few photos in the size that users upload.

Neither is part of the repository. Tests that ask for one of them skip, with the reason, where it
is absent; with LESIONLAB_TEST_REQUIRE_DATA set, as in CI, its absence is an error.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest

from core.settings import Settings

if TYPE_CHECKING:
    from core.ham10000.dataset import Dataset

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "../shared/data/ham10000-full-resolution-samples.zip"
EVERYDAY = ROOT / "../shared/data/everyday-photos.zip"


class Samples(NamedTuple):
    """HAM10000 photos at their official 600×450, with their lesion masks, by image id.

    Attributes:
        images: `ISIC_…` to the bytes of the JPEG, in the order of the ids.
        masks: `ISIC_…` to the bytes of a PNG as large as the photo, 0 and 255.
    """

    images: dict[str, bytes]
    masks: dict[str, bytes]


def _absent(reason: str) -> NoReturn:
    if os.environ.get("LESIONLAB_TEST_REQUIRE_DATA"):
        pytest.fail(reason)
    pytest.skip(reason)


LONGEST = (
    "browser/test_training.py",
    "train/cluster/test_cluster.py",
    "browser/test_sections.py",
    "benchmarks/test_memory.py",
    "browser/test_dataset.py",
    "core/models/test_runtime.py",
    "train/jobs",
    "train/test_ddp.py",
    "browser",
    "train/learn/test_fit.py",
    "core/test_outside.py",
    "desktop",
    "test_commands.py",
    "ui/test_imports.py",
    "train",
    "pages",
)
"""Begun first, so that no worker is left with one of them in the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Models are prepared for this machine once for all tests, not in the user's own cache; and no
    model of a run is in use. Garbage is not looked for while all modules are imported."""
    gc.disable()
    cache = Path(config.cache.mkdir("lesionlab"))
    if "PYTEST_XDIST_WORKER" in os.environ:  # several threads each would wait for one another
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.setdefault("LESIONLAB_THREADS", "1")
    elif getattr(config.option, "numprocesses", None):
        _prepare_models(cache)
    os.environ["LESIONLAB_NICE"] = "0"  # what tests wait for gets its turn beside other tests
    os.environ["LESIONLAB_CACHE"] = str(cache)
    os.environ["LESIONLAB_RUNS"] = str(config.cache.mkdir("runs"))
    os.environ["LESIONLAB_LEARNING"] = str(config.cache.mkdir("learning"))
    os.environ["LESIONLAB_WINDOW"] = str(config.cache.mkdir("window"))


def _prepare_models(cache: Path) -> None:
    """Before the workers start, which would each do it: those that `make app` prepared are as good
    (they are checked when they are opened)."""
    from core.system.prepared import FOLDER

    prepared = Settings.from_environment().cache / FOLDER
    if prepared.is_dir() and not (cache / FOLDER).exists():
        shutil.copytree(prepared, cache / FOLDER)
    command = [sys.executable, "-m", "core", "prepare"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "LESIONLAB_CACHE": str(cache)}, check=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who uses the fixture `dataset` has the marker `dataset`: `pytest -m "not dataset"`."""
    for item in items:
        if "dataset" in getattr(item, "fixturenames", ()):
            item.add_marker("dataset")
    items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """What was imported stays: it is not looked through again for garbage after each test."""
    gc.freeze()
    gc.enable()


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(ROOT / "tests").as_posix()
    return next((n for n, name in enumerate(LONGEST) if place.startswith(name)), len(LONGEST))


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """HAM10000 as imported into the folder LESIONLAB_DATA names (default: `data/`)."""
    from core.errors import DatasetError
    from core.ham10000.dataset import Dataset

    try:
        return Dataset.open()
    except DatasetError as error:
        _absent(
            "HAM10000 is not imported: set LESIONLAB_DATA to a folder filled by "
            f"`python -m core dataset import` ({error})"
        )


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """HAM10000 in little, with 210 drawn lesions for photos."""
    from core.ham10000.dataset import Dataset
    from tests.drawn import write_drawn

    data = tmp_path_factory.mktemp("drawn")
    write_drawn(data / "ham10000")
    return Dataset.open(data)


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Photos and masks of the zip archive that LESIONLAB_TEST_SAMPLES names."""
    path = Path(os.environ.get("LESIONLAB_TEST_SAMPLES") or SAMPLES)
    if not path.is_file():
        _absent(
            "there are no sample photos: set LESIONLAB_TEST_SAMPLES to a zip archive with "
            "images/ISIC_….jpg (600×450) and masks/ISIC_…_segmentation.png"
        )
    images, masks = {}, {}
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.namelist()):
            name = PurePosixPath(member)
            if name.match("images/ISIC_*.jpg"):
                images[name.stem] = archive.read(member)
            elif name.match("masks/ISIC_*.png"):
                masks[name.stem.removesuffix("_segmentation")] = archive.read(member)
    return Samples(images, masks)


@pytest.fixture(scope="session")
def everyday() -> dict[str, bytes]:
    """Photos of animals, things and scenes, from the zip archive LESIONLAB_TEST_EVERYDAY names."""
    path = Path(os.environ.get("LESIONLAB_TEST_EVERYDAY") or EVERYDAY)
    if not path.is_file():
        _absent("there are no everyday photos: set LESIONLAB_TEST_EVERYDAY to a zip archive")
    with zipfile.ZipFile(path) as archive:
        return {n: archive.read(n) for n in sorted(archive.namelist()) if n.endswith(".jpg")}
