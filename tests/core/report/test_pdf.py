"""The PDF file, read back."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from core.answer.words import UNLIKE, UNLIKE_TEXT
from core.report.content import Report
from core.report.downloads import DISCLAIMER
from core.report.pdf import BOX, BOXES, to_pdf
from tests.core.report.conftest import NEIGHBOURS, Make, jpeg, pages, squeezed
from tests.core.report.test_html import ATTACKS, everything
from tests.effort import cost


def text(report: Report) -> str:
    return "".join(pages(report))


def test_everything_is_there(make: Make) -> None:
    report = make(
        neighbours=NEIGHBOURS, notes="One.\nTwo.", remarks=["Blurred."], source="HAM10000, CC BY"
    )
    found = text(report)
    assert [fact for fact in everything(report) if squeezed(fact) not in found] == []
    assert BOX not in found


def test_disclaimer_and_number_on_every_page(make: Make) -> None:
    found = pages(make(notes="A line of the notes.\n" * 150))
    assert len(found) >= 3
    for number, page in enumerate(found, start=1):
        assert squeezed(DISCLAIMER) in page
        assert f"{number}/{len(found)}" in page


def test_an_everyday_report_takes_two_pages(make: Make) -> None:
    report = make(neighbours=NEIGHBOURS * 3, notes="Some words. " * 40, remarks=["Blurred."])
    assert len(pages(report)) == 2


def test_out_of_domain_is_said_before_anything_else(make: Make) -> None:
    first = pages(make(domain="refused"))[0]
    assert squeezed(f"{UNLIKE}. {UNLIKE_TEXT}") in first
    assert first.index(squeezed(UNLIKE)) < first.index("Malignant")
    assert "Flagged" not in first, "no answer that would mean something"
    assert squeezed(UNLIKE) not in text(make())


def test_it_tells_nothing_of_its_maker(make: Make) -> None:
    data = to_pdf(make(name="C:\\Users\\jane\\mole.jpg"))
    reader = PdfReader(io.BytesIO(data))
    assert reader.metadata == {
        "/Title": "LesionLab report",
        "/CreationDate": "D:20260309000000Z",
    }
    assert reader.xmp_metadata is None
    assert "jane" not in "".join(page.extract_text() for page in reader.pages)
    assert b"/Users" not in data
    assert b"site-packages" not in data


def test_the_same_report_gives_the_same_file(make: Make) -> None:
    assert to_pdf(make(notes="病変")) == to_pdf(make(notes="病変"))


def test_pictures_are_those_of_the_report(make: Make) -> None:
    report = make()
    page = PdfReader(io.BytesIO(to_pdf(report))).pages[0]
    stored = [image.data for image in page.images]
    assert len(stored) == 3
    for data, picture in zip(stored, report.pictures, strict=True):
        assert jpeg(data).size == (picture.width, picture.height)
        assert not jpeg(data).getexif()


def test_pictures_speak_to_screen_readers(make: Make) -> None:
    data = to_pdf(make())
    root = PdfReader(io.BytesIO(data)).trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    figures = root["/StructTreeRoot"]["/K"][0]["/K"]
    assert [figure.get_object()["/Alt"] for figure in figures] == [p.alt for p in make().pictures]


def test_without_lesion_neighbours_and_notes(make: Make) -> None:
    found = text(make(lesion=False))
    assert "nothingtomeasure" in found
    assert "Similarknowncases" not in found
    assert "Mynotes" not in found


# Whatever a student types


def test_scripts_from_left_to_right(make: Make) -> None:
    lines = [
        "Läsion naïve façade Ångström ĳ",
        "Ελληνικά, Кириллица",
        "病変 皮膚",
        "黑色素瘤",
        "흑색종 피부",
        "✓ → ≥ ½ 😀",
    ]
    found = text(make(name=f"{' '.join(lines)}.png", notes="\n".join(lines)))
    for line in lines:
        assert found.count(squeezed(line)) == 2
    assert BOX not in found


@pytest.mark.parametrize("words", ["شامة سوداء", "שומה כהה"])
def test_scripts_from_right_to_left(make: Make, words: str) -> None:
    found = text(make(name=f"{words}.png", notes=f"{words}\nleft {words} (12 mm) right"))
    assert BOX not in found
    for word in words.split():
        assert found.count(word) + found.count(word[::-1]) == 3


def test_what_no_font_has_becomes_a_box_and_the_file_says_so(make: Make) -> None:
    found = text(make(notes="ไทย and 🔬🔬 and inv\U000e0067isible"))
    assert f"{BOX * 3}and{BOX * 2}andinvisible" in found
    assert squeezed(BOXES) in found


HARD = (
    *ATTACKS,
    "\0\x01\x1b[31m\a",
    "\ud800 half a pair",
    "\u202eright to left\u202c and \u2067isolated",
    "**bold** __under__ [link](http://x) ~~gone~~ {nb}",
    "\u0301\u0301 marks alone",
    "🏳️‍🌈🧑🏽‍⚕️",
)


@pytest.mark.parametrize(
    "words",
    [
        "",
        " \n\n\t \0",
        "\n".join(HARD),
        "x" * 3000,
        "字" * 3000,
        "word " * 600,
        "שומה " * 600,
        "\n" * 3000 + "end",
    ],
    ids=["none", "blank", "hard", "one word", "ideographs", "words", "Hebrew", "lines"],
)
def test_any_words_do(make: Make, words: str) -> None:
    report = make(name=words, notes=words, remarks=[words], source=words)
    for page in pages(report):
        assert squeezed(DISCLAIMER) in page


def test_marks_of_layout_are_shown_as_typed(make: Make) -> None:
    found = text(make(notes="**bold** __under__ {nb} [link](x)"))
    assert "**bold**__under__" in found
    assert "[link](x)" in found


# Small and quick


@pytest.mark.parametrize("notes", ["Plain words.", "病変 흑색종 黑色素瘤"])
def test_small_and_quick(make: Make, notes: str) -> None:
    report = make(notes=notes)
    assert cost(lambda: to_pdf(report), 2) < 300
    assert len(to_pdf(report)) < 2_000_000
