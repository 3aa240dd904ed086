"""The HTML file: whole in itself, and safe whatever the words in it are."""

from __future__ import annotations

import base64
import re

import pytest

from core.answer.words import SEVEN_ONLY, UNLIKE, UNLIKE_TEXT
from core.models.cards import Card
from core.report.content import unbroken
from core.report.downloads import DISCLAIMER
from core.report.html import to_html
from tests.core.report.conftest import NEIGHBOURS, Make, Page

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></style><script>alert(1)</script>",
    "{{ report.name }} {% raw %}",
    "&lt;b&gt; & &amp;",
    "javascript:alert(1)",
]
SAFE_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div",
    "p", "h1", "h2", "h3", "b", "bdi", "i", "span", "time", "figure", "figcaption", "img", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "ul", "li",
}  # fmt: skip


def everything(report) -> list[str]:
    """Every fact of a report."""
    groups = report.groups
    return [
        report.name, report.day, report.size, report.answer, report.about, *report.besides,
        *(p.caption for p in report.pictures), *(g.title for g in groups),
        *(b.diagnosis.name for g in groups for b in g.bars),
        *(b.chance for g in groups for b in g.bars),
        *(cell for row in report.measurements for cell in row),
        *(cell for row in report.similar for cell in row),
        *report.doubts, *report.notes.split("\n"), *report.models, report.source, SEVEN_ONLY,
    ]  # fmt: skip


def test_everything_is_there(make: Make) -> None:
    report = make(
        neighbours=NEIGHBOURS, notes="One.\nTwo.", remarks=["Blurred."], source="HAM10000, CC BY"
    )
    text = Page.of(report).text
    assert [fact for fact in everything(report) if fact not in text] == []
    assert text.count(DISCLAIMER) >= 3  # above, below, and on each printed page


def test_no_line_ends_between_a_figure_and_its_percent_sign(make: Make) -> None:
    html = to_html(make())
    assert "\u00a0%" in html
    assert not re.search(r"\d %", html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_words_stay_words(make: Make, attack: str) -> None:
    plain = Page.of(make(notes="x", remarks=["x"], source="x"))
    report = make(
        name=attack, notes=attack, remarks=[attack], source=attack, cards=[Card(name=attack)]
    )
    page = Page.of(report)
    assert {tag for tag, _ in page.tags} <= SAFE_TAGS
    names = {name for _, attributes in page.tags for name in attributes}
    assert names == {name for _, attributes in plain.tags for name in attributes}
    assert page.text.count(attack) == 4 + (report.name == attack) * 2
    assert report.name in page.text


def test_nothing_is_asked_of_any_server(make: Make) -> None:
    html = to_html(make())
    page = Page(html)
    sources = [image["src"] or "" for image in page.named("img")]
    assert len(sources) == 3
    for source, picture in zip(sources, make().pictures, strict=True):
        kind, data = source.split(",", 1)
        assert kind == "data:image/jpeg;base64"
        assert base64.b64decode(data) == picture.jpeg
    assert not re.search(r"https?:|url\(|@import|<link|<script|\son\w+=", html)
    policy = next(m["content"] for m in page.named("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")


def test_out_of_domain_is_said_before_anything_else(make: Make) -> None:
    text = Page.of(make(domain="refused")).text
    assert f"{UNLIKE}. {UNLIKE_TEXT}" in text
    assert text.index(UNLIKE) < text.index("Photo.")
    assert "Flagged" not in text, "no answer that would mean something"
    assert UNLIKE not in Page.of(make()).text


def test_for_screen_readers(make: Make) -> None:
    page = Page.of(make(neighbours=NEIGHBOURS))
    assert page.named("html") == [{"lang": "en-GB"}]
    assert [image["alt"] for image in page.named("img")] == [
        unbroken(p.alt) for p in make().pictures
    ]
    assert all(p.alt for p in make().pictures)
    assert len(page.named("table")) == 3
    assert {th.get("scope") for th in page.named("th")} == {"col", "row", "rowgroup"}
    assert len(page.named("h1")) == 1


def test_light_and_dark(make: Make) -> None:
    html = to_html(make())
    assert "color-scheme: light dark" in html
    assert "prefers-color-scheme: dark" in html
    for bar in (b for g in make().groups for b in g.bars):
        assert (
            f"--on-light:{bar.diagnosis.colour}; --on-dark:{bar.diagnosis.colour_on_dark}" in html
        )


def test_without_lesion_neighbours_and_notes(make: Make) -> None:
    text = Page.of(make(lesion=False)).text
    assert "nothing to measure" in text
    assert "Similar known cases" not in text
    assert "My notes" not in text


def test_every_script_of_the_world_arrives(make: Make) -> None:
    notes = "Ελληνικά Кириллица 病変 흑색종 الشامة שומה ไทย हिन्दी 🔬👩‍⚕️"
    html = to_html(make(notes=notes, name="病変🔬.png"))
    assert notes in html.encode().decode()
    assert "病変🔬.png" in html


def test_size_of_the_largest_photo(make: Make, photo) -> None:
    square = photo[:450, :450]
    assert len(to_html(make(square)).encode()) < 2_000_000
