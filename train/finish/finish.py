"""What becomes of a finished run: a model's folder, measured on validation.

A run's models lie in `<run>/model/classifier` and `<run>/model/segmenter` (a hybrid has both), in
the format of `weights/`. The test split is opened only by `evaluate_run`, when somebody asks, and
every look is noted on the card.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from core.errors import DatasetError
from core.models.cards import Card
from core.models.reference import FILE as REFERENCE
from core.models.reference import Reference
from core.models.weights import WeightsError
from core.system.run_folder import MODELS
from train.config import Config
from train.config_files import config_of, read_run_config
from train.data.photos import open_data
from train.data.sources import Source, elsewhere_source, measured_elsewhere, split_source
from train.finish.evaluate import (
    RUN_DRAWS,
    Measurement,
    evaluate_classifier,
    evaluate_segmenter,
)
from train.finish.evaluation_files import write_split
from train.finish.export import (
    ROUNDING_PHOTOS,
    Tally,
    add_reference,
    export_classifier,
    export_segmenter,
    name_in_run,
    reference_rows,
)
from train.finish.features import classifier_of, part_rows, segmenter_of
from train.finish.finished import Finished, comparable, sizes_to_try, trained
from train.progress import Meter, Watch

Answer = TypeVar("Answer")


def finish(finished: Finished, watch: Watch) -> None:
    """Export the best checkpoint and measure it on validation; again, it replaces what is there.

    Of a limited training, the same validation photos are measured that it was chosen on. With
    further sources, it is measured on all their validation photos as well, unless it has two
    labels, or they are not there any more, which is printed.

    Args:
        finished: the run, with `metrics.csv` and `best.ckpt` in its folder.
        watch: is told of the phases `exporting` and `evaluating`, with photos done as steps; the
            models are named as it calls the run.

    Raises:
        WeightsError: there is no finished epoch.
        DatasetError, SplitError: the photos are not there any more.
        Stopped: that was wanted; a resumed run finishes again.
    """
    run, config = finished.run, finished.config
    watch.phase("exporting")
    networks = trained(finished)
    stopped = "Stopped while the model was measured; all epochs are kept."
    meter = Meter(watch, config.epochs, config.epochs, stopped)
    away = _away(finished)
    total, done = photos_to_finish(finished.arrays.table, config), 0
    total += len(away.table) * len(networks) if away else 0

    def tally(photos: int) -> None:
        nonlocal done
        done += photos
        meter(done, total)

    made, ready = run / f"{MODELS}.part", run / MODELS
    shutil.rmtree(made, ignore_errors=True)
    for kind, network in networks.items():
        folder = made / kind
        name = name_in_run(kind, config, watch.called or run.name)
        if kind == "classifier":
            card = export_classifier(finished, network, folder, name, tally)
            if comparable(config):
                add_reference(finished, folder, card, _counted(classifier_of(folder, card), tally))
        else:
            export_segmenter(finished, network, folder, name, tally)
    _replace(ready, made)
    watch.phase("evaluating")
    own = split_source(finished.data, "validation", config.masked, config.two_labels, config.limit)
    for kind in networks:
        write_split(ready / kind, _evaluate(ready / kind, own, tally=tally))
    if away:
        with _photos_may_be_gone():
            for kind in networks:
                write_split(ready / kind, _evaluate(ready / kind, away, tally=tally))


@contextmanager
def _photos_may_be_gone() -> Iterator[None]:
    """Further photos that cannot be read (any more) fail no run: its model is there, and measured
    on its own photos. What was wrong is printed."""
    try:
        yield
    except DatasetError as error:
        print(f"Not measured on further photos: {error}", file=sys.stderr, flush=True)


def photos_to_finish(table: pd.DataFrame, config: Config) -> int:
    """How many photos go through a network until the models of a run are made and measured on its
    own validation photos.

    Args:
        table: of the data, or of arrays that have further sources as well.
    """
    validated = len(part_rows(table, "validation", config.limit, config.masked))
    rounded = min(ROUNDING_PHOTOS, validated)
    total = ((len(sizes_to_try(config)) + 1) * validated + rounded) * len(config.models)
    if comparable(config):
        total += sum(map(len, reference_rows(table, config).values()))
    return total


def _away(finished: Finished) -> Source | None:
    """The validation photos of further sources; None if there are none for this model."""
    config = finished.config
    if not config.more or config.two_labels:  # further sources have diagnoses
        return None
    with _photos_may_be_gone():
        return elsewhere_source(finished.photos.more, config.masked)
    return None


def evaluate_run(
    run: Path,
    kind: str,
    split: str = "validation",
    views: int = 1,
    more: Sequence[Path] = (),
    limit: int = 0,
) -> Measurement:
    """Measure a run's model on a split, beside its weights; a look at the test split is noted on
    its card. Also for an imported model, if its photos are here.

    Args:
        split: `validation` or `test`.
        views: of each photo, whose scores are averaged.
        more: measured instead: those photos of other clinics (folders or ZIP archives) that are
            kept for validation.
        limit: only so many photos of the split, as a training on a subset sees them (0: all).

    Raises:
        WeightsError, ConfigError: the run has no such model, or it is damaged.
        DatasetError, SplitError: its photos are not here, or others were drawn for the split.
    """
    if not run.is_dir():
        raise WeightsError(
            f"There is no run {run.name} in {run.parent}: see python -m train queue."
        )
    folder = run / MODELS / kind
    card = Card.read(folder)
    config = _config(run, card)
    data = open_data(config)
    if more:
        source = measured_elsewhere(more, data.table.index, card, kind == "segmenter")
    else:
        source = split_source(data, split, config.masked, config.two_labels, limit)
    measurement = _evaluate(folder, source, views)
    if split == "test" and not more:
        # Before the figures: who sees them has looked.
        now = datetime.now(UTC).isoformat(timespec="seconds")
        replace(card, test_looks=(*card.test_looks, now)).write(folder)
    write_split(folder, measurement)
    return measurement


def _config(run: Path, card: Card) -> Config:
    """The run's configuration; of an imported model, that on its card."""
    config = read_run_config(run)
    if config is not None:
        return config
    config = config_of(card.training.as_dict(), strict=False)
    if not config.is_ham10000:
        raise DatasetError(
            f"{card.name} was imported, and learned from photos that did not come along "
            f"({config.data}), so it cannot be measured here."
        )
    return config


def _evaluate(
    folder: Path, source: Source, views: int = 1, tally: Tally = lambda photos: None
) -> Measurement:
    card = Card.read(folder)
    if folder.name == "segmenter":
        segment = _counted(segmenter_of(folder, card), tally)
        return evaluate_segmenter(source, card, segment, views, RUN_DRAWS)
    classify, reference = _counted(classifier_of(folder, card), tally), None
    if (folder / REFERENCE).is_file():
        reference = Reference.read(folder, card.novelty_threshold)
    return evaluate_classifier(source, card, classify, reference, views, RUN_DRAWS)


def _counted(
    network: Callable[[np.ndarray], Answer], tally: Tally
) -> Callable[[np.ndarray], Answer]:
    def counted(pixels: np.ndarray) -> Answer:
        tally(len(pixels))
        return network(pixels)

    return counted


def _replace(ready: Path, made: Path) -> None:
    """Put new models in the place of old ones, of which only the looks at the test split stay."""
    for folder in made.iterdir():
        try:
            looks = Card.read(ready / folder.name).test_looks
        except WeightsError:
            continue
        if looks:
            replace(Card.read(folder), test_looks=looks).write(folder)
    old = ready.with_name(f"{MODELS}.old")
    shutil.rmtree(old, ignore_errors=True)
    if ready.exists():
        os.replace(ready, old)
    os.replace(made, ready)
    shutil.rmtree(old, ignore_errors=True)
