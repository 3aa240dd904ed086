"""How photos are divided: as the data say, by lesion, or by image at random."""

from dataclasses import replace
from typing import TypeVar

from core.ham10000.dataset import Dataset
from core.ham10000.splits import assert_no_leak, by_image
from train.choices import LESIONS
from train.config import Config
from train.data.folders import Folder

AnyData = TypeVar("AnyData", bound=Dataset | Folder)


def divided(data: AnyData, config: Config) -> AnyData:
    """The data under the split that a configuration asks for.

    Raises:
        SplitError: a split by lesion has a lesion on two sides.
    """
    if config.split == LESIONS:
        assert_no_leak(data.table["lesion_id"], data.table["split"])
        return data
    splits, split = by_image(data.table, config.seed)
    return replace(data, table=data.table.assign(split=splits), split=split)
