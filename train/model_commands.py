"""The commands for trained models: `export`, `evaluate`, `calibrate`, `reference`, `int8`, `atlas`,
`report`, `compare`, `pack`, `import`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evaluation.files import ClassifierEvaluation
from core.ham10000.dataset import Dataset
from core.ham10000.explore import ATLAS_FILE
from core.ham10000.splits import check_split
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.registry import KINDS, LEAKING, in_use
from core.models.weights import WeightsError
from core.settings import Settings
from core.system.records import plain
from core.system.run_folder import MODELS
from core.taxonomy import KEYS
from train.choices import IMAGES
from train.config import VIEWS
from train.names import run_folder

if TYPE_CHECKING:
    from train.finish.evaluate import Measurement


def add_model_commands(commands: Any) -> None:
    """Add the commands to `python -m train`'s."""
    export = commands.add_parser("export", help="a finished run becomes weights/MODEL")
    export.add_argument("model", choices=KINDS)
    export.add_argument("--run-name", help="folder below LESIONLAB_RUNS (default: MODEL)")
    export.set_defaults(run=_export)
    reference = commands.add_parser(
        "reference", help="fit again what the app compares photos with (export does it as well)"
    )
    reference.add_argument(
        "--outside", type=Path, metavar="DIR", help="measure the warning on photos of no lesion"
    )
    add_more(reference, "what they look like is dermoscopy, too")
    reference.add_argument(
        "--strangers", type=Path, metavar="DIR", help="photos of no lesion, to tell them from those"
    )
    reference.set_defaults(run=_reference, parser=reference)
    commands.add_parser(
        "calibrate", help="fit the classifier's probabilities and rule again (export does it, too)"
    ).set_defaults(run=_calibrate)
    commands.add_parser(
        "int8", help="say in the classifier's card how it computes in 8-bit integers, for speed"
    ).set_defaults(run=_int8)
    evaluate = commands.add_parser(
        "evaluate", help="measure the weights in weights/MODEL, or those of a run"
    )
    evaluate.add_argument("model", choices=KINDS)
    evaluate.add_argument(
        "--run-name", help="measure this run's own model (folder below LESIONLAB_RUNS)"
    )
    evaluate.add_argument("--split", choices=("validation", "test"), default="validation")
    evaluate.add_argument(
        "--views", type=int, choices=VIEWS, default=1, help="8: average over turned, mirrored views"
    )
    evaluate.add_argument(
        "--limit",
        type=int,
        default=0,
        metavar="N",
        help="with --run-name: only so many photos of the split, as its training on a subset saw "
        "them (default: all)",
    )
    add_more(evaluate, "those kept for validation")
    evaluate.add_argument("--images", type=Path, metavar="DIR", help="any other photos")
    evaluate.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="their diagnoses: ISIC's tables, HAM10000's, or image_id and dx",
    )
    evaluate.add_argument("--masks", type=Path, metavar="DIR", help="their masks, for segmenter")
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="of --images: results go there")
    evaluate.set_defaults(run=_evaluate, parser=evaluate)
    atlas = commands.add_parser(
        "atlas", help="facts of every image by the classifier in use, for the Dataset page"
    )
    atlas.add_argument(
        "--out", type=Path, metavar="FILE", help="default: beside that classifier's weights"
    )
    atlas.set_defaults(run=_atlas)
    report = commands.add_parser("report", help="the measured figures as a Markdown table")
    report.add_argument("--split", default="test", help="validation, test (default), test-8views")
    report.add_argument(
        "--comparison", action="store_true", help="a line for each model, the experiments' too"
    )
    report.set_defaults(run=_report)
    compare = commands.add_parser(
        "compare", help="runs' figures join the comparison on the Performance page"
    )
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folder below LESIONLAB_RUNS")
    compare.set_defaults(run=_compare)
    pack = commands.add_parser("pack", help="a run's models as one zip file, to hand on")
    pack.add_argument("run_name", metavar="RUN", help="folder below LESIONLAB_RUNS")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip file")
    pack.set_defaults(run=_pack)
    bring = commands.add_parser("import", help="check a model that was handed on, and keep it")
    bring.add_argument("package", type=Path, metavar="PATH", help="a zip file, or a model's folder")
    bring.set_defaults(run=_import)


def add_more(command: argparse.ArgumentParser, what_for: str) -> None:
    """Add `--more`, photos of other clinics, to a command."""
    command.add_argument(
        "--more",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help=f"photos of other clinics (folder or ZIP): {what_for}",
    )


def _export(options: argparse.Namespace) -> int:
    from train.finish.export import add_reference, export_classifier, export_segmenter, shipped_name
    from train.finish.finished import Finished, comparable, trained

    settings, kind = Settings.from_environment(), options.model
    run = run_folder(kind if options.run_name is None else options.run_name)
    finished = Finished.open(run, kind)
    config = finished.config
    if config.split == IMAGES:
        raise WeightsError(f"This run never becomes one of the app's models. {LEAKING}")
    network, folder = trained(finished)[kind], settings.weights / kind
    name = shipped_name(kind, config)
    if kind == "classifier":
        card = export_classifier(finished, network, folder, name)
        if comparable(config):
            card = add_reference(finished, folder, card, keep=True)
    else:
        card = export_segmenter(finished, network, folder, name)
    print(f"Wrote {card.name}, SHA-256 {card.sha256[:12]}…")
    return 0


def exact() -> Settings:
    """The settings in force, in floats: what is measured and kept is the same on every computer."""
    return replace(Settings.from_environment(), precision="f32")


def _reference(options: argparse.Namespace) -> int:
    from core.models.open_runtime import open_runtime
    from train.data.elsewhere import open_sources
    from train.finish.features import features_of
    from train.finish.reference import build_reference, measure_outside

    if bool(options.more) != bool(options.strangers):
        options.parser.error("--more and --strangers go together: the gate tells them apart")
    dataset, settings = Dataset.open(), exact()
    folders = [settings.weights / name for name in KINDS]
    cards = [Card.read(folder) for folder in folders]
    check_split(cards[0], dataset.split.id)
    runtime = open_runtime((folders[0], cards[0]), (folders[1], cards[1]), settings)
    more = open_sources(options.more, dataset.table.index)
    reference, sections = build_reference(
        dataset, cards[0], runtime.classify, more, options.strangers
    )
    if options.outside:
        test = features_of(dataset, "test", cards[0], runtime.classify)
        measured = measure_outside(
            options.outside, cards[0], runtime.classify, reference, test.textures
        )
        name = "gate" if reference.gate else "novelty"
        others = sections[name].others | {"measured": measured}
        sections[name] = replace(sections[name], others=others)
    reference.write(folders[0])
    cards[0].updated(**sections).write(folders[0])
    print(json.dumps(plain(sections), indent=2))
    return 0


def _calibrate(_: argparse.Namespace) -> int:
    from train.finish.export import remove_figures
    from train.finish.features import classifier_of, features_of
    from train.finish.probabilities import (
        choose_rule,
        compare_calibrations,
        fit_calibration,
        stated,
    )

    dataset, folder = Dataset.open(), Settings.from_environment().weights / "classifier"
    card = Card.read(folder)
    check_split(card, dataset.split.id)
    prior = Calibration.of(card).prior
    photos = dataset.table[dataset.table["split"] == "validation"]
    if card.classes != KEYS or photos["lesion_id"].nunique() < 2:
        raise WeightsError(
            "Calibration needs a classifier of HAM10000's seven diagnoses, and photos of the "
            "validation split. Import the whole of HAM10000: python -m core dataset import FILES"
        )
    labels = photos["dx"].map(card.classes.index).to_numpy()
    logits = features_of(dataset, "validation", card, classifier_of(folder, card)).logits
    fitted_on = f"validation, n = {len(photos):,} images"
    found = fit_calibration(logits, labels, prior)
    rule = choose_rule(found(logits), labels, prior, card.classes, fitted_on)
    scaling = stated(found, card.classes, fitted_on)
    compared = compare_calibrations(logits, labels, photos["lesion_id"].to_numpy(), prior)
    scaling = replace(scaling, others={"in_ten_folds": compared})
    fitted = card.updated(calibration=scaling, decision=rule)
    fitted.updated(metrics={}, elsewhere=None, int8=None).write(folder)
    remove_figures(folder)
    (folder / ATLAS_FILE).unlink(missing_ok=True)  # its answers are by the earlier rule
    print(json.dumps(plain([scaling, rule]), indent=2))
    print("Next, as they depend on it: evaluate each split, int8, atlas.")
    return 0


def _int8(_: argparse.Namespace) -> int:
    from train.finish.int8 import fit_int8

    dataset, settings = Dataset.open(), Settings.from_environment()
    folders = [settings.weights / kind for kind in KINDS]
    first, second = (Card.read(folder) for folder in folders)
    check_split(first, dataset.split.id)
    section = fit_int8(dataset, ((folders[0], first), (folders[1], second)), settings)
    first.updated(int8=section).write(folders[0])
    print(json.dumps(plain(section.against_f32), indent=2))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    _check_options(options)
    measurement = _of_shipped(options) if options.run_name is None else _of_run(options)
    figures = measurement.figures
    print(f"{figures.split}: {figures.images:,} images of {figures.lesions:,} lesions")
    for note in (*figures.left_out, *([figures.leak.text()] if figures.leak else [])):
        print(f"! {note}")
    parts, classes = {"overall": figures.overall}, {}
    if isinstance(figures, ClassifierEvaluation):
        parts["most probable"], classes = figures.most_probable, figures.classes
    for part, overall in parts.items():
        print(part)
        for name, figure in overall.items():
            print(f"  {name:<20} {figure.number()}  ({figure.ends()})")
    for name, row in classes.items():
        values = "  ".join(f"{k} {figure.number()}" for k, figure in row.figures.items())
        print(f"  {name:<6} n {row.support:<5} {values}")
    return 0


def _of_run(options: argparse.Namespace) -> Measurement:
    from train.finish.finish import evaluate_run

    run = run_folder(options.run_name)
    split, views, more = options.split, options.views, options.more
    return evaluate_run(run, options.model, split, views, more, options.limit)


def _of_shipped(options: argparse.Namespace) -> Measurement:
    from core.answer.analyser import Analyser
    from train.data.sources import labelled_source, masked_source, measured_elsewhere, split_source
    from train.finish.evaluate import evaluate_shipped
    from train.finish.evaluation_files import write_elsewhere, write_split
    from train.finish.isic import write_mask

    masked, settings = options.model == "segmenter", exact()
    folder = settings.weights / options.model
    if options.more:
        known = Dataset.open().table.index
        source = measured_elsewhere(options.more, known, Card.read(folder), masked)
    elif options.images is None:
        source = split_source(Dataset.open(), options.split, masked)
    elif options.model == "classifier":
        source = labelled_source(options.images, options.labels)
    else:
        source = masked_source(options.images, options.masks)
    folders = settings.weights / "classifier", settings.weights / "segmenter"
    analyser = Analyser.load(settings, folders=folders)
    keep = partial(write_mask, options.out) if options.out else None
    measurement = evaluate_shipped(options.model, source, analyser, options.views, keep)
    if options.images is None:
        write_split(folder, measurement)
    else:
        write_elsewhere(options.model, Card.read(folder), measurement, options.out)
    return measurement


def _check_options(options: argparse.Namespace) -> None:
    """Ends with status 2 where the options do not fit together."""
    wrong = options.parser.error
    if options.more and options.images:
        wrong("--more goes without --images")
    if options.limit < 0 or (options.limit and (options.more or not options.run_name)):
        wrong("--limit takes a number of photos, with --run-name and without --more")
    if options.images is None:
        if options.labels or options.masks or options.out:
            wrong("--labels, --masks and --out go with --images")
        return
    if options.run_name:
        wrong("--images goes with the models in weights/, not with --run-name")
    if options.out is None:
        wrong("--images needs --out DIR for the results")
    if options.model == "classifier" and (options.labels is None or options.masks):
        wrong("the classifier needs --images DIR --labels CSV")
    if options.model == "segmenter" and (options.masks is None or options.labels):
        wrong("the segmenter needs --images DIR --masks DIR")


def _atlas(options: argparse.Namespace) -> int:
    dataset = Dataset.open()
    from core.answer.analyser import Analyser
    from core.ham10000.explore import ATLAS_FILE
    from train.finish.atlas import make_atlas, write_atlas

    path = options.out or in_use("classifier").folder / ATLAS_FILE
    atlas = make_atlas(dataset, Analyser.load(exact()))
    write_atlas(atlas, path)
    print(f"{path}: {len(atlas):,} images, {atlas['right'].mean():.1%} answered correctly.")
    return 0


def _report(options: argparse.Namespace) -> int:
    from train.finish.report import comparison, table

    weights = Settings.from_environment().weights
    print((comparison if options.comparison else table)(weights, options.split))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from train.finish.comparison import keep

    settings = Settings.from_environment()
    for run in options.runs:
        for folder in keep(run_folder(run), settings.weights):
            print(f"Kept the figures of {Card.read(folder).name} in {folder}.")
    return 0


def _pack(options: argparse.Namespace) -> int:
    from train.finish.package import pack

    pack(run_folder(options.run_name) / MODELS, options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _import(options: argparse.Namespace) -> int:
    from train.finish.package import unpack

    settings = Settings.from_environment()
    run = unpack(options.package, settings.runs)
    for folder in sorted((run / MODELS).iterdir()):
        print(f"Imported {Card.read(folder).name} as {folder.relative_to(settings.runs)}.")
    return 0
