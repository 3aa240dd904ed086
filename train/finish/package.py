"""A model as one file to hand on, and back: a zip archive of its folder, checked on the way in.

Who brings a model may not be trusted. Nothing in a package can run code: only the files below are
taken, under names of ours, none of them a pickle. The card must fit the weights: their hash, the
shapes of the architecture it names, as many classes as the last layer has, and finite numbers that
the network turns into finite answers. Words of the card lose the characters that make Markdown load
a picture or hide a link, as pages show them.

torch is imported only where a model is checked, so that pages may pack one.
"""

import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.registry import KINDS
from core.models.weights import WeightsError, check_weights
from core.report.downloads import DISCLAIMER
from core.system import ownership, zips
from core.system.run_folder import MODELS
from core.system.zips import Problem, ZipError
from train.config_files import CONFIG_FILE
from train.finish.package_check import PackageError, check_model_folder

MB = 1024**2
FILES = {
    r"card\.json": MB,
    r"model\.safetensors": 1024 * MB,
    r"reference\.safetensors": 256 * MB,
    r"training\.csv": MB,
    r"evaluation-(validation|test|elsewhere)(-8views)?\.json": 8 * MB,
    r"predictions-(validation|test|elsewhere)(-8views)?\.parquet": 32 * MB,
}
"""What a model's folder may hand on, as regular expressions, and its largest size in bytes."""
LEFT_OUT = re.compile(r"README\.(txt|md)|LICENSE(\.md|\.txt)?|atlas\.parquet|\.DS_Store|\._.*")
"""Files that do no harm and are not taken."""
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".npy", ".npz")
MOST_FILES = 64
TOO_MANY = f"It holds more than {MOST_FILES} files. Choose the file that “Export” made."
IMPORTED = "imported-"
"""How the names of folders with imported models begin."""
IMPORT = "imported model"


@dataclass(frozen=True)
class _Entry:
    """A file of a package: where it lies in it, its size as stated, and how to read it."""

    path: PurePosixPath
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def pack(models: Path, out: Path) -> None:
    """Write the models of a run into a zip archive, with a README that begins with the disclaimer.

    Args:
        models: folder that holds `classifier/` or `segmenter/` or both (a run's `model/`).
        out: the archive to write; appears whole or not at all.

    Raises:
        WeightsError: there is no model, or it is damaged.
        OSError: the archive cannot be written.
    """
    kinds = [kind for kind in KINDS if (models / kind).is_dir()]
    if not kinds:
        raise WeightsError(f"There is no finished model in {models}.")
    cards = {kind: Card.read(models / kind) for kind in kinds}
    for kind, card in cards.items():
        check_weights(models / kind, card.sha256)
    with ownership.replacing(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("README.txt", _readme(cards))  # nothing is compressed: weights are dense
        for kind in kinds:
            for path in sorted((models / kind).iterdir()):
                if _most(path.name):
                    archive.write(path, f"{kind}/{path.name}")


def unpack(package: Path, runs: Path) -> Path:
    """Check a package and keep it as `runs/<id>/model/<kind>/`.

    Args:
        package: a zip archive, or a folder, with the models of a run or one model.
        runs: `Settings.runs`.

    Returns:
        the new folder `runs/<id>`; an import of the same weights again renews it.

    Raises:
        PackageError: the package holds something else than a model, a damaged one, or one that a
            run here left itself.
        OSError: the folder cannot be written.
    """
    if package.is_dir():
        return _unpacked(_of_folder(package), runs)
    try:
        with zips.open_zip(package, MOST_FILES) as archive:
            return _unpacked(_of_archive(archive), runs)
    except FileNotFoundError as error:
        raise PackageError(f"There is no file {package}.") from error
    except (ZipError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        if isinstance(error, ZipError) and error.problem is Problem.MANY:
            raise PackageError(TOO_MANY) from error
        raise PackageError(
            f"{package.name} is not a readable ZIP archive ({error}). Get it again, complete."
        ) from error


def remove(run: Path) -> None:
    """Delete an imported model for good.

    Args:
        run: what `unpack` returned.

    Raises:
        PackageError: the folder is not that of an imported model.
        OSError: it cannot be deleted.
    """
    if not run.name.startswith(IMPORTED) or (run / CONFIG_FILE).exists():
        raise PackageError(f"{run.name} was not imported; delete it among the runs.")
    _remove(run)


def _remove(run: Path) -> None:
    """Delete the folder of an imported model.

    Raises:
        PackageError: it is something else's.
        OSError: it cannot be deleted.
    """
    if ownership.kind_of(run) != IMPORT:
        raise PackageError(
            f"{run} holds things that LesionLab did not put there, so it is left alone. Move it "
            "away."
        )
    if not ownership.remove(run, IMPORT):
        raise OSError(f"{run} is open in another program, or may not be deleted")


def _readme(cards: dict[str, Card]) -> str:
    lines = [DISCLAIMER, ""]
    for kind, card in cards.items():
        lines += [
            f"{kind}/  {card.name or kind}",
            f"  Task     {card.task or 'not stated'}",
            f"  Data     {card.data or 'not stated'}",
            f"  Licence  {card.licence or 'not stated'}",
            f"  SHA-256  {card.sha256}",
            "",
        ]
    lines += [
        "card.json says what the model is, how it was made, how good it is and what it is not for.",
        "LesionLab takes this archive back: python -m train import FILE, or its Training page.",
        "",
    ]
    return "\n".join(lines)


def _of_folder(folder: Path) -> list[_Entry]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise PackageError(f"{path.name} is a link. A package holds plain files only.")
        if path.is_file():
            place = PurePosixPath(path.relative_to(folder).as_posix())
            found.append(_Entry(place, path.stat().st_size, partial(_opened, path)))
        if len(found) > MOST_FILES:
            raise PackageError(TOO_MANY)
    return found


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _of_archive(archive: zipfile.ZipFile) -> list[_Entry]:
    if name := zips.twice(archive.infolist()):
        raise PackageError(f"{name} is in it twice. It was not made by LesionLab.")
    found = []
    for info in archive.infolist():
        problem = zips.problem_of(info)
        if problem is Problem.OUTSIDE or re.search(r"[\\:]", info.filename):
            raise PackageError(
                f"The name {info.filename!r} leads out of the archive. It was not made by "
                "LesionLab; do not trust it."
            )
        if problem:
            raise PackageError(
                f"{info.filename} is {problem.value}. A package holds plain files only."
            )
        if not info.is_dir():
            found.append(
                _Entry(PurePosixPath(info.filename), info.file_size, partial(archive.open, info))
            )
    return found


def _unpacked(entries: list[_Entry], runs: Path) -> Path:
    """Copy what belongs to the models, check it, and put it in its place."""
    taken = _chosen(entries)
    runs.mkdir(parents=True, exist_ok=True)
    needed = sum(entry.size for entry in taken)
    if needed > shutil.disk_usage(runs).free:
        raise PackageError(
            f"The disk has no room for {needed / MB:,.0f} MB. Free some, then try again."
        )
    made = ownership.scratch(runs, IMPORT)
    try:
        for place in sorted({entry.path.parent for entry in taken}):
            folder = made / "new"
            folder.mkdir()
            for entry in taken:
                if entry.path.parent == place:
                    _copy(entry, folder / entry.path.name)
            kind = check_model_folder(folder)
            if (made / MODELS / kind).exists():
                raise PackageError(f"There are two {kind}s in it. Import one at a time.")
            (made / MODELS).mkdir(exist_ok=True)
            os.replace(folder, made / MODELS / kind)
        cards = [Card.read(folder) for folder in sorted((made / MODELS).iterdir())]
        if here := _already(runs, {card.sha256 for card in cards}):
            raise PackageError(
                f"This model is here already, as that of the run {here.name}; if that lies in the "
                "bin, restore it. Nothing was imported."
            )
        target = runs / f"{IMPORTED}{'-'.join(card.sha256[:10] for card in cards)}"
        if target.exists():
            _remove(target)
        os.replace(made, target)
        return target
    finally:
        ownership.remove(made, IMPORT)


def _already(runs: Path, weights: set[str]) -> Path | None:
    """A run, not an import, that left these very weights (by their SHA-256) itself."""
    for card in runs.glob(f"[!.]*/{MODELS}/*/{CARD}"):
        run = card.parents[2]
        with suppress(WeightsError):
            if not run.name.startswith(IMPORTED) and Card.read(card.parent).sha256 in weights:
                return run
    return None


def _chosen(entries: list[_Entry]) -> list[_Entry]:
    """The files of the models: those that lie beside a card. Raises PackageError: others do too."""
    folders = {entry.path.parent for entry in entries if entry.path.name == "card.json"}
    if not folders:
        raise PackageError(
            "There is no card.json in it, so it is not a model of LesionLab. Choose the file that "
            "“Export” made, or the folder of a model."
        )
    taken: list[_Entry] = []
    for entry in entries:
        name = entry.path.name
        if LEFT_OUT.fullmatch(name) or "__MACOSX" in entry.path.parts:
            continue
        if entry.path.suffix.lower() in PICKLES:
            raise PackageError(
                f"{name} may be a pickle, which can run code when it is opened. LesionLab takes "
                "weights as model.safetensors only."
            )
        most = _most(name)
        if most is None or entry.path.parent not in folders:
            raise PackageError(f"{name} is not part of a model. Remove it, or export again.")
        if entry.size > most:
            raise PackageError(
                f"{name} has {entry.size / MB:,.0f} MB; more than {most // MB:,} MB are not taken."
            )
        taken.append(entry)
    return taken


def _most(name: str) -> int | None:
    """The largest size of a file of that name, in bytes; None if it is not part of a model."""
    return next((most for form, most in FILES.items() if re.fullmatch(form, name)), None)


def _copy(entry: _Entry, target: Path) -> None:
    """Never more bytes than stated. Raises PackageError."""
    left = entry.size
    with entry.open() as source, target.open("wb") as file:
        while chunk := source.read(MB):
            left -= len(chunk)
            if left < 0:
                raise PackageError(f"{entry.path.name} is larger than it says.")
            file.write(chunk)
    if left:
        raise PackageError(f"{entry.path.name} is cut off. Get it again, complete.")
