"""Tables of diagnoses, as challenges, archives and spreadsheets write them: the one reader.

Read are HAM10000's metadata, ISIC's one-hot tables (2018, 2019), the tables of ISIC 2020 and of
the ISIC Archive, PAD-UFES-20's, and plain ones with a column for the image and one for its
diagnosis, by key (`nv`) or by its English name. A comma, semicolon, tab or bar parts the columns;
UTF-8, UTF-16 and Windows' Western encoding are known.
"""

import codecs
import csv
import io
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.errors import DatasetError
from core.imaging.formats import without_ending
from core.taxonomy import DIAGNOSES, KEYS

MAX_BYTES = 50 * 1024**2
SEPARATORS = ",;\t|"
IMAGE_COLUMNS = (
    "image_id", "isic_id", "image_name", "image", "img_id", "filename", "file_name", "file",
    "img", "name", "id",
)  # fmt: skip
DIAGNOSIS_COLUMNS = (
    "dx", "diagnosis", "diagnosis_3", "diagnostic", "label", "class", "diagnosis_name",
)  # fmt: skip
PATIENT, LESION = "patient_id", "lesion_id"
PATIENT_OR_LESION = "patient_or_lesion"
"""In a table joined from several: whichever of the two is known."""
UNSAID = ("unknown", "unk", "na", "n/a", "nan", "none", "null", "-", "?")
"""What tables write for a patient or a lesion that is not known: it is not the same one each
time."""
ONE_HOT = {key: key for key in KEYS} | {"ak": "akiec"}
"""Columns of a one-hot table, and the diagnosis that a 1 there means."""
BEYOND = ("scc", "unk")
"""Columns of classes that ISIC 2019 has beyond the seven: squamous cell carcinoma, unknown."""

NAMES = {
    "akiec": "actinic keratosis, actinic keratoses, ak, ack, bowen's disease, bowen disease, "
    "intraepithelial carcinoma, squamous cell carcinoma in situ, solar or actinic keratosis, "
    "actinic keratosis bowen's disease, actinic keratosis intraepithelial carcinoma, "
    "actinic keratoses and intraepithelial carcinoma, "
    "actinic keratoses and intraepithelial carcinoma bowen's disease",
    "bcc": "basal cell carcinoma, basal cell carcinomas",
    "bkl": "benign keratosis, benign keratoses, benign keratosis like lesion, "
    "benign keratosis like lesions, pigmented benign keratosis, seborrheic keratosis, "
    "seborrheic keratoses, sk, sek, lentigo, solar lentigo, lentigo solar, lentigo nos, "
    "lichenoid keratosis, lichen planus like keratosis, lplk",
    "df": "dermatofibroma, dermatofibromas",
    "mel": "melanoma, melanomas, melanoma nos, melanoma in situ, melanoma invasive, "
    "malignant melanoma, lentigo maligna, lentigo maligna melanoma, "
    "superficial spreading melanoma, nodular melanoma, acral lentiginous melanoma",
    "nv": "nevus, nevi, nev, melanocytic nevus, melanocytic nevi, mole, moles, blue nevus, "
    "spitz nevus, dysplastic nevus, atypical nevus, common nevus, compound nevus, "
    "junctional nevus, dermal nevus, intradermal nevus, congenital nevus",
    "vasc": "vascular, vascular lesion, vascular lesions, hemangioma, angioma, cherry angioma, "
    "angiokeratoma, pyogenic granuloma, hemorrhage",
}
"""What tables call the diagnoses, in the spelling of `_plain`."""


@dataclass(frozen=True)
class Labels:
    """A table of diagnoses.

    Attributes:
        table: one row an image, in the file's order, indexed by `image_id` (as written, without a
            picture ending); columns `dx` (a key of the taxonomy), `lesion_id` (what ties photos of
            one lesion, or of one patient where the table names patients, together; None where it
            says nothing) and the other columns of the file, as text.
        left_out: rows that are not in the table, counted by what they say: a diagnosis that is
            none of the seven.
        groups: `lesion_id` of every row that has one, those left out as well.
    """

    table: pd.DataFrame
    left_out: dict[str, int]
    groups: pd.Series

    def notes(self) -> tuple[str, ...]:
        """A sentence on what is left out, if anything is."""
        if not self.left_out:
            return ()
        total = sum(self.left_out.values())
        named = [f"{name or 'no diagnosis'} ({count:,})" for name, count in self.left_out.items()]
        more = f" and {len(named) - 8} more" if len(named) > 8 else ""
        rows = "1 row is" if total == 1 else f"{total:,} rows are"
        return (
            f"{rows} left out, as the diagnosis is none of the seven: "
            f"{', '.join(named[:8])}{more}.",
        )


def read_labels(source: bytes | Path, name: str) -> Labels:
    """Read a table of diagnoses.

    Args:
        source: the file.
        name: what to call it in what is said of it.

    Raises:
        DatasetError: it cannot be read; a column lacks; no row has one of the seven diagnoses; a
            row has two, or none; an image is listed twice.
    """
    table = read_table(source, name)
    images = _image_column(table, name)
    one_hot = [column for column in table if column in ONE_HOT]
    column = next((c for c in DIAGNOSIS_COLUMNS if c in table and c not in images.name), None)
    if column is not None:
        written = table[column]
        dx = written.map(diagnosis_of)
    elif one_hot:
        written, dx = _of_one_hot(table, name)
    else:
        raise DatasetError(
            f"{name} lacks a column of diagnoses: one called dx or diagnosis, or ISIC's one-hot "
            f"columns {', '.join(KEYS).upper()}. It has {', '.join(map(str, table.columns))}."
        )
    known = dx.notna()
    left_out = Counter(written[~known])
    if not known.any():
        listed = ", ".join(sorted(filter(None, left_out))[:5]) or "nothing"
        raise DatasetError(
            f"No row of {name} has one of the seven diagnoses {', '.join(KEYS)}; it has {listed}."
        )
    rest = table.drop(columns=[c for c in {images.name, column, LESION} if c in table])
    every = rest.assign(dx=dx, lesion_id=groups_of(table))
    every.index = pd.Index(images, name="image_id")
    found = every.loc[known.to_numpy()]
    _refuse_twice(found, name)
    return Labels(found, dict(left_out.most_common()), every["lesion_id"].dropna())


def read_groups(source: bytes | Path, name: str) -> pd.Series:
    """What ties photos together, by image id: a table's lesions, or its patients where it names
    them. Images of which it says nothing are left out.

    Raises:
        DatasetError: it cannot be read, a column lacks, or an image is listed twice.
    """
    table = read_table(source, name)
    images = _image_column(table, name)
    if LESION not in table and PATIENT not in table:
        raise DatasetError(
            f"{name} needs the columns image_id and lesion_id (or patient_id); repair it or take "
            f"it out. It has {', '.join(map(str, table.columns))}."
        )
    found = pd.DataFrame({"lesion_id": groups_of(table)})
    found.index = pd.Index(images, name="image_id")
    _refuse_twice(found, name)
    return found["lesion_id"].dropna()


def groups_of(table: pd.DataFrame) -> pd.Series:
    """What ties the rows of a table together: the patient, else the lesion, else None. A lesion
    whose patient another row names goes with that patient; `UNSAID` names none."""
    empty = pd.Series("", index=table.index)
    patients = table.get(PATIENT, table.get(PATIENT_OR_LESION, empty))
    patient, lesion = (
        column.mask(column.str.lower().isin(UNSAID), "")
        for column in (patients, table.get(LESION, empty))
    )
    named = (patient != "") & (lesion != "")
    owner = dict(zip(lesion[named], patient[named], strict=True))
    found = [p or owner.get(of, of) or None for p, of in zip(patient, lesion, strict=True)]
    return pd.Series(found, index=table.index, dtype=object)


def diagnosis_of(words: str) -> str | None:
    """The key of a diagnosis written as its key or its English name, in any case and with either
    spelling (naevus, nevus); None if it is none of the seven."""
    return _KEY_OF.get(_plain(words))


def read_table(source: bytes | Path, name: str) -> pd.DataFrame:
    """Any table of text, with or without rows: column names in small letters, every cell as text
    without blanks around it, empty rows and nameless empty columns dropped; the index is the line
    in the file.

    Raises:
        DatasetError: it cannot be read as a table, or two columns have one name.
    """
    lines = [line for line in _lines(_text(source, name), name) if any(line[1])]
    if not lines:
        raise DatasetError(f"{name} cannot be read as a table: it has no rows.")
    (_, header), rows = lines[0], lines[1:]
    while header and not header[-1]:  # Excel adds commas for columns that were once used
        header.pop()
    header = [column.lower().replace(" ", "_") for column in header]
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        raise DatasetError(f"{name} has two columns called {twice[0] or 'nothing'}.")
    for number, row in rows:
        if any(row[len(header) :]):
            raise DatasetError(
                f"Line {number} of {name} cannot be read: it has more cells than there are columns."
            )
    width = len(header)
    cells = [(row + [""] * width)[:width] for _, row in rows]
    return pd.DataFrame(cells, [number for number, _ in rows], header, dtype="str")


def _text(source: bytes | Path, name: str) -> str:
    try:
        if isinstance(source, Path):
            if source.stat().st_size > MAX_BYTES:
                raise DatasetError(f"{name} is too large to be a table of diagnoses.")
            source = source.read_bytes()
    except OSError as error:
        raise DatasetError(f"{name} cannot be read: {error.strerror}.") from error
    if source.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DatasetError(f"{name} cannot be read: it is a workbook. Save the sheet as CSV.")
    encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif source[1:2] == b"\0" or source[:1] == b"\0":
        encodings = ["utf-16-le" if source[1:2] == b"\0" else "utf-16-be"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = source.decode(encoding)
            if "\0" not in text:
                return text
    raise DatasetError(f"{name} cannot be read: it is not text. Save the table as CSV (UTF-8).")


def _lines(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Number and cells of each line."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # for Excel alone
        return [(n + 1, row) for n, row in _parted(rest, first.strip()[4], name)]
    head = next((line for line in text.splitlines() if line.strip(SEPARATORS + " ")), "")
    return _parted(text, max(SEPARATORS, key=head.count), name)


def _parted(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise DatasetError(f"{name} cannot be read near line {reader.line_num}: {error}.") from (
            error
        )


def _image_column(table: pd.DataFrame, name: str) -> pd.Series:
    column = next((c for c in IMAGE_COLUMNS if c in table), None)
    if column is None:
        raise DatasetError(
            f"{name} lacks the columns image_id (or image) and dx: it has "
            f"{', '.join(map(str, table.columns))}."
        )
    if table.empty:
        raise DatasetError(f"{name} has no rows.")
    nameless = table.index[table[column] == ""]
    if len(nameless):
        raise DatasetError(f"Line {nameless[0]} of {name} cannot be read: it names no image.")
    return table[column].map(without_ending)


def _of_one_hot(table: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """What each row says, and its key or None."""
    present = {ONE_HOT[column] for column in table if column in ONE_HOT}
    if missing := [key for key in KEYS if key not in present]:
        raise DatasetError(f"{name} lacks the columns {', '.join(missing).upper()}.")
    known = [column for column in table if column in (*ONE_HOT, *BEYOND)]
    others = [c for c in table if c not in (*known, LESION, PATIENT) and _is_marks(table[c])]
    chosen_names: list[str] = []
    for number, row in zip(table.index, table.to_dict("records"), strict=True):
        try:
            marks = {column: float(row[column].replace(",", ".")) for column in known}
        except ValueError as error:
            raise DatasetError(f"Line {number} of {name} cannot be read.") from error
        chosen = {ONE_HOT.get(column, column) for column, mark in marks.items() if mark == 1}
        chosen = chosen or {column for column in others if row[column][0] == "1"}
        if len(chosen) != 1:
            raise DatasetError(f"Line {number} of {name} needs a 1 in exactly one class.")
        chosen_names.append(chosen.pop())
    said = pd.Series(chosen_names, index=table.index, dtype="str")
    return said.where(said.isin(KEYS), said.str.upper()), said.where(said.isin(KEYS), None)


def _is_marks(column: pd.Series) -> bool:
    """Whether it is one of a one-hot table: of zeros and ones alone."""
    return bool(column.isin(["0", "1", "0.0", "1.0", "0,0", "1,0"]).all())


def _refuse_twice(table: pd.DataFrame, name: str) -> None:
    """Names that differ only in case or Unicode form are the same."""
    keys = table.index.map(lambda i: unicodedata.normalize("NFC", i).casefold())
    if keys.has_duplicates:
        twice = keys[keys.duplicated()][0]
        rows = table[keys == twice]
        differ = "dx" in rows and rows["dx"].nunique() > 1
        said = f", as {' and as '.join(sorted(set(rows['dx'])))}" if differ else ""
        raise DatasetError(f"{rows.index[0]} is listed twice in {name}{said}. Keep one row.")


def _plain(words: str) -> str:
    """Words in small letters, American spelling, with single blanks and no other marks."""
    text = unicodedata.normalize("NFKC", words).casefold().replace("’", "'")
    text = text.replace("naev", "nev").replace("rrhoe", "rrhe").replace("haem", "hem")
    text = "".join(c if c.isalnum() or c == "'" else " " for c in text)
    return " ".join(text.split())


_KEY_OF = {
    _plain(name): key for key, names in NAMES.items() for name in (key, *names.split(","))
} | {_plain(d.name): d.key for d in DIAGNOSES}
