"""Importing archives: what is ours is found, what is harmful refused, what broke off goes on."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from core.errors import DatasetError
from core.ham10000 import importer
from core.ham10000.dataset import Dataset, status
from core.ham10000.importer import ImportReport, import_archives
from core.system.ownership import MARKER
from tests import somebody

if TYPE_CHECKING:
    from tests.core.conftest import Miniature

MakeZip = Callable[..., Path]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too but LesionLab's marker, by its path in it."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != MARKER)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


@pytest.fixture
def imported(mini: Miniature) -> dict[str, bytes]:
    """What an import of all archives leaves in the data folder."""
    return (
        {"ham10000/metadata.csv": mini.metadata}
        | {f"ham10000/images/{i}.jpg": content for i, content in mini.photos.items()}
        | {f"ham10000/masks/{i}.png": content for i, content in mini.masks.items()}
        | {f"ham10000/crops/{i}.jpg": content for i, content in mini.crops.items()}
    )


# What is found


def test_kaggle_archives(data: Path, archives: list[Path], imported: dict[str, bytes]) -> None:
    assert import_archives(archives) == ImportReport(added=10, unchanged=0, ignored=8)
    assert files(data) == imported
    assert status().problems == ()


def test_flat_archive_with_other_spellings(data: Path, make_zip: MakeZip, mini: Miniature) -> None:
    archive = make_zip(
        "dataverse.zip",
        {
            "isic_0000001.JPEG": b"one",
            "ISIC_0000001_Segmentation.PNG": b"two",
            "part\\ISIC_0000002.jpg": b"three",
            "HAM10000_metadata": mini.metadata,
        },
    )
    import_archives([archive])
    assert files(data / "ham10000") == {
        "images/ISIC_0000001.jpg": b"one",
        "masks/ISIC_0000001.png": b"two",
        "images/ISIC_0000002.jpg": b"three",
        "metadata.csv": mini.metadata,
    }


def test_look_alikes_are_ignored(data: Path, make_zip: MakeZip) -> None:
    others = [
        "ISIC_001.jpg",
        "ISIC_00000012.jpg",
        "my_ISIC_0000001.jpg",
        "ISIC_0000001.jpg.exe",
        "ISIC_0000001.png",
        "ISIC_0000001_segmentation.jpg",
        "HAM10000_metadata.csv.bak",
    ]
    archive = make_zip("a.zip", {"ISIC_0000007.jpg": b"photo"} | dict.fromkeys(others, b"other"))
    assert import_archives([archive]).ignored == len(others)
    assert files(data) == {"ham10000/images/ISIC_0000007.jpg": b"photo"}


@pytest.mark.parametrize(
    "name", ["HAM10000_metadata", "HAM10000_metadata.tab", "HAM10000_metadata (1).csv"]
)
def test_plain_table(data: Path, tmp_path: Path, mini: Miniature, name: str) -> None:
    """As Harvard Dataverse hands it out: without a zip, tabs or commas between the columns."""
    table = tmp_path / name
    content = mini.metadata.replace(b",", b"\t") if name.endswith(".tab") else mini.metadata
    table.write_bytes(content)
    calls: list[tuple[int, int, str]] = []
    report = import_archives([table], progress=lambda *call: calls.append(call))
    assert report == ImportReport(added=1, unchanged=0, ignored=0)
    assert calls == [(1, 1, name)]
    assert files(data) == {"ham10000/metadata.csv": content}
    assert import_archives([table]) == ImportReport(added=0, unchanged=1, ignored=0)


def test_plain_table_with_tabs_opens_like_the_other(
    data: Path, archives: list[Path], tmp_path: Path, mini: Miniature
) -> None:
    import_archives(archives)
    with_commas = Dataset.open().table
    table = tmp_path / "HAM10000_metadata.tab"
    rows = [line.split(",") for line in mini.metadata.decode().splitlines()]
    quoted = [[cell and f'"{cell}"' for cell in row] for row in rows]
    table.write_text("\n".join("\t".join(row) for row in quoted), encoding="utf-8-sig")
    assert import_archives([table]).added == 1
    pd.testing.assert_frame_equal(Dataset.open().table, with_commas)


def test_table_inside_an_archive_may_have_tabs(
    data: Path, make_zip: MakeZip, mini: Miniature
) -> None:
    content = mini.metadata.replace(b",", b"\t")
    import_archives([make_zip("dataverse_files.zip", {"HAM10000_metadata.tab": content})])
    assert files(data) == {"ham10000/metadata.csv": content}


def test_one_download_of_everything(
    data: Path, archives: list[Path], imported: dict[str, bytes], make_zip: MakeZip
) -> None:
    """A zip of zips, as Dataverse and file hosts make of a choice of files."""
    inner = {f"dataverse_files/{path.name}": path.read_bytes() for path in archives}
    others = {
        "__MACOSX/photos.zip": b"resource fork",
        "ISIC2018_Task3_Test_Images.zip": b"not looked into",
        "MANIFEST.TXT": b"text",
    }
    everything = make_zip("dataverse_files.zip", inner | others)
    assert import_archives([everything]) == ImportReport(added=10, unchanged=0, ignored=8 + 3)
    assert files(data) == imported
    assert import_archives([everything]).unchanged == 10
    table = make_zip("mixed.zip", {"a.zip": archives[0].read_bytes(), "ISIC_0000099.jpg": b"one"})
    assert import_archives([table]).added == 1


@pytest.mark.parametrize("depth", [1, 2])
def test_archives_of_something_else_within_one(
    data: Path, make_zip: MakeZip, archives: list[Path], depth: int
) -> None:
    content = {1: make_zip("cats.zip", {"cat.jpg": b"cat"}), 2: archives[0]}[depth].read_bytes()
    for _ in range(depth):
        content = make_zip("outer.zip", {"inner.zip": content}).read_bytes()
    with pytest.raises(DatasetError, match=r"outer\.zip holds nothing .*inner\.zip.*unpack it"):
        import_archives([data.parent / "outer.zip"])
    assert files(data) == {}


def test_guards_hold_for_an_archive_within_one(
    data: Path, make_zip: MakeZip, archives: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    escaping = make_zip("escaping.zip", {"../ISIC_0000001.jpg": b"photo"}).read_bytes()
    bomb = bytes(10**6)
    cases = {
        "unsafe path": {"a.zip": escaping},
        "unsafe  path": {"../a.zip": archives[0].read_bytes()},
        "unpacks to more": {"a.zip": bomb},
        "not a readable zip": {"a.zip": b"no archive"},
    }
    for words, members in cases.items():
        with pytest.raises(DatasetError, match=words.replace("  ", " ")):
            import_archives([make_zip("bad.zip", members)])
        assert files(data.parent).keys() >= {"bad.zip"}
        assert files(data) == {}
    monkeypatch.setattr(importer, "MAX_INNER_BYTES", 10)
    with pytest.raises(DatasetError, match="unpacks to more"):
        import_archives([make_zip("bad.zip", {"a.zip": archives[0].read_bytes()})])


# Again


def test_import_again_changes_nothing(data: Path, archives: list[Path]) -> None:
    import_archives(archives)
    before = {p: p.stat().st_mtime_ns for p in data.rglob("*")}
    assert import_archives(archives) == ImportReport(added=0, unchanged=10, ignored=8)
    assert {p: p.stat().st_mtime_ns for p in data.rglob("*")} == before


def test_damaged_file_is_imported_anew(
    data: Path, archives: list[Path], imported: dict[str, bytes]
) -> None:
    import_archives(archives)
    shorter, other = sorted((data / "ham10000/images").iterdir())[:2]
    shorter.write_bytes(shorter.read_bytes()[:100])
    other.write_bytes(bytes(len(other.read_bytes())))  # as long as it was
    damaged = {f"images/{p.name}": p.read_bytes() for p in (shorter, other)}
    assert import_archives(archives).added == 2
    (aside,) = (data / "ham10000").glob("replaced-*")
    assert files(aside) == damaged, "nobody knows whether somebody wanted them so"
    shutil.rmtree(aside)
    assert files(data) == imported


def test_interrupted_import_goes_on(
    data: Path, archives: list[Path], imported: dict[str, bytes]
) -> None:
    def interrupt(done: int, total: int, text: str) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_archives(archives, progress=interrupt)
    assert len(files(data)) == 6
    assert files(data).items() <= imported.items()
    assert import_archives(archives) == ImportReport(added=4, unchanged=6, ignored=8)
    assert files(data) == imported


def test_broken_off_write_leaves_no_half_file(
    data: Path, archives: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importer.os, "replace", fail)
    with pytest.raises(DatasetError, match=r"No space left on device.*Make room"):
        import_archives(archives)
    assert files(data) == {}


def test_progress_counts_up_to_the_total(data: Path, archives: list[Path]) -> None:
    calls: list[tuple[int, int, str]] = []
    import_archives([*archives, archives[0]], progress=lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == list(range(1, 11))
    assert {total for _, total, _ in calls} == {10}
    assert [text for _, _, text in calls] == ["photos.zip"] * 5 + ["masks.zip"] * 4 + ["crops.zip"]


# Into a folder full of somebody's things


def test_nothing_of_somebodys_is_replaced(
    data: Path, archives: list[Path], make_zip: MakeZip
) -> None:
    data.mkdir()
    before = somebody.fill(data)
    with pytest.raises(DatasetError, match="Move it away"):
        import_archives(archives)
    assert somebody.seen(data) == before, "not even half an import"
    for name in ("images/ISIC_0000001.jpg", "metadata.csv"):
        (data / "ham10000" / name).rename(data / f"mine {Path(name).name}")
    before = somebody.seen(data)
    assert import_archives(archives).added == 10
    assert import_archives(archives).unchanged == 10
    assert somebody.missing(before, data) == set()


def test_an_import_of_an_earlier_version_goes_on(
    data: Path, archives: list[Path], imported: dict[str, bytes]
) -> None:
    import_archives(archives[:1])
    (data / "ham10000" / MARKER).unlink()
    assert import_archives(archives).added == len(imported) - 5
    assert files(data) == imported


# What is refused


@pytest.mark.parametrize(
    "name",
    [
        "../ISIC_0000001.jpg",
        "images/../../ISIC_0000001.jpg",
        "/tmp/ISIC_0000001.jpg",
        "C:\\ISIC_0000001.jpg",
        "c:/ISIC_0000001.jpg",
        "..\\ISIC_0000001.jpg",
        "images\\..\\..\\ISIC_0000001.jpg",
        "\\\\server\\share\\ISIC_0000001.jpg",
        "../.bashrc",
    ],
)
def test_unsafe_path(data: Path, archives: list[Path], make_zip: MakeZip, name: str) -> None:
    """One of them is enough: nothing is written, not even from the good archives before it."""
    bad = make_zip("bad.zip", {"ISIC_0000005.jpg": b"photo", name: b"photo"})
    before = files(data.parent)
    with pytest.raises(DatasetError, match=r"bad\.zip holds the unsafe path"):
        import_archives([*archives, bad])
    assert files(data.parent) == before


def test_too_large(data: Path, make_zip: MakeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "MAX_FILE_BYTES", 1000)
    small, large = bytes(1000), bytes(1001)
    with pytest.raises(DatasetError, match=r"'x/ISIC_0000002\.jpg' in a\.zip is too large"):
        import_archives(
            [make_zip("a.zip", {"ISIC_0000001.jpg": small, "x/ISIC_0000002.jpg": large})]
        )
    assert files(data) == {}
    import_archives([make_zip("b.zip", {"ISIC_0000001.jpg": small, "video.mp4": large})])
    assert list(files(data)) == ["ham10000/images/ISIC_0000001.jpg"]


def test_no_zip(data: Path, archives: list[Path], tmp_path: Path) -> None:
    whole = archives[0].read_bytes()
    for content in (b"", b"<html>Sign in to download</html>", whole[: len(whole) // 2]):
        (tmp_path / "bad.zip").write_bytes(content)
        with pytest.raises(DatasetError, match=r"bad\.zip is not a readable zip file"):
            import_archives([archives[1], tmp_path / "bad.zip"])
    with pytest.raises(DatasetError, match=r"There is no file .*absent\.zip"):
        import_archives([tmp_path / "absent.zip"])
    with pytest.raises(DatasetError, match="not a readable zip file"):
        import_archives([tmp_path])
    assert files(data) == {}


def test_links_and_locked_files(data: Path, archives: list[Path], tmp_path: Path) -> None:
    link = zipfile.ZipInfo("ISIC_0000009.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match=r"link\.zip is a link"):
        import_archives([*archives, tmp_path / "link.zip"])
    content = bytearray(archives[0].read_bytes())
    for entry, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # its flags
        content[content.find(entry) + place] |= 1
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(DatasetError, match="password"):
        import_archives([tmp_path / "locked.zip"])
    assert files(data) == {}


def test_bombs(data: Path, make_zip: MakeZip, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = make_zip("bomb.zip", {f"ISIC_{n:07d}.jpg": bytes(10**6) for n in range(3)})
    with pytest.raises(DatasetError, match=r"bomb\.zip unpacks"):
        import_archives([bomb])
    monkeypatch.setattr(importer, "MAX_MEMBERS", 2)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("listed"))
    with pytest.raises(DatasetError, match="too many"):
        import_archives([bomb])
    assert files(data) == {}


def test_archive_of_something_else(data: Path, make_zip: MakeZip) -> None:
    for members in ({}, {"cats/001.jpg": b"cat"}, {"__MACOSX/ISIC_0000001.jpg": b"fork"}):
        with pytest.raises(DatasetError, match="holds nothing of HAM10000"):
            import_archives([make_zip("cats.zip", members)])
    assert not data.exists()


def test_bad_table_does_not_replace_a_good_one(ham: Path, make_zip: MakeZip) -> None:
    good = files(ham)
    archive = make_zip("a.zip", {"HAM10000_metadata.csv": b"image_id,dx\nISIC_0000001,nv\n"})
    with pytest.raises(DatasetError, match="The table of diagnoses lacks the columns lesion_id"):
        import_archives([archive])
    assert files(ham) == good


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Sign in to download</html>", "lacks the columns"),
        (b"", "cannot be read"),
        (b"\x00\xff\x00", "cannot be read"),
    ],
)
def test_bad_plain_table(ham: Path, tmp_path: Path, content: bytes, message: str) -> None:
    good = files(ham)
    (tmp_path / "HAM10000_metadata.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        import_archives([tmp_path / "HAM10000_metadata.csv"])
    assert files(ham) == good


def test_damaged_member(data: Path, make_zip: MakeZip) -> None:
    photos = {"ISIC_0000001.jpg": b"first photo", "ISIC_0000002.jpg": b"second photo"}
    whole = make_zip("whole.zip", photos, zipfile.ZIP_STORED)
    damaged = data.parent / "damaged.zip"
    damaged.write_bytes(whole.read_bytes().replace(b"second photo", b"sec0nd photo"))
    with pytest.raises(DatasetError, match=r"damaged\.zip is damaged .* Download it again"):
        import_archives([damaged])
    assert files(data) == {"ham10000/images/ISIC_0000001.jpg": b"first photo"}
    assert import_archives([whole]) == ImportReport(added=1, unchanged=1, ignored=0)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_any_damaged_byte(data: Path, make_zip: MakeZip, mini: Miniature, method: int) -> None:
    """Whatever byte is wrong (some make a zip look encrypted or packed by an unknown method): a
    sentence about the archive, or an import of what is not damaged; no half files."""
    table = b"".join(mini.metadata.splitlines(keepends=True)[:2])
    whole = make_zip("a.zip", {"HAM10000_metadata.csv": table}, method).read_bytes()
    refusals: list[str] = []
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x01 if place % 2 else 0xFF
        path = data.parent / "a.zip"
        path.write_bytes(damaged)
        try:
            import_archives([path])
        except DatasetError as error:
            refusals.append(str(error))
        for name, content in files(data).items():
            assert content == table
            (data / name).unlink()
    assert len(refusals) > len(whole) / 3
    assert all("a.zip" in refusal for refusal in refusals)


@pytest.mark.parametrize("blocked", ["", "ham10000", "ham10000/images"])
def test_folder_that_cannot_be_written(data: Path, archives: list[Path], blocked: str) -> None:
    """A file stands where a folder is needed (permissions do not stop the administrator)."""
    path = data / blocked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"in the way")
    with pytest.raises(DatasetError, match=r"Cannot write to .*Not a directory"):
        import_archives(archives)
    assert path.read_bytes() == b"in the way"
