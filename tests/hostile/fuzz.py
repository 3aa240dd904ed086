"""Damaged input by the thousand for every reader: right, or an error with a sentence.

    python -m tests.hostile.fuzz --minutes 10 --seed 1
    python -m tests.hostile.fuzz --examples 2000 --only "picture JPEG" --seed 7

Prints how many inputs each reader was given; of a fault the smallest input that Hypothesis finds.
Exit status 1 if there was one. The same seed and number of examples give the same inputs.
"""

from __future__ import annotations

import argparse
import io
import json
import sqlite3
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.batch.sources import from_file
from core.errors import UserError
from core.evaluation.files import Evaluation, read_predictions, read_training
from core.ham10000.importer import import_archives
from core.imaging.formats import READ
from core.imaging.image import LesionImage
from core.imaging.label_files import read_labels
from core.imaging.mask_files import Grid, read_mask
from core.models.cards import Card
from core.models.reference import FILE as REFERENCE
from core.models.reference import Reference
from core.models.registry import in_use, unfit
from core.models.weights import read_safetensors
from core.settings import REPOSITORY, Settings
from tests.hostile import pictures
from tests.train.jobs.conftest import config
from train.jobs import Runs

Fuzz = tuple[st.SearchStrategy[Any], Callable[[Any, Path], object]]
WEIGHTS = REPOSITORY / "weights"
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, head: int = 2048) -> bytes:
    """A file with bytes changed, cut out, doubled or put in, mostly where its head is."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        end = min(head, len(data)) if draw(st.booleans()) else len(data)
        place = draw(st.integers(0, max(0, end - 1)))
        what = draw(st.sampled_from(("byte", "number", "bit", "cut", "out", "twice", "in")))
        count = draw(st.integers(1, 64))
        if what == "byte":
            data[place : place + 1] = bytes([draw(st.integers(0, 255))])
        elif what == "bit" and place < len(data):
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif what == "number":
            order = draw(st.sampled_from(("big", "little")))
            data[place : place + 4] = draw(st.sampled_from(NUMBERS)).to_bytes(4, order)
        elif what == "cut":
            del data[place:]
        elif what == "out":
            del data[place : place + count]
        elif what == "twice":
            data[place:place] = data[place : place + count]
        else:
            data[place:place] = draw(st.binary(max_size=16))
    return bytes(data)


ODD = st.one_of(
    *map(st.just, ([], {}, "x" * 100_000, 10**400, 10**25, "\ud800")),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@st.composite
def odd_json(draw: st.DrawFn, text: str) -> str:
    """A JSON object some of whose values are others, missing or of other keys."""
    found = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = found
        for _ in range(draw(st.integers(0, 5))):
            children = list(inner.values()) if isinstance(inner, dict) else inner
            deeper = [child for child in children[:40] if isinstance(child, (dict, list)) and child]
            if not deeper:
                break
            inner = draw(st.sampled_from(deeper))
        keys = list(inner)[:60] if isinstance(inner, dict) else range(min(len(inner), 60))
        if not keys:
            continue
        key = draw(st.sampled_from(list(keys)))
        if draw(st.booleans()):
            inner[key] = draw(ODD)
        else:
            del inner[key]
    return json.dumps(found)


def archive(inner: bytes = b"") -> bytes:
    """A photo and a mask of HAM10000, and their table; and another archive within it, if given."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("HAM10000_metadata.csv", _labels()[0])
        made.writestr("images/ISIC_0024306.jpg", pictures.whole("JPEG"))
        made.writestr("masks/ISIC_0024307_segmentation.png", pictures.whole("PNG"))
        if inner:
            made.writestr("more.zip", inner)
    return buffer.getvalue()


def _labels() -> tuple[bytes, ...]:
    return (
        b"lesion_id,image_id,dx,dx_type,age,sex,localization\n"
        b"HAM_0000118,ISIC_0024306,bkl,histo,80.0,male,scalp\n"
        b"HAM_0000119,ISIC_0024307,nv,follow_up,,female,back\n",
        b"image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\nISIC_1,1.0,0,0,0,0,0,0,0,0\nISIC_2,0,1,0,0,0,0,0,0,0\n",
        "\ufeffname;diagnosis\r\na.jpg;Melanoma\r\nü.jpg;Nävus\r\n".encode("utf-16"),
        b'"image_name"\t"patient_id"\t"diagnosis"\n"x"\t"IP_1"\t"nevus"\n',
    )


@cache
def _database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        for name in ("one", "two"):
            runs.create(config(1), name)
        with closing(sqlite3.connect(runs.database.path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        return runs.database.path.read_bytes()


def _import(data: bytes, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "sentinel").write_text("somebody's")
    (folder / "a.zip").write_bytes(data)
    try:
        import_archives([folder / "a.zip"], folder / "data")
    finally:
        assert {p.name for p in folder.iterdir()} == {"data", "sentinel", "a.zip"}


def _batch(data: bytes, folder: Path) -> None:
    for source in from_file("photos.zip", data):
        with suppress(UserError):
            LesionImage.from_bytes(source.read(), source.name)


def _runs(data: bytes, folder: Path) -> None:
    runs = Runs(folder)
    id = runs.create(config(1), "kept")
    for suffix in ("-wal", "-shm"):
        runs.database.path.with_name(runs.database.path.name + suffix).unlink(missing_ok=True)
    runs.database.path.write_bytes(data)
    found = Runs(folder)
    assert id in {run.id for run in (*found.all(), *found.bin())}
    assert all(isinstance(text, str) for text in (found.notice, *(r.name for r in found.all())))


def _card(folder: Path) -> None:
    card = Card.read(folder)
    assert isinstance(card.odd, tuple)
    for kind in ("classifier", "segmenter"):
        assert isinstance(unfit(kind, card), str)


def _written(name: str, read: Callable[[Path], object]) -> Callable[[Any, Path], object]:
    """The reader of a file that lies in a folder under that name."""

    def check(content: bytes | str, folder: Path) -> object:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
        return read(folder)

    return check


def _choice(folder: Path) -> None:
    chosen = replace(Settings.from_environment(), runs=folder)
    for kind in ("classifier", "segmenter"):
        assert in_use(kind, chosen).folder.is_dir()


@cache
def _safetensors() -> bytes:
    import numpy as np
    from safetensors.numpy import save

    return save({"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float16)}, {"x": "y"})


@cache
def targets() -> dict[str, Fuzz]:
    """Every reader: what it is given, and what is to hold."""
    small = _safetensors()
    card = (WEIGHTS / "classifier/card.json").read_text(encoding="utf-8")
    outline = (WEIGHTS / "segmenter/card.json").read_text(encoding="utf-8")
    figures = WEIGHTS / "comparison/two-labels/classifier/evaluation-test.json"
    mask = pictures.encode(pictures.photo()[..., 0] > 200, "PNG")
    found: dict[str, Fuzz] = {
        f"picture {kind}": (
            damaged(pictures.whole(kind)),
            lambda data, folder: LesionImage.from_bytes(data, "photo.any"),
        )
        for kind in READ
    }
    return found | {
        "mask": (damaged(mask), lambda data, _: read_mask(data, Grid(96, 80), "m.png")),
        "batch ZIP": (damaged(archive(archive())), _batch),
        "dataset ZIP": (damaged(archive(archive())), _import),
        "labels": (
            st.sampled_from(_labels()).flatmap(damaged),
            lambda data, _: read_labels(data, "labels.csv"),
        ),
        "card": (
            st.one_of(odd_json(card), odd_json(outline), damaged(card.encode())),
            _written("card.json", _card),
        ),
        "evaluation": (
            odd_json(figures.read_text(encoding="utf-8")),
            _written("evaluation-test.json", lambda f: Evaluation.read(f, "test", False)),
        ),
        "predictions": (
            damaged((WEIGHTS / "segmenter/predictions-elsewhere.parquet").read_bytes()),
            _written("predictions-test.parquet", lambda f: read_predictions(f, "test")),
        ),
        "training": (
            damaged((WEIGHTS / "classifier/training.csv").read_bytes()),
            _written("training.csv", read_training),
        ),
        "runs": (damaged(_database(), 20_000), _runs),
        "models in use": (
            damaged(b'{\n  "classifier": "run/model/classifier"\n}\n'),
            _written("in-use.json", _choice),
        ),
        "safetensors": (
            damaged(small),
            _written("model.safetensors", lambda f: read_safetensors(f / "model.safetensors")),
        ),
        "reference": (damaged(small), _written(REFERENCE, lambda f: Reference.read(f, 1.0))),
    }  # fmt: skip


def fuzz(name: str, examples: int, seed: int) -> int:
    """Give a reader so many inputs; returns how many it was given.

    Raises:
        BaseException: the reader raised anything else than a UserError, or a check failed.
    """
    strategy, check = targets()[name]
    count = 0

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def one(content: Any) -> None:
        nonlocal count
        count += 1
        with tempfile.TemporaryDirectory() as folder, suppress(UserError):
            check(content, Path(folder))

    one()
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, help="go on, round after round, for so long")
    parser.add_argument("--examples", type=int, default=100, help="inputs of a reader in a round")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; then the next")
    parser.add_argument("--only", nargs="+", choices=sorted(targets()), help="readers", metavar="")
    options = parser.parse_args(arguments)
    began, given_to, faults = time.monotonic(), Counter[str](), 0
    for round in range(1_000_000):
        for name in options.only or targets():
            if options.minutes and time.monotonic() - began > 60 * options.minutes:
                break
            try:
                given_to[name] += fuzz(name, options.examples, options.seed + round)
            except Exception as error:
                faults += 1
                print(f"FAULT in {name}, seed {options.seed + round}:")
                inputs = "\n".join(getattr(error, "__notes__", ()))  # where Hypothesis tells them
                error.__notes__ = []
                print("".join(traceback.format_exception(error))[-4000:])
                print(inputs[:2000], flush=True)
        if not options.minutes or time.monotonic() - began > 60 * options.minutes:
            break
    for name, count in given_to.items():
        print(f"{name:<20} {count:>8,}")
    seconds = time.monotonic() - began
    print(
        f"{given_to.total():,} inputs in {seconds / 60:.1f} minutes, seeds {options.seed} to "
        f"{options.seed + round}: {faults} faults."
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
