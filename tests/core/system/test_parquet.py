"""Parquet files: read, or an error that readers expect."""

from pathlib import Path

import pandas as pd
import pytest

from core.system.parquet import read_parquet


def test_a_table(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    table.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "table.parquet"), table)
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "none.parquet")


def test_damaged_notes_on_the_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> pd.DataFrame:
        raise KeyError("pandas_type")

    monkeypatch.setattr(pd, "read_parquet", read)
    with pytest.raises(ValueError, match=r"table\.parquet is damaged"):
        read_parquet(tmp_path / "table.parquet")
