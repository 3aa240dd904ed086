"""`ray.json` in a run's folder: the job of a Ray cluster that is at it. The file is there from
before the job is handed over until it is known to have ended."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core.system import ownership
from core.system.json_files import read_object
from train.progress import Stopped

RECORD_FILE = "ray.json"


class OutOfSightError(Exception):
    """Whoever followed a job does not any more. The job goes on, or may."""


class LostError(Exception):
    """The cluster does not know the job any more; it is gone."""


class GivenUpError(Stopped):
    """The job should stop, and the cluster could not be asked to stop it."""


@dataclass(frozen=True)
class Record:
    """A job.

    Attributes:
        address: the cluster's, as `LESIONLAB_RAY` named it.
        job: its id there; no two attempts have the same.
        problem: why nothing is known of it at the moment, in words; empty if it is.
    """

    address: str
    job: str
    problem: str = ""

    @property
    def unknown(self) -> str:
        """A sentence for when nothing is known of the job."""
        return (
            self.problem or f"It trains on the Ray cluster at {self.address}, which is now asked."
        )


def read_record(folder: Path) -> Record | None:
    """The job at a run; None if there is none."""
    try:
        values = read_object(folder / RECORD_FILE)
        return Record(str(values["address"]), str(values["job"]), str(values["problem"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_record(folder: Path, record: Record) -> None:
    """Note the job, atomically."""
    text = json.dumps(asdict(record)) + "\n"
    ownership.write(folder / RECORD_FILE, text.encode())


def remove_record(folder: Path) -> None:
    """The job has ended, or is given up: if it lives after all, it ends itself (see `worker`)."""
    (folder / RECORD_FILE).unlink(missing_ok=True)
