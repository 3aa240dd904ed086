"""A starter set for those who have no dataset: ten lesions of each diagnosis, all of the test
split, one photo of each, from the ISIC Archive.

The photos become a small `core.ham10000.dataset`; beside them a manifest says where each came from
and what its file's SHA-256 was when it was checked. An interrupted download goes on where it
stopped. An import of the whole of HAM10000 takes the starter set's place.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DatasetError
from core.ham10000.archive_photos import ArchiveBusyError, ArchivePhoto, photo
from core.ham10000.dataset import COLUMNS, folder, read_metadata
from core.ham10000.importer import DATASET, Progress
from core.ham10000.isic_archive import ArchiveError
from core.imaging.image import resize
from core.imaging.label_files import read_table
from core.system import ownership
from core.system.json_files import read_object
from core.system.ownership import ForeignFolderError
from core.taxonomy import KEYS

EACH = 10
"""Lesions of each diagnosis."""
LIST = Path(__file__).with_name("starter.csv")
"""Of each diagnosis the `EACH` lesions of the test split whose id has the smallest SHA-256, and of
each the photo with the smallest id."""
MANIFEST = "starter.json"
MOST_FAILED = 3
"""Photos that may fail one after another before the download stops."""
ALIKE = 0.985
"""Correlation of looks from which two pictures count as the same photo. 150 photos and their own
copies at a third of the size all had more than .992, the 22,350 pairs of others at most .981."""
LOOK = (8, 6)
"""Width and height of a look."""


@dataclass(frozen=True)
class Starter:
    """What is there of the starter set.

    Attributes:
        photos: that were checked and are still the same.
        of: so many that there are.
        obstacle: why it cannot be downloaded here; empty if it can.
    """

    photos: int
    of: int
    obstacle: str = ""

    @property
    def begun(self) -> bool:
        """Some of it is there, and some is not."""
        return not self.obstacle and 0 < self.photos < self.of


@dataclass(frozen=True)
class Downloaded:
    """What a download did.

    Attributes:
        added: photos that came.
        there: photos that are there now.
        failed: why others did not come, by image id.
        stopped: why the rest was not asked for; empty if it was.
        credits: whom the archive wants named, with the licences.
    """

    added: int
    there: int
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    credits: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def listed() -> pd.DataFrame:
    """The shipped list, indexed by image id: `COLUMNS`, and look (see `look_of`)."""
    table = read_table(LIST, "The list of the starter set")
    if set(table["dx"]) != set(KEYS):
        raise DatasetError(f"{LIST.name} is damaged. Get LesionLab again.")
    return table.set_index("image_id")


def look_of(rgb: np.ndarray) -> str:
    """A photo's look: its colours at 8×6 pixels, in base64. Tells whether a picture may be that
    photo at all. `rgb` is uint8 H×W×3."""
    return base64.b64encode(resize(rgb, LOOK).tobytes()).decode("ascii")


def likeness(one: str, other: str) -> float:
    """Correlation of two looks, -1…1; 0 if one has no contrast."""
    looks = [np.frombuffer(base64.b64decode(look), np.uint8) for look in (one, other)]
    with np.errstate(invalid="ignore"):
        return float(np.nan_to_num(np.corrcoef(looks).flat[1]))


def status(data: Path | None = None) -> Starter:
    """What is there, in the data folder (default: the setting `LESIONLAB_DATA`)."""
    root, wanted = folder(data), listed()
    kept = _manifest(root)
    there = [i for i in wanted.index if _is_whole(root, i, kept)]
    return Starter(len(there), len(wanted), _obstacle(root, set(wanted.index)))


def _obstacle(root: Path, wanted: set[str]) -> str:
    """Photos or a table of somebody else's, or of a whole import, are not mixed with these."""
    table = root / "metadata.csv"
    try:
        rows = set(read_metadata(table).index) if table.is_file() else set()
    except DatasetError as error:
        return f"{table} is there and cannot be used. {error}"
    photos = {p.stem for p in (root / "images").glob("*.jpg")}
    foreign = (photos | rows) - wanted or (photos and not (root / MANIFEST).is_file())
    return f"There are photos of an import in {root} already." if foreign else ""


def download(data: Path | None = None, progress: Progress | None = None) -> Downloaded:
    """Fetch what is missing of the starter set. What is there stays, also if it is interrupted.

    Args:
        data: the data folder (default: the setting `LESIONLAB_DATA`).
        progress: told how far it is; may raise, which ends it.

    Raises:
        DatasetError: there is another dataset, or the folder cannot be written.
    """
    root, wanted = folder(data), listed()
    if obstacle := _obstacle(root, set(wanted.index)):
        raise DatasetError(f"{obstacle} The starter set is for those who have none.")
    try:
        ownership.claim(root, DATASET)
        (root / "images").mkdir(exist_ok=True)
        return _fetch(root, wanted, progress or (lambda done, total, text: None))
    except ForeignFolderError as error:
        raise DatasetError(
            f"{error} Move it away, or have LESIONLAB_DATA name another folder."
        ) from error
    except OSError as error:
        raise DatasetError(
            f"Cannot write to {root} ({error.strerror or error}). Make room or check the "
            "permissions, then go on."
        ) from error


def _fetch(root: Path, wanted: pd.DataFrame, progress: Progress) -> Downloaded:
    import requests

    kept = _manifest(root)
    there = [i for i in wanted.index if _is_whole(root, i, kept)]
    missing = [i for i in wanted.index if i not in there]
    failed: dict[str, str] = {}
    stopped, in_a_row, before = "", 0, len(there)

    def tell(text: str) -> None:
        progress(len(there), len(wanted), text)

    try:
        with requests.Session() as session:
            for image_id in missing:
                tell(image_id)
                look = str(wanted.at[image_id, "look"])
                try:
                    found = photo(session, image_id, partial(_check, look), tell)
                except ArchiveBusyError as error:
                    stopped = str(error)
                    break
                except ArchiveError as error:
                    failed[image_id] = str(error)
                    in_a_row += 1
                    if in_a_row == MOST_FAILED:
                        stopped = f"{error} {MOST_FAILED} photos failed one after another."
                        break
                    continue
                in_a_row = 0
                kept[image_id] = _write(root, image_id, found)
                there.append(image_id)
                ownership.write(root / MANIFEST, json.dumps({"photos": kept}, indent=1).encode())
    finally:
        _write_table(root, wanted, there)
    tell("Done")
    names = dict.fromkeys(str(kept[i]["credit"]) for i in there)
    return Downloaded(len(there) - before, len(there), failed, stopped, tuple(names))


def _check(look: str, found: ArchivePhoto) -> None:
    if likeness(look, look_of(found.image.rgb)) < ALIKE:
        raise ArchiveError(f"The ISIC Archive sent another picture than {found.image.name}.")


def _write(root: Path, image_id: str, found: ArchivePhoto) -> dict[str, Any]:
    """Write a photo; returns its part of the manifest. Raises OSError, also if what then lies on
    the disk is not what was written."""
    path, digest = root / "images" / f"{image_id}.jpg", hashlib.sha256(found.jpeg).hexdigest()
    ownership.write(path, found.jpeg)
    if _digest(path) != digest:
        raise OSError(None, f"{path.name} is not on the disk as it was written")
    return {"sha256": digest, "bytes": len(found.jpeg), "credit": found.credit}


def _write_table(root: Path, wanted: pd.DataFrame, there: list[str]) -> None:
    """The table of what is there, in the list's order."""
    if there:
        rows = wanted[wanted.index.isin(there)].reset_index()[list(COLUMNS)]
        ownership.write(root / "metadata.csv", rows.to_csv(index=False).encode("utf-8"))


def _manifest(root: Path) -> dict[str, dict[str, Any]]:
    """Its photos by id; empty if there is none, or none that can be read."""
    try:
        photos = read_object(root / MANIFEST).get("photos")
    except (OSError, ValueError):
        return {}
    if not isinstance(photos, dict):
        return {}
    return {
        str(image): {"credit": "ISIC Archive", **entry}
        for image, entry in photos.items()
        if isinstance(entry, dict)
    }


def _is_whole(root: Path, image_id: str, kept: dict[str, dict[str, Any]]) -> bool:
    """Whether a photo is on the disk as it was checked."""
    entry = kept.get(image_id)
    return entry is not None and _digest(root / "images" / f"{image_id}.jpg") == entry.get("sha256")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
