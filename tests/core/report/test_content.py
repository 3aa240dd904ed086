"""What a report says, whichever file it becomes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.imaging.image import LesionImage
from core.imaging.overlay import OUTLINE
from core.models.cards import Card
from core.report.content import PICTURE_PX
from core.taxonomy import KEYS
from tests.core.report.conftest import CARD, NEIGHBOURS, Make, jpeg


def test_answer_of_the_rule_and_the_most_probable_class(make: Make) -> None:
    report = make()
    assert report.answer == (
        "Most probable: melanocytic naevus, 60 % (usual 67 %). "
        "Flagged: melanoma, 29 %, 2.6 times its usual 11 %"
    )
    assert "malignant group" in report.besides[0]
    assert "The three malignant diagnoses together: 34 %" in report.besides[0]
    assert "differ" in report.besides[0]


def test_nothing_is_passed_over_if_the_answer_is_the_most_probable(make: Make) -> None:
    (only,) = make(prediction="nv").besides
    assert "differ" not in only
    assert make(prediction="nv").answer == "Melanocytic naevus, 60 %"


def test_all_seven_probabilities_by_group_and_size(make: Make) -> None:
    malignant, benign = make().groups
    assert malignant.title == "Malignant: 34 %"
    assert benign.title == "Benign: 66 %"
    assert [b.diagnosis.key for b in malignant.bars] == ["mel", "bcc", "akiec"]
    assert [b.diagnosis.key for b in benign.bars] == ["nv", "bkl", "df", "vasc"]
    assert [b.chance for b in benign.bars] == ["60 %", "5 %", "<1 %", "<1 %"]
    assert sum(b.share for g in (malignant, benign) for b in g.bars) == pytest.approx(1, abs=1e-5)


def test_no_probability_claims_certainty(make: Make) -> None:
    sure = np.full(7, 1e-7, np.float32)
    sure[KEYS.index("nv")] = 1 - 6e-7
    report = make(probabilities=sure, prediction="nv")
    assert report.answer == "Melanocytic naevus, >99 %"
    assert report.groups[0].title == "Malignant: <1 %"
    assert report.groups[1].bars[0].chance == ">99 %"


# Pictures


def test_pictures_are_photo_outline_and_heatmap(make: Make) -> None:
    grey = np.full((450, 600, 3), 120, np.uint8)
    photo, outline, heatmap = (np.asarray(jpeg(p.jpeg)).astype(int) for p in make(grey).pictures)
    assert photo.shape == outline.shape == heatmap.shape == (480, PICTURE_PX, 3)
    assert np.abs(photo - 120).max() <= 2
    cyan = (np.abs(outline - OUTLINE) < 60).all(axis=2)
    ys, xs = np.nonzero(cyan)
    assert (xs.min(), xs.max()) == pytest.approx((120, 520), abs=15)
    assert (ys.min(), ys.max()) == pytest.approx((90, 390), abs=15)
    assert np.abs(heatmap - 120).max() > 30
    assert [p.title for p in make(grey).pictures] == ["Photo", "Outline", "Heatmap"]


def test_no_trace_of_the_camera(make: Make) -> None:
    """The way of a photo with EXIF, from its file to the pictures of its report."""
    exif = Image.Exif()
    exif[0x010F] = "Secret camera"  # maker
    exif[0x9286] = "Patient Jane Doe"  # the user's comment
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    file = io.BytesIO()
    Image.new("RGB", (600, 450), (190, 130, 120)).save(file, "JPEG", exif=exif, comment=b"Jane Doe")
    assert b"Jane Doe" in file.getvalue()
    pixels = LesionImage.from_bytes(file.getvalue()).rgb
    for picture in make(pixels).pictures:
        image = jpeg(picture.jpeg)
        assert not image.getexif()
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert b"Doe" not in picture.jpeg


@pytest.mark.parametrize("size", [(32, 900), (900, 32), (640, 640), (5000, 100)])
def test_any_shape_of_photo(make: Make, size: tuple[int, int]) -> None:
    for picture in make(np.full((size[1], size[0], 3), 120, np.uint8)).pictures:
        assert max(picture.width, picture.height) == PICTURE_PX
        assert jpeg(picture.jpeg).size == (picture.width, picture.height)


def test_no_lesion_found(make: Make) -> None:
    report = make(lesion=False)
    assert report.measurements == ()
    assert "found no lesion" in report.pictures[1].caption
    assert "no lesion" in report.pictures[1].alt


def test_a_heatmap_without_evidence_says_so(make: Make) -> None:
    report = make(evidence=np.zeros((7, 6, 6), np.float32))
    assert "empty" in report.pictures[2].caption
    assert "empty" in report.pictures[2].alt


# What others hand in


def test_neighbours(make: Make) -> None:
    assert make().similar == ()
    first, second = make(neighbours=NEIGHBOURS).similar
    assert first == ("ISIC_0024307", "Melanoma", "malignant", "0.93")
    assert second[1] == "Vascular lesion"


def test_remarks_come_before_the_limits_of_the_models(make: Make) -> None:
    remark, limit = make(remarks=["This photo is blurred."]).doubts
    assert remark == "This photo is blurred."
    assert "dermoscopy only" in limit.lower()


def test_model_line_from_the_card(make: Make) -> None:
    (line,) = make().models
    assert line == (
        "Teaching net c9aafa6c, HAM10000 split 5bc8803924d0, balanced accuracy on the test split "
        "0.721 (95 % interval 0.670 to 0.769, n = 1,472 photos of 1,120 lesions)."
    )


@pytest.mark.parametrize("card", [{}, {"name": "Mine"}, CARD | {"metrics": {}}])
def test_a_card_without_figures_says_so(make: Make, card: dict) -> None:
    (line,) = make(cards=[Card.of(card)]).models
    assert "not measured on a test split" in line


def test_a_figure_without_an_interval_and_a_model_without_a_split(make: Make) -> None:
    figures = {"balanced_accuracy": {"value": 0.721, "low": None, "high": None}}
    measured = {"test": {"images": 10, "lesions": 8, **figures}}
    (line,) = make(cards=[Card.of({"name": "Mine", "metrics": measured})]).models
    assert line == ("Mine, balanced accuracy on the test split 0.721 (n = 10 photos of 8 lesions).")


def test_without_cards(make: Make) -> None:
    assert make(cards=[]).models == ()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/x.jpg", "x.jpg"),
        ("C:\\Users\\jane\\mole.png", "mole.png"),
        ("病変.png", "病変.png"),
        ("a\0b\x1b[31m.jpg", "ab[31m.jpg"),
        ("", "photo"),
    ],
)
def test_name_is_never_a_path(make: Make, name: str, shown: str) -> None:
    assert make(name=name).name == shown


def test_notes_keep_their_lines_and_lose_controls(make: Make) -> None:
    notes = "  First\r\nsecond\rthird\u2028fourth\n\n\tnull \0 bell \a half \ud800 end\n"
    assert make(notes=notes).notes == ("First\nsecond\nthird\nfourth\n\n    null  bell  half  end")


def test_date_in_words(make: Make) -> None:
    assert make().day == "9 March 2026"
