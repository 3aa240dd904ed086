"""Parquet files, which may be damaged."""

from pathlib import Path

import pandas as pd


def read_parquet(path: Path) -> pd.DataFrame:
    """A table.

    Raises:
        FileNotFoundError: there is none.
        OSError, ValueError: it cannot be read.
    """
    try:
        return pd.read_parquet(path)
    except (LookupError, TypeError, AttributeError) as error:
        # Of the file's own notes on its columns and index, which pandas believes.
        raise ValueError(f"{path.name} is damaged") from error
