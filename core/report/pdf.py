"""A report as a PDF file of A4 pages, with the disclaimer on each.

The fonts come along as Python packages, so that no machine needs to have them: DejaVu Sans (with
matplotlib) for Latin, Greek, Cyrillic, Hebrew, Arabic and symbols, and Noto Sans CJK (with
notojp-matplotlib) for Chinese, Japanese and Korean. Only the letters that are used are embedded.
"""

import datetime
import importlib.util
import io
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from core import __version__
from core.answer.words import SEVEN_ONLY
from core.report.content import SIMILAR, Bar, Picture, Report, unbroken
from core.report.downloads import DISCLAIMER

INK, FAINT, ACCENT = (8, 22, 26), (59, 80, 87), (11, 107, 116)
LINE, QUIET, ALERT = (195, 208, 212), (239, 244, 245), (255, 243, 214)
MARGIN, FOOT = 16.0, 20.0
"""Millimetres left, right and above; below."""

BOX = "□"
BOXES = (
    f"{BOX} stands for a character that the fonts of this file do not have; the HTML file of this "
    "report has it."
)


def to_pdf(report: Report) -> bytes:
    """The report as a PDF file. A character that no font has becomes □, and the file says so."""
    paper = _Paper(report)
    paper.title_block()
    paper.pictures()
    paper.answer()
    paper.doubts()
    paper.measurements()
    paper.similar()
    paper.notes()
    paper.models()
    return bytes(paper.output())


class _Paper(FPDF):
    """The pages; each method writes one part below what is there."""

    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self.report = report
        self.boxes = False
        fonts = _folder("matplotlib") / "mpl-data/fonts/ttf"
        self.add_font("sans", "", fonts / "DejaVuSans.ttf")
        self.add_font("sans", "B", fonts / "DejaVuSans-Bold.ttf")
        self.missing = self._missing(report)
        self.set_text_shaping(True, features={"liga": False})
        self.set_margins(MARGIN, MARGIN)
        self.c_margin = 0  # words begin where lines and pictures do
        self.set_auto_page_break(True, FOOT)
        self.set_title("LesionLab report")
        self.set_lang("en-GB")
        # A PDF file tells when it was made: no more of it than the report itself does.
        midnight = datetime.time(tzinfo=datetime.UTC)
        self.set_creation_date(datetime.datetime.combine(report.date, midnight))
        self.add_page()

    def _missing(self, report: Report) -> set[str]:
        """The characters of the report that no font has. That for Chinese, Japanese and Korean
        takes half a second to read: only if DejaVu Sans lacks something, and only that."""
        strangers = (report.name, report.source, *report.doubts, report.notes, *report.models)
        missing = {ord(c) for words in strangers for c in words if c != "\n"}
        missing -= self._letters("sans")
        if missing:
            noto = _folder("notojp_matplotlib") / "fonts/NotoSansCJKjp-Regular.otf"
            self.add_font("cjk", "", noto, unicode_range=[*missing, ord(" ")])
            self.set_fallback_fonts(["cjk"], exact_match=False)
            missing -= self._letters("cjk")
        return set(map(chr, missing))

    def header(self) -> None:
        """What fpdf2 puts above each page."""
        self._style(8, FAINT)
        self.cell(text=f"LesionLab {__version__} report")
        self.cell(0, text=self.report.day, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def footer(self) -> None:
        """What fpdf2 puts below each page."""
        self.set_y(-FOOT + 6)
        self.set_draw_color(LINE)
        self.line(MARGIN, self.y - 2, self.w - MARGIN, self.y - 2)
        self._style(8, FAINT)
        self.cell(text=DISCLAIMER)
        self.set_x(self.w - MARGIN - 9)
        self.cell(text=f"{self.page_no()} / {{nb}}")

    def title_block(self) -> None:
        """What it is of; and first of all, if the photo is not what the models know."""
        report = self.report
        self._words(self._own(report.name), 17)
        about = f"Photo of {report.size}" + (f" · {report.source}" if report.source else "")
        self._words(self._own(about), 9, FAINT)
        self.ln(2)
        if report.domain_note is not None:
            title, words = report.domain_note
            self.set_fill_color(ALERT)
            self._style(11, INK, "B")
            self._block(f"{title}.", inside=(3, 4, 0, 4))
            self._style(10)
            self._block(words, inside=(1, 4, 3, 4))
            self.ln(3)

    def pictures(self) -> None:
        """The pictures side by side, each with its caption."""
        gap, most = 4.0, 62.0
        pictures = self.report.pictures
        width = (self.epw - gap * (len(pictures) - 1)) / len(pictures)
        tallest = max(min(most, width * p.height / p.width) for p in pictures)
        top, bottom = self.y, self.y
        for place, picture in enumerate(pictures):
            x = self.l_margin + place * (width + gap)
            bottom = max(bottom, self._picture(picture, x, top, width, tallest))
        self.set_xy(self.l_margin, bottom)

    def answer(self) -> None:
        """The class named, and the seven probabilities."""
        report = self.report
        self._heading("The model’s answer (one of seven diagnoses)")
        self._words(report.answer, 15, style="B")
        if report.about:
            self._words(report.about, 9, FAINT)
        for sentence in report.besides:
            self._words(sentence)
        for group in report.groups:
            self.ln(1)
            self._room_for(6.0 * (len(group.bars) + 1))
            self._words(group.title, 9, FAINT, "B")
            for bar in group.bars:
                self._bar(bar, hatched=group.malignant)
        self.ln(1)
        self._words(f"{SEVEN_ONLY} Bars of the malignant group are hatched.", 8, FAINT)

    def doubts(self) -> None:
        """What to keep in mind, of this photo and of every photo."""
        self._heading("Read with care")
        for doubt in self.report.doubts:
            self._words(f"•  {self._own(doubt)}")

    def measurements(self) -> None:
        """The table of measurements."""
        rows = self.report.measurements
        self._heading("Measurements of the outlined lesion", len(rows))
        if rows:
            self._table(("Measure", "Value", "How to read it"), rows, (30, 26, 44))
        else:
            self._words("No lesion was outlined, so there is nothing to measure.")

    def similar(self) -> None:
        """The known cases like this one, if any were looked up."""
        if not self.report.similar:
            return
        self._heading("Similar known cases", len(self.report.similar) + 1)
        self._words(SIMILAR, 9, FAINT)
        self.ln(1)
        headings = ("Image", "True diagnosis", "Group", "Similarity")
        self._table(headings, self.report.similar, (24, 44, 18, 14))

    def notes(self) -> None:
        """What the student wrote, each line in its own direction."""
        if not self.report.notes:
            return
        self._heading("My notes")
        for line in self._own(self.report.notes).split("\n"):
            if line.strip():
                self._words(line, align="R" if _right_to_left(line) else "L")
            else:
                self.ln(3)

    def models(self) -> None:
        """Which models answered, and how good they are."""
        self._heading("The models")
        for model in self.report.models:
            self._words(self._own(model), 9)
        if self.boxes:
            self.ln(2)
            self._words(BOXES, 8, FAINT)

    def _letters(self, key: str) -> set[int]:
        font = self.fonts[key]
        assert isinstance(font, TTFFont)
        return set(font.cmap)

    def _own(self, words: str) -> str:
        """A stranger's words, with □ for what no font has."""
        shown = "".join(
            c if c not in self.missing else "" if _is_invisible(c) else BOX for c in words
        )
        self.boxes |= BOX in shown
        return shown

    def _style(self, size: float, colour: tuple[int, int, int] = INK, style: str = "") -> None:
        self.set_font("sans", style, size)
        self.set_text_color(colour)

    def _block(self, words: str, align: str = "L", inside: tuple[int, ...] | None = None) -> None:
        """Words in the style that is set; with a space inside (in mm: above, right, below, left)
        on the fill colour."""
        self.multi_cell(
            0,
            self.font_size * 1.45,
            unbroken(words),
            align=align,
            fill=inside is not None,
            padding=inside or 0,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _words(
        self,
        words: str,
        size: float = 10,
        colour: tuple[int, int, int] = INK,
        style: str = "",
        align: str = "L",
    ) -> None:
        self._style(size, colour, style)
        self._block(words, align)

    def _room_for(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()

    def _heading(self, words: str, rows: int = 2) -> None:
        """A heading, on the same page as so many rows of a table below it."""
        self.ln(4)
        self._room_for(8 * (rows + 2))
        self._words(words, 12, ACCENT, "B")
        self.ln(1)

    def _picture(self, picture: Picture, x: float, y: float, width: float, height: float) -> float:
        """Draw one picture in a frame, its caption below; returns where that ends."""
        self.image(
            io.BytesIO(picture.jpeg), x, y, width, height,
            keep_aspect_ratio=True, alt_text=picture.alt,
        )  # fmt: skip
        self.set_xy(x, y + height + 1.5)
        self._style(9, INK, "B")
        self.multi_cell(width, 4.5, picture.title, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self._style(8, FAINT)
        self.multi_cell(width, 4, picture.caption, align="L")
        return self.y

    def _bar(self, bar: Bar, hatched: bool) -> None:
        height, start, end = 5.6, self.l_margin + 68, self.w - self.r_margin - 18
        top = self.y
        self._style(9)
        self.cell(68, height, bar.diagnosis.name)
        self.set_fill_color(QUIET)
        self.rect(start, top + 0.9, end - start, height - 1.8, "F")
        length = max(0.4, (end - start) * bar.share)
        self.set_fill_color(bar.diagnosis.colour)
        self.rect(start, top + 0.9, length, height - 1.8, "F")
        if hatched:
            self._hatch(start, top + 0.9, length, height - 1.8)
        self.set_xy(end, top)
        self.cell(18, height, bar.chance, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _hatch(self, x: float, y: float, width: float, height: float) -> None:
        self.set_draw_color(255)
        with self.rect_clip(x, y, width, height):
            for step in range(int((width + height) / 1.8) + 1):
                self.line(x + step * 1.8 - height, y + height, x + step * 1.8, y)

    def _table(
        self, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]
    ) -> None:
        self._style(9)
        self.set_draw_color(LINE)
        self.set_fill_color(255)
        with self.table(
            (headings, *(tuple(map(unbroken, row)) for row in rows)),
            col_widths=widths,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", color=FAINT),
            line_height=4.4,
            padding=(0.9, 3, 0.9, 0),
            text_align="LEFT",
            v_align="TOP",
        ):
            pass


def _folder(package: str) -> Path:
    """Where a package lies. It is not imported: these two would set up all of matplotlib."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: run `make venv`.")
    return Path(spec.submodule_search_locations[0])


def _is_invisible(character: str) -> bool:
    """Joiners, marks of direction, variation selectors: nothing is lost without them."""
    return unicodedata.category(character) == "Cf" or "VARIATION SELECTOR" in unicodedata.name(
        character, ""
    )


def _right_to_left(line: str) -> bool:
    """Whether the first letter with a direction runs to the left, as HTML's dir=auto has it."""
    directions = (unicodedata.bidirectional(c) for c in line)
    return next((d for d in directions if d in ("L", "R", "AL")), "L") != "L"
