"""Photos from archives of strangers, folders and files: nothing escapes, nothing explodes."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from core.batch import sources
from core.imaging.image import MAX_BYTES, ImageError, LesionImage, to_jpeg
from core.lesion.phantom import practice_set

PHOTO = to_jpeg(practice_set()[0].image.rgb[:64, :64])


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def outcome(data: bytes, name: str = "class.zip") -> dict[str, bytes | str]:
    """Name → bytes of a photo, or the reason why there are none."""
    found: dict[str, bytes | str] = {}
    for source in sources.from_file(name, data):
        try:
            found[source.name] = source.read()
        except ImageError as error:
            found[source.name] = str(error)
    return found


def reason(data: bytes) -> str:
    """Why a whole archive was refused."""
    (refused,) = outcome(data).values()
    assert isinstance(refused, str)
    assert refused.endswith(".")
    return refused


def test_a_photo_is_one_source_that_holds_its_bytes():
    (source,) = sources.from_file("folder/mole.jpg", PHOTO)
    assert (source.name, source.read(), source.nbytes) == ("mole.jpg", PHOTO, len(PHOTO))


def test_photos_of_an_archive_in_its_folders_too_and_what_is_hidden_left_out():
    data = pack(
        {
            "class/": b"",
            "class/a.jpg": PHOTO,
            "class/deep/er/B.JPG": PHOTO,
            "__MACOSX/class/._a.jpg": b"resource fork",
            "class/.DS_Store": b"Finder",
            ".hidden/c.jpg": PHOTO,
        }
    )
    assert outcome(data) == {"class/a.jpg": PHOTO, "class/deep/er/B.JPG": PHOTO}
    assert outcome(data, "no ending") == outcome(data), "known by its first bytes"
    assert sum(s.nbytes for s in sources.from_zip("class.zip", data)) <= len(data)


def test_a_document_is_one_file_that_is_no_photo():
    data = pack({"[Content_Types].xml": b"", "word/media/image1.jpg": PHOTO})
    (source,) = sources.from_file("notes.docx", data)
    assert source.name == "notes.docx"
    with pytest.raises(ImageError, match="not a photo"):
        LesionImage.from_bytes(source.read(), source.name)


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "C:/evil.jpg", "..\\evil.jpg"]
)
def test_a_path_that_leads_out_is_not_read_and_the_rest_is(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = outcome(pack({name: PHOTO, "good.jpg": PHOTO}))
    assert found.pop("good.jpg") == PHOTO
    (why,) = found.values()
    assert "leads out of the archive" in why
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_what_is_no_picture_is_named_with_a_reason():
    found = outcome(pack({"notes.txt": b"x", "more.zip": pack({"a.jpg": PHOTO}), "a.jpg": PHOTO}))
    assert "not a picture" in found["notes.txt"]
    assert "inside an archive" in found["more.zip"]
    assert found["a.jpg"] == PHOTO


def test_a_damaged_member_is_one_reason_and_the_rest_goes_on():
    data = bytearray(pack({"a.jpg": PHOTO, "b.jpg": PHOTO}, zipfile.ZIP_STORED))
    data[data.index(PHOTO) + 100] ^= 0xFF
    found = outcome(bytes(data))
    assert "damaged" in found["a.jpg"]
    assert found["b.jpg"] == PHOTO


def test_a_locked_member_says_so():
    data = bytearray(pack({"a.jpg": PHOTO}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert "password" in outcome(bytes(data))["a.jpg"]


def test_unusual_packing_is_refused_before_it_is_unpacked():
    assert "unusual way" in outcome(pack({"a.jpg": PHOTO}, zipfile.ZIP_LZMA))["a.jpg"]


@pytest.mark.parametrize(
    "data", [b"", b"no archive", b"PK\x03\x04 cut", pack({"a.jpg": PHOTO})[:-30]]
)
def test_what_is_no_archive_says_so(data):
    assert "no ZIP file that can be read" in reason(data)


def test_an_empty_archive_says_so():
    assert "no file in this archive" in reason(pack({"folder/": b""}))


def test_a_link_is_not_followed():
    link = zipfile.ZipInfo("a.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in outcome(buffer.getvalue())["a.jpg"]


def test_too_many_members_are_refused_before_they_are_listed(monkeypatch):
    monkeypatch.setattr(sources, "MAX_MEMBERS", 3)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    entry = b"PK\x01\x02" + bytes(42)
    assert "more than 3 files" in reason(b"PK\x03\x04" + 4 * entry)


def test_a_bomb_is_refused_by_its_ratio():
    assert "100 times its size" in reason(pack({f"{i}.bmp": bytes(10**6) for i in range(3)}))


def test_a_bomb_is_refused_by_what_it_unpacks_to(monkeypatch):
    monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 2 * len(PHOTO) - 1)
    assert "unpacks to more than" in reason(pack({"a.jpg": PHOTO, "b.jpg": PHOTO}))


def test_a_member_larger_than_a_photo_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(sources, "MAX_RATIO", 10**6)
    found = outcome(pack({"huge.bmp": bytes(MAX_BYTES + 1), "a.jpg": PHOTO}))
    assert "more than 20 MB" in found["huge.bmp"]
    assert found["a.jpg"] == PHOTO


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_says():
    """The bomb whose table of contents says: a small file."""
    data = bytearray(pack({"a.bmp": bytes(10**6)}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert "damaged" in outcome(bytes(data))["a.bmp"]


def test_names_are_printable():
    (name,) = outcome(pack({"a\u202egpj.\x07jpg": PHOTO}))
    assert name == "agpj.jpg"


def test_a_folder_gives_its_pictures_and_reads_them_late(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.jpg").write_bytes(PHOTO)
    (tmp_path / "a.png").write_bytes(b"later")
    (tmp_path / ".hidden.jpg").write_bytes(PHOTO)
    (tmp_path / "secrets.txt").write_text("never read")
    found, notes = sources.from_folder(tmp_path)
    assert "secrets.txt" in " ".join(notes)
    assert [s.name for s in found] == ["a.png", "deep/b.jpg"]
    assert sum(s.nbytes for s in found) == 0
    (tmp_path / "a.png").write_bytes(PHOTO)
    assert found[0].read() == PHOTO
    (tmp_path / "deep" / "b.jpg").unlink()
    with pytest.raises(ImageError, match=r"b\.jpg"):
        found[1].read()


def test_no_folder_and_an_empty_one_are_told_apart(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        sources.from_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no picture"):
        sources.from_folder(tmp_path)


def test_practice_lesions_come_without_loss():
    found = sources.practice()
    assert len(found) == 6
    assert all(source.name.startswith("Synthetic") for source in found)
    assert [source.practice for source in found] == [lesion.title for lesion in practice_set()]
    image = LesionImage.from_bytes(found[0].read())
    assert (image.rgb == practice_set()[0].image.rgb).all()
