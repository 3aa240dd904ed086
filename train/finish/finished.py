"""A run that has come to its end, as its models are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.models.architectures import Hybrid, build_classifier
from core.models.networks import build_segmenter, channels_last
from core.models.weights import WeightsError, load_into
from train.choices import LESIONS
from train.config import Config, ConfigError
from train.config_files import read_run_config
from train.data.arrays import Arrays, prepare, rows_of
from train.data.photos import Data, Photos
from train.learn.beginning import check_photos, with_precision
from train.learn.checkpoints import read_checkpoint

SIZES = (160, 192, 224)
"""Input sizes tried of those within `STEP` of the size that a run ended with, which is tried as
well: a network often sees better at a size somewhat above that of its training, where objects
look as large as its random crops made them (Touvron et al., "Fixing the train-test resolution
discrepancy", NeurIPS 2019)."""
STEP = 32


@dataclass(frozen=True)
class Finished:
    """A run with what its models are made from.

    Attributes:
        run: its folder, with `best.ckpt` and `metrics.csv`.
        config: its choices, with the precision that it had for `auto`.
        photos: what it learned from.
        arrays: the same decoded, with the labels it learned.
    """

    run: Path
    config: Config
    photos: Photos
    arrays: Arrays

    @classmethod
    def open(cls, run: Path, kind: str = "") -> Finished:
        """A run that ended before, from its folder.

        Args:
            kind: of a model that it must leave.

        Raises:
            ConfigError: the folder holds no run, or one without such a model.
            DatasetError, SplitError: the photos are not there any more.
        """
        config = read_run_config(run)
        if config is None:
            raise ConfigError(f"{run} holds no run; train first.")
        if kind and kind not in config.models:
            raise ConfigError(f"{run} holds no {kind} but a {config.kind}.")
        config, photos = with_precision(run, config), Photos.open(config)
        check_photos(run, config, photos)
        return cls(run, config, photos, prepare(config, photos))

    @property
    def data(self) -> Data:
        """Its photos without those of further sources."""
        return self.photos.data

    def rows(self, split: str) -> np.ndarray:
        """The rows of a split that its training sees. Raises DatasetError: there are none."""
        return rows_of(self.arrays, split, self.config.limit, self.config.masked)


def sizes_to_try(config: Config) -> tuple[int, ...]:
    """Input sizes of which a run's models get the best."""
    last = config.stages[-1].size
    return tuple(sorted({last, *(s for s in SIZES if abs(s - last) <= STEP)}))


def trained(finished: Finished) -> dict[str, torch.nn.Module]:
    """The networks of a run's best checkpoint, by kind, in evaluation mode.

    Raises:
        WeightsError: there is no checkpoint, or it does not fit the run's configuration.
    """
    path, config, classes = finished.run / "best.ckpt", finished.config, finished.arrays.classes
    try:
        state = read_checkpoint(path)["state_dict"]
    except FileNotFoundError as error:
        raise WeightsError(f"There is no finished epoch in {finished.run}; train first.") from error
    state = {k.removeprefix("net."): v for k, v in state.items() if k.startswith("net.")}
    parts = [state]
    if config.kind == "hybrid":
        both = Hybrid(config.network, len(classes))
        load_into(both, state, config.network)
        parts = list(both.parts())
    networks: dict[str, torch.nn.Module] = {}
    for kind, part in zip(config.models, parts, strict=True):
        if kind == "classifier":
            network: torch.nn.Module = build_classifier(config.network, len(classes))
        else:
            network = build_segmenter(config.network)
        load_into(network, part, finished.run.name)
        networks[kind] = channels_last(network).eval()
    return networks


def comparable(config: Config) -> bool:
    """Whether the app can compare a photo with the training photos of such a classifier: it learned
    HAM10000's diagnoses, and may become the app's."""
    ours = config.is_ham10000 and config.split == LESIONS
    return ours and config.labelled and not config.two_labels
