"""What `python -m core analyse` leaves in a folder: `predictions.csv`, `rejected.csv`, `masks/`,
`README.txt`, and `resume.json`, which says what they were made with. Written row by row, and gone
on with."""

import csv
import io
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.batch.readme import README
from core.batch.tables import REJECTED_HEADER
from core.imaging.formats import without_ending
from core.system.json_files import read_object

ACCEPTED, REJECTED, MASKS = "predictions.csv", "rejected.csv", "masks"
MADE_WITH, EXPLAINED = "resume.json", "README.txt"


@dataclass(frozen=True)
class FileResult:
    """What came of a file.

    Attributes:
        picture: where it lies.
        cells: of `predictions.csv`, without the names (`core.batch.tables.cells`).
        mask: of the lesion, as PNG.
        problem: why there is no analysis; empty if there is one.
    """

    picture: Path
    cells: tuple[str, ...] = ()
    mask: bytes = b""
    problem: str = ""


Group = Sequence[Path]
"""Files of one name, whose results would overwrite each other: one of them at most is analysed."""


class Results:
    """The results in a folder.

    Args:
        out: the folder; made if it is not there.
        head: columns of `predictions.csv`.
        made_with: what the results depend on besides the photos, as JSON.
        words: makes names and reasons safe for the tables.

    Attributes:
        analysed, rejected: rows of the two tables.
    """

    def __init__(
        self,
        out: Path,
        head: Sequence[str],
        made_with: Mapping[str, object],
        words: Callable[[str], str],
    ) -> None:
        self.analysed = self.rejected = 0
        self._out, self._head, self._made_with = out, list(head), dict(made_with)
        self._words = words

    def check(self, names: Collection[str]) -> None:
        """Whether results of photos of these names may go there: only those of an earlier call
        give way. Raises FileExistsError, and nothing is written."""
        ours = {ACCEPTED: {"image", "prediction", "in_domain"}, REJECTED: {"reason"}}
        theirs = [
            self._out / name
            for name, columns in ours.items()
            if (self._out / name).exists() and not columns <= _columns(self._out / name)
        ]
        if (self._out / MADE_WITH).exists() and "models" not in self._earlier():
            theirs.append(self._out / MADE_WITH)
        explained = self._out / EXPLAINED
        if explained.exists() and not explained.read_bytes().startswith(README[:70].encode()):
            theirs.append(explained)
        if not (self._out / ACCEPTED).exists():
            masks = (self._mask(name) for name in sorted(names))
            theirs += [path for path in masks if path.exists()]
        if theirs:
            raise FileExistsError(
                f"{theirs[0]} is not a result of LesionLab's, and would be replaced. Choose "
                "another folder with --out, or move the file away."
            )

    def begin(self, groups: Sequence[Group]) -> list[Group]:
        """Empty tables, for all of the groups."""
        self._write([], [])
        return list(groups)

    def resume(self, groups: Sequence[Group]) -> list[Group]:
        """The groups that an earlier call has not done; the tables then hold those that it has.

        Raises:
            FileExistsError: the earlier call had other models, names or columns.
        """
        if not (self._out / ACCEPTED).exists():
            return self.begin(groups)
        accepted_head, accepted = _rows(self._out / ACCEPTED)
        _, rejected = _rows(self._out / REJECTED)
        if self._earlier() != self._made_with or accepted_head != self._head:
            raise FileExistsError(
                f"The results in {self._out} were made with other models, or with other choices. "
                "Leave out --resume to make all of them again, or choose another folder with --out."
            )
        row_of = {row[0]: row for row in accepted}
        reasons = {row[0]: row for row in rejected}
        waiting: list[Group] = []
        whole: tuple[list[list[str]], list[list[str]]] = ([], [])
        for group in groups:
            refused = [reasons.get(_read_again(self._words(str(path)))) for path in group]
            names = [
                without_ending(path.name)
                for path, row in zip(group, refused, strict=True)
                if row is None
            ]
            row = row_of.get(_read_again(self._words(names[0]))) if len(names) == 1 else None
            if names and (row is None or not self._mask(names[0]).exists()):
                waiting.append(group)
                continue
            whole[0].extend([row] if row else [])
            whole[1].extend(row for row in refused if row)
        self._write(*whole)
        return waiting

    @contextmanager
    def appending(self) -> Iterator[Callable[[FileResult], None]]:
        """A function that writes what came of a file, at once."""
        with (
            _opened(self._out / ACCEPTED, "a") as accepted,
            _opened(self._out / REJECTED, "a") as rejected,
        ):

            def write(result: FileResult) -> None:
                name = without_ending(result.picture.name)
                if result.problem:
                    row = [self._words(str(result.picture)), self._words(result.problem)]
                    csv.writer(rejected).writerow(row)
                    rejected.flush()
                    self.rejected += 1
                else:
                    self._mask(name).write_bytes(result.mask)
                    csv.writer(accepted).writerow(
                        [*map(self._words, (name, str(result.picture))), *result.cells]
                    )
                    accepted.flush()
                    self.analysed += 1

            yield write

    def _mask(self, name: str) -> Path:
        return self._out / MASKS / f"{name}.png"

    def _earlier(self) -> dict[str, object]:
        """What the results that are there were made with; empty if nobody knows."""
        try:
            return read_object(self._out / MADE_WITH)
        except (OSError, ValueError):
            return {}

    def _write(self, accepted: Sequence[Sequence[str]], rejected: Sequence[Sequence[str]]) -> None:
        """The tables from their beginning, each replaced as a whole."""
        (self._out / MASKS).mkdir(parents=True, exist_ok=True)
        self.analysed, self.rejected = len(accepted), len(rejected)
        for name, head, rows in (
            (ACCEPTED, self._head, accepted),
            (REJECTED, REJECTED_HEADER, rejected),
        ):
            with _opened(self._out / f"{name}.part", "w") as file:
                csv.writer(file).writerows([head, *rows])
            os.replace(self._out / f"{name}.part", self._out / name)
        (self._out / EXPLAINED).write_text(README, encoding="utf-8")
        (self._out / MADE_WITH).write_text(json.dumps(self._made_with), encoding="utf-8")


def _opened(path: Path, mode: str) -> IO[str]:
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="")


def _read_again(words: str) -> str:
    """Words as they are read from a table into which they were written."""
    return words.encode("utf-8", "backslashreplace").decode("utf-8")


def _rows(table: Path) -> tuple[list[str], list[list[str]]]:
    """The header of a table and its rows, without a last one that was cut off."""
    text = table.read_bytes().decode("utf-8", "replace")
    whole, _, _ = text.rpartition("\r\n")
    head, *rows = csv.reader(io.StringIO(whole, newline="")) if whole else [[]]
    return head, [row for row in rows if len(row) == len(head)]


def _columns(table: Path) -> set[str]:
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        return set(next(csv.reader([file.readline(100_000)]), []))
