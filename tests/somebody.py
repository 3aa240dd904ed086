"""A folder full of somebody's things, for tests that nothing of theirs is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

OLD = 200 * 86_400
"""Seconds: none of it was touched lately."""

THINGS = (
    ".ssh/id_ed25519",
    ".config/app/settings.json",
    ".git/objects/ab/cdef",
    ".half/thought",
    ".lesionlab-notes/mine.txt",
    ".import-recipes/soup.txt",
    "Documents/thesis.doc",
    "Documents/thesis.doc.part",
    "Photos/2024/IMG_0001.JPG",
    "models/train-set/locomotive.stl",
    "models/0123456789abcdef-224px-openvino-2026.4.1-3/model.xml",
    "models/locomotive.part",
    "training/plan.txt",
    "training/0123456789ab/frames.npy",
    "0123456789abcdef-224px-openvino-2026.4.1-3/holiday.jpg",
    "fedcba9876543210-224px-openvino-2026.4.1-3/crc32.json",
    "features-of-my-house.npz",
    "classifier/photos/one.jpg",
    "segmenter/last.ckpt.part",
    "hybrid/metrics.part",
    "imported-0123456789/stamps.csv",
    "20250101-120000-demo/last.ckpt",
    "20250101-120000-demo/model.part/card.json",
    "20250101-120000-demo/progress.json",
    "20250101-120000-demo/download.part",
    "ham10000/images/ISIC_0000001.jpg",
    "ham10000/images/.ISIC_0000001.jpg.part",
    "ham10000/metadata.csv",
    "ham10000/cache/0123456789ab/notes.txt",
    "ham10000/cache/features-mine.npz",
    "in-use.json.part",
    "download.part",
    "lock",
    ".training.lock",
    ".supervisor.log",
)


def fill(folder: Path) -> dict[str, str]:
    """Put them there, with links; returns what `seen` says of them."""
    for number, name in enumerate(THINGS):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"thing {number} of somebody")
    other = {"kind": "classifier", "hidden_size": 768, "batch": 32}
    for name in ("classifier", "20250101-120000-demo"):
        (folder / name / "config.json").write_text(json.dumps(other))
    for number in range(12):  # more than are ever kept
        (folder / f"folder {number}").mkdir()
        (folder / f"folder {number}" / "page.txt").write_text(str(number))
        (folder / "models" / f"wagon {number}").mkdir()
        (folder / "models" / f"wagon {number}" / "wheel.stl").write_text(str(number))
    (folder / "empty").mkdir()
    elsewhere = folder.parent / f"elsewhere of {folder.name}"
    elsewhere.mkdir()
    (elsewhere / "last.ckpt").write_text("a year of work")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "models" / "linked").symlink_to(elsewhere)
    (folder / "linked.part").symlink_to(elsewhere / "last.ckpt")
    (folder / "dangling").symlink_to("nowhere")
    then = folder.stat().st_mtime - OLD
    for path in [*folder.rglob("*"), elsewhere, *elsewhere.rglob("*")]:
        os.utime(path, (then, then), follow_symlinks=False)
    return seen(folder)


def seen(folder: Path) -> dict[str, str]:
    """Each file, folder and link below a folder, and below what its links lead to: its content."""
    found = {}
    for path in [*folder.rglob("*"), *folder.parent.glob("elsewhere of */*")]:
        name = os.path.relpath(path, folder)
        if path.is_symlink():
            found[name] = f"link to {os.readlink(path)}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = path.read_bytes().hex()
    return found


def missing(before: dict[str, str], folder: Path) -> set[str]:
    """Names of what is gone or changed."""
    after = seen(folder)
    return {name for name, what in before.items() if after.get(name) != what}
