"""Tables of diagnoses as challenges, archives and spreadsheets write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DatasetError
from core.imaging.label_files import diagnosis_of, read_groups, read_labels
from core.taxonomy import DIAGNOSES, KEYS

PLAIN = "image_id,dx\na,mel\nb,nv\n"


def dx(content: bytes | str) -> dict[str, str]:
    data = content.encode() if isinstance(content, str) else content
    return read_labels(data, "labels.csv").table["dx"].to_dict()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(encoding: str, separator: str, line_end: str) -> None:
    text = "image_id,dx,site\nø1,mel,Schädel\nb,nævus,\n".replace(",", separator)
    assert dx(text.replace("\n", line_end).encode(encoding)) == {"ø1": "mel"} | (
        {} if diagnosis_of("nævus") is None else {"b": "nv"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "image_id,dx\na,mel\nb,nv\n,,,,\n",
        "image_id,dx,,,\na,mel,,,\nb,nv,,,\n,,,,\n,,,,\n",
        "\nimage_id,dx\n\na,mel\n\n\nb,nv",
        "sep=;\nimage_id;dx\na;mel\nb;nv\n",
        " Image_ID , DX \n a.jpg , MEL \nb.JPEG,Nv \n",
        '"image_id","dx"\n"a","mel"\n"b","nv"\n',
        "image;diagnosis\na;Melanoma\nb;Melanocytic naevus\n",
        "isic_id,diagnosis_3,age\na,Melanoma Invasive,40\nb,Nevus,50\n",
        "img_id,diagnostic,age\na.png,MEL,40\nb.png,NEV,50\n",
        "filename,label\na.tif,malignant melanoma\nb.tif,naevi\n",
    ],
)
def test_what_spreadsheets_do_to_a_table(text: str) -> None:
    assert dx(text) == {"a": "mel", "b": "nv"}


def test_isic_2018() -> None:
    text = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\na,0.0,1.0,0.0,0.0,0.0,0.0,0.0\nb,0,0,0,1,0,0,0\n"
    assert dx(text) == {"a": "nv", "b": "akiec"}
    excel = text.replace(",", ";").replace(".", ",")
    assert dx(excel) == {"a": "nv", "b": "akiec"}


def test_isic_2019() -> None:
    text = (
        "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK,score_weight,validation_weight\n"
        "a,1,0,0,0,0,0,0,0,0,1.0,0.0\nb,0,0,0,1,0,0,0,0,0,1.0,0.0\n"
        "c,0,0,0,0,0,0,0,1,0,1.0,0.0\nd,0,0,0,0,0,0,0,0,1,0.0,0.0\ne,0,0,0,0,0,0,0,1,0,1.0,0.0\n"
    )
    found = read_labels(text.encode(), "2019.csv")
    assert found.table["dx"].to_dict() == {"a": "mel", "b": "akiec"}
    assert found.left_out == {"SCC": 2, "UNK": 1}
    assert "SCC (2)" in found.notes()[0]
    with pytest.raises(DatasetError, match=r"Line 2 .* exactly one"):
        dx("image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC\na,1,0,0,0,0,0,0,1\n")


def test_isic_2020() -> None:
    text = (
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,"
        "benign_malignant,target\n"
        "a,P1,male,45,torso,nevus,benign,0\nb,P1,male,45,torso,melanoma,malignant,1\n"
        "c,P2,female,45,head,seborrheic keratosis,benign,0\nd,P3,male,45,torso,lentigo NOS,b,0\n"
        "e,P4,male,45,torso,lichenoid keratosis,benign,0\nf,P5,,,,solar lentigo,benign,0\n"
        "g,P6,male,45,torso,unknown,benign,0\nh,P7,male,45,torso,unknown,benign,0\n"
        "i,P8,male,45,torso,cafe-au-lait macule,benign,0\n"
    )
    found = read_labels(text.encode(), "2020.csv")
    kinds = {"a": "nv", "b": "mel"} | dict.fromkeys("cdef", "bkl")
    assert found.table["dx"].to_dict() == kinds
    assert list(found.table["lesion_id"][:3]) == ["P1", "P1", "P2"]
    assert found.left_out == {"unknown": 2, "cafe-au-lait macule": 1}
    assert list(found.groups) == ["P1", "P1", *(f"P{n}" for n in range(2, 9))]


def test_names_of_the_diagnoses_in_either_spelling() -> None:
    for diagnosis in DIAGNOSES:
        assert diagnosis_of(diagnosis.key.upper()) == diagnosis.key
        assert diagnosis_of(diagnosis.name) == diagnosis.key
    for words, key in {
        "Melanocytic nevi": "nv",
        "NAEVUS": "nv",
        "Benign keratosis-like lesions ": "bkl",
        "seborrhoeic_keratosis": "bkl",
        "Basal cell carcinoma": "bcc",
        "Actinic keratoses": "akiec",
        "Bowen’s disease": "akiec",
        "Haemangioma": "vasc",
        "Dermatofibroma": "df",
        "squamous cell carcinoma": None,
        "": None,
        "3": None,
    }.items():
        assert diagnosis_of(words) == key


def test_groups_by_lesion_or_patient() -> None:
    text = "image_id,dx,lesion_id,patient_id\na,nv,L1,P1\nb,nv,L1,\nc,nv,L2,\nd,nv,,P1\ne,nv,,\n"
    groups = read_labels(text.encode(), "t.csv").table["lesion_id"]
    assert [None if g != g or g is None else g for g in groups] == ["P1", "P1", "L2", "P1", None]
    assert read_groups(b"image_id;lesion_id\na.jpg;L1\nb;\n", "m.csv").to_dict() == {"a": "L1"}
    unsaid = b"image_id,patient_id,lesion_id\na,unknown,L1\nb,Unknown,\nc,N/A,-\nd,P1,L1\n"
    assert read_groups(unsaid, "m.csv").to_dict() == {"a": "P1", "d": "P1"}
    with pytest.raises(DatasetError, match=r"columns image_id and lesion_id"):
        read_groups(PLAIN.encode(), "m.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no rows"),
        (b"image_id,dx\n", "no rows"),
        (b"PK\x03\x04xlsx", "workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not text"),
        (b"photo,dx\na,nv\n", "image_id"),
        (b"image_id,age\na,4\n", "lacks a column of diagnoses.*image_id, age"),
        (b"image_id,benign_malignant\na,benign\n", "lacks a column of diagnoses"),
        (b"image_id,dx\na,scc\nb,eczema\n", "eczema, scc"),
        (b"image_id,dx\na,nv\nA.jpg,mel\n", "a is listed twice.*mel and as nv"),
        (b"image_id,dx\na,nv\na,nv\n", "a is listed twice"),
        (b"image_id,dx\n,nv\n", "Line 2 .* names no image"),
        (b"image_id,dx\na,nv,mel\n", "Line 2 .* more cells"),
        (b"image_id,dx,dx\na,nv,mel\n", "two columns called dx"),
        (b'image_id,dx\n"a,nv\n', "cannot be read near line"),
        (b"<html><body>Sign in</body></html>", "image_id"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=rf"(?s)(?=.*labels\.csv).*{words}"):
        read_labels(content, "labels.csv")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_labels(tmp_path / "nowhere.csv", "nowhere.csv")


def test_a_row_is_never_lost_silently() -> None:
    rows = [f"i{n},{(*KEYS, 'wart')[n % 8]}" for n in range(80)]
    found = read_labels("\n".join(["image,dx", *rows]).encode(), "t.csv")
    assert len(found.table) + sum(found.left_out.values()) == 80


def test_a_joined_table_ties_photos_by_patient_or_lesion() -> None:
    text = b"image_id,dx,patient_or_lesion\na,nv,P1\nb,mel,P1\nc,nv,\n"
    found = read_labels(text, "labels.csv").table["lesion_id"]
    assert found["a"] == found["b"] == "P1"
    assert found["c"] is None
