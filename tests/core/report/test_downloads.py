"""What students take home: exact masks, readable figures, the disclaimer on each."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from core.answer.analyser import Analysis
from core.lesion.measure import measure
from core.report.downloads import DISCLAIMER, analysis_json, file_stem, mask_png, overlay_png
from core.taxonomy import KEYS


def analysis(mask: np.ndarray) -> Analysis:
    return Analysis(
        digest="d" * 64,
        classes=KEYS,
        probabilities=np.array([0.02, 0.03, 0.05, 0.1, 0.5, 0.29, 0.01], np.float32),
        prediction="mel",
        evidence=np.zeros((7, 7, 7), np.float32),
        mask_logits=np.where(mask, np.float32(1), np.float32(-1)),
        width=mask.shape[1],
        height=mask.shape[0],
        measurements=measure(mask, np.full((*mask.shape, 3), 120, np.uint8))[0],
        embedding=np.zeros(16, np.float32),
        novelty=0.1234567,
        domain="familiar",
        models={"classifier": "0123456789ab"},
    )


# Pictures


@pytest.mark.parametrize(("width", "height"), [(600, 450), (224, 224), (33, 400), (4000, 300)])
def test_overlay(width: int, height: int) -> None:
    drawn = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    with Image.open(io.BytesIO(overlay_png(drawn))) as png:
        assert png.text["Disclaimer"] == DISCLAIMER
        pixels = np.asarray(png)
    assert (pixels[:height] == drawn).all()
    strip = pixels[height:]
    assert len(strip) >= 16
    written = (strip < 200).any(axis=(0, 2))
    assert written.any()
    assert not written[-max(1, width // 50) :].any()  # the sentence ends before the edge
    assert (strip[[0, -1]] > 200).all()


@pytest.mark.parametrize("shape", [(450, 600), (1, 1), (37, 500)])
def test_mask(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(0).random(shape) < 0.5
    with Image.open(io.BytesIO(mask_png(mask))) as png:
        assert png.format == "PNG"
        assert png.mode == "L"
        assert png.size == shape[::-1]
        assert png.text["Disclaimer"] == DISCLAIMER
        assert (np.asarray(png) == np.where(mask, 255, 0)).all()


# Figures


def test_json() -> None:
    mask = np.zeros((45, 60), bool)
    mask[10:30, 20:50] = True
    content = json.loads(analysis_json("Läsion 1.jpg", analysis(mask), ("A note.",)))
    assert content["disclaimer"] == DISCLAIMER
    assert content["image"] == "Läsion 1.jpg"
    assert (content["width_px"], content["height_px"]) == (60, 45)
    assert content["notes"] == ["A note."]
    assert content["prediction"] == content["most_probable"] == "mel"
    assert list(content["probabilities"]) == list(KEYS)
    assert sum(content["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert content["probabilities"]["mel"] == 0.5
    assert content["names"]["mel"] == "Melanoma"
    assert content["in_domain"] is True
    assert content["novelty"] == 0.123457
    assert content["measurements"]["area_share"] == pytest.approx(600 / 2700)
    assert content["measurements"]["touches_border"] is False
    assert content["measurements"]["abrupt_segments"] == 0
    assert content["measurements"]["in_colour"] is False
    assert content["models"] == {"classifier": "0123456789ab"}


def test_json_without_a_lesion() -> None:
    content = json.loads(analysis_json("lesion.jpg", analysis(np.zeros((45, 60), bool))))
    assert content["measurements"] is None


# Names


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("ISIC_0024306.jpg", "ISIC_0024306"),
        ("../../x.jpg", "x"),
        ("..\\..\\x.jpg", "x"),
        ("a/b\\c.png", "c"),
        ("/etc/passwd", "passwd"),
        ("C:\\photos\\mole.tiff", "mole"),
        ("ü ñ.png", "ü_ñ"),
        ("u\u0308 n\u0303.png", "ü_ñ"),  # the same, as macOS writes it
        ('what?*<>|:".png', "what"),
        ("two\nlines\x00.png", "two_lines"),
        ("photo.tar.gz", "photo_tar"),
        ("", "photo"),
        (".jpg", "photo"),
        ("..", "photo"),
        ("/", "photo"),
        ("???.png", "photo"),
        ("x" * 300 + ".jpg", "x" * 80),
    ],
)
def test_file_stem(name: str, stem: str) -> None:
    assert file_stem(name) == stem
