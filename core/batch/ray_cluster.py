"""A folder's photos on a Ray cluster: each processor that it has keeps the models in an actor, and
Ray Data hands the photos round (https://docs.ray.io/en/latest/data/data.html)."""

import math
import os
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from core.answer.analyser import Analyser
from core.batch.folder import analyse_group
from core.batch.results import FileResult, Group
from core.errors import UserError
from core.models.weights import WeightsError
from core.settings import Settings
from core.system.ray_setup import ask_with_token, runtime_environment

GROUPS_A_BLOCK = 16
"""Results come a block at a time; a stopped call loses at most one of each actor."""


class RayError(UserError, RuntimeError):
    """The cluster cannot be used; the message says what to do."""


@contextmanager
def on_cluster(
    address: str, models: Mapping[str, str], precision: str, groups: Sequence[Group]
) -> Iterator[Iterator[Sequence[FileResult]]]:
    """`core.batch.folder.Executor` on the processors of a Ray cluster.

    Args:
        address: `HOST:6379` of a cluster's first node, `auto` for the one that this computer is in,
            `local` for one of this computer's own that ends with this.
        models: names and hashes of those that answer (`Analyser.models`); every node must have
            them.
        precision: that they compute in (`core.models.runtime.Runtime`), on every node.

    Raises:
        RayError: Ray is not installed here, the cluster does not answer, or a node does not see
            the models.
    """
    ask_with_token()
    if address == "local":
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(16))
    try:
        ray: Any = import_module("ray")
        data: Any = import_module("ray.data")
    except ImportError as error:
        raise RayError(
            "--ray needs Ray, which is not installed: pip install -r requirements-ray.txt."
        ) from error
    try:
        ray.init(address, runtime_env=_environment(precision), log_to_driver=False)
    except Exception as error:  # Ray raises many kinds here
        raise RayError(
            f"There is no Ray cluster at {address} that this computer may use ({error}). Start one "
            "(train/README.md, Ray), or name another."
        ) from error
    try:
        context = data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        rows = [{"pictures": [str(path.absolute()) for path in group]} for group in groups]
        blocks = math.ceil(len(rows) / GROUPS_A_BLOCK) or 1
        processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
        done = data.from_items(rows, override_num_blocks=blocks).map(
            Worker,
            fn_constructor_args=(dict(models),),
            compute=data.ActorPoolStrategy(size=min(processors, blocks)),
            num_cpus=1,
        )
        yield map(_results, groups, _streamed(done) if rows else iter(()))
    finally:
        ray.shutdown()


class Worker:
    """An actor: the models on one processor, loaded once.

    Raises:
        WeightsError: this node has other models.
    """

    def __init__(self, models: Mapping[str, str]) -> None:
        self._analyser = Analyser.load()
        if self._analyser.models != dict(models):
            raise WeightsError(
                f"The node {socket.gethostname()} has other models. The folders that "
                "LESIONLAB_WEIGHTS and LESIONLAB_RUNS name must lie on storage that every node "
                "mounts at the same path."
            )

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The results of a group, in columns."""
        found = analyse_group([Path(path) for path in row["pictures"]], self._analyser)
        return {
            "cells": [list(result.cells) for result in found],
            "masks": [result.mask for result in found],
            "problems": [result.problem for result in found],
        }


def _environment(precision: str) -> dict[str, Any]:
    settings = Settings.from_environment()
    return runtime_environment(
        {
            "LESIONLAB_WEIGHTS": str(settings.weights),
            "LESIONLAB_RUNS": str(settings.runs),
            "LESIONLAB_THREADS": "1",
            "LESIONLAB_PRECISION": precision,
        }
    )


def _streamed(done: Any) -> Iterator[dict[str, Any]]:
    """The rows; an actor's error as the one that it was."""
    try:
        yield from done.iter_rows()
    except Exception as error:
        raise RayError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """The first sentence for a person among the causes; else the error itself."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return str(cause)
        cause = getattr(cause, "cause", None) or cause.__cause__
    return f"The Ray cluster failed: {error}"


def _results(group: Group, row: Mapping[str, Any]) -> list[FileResult]:
    columns = zip(group, row["cells"], row["masks"], row["problems"], strict=True)
    return [
        FileResult(picture, tuple(cells), bytes(mask), str(problem))
        for picture, cells, mask, problem in columns
    ]
