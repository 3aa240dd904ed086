"""Work that is killed at any point: nothing finished is lost, no half file is taken for a whole
one, and the same work, done again, comes to its end.

    python -m tests.hostile.kill --points 200 --seed 1

Each time a process of its own does the work and is killed (SIGKILL) at its n-th step: an opened,
renamed, removed or made file or folder, or a statement of the list of runs. Exit status 1 if
something did not hold. The trainer, its supervisor and the server are killed in
`tests/train/jobs/test_supervisor.py` and `tests/train/learn/test_fit.py`.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from core.ham10000.importer import import_archives
from core.models.cards import Card
from core.models.weights import sha256
from core.system import prepared
from tests.hostile.fuzz import archive
from tests.train.jobs.conftest import config
from tests.waiting import PATIENCE
from train.finish.package import pack
from train.jobs import Runs

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.move"}


@dataclass(frozen=True)
class Job:
    """A kind of work.

    Attributes:
        before: puts things into the empty folder.
        work: is killed.
        holds: what is true in the folder whenever it was killed; asserts.
        whole: what is true once the work was done again; asserts.
    """

    before: Callable[[Path], None]
    work: Callable[[Path], object]
    holds: Callable[[Path], None]
    whole: Callable[[Path], None]


def killed(work: Callable[[], object], step: int) -> bool:
    """Do the work in a process that is killed at that step; whether it was, or came to its end."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _die_at(work, step)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert status == 0, f"the work failed (status {status})"
    return False


def _die_at(work: Callable[[], object], step: int) -> None:
    done = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        if event in STEPS or event.startswith("sqlite3"):
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)

    signal.alarm(math.ceil(PATIENCE))
    try:
        sys.addaudithook(count)
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def steps(job: Job) -> int:
    """How many steps the work has: the first at which nothing is killed any more, at most."""
    low, high = 0, 1
    while _dies(job, high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _dies(job, middle) else (low, middle)
    return low


def _dies(job: Job, step: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        job.before(Path(name))
        return killed(lambda: job.work(Path(name)), step)


def once(job: Job, step: int) -> bool:
    """Kill the work at a step, then do it again; whether it was killed. Raises AssertionError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job.before(folder)
        was_killed = killed(lambda: job.work(folder), step)
        job.holds(folder)
        assert not killed(lambda: job.work(folder), 0)
        job.holds(folder)
        job.whole(folder)
        return was_killed


def _import(folder: Path) -> None:
    import_archives([folder / "a.zip"], folder / "data")


def _photos(folder: Path) -> dict[str, bytes]:
    root = folder / "data" / "ham10000"
    found = [p for kind in ("images", "masks") for p in (root / kind).glob("ISIC_*")]
    return {path.name: path.read_bytes() for path in found if not path.name.endswith(".part")}


def _all_are_whole(folder: Path) -> None:
    from core.imaging.image import LesionImage

    for name, data in _photos(folder).items():
        LesionImage.from_bytes(data, name)


def _both_are_there(folder: Path) -> None:
    assert len(_photos(folder)) == 2
    assert (folder / "data" / "ham10000" / "metadata.csv").is_file()


def _one_card(folder: Path) -> None:
    (folder / "model").mkdir()
    Card(name="old", others={"more": "x" * 5000}).write(folder / "model")


def _old_or_new(folder: Path) -> None:
    assert Card.read(folder / "model").name in ("old", "new")


def _new(folder: Path) -> None:
    assert Card.read(folder / "model").name == "new"


def _two_runs(folder: Path) -> None:
    runs = Runs(folder)
    for name in ("first", "second"):
        runs.create(config(1), name)


def _more_runs(folder: Path) -> None:
    runs = Runs(folder)
    runs.create(config(1), "third")
    second = next(run for run in runs.all() if run.name == "second")
    runs.rename(second.id, "second")
    runs.dismiss_notice()


def _two_are_left(folder: Path) -> None:
    runs = Runs(folder)
    names = {run.name for run in runs.all()}
    assert {"first", "second"} <= names
    assert not runs.notice
    assert [run.id for run in runs.queue()]


def _third_is_there(folder: Path) -> None:
    assert "third" in {run.name for run in Runs(folder).all()}


def _keep(folder: Path) -> None:
    def write(place: Path) -> None:
        for name in ("a.xml", "b.bin"):
            (place / name).write_bytes(name.encode() * 1000)

    assert prepared.keep(folder / "cache", "key", write)


def _whole_or_none(folder: Path) -> None:
    found = prepared.find(folder / "cache", "key")
    assert found is None or (found / "b.bin").read_bytes() == b"b.bin" * 1000


def _found(folder: Path) -> None:
    assert prepared.find(folder / "cache", "key") is not None


def _a_model(folder: Path) -> None:
    model = folder / "run" / "model" / "classifier"
    model.mkdir(parents=True)
    save_file({"a": np.ones(9, np.float32)}, model / "model.safetensors")
    Card(name="x", sha256=sha256(model / "model.safetensors")).write(model)


def _pack(folder: Path) -> None:
    pack(folder / "run" / "model", folder / "x.zip")


def _no_half_package(folder: Path) -> None:
    import zipfile

    if (folder / "x.zip").exists():
        with zipfile.ZipFile(folder / "x.zip") as found:
            assert found.testzip() is None
            assert "classifier/model.safetensors" in found.namelist()


def _package_is_there(folder: Path) -> None:
    assert (folder / "x.zip").is_file()


JOBS = {
    "import of photos": Job(
        lambda folder: (folder / "a.zip").write_bytes(archive()) and None,
        _import, _all_are_whole, _both_are_there,
    ),
    "a model's card": Job(
        _one_card, lambda folder: Card(name="new").write(folder / "model"), _old_or_new, _new
    ),
    "the list of runs": Job(_two_runs, _more_runs, _two_are_left, _third_is_there),
    "prepared models": Job(lambda _: None, _keep, _whole_or_none, _found),
    "a model's package": Job(_a_model, _pack, _no_half_package, _package_is_there),
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.kill", description=__doc__)
    parser.add_argument("--points", type=int, default=200, help="in all")
    parser.add_argument("--seed", type=int, default=0, help="which points")
    options = parser.parse_args(arguments)
    draw, done, broken = random.Random(options.seed), Counter[str](), 0
    lengths = {name: steps(job) for name, job in JOBS.items()}
    for number in range(options.points):
        name = list(JOBS)[number % len(JOBS)]
        step = draw.randint(1, lengths[name])
        done[name] += 1
        try:
            once(JOBS[name], step)
        except Exception:
            broken += 1
            print(f"BROKEN: {name}, killed at step {step} of {lengths[name]}")
            print(traceback.format_exc()[-3000:], flush=True)
    for name, count in done.items():
        print(f"{name:<20} {count:>4} times, of {lengths[name]:>4} steps")
    print(f"{done.total()} kills, seed {options.seed}: {broken} broken.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
