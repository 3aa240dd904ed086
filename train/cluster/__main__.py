"""The job on a Ray cluster: `python -m train.cluster RUN JOB`. Not for people; the queue hands it
over. It starts the processes that train and says at its end why, if they failed."""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError
from core.settings import Settings
from train.cluster.client import ClusterError
from train.cluster.follow import SAID
from train.cluster.worker import UNSEEN, Task, check_node, data_folder, train_part
from train.jobs.words import ending

STORAGE = "Unable to set up cluster storage"
"""Begins Ray's message that a node does not see a folder."""
SCRATCH = "ray"
"""Folder in a run's, of Ray itself: that all nodes see it is what it checks there."""


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.cluster")
    parser.add_argument("folder", type=Path)
    parser.add_argument("job")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    try:
        _train(options)
    except Exception as error:
        _, message = ending(_cause(error), options.folder, False, False)
        print(f"\n{SAID}{' '.join(message.split())}", flush=True)
        return 1
    finally:
        shutil.rmtree(options.folder / SCRATCH, ignore_errors=True)
    return 0


def _train(options: argparse.Namespace) -> None:
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    ray.init()
    have = ray.cluster_resources()
    gpus, cpus = have.get("GPU", 0), have.get("CPU", 0)
    if 0 < gpus < options.workers:
        raise ClusterError(
            f"{options.workers} processes need a GPU each, and the Ray cluster has {gpus:g}. Set "
            f"LESIONLAB_RAY_WORKERS to {gpus:g} or fewer."
        )
    data = Settings.from_environment().data / "ham10000"
    task = Task(
        options.folder,
        options.job,
        data_folder(options.folder, data),
        options.resume,
        "gpu" if gpus else "cpu",
    )
    check_node(task)
    TorchTrainer(
        lambda: train_part(task),
        scaling_config=ScalingConfig(
            num_workers=options.workers,
            use_gpu=bool(gpus),
            resources_per_worker={"CPU": min(1.0, cpus / options.workers)},
        ),
        run_config=RunConfig(name=SCRATCH, storage_path=str(options.folder)),
    ).fit()


def _cause(error: BaseException) -> BaseException:
    """What went wrong in a process, where that is known; of several the first that says it in a
    sentence."""
    if STORAGE in str(error):
        return ClusterError(UNSEEN.format(node="A node", folder="the folder of runs"))
    causes = list(_causes(error))
    return next(
        (cause for cause in causes if isinstance(cause, UserError | FileExistsError)), causes[0]
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    failures = getattr(error, "worker_failures", {})
    for _, failure in sorted(failures.items()):
        yield getattr(failure, "_base_exc", failure)
    yield getattr(error, "controller_failure", error)


if __name__ == "__main__":
    sys.exit(main())
