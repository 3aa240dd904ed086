"""Many photos at once, in the background: what the app's page for many photos shows.

A batch takes one turn for each photo, so that the photos of other visitors come in between. What
it keeps is small and bounded, and a store of batches forgets the oldest finished ones.
"""

import csv
import io
import logging
import threading
import time
import unicodedata
import zipfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.answer.analyser import DECODED_PX, Analysis
from core.answer.words import malignant_share
from core.batch.readme import README
from core.batch.sources import Source
from core.batch.tables import FOR_EXCEL, REJECTED_HEADER, cells, header, safe
from core.imaging.image import ImageError, LesionImage, to_jpeg
from core.imaging.overlay import canvas_for
from core.lesion.measure import Measurements
from core.models.gate import REFUSED
from core.report.downloads import file_stem, mask_png
from core.system.fair_queue import BusyError, FairQueue, Turn

MAX_PHOTOS = 1_000
"""Files of one batch. `python -m core analyse` takes any number."""
MAX_BATCH_BYTES = 512 * 1024**2
"""What the files of one batch may take in memory; those of a folder are read one by one."""
THUMBNAIL_PX = 96
KEPT_PX = DECODED_PX
"""Longest side of the copy kept of a photo, to look at it again."""
KEPT_AS_IS_BYTES = 160 * 1024
"""A file of this size or less, as dermatoscopes and HAM10000 have them, is kept as it is."""
KEPT_BYTES = 96 * 1024**2
"""What the copies kept of a batch may take, some 600 or more; of photos after that none is kept."""
State = Literal["running", "cancelled", "finished"]


class BatchError(ValueError):
    """A batch that cannot start; the message says so to a student."""


@dataclass(frozen=True, eq=False)
class Photo:
    """One analysed photo: what is shown of it, and what can be taken home.

    Attributes:
        name: what it is called on screen; no two of a batch share one.
        image: its name in the tables and of its mask; safe as a file name, no two share one.
        cells: of `predictions.csv`, behind `file`.
        prediction, most_probable: keys of the class named as the answer, and of the likeliest.
        probability: of the class named, 0…1.
        malignant: of the malignant classes together, 0…1.
        domain: one of `core.models.gate.DOMAINS`.
        measurements: None if no lesion was outlined.
        thumbnail: JPEG, its longest side at most `THUMBNAIL_PX`.
        mask: PNG, 0 and 255, at the photo's upright size.
        copy: the file itself; of one larger than `KEPT_AS_IS_BYTES` a JPEG with a longest side of
            at most `KEPT_PX`, if that has fewer bytes; None of a practice lesion, and if the
            batch had no room for it.
        reduced: `copy` is not the file itself.
        practice: title of the practice lesion that it is; empty for a file.
    """

    name: str
    image: str
    cells: list[str]
    prediction: str
    most_probable: str
    probability: float
    malignant: float
    domain: str
    measurements: Measurements | None
    thumbnail: bytes
    mask: bytes
    copy: bytes | None
    reduced: bool
    practice: str = ""

    @property
    def answered(self) -> bool:
        """Whether it is dermoscopy, so that the answer to it is one."""
        return self.domain != REFUSED

    @property
    def nbytes(self) -> int:
        """Memory of its pictures."""
        return len(self.thumbnail) + len(self.mask) + len(self.copy or b"")


@dataclass(frozen=True)
class Rejected:
    """A file that was not analysed, and a sentence on why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a batch is: files in all, analysed and rejected ones, and the seconds that the rest
    will take at the speed so far (None while that cannot be told, or nothing is left)."""

    total: int
    analysed: int
    rejected: int
    state: State
    seconds_left: float | None

    @property
    def done(self) -> int:
        """Files dealt with."""
        return self.analysed + self.rejected


class BatchJob:
    """Photos analysed one after the other by a thread of its own.

    Args:
        sources: the files, in the order to take them.
        classes: keys of the classes, in the order of an analysis' probabilities.
        analyse: a decoded photo → its analysis.
        turns: the queue in front of `analyse`; one turn is taken for each photo.
        notes: sentences on files that were passed over, to be shown with the results.

    Attributes:
        truth: keys of the true diagnoses by `Photo.image`, as far as somebody has told them.

    Raises:
        BatchError: no file, too many, or too large ones.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        classes: Sequence[str],
        analyse: Callable[[LesionImage], Analysis],
        turns: FairQueue,
        notes: Sequence[str] = (),
    ) -> None:
        check(sources)
        self.notes = tuple(notes)
        self.truth: dict[str, str] = {}
        self._pending = deque(sources)
        self._total = len(sources)
        self._held = sum(source.nbytes for source in sources)
        self._classes, self._turns = classes, turns
        self._photos: list[Photo] = []
        self._rejected: list[Rejected] = []
        self._names: set[str] = set()
        self._images: set[str] = set()
        self._kept = 0
        self._began = time.monotonic()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(analyse,), name="batch", daemon=True
        )  # which lets go of the models when it ends; the batch stays

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        self._thread.start()

    def cancel(self) -> None:
        """Stop after the photo at work; what is done stays."""
        self._cancelled.set()

    @property
    def stopping(self) -> bool:
        """Cancelled, whether or not the last photo is through."""
        return self._cancelled.is_set()

    @property
    def photos(self) -> tuple[Photo, ...]:
        """Those analysed so far, in the order of the files."""
        return tuple(self._photos)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Those rejected so far, in the order of the files."""
        return tuple(self._rejected)

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        alive = self._thread.is_alive()
        analysed, rejected = len(self._photos), len(self._rejected)
        done = analysed + rejected
        state: State = "finished" if done == self._total else "cancelled"
        if alive:
            state = "running"
        left = None
        if alive and 2 <= done < self._total:
            left = (time.monotonic() - self._began) / done * (self._total - done)
        return Progress(self._total, analysed, rejected, state, left)

    @property
    def nbytes(self) -> int:
        """Memory of its files and results."""
        return self._held + sum(photo.nbytes for photo in self.photos)

    def predictions_csv(self) -> bytes:
        """The table of analysed photos, as `python -m core analyse` writes it; as a `sheet`."""
        rows = [[safe(photo.image), safe(photo.name), *photo.cells] for photo in self.photos]
        return _csv(header(self._classes), rows)

    def rejected_csv(self) -> bytes:
        """The table of rejected files."""
        return _csv(REJECTED_HEADER, [[safe(r.name), safe(r.reason)] for r in self.rejected])

    def results_zip(self) -> bytes:
        """Masks and both tables, with a README that begins with the disclaimer."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("README.txt", README)
            archive.writestr("predictions.csv", self.predictions_csv())
            archive.writestr("rejected.csv", self.rejected_csv())
            for photo in self.photos:
                archive.writestr(f"masks/{photo.image}.png", photo.mask)
        return buffer.getvalue()

    def _run(self, analyse: Callable[[LesionImage], Analysis]) -> None:
        while self._pending and not self._cancelled.is_set():
            source = self._pending.popleft()
            name = _unique(source.name, self._names, "{} ({})")
            try:
                found = self._analysed(source, analyse)
                if found is None:
                    break
                self._photos.append(self._photo(name, source.practice, *found))
            except (ImageError, OSError) as error:
                self._rejected.append(Rejected(name, str(error)))
            except Exception:  # one photo must not take the others with it
                logging.getLogger(__name__).exception("A photo of a batch failed")
                reason = "Something unexpected went wrong with this photo. Try it by itself."
                self._rejected.append(Rejected(name, reason))
        self._pending.clear()
        self._held = 0

    def _analysed(
        self, source: Source, analyse: Callable[[LesionImage], Analysis]
    ) -> tuple[bytes, LesionImage, Analysis] | None:
        """File, pixels and analysis of a photo; None if the batch was cancelled meanwhile."""
        data = source.read()
        turn = self._turn()
        if turn is None:
            return None
        with turn:
            while not turn.wait(0.1):
                if self._cancelled.is_set():
                    return None
            image = LesionImage.from_bytes(data, source.name, DECODED_PX)
            return data, image, analyse(image)

    def _turn(self) -> Turn | None:
        """A place in the queue, as soon as there is one; None if the batch is cancelled."""
        while not self._cancelled.is_set():
            try:
                return self._turns.take()
            except BusyError:
                self._cancelled.wait(0.5)
        return None

    def _photo(
        self, name: str, practice: str, data: bytes, image: LesionImage, analysis: Analysis
    ) -> Photo:
        copy = data
        if len(data) > KEPT_AS_IS_BYTES:
            copy = min(data, to_jpeg(canvas_for(image.rgb, 0, KEPT_PX)), key=len)
        room = not practice and self._kept + len(copy) <= KEPT_BYTES
        self._kept += len(copy) if room else 0
        return Photo(
            name=name,
            image=_unique(file_stem(name), self._images, "{}_{}"),
            cells=cells(analysis),
            prediction=analysis.prediction,
            most_probable=analysis.most_probable,
            probability=analysis.probability(analysis.prediction),
            malignant=malignant_share(analysis),
            domain=analysis.domain,
            measurements=analysis.measurements,
            thumbnail=to_jpeg(canvas_for(image.rgb, 0, THUMBNAIL_PX), quality=80),
            mask=mask_png(analysis.mask),
            copy=copy if room else None,
            reduced=copy is not data,
            practice=practice,
        )


def check(sources: Sequence[Source]) -> None:
    """Whether a batch of these files may start. Raises BatchError."""
    if not sources:
        raise BatchError("There is no photo to analyse yet.")
    if len(sources) > MAX_PHOTOS:
        raise BatchError(
            f"These are {len(sources):,} files; a batch takes at most {MAX_PHOTOS:,}. Choose "
            "fewer, or use the command line: python -m core analyse."
        )
    if (size := sum(source.nbytes for source in sources)) > MAX_BATCH_BYTES:
        raise BatchError(
            f"These files have {size / 1024**2:,.0f} MB together; a batch takes at most "
            f"{MAX_BATCH_BYTES // 1024**2} MB. Choose fewer, or use the command line: "
            "python -m core analyse."
        )


def _unique(name: str, taken: set[str], numbered: str) -> str:
    """The name, or the first numbered one that is not taken, however it is written; takes it."""
    candidate, number = name, 1
    while (key := unicodedata.normalize("NFC", candidate).casefold()) in taken:
        number += 1
        candidate = numbered.format(name, number)
    taken.add(key)
    return candidate


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([columns, *rows])
    return buffer.getvalue().encode(FOR_EXCEL)
