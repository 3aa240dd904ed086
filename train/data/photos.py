"""The photos that a training learns from, found and divided, not decoded yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.ham10000.dataset import Dataset
from core.settings import typed_path
from train.config import Config
from train.data.dividing import divided
from train.data.elsewhere import Elsewhere
from train.data.folders import Folder, class_folder, mask_folder
from train.data.notices import open_usable

Data = Dataset | Folder


def open_data(config: Config) -> Data:
    """The photos that a configuration names, divided as it says, without further sources.

    Raises:
        DatasetError: HAM10000 has not been imported, or the folder cannot be used.
        SplitError: the dataset's split does not fit it.
    """
    if config.is_ham10000:
        return divided(Dataset.open(), config)
    root = typed_path(config.data)
    return divided(mask_folder(root) if config.masked else class_folder(root), config)


@dataclass(frozen=True)
class Photos:
    """What a training learns from. Further sources can take minutes to look through, so a training
    opens its photos once and hands them on.

    Attributes:
        data: HAM10000, or a folder.
        more: the further sources beside it, without photos that it or an earlier source has.
    """

    data: Data
    more: Sequence[Elsewhere] = ()

    @classmethod
    def open(cls, config: Config) -> Photos:
        """All photos that a configuration names.

        Raises:
            DatasetError, SplitError: as `open_data`; also if a further source cannot be read, or
                has nothing for this training.
        """
        data = open_data(config)
        return cls(data, open_usable(config.more, data.table.index, config.masked))
