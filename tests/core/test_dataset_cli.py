"""`python -m core dataset …`: what it prints and how it exits."""

from pathlib import Path

import pytest

from core.__main__ import main


def test_import_then_status(
    data: Path, archives: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "import", *map(str, archives)]) == 0
    printed = capsys.readouterr().out
    assert "10 files added, 0 were there, 8 ignored." in printed
    assert main(["dataset", "status"]) == 0
    listed = capsys.readouterr().out
    assert printed.endswith(listed)
    assert str(data) in listed
    assert "Photos        4\n" in listed
    assert "  train       2 images of 1 lesions\n" in listed
    assert "!" not in listed


def test_status_before_any_import(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "status"]) == 1
    printed = capsys.readouterr().out
    assert "! The table of diagnoses is missing." in printed
    assert "python -m core dataset import" in printed


def test_status_names_missing_masks(ham: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ham / "masks/ISIC_0000001.png").unlink()
    assert main(["dataset", "status"]) == 0  # usable all the same
    assert "! 1 photos have no mask, e.g. ISIC_0000001." in capsys.readouterr().out


def test_status_of_a_table_with_unknown_lesions(
    ham: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (ham / "metadata.csv").read_text()
    (ham / "metadata.csv").write_text(table.replace("HAM_", "MAH_"))
    assert main(["dataset", "status"]) == 1
    assert "is not part of the split" in capsys.readouterr().out


def test_failed_import(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "import", str(tmp_path / "absent.zip")]) == 1
    output = capsys.readouterr()
    assert "There is no file" in output.err
    assert "Traceback" not in output.err
    assert output.out == ""


@pytest.mark.parametrize(
    "arguments", [[], ["dataset"], ["dataset", "import"], ["dataset", "erase"], ["other"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m core" in capsys.readouterr().err
