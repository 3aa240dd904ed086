"""Many photos at once, without a browser: the work behind `python -m core analyse`."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from core.answer.analyser import DECODED_PX, Analyser
from core.batch.results import FileResult, Group, Results
from core.batch.tables import cells, header, safe
from core.imaging.formats import ENDINGS, not_read, without_ending
from core.imaging.image import MAX_BYTES, ImageError, LesionImage
from core.imaging.photo_files import Listing, list_photos
from core.report.downloads import mask_png

Executor = Callable[[Sequence[Group]], AbstractContextManager[Iterator[Sequence[FileResult]]]]
"""Has groups of files worked on, wherever; gives the results of each, in the order of the groups,
as soon as they are there."""


def find_pictures(paths: Sequence[Path], out: Path | None = None) -> Listing:
    """Files as given, and every picture in the folders given and below them; what lies in `out`
    (results of an earlier call) is passed over. Its `pictures` are for `analyse_files`, which
    rejects those in formats that are not read.

    Raises:
        FileNotFoundError: a path does not exist, or there is no picture at all.
    """
    found = list_photos(paths, out)
    if not found.pictures:
        nothing = (
            f"There is no picture in {', '.join(map(str, paths))}. Looked for {', '.join(ENDINGS)}."
        )
        raise FileNotFoundError(" ".join([nothing, *found.notes()]))
    return found


def analyse_files(
    pictures: Sequence[Path],
    out: Path,
    analyser: Analyser,
    progress: Callable[[Path], object] = lambda _: None,
    workers: int = 1,
    raw_names: bool = False,
    resume: bool = False,
    executor: Executor | None = None,
) -> Results:
    """Analyse files; results are on disk as soon as each is done.

    Writes `predictions.csv` (image, file, one column per class, prediction, in_domain, domain,
    novelty, measurements, note), `README.txt` (which explains them), `masks/<stem>.png` (0/255, at
    the photo's upright size) and `rejected.csv` (file, reason) into `out`. The two tables replace
    those of an earlier call, masks those of the same name. Names and reasons are safe for
    spreadsheets (`core.batch.tables.safe`).

    Args:
        raw_names: names as they are, for scripts that join tables by them.
        workers: files worked on at the same time; as many as the analyser has lanes.
        resume: go on where an earlier call with the same models stopped.
        executor: has the files worked on elsewhere than in threads of this process.

    Returns:
        What the tables hold (`analysed`, `rejected`), results of an earlier call included.

    Raises:
        FileExistsError: `out` holds tables or masks that are not of an earlier call, which the
            results would replace, or cannot go on with other models; nothing is written.
        OSError: `out` cannot be written.
    """
    groups = by_name(pictures)
    precision = analyser.runtime.precision
    made_with = {"models": analyser.models, "precision": precision, "raw_names": raw_names}
    results = Results(out, header(analyser.classes), made_with, str if raw_names else safe)
    results.check({without_ending(picture.name) for picture in pictures})
    waiting = results.resume(groups) if resume else results.begin(groups)
    not_done = {group[0] for group in waiting}
    for picture in chain.from_iterable(g for g in groups if g[0] not in not_done):
        progress(picture)
    executor = executor or partial(in_threads, analyser, workers)
    with results.appending() as write, executor(waiting) as found:
        for result in chain.from_iterable(found):
            write(result)
            progress(result.picture)
    return results


def by_name(pictures: Sequence[Path]) -> list[Group]:
    """Files by their names without the ending, in the order of the first of each."""
    found: dict[str, list[Path]] = {}
    for picture in pictures:
        name = unicodedata.normalize("NFC", without_ending(picture.name)).casefold()
        found.setdefault(name, []).append(picture)
    return list(found.values())


def analyse_group(group: Group, analyser: Analyser) -> list[FileResult]:
    """The first file of a group that can be read is analysed, the others are rejected."""
    done: list[FileResult] = []
    first: Path | None = None
    for picture in group:
        try:
            if first is not None:
                raise ImageError(f"{first} has the same name; rename one of the two.")
            image = LesionImage.from_bytes(read_picture(picture), picture.name, DECODED_PX)
            analysis = analyser.analyse(image)
        except (ImageError, OSError) as error:
            done.append(FileResult(picture, problem=str(error)))
        else:
            first = picture
            row = tuple(cells(analysis))
            done.append(FileResult(picture, row, mask_png(analysis.mask)))
    return done


@contextmanager
def in_threads(
    analyser: Analyser, workers: int, groups: Sequence[Group]
) -> Iterator[Iterator[Sequence[FileResult]]]:
    """`Executor` on threads of this process."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool.map(partial(analyse_group, analyser=analyser), groups)
    finally:
        pool.shutdown(cancel_futures=True)


def read_picture(picture: Path) -> bytes:
    """The bytes of a picture file, if they are not too many.

    Raises:
        ImageError: it cannot be opened, or is larger than a photo may be.
    """
    try:
        if picture.stat().st_size > MAX_BYTES:
            raise ImageError(
                not_read(picture.name)
                or f"The file has more than {MAX_BYTES // 1024**2} MB. Save it smaller, then try "
                "again."
            )
        return picture.read_bytes()
    except OSError as error:
        raise ImageError(
            f"{picture.name} cannot be opened ({error.strerror}). Check that it is still there."
        ) from error
