"""Many photos at once, without a browser: the work behind `python -m core analyse`."""

import csv
import unicodedata
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from core.answer.analyser import DECODED_PX, Analyser
from core.batch.tables import REJECTED_HEADER, cells, header, safe
from core.imaging.formats import ENDINGS, not_read, without_ending
from core.imaging.image import MAX_BYTES, ImageError, LesionImage, TooManyBytesError
from core.imaging.photo_files import Listing, list_photos
from core.report.downloads import mask_png


@dataclass(frozen=True)
class BatchReport:
    """How many photos were analysed and how many rejected."""

    analysed: int
    rejected: int


def find_pictures(paths: Sequence[Path], out: Path | None = None) -> Listing:
    """Files as given, and every picture in the folders given and below them; what lies in `out`
    (results of an earlier call) is passed over. Its `pictures` are for `analyse_files`, which
    rejects those in formats that are not read.

    Raises:
        FileNotFoundError: a path does not exist, or there is no picture at all.
    """
    found = list_photos(paths, out)
    if not found.pictures:
        raise FileNotFoundError(
            " ".join(
                [
                    f"There is no picture in {', '.join(map(str, paths))}. Looked for "
                    f"{', '.join(ENDINGS)}.",
                    *found.notes(),
                ]
            )
        )
    return found


def analyse_files(
    pictures: Sequence[Path],
    out: Path,
    analyser: Analyser,
    progress: Callable[[Path], None] | None = None,
    workers: int = 1,
    raw_names: bool = False,
) -> BatchReport:
    """Analyse files; results are on disk as soon as each is done.

    Writes `predictions.csv` (image, one column per class, prediction, in_domain, novelty,
    measurements), `masks/<stem>.png` (0/255, at the photo's upright size) and `rejected.csv`
    (file, reason) into `out`. The two tables replace those of an earlier call, masks those of the
    same name. Names and reasons are safe for spreadsheets (`core.batch.tables.safe`).

    Args:
        raw_names: names as they are, for scripts that join tables by them.
        workers: files worked on at the same time; as many as the analyser has lanes.

    Raises:
        FileExistsError: `out` holds tables or masks that are not of an earlier call, which the
            results would replace; nothing is written.
        OSError: `out` cannot be written.
    """
    words = str if raw_names else safe
    _check_out(out, {without_ending(picture.name) for picture in pictures})
    (out / "masks").mkdir(parents=True, exist_ok=True)
    same_name: dict[str, list[Path]] = {}
    for picture in pictures:
        name = unicodedata.normalize("NFC", without_ending(picture.name)).casefold()
        same_name.setdefault(name, []).append(picture)

    def work(group: list[Path]) -> list[tuple[Path, list[str] | str]]:
        """Each file with its row, or the reason why there is none."""
        done: list[tuple[Path, list[str] | str]] = []
        first: Path | None = None
        for picture in group:
            try:
                if first is not None:
                    raise ImageError(f"{first} has the same name; rename one of the two.")
                image = LesionImage.from_bytes(read_picture(picture), picture.name, DECODED_PX)
                analysis = analyser.analyse(image)
            except (ImageError, OSError) as error:
                done.append((picture, str(error)))
            else:
                first, name = picture, without_ending(picture.name)
                (out / "masks" / f"{name}.png").write_bytes(mask_png(analysis.mask))
                done.append((picture, [words(name), *cells(analysis)]))
        return done

    analysed = rejected = 0
    with ExitStack() as stack:
        accepted_file, rejected_file = (
            stack.enter_context(
                (out / name).open("w", newline="", encoding="utf-8", errors="backslashreplace")
            )
            for name in ("predictions.csv", "rejected.csv")
        )
        accepted_rows, rejected_rows = csv.writer(accepted_file), csv.writer(rejected_file)
        accepted_rows.writerow(header(analyser.classes))
        rejected_rows.writerow(REJECTED_HEADER)
        pool = ThreadPoolExecutor(workers)
        stack.callback(pool.shutdown, cancel_futures=True)
        for results in pool.map(work, same_name.values()):
            for picture, result in results:
                if isinstance(result, str):
                    rejected += 1
                    rejected_rows.writerow([words(str(picture)), words(result)])
                    rejected_file.flush()
                else:
                    analysed += 1
                    accepted_rows.writerow(result)
                    accepted_file.flush()
                if progress:
                    progress(picture)
    return BatchReport(analysed, rejected)


def read_picture(picture: Path) -> bytes:
    """The bytes of a picture file, if they are not too many.

    Raises:
        ImageError: it cannot be opened, or is larger than a photo may be.
    """
    try:
        if picture.stat().st_size > MAX_BYTES:
            raise TooManyBytesError(
                not_read(picture.name)
                or f"The file has more than {MAX_BYTES // 1024**2} MB. Save it smaller, then try "
                "again."
            )
        return picture.read_bytes()
    except OSError as error:
        raise ImageError(
            f"{picture.name} cannot be opened ({error.strerror}). Check that it is still there."
        ) from error


def _check_out(out: Path, names: Collection[str]) -> None:
    """Whether results may go there: only those of an earlier call give way."""
    ours = {"predictions.csv": {"image", "prediction", "in_domain"}, "rejected.csv": {"reason"}}
    theirs = [
        out / name
        for name, columns in ours.items()
        if (out / name).exists() and not columns <= _columns(out / name)
    ]
    if not (out / "predictions.csv").exists():
        masks = (out / "masks" / f"{name}.png" for name in sorted(names))
        theirs += [path for path in masks if path.exists()]
    if theirs:
        raise FileExistsError(
            f"{theirs[0]} is not a result of LesionLab's, and would be replaced. Choose another "
            "folder with --out, or move the file away."
        )


def _columns(table: Path) -> set[str]:
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        return set(next(csv.reader([file.readline(100_000)]), []))
