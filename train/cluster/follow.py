"""What the queue's process of a run does if it trains on a Ray cluster: hands it over, follows it,
and says how it ended."""

import shlex
import time
from dataclasses import replace
from pathlib import Path

from core.settings import Settings
from core.system.ray_setup import runtime_environment
from train.cluster.client import Client, ClusterError, NoSuchJobError, UnreachableError
from train.jobs.record import (
    GivenUpError,
    LostError,
    OutOfSightError,
    Record,
    read_record,
    remove_record,
    write_record,
)
from train.progress import Stopped, Watch

POLL_SECONDS = 2.0
GIVE_UP_SECONDS = 60.0
"""A cluster that does not answer for so long cannot be asked to stop a job; it is given up."""

PASSED_ON = ("data", "weights", "runs", "pretrained")
"""Settings that hold there as here: folders that every node sees."""

SAID = "LesionLab: "
"""What begins the line in which a job says why it failed."""


def follow(folder: Path, watch: Watch, resume: bool) -> None:
    """Train a run on the cluster, `train.run.run_training` there. A job that is at the run
    already is followed, whoever handed it over.

    Args:
        folder: the run's; what it trains on and this folder are seen by every node.
        watch: is told of the phase `waiting`; the cluster tells the folder of the others.
        resume: go on from `last.ckpt` if there is one.

    Raises:
        ClusterError: it could not be handed over, or failed there; the message says why.
        Stopped: `watch` wanted it, or someone stopped the job.
        LostError: the cluster was restarted and lost it.
        OutOfSightError: something else ended the following, not the job.
    """
    record = read_record(folder)
    if record is None:
        watch.phase("waiting")
        record = _submit(folder, resume)
    try:
        status, log = _until_ended(folder, record, watch)
    except NoSuchJobError as error:
        remove_record(folder)
        raise LostError(
            "The Ray cluster was restarted and has lost it. What is finished is kept; resume it "
            "to go on."
        ) from error
    except Stopped:
        remove_record(folder)
        raise
    except BaseException as error:
        raise OutOfSightError from error
    remove_record(folder)
    if status == "STOPPED":
        raise Stopped("The job was stopped. What is finished is kept; resume it to go on.")
    if status == "FAILED":
        raise ClusterError(_why(log))


def _submit(folder: Path, resume: bool) -> Record:
    settings = Settings.from_environment()
    record = Record(settings.ray, f"lesionlab-{folder.name}-{time.time_ns() // 1_000_000}")
    client = Client(settings.ray)
    write_record(folder, record)
    command = ["python", "-m", "train.cluster", str(folder), record.job]
    command += ["--workers", str(settings.ray_workers), *(["--resume"] if resume else [])]
    folders = {f"LESIONLAB_{name.upper()}": str(getattr(settings, name)) for name in PASSED_ON}
    environment = runtime_environment({**folders, "RAY_COLOR_PREFIX": "0", "RAY_DEDUP_LOGS": "0"})
    try:
        client.submit(record.job, shlex.join(command), environment)
    except UnreachableError as error:
        # It may have arrived all the same: if it has, it ends itself without this.
        remove_record(folder)
        raise ClusterError(str(error)) from error
    return record


def _until_ended(folder: Path, record: Record, watch: Watch) -> tuple[str, str]:
    """Follow a job; returns how it ended and all it printed."""
    client: Client | None = None
    asked = answered = time.monotonic()
    stopping, printed = False, 0
    while True:
        try:
            client = client or Client(record.address)
            status, log = client.status(record.job), client.log(record.job)
            answered = time.monotonic()
            _note(folder, record, "")
            print(log[printed:], end="", flush=True)
            printed = len(log)
            if status in ("SUCCEEDED", "FAILED", "STOPPED"):
                return status, log
            if watch.stop_wanted() and not stopping:
                client.stop(record.job)
                stopping = True
        except UnreachableError as error:
            _note(folder, record, str(error))
            if not watch.stop_wanted():
                asked = time.monotonic()
            if time.monotonic() - max(asked, answered) > GIVE_UP_SECONDS:
                raise GivenUpError(
                    "It was given up: the Ray cluster did not answer when it was asked to stop it. "
                    "If it lives there, it ends as soon as it finds out. What is finished is kept."
                ) from error
        time.sleep(POLL_SECONDS)


def _note(folder: Path, record: Record, problem: str) -> None:
    """Write down whether something is known of the job, if that has changed."""
    now = read_record(folder)
    if now is not None and now.job == record.job and now.problem != problem:
        write_record(folder, replace(record, problem=problem))


def _why(log: str) -> str:
    """What the job itself said, or what it printed last."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    said = [line.removeprefix(SAID) for line in lines if line.startswith(SAID)]
    if said:
        return said[-1]
    end = f" The last it printed: {lines[-1]}" if lines else ""
    return f"The job failed on the Ray cluster, and could not say why.{end}"
