"""The command line: `python -m core dataset import|starter|status`, `python -m core analyse`,
`python -m core prepare`, `python -m core storage`, `python -m core doctor` and
`python -m core quality`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from core.errors import DatasetError, UserError
from core.settings import Settings
from core.system.console import exit_status
from core.system.storage import CLEARED, TITLES, clear, size, survey

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 something failed, 2 it cannot start
    as asked, or with these settings and models, 130 stopped)."""
    parser = argparse.ArgumentParser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    dataset = commands.add_parser("dataset", help="import HAM10000, or see what is there")
    actions = dataset.add_subparsers(dest="action", required=True, metavar="ACTION")
    load = actions.add_parser("import", help="import the archives from Kaggle or Dataverse")
    load.add_argument(
        "archives", nargs="+", type=Path, metavar="FILE", help="zip files, or the plain table"
    )
    load.set_defaults(run=_import)
    actions.add_parser(
        "starter", help="fetch a starter set of 70 photos from the ISIC Archive"
    ).set_defaults(run=_starter)
    actions.add_parser("status", help="what has been imported").set_defaults(run=_status)
    analyse = commands.add_parser("analyse", help="analyse photos into CSV files and masks")
    analyse.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="photos or folders")
    analyse.add_argument("--out", required=True, type=Path, metavar="DIR", help="results go there")
    analyse.add_argument(
        "--raw-names",
        action="store_true",
        help="names in the tables as they are, for scripts that join by them; without it, an "
        "apostrophe keeps spreadsheets from taking a name for a formula",
    )
    analyse.add_argument(
        "--resume",
        action="store_true",
        help="go on where an earlier call into the same folder stopped",
    )
    analyse.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="spread the photos over a Ray cluster: HOST:6379, auto (that of this computer) or "
        "local (its own processors); every node sees photos and weights at the same paths",
    )
    analyse.set_defaults(run=_analyse)
    prepare = commands.add_parser(
        "prepare", help="prepare the models for this machine now, not at the first start"
    )
    prepare.set_defaults(run=_prepare)
    quality = commands.add_parser(
        "quality", help="measure what is usual of photos, for the notes on quality (developers)"
    )
    quality.set_defaults(run=_quality)
    storage = commands.add_parser(
        "storage", help="what lies where and how large; --clear removes what can be made again"
    )
    storage.add_argument(
        "--clear",
        nargs="*",
        choices=list(CLEARED),
        metavar="KIND",
        help=f"remove all that can be made again, or some of {', '.join(CLEARED)}",
    )
    storage.add_argument("--yes", action="store_true", help="do not ask")
    storage.set_defaults(run=_storage)
    commands.add_parser(
        "doctor", help="look at versions, weights, data, disk and port, and say what to do"
    ).set_defaults(run=_doctor)
    options = parser.parse_args(arguments)
    return exit_status(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, DatasetError) else 2
    except KeyboardInterrupt:
        print("Stopped. What is done stays; an import goes on when run again.", file=sys.stderr)
        return 130


def _import(options: argparse.Namespace) -> int:
    from core.ham10000.importer import import_archives

    report = _with_progress("files", lambda show: import_archives(options.archives, progress=show))
    print(
        f"{report.added:,} files added, {report.unchanged:,} were there, "
        f"{report.ignored:,} ignored."
    )
    _status(options)
    return 0


def _starter(options: argparse.Namespace) -> int:
    from core.ham10000.starter import download

    report = _with_progress("photos", lambda show: download(progress=show))
    print(f"{report.added} photos were downloaded; {report.there} are here now.")
    for credit in report.credits:
        print(f"Photos: {credit}")
    for problem in [*report.failed.values(), *filter(None, [report.stopped])]:
        print(f"! {problem}", file=sys.stderr)
    if report.failed or report.stopped:
        return 1
    _status(options)
    return 0


def _with_progress(unit: str, work: Callable[[Callable[[int, int, str], None]], T]) -> T:
    """The result of work on the dataset, with a bar while it lasts."""
    from tqdm import tqdm

    with tqdm(unit=f" {unit}", disable=None) as bar:

        def show(done: int, total: int, text: str) -> None:
            bar.total = total
            bar.set_description(text, refresh=False)
            bar.update(done - bar.n)

        return work(show)


def _status(options: argparse.Namespace) -> int:
    from core.ham10000.dataset import Dataset, status
    from core.ham10000.splits import SPLITS, SplitError

    found = status()
    print(f"Folder        {found.root}")
    print(f"Listed        {found.listed:,} images")
    print(f"Photos        {found.photos:,}")
    print(f"Masks         {found.masks:,}")
    print(f"Centre crops  {found.crops:,} (optional)")
    for problem in found.problems:
        print(f"! {problem}")
    try:
        data = Dataset.open()
    except (DatasetError, SplitError) as error:
        if str(error) not in found.problems:
            print(f"! {error}")
        return 1
    counts = data.table.groupby("split").agg(
        images=("dx", "size"), lesions=("lesion_id", "nunique")
    )
    print(f"Split         {data.split.id}")
    for name in SPLITS:
        if name in counts.index:
            row = counts.loc[name]
            print(f"  {name:<11} {row.images:,} images of {row.lesions:,} lesions")
    return 0


def _analyse(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from core.answer.analyser import Analyser
    from core.batch.folder import analyse_files, find_pictures
    from core.batch.ray_cluster import on_cluster
    from core.models.registry import models_in_use
    from core.report.downloads import DISCLAIMER

    try:
        found = find_pictures(options.paths, options.out)
        pictures = found.pictures
        settings = Settings.from_environment()
        for model in models_in_use(settings):
            if model.problem:
                print(f"The shipped {model.kind} is used. {model.problem}", file=sys.stderr)
            elif model.own:
                print(f"Not the shipped {model.kind} is used but {model.folder}", file=sys.stderr)
        analyser = Analyser.load(settings, lanes=settings.threads)
        with tqdm(total=len(pictures), unit=" photos", disable=None) as bar:
            results = analyse_files(
                pictures,
                options.out,
                analyser,
                lambda _: bar.update(),
                settings.threads,
                options.raw_names,
                options.resume,
                partial(on_cluster, options.ray, analyser.models, analyser.runtime.precision)
                if options.ray
                else None,
            )
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{results.analysed:,} analysed, {results.rejected:,} rejected: {options.out}. {DISCLAIMER}"
    )
    for note in found.notes(pictures=False):
        print(note)
    return 1 if results.rejected else 0


def _prepare(options: argparse.Namespace) -> int:
    from core.answer.analyser import Analyser

    print(f"Ready: {Analyser.load().runtime.name}.")
    return 0


def _storage(options: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    items = survey(settings)
    if options.clear is None:
        for item in items:
            said = "  (in use)" if item.used else ""
            print(f"{item.kind:<9} {size(item.nbytes):>8}  {item.path}{said}")
        for kind, title in TITLES.items():
            of_kind = [item.nbytes for item in items if item.kind == kind]
            again = "can be cleared" if kind in CLEARED else ""
            print(f"{title:<30} {len(of_kind):>6} {size(sum(of_kind)):>9}  {again}".rstrip())
        return 0
    kinds = options.clear or list(CLEARED)
    clearable = [item.nbytes for item in items if item.kind in kinds and not item.used]
    if clearable and not options.yes and sys.stdin.isatty():
        names = ", ".join(TITLES[kind].lower() for kind in kinds)
        print(f"{names.capitalize()}: {size(sum(clearable))}. They are made again when needed.")
        if input("Remove them? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was removed.")
            return 1
    print(clear(kinds, settings))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from core.doctor.finding import PROBLEM
    from core.doctor.installed import examination

    problems = notes = 0
    for found in examination():
        print(found, flush=True)
        problems += found.state is PROBLEM
        notes += bool(found.remedy) and found.state is not PROBLEM
    counted = f"{problems} problem{'s' * (problems != 1)}, {notes} note{'s' * (notes != 1)}"
    print(f"{counted}. LesionLab {'cannot' if problems else 'can'} run.")
    return 1 if problems else 0


def _quality(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from core.answer.analyser import Analyser
    from core.answer.quality_limits import fit_limits
    from core.ham10000.dataset import Dataset
    from core.lesion.quality import LIMITS, write_limits

    try:
        analyser = Analyser.load()
        with tqdm(unit=" photos", disable=None) as bar:
            found = fit_limits(Dataset.open(), analyser, bar.update)
        write_limits(found)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The {found['split']} split's {found['images']:,} photos measured: {LIMITS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
