"""What each process of a training does on a Ray cluster. Imported there by name."""

import socket
from dataclasses import dataclass
from pathlib import Path

from core.settings import typed_path
from train.cluster.client import ClusterError
from train.config import ConfigError
from train.config_files import checkpoints_of, read_run_config
from train.jobs.record import read_record
from train.jobs.watch import FolderWatch
from train.learn.ranks import rank
from train.names import paths_of
from train.progress import Watch
from train.run import run_training

UNSEEN = (
    "{node} of the Ray cluster does not see {folder}. Runs, photos and the models that a run "
    "names must lie on storage that every node mounts at the same path: set LESIONLAB_RUNS and "
    "LESIONLAB_DATA to folders there."
)


@dataclass(frozen=True)
class Task:
    """What there is to do.

    Attributes:
        job: the id of the job that it is done for.
        data: folder of the photos.
        resume: go on from `last.ckpt` if there is one.
        accelerator: Lightning's name of what to train on, `cpu` or `gpu`.
    """

    folder: Path
    job: str
    data: Path
    resume: bool
    accelerator: str


def train_part(task: Task) -> None:
    """Train as one of the processes of a `ray.train.torch.TorchTrainer`; the first one tells the
    run's folder how it goes, and finishes it.

    Raises:
        ClusterError: this node does not see the folders.
        Stopped: the job was given up.
    """
    check_node(task)
    from ray.train.lightning import RayDDPStrategy, RayLightningEnvironment

    where = {
        "accelerator": task.accelerator,
        "devices": "auto",
        "strategy": RayDDPStrategy(),
        "plugins": [RayLightningEnvironment()],
    }
    watch = Watch() if rank() else FolderWatch(task.folder, lambda: is_given_up(task))
    run_training(task.folder, watch, task.resume, where)


def is_given_up(task: Task) -> bool:
    """Whether the run is no longer this job's: it must not write there any more."""
    record = read_record(task.folder)
    return record is None or record.job != task.job


def check_node(task: Task) -> None:
    """Raises ClusterError: this node does not see what it needs: the run, its photos, and the
    models that it starts from (unless it goes on) and learns from."""
    unseen = [task.folder] if is_given_up(task) else []
    if not unseen:
        config = read_run_config(task.folder)
        paths = {} if config is None else paths_of(config)
        if checkpoints_of(task.folder):
            paths.pop("start", None)
        needed = [task.data, *(Path(path) for found in paths.values() for path in found)]
        unseen = [path for path in needed if path.is_absolute() and not path.exists()]
    if unseen:
        node = f"The node {socket.gethostname()}"
        raise ClusterError(UNSEEN.format(node=node, folder=unseen[0]))


def data_folder(folder: Path, ham10000: Path) -> Path:
    """Where the photos of a run lie. Raises ConfigError: its `config.json` cannot be read."""
    config = read_run_config(folder)
    if config is None:
        raise ConfigError(f"{folder} has no config.json.")
    return ham10000 if config.is_ham10000 else typed_path(config.data)
