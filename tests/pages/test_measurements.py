"""The Measurements section of the Analyse page, run headless with the shipped weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.imaging.image import to_jpeg
from core.lesion.colour import COLOURS
from core.lesion.measure_words import LABELS
from core.lesion.phantom import practice_titles
from tests.pages.conftest import start
from ui import state

ABRUPT, DIAMETER = LABELS["abrupt_segments"], LABELS["equivalent_diameter_px"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(fresh: Path) -> AppTest:
    return start(section="measurements")


def picture(app: AppTest):
    """The annotated photo: the last on the page."""
    return app.image[-1].proto.imgs[0]


def cells(app: AppTest) -> dict[str, str]:
    """Value by measure, of all tables of the section."""
    rows = [row for table in app.table for row in table.value.to_dict("records")]
    return {row["Measure"]: row["Value"] for row in rows}


def captions(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.caption, *app.markdown])


def upload(app: AppTest, rgb: np.ndarray) -> None:
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader[0].set_value(("mine.jpg", to_jpeg(rgb), "image/jpeg")).run()
    anyway = [t for t in app.toggle if str(t.key).startswith("anyway_")]
    for toggle in anyway:  # noise is unlike the training images
        toggle.set_value(True).run()
    assert not app.exception


def analysed(monkeypatch: pytest.MonkeyPatch, mask: np.ndarray) -> None:
    """The next analyses find this lesion."""
    logits = np.where(mask, np.float32(9), np.float32(-9))
    runtime = type(state.model_server().analyser.runtime)
    monkeypatch.setattr(runtime, "segment", lambda *_: logits[None].copy())


def fresh(seed: int) -> np.ndarray:
    """A photo that nobody has analysed yet."""
    return np.random.default_rng(seed).integers(120, 220, (300, 400, 3), np.uint8)


def test_every_letter_is_measured_and_explained(app):
    found = cells(app)
    elsewhere = {"colours", "in_colour", "touches_border", *(c.key for c in COLOURS)}
    assert set(found) == {label for key, label in LABELS.items() if key not in elsewhere}
    assert found[ABRUPT].endswith("of 8")
    assert "of the rule's six colours are present" in captions(app)
    for words in ("not the rule's total score", "structures"):
        assert words in captions(app)
    assert {"A · Asymmetry", "B · Border", "C · Colour"} <= {h.value for h in app.subheader}
    assert "Light brown" in app.get("plotly_chart")[-1].proto.alt


def test_axes_and_segments_can_be_switched_off(app):
    urls = [picture(app).url]
    assert "two axes" in picture(app).alt
    assert "eight segments, abrupt border in" in picture(app).alt
    for key in ("measure_axes", "measure_segments"):
        app.toggle(key=key).set_value(False).run()
        urls.append(picture(app).url)
    assert not app.exception
    assert len(set(urls)) == 3
    assert "axes" not in picture(app).alt
    assert "segments" not in picture(app).alt
    assert "disc: the border is abrupt" not in captions(app)


def width_of_field(app: AppTest):
    return next(n for n in app.number_input if n.label == "Photo's width in mm")


def test_millimetres_only_once_the_width_is_given(app):
    assert "mm" not in "".join(cells(app).values())
    px = int(cells(app)[DIAMETER].removesuffix(" px"))
    width_of_field(app).set_value(12.0).run()
    assert not app.exception
    diameter = float(cells(app)[DIAMETER].split(" mm")[0])
    assert diameter == pytest.approx(px * 12 / 600, abs=0.1)
    area = float(cells(app)["Area"].split(" mm²")[0])
    assert area == pytest.approx(np.pi / 4 * diameter**2, rel=0.03)
    width_of_field(app).set_value(None).run()
    assert "mm" not in "".join(cells(app).values())


def test_each_photo_has_its_own_width_and_keeps_it(app):
    width_of_field(app).set_value(12.0).run()
    app.selectbox(key="practice").set_value(practice_titles()[1]).run()
    assert width_of_field(app).value is None
    app.selectbox(key="practice").set_value(practice_titles()[0]).run()
    assert width_of_field(app).value == 12.0
    app.switch_page("pages/screens/about.py").run()
    app.switch_page("pages/screens/analyse.py").run()
    assert width_of_field(app).value == 12.0
    assert "mm" in cells(app)[DIAMETER]


def test_no_lesion_is_said(app, monkeypatch):
    analysed(monkeypatch, np.zeros((256, 256), bool))
    upload(app, fresh(1))
    assert "nothing to measure" in captions(app)
    assert not app.table


def test_one_pixel(app, monkeypatch):
    mask = np.zeros((256, 256), bool)
    mask[100:102, 100:102] = True
    analysed(monkeypatch, mask)
    upload(app, fresh(2))
    assert cells(app)[ABRUPT] == "0 of 8"


def test_lesion_that_fills_the_frame_is_marked_as_cut_off(app, monkeypatch):
    analysed(monkeypatch, np.ones((256, 256), bool))
    upload(app, fresh(3))
    assert "may be cut off" in captions(app)
    assert cells(app)[ABRUPT] == "0 of 8"


def test_grey_photo_has_no_colours_to_tell(app, monkeypatch):
    mask = np.zeros((256, 256), bool)
    mask[80:170, 80:190] = True
    analysed(monkeypatch, mask)
    grey = fresh(4)[..., :1].repeat(3, axis=2)
    upload(app, grey)
    assert "no colours" in captions(app)
    assert "of the rule's six" not in captions(app)
    assert not app.get("plotly_chart")
